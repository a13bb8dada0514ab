"""Certificates through the API: entered, verified, withdrawn, and what offers gain by them."""

import hashlib
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from sqlmodel import Session, select

from api.catalog import certificates, offers
from api.catalog.models import Certificate
from api.core import db
from api.core.deadlines import Deadline
from api.core.ids import parse
from api.core.outbox import OutboxEvent
from api.rules.clock import local_date
from tests.catalog import samples


@pytest.fixture
def seller(as_org: Callable[..., Any]) -> Any:
    return as_org(["supplier"])


def entered(seller: Any, **changed: Any) -> dict[str, Any]:
    answer = seller.post("/v1/certificates", json={**samples.CERTIFICATE, **changed})
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


def shown(seller: Any) -> dict[str, Any]:
    """An active offer that shows the certificate of the sample."""
    made = seller.post("/v1/offers", json=samples.offer(certificates=["CN25Q31807R2M"])).json()
    answer = seller.post(f"/v1/offers/{made['id']}/activate")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def test_a_certificate_is_entered_as_a_claim(seller: Any, session: Session) -> None:
    made = entered(seller)

    assert (made["status"], made["expires_on"]) == ("claimed", "2030-12-31")
    assert seller.get(f"/v1/certificates/{made['id']}").json() == made
    assert seller.get("/v1/certificates").json()["items"] == [made]
    due = session.exec(select(Deadline).where(Deadline.kind == "certificate.expired")).one()
    assert due.due_at.isoformat() == "2030-12-31T18:00:00+00:00"


@pytest.mark.parametrize(
    ("changed", "pointer"),
    [
        ({"scheme": "SELF_MADE"}, "#/scheme"),
        ({"valid_from": "2031-01-01"}, "#/"),
        ({"registry_url": "http://example.com"}, "#/registry_url"),
        ({"document_sha256": "abc"}, "#/document_sha256"),
        ({"verified": True}, "#/verified"),
    ],
)
def test_bad_certificates_are_refused(
    seller: Any, session: Session, changed: dict[str, Any], pointer: str
) -> None:
    answer = seller.post("/v1/certificates", json={**samples.CERTIFICATE, **changed})

    assert answer.status_code == 422
    assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]
    assert session.exec(select(Certificate)).all() == []


def test_a_certificate_is_entered_once(seller: Any, session: Session) -> None:
    entered(seller)

    assert seller.post("/v1/certificates", json=samples.CERTIFICATE).status_code == 409
    assert len(session.exec(select(Certificate)).all()) == 1


def test_only_the_operator_verifies(seller: Any, as_org: Callable[..., Any]) -> None:
    url = f"/v1/certificates/{entered(seller)['id']}"

    assert seller.post(f"{url}/verify").status_code == 403
    assert seller.get(url).json()["status"] == "claimed"
    assert as_org(["operator"]).post(f"{url}/verify").json()["status"] == "verified"
    assert seller.get(url).json()["status"] == "verified"


def test_others_see_a_certificate_only_while_an_active_offer_shows_it(
    seller: Any, as_org: Callable[..., Any]
) -> None:
    made, buyer = entered(seller), as_org(["buyer"])
    url = f"/v1/certificates/{made['id']}"
    assert buyer.get(url).status_code == 404

    offer = shown(seller)
    assert buyer.get(url).json()["number"] == made["number"]
    assert buyer.get(f"/v1/offers/{offer['id']}").json()["certificates"][0]["id"] == made["id"]
    assert buyer.get("/v1/certificates").json()["items"] == []
    assert as_org(["supplier"]).post(f"{url}/withdraw").status_code == 404

    seller.post(f"/v1/offers/{offer['id']}/suspend")
    assert buyer.get(url).status_code == 404


def test_a_withdrawn_certificate_no_longer_counts(seller: Any, session: Session) -> None:
    made, offer = entered(seller), shown(seller)
    offer_id = parse("offer", offer["id"])
    assert len(offers.load(session, [offer_id])[0].certificate_numbers) == 1

    answer = seller.post(f"/v1/certificates/{made['id']}/withdraw")

    assert answer.json()["status"] == "withdrawn"
    assert seller.post(f"/v1/certificates/{made['id']}/withdraw").status_code == 409
    assert offers.load(session, [offer_id])[0].certificate_numbers == []
    assert "certificate.withdrawn" in session.exec(select(OutboxEvent.type)).all()
    answer = seller.post("/v1/offers", json=samples.offer(sku="2", certificates=[made["number"]]))
    assert answer.json()["errors"][0]["code"] == "unknown_certificate"


def test_a_certificate_that_runs_out_has_its_offers_matched_anew(
    seller: Any, session: Session
) -> None:
    made = entered(seller)
    shown(seller)

    certificates.announce(session, parse("certificate", made["id"]))
    session.commit()

    types = session.exec(select(OutboxEvent.type)).all()
    assert types.count("offer.changed") == 1


