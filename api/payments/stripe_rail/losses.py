"""A dispute that was lost after its money was released: what the seller came to owe by it is taken
back by reversals of the contract's transfers, as far as its balance at Stripe goes. The rest stays
its debt (`supplier_receivable`).
"""

from uuid import UUID

from sqlmodel import Session

from api.core import db
from api.payments.models import PaymentDispute, StripeObject
from api.payments.stripe_rail import chargebacks, liability, recovery


def take_back(dispute_id: UUID) -> None:
    """Reverse what a seller owes of a lost dispute; told again, it goes on where it was.

    No transaction is open while Stripe is asked. Raises RailUnavailable.
    """
    with db.worker_unit_of_work() as session:
        parts = _plan(session, dispute_id)
    for part_id in parts:
        recovery.reverse(part_id)


def _plan(session: Session, dispute_id: UUID) -> list[UUID]:
    dispute = session.get_one(PaymentDispute, dispute_id)
    session.get_one(StripeObject, dispute.object_id, with_for_update=True)
    session.refresh(dispute)
    if dispute.contract_id is None or not dispute.lost:
        return []
    owed = liability.debt(session, chargebacks.loss_key(dispute))
    prefix = chargebacks.taken_back_prefix(dispute)
    return [each.id for each in recovery.planned(session, dispute.contract_id, prefix, owed)]
