"""What opened bids say: kept as rows when it is whole, told by name when it is not."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from sqlmodel import Session, select

from api.core import ids
from api.procurement.models import Bid, BidLot, Item, Lot, Tender
from api.procurement.schemas import BidContent
from api.procurement.service import contents
from api.rules.sealing import EnvelopeKind
from tests.procurement import bidding

type AsOrg = Callable[..., Any]
SHA = "ab" * 32
CRITERION = {
    "id": "experience",
    "title": {"ru": "Опыт"},
    "classification": {"scheme": "eForms", "id": "slc-abil-exp"},
    "requirement_groups": [
        {
            "id": "own",
            "requirements": [
                {"id": "years", "title": {"ru": "Лет"}, "data_type": "integer", "min_value": 3},
                {"id": "honest", "title": {"ru": "Да"}, "data_type": "boolean"},
            ],
        },
        {
            "id": "partner",
            "requirements": [{"id": "partner", "title": {"ru": "Кто"}, "data_type": "string"}],
        },
    ],
}
SECURITY = {"amount": "100000.00", "currency": "KGS"}
TERMS = {"bid_security": SECURITY, "bid_security_declaration": True, "criteria": [CRITERION]}
ANSWERS = [
    {"requirement_id": "years", "value": 5, "documents": [SHA]},
    {"requirement_id": "honest", "value": True},
]
GUARANTEE = {
    "kind": "guarantee",
    "reference": "BG-1",
    "value": SECURITY,
    "valid_until": "2027-06-01",
}


@pytest.fixture
def buyer(as_org: AsOrg) -> Any:
    return as_org(["buyer"])


def asked(as_org: AsOrg, buyer: Any) -> bidding.Bidding:
    return bidding.published(as_org, buyer, server=True, holders=bidding.openers(as_org, buyer),
                             terms=TERMS)  # fmt: skip


def changed(lot: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return {"lots": [{**lot, **fields}]}


def faults(tender: Any, as_org: AsOrg, made: bidding.Bidding, what: Any) -> tuple[Any, Any]:
    """The supplier's sealed bid next to a good one: both as they are after the opening."""
    bad, good = as_org(["supplier"]), as_org(["supplier"])
    bids = [bidding.submit(made, bad, what), bidding.submit(made, good)]
    opened = bidding.finished(made, bids)
    return opened.bids[0], opened.bids[1]