PDF = b"%PDF-1.7 certificate"
BYTES = {"Content-Type": "application/octet-stream"}


def attached(seller: Any, made: dict[str, Any], body: bytes = PDF, name: str = "iso.pdf") -> Any:
    url = f"/v1/certificates/{made['id']}/document"
    return seller.post(url, params={"name": name}, content=body, headers=BYTES)


def findings(operator: Any, made: dict[str, Any]) -> set[str]:
    answer = operator.get(f"/v1/certificates/{made['id']}/findings")
    assert answer.status_code == 200, answer.text
    return {each["code"] for each in answer.json()["items"]}


def test_a_number_entered_again_with_other_dates_is_said_to_contradict(
    seller: Any, session: Session
) -> None:
    entered(seller)

    again = seller.post(
        "/v1/certificates", json={**samples.CERTIFICATE, "expires_on": "2031-12-31"}
    )

    assert (again.status_code, again.json()["code"]) == (409, "certificate_contradicts")
    assert "2030-12-31" in again.json()["detail"]
    assert len(session.exec(select(Certificate)).all()) == 1


def test_one_number_of_two_sellers_with_other_dates_is_verified_only_knowingly(
    seller: Any, as_org: Callable[..., Any]
) -> None:
    operator, other = as_org(["operator"]), as_org(["supplier"])
    made = entered(seller)
    theirs = entered(other, expires_on="2031-12-31", issued_by="SGS")
    url = f"/v1/certificates/{made['id']}/verify"

    assert findings(operator, made) == {"dates_differ", "issuer_differs", "document_missing"}
    refused = operator.post(url, json={"despite": ["document_missing"]})
    assert (refused.status_code, refused.json()["code"]) == (409, "certificate_doubtful")
    assert "2031-12-31" in refused.json()["detail"]
    assert seller.get(f"/v1/certificates/{made['id']}").json()["status"] == "claimed"
    assert seller.get(f"/v1/certificates/{made['id']}/findings").status_code == 403

    known = operator.post(url, json={"despite": ["dates_differ"]}).json()
    assert (known["status"], known["verified_at"] is not None) == ("verified", True)
    other.post(f"/v1/certificates/{theirs['id']}/withdraw")
    assert findings(operator, made) == {"document_missing"}


def test_the_certificate_of_another_maker_is_a_hint_that_must_be_named(
    as_org: Callable[..., Any],
) -> None:
    operator = as_org(["operator"])
    seller = as_org(["supplier"], legal_name={"zh": "义乌市恒达文具有限公司"})
    own = entered(seller, holder_name="Yiwu Hengda Wenju Co., Ltd.")
    maker = entered(seller, number="M-2", holder_name="Qingdao Sanlin Furniture Factory")

    assert findings(operator, own) == {"document_missing"}
    assert findings(operator, maker) == {"holder_differs", "document_missing"}
    url = f"/v1/certificates/{maker['id']}/verify"
    assert operator.post(url).json()["code"] == "certificate_doubtful"
    assert operator.post(url, json={"despite": ["holder_differs"]}).status_code == 200


def test_the_document_is_kept_by_its_digest_for_its_owner_and_the_operator(
    seller: Any, as_org: Callable[..., Any]
) -> None:
    operator, buyer = as_org(["operator"]), as_org(["buyer"])
    digest = hashlib.sha256(PDF).hexdigest()
    made = entered(seller, document_sha256=digest)
    shown(seller)

    wrong = attached(seller, made, PDF + b"altered")
    assert (wrong.status_code, wrong.json()["errors"][0]["code"]) == (422, "digest_differs")
    unreadable = attached(seller, made, b"\x00\x01", name="scan.png")
    assert unreadable.json()["errors"][0]["code"] == "format_mismatch"
    kept = attached(seller, made)

    assert (kept.json()["file_name"], kept.json()["document_sha256"]) == ("iso.pdf", digest)
    url = f"/v1/certificates/{made['id']}/document"
    assert [who.get(url).content for who in (seller, operator)] == [PDF, PDF]
    assert buyer.get(f"/v1/certificates/{made['id']}").json()["document_sha256"] == digest
    assert buyer.get(url).status_code == 404
    operator.post(f"/v1/certificates/{made['id']}/verify")
    assert attached(seller, made).status_code == 409


def test_who_enters_a_certificate_does_not_verify_it(as_org: Callable[..., Any]) -> None:
    both = as_org(["supplier", "operator"])
    made = entered(both)

    alone = both.post(f"/v1/certificates/{made['id']}/verify")

    assert (alone.status_code, alone.json()["code"]) == (409, "verified_alone")


