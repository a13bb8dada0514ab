"""Tasks of identity."""

from uuid import UUID

from sqlmodel import Session

from api.identity import debarments, levels
from workers.app import task


@task("identity.announce_debarment")
def announce_debarment(session: Session, resource_id: str) -> None:
    """An entry of the register began, or ran out."""
    debarments.announce(session, UUID(hex=resource_id))


@task("identity.announce_level")
def announce_level(session: Session, resource_id: str) -> None:
    """The level of an organisation may have lapsed, or new evidence begun to count."""
    levels.announce(session, UUID(hex=resource_id))