BROKEN: list[tuple[str, Callable[[Any, dict[str, Any]], Any], list[str]]] = [
    ("no lots", lambda lot, item: {"lots": []}, ["content_too_short"]),
    ("another shape", lambda lot, item: {"price": 1}, ["content_missing", "content_extra_forbidden"]),
    ("unknown lot", lambda lot, item: changed(lot, lot_id="lot_" + "0" * 32), ["unknown_lot"]),
    ("lot twice", lambda lot, item: {"lots": [lot, lot]}, ["lot_twice"]),
    ("wrong sum", lambda lot, item: changed(lot, value={"amount": "1.00", "currency": "KGS"}), ["value_mismatch"]),
    ("wrong quantity", lambda lot, item: changed(lot, items=[{**item, "quantity": "1"}]), ["quantity_differs"]),
    ("item missing", lambda lot, item: changed(lot, items=[{**item, "item_id": "item_" + "0" * 32}]), ["items_differ"]),
    ("other Incoterm", lambda lot, item: changed(lot, incoterm="EXW"), ["incoterm_not_taken"]),
    ("no place", lambda lot, item: changed(lot, named_place=None), ["place_missing"]),
    ("unfit deviation", lambda lot, item: changed(lot, incoterm="DAP", deviations=["loaded"]), ["deviation_unfit"]),
    ("no deviation", lambda lot, item: changed(lot, deviations=["painted"]), ["content_enum"]),
    ("deviation twice", lambda lot, item: changed(lot, incoterm="DDP", deviations=["unloaded", "unloaded"]), ["deviation_twice"]),
    ("deviation from nothing", lambda lot, item: changed(lot, incoterm=None, named_place=None, deviations=["loaded"]), ["incoterm_not_taken", "incoterm_missing"]),
    ("deviation as text", lambda lot, item: changed(lot, deviations="loaded"), ["content_list_type"]),
    ("too many deviations", lambda lot, item: changed(lot, incoterm="DDP", deviations=["unloaded"] * 6), ["content_too_long"]),
    ("exporter of nothing", lambda lot, item: changed(lot, incoterm=None, named_place=None, exporter_of_record_id="organisation_" + "0" * 32), ["incoterm_not_taken", "incoterm_missing", "exporter_not_in_bid"]),
    ("no exporter's id", lambda lot, item: changed(lot, exporter_of_record_id="0" * 32), ["content_value_error"]),
    ("foreign exporter", lambda lot, item: changed(lot, incoterm="DAP", exporter_of_record_id="organisation_" + "0" * 32), ["exporter_not_in_bid"]),
    ("no such money", lambda lot, item: changed(lot, value={**lot["value"], "currency": "XXQ"}), ["unknown_currency"]),
    ("no such country", lambda lot, item: changed(lot, dispatch_country="QQ"), ["unknown_country"]),
    ("negative", lambda lot, item: changed(lot, items=[{**item, "unit_price": "-1"}]), ["content_greater_than_equal"]),
    ("a number too long", lambda lot, item: changed(lot, items=[{**item, "unit_price": "1e400"}]), ["content_decimal_max_digits"]),
    ("control characters", lambda lot, item: changed(lot, named_place="a\u0000b"), ["content_value_error"]),
    ("claim of no lot", lambda lot, item: {"lots": [lot], "domestic_claims": [{"lot_id": "lot_" + "0" * 32, "certificate_scheme": "ST1", "certificate_number": "1"}]}, ["unknown_lot"]),
    ("no answer asked", lambda lot, item: {"lots": [lot], "requirement_responses": [{"requirement_id": "x", "value": 1}]}, ["response_unfit"]),
]  # fmt: skip


def test_every_broken_content_is_opened_disqualified_and_told_by_name(
    as_org: AsOrg, buyer: Any, session: Session
) -> None:
    """One opening with all of them: none is lost, and none stops another."""
    made = bidding.published(as_org, buyer)
    bids = [bidding.submit(made, as_org(["supplier"]))]
    for _, breaks, _ in BROKEN:
        whole = bidding.content(made.tender)["lots"][0]
        bids.append(bidding.submit(made, as_org(["supplier"]), breaks(whole, whole["items"][0])))

    opened = bidding.finished(made, bids)

    good, *bad = opened.bids
    assert good["status_details"] == "opened"
    told = {
        name: [each["code"] for each in bid["disqualification"]]
        for (name, _, _), bid in zip(BROKEN, bad, strict=True)
    }
    assert told == {name: codes for name, _, codes in BROKEN}
    assert {bid["status"] for bid in bad} == {"disqualified"}
    assert [row.bid_id for row in session.exec(select(BidLot))] == [ids.parse("bid", good["id"])]
    assert len(opened.record["bids"]) == len(bids)
    assert bad[0]["contents"]["envelopes"][0]["document"]


def test_criteria_security_claims_and_documents_become_rows(as_org: AsOrg, buyer: Any) -> None:
    made, supplier = asked(as_org, buyer), as_org(["supplier"])
    claim = {"certificate_scheme": "ST1", "certificate_number": "KG-1", "document_sha256": SHA}
    document = {"sha256": SHA, "title": "Сертификат", "media_type": "application/pdf"}
    what = bidding.content(
        made.tender,
        requirement_responses=ANSWERS,
        bid_security=GUARANTEE,
        domestic_claims=[claim],
        documents=[document, document],
    )

    opened = bidding.finished(made, [bidding.submit(made, supplier, what)])

    said = opened.bids[0]["contents"]
    assert opened.bids[0]["status_details"] == "opened"
    assert [(each["requirement_id"], each["value"]) for each in said["requirement_responses"]] == [
        ("years", 5),
        ("honest", True),
    ]
    assert said["bid_security"]["value"] == {"amount": "100000", "currency": "KGS"}
    assert said["domestic_claims"][0]["certificate_number"] == "KG-1"
    assert [each["sha256"] for each in said["documents"]] == [SHA]