def test_the_end_is_told_ahead_once_each_time(seller: Any, session: Session) -> None:
    today = local_date(db.now(session))
    made = entered(seller, expires_on=(today + timedelta(days=20)).isoformat())
    row = session.get_one(Certificate, parse("certificate", made["id"]))
    assert row.told == [90, 30]
    due = session.exec(select(Deadline).where(Deadline.kind == "certificate.notice_due")).one()
    assert local_date(due.due_at) == today + timedelta(days=13)
    row.told = [90]
    session.commit()

    for _ in range(2):
        certificates.notify(session, row.id)
        session.commit()

    told = session.exec(
        select(OutboxEvent).where(OutboxEvent.type == "certificate.expires_soon")
    ).one()
    assert told.payload["days_left"] == 20
    seller.post(f"/v1/certificates/{made['id']}/withdraw")
    assert session.exec(select(Deadline)).all() == []


def test_an_offer_is_shown_without_a_certificate_that_has_run_out(
    seller: Any, as_org: Callable[..., Any], session: Session
) -> None:
    made, buyer = entered(seller), as_org(["buyer"])
    offer = shown(seller)
    assert len(buyer.get(f"/v1/offers/{offer['id']}").json()["certificates"]) == 1
    row = session.get_one(Certificate, parse("certificate", made["id"]))
    row.expires_on = local_date(db.now(session)) - timedelta(days=1)
    session.commit()

    assert buyer.get(f"/v1/offers/{offer['id']}").json()["certificates"] == []
    assert buyer.get("/v1/offers").json()["items"][0]["certificates"] == []
    record = offers.load(session, [parse("offer", offer["id"])])[0]
    assert record.certificate_expiries == [row.expires_on]


def test_a_renewal_under_the_same_number_takes_its_place_and_keeps_the_history(
    seller: Any, as_org: Callable[..., Any], session: Session
) -> None:
    operator, buyer = as_org(["operator"]), as_org(["buyer"])
    made, offer = entered(seller), shown(seller)
    attached(seller, made)
    operator.post(f"/v1/certificates/{made['id']}/verify")
    url = f"/v1/certificates/{made['id']}"
    later = {"valid_from": "2031-01-01", "expires_on": "2033-12-31"}

    for body, code in (
        ({"expires_on": "2030-12-31"}, "not_later"),
        ({**later, "valid_from": "2031-01-02"}, "not_begun"),
    ):
        refused = seller.post(f"{url}/renew", json=body)
        assert [e["code"] for e in refused.json()["errors"]] == [code]
    assert seller.get(url).json()["version"] == 3
    renewed = seller.post(f"{url}/renew", json=later)

    assert renewed.status_code == 200, renewed.text
    now = renewed.json()
    assert (now["status"], now["expires_on"], now["file_name"]) == ("claimed", "2033-12-31", None)
    (before,) = seller.get(f"{url}/editions").json()["items"]
    assert (before["status"], before["expires_on"]) == ("verified", "2030-12-31")
    assert (before["file_name"], before["verified_at"] is not None) == ("iso.pdf", True)
    assert len(operator.get(f"{url}/editions").json()["items"]) == 1
    assert buyer.get(f"{url}/editions").json()["items"] == []
    assert as_org(["supplier"]).post(f"{url}/renew", json=later).status_code == 404
    due = session.exec(select(Deadline).where(Deadline.kind == "certificate.expired")).one()
    assert due.due_at.isoformat() == "2033-12-31T18:00:00+00:00"
    record = offers.load(session, [parse("offer", offer["id"])])[0]
    assert record.certificate_expiries == [date(2033, 12, 31)]
    attached(seller, made)
    assert operator.post(f"{url}/verify").json()["status"] == "verified"
    assert seller.post(f"{url}/renew", json={}).json()["expires_on"] is None
    assert len(seller.get(f"{url}/editions").json()["items"]) == 2
    assert seller.post(f"{url}/renew", json=later).json()["errors"][0]["code"] == "never_ends"


def test_what_is_withdrawn_is_not_renewed(seller: Any) -> None:
    url = f"/v1/certificates/{entered(seller)['id']}"
    seller.post(f"{url}/withdraw")

    assert seller.post(f"{url}/renew", json={"expires_on": "2033-12-31"}).status_code == 409
    assert seller.get(f"{url}/editions").json()["items"] == []


def test_a_marking_for_goods_that_none_is_for_must_be_named(
    seller: Any, as_org: Callable[..., Any]
) -> None:
    operator = as_org(["operator"])
    made = entered(seller, scheme="CE", number="CE-1")
    honey = samples.product(hs_code="040900", cpv_code=None, attributes={})
    answer = seller.post("/v1/offers", json=samples.offer(product=honey, certificates=["CE-1"]))
    assert answer.status_code == 201, answer.text
    url = f"/v1/certificates/{made['id']}/verify"

    assert findings(operator, made) == {"not_for_goods", "document_missing"}
    refused = operator.post(url)
    assert (refused.status_code, refused.json()["code"]) == (409, "certificate_doubtful")
    assert "040900" in refused.json()["detail"]
    assert operator.post(url, json={"despite": ["not_for_goods"]}).status_code == 200
