"""Entries of the register of unreliable suppliers for tests."""

from datetime import date
from uuid import UUID

from sqlmodel import Session

from api.core import db
from api.identity import debarments
from api.identity.debarment_schemas import DebarmentIn
from api.identity.models import DebarmentRecord
from api.rules.clock import local_date
from api.rules.debarments import DebarmentGround


def debarred(
    session: Session, org_id: UUID, *, since: date | None = None, through: date = date(2999, 1, 1)
) -> DebarmentRecord:
    """Enter an organisation, from today on unless told otherwise, and commit."""
    data = DebarmentIn(
        organisation_id=org_id,
        ground=DebarmentGround.BREACH_OF_CONTRACT,
        reason="Did not deliver",
        valid_from=since or local_date(db.now(session)),
        valid_through=through,
        source_act="Decision 1",
    )
    record = debarments.enter(session, decider=org_id, actor="test", data=data)
    session.commit()
    return record
