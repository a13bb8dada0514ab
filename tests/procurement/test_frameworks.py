"""Framework agreements over HTTP: terms, conclusion, suppliers, and their end."""

import hashlib
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlmodel import Session, col, select

from api.core import db, deadlines
from api.core.audit import AuditEntry
from api.procurement.models import FrameworkAgreement, FrameworkTerms
from tests.procurement import awarding, bidding, frameworking, samples
from tests.procurement.frameworking import REASON, AsOrg, Framework

type Drain = Callable[[], int]


def test_several_suppliers_of_a_lot_conclude_an_agreement_at_the_prices_of_their_bids(
    as_org: AsOrg, session: Session
) -> None:
    case, _, other = frameworking.opened(as_org)
    for _ in range(2):
        awarding.awarded(case)
    early = frameworking.conclude(case)
    assert (early.status_code, early.json()["code"]) == (409, "framework_not_ready")
    assert {each["code"] for each in early.json()["errors"]} == {"standstill"}
    third = awarding.proposed(case)
    awarding.advance(9)
    undecided = frameworking.conclude(case)
    assert [each["code"] for each in undecided.json()["errors"]] == ["award_not_active"]
    awarding.decided(case, third)
    full = case.parties.buyer.post(
        f"/v1/tenders/{case.tender['id']}/awards", json={"lot_id": case.lot, **REASON}
    )
    assert (full.status_code, full.json()["code"]) == (409, "award_exists")
    contract = case.parties.buyer.post(
        f"/v1/tenders/{case.tender['id']}/contracts", json={"award_ids": [third["id"]]}
    )
    assert (contract.status_code, contract.json()["code"]) == (409, "framework_concludes")
    assert session.exec(select(FrameworkAgreement)).all() == []
    assert (
        frameworking.conclude(case._replace(parties=case.parties._replace(buyer=other))).status_code
        == 404
    )

    awarding.advance(9)
    made = frameworking.conclude(case)

    assert made.status_code == 201, made.text
    agreement, suppliers = made.json(), case.parties.suppliers
    unsigned = case.parties.buyer.get(f"/v1/tenders/{case.tender['id']}").json()
    assert unsigned["status_details"] == "contractSignPending"
    document = suppliers[0].get(f"/v1/frameworks/{agreement['id']}/document")
    assert hashlib.sha256(document.content).hexdigest() == agreement["sha256"]
    assert [
        each["prices"][0]["unit_price"] for each in document.json()["lots"][0]["suppliers"]
    ] == [
        "9000",
        "9200",
        "9400",
    ]
    framework = Framework(agreement, case.tender, case.parties, other)
    assert frameworking.conclude(case).status_code == 409
    assert frameworking.sign(other, agreement).status_code == 404
    assert frameworking.sign(suppliers[0], agreement).status_code == 200
    again = frameworking.sign(suppliers[0], agreement)
    assert (again.status_code, again.json()["code"]) == (409, "already_signed")
    stale = frameworking.sign(suppliers[1], {**agreement, "sha256": "0" * 64})
    assert (stale.status_code, stale.json()["code"]) == (409, "document_differs")
    asked = frameworking.asked(framework)
    refused = other.post(f"{framework.url}/call-offs", json=asked)
    assert (refused.status_code, refused.json()["code"]) == (409, "call_off_refused")
    agreement = frameworking.signed(
        case._replace(parties=case.parties._replace(suppliers=suppliers[1:])), agreement
    )
    assert [each["method"] for each in agreement["signatures"]] == ["click_to_sign"] * 4
    assert agreement["signed_at"] is not None
    assert agreement["ceiling"] == {"amount": "6000000", "currency": "KGS"}
    assert agreement["drawn"] == {"amount": "0", "currency": "KGS"}
    assert len(agreement["buyers"]) == 2
    assert [(each["rank"], each["status"]) for each in agreement["suppliers"]] == [
        (1, "active"),
        (2, "active"),
        (3, "active"),
    ]
    assert [each["prices"][0]["unit_price"] for each in agreement["suppliers"]] == [
        "9000",
        "9200",
        "9400",
    ]
    assert case.parties.buyer.get(f"/v1/tenders/{case.tender['id']}").json()["status"] == "complete"
    assert frameworking.conclude(case).status_code == 409
    for reader in (other, case.parties.suppliers[2]):
        assert reader.get(made.headers["Location"]).json() == agreement
        assert len(reader.get("/v1/frameworks").json()["items"]) == 1
    named = case.parties.buyer.get(f"/v1/frameworks?buyer={agreement['buyers'][1]}&status=active")
    assert [each["id"] for each in named.json()["items"]] == [agreement["id"]]

    record = case.parties.buyer.get(f"/public/ocds/records/{agreement['ocid']}").json()
    tender = record["records"][0]["compiledRelease"]["tender"]
    told = tender["techniques"]["frameworkAgreement"]
    assert tender["techniques"]["hasFrameworkAgreement"] is True
    assert (told["maximumParticipants"], told["status"]) == (3, "active")
    assert [each["status"] for each in told["participants"]] == ["active"] * 3


