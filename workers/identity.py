"""Tasks of identity."""

from uuid import UUID

from sqlmodel import Session

from api.identity import debarments
from workers.app import task


@task("identity.announce_debarment")
def announce_debarment(session: Session, resource_id: str) -> None:
    """An entry of the register began, or ran out."""
    debarments.announce(session, UUID(hex=resource_id))
