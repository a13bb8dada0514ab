"""What a policy withholds is in no corner of a release, which says so."""

import json
from typing import Any

import pytest

from api.reference import parameters
from api.rules.contradictions import contradictions
from api.rules.policy import parse
from api.rules.publication import ReleaseField, Withheld, masked, masked_page, withholds
from tests.rules.test_policy import LEAST


def named(name: str) -> dict[str, Any]:
    return {"id": f"KG-INN-{name}", "name": name}


def party(name: str, *roles: str) -> dict[str, Any]:
    return {**named(name), "roles": [*roles]}


def award(number: str, supplier: str, status: str) -> dict[str, Any]:
    return {"id": number, "status": status, "suppliers": [named(supplier)], "relatedBid": number}


RELEASE: dict[str, Any] = {
    "tag": ["award"],
    "parties": [
        party("buyer", "buyer", "payer"),
        party("winner", "supplier", "tenderer", "payee"),
        party("loser", "interestedParty", "tenderer"),
        party("applicant", "interestedParty"),
    ],
    "tender": {
        "value": {"amount": 1},
        "techniques": {"frameworkAgreement": {"value": 1}},
        "lots": [{"id": "1", "value": {"amount": 1}}],
        "items": [],
    },
    "submissions": {"details": [{"id": "1", "candidates": [named("loser"), named("applicant")]}]},
    "qualifications": [{"id": "1"}],
    "bids": {
        "statistics": [{"id": "bids", "value": 2}],
        "details": [
            {"id": "1", "tenderers": [named("winner")]},
            {"id": "2", "tenderers": [named("loser")]},
        ],
    },
    "awards": [award("1", "winner", "active"), award("2", "loser", "unsuccessful")],
    "contracts": [
        {
            "id": "1",
            "deliveryTerms": [{"incoterms": "DAP", "exporterOfRecord": named("loser")}],
            "implementation": {"transactions": [{"payee": named("winner")}]},
        }
    ],
}


def mask(*fields: str, release: Any = RELEASE) -> Any:
    return masked(release, [Withheld(ReleaseField(each), "Law 1") for each in fields])


def roles(release: Any) -> dict[str, list[str]]:
    return {each["name"]: each["roles"] for each in release["parties"]}


def test_without_a_policy_a_release_is_as_it_is_and_a_mask_leaves_the_given_one_alone() -> None:
    before = json.dumps(RELEASE)

    assert mask() is RELEASE
    shown = mask("tender/lots/value")

    assert shown["tender"] == {**RELEASE["tender"], "lots": [{"id": "1"}]}
    told = {"id": "tender/lots/value", "field": "tender/lots/value", "rationale": "Law 1"}
    assert shown["withheldInformation"] == [told]
    assert {**RELEASE, "tender": shown["tender"]} == {
        name: value for name, value in shown.items() if name != "withheldInformation"
    }
    estimate = mask("tender/value")["tender"]
    assert ("value" in estimate, estimate["techniques"]) == (False, {"frameworkAgreement": {}})
    assert json.dumps(RELEASE) == before


def test_tenderers_who_won_nothing_are_named_nowhere_unless_they_are_known_otherwise() -> None:
    shown = mask("bids/details/tenderers")

    assert shown["bids"]["details"] == [{"id": "1"}, {"id": "2"}]
    assert [each.get("suppliers") for each in shown["awards"]] == [[named("winner")], None]
    assert shown["contracts"][0]["deliveryTerms"] == [{"incoterms": "DAP"}]
    assert roles(shown) == {
        "buyer": ["buyer", "payer"],
        "winner": ["supplier", "payee"],
        "loser": ["interestedParty"],
        "applicant": ["interestedParty"],
    }
    both = mask("bids/details/tenderers", "submissions")
    assert "loser" not in json.dumps(both)
    assert not {"submissions", "qualifications"} & both.keys()


def test_with_the_bids_goes_their_number() -> None:
    shown = mask("bids", "contracts/implementation")

    assert "bids" not in shown
    assert shown["awards"] == [{"id": "1", "status": "active", "suppliers": [named("winner")]}]
    assert roles(shown)["winner"] == ["supplier"]
    refused = {**RELEASE, "awards": RELEASE["awards"][1:]}
    only = mask("bids", release=refused)
    assert "awards" not in only
    assert only["tag"] == ["tenderUpdate"]


def test_the_page_of_a_tender_has_nothing_in_place_of_what_is_withheld() -> None:
    lot = {"id": "1", "value": {"amount": "1"}, "delivery_address": "Ош"}
    page = {"value": None, "enquiries": [{"id": "1"}], "lots": [lot]}
    fields = ("tender/enquiries", "tender/lots/value", "bids")

    shown = masked_page(page, [Withheld(ReleaseField(each), "Law 1") for each in fields])

    assert shown == {"value": None, "enquiries": [], "lots": [{**lot, "value": None}]}


@pytest.mark.parametrize("telling", [True, False])
def test_a_policy_names_each_field_once_and_publishes_no_evaluation_of_withheld_bids(
    telling: bool,
) -> None:
    items = parameters.schema()["properties"]["withheld_information"]["items"]
    assert items["properties"]["field"]["enum"] == [*ReleaseField]
    given = [{"field": "bids", "rationale": text} for text in ("Law 1", "Law 2")]
    values = {**LEAST, "publish_evaluation": telling}
    neutral = parameters.completed(values)

    policy = parse({**neutral, "withheld_information": given})

    wrong = ["withheld_information", *(["publish_evaluation"] if telling else [])]
    assert [name for name, _ in contradictions(policy)] == wrong
    assert withholds(policy.withheld_information, {ReleaseField.BIDS})
    assert not withholds(parse(neutral).withheld_information, [*ReleaseField])