@pytest.mark.parametrize(
    ("changed", "pointer", "code"),
    [
        ({"duration_days": 364}, "#/framework/duration_days", "duration_out_of_bounds"),
        ({"duration_days": 1462}, "#/framework/duration_days", "duration_out_of_bounds"),
        ({"maximum_participants": 51}, "#/framework/maximum_participants", "too_many_participants"),
        ({"minimum_participants": 4}, "#/framework/minimum_participants", "bounds_reversed"),
    ],
)
def test_the_policy_bounds_the_agreement_at_publication(
    as_org: AsOrg, session: Session, changed: dict[str, Any], pointer: str, code: str
) -> None:
    buyer = as_org(["buyer"])
    made = samples.drafted(buyer)
    url = f"/v1/tenders/{made['id']}"
    answer = buyer.request("PUT", f"{url}/framework-terms", json=frameworking.terms(**changed))
    assert answer.status_code == 200, answer.text

    refused = buyer.post(f"{url}/publish")

    assert (refused.status_code, refused.json()["code"]) == (409, "framework_unfit")
    found = {(each["pointer"], each["code"]) for each in refused.json()["errors"]}
    assert found == {(pointer, code), ("#/value", "missing")}
    assert buyer.get(url).json()["status"] == "draft"
    assert session.exec(select(FrameworkTerms.bounds)).one() is None


def test_terms_are_of_drafts_and_name_buyers(as_org: AsOrg, session: Session) -> None:
    buyer, supplier = as_org(["buyer"]), as_org(["supplier"])
    made = samples.drafted(buyer)
    url = f"/v1/tenders/{made['id']}/framework-terms"
    assert buyer.get(url).status_code == 404
    for body, pointer in (
        (frameworking.terms(supplier), "#/buyers/0"),
        (frameworking.terms(allocation=None), ""),
        (frameworking.terms(method="withReopeningCompetition"), ""),
    ):
        refused = buyer.request("PUT", url, json=body)
        assert refused.status_code == 422
        assert refused.json()["errors"][0]["pointer"].startswith(pointer)
    assert as_org(["buyer"]).request("PUT", url, json=frameworking.terms()).status_code == 404
    assert session.exec(select(FrameworkTerms)).all() == []

    assert buyer.request("PUT", url, json=frameworking.terms(buyers=[])).status_code == 200
    again = buyer.request("PUT", url, json=frameworking.terms(duration_days=400))
    assert (again.json()["duration_days"], again.json()["version"]) == (400, 2)

    other = bidding.published(
        as_org,
        buyer,
        framework=frameworking.terms(),
        value={"amount": "7000000", "currency": "KGS"},
    )
    late = buyer.request(
        "PUT", f"/v1/tenders/{other.id}/framework-terms", json=frameworking.terms()
    )
    assert (late.status_code, late.json()["code"]) == (409, "not_draft")
    kept = as_org(["supplier"]).get(f"/v1/tenders/{other.id}/framework-terms").json()
    assert kept["bounds"]["framework"]["maximum_days"] == 1461


def test_a_supplier_is_suspended_reinstated_and_terminated_with_reasons(
    as_org: AsOrg, session: Session
) -> None:
    framework = frameworking.concluded(as_org)
    buyer = framework.parties.buyer
    url = f"{framework.url}/suppliers/{framework.supplier(0)['id']}"
    for stranger in (framework.other, framework.parties.suppliers[0]):
        assert stranger.post(f"{url}/suspend", json=REASON).status_code in (403, 404)
    assert buyer.post(f"{url}/suspend", json={}).status_code == 422
    assert buyer.post(f"{url}/reinstate", json=REASON).status_code == 409
    assert framework.now() == framework.agreement

    suspended = buyer.post(f"{url}/suspend", json=REASON).json()["suppliers"][0]
    assert (suspended["status"], suspended["reason"]) == ("suspended", REASON["reason"])
    again = buyer.post(f"{url}/reinstate", json=REASON).json()["suppliers"][0]
    assert (again["status"], again["reason"]) == ("active", None)
    ended = buyer.post(f"{url}/terminate", json=REASON).json()["suppliers"][0]
    assert ended["status"] == "terminated"
    for action in ("suspend", "reinstate", "terminate"):
        assert buyer.post(f"{url}/{action}", json=REASON).status_code == 409
    actions = [each["change"].get("reason") for each in _trail(session, framework)]
    assert actions == [None] * 5 + [REASON["reason"]] * 3
    ocid = framework.agreement["ocid"]
    record = buyer.get(f"/public/ocds/records/{ocid}").json()["records"][0]["compiledRelease"]
    [first] = [
        each
        for each in record["tender"]["techniques"]["frameworkAgreement"]["participants"]
        if each["id"] == ended["id"]
    ]
    assert (first["status"], first["statusDetails"]) == ("terminated", REASON["reason"])


