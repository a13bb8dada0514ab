"""Whom a tender admits: the one gate that bids pass. Never commits.

Most tenders are open to everybody. What else decides is known of the held tender: each way of
admitting certain suppliers is one more line of `require`.
"""

from collections.abc import Collection
from uuid import UUID

from sqlmodel import Session

from api.procurement.service import agreements
from api.procurement.service.envelopes import Held
from api.procurement.service.framework_problems import NotAdmitted


def require(
    session: Session, held: Held, supplier_id: UUID, members: Collection[UUID] = ()
) -> None:
    """Raise NotAdmitted unless the tender is open to the supplier, and to the other members of its
    consortium with it."""
    if held.framework_id is not None:
        _require_agreed(session, held.framework_id, supplier_id, members)


def _require_agreed(
    session: Session, framework_id: UUID, supplier_id: UUID, members: Collection[UUID]
) -> None:
    """A call-off is open to the active suppliers of the agreement, each with its own consortium."""
    others = {*members} - {supplier_id}
    own = [
        each for each in agreements.active(session, framework_id) if each.supplier_id == supplier_id
    ]
    if not own:
        raise NotAdmitted("Only active suppliers of the framework agreement bid for its call-offs.")
    if not any(others <= {*each.suppliers} for each in own):
        raise NotAdmitted("A member of the consortium is no supplier of the agreement with you.")
