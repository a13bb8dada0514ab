"""Tasks of payments."""

from uuid import UUID

from sqlmodel import Session

from api.payments.service import holds, tariffs
from workers.app import task


@task("payments.expire_hold")
def expire_hold(session: Session, resource_id: str) -> None:
    """The time of a hold is over: what nobody posted is free again."""
    holds.expire_due(session, UUID(hex=resource_id))


@task("payments.freeze_commission")
def freeze_commission(session: Session, resource_id: str) -> None:
    """A contract was signed: what the platform asks of it is settled for ever."""
    tariffs.freeze(session, UUID(hex=resource_id))
