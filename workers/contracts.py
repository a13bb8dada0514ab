"""Tasks of contracts."""

from uuid import UUID

from sqlmodel import Session

from api.contracts import service as contracts
from workers.app import task


@task("contracts.cancel_fallen")
def cancel_fallen(session: Session, resource_id: str) -> None:
    """An award was cancelled: a contract about it that was not signed yet is cancelled too."""
    contracts.cancel_fallen(session, UUID(hex=resource_id))