@pytest.mark.parametrize(
    ("given", "codes"),
    [
        ({}, ["criterion_unanswered", "security_missing"]),
        (
            {"requirement_responses": ANSWERS[:1], "bid_security": GUARANTEE},
            ["criterion_unanswered"],
        ),
        (
            {
                "requirement_responses": [{"requirement_id": "years", "value": 2}, ANSWERS[1]],
                "bid_security": GUARANTEE,
            },
            ["response_unmet"],
        ),
        (
            {
                "requirement_responses": [
                    {"requirement_id": "years", "value": "много"},
                    ANSWERS[1],
                ],
                "bid_security": {**GUARANTEE, "value": {"amount": "99999.99", "currency": "KGS"}},
            },
            ["response_unfit", "security_too_small"],
        ),
    ],
)
def test_unanswered_criteria_and_a_missing_security_disqualify(
    as_org: AsOrg, buyer: Any, given: dict[str, Any], codes: list[str]
) -> None:
    made = bidding.published(as_org, buyer, terms=TERMS)
    bid = bidding.submit(made, as_org(["supplier"]), bidding.content(made.tender, **given))

    opened = bidding.finished(made, [bid])

    assert [each["code"] for each in opened.bids[0]["disqualification"]] == codes


def by_lot(id: str, relates_to: str, **terms: Any) -> dict[str, Any]:
    """A criterion of one requirement that is answered for each lot, or for each item."""
    requirement = {"id": f"{id}-asked", "title": {"ru": id}, "data_type": "integer", **terms}
    groups = [{"id": f"{id}-group", "requirements": [requirement]}]
    return {
        "id": id,
        "title": {"ru": id},
        "relates_to": relates_to,
        "requirement_groups": groups,
    }


def test_an_unsealed_bid_whose_answers_miss_a_requirement_is_refused_and_told_which(
    as_org: AsOrg, buyer: Any, session: Session
) -> None:
    code = {
        "id": "code",
        "title": {"ru": "Код"},
        "data_type": "string",
        "pattern": "^[A-Z]{2}-[0-9]+$",
    }
    groups = [{"id": "codes", "requirements": [code]}]
    terms = {
        "criteria": [
            {"id": "coded", "title": {"ru": "Код"}, "requirement_groups": groups},
            by_lot("warranty", "lot", min_value=12, max_value=60),
            by_lot("stock", "item"),
        ]
    }
    lots = [bidding.samples.lot(), bidding.samples.lot()]
    made = bidding.published(as_org, buyer, server=True, terms=terms, lots=lots)
    first, second = made.tender["lots"]
    supplier, url = as_org(["supplier"]), f"/v1/tenders/{made.id}/bids"

    def hand_in(*answers: dict[str, Any]) -> Any:
        what = bidding.content(made.tender, requirement_responses=[*answers])
        envelope = {"kind": "price", "id": "one", "version": 1, "content": what}
        return supplier.post(url, json={"envelopes": [envelope]})

    good = [
        {"requirement_id": "code", "value": "KG-7"},
        {"requirement_id": "warranty-asked", "value": 12, "lot_id": first["id"]},
        {"requirement_id": "warranty-asked", "value": 24, "lot_id": second["id"]},
        *(
            {"requirement_id": "stock-asked", "value": 5, "item_id": lot["items"][0]["id"]}
            for lot in (first, second)
        ),
    ]

    refused = hand_in(
        {"requirement_id": "code", "value": "kg7"},
        {**good[1], "value": 61},
        {"requirement_id": "warranty-asked", "value": 24},
        *good[3:],
    )
    missing = hand_in(*good[:2], *good[3:])
    empty = session.exec(select(Bid)).all()
    accepted = hand_in(*good)

    assert (refused.status_code, refused.json()["code"]) == (422, "invalid"), refused.text
    at = "#/envelopes/0/content/requirement_responses"
    assert [(e["pointer"], e["code"], e["detail"]) for e in refused.json()["errors"]] == [
        (f"{at}/2", "response_misplaced", "warranty-asked must name a lot of the bid by lot_id"),
        (f"{at}/0", "response_unmet", "code must match the pattern ^[A-Z]{2}-[0-9]+$"),
    ]
    (error,) = missing.json()["errors"]
    assert (error["pointer"], error["code"]) == (at, "criterion_unanswered")
    assert second["id"] in error["detail"]
    assert "warranty-asked" in error["detail"]
    assert empty == []
    assert accepted.status_code == 201, accepted.text
    opened = bidding.finished(made, [accepted.json()])
    said = opened.bids[0]["contents"]["requirement_responses"]
    assert [(e["requirement_id"], e["lot_id"], e["item_id"], e["value"]) for e in said] == [
        (e["requirement_id"], e.get("lot_id"), e.get("item_id"), e["value"]) for e in good
    ]
    record = buyer.get(f"/public/ocds/records/{made.tender['ocid']}").json()["records"][0]
    told = record["compiledRelease"]["bids"]["details"][0]["requirementResponses"]
    assert {(e["value"], e.get("relatedLot"), e.get("relatedItem")) for e in told} == {
        (e["value"], e.get("lot_id"), e.get("item_id")) for e in good
    }
    asked = {c["id"]: c for c in record["compiledRelease"]["tender"]["criteria"]}
    assert [asked[name]["relatesTo"] for name in ("coded", "warranty", "stock")] == [
        "tenderer",
        "lot",
        "item",
    ]
    requirement = asked["coded"]["requirementGroups"][0]["requirements"][0]
    assert requirement["pattern"] == "^[A-Z]{2}-[0-9]+$"


