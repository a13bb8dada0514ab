"""Tasks of procurement."""

from uuid import UUID

from sqlmodel import Session

from api.procurement import service as procurement
from api.procurement.service import auctions
from workers.app import task


@task("procurement.close_tender")
def close_tender(session: Session, resource_id: str) -> None:
    """The period of a tender may have ended."""
    procurement.close_due(session, UUID(hex=resource_id))


@task("procurement.end_auction")
def end_auction(session: Session, resource_id: str) -> None:
    """The time of an auction may have come."""
    auctions.end_due(session, UUID(hex=resource_id))
