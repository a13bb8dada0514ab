"""Tasks of delivery."""

from uuid import UUID

from sqlmodel import Session

from api.delivery.service import recomputing, scorecards, tracking_facts
from workers.app import task


@task("delivery.follow_shipment")
def follow_shipment(session: Session, resource_id: str) -> None:
    """Events of a shipment were told: draw their consequences."""
    tracking_facts.follow(session, UUID(hex=resource_id))


@task("delivery.rescore")
def rescore(session: Session, resource_id: str) -> None:
    """Something happened that the scorecard of a supplier may be about."""
    scorecards.recompute_about(session, UUID(hex=resource_id))


@task("delivery.rate_seller")
def rate_seller(session: Session, resource_id: str) -> None:
    """A scorecard says something else: matching and buyers' rules read it from now on."""
    scorecards.rate(session, UUID(hex=resource_id))


@task("delivery.recompute_landed_cost")
def recompute_landed_cost(session: Session, resource_id: str) -> None:
    """The numbers of a followed landed cost may have changed."""
    recomputing.recompute_due(session, UUID(hex=resource_id))