def test_a_debarment_suspends_a_supplier_by_its_event(as_org: AsOrg, drain: Drain) -> None:
    framework = frameworking.concluded(as_org)
    first = framework.supplier(0)
    body = {"until": samples.day(90), "reason": "Сговор", "source": "Решение № 7"}
    answer = as_org(["operator"]).post(
        f"/v1/organisations/{first['suppliers'][0]}/debar", json=body
    )
    assert answer.status_code == 200, answer.text
    # Before the event has been handled the register counts already.
    made = frameworking.call_off(framework, framework.parties.buyer)
    assert made["awards"][0]["suppliers"] == framework.supplier(1)["suppliers"]

    drain()

    assert framework.supplier(0)["status"] == "suspended"
    assert "Решение № 7" in framework.supplier(0)["reason"]
    refused = framework.move(0, "reinstate")
    assert (refused.status_code, refused.json()["code"]) == (409, "supplier_debarred")
    assert framework.supplier(0)["status"] == "suspended"
    drain()


def test_a_buyer_terminates_its_agreement_with_a_reason(as_org: AsOrg) -> None:
    framework = frameworking.concluded(as_org)
    buyer = framework.parties.buyer
    assert framework.other.post(f"{framework.url}/terminate", json=REASON).status_code == 404
    assert framework.now() == framework.agreement
    ended = buyer.post(f"{framework.url}/terminate", json=REASON).json()
    assert (ended["status"], ended["termination_cause"]) == ("terminated", "buyer")
    assert buyer.post(f"{framework.url}/terminate", json=REASON).status_code == 409
    assert framework.move(0, "suspend").status_code == 409
    refused = buyer.post(f"{framework.url}/call-offs", json=frameworking.asked(framework))
    assert [each["code"] for each in refused.json()["errors"]] == ["framework_terminated"]
    assert framework.now() == ended


def test_an_agreement_expires_by_the_clock(as_org: AsOrg, drain: Drain) -> None:
    framework = frameworking.concluded(as_org)
    for _ in range(2):
        awarding.advance(366)
    url, body = f"{framework.url}/call-offs", frameworking.asked(framework)
    late = framework.parties.buyer.post(url, json=body)
    assert (late.status_code, late.json()["code"]) == (409, "call_off_refused")
    assert [each["code"] for each in late.json()["errors"]] == ["outside_period"]
    assert framework.now() == framework.agreement
    with db.worker_unit_of_work() as worker:
        deadlines.fire_due(worker, db.now(worker))
    drain()
    expired = framework.now()
    assert (expired["status"], expired["termination_cause"]) == ("terminated", "expired")


def test_row_level_security_lets_only_those_act_who_may(as_org: AsOrg) -> None:
    framework = frameworking.concluded(as_org)
    row_id = frameworking.agreement_id(framework)
    drafting = as_org(["buyer"])
    hidden = samples.drafted(drafting)
    url = f"/v1/tenders/{hidden['id']}/framework-terms"
    assert drafting.request("PUT", url, json=frameworking.terms()).status_code == 200
    assert framework.parties.buyer.get(url).status_code == 404
    with db.unit_of_work(framework.parties.buyer.org_id) as session:
        [own] = session.exec(select(FrameworkTerms)).all()
        assert own.tender_id == samples.tender_id(framework.tender)
    for outsider in (drafting, framework.parties.suppliers[0]):
        with db.unit_of_work(outsider.org_id) as session:
            done = session.connection().execute(
                text("UPDATE framework_agreement SET drawn_amount = 0"),
            )
            assert done.rowcount == 0
            done = session.connection().execute(
                text("UPDATE framework_supplier SET status = 'suspended', reason = 'x'")
            )
            assert done.rowcount == 0
    # A buyer who may call off draws on the ceiling, and can end nothing and alter nothing.
    for change in ("status = 'terminated'", "ceiling_amount = 1", "buyers = '{}'"):
        with (
            pytest.raises(DBAPIError, match="framework agreement"),
            db.unit_of_work(framework.other.org_id) as session,
        ):
            session.connection().execute(
                text(f"UPDATE framework_agreement SET {change} WHERE id = :id"), {"id": row_id}
            )
    assert framework.now() == framework.agreement


def _trail(session: Session, framework: frameworking.Framework) -> list[Any]:
    session.rollback()
    stream = f"framework:{frameworking.agreement_id(framework).hex}"
    rows = session.exec(
        select(AuditEntry).where(AuditEntry.stream == stream).order_by(col(AuditEntry.seq))
    )
    return [{"action": each.action, "change": each.change} for each in rows]
