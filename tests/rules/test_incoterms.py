import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.rules.incoterms import (
    RESTATED_FOR_LAND,
    RULES,
    WITHOUT_SEA_ACCESS,
    Incoterm,
    Mode,
    NamedPlace,
    Severity,
    check,
)

COUNTRIES = st.sampled_from(["CN", "KG", "KZ", "UZ", "RU", "DE", "HU"])


@pytest.mark.parametrize(
    ("term", "proposal"), [("FAS", "FCA"), ("FOB", "FCA"), ("CFR", "CPT"), ("CIF", "CIP")]
)
@pytest.mark.parametrize("destination", ["KG", "KZ", "UZ", "TJ", "MN"])
def test_a_sea_rule_for_a_landlocked_destination_is_restated(
    term: str, proposal: str, destination: str
) -> None:
    (finding,) = check(term, "CN", destination)

    assert (finding.code, finding.severity) == ("MODE_CONFLICT", Severity.BLOCKER)
    assert finding.proposal == proposal


@pytest.mark.parametrize("term", ["FAS", "FOB"])
def test_a_sea_rule_between_two_coasts_is_fine(term: str) -> None:
    assert check(term, "CN", "RU") == []


def test_a_port_in_a_landlocked_country_is_a_conflict_too() -> None:
    (finding,) = check("FOB", "KG", "CN")

    assert (finding.code, finding.proposal) == ("MODE_CONFLICT", Incoterm.FCA)


@pytest.mark.parametrize(
    ("term", "proposal"), [("DAT", "DPU"), ("DEQ", "DPU"), ("DDU", "DAP"), ("DAF", "DAP")]
)
def test_a_withdrawn_rule_is_refused_with_its_successor(term: str, proposal: str) -> None:
    (finding,) = check(term, "KG", "KG")

    assert (finding.code, finding.severity) == ("INCOTERM_WITHDRAWN", Severity.BLOCKER)
    assert finding.proposal == proposal


@pytest.mark.parametrize("term", ["", "FOC", "F.O.B.", "到岸价"])
def test_what_is_no_rule_is_refused_without_a_proposal(term: str) -> None:
    (finding,) = check(term, "CN", "KG")

    assert (finding.code, finding.proposal) == ("INCOTERM_UNKNOWN", None)


def test_exw_across_a_border_warns_and_proposes_fca() -> None:
    (finding,) = check("EXW", "CN", "KG")

    assert (finding.code, finding.severity) == ("EXW_CROSS_BORDER", Severity.WARNING)
    assert finding.proposal is Incoterm.FCA
    assert check("EXW", "KG", "KG") == []


def test_ddp_wants_a_registered_importer() -> None:
    assert [f.code for f in check("DDP", "KG", "KG")] == ["DDP_WITHOUT_IMPORTER"]
    assert check("DDP", "KG", "KG", importer_of_record=True) == []


@pytest.mark.parametrize("term", ["CPT", "CIP"])
def test_under_c_rules_the_buyer_is_told_that_it_bears_the_risk(term: str) -> None:
    assert [f.code for f in check(term, "KG", "KG")] == ["RISK_PASSES_AT_ORIGIN"]


def test_delivery_that_ends_abroad_is_shown() -> None:
    assert [f.code for f in check("DAP", "CN", "KG")] == ["ENDS_BEFORE_DESTINATION"]
    assert check("DAP", "KG", "KG") == []


def test_the_eleven_rules_are_there_with_names_in_four_languages() -> None:
    assert set(RULES) == set(Incoterm)
    assert {c for c, r in RULES.items() if r.mode is Mode.SEA} == set(RESTATED_FOR_LAND)
    for rule in RULES.values():
        assert set(rule.names) == {"ky", "ru", "en", "zh"}
    assert {c for c, r in RULES.items() if r.risk_passes_before_cost} == {
        "CPT",
        "CIP",
        "CFR",
        "CIF",
    }
    assert RULES[Incoterm.FCA].named_place is NamedPlace.DELIVERY


@given(st.sampled_from([*Incoterm]), COUNTRIES, COUNTRIES)
def test_a_proposal_never_leads_to_a_blocker(term: str, place: str, destination: str) -> None:
    for finding in check(term, place, destination):
        if finding.proposal is not None:
            again = check(finding.proposal, place, destination)
            assert not [f for f in again if f.severity is Severity.BLOCKER]


@given(st.text(max_size=6), st.none() | COUNTRIES, COUNTRIES)
def test_any_text_gets_an_answer_and_blanks_and_case_do_not_matter(
    term: str, place: str | None, destination: str
) -> None:
    found = check(term, place, destination)

    assert found == check(f" {term.upper()} ", place, destination)
    if term.strip().upper() not in {*Incoterm}:
        assert [f.severity for f in found] == [Severity.BLOCKER]


def test_land_without_sea_access_is_named_by_country_codes() -> None:
    assert {"KG", "KZ", "UZ", "TJ"} <= WITHOUT_SEA_ACCESS
    assert WITHOUT_SEA_ACCESS.isdisjoint({"CN", "RU", "HU", "RS"})