@pytest.mark.parametrize(
    ("terms", "code"),
    [
        ({"pattern": "(a", "data_type": "string"}, "pattern_unusable"),
        ({"pattern": "(?=a)b", "data_type": "string"}, "pattern_unusable"),
        ({"pattern": "a", "data_type": "integer"}, "no_pattern"),
        ({"min_value": 5, "max_value": 4, "data_type": "integer"}, "bounds_reversed"),
        ({"min_value": 5, "expected_value": 4, "data_type": "integer"}, "bounds_reversed"),
        (
            {"pattern": "^a$", "expected_value": "b", "data_type": "string"},
            "bounds_reversed",
        ),
    ],
)
def test_a_requirement_that_nothing_can_fulfil_is_refused(
    buyer: Any, terms: dict[str, Any], code: str
) -> None:
    draft = bidding.samples.drafted(buyer)
    body = {"criteria": [by_lot("x", "tenderer", **terms)]}

    answer = buyer.request("PUT", f"/v1/tenders/{draft['id']}/submission-terms", json=body)

    assert answer.status_code == 422
    assert code in [error["code"] for error in answer.json()["errors"]]
    assert buyer.get(f"/v1/tenders/{draft['id']}/submission-terms").json()["criteria"] == []


@pytest.mark.parametrize(
    ("terms", "reason"),
    [
        ({"bid_security": {"amount": "134000.01", "currency": "KGS"}}, "security_too_large"),
        ({"bid_security": {"amount": "1.00", "currency": "USD"}}, "value_missing"),
        (
            {"criteria": [{**CRITERION, "related_lot": "lot_" + "0" * 32}]},
            "unknown_lot",
        ),
    ],
)
def test_terms_that_the_law_does_not_allow_stop_the_publication(
    buyer: Any, terms: dict[str, Any], reason: str
) -> None:
    from_draft = bidding.samples.drafted(buyer)
    url = f"/v1/tenders/{from_draft['id']}"
    assert buyer.request("PUT", f"{url}/submission-terms", json=terms).status_code == 200

    answer = buyer.post(f"{url}/publish")

    assert (answer.status_code, answer.json()["code"]) == (409, "submission_terms_unfit")
    assert [each["code"] for each in answer.json()["errors"]] == [reason]
    assert buyer.get(url).json()["status"] == "draft"


