"""The organisations of a bid or an application: its lead, and the members that join it.

An organisation is in one bid, and in one application, of a tender: the database's constraints say
so; what is asked before them tells the usual case without a failed statement. Never commits.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, select

from api.core.errors import Conflict
from api.procurement.models import BidTenderer, SubmissionTenderer
from api.rules.bids import TendererRole

type Tenderer = BidTenderer | SubmissionTenderer


def made[T: Tenderer](
    model: type[T],
    others: Sequence[UUID],
    *,
    tender_id: UUID,
    lead_id: UUID,
    received_at: datetime,
    **owner: UUID,
) -> list[T]:
    """The lead, who has accepted by handing in, and the members, who have yet to."""
    common: dict[str, Any] = {"tender_id": tender_id, "lead_id": lead_id, **owner}
    lead = model(**common, organisation_id=lead_id, role=TendererRole.LEAD, accepted_at=received_at)
    members = [
        model(**common, organisation_id=each, role=TendererRole.MEMBER)
        for each in dict.fromkeys(others)
        if each != lead_id
    ]
    return [lead, *members]


def is_in_one(session: Session, model: type[Tenderer], tender_id: UUID, org_id: UUID) -> bool:
    """True when an organisation stands in a bid (or an application) of the tender already."""
    found = session.exec(
        select(model.id).where(
            model.tender_id == tender_id,
            model.organisation_id == org_id,
            col(model.accepted_at).is_not(None),
            col(model.released_at).is_(None),
        )
    ).first()
    return found is not None


def release(session: Session, rows: Sequence[Tenderer], now: datetime) -> None:
    """Free organisations to be in another."""
    for row in rows:
        row.released_at = now
    session.add_all(rows)


def explained(error: IntegrityError, known: dict[str, Conflict]) -> Conflict:
    """Which of the constraints it was that kept two requests apart; the error itself if none."""
    constraint = getattr(getattr(error.orig, "diag", None), "constraint_name", None)
    if constraint in known:
        return known[constraint]
    if constraint in _UNKNOWN_ORGANISATION:
        return Conflict("A tenderer is no organisation that is known.")
    raise error


_UNKNOWN_ORGANISATION = {
    f"fk_{table}_organisation_id_organisation"
    for table in (BidTenderer.__tablename__, SubmissionTenderer.__tablename__)
}
