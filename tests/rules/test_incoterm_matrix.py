"""The matrix of obligations, cell by cell, and the validators of written terms."""

import pytest

from api.rules.incoterms import (
    AT_PREMISES,
    INSURED,
    MATRIX,
    RULES,
    DeliveryTerms,
    Incoterm,
    Obligation,
    Party,
    Severity,
    buyer_insures,
    check_terms,
    names_delivery,
    party,
)

CELLS = """
packaging_marking           S S S S S S S S S S S
loading_at_sellers_premises B S S S S S S S S S S
pre_carriage                B S S S S S S S S S S
unloading_at_fca_yard       / B S S S S S / / / /
export_clearance            B S S S S S S S S S S
origin_terminal             B B S S S S S B S S S
stowage                     B B S S S S S B B S S
main_carriage               B B S S S S S B B S S
insurance                   - - - S - - - - - - S
transit_formalities         B B B B S S S B B B B
unloading_at_destination    B B B B B S B B B B B
import_clearance            B B B B B B S B B B B
import_duty_vat_fees        B B B B B B S B B B B
"""
ORDER = ["EXW", "FCA", "CPT", "CIP", "DAP", "DPU", "DDP", "FAS", "FOB", "CFR", "CIF"]
SIGNS = {
    "S": Party.SELLER,
    "B": Party.BUYER,
    "-": Party.NOBODY,
    "/": Party.NOT_APPLICABLE,
}


def test_every_cell_is_that_of_the_chart() -> None:
    rows = dict(line.split(maxsplit=1) for line in CELLS.strip().splitlines())
    assert {*rows} == {*Obligation} == {*MATRIX}
    for row, cells in rows.items():
        for term, sign in zip(ORDER, cells.split(), strict=True):
            assert MATRIX[Obligation(row)][Incoterm(term)] is SIGNS[sign], (row, term)


POINTS = """
EXW any place_of_delivery    at_sellers_premises_not_loaded     at_sellers_premises_not_loaded
FCA any place_of_delivery    handed_to_the_buyers_carrier       handed_to_the_buyers_carrier
CPT any place_of_destination at_the_place_of_destination        handed_to_the_first_carrier
CIP any place_of_destination at_the_place_of_destination        handed_to_the_first_carrier
DAP any place_of_destination at_destination_ready_for_unloading at_destination_ready_for_unloading
DPU any place_of_destination at_destination_unloaded            at_destination_unloaded
DDP any place_of_destination at_destination_cleared_for_import  at_destination_cleared_for_import
FAS sea port_of_shipment     alongside_the_ship                 alongside_the_ship
FOB sea port_of_shipment     on_board_the_ship                  on_board_the_ship
CFR sea port_of_destination  at_the_port_of_destination         on_board_the_ship
CIF sea port_of_destination  at_the_port_of_destination         on_board_the_ship
"""


def test_mode_named_place_and_the_points_of_cost_and_risk_are_those_of_the_chart() -> None:
    told = [line.split() for line in POINTS.strip().splitlines()]
    assert [
        [rule.code, rule.mode, rule.named_place, rule.cost_point, rule.risk_point]
        for rule in RULES.values()
    ] == told


@pytest.mark.parametrize("term", [*Incoterm])
def test_only_fca_knows_the_sellers_premises(term: Incoterm) -> None:
    changed = {
        row for row in Obligation if party(row, term, is_seller_premises=True) != party(row, term)
    }
    assert changed == ({*AT_PREMISES} if term is Incoterm.FCA else set())


def test_the_seller_unloads_under_a_c_rule_only_by_its_contract_of_carriage() -> None:
    for term in Incoterm:
        by_contract = party(Obligation.UNLOADING, term, unloading_in_carriage=True)
        expected = {"CPT", "CIP", "CFR", "CIF", "DPU"}
        assert (by_contract is Party.SELLER) == (term in expected), term


def test_who_insures_and_for_how_much() -> None:
    assert {term: (each.cover.value, each.coverage_percent) for term, each in INSURED.items()} == {
        Incoterm.CIP: ("ICC(A)", 110),
        Incoterm.CIF: ("ICC(C)", 110),
    }
    assert {term for term in Incoterm if buyer_insures(term)} == {
        "EXW", "FCA", "CPT", "FAS", "FOB", "CFR",
    }  # fmt: skip


def test_the_named_place_is_of_delivery_under_e_and_f_rules() -> None:
    assert {term for term in Incoterm if names_delivery(term)} == {"EXW", "FCA", "FAS", "FOB"}
    assert all(RULES[term].risk_passes_before_cost for term in ("CPT", "CIP", "CFR", "CIF"))


GOOD = DeliveryTerms("DAP", place_code="kg-bishkek", place_country="KG")


def codes(terms: DeliveryTerms, country: str = "KG") -> list[str]:
    return [each.code for each in check_terms(terms, country)]


def test_terms_that_fit_have_no_findings() -> None:
    assert check_terms(GOOD, "KG") == []


@pytest.mark.parametrize(
    ("terms", "code", "field"),
    [
        (DeliveryTerms("DAP", "2010", "kg-osh", "KG"), "INCOTERM_VERSION", "incoterm_version"),
        (DeliveryTerms("DAP", named_place="склад в Оше"), "PLACE_UNKNOWN", "place_code"),
        (DeliveryTerms("FCA", place_code="cn-kashi"), "PREMISES_UNSTATED", "is_seller_premises"),
        (DeliveryTerms("DAT", place_code="kg-osh"), "INCOTERM_WITHDRAWN", "incoterm"),
        (DeliveryTerms("FOB", place_code="cn-ningbo"), "MODE_CONFLICT", "incoterm"),
    ],
)
def test_a_blocker_names_the_field_that_is_to_be_changed(
    terms: DeliveryTerms, code: str, field: str
) -> None:
    first = check_terms(terms, "KG")[0]
    assert (first.code, first.severity, first.field) == (code, Severity.BLOCKER, field)


def test_a_sea_rule_without_a_leg_by_ship_conflicts_even_where_there_is_a_sea() -> None:
    terms = DeliveryTerms("CIF", place_code="ru-vladivostok", place_country="RU")
    assert codes(terms, "RU") == ["RISK_PASSES_AT_ORIGIN"]
    by_rail = DeliveryTerms("CIF", place_code="x", place_country="RU", legs=("RAIL",))
    (found, *_) = check_terms(by_rail, "RU")
    assert (found.code, found.proposal) == ("MODE_CONFLICT", Incoterm.CIP)
    by_ship = DeliveryTerms("CIF", place_code="x", place_country="RU", legs=("RAIL", "VESSEL"))
    assert "MODE_CONFLICT" not in codes(by_ship, "RU")


def test_ddp_needs_an_importer_with_a_tax_number_and_says_who_recovers_vat() -> None:
    ddp = {"incoterm": "DDP", "place_code": "kg-osh", "place_country": "KG"}
    named = {"importer_of_record": "ОсОО Импорт"}
    registered = {**named, "importer_tax_id": "01234567890123"}
    assert codes(DeliveryTerms(**ddp)) == ["DDP_WITHOUT_IMPORTER"]
    assert codes(DeliveryTerms(**ddp, **named)) == ["DDP_WITHOUT_IMPORTER"]
    assert codes(DeliveryTerms(**ddp, **registered)) == ["DDP_VAT_UNSTATED"]
    assert codes(DeliveryTerms(**ddp, **registered, vat_recovered_by="buyer")) == []
