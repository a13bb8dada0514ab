"""Under which limits of requests an organisation is."""

from uuid import UUID

from sqlmodel import Session, select

from api.core import audit, settings
from api.core.errors import Conflict, NotFound
from api.identity.models import Organisation


class UnknownRatePlan(Conflict):
    """The installation's KERBEN_RATE_LIMITS has no such plan."""

    code, title = "rate_plan_unknown", "There is no such plan"


def of(session: Session, org_id: UUID) -> str | None:
    """The plan that limits the organisation's requests; None for the standard one."""
    return session.exec(select(Organisation.rate_plan).where(Organisation.id == org_id)).one()


def assign(session: Session, *, actor: str, org_id: UUID, plan: str) -> None:
    """Put the organisation under the limits of a plan. Raises UnknownRatePlan, NotFound."""
    if plan not in settings.get().rate_limits:
        raise UnknownRatePlan
    query = select(Organisation).where(Organisation.id == org_id).with_for_update()
    organisation = session.exec(query).one_or_none()
    if organisation is None:
        raise NotFound
    before, organisation.rate_plan = organisation.rate_plan, plan
    organisation.version += 1
    stream = f"organisation:{org_id.hex}"
    change = {"before": before, "after": plan}
    audit.record(session, stream, "set_rate_plan", actor=actor, org_id=org_id, change=change)
