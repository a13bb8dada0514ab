"""How far organisations are verified: asked anew each time, from what is in force. Never commits."""

from collections.abc import Collection
from datetime import date, timedelta
from uuid import UUID

from sqlmodel import Session, col, select

from api.core import db, deadlines
from api.core.outbox import emit
from api.identity import evidence_lists
from api.identity.models import Attestation, Organisation
from api.rules.clock import local_date
from api.rules.offers import validity_end
from api.rules.verification import Attested, Standing, Vouched, level_on, standing

LAPSED = "organisation.level_lapsed"
_DAY = timedelta(days=1)
_HELD = """
    SELECT o.id, o.roles, o.country, o.verification_level, o.verified_through,
      coalesce(array_agg(a.kind) FILTER (WHERE a.id IS NOT NULL), '{}')
    FROM organisation AS o
    LEFT JOIN attestation AS a ON a.organisation_id = o.id AND a.valid_from <= %(today)s
      AND a.valid_through >= %(today)s AND (a.ended_on IS NULL OR a.ended_on > %(today)s)
    WHERE o.id = ANY(%(ids)s)
    GROUP BY o.id
"""


def levels(session: Session, ids: Collection[UUID], today: date) -> dict[UUID, int]:
    """The level of each organisation on a day, in one query."""
    if not ids:
        return {}
    found = db.rows(session, _HELD, ids=[*ids], today=today)
    return {
        org_id: level_on(
            evidence_lists.required(country, roles, today),
            [Attested(kind, today, today) for kind in kinds],
            Vouched(level, through),
            today,
        )
        for org_id, roles, country, level, through, kinds in found
    }


def attested(session: Session, org_id: UUID) -> list[Attested]:
    """Everything that was ever attested of an organisation."""
    rows = session.exec(
        select(Attestation)
        .where(Attestation.organisation_id == org_id)
        .order_by(col(Attestation.valid_through), col(Attestation.id))
    )
    return [Attested(a.kind, a.valid_from, a.valid_through, a.ended_on) for a in rows]


def standing_of(session: Session, organisation: Organisation, today: date) -> Standing:
    """The level of an organisation on a day, and the last day on which it holds as things are."""
    required = evidence_lists.required(organisation.country, organisation.roles, today)
    return standing(required, attested(session, organisation.id), _vouched(organisation), today)


def watch(session: Session, organisation: Organisation) -> None:
    """Have it told when the level will fall, or a document begins to count: those who rank offers
    look again. The level itself needs no telling."""
    session.flush()
    today = local_date(db.now(session))
    found = standing_of(session, organisation, today)
    begins = [a.valid_from for a in attested(session, organisation.id) if a.valid_from > today]
    days = [day - _DAY for day in begins] + ([found.through] if found.through else [])
    if days:
        due = validity_end(min(days))
        deadlines.arm(session, LAPSED, organisation.id, due, org_id=organisation.id)
    else:
        deadlines.disarm(session, LAPSED, organisation.id)


def announce(session: Session, org_id: UUID) -> None:
    """The level of an organisation may be another since midnight."""
    organisation = session.get(Organisation, org_id)
    if organisation is not None:
        watch(session, organisation)
        emit(session, "organisation.changed", org_id, org_id=org_id, action="level")


def _vouched(organisation: Organisation) -> Vouched | None:
    through = organisation.verified_through
    return None if through is None else Vouched(organisation.verification_level, through)
