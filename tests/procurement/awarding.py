"""Tenders whose bids are ranked, and the parties of their award, for tests.

The rows of bids are written as the opening would leave them; everything after is done through the
API or the services.
"""

import hashlib
import json
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any, NamedTuple
from uuid import UUID, uuid4

from sqlmodel import Session, select

from api.core import db, ids, sandbox
from api.identity import service as identity
from api.identity.models import Organisation
from api.identity.schemas import ClientIn
from api.procurement.models import Award, Bid, BidLot, BidTenderer, Complaint, Evaluation, Tender
from api.rules.bids import BidStage, BidStatus, TendererRole
from api.rules.commissions import EvaluationStatus
from api.rules.tenders import TenderStage
from tests.conftest import Actor
from tests.procurement import samples
from tests.remembered import remembered

type AsOrg = Callable[..., Any]
DAY = 86_400


class Parties(NamedTuple):
    """Two programs of one buyer, suppliers in the order of their prices, the commission."""

    buyer: Any
    chief: Any
    suppliers: Sequence[Any]
    reviewer: Any


class Case(NamedTuple):
    """A tender under award as the API shows it, and its parties."""

    tender: Any
    parties: Parties

    @property
    def lot(self) -> str:
        return str(self.tender["lots"][0]["id"])


def second_client(actor: Any) -> Actor:
    """Other credentials of the same organisation."""
    with db.worker_unit_of_work() as session:
        organisation = session.get(Organisation, actor.org_id)
        assert organisation is not None
        scopes = identity.full_scopes(organisation)
        _, key = identity.create_client(
            session,
            org_id=actor.org_id,
            actor="test",
            data=ClientIn(name="second", scopes=scopes),
            grantable=scopes,
        )
    return Actor(actor.org_id, key, actor.client)


def parties(as_org: AsOrg, *, suppliers: int = 3) -> Parties:
    """A buyer with two programs, suppliers and a commission."""
    buyer = as_org(["buyer"])
    sellers = [as_org(["supplier"]) for _ in range(suppliers)]
    return Parties(buyer, second_client(buyer), sellers, as_org(["reviewer"]))


@remembered
def ranked(
    session: Session, as_org: AsOrg, *, suppliers: int = 3, lots: int = 1, **changed: Any
) -> Case:
    """A tender whose evaluation is complete; the first supplier is the cheapest on every lot."""
    who = parties(as_org, suppliers=suppliers)
    made = samples.published(
        who.buyer, lots=[samples.lot(value=None) for _ in range(lots)], **changed
    )
    tender = samples.row(session, made)
    bids = [
        opened_bid(session, made, supplier.org_id, Decimal(1_000_000 * n))
        for n, supplier in enumerate(who.suppliers, start=1)
    ]
    evaluated(session, made, bids)
    tender.status_details = TenderStage.EVALUATION_COMPLETE
    session.commit()
    return Case(made, who)


def evaluated(session: Session, made: Any, bids: Sequence[UUID]) -> None:
    """Complete evaluations of every lot, which rank the bids in this order."""
    for lot in made["lots"]:
        lot_id = ids.parse("lot", lot["id"])
        text = _file(session, lot_id, bids)
        earlier = session.exec(select(Evaluation).where(Evaluation.lot_id == lot_id)).all()
        session.add(
            Evaluation(
                tender_id=samples.tender_id(made),
                lot_id=lot_id,
                number=len(earlier) + 1,
                status=EvaluationStatus.COMPLETED,
                proposed_by="test:one",
                completed_by="test:two",
                completed_at=db.now(session),
                file=text,
                sha256=hashlib.sha256(text).hexdigest(),
            )
        )
    session.flush()


def _file(session: Session, lot_id: UUID, bids: Sequence[UUID]) -> bytes:
    """As much of an evaluation file as the award reads: the ranking, and the prices as bid."""
    rows = {row.bid_id: row for row in session.exec(select(BidLot).where(BidLot.lot_id == lot_id))}
    prices = [
        {
            "id": ids.show("bid", bid),
            "price": {
                "amount": str(rows[bid].value_amount),
                "currency": rows[bid].value_currency,
                "vat": "gross" if rows[bid].vat_included else "net",
            },
        }
        for bid in bids
    ]
    ranking = [ids.show("bid", bid) for bid in bids]
    return json.dumps({"inputs": {"bids": prices}, "result": {"ranking": ranking}}).encode()


