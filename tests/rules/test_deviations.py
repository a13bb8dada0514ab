"""What is agreed otherwise than by an Incoterm: which addition fits which rule, and who pays then."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.rules import bid_terms
from api.rules.bid_terms import TermsOffered
from api.rules.incoterms import (
    DEVIATIONS,
    DeliveryTerms,
    Deviation,
    Incoterm,
    Obligation,
    Party,
    agreed_party,
    check_terms,
    deviation_faults,
    exporter,
    moved,
    party,
)
from api.rules.landed_cost import Inputs, NotComputable, compute
from api.rules.landed_cost.inputs import Stated
from api.rules.landed_cost.kinds import StatedKind
from api.rules.landed_cost.variance import Figure, expected
from tests.rules.landed_cost import worked

D = Decimal
TABLE = """
loaded     EXW         loading_at_sellers_premises seller
cleared    EXW         export_clearance            seller
cleared    DAP,DPU     import_clearance            seller
stowed     FOB         stowage                     seller
unloaded   FCA         unloading_at_fca_yard       seller
unloaded   CPT,CIP,CFR,CIF,DDP unloading_at_destination seller
vat_unpaid DDP         import_duty_vat_fees        buyer
"""


def deviating(bid: Inputs, *codes: str, **changed: Any) -> Inputs:
    terms = replace(bid.terms, deviations=tuple(map(Deviation, codes)) or None)
    return replace(bid, terms=terms, **changed)


def test_the_table_is_what_the_trade_writes() -> None:
    told = {
        (code, term, row, to)
        for code, terms, row, to in map(str.split, TABLE.strip().splitlines())
        for term in terms.split(",")
    }
    assert told == {
        (code, term, each.obligation, each.to)
        for code, by in DEVIATIONS.items()
        for term, each in by.items()
    }


@pytest.mark.parametrize("term", [*Incoterm])
def test_a_deviation_moves_what_the_rule_lays_on_the_other_side_and_nothing_else(
    term: Incoterm,
) -> None:
    for code, by in DEVIATIONS.items():
        changed = {
            row for row in Obligation if agreed_party(row, term, [code]) is not party(row, term)
        }
        found = by.get(term)
        if found is None or found.part is not None:
            assert changed == set(), (code, term)
        else:
            assert changed == {found.obligation}, (code, term)
            assert party(found.obligation, term) is Party.BUYER


@given(st.sampled_from([*Incoterm]), st.lists(st.sampled_from([*Deviation]), max_size=6))
def test_terms_have_no_fault_exactly_when_all_deviations_are_different_and_in_the_table(
    term: Incoterm, codes: list[Deviation]
) -> None:
    fits = len({*codes}) == len(codes) and all(term in DEVIATIONS[each] for each in codes)
    assert (deviation_faults(term, codes) == []) == fits
    if fits:
        assert len([*moved(term, codes)]) == len(codes)


def test_a_deviation_that_another_rule_says_by_itself_is_refused_with_that_rule() -> None:
    terms = DeliveryTerms(
        "DAP", place_code="kg-osh", place_country="KG", deviations=[Deviation.UNLOADED]
    )
    (found,) = check_terms(terms, "KG")
    assert (found.code, found.field, found.proposal) == (
        "DEVIATION_UNFIT", "deviations", Incoterm.DPU,
    )  # fmt: skip
    (at_premises,) = deviation_faults("FCA", [Deviation.UNLOADED], is_seller_premises=True)
    assert at_premises.code == "deviation_unfit"


def test_the_buyer_declares_the_export_under_exw_alone_unless_it_is_agreed_cleared() -> None:
    buyers = {term for term in Incoterm if exporter(term, []) is Party.BUYER}
    assert buyers == {Incoterm.EXW}
    assert exporter(Incoterm.EXW, [Deviation.CLEARED]) is Party.SELLER
    exw = DeliveryTerms("EXW", place_code="cn-yiwu", place_country="CN")
    assert [each.code for each in check_terms(exw, "KG")] == ["EXW_CROSS_BORDER"]
    assert check_terms(replace(exw, deviations=[Deviation.CLEARED]), "KG") == []


@pytest.mark.parametrize(
    ("bid", "deviation", "charge"),
    [
        (worked.EXW, "loaded", "loading"),
        (worked.EXW, "cleared", "export"),
        (worked.FCA, "unloaded", "yard"),
        (worked.CPT, "unloaded", "unloading"),
        (worked.DDP, "unloaded", "unloading"),
        (worked.DAP, "cleared", "broker"),
    ],
)
def test_the_charge_of_a_moved_obligation_is_in_the_price_and_no_other_is(
    bid: Inputs, deviation: str, charge: str
) -> None:
    plain, agreed = compute(bid), compute(deviating(bid, deviation))

    before = {each.code: each.payer for each in plain.components}
    after = {each.code: each.payer for each in agreed.components}
    assert before == after | {charge: Party.BUYER}
    assert after[charge] is Party.SELLER
    assert bid.route is not None
    # The same as a card on which the charge costs nothing, as far as the buyer's figures go.
    free = [replace(c, rate=D(0)) if c.code == charge else c for c in bid.route.charges]
    without = compute(replace(bid, route=replace(bid.route, charges=tuple(free))))
    assert agreed.total_gross == without.total_gross < plain.total_gross
    assert agreed.customs_value == without.customs_value


def test_fob_stowed_taken_for_fca_has_handling_at_the_port_in_the_price() -> None:
    handling = replace(worked.ROAD.charges[3], code="port", from_place=worked.PORT)
    route = replace(worked.RAIL, charges=(handling, *worked.RAIL.charges))
    bid = replace(worked.FOB, route=route)

    plain, stowed = compute(bid), compute(deviating(bid, "stowed"))

    assert stowed.total_gross == compute(worked.FOB).total_gross < plain.total_gross
    assert [each.code for each in stowed.notices] == ["DEEMED_FOR_LAND"]


def test_ddp_vat_unpaid_has_vat_on_the_value_without_the_duty_that_is_stated_and_on_that_duty() -> (
    None
):
    exw = compute(worked.EXW)
    assert exw.vat is not None
    assert exw.duty is not None
    assert exw.fee is not None
    price = (exw.total_gross - exw.vat - 3000) / D("12.30")
    inside = Stated(StatedKind.DUTIES, exw.duty + exw.fee, "KGS", documented=True)
    stated = (worked.inland(), inside)
    bid = worked.bid("DDP", worked.BISHKEK, price, stated=stated)

    found = compute(deviating(bid, "vat_unpaid"))

    # The broker's 12,000 are in this price and not in the value of EXW: 5 % of duty, 12 % of VAT.
    assert abs(found.total_gross - (exw.total_gross + D(12000) * D("1.05") * D("0.12"))) < D("0.05")
    assert (found.fee, found.duty, found.remedies, found.excise) == (None,) * 4
    assert found.vat is not None
    assert found.total_net == found.total_gross - found.vat
    assert sum(line.total_gross for line in found.lines) == found.total_gross
    assert all(line.duty is None and line.vat for line in found.lines)
    assert "DDP_VAT_UNSTATED" not in [each.code for each in found.notices]
    figures = {key.figure for key in expected(deviating(bid, "vat_unpaid"), found)}
    assert figures == {Figure.GOODS, Figure.CHARGE, Figure.CUSTOMS_VALUE, Figure.VAT}
    undocumented = (worked.inland(), replace(inside, documented=False))
    dearer = compute(deviating(bid, "vat_unpaid", stated=undocumented))
    assert dearer.total_gross > found.total_gross
    assert "STATED_UNDOCUMENTED" in [each.code for each in dearer.notices]


@pytest.mark.parametrize(
    ("bid", "changed", "pointer", "code"),
    [
        (worked.FCA, {}, "#/terms/deviations", "deviation_unfit"),
        (worked.DDP, {"price_includes_vat": True}, "#/price_includes_vat", "not_in_price"),
        (
            worked.DDP,
            {"stated": (Stated(StatedKind.VAT, D(1), "KGS", documented=True),)},
            "#/stated/0/kind",
            "not_in_price",
        ),
        (
            worked.DDP,
            {"lines": (replace(worked.pumps("795000"), duty=None),)},
            "#/lines/0/tnved_code",
            "tariff_missing",
        ),
    ],
)
def test_what_does_not_go_with_vat_unpaid_is_named(
    bid: Inputs, changed: dict[str, Any], pointer: str, code: str
) -> None:
    with pytest.raises(NotComputable) as refused:
        compute(deviating(bid, "vat_unpaid", **changed))
    assert (pointer, code) in [(each.pointer, each.code) for each in refused.value.faults]


def offered(term: str | None, *codes: str, **changed: bool) -> TermsOffered:
    known = {
        "is_seller_premises": False,
        "vat_included": False,
        "names_exporter": False,
        "exporter_in_bid": True,
    }
    incoterm = None if term is None else Incoterm(term)
    return TermsOffered(incoterm, [Deviation(each) for each in codes], **(known | changed))


@pytest.mark.parametrize(
    ("lot", "faults"),
    [
        (offered("EXW", "loaded", "cleared", names_exporter=True), []),
        (offered("DAP"), []),
        (offered(None, "loaded"), [("#/lots/0/deviations/0", "incoterm_missing")]),
        (offered("FCA", "unloaded", "loaded"), [("#/lots/0/deviations/1", "deviation_unfit")]),
        (offered("EXW", "loaded", "loaded"), [("#/lots/0/deviations/1", "deviation_twice")]),
        (offered("DDP", "vat_unpaid", vat_included=True), [("#/lots/0/vat_included", "vat_unpaid")]),
        (offered("EXW", names_exporter=True), [("#/lots/0/exporter_of_record_id", "buyer_exports")]),
        (offered(None, names_exporter=True), [("#/lots/0/exporter_of_record_id", "incoterm_missing")]),
        (
            offered("DAP", names_exporter=True, exporter_in_bid=False),
            [("#/lots/0/exporter_of_record_id", "exporter_not_in_bid")],
        ),
    ],
)  # fmt: skip
def test_a_bid_is_told_what_does_not_fit_by_its_place(
    lot: TermsOffered, faults: list[tuple[str, str]]
) -> None:
    found = bid_terms.deviation_faults("#/lots/0", lot)
    assert [(each.pointer, each.code) for each in found] == faults
