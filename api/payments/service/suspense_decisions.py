"""What two people make of money that fits nothing: assigned to a collection, or sent back. Never commits.

The first proposes, the second decides, and with the decision the money moves: from the suspense account
to that of the collection, or into a payment order to an account of the sender's. A payment that does
not arrive lays the money open again.
"""

from uuid import UUID

from sqlmodel import Session, select

from api.payments.models import Collection, PayeeAccount, PaymentOrder, SuspenseItem
from api.payments.problems import PayeeUnfit, SuspenseUnfit
from api.payments.service import collections, orders, payees, suspense, suspense_senders
from api.rules.ledger import AccountKey, AccountKind
from api.rules.rails import CLEARING, OrderStatus, PayeeState, Purpose, SuspenseStatus

_LOST = (OrderStatus.FAILED, OrderStatus.RETURNED, OrderStatus.CANCELLED)


def propose_assignment(
    session: Session, item: SuspenseItem, collection_id: UUID, *, actor: str
) -> None:
    """Say for which collection the money is. Raises NotFound, SuspenseUnfit and Conflict."""
    _fitting(item, collections.get(session, collection_id, org_id=None))
    suspense.propose(session, item, actor=actor, assign_to=collection_id, return_to=None)


def propose_return(session: Session, item: SuspenseItem, account_id: UUID, *, actor: str) -> None:
    """Say to which account the money goes back. Raises NotFound, PayeeUnfit and Conflict."""
    _payable(item, payees.get(session, account_id, org_id=None))
    suspense.propose(session, item, actor=actor, assign_to=None, return_to=account_id)


def carry_out(session: Session, item: SuspenseItem, *, actor: str) -> None:
    """Agree with the proposal, and move the money.

    Raises PaymentFourEyes to who has made it, PayeeFourEyes to who has added the sender's account,
    Conflict when there is none, and SuspenseUnfit, PayeeUnfit or InsufficientFunds when it cannot be done any more.
    """
    assign_to, return_to = item.assign_to, item.return_to
    suspense.decided(session, item, actor=actor)
    if assign_to is not None:
        _assign(session, item, collections.locked(session, assign_to), actor=actor)
    elif return_to is not None:
        account = payees.lock(session, return_to, org_id=None)
        suspense_senders.agree(session, account, actor=actor)
        _return(session, item, account, actor=actor)


def refuse(session: Session, item: SuspenseItem, *, actor: str) -> None:
    """Disagree with the proposal: the item is open again, and a sender's account that was only to be
    verified with it is refused. Raises Conflict."""
    return_to = item.return_to
    suspense.refuse(session, item, actor=actor)
    if return_to is not None:
        suspense_senders.disagree(session, return_to, actor=actor)


def follow_order(session: Session, order: PaymentOrder) -> None:
    """A payment was not made, or came back: what it sent back to somebody is open again."""
    query = select(SuspenseItem).where(SuspenseItem.order_id == order.id)
    item = session.exec(query.with_for_update()).one_or_none()
    lost = order.status in _LOST
    if item is not None and lost and item.status is SuspenseStatus.RETURNED:
        suspense.reopen(session, item, actor="rail")


def _assign(session: Session, item: SuspenseItem, collection: Collection, *, actor: str) -> None:
    """What the collection does not take stays in suspense, as an item of its own."""
    _fitting(item, collection)
    key = f"suspense:{item.id.hex}"
    collections.receive(
        session,
        collection,
        amount=item.amount,
        currency=item.currency,
        clearing=AccountKey(AccountKind.SUSPENSE, item.currency),
        external_id=key,
        actor=actor,
        payer=item.payer,
        held_in=item.clearing_kind,
    )


def _return(session: Session, item: SuspenseItem, account: PayeeAccount, *, actor: str) -> None:
    _payable(item, account)
    order = orders.order(
        session,
        key=f"suspense:{item.id.hex}:{item.version}",
        purpose=Purpose.REFUND,
        resource_id=item.id,
        beneficiary_id=account.organisation_id,
        payee_account_id=account.id,
        amount=item.amount,
        currency=item.currency,
        rail=account.rail,
        debit=AccountKey(AccountKind.SUSPENSE, item.currency),
        parties={},
        actor=actor,
    )
    item.order_id = order.id
    session.add(item)


def _fitting(item: SuspenseItem, collection: Collection) -> None:
    if collection.currency != item.currency:
        raise SuspenseUnfit(f"The collection is in {collection.currency}.")
    if not collections.outstanding(collection):
        raise SuspenseUnfit("Nothing is expected for the collection any more.")


def _payable(item: SuspenseItem, account: PayeeAccount) -> None:
    if account.currency != item.currency:
        raise PayeeUnfit(f"The account is in {account.currency}.")
    if account.state is not PayeeState.VERIFIED:
        raise PayeeUnfit(f"The account is {account.state}.")
    if CLEARING.get(account.rail) is not item.clearing_kind:
        raise PayeeUnfit(f"The money did not come by {account.rail}.")
