"""Certificates through the API: entered, verified, withdrawn, and what offers gain by them."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlmodel import Session, select

from api.catalog import certificates, offers
from api.catalog.models import Certificate
from api.core.deadlines import Deadline
from api.core.ids import parse
from api.core.outbox import OutboxEvent
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