def opened_bid(session: Session, made: Any, supplier_id: UUID, amount: Decimal) -> UUID:
    """The rows of a bid for every lot at one price, as the opening leaves them; its id."""
    now, tender_id = db.now(session), samples.tender_id(made)
    bid = Bid(
        tender_id=tender_id,
        supplier_id=supplier_id,
        status=BidStatus.VALID,
        status_details=BidStage.VALID,
        received_at=now,
        opened_at=now,
    )
    session.add(bid)
    session.flush()
    session.add(
        BidTenderer(
            bid_id=bid.id,
            tender_id=tender_id,
            lead_id=supplier_id,
            organisation_id=supplier_id,
            role=TendererRole.LEAD,
            accepted_at=now,
        )
    )
    for lot in made["lots"]:
        session.add(
            BidLot(
                bid_id=bid.id,
                tender_id=tender_id,
                lot_id=ids.parse("lot", lot["id"]),
                value_amount=amount,
                value_currency="KGS",
                vat_included=True,
            )
        )
    session.flush()
    return bid.id


def proposed(case: Case, lot: str | None = None) -> Any:
    """Propose the first ranked bid of a lot, as it answers."""
    answer = case.parties.buyer.post(
        f"/v1/tenders/{case.tender['id']}/awards",
        json={"lot_id": lot or case.lot, "reason": "Наименьшая цена"},
    )
    assert answer.status_code == 201, answer.text
    return answer.json()


def decided(case: Case, award: Any, action: str = "approve") -> Any:
    """Decide a proposed award by the buyer's other program, as it answers."""
    answer = case.parties.chief.post(
        f"/v1/awards/{award['id']}/{action}", json={"reason": "Решение комиссии"}
    )
    assert answer.status_code == 200, answer.text
    return answer.json()


def awarded(case: Case, lot: str | None = None) -> Any:
    """Propose and approve."""
    return decided(case, proposed(case, lot))


def complaint(**changed: Any) -> dict[str, Any]:
    """A complaint about the terms."""
    return {
        "target": "tender",
        "title": {"ru": "Одна марка"},
        "description": {"ru": "Спецификация описывает товар одного производителя"},
        "remedy": {"ru": "Изменить"},
        **changed,
    }


def drafted(author: Any, tender: Any, **changed: Any) -> Any:
    """Draft a complaint, as it answers."""
    answer = author.post(f"/v1/tenders/{tender['id']}/complaints", json=complaint(**changed))
    assert answer.status_code == 201, answer.text
    return answer.json()


def submitted(author: Any, tender: Any, **changed: Any) -> Any:
    """Draft and submit."""
    made = drafted(author, tender, **changed)
    answer = author.post(f"/v1/complaints/{made['id']}/submit", json={})
    assert answer.status_code == 200, answer.text
    return answer.json()


def accepted(reviewer: Any, made: Any) -> Any:
    """Let the commission take a complaint."""
    return reviewed(reviewer, made, "accept")


def reviewed(reviewer: Any, made: Any, action: str, **body: Any) -> Any:
    """A step of the commission that must succeed."""
    answer = reviewer.post(
        f"/v1/complaints/{made['id']}/{action}", json={"rationale": "Решение", **body}
    )
    assert answer.status_code == 200, answer.text
    return answer.json()


def advance(days: float) -> None:
    """Move the clock of the installation."""
    with db.worker_unit_of_work() as session:
        sandbox.advance(session, actor="test", seconds=int(days * DAY))


def award_row(session: Session, award: Any) -> Award:
    """The award's row as it stands in the database now."""
    return _row(session, Award, ids.parse("award", award["id"]))


def complaint_row(session: Session, made: Any) -> Complaint:
    """The complaint's row as it stands in the database now."""
    return _row(session, Complaint, ids.parse("complaint", made["id"]))


def awards_of(session: Session, case: Case) -> list[Award]:
    """Every award of the tender, in order."""
    session.rollback()
    session.expire_all()
    tender_id = samples.tender_id(case.tender)
    rows = session.exec(select(Award).where(Award.tender_id == tender_id)).all()
    return sorted(rows, key=lambda row: row.id)


def bids_of(session: Session, case: Case) -> list[UUID]:
    """The ids of the tender's bids, in the order of their making."""
    session.rollback()
    query = select(Bid.id).where(Bid.tender_id == samples.tender_id(case.tender))
    return sorted(session.exec(query))


def stage(session: Session, case: Case) -> TenderStage:
    """The stage of the tender now."""
    return samples.row(session, case.tender).status_details


def _row[R: (Award, Complaint)](session: Session, kind: type[R], row_id: UUID) -> R:
    session.rollback()
    session.expire_all()
    found = session.get(kind, row_id)
    assert found is not None
    return found


def fresh_key() -> dict[str, str]:
    """A header that makes a request one of its own."""
    return {"Idempotency-Key": uuid4().hex}


def tender_row(session: Session, case: Case) -> Tender:
    """The tender's row as it stands now."""
    return samples.row(session, case.tender)
