"""Tasks of contracts."""

from uuid import UUID

from sqlmodel import Session

from api.contracts import call_offs
from api.contracts import service as contracts
from workers.app import task


@task("contracts.cancel_fallen")
def cancel_fallen(session: Session, resource_id: str) -> None:
    """An award was cancelled: a contract about it that was not signed yet is cancelled too."""
    contracts.cancel_fallen(session, UUID(hex=resource_id))


@task("contracts.draft_call_off")
def draft_call_off(session: Session, resource_id: str) -> None:
    """An award was approved: one that was called off without competition gets its contract."""
    call_offs.draw_up(session, UUID(hex=resource_id))