def test_a_price_in_its_own_envelope_is_opened_after_the_first_was_evaluated(
    as_org: AsOrg, buyer: Any, session: Session
) -> None:
    made = bidding.published(as_org, buyer, terms={"two_envelopes": True})
    suppliers = [as_org(["supplier"]) for _ in range(2)]
    bids = []
    for supplier in suppliers:
        technical, _ = bidding.seal(made, supplier, {"documents": []}, kind=bidding.TECHNICAL)
        price, _ = bidding.seal(made, supplier, bidding.content(made.tender), id="price")
        alone = supplier.post(f"/v1/tenders/{made.id}/bids", json={"envelopes": [price]})
        assert (alone.status_code, alone.json()["code"]) == (422, "envelopes_differ")
        answer = supplier.post(
            f"/v1/tenders/{made.id}/bids", json={"envelopes": [technical, price]}
        )
        assert answer.status_code == 201, answer.text
        assert len(answer.json()["receipts"]) == 2
        bids.append(answer.json())
    bidding.pass_deadline(made)
    url = f"/v1/tenders/{made.id}"
    too_soon = buyer.post(f"{url}/openings", json={"envelope": "price"})

    first = bidding.open_all(made, bidding.TECHNICAL)

    assert too_soon.status_code == 409
    assert first["status"] == "opened"
    assert buyer.get(url).json()["status_details"] == "firstPackagePending"
    seen = buyer.get(f"/v1/bids/{bids[0]['id']}").json()
    assert seen["status_details"] == "technical_opened"
    assert (seen["contents"]["lots"], [e["kind"] for e in seen["contents"]["envelopes"]]) == (
        [],
        ["technical"],
    )
    assert buyer.post(f"{url}/openings", json={"envelope": "price"}).status_code == 409
    # What the evaluation of the first envelopes does is not told here: only its outcome.
    tender = session.get_one(Tender, made.uuid)
    tender.status_details = tender.status_details.FIRST_PACKAGE_EVALUATED
    session.commit()

    second = bidding.open_all(made, bidding.PRICE)

    assert second["record"]["content"]["envelope"] == "price"
    assert buyer.get(url).json()["status_details"] == "secondPackageOpened"
    seen = buyer.get(f"/v1/bids/{bids[1]['id']}").json()
    assert seen["status_details"] == "opened"
    assert seen["contents"]["lots"][0]["value"]["amount"] == "5910000"


def test_the_schema_of_a_content_is_there_for_everybody(
    as_org: AsOrg, buyer: Any, client: Any
) -> None:
    schema = client.get("/public/schemas/bid-content").json()
    tender = bidding.samples.drafted(buyer)
    checker = Draft202012Validator(schema)

    assert list(checker.iter_errors(bidding.content(tender))) == []
    assert list(checker.iter_errors({"lots": []})) != []
    assert client.get("/public/schemas/price-content").json()["title"] == "PriceContent"
    assert client.get("/public/schemas/other").status_code == 422


LOT, ITEM = Lot(position=1, status="active", incoterms=[]), Item(position=1, quantity=600)
LOT.items = [ITEM]
TENDER = Tender(ocid="ocds-kerben0-1")
TENDER.lots = [LOT]
BID = Bid(tender_id=TENDER.id, supplier_id=TENDER.id)
GOOD = {
    "lots": [
        {
            "lot_id": ids.show("lot", LOT.id),
            "value": {"amount": "600.00", "currency": "KGS"},
            "vat_included": True,
            "items": [{"item_id": ids.show("item", ITEM.id), "quantity": "600", "unit_price": "1"}],
        }
    ]
}
FIELDS = [*BidContent.model_fields]
KEYS = ["lot_id", "value", "amount", "currency", "items", "unit_price", "documents", "sha256"]
scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5)
anything = st.recursive(
    scalars,
    lambda inner: (
        st.dictionaries(st.sampled_from(KEYS), inner, max_size=3) | st.lists(inner, max_size=3)
    ),
    max_leaves=5,
)


@given(st.dictionaries(st.sampled_from(FIELDS), anything))
@settings(max_examples=60)
def test_whatever_a_supplier_wrote_is_rows_or_faults_and_never_a_failure(
    written: dict[str, Any],
) -> None:
    wanted = contents.asked(TENDER, None)

    read = contents.read(wanted, BID, EnvelopeKind.PRICE, {**GOOD, **written}, [])

    assert bool(read.rows) is not bool(read.faults)
