"""A buyer asks suppliers to take part; they answer once."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlmodel import Session, col, select

from api.core.audit import AuditEntry
from api.core.outbox import OutboxEvent
from api.matching.models import Invitation
from tests.identity import register
from tests.matching import samples

type AsOrg = Callable[..., Any]
type Drain = Callable[[], int]


@pytest.fixture
def buyer(as_org: AsOrg) -> Any:
    return as_org(["buyer"])


@pytest.fixture
def seller(as_org: AsOrg) -> Any:
    return as_org(["supplier"], country="CN")


@pytest.fixture
def tender(buyer: Any, drain: Drain) -> Any:
    made = samples.desks(buyer)
    drain()
    return made


def invite(buyer: Any, tender: Any, seller: Any, **more: Any) -> Any:
    body = {"seller_id": f"organisation_{seller.org_id.hex}", **more}
    return buyer.post(f"/v1/tenders/{tender['id']}/invitations", json=body)


def test_an_invitation_is_accepted_and_leaves_a_trail(
    buyer: Any, seller: Any, tender: Any, session: Session
) -> None:
    lot = tender["lots"][0]["id"]
    sent = invite(buyer, tender, seller, lot_id=lot, message="Просим участвовать")
    assert sent.status_code == 201, sent.text
    assert (sent.json()["status"], sent.json()["lot_id"]) == ("invited", lot)
    (received,) = seller.get("/v1/invitations", params={"status": "invited"}).json()["items"]
    assert received["message"] == "Просим участвовать"
    accepted = seller.post(f"/v1/invitations/{received['id']}/accept")
    assert accepted.json()["status"] == "accepted"
    assert accepted.json()["answered_at"] is not None
    row = session.exec(select(Invitation)).one()
    trail = session.exec(
        select(AuditEntry.action, AuditEntry.org_id)
        .where(col(AuditEntry.stream).startswith(f"invitation:{row.id.hex}"))
        .order_by(col(AuditEntry.stream), col(AuditEntry.seq))
    ).all()
    assert [tuple(entry) for entry in trail] == [
        ("invite", buyer.org_id),
        ("accept", seller.org_id),
    ]
    query = select(OutboxEvent).where(OutboxEvent.resource_id == row.id)
    events = session.exec(query.order_by(col(OutboxEvent.id))).all()
    assert [(event.type, event.payload["receiver_id"]) for event in events] == [
        ("invitation.sent", seller.org_id.hex),
        ("invitation.accepted", buyer.org_id.hex),
    ]


def test_an_invitation_is_declined_with_a_reason_and_not_accepted_after(
    buyer: Any, seller: Any, tender: Any, session: Session
) -> None:
    sent = invite(buyer, tender, seller).json()
    url = f"/v1/invitations/{sent['id']}"
    declined = seller.post(f"{url}/decline", json={"reason": "Нет мощностей"})
    assert (declined.json()["status"], declined.json()["reason"]) == ("declined", "Нет мощностей")
    refused = seller.post(f"{url}/accept")
    assert (refused.status_code, refused.json()["code"]) == (409, "conflict")
    assert session.exec(select(Invitation.status)).one() == "declined"


def test_a_buyer_takes_an_invitation_back(buyer: Any, seller: Any, tender: Any) -> None:
    sent = invite(buyer, tender, seller).json()
    assert seller.post(f"/v1/invitations/{sent['id']}/withdraw").status_code == 403
    withdrawn = buyer.post(f"/v1/invitations/{sent['id']}/withdraw", json={"reason": "Ошибка"})
    assert withdrawn.json()["status"] == "withdrawn"
    assert seller.post(f"/v1/invitations/{sent['id']}/accept").status_code == 409


def test_a_supplier_is_invited_once_to_a_tender_and_once_to_a_lot(
    buyer: Any, seller: Any, tender: Any, session: Session
) -> None:
    assert invite(buyer, tender, seller).status_code == 201
    again = invite(buyer, tender, seller)
    assert (again.status_code, again.json()["code"]) == (409, "already_exists")
    assert invite(buyer, tender, seller, lot_id=tender["lots"][0]["id"]).status_code == 201
    assert len(session.exec(select(Invitation)).all()) == 2


def test_who_cannot_bid_is_not_invited(
    buyer: Any, tender: Any, as_org: AsOrg, session: Session
) -> None:
    debarred = as_org(["supplier"])
    register.debarred(session, debarred.org_id)
    for other in (debarred, as_org(["buyer"]), as_org(["auditor"])):
        answer = invite(buyer, tender, other)
        assert (answer.status_code, answer.json()["code"]) == (409, "supplier_cannot_bid")
    assert session.exec(select(Invitation)).all() == []


def test_an_invitation_names_a_lot_and_a_supplier_that_exist(
    buyer: Any, seller: Any, tender: Any, session: Session
) -> None:
    digits = "019abf2e8c1d7c3fa9b04b4c6f0d2e11"
    wrong = invite(buyer, tender, seller, lot_id=f"lot_{digits}")
    assert (wrong.status_code, wrong.json()["errors"][0]["pointer"]) == (422, "#/lot_id")
    body = {"seller_id": f"organisation_{digits}"}
    unknown = buyer.post(f"/v1/tenders/{tender['id']}/invitations", json=body)
    assert unknown.json()["errors"][0]["code"] == "unknown_organisation"
    assert invite(buyer, tender, seller, colour="red").status_code == 422
    assert session.exec(select(Invitation)).all() == []


def test_strangers_neither_invite_to_a_tender_nor_answer_for_others(
    buyer: Any, seller: Any, tender: Any, as_org: AsOrg, session: Session
) -> None:
    other_buyer, other_seller = as_org(["buyer"]), as_org(["supplier"])
    assert invite(other_buyer, tender, seller).status_code == 404
    sent = invite(buyer, tender, seller).json()
    assert other_seller.post(f"/v1/invitations/{sent['id']}/accept").status_code == 404
    assert other_buyer.post(f"/v1/invitations/{sent['id']}/withdraw").status_code == 404
    assert other_seller.get("/v1/invitations").json()["items"] == []
    assert session.exec(select(Invitation.status)).one() == "invited"
