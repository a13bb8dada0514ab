"""Whose bid security is here when bids are opened: told by the feature that holds securities."""

from collections.abc import Callable, Collection
from uuid import UUID

from sqlmodel import Session

from api.procurement.models import Tender
from api.procurement.service import policies

type Counted = Callable[[Session, UUID], Collection[UUID]]
"""The bids of a tender (by id) whose security is here and counts."""
_counted: list[Counted] = []


def plug(counted: Counted) -> None:
    """Let `counted` tell it from now on."""
    _counted[:] = [counted]


def required(session: Session, tender: Tender) -> Collection[UUID] | None:
    """The bids whose security is here; None where the rules of the tender do not ask."""
    terms = policies.policy_of(tender).securities
    if terms is None or not terms.held:
        return None
    return {bid_id for counted in _counted for bid_id in counted(session, tender.id)}
