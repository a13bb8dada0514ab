"""Securities that are money: what came of it, and its way back. Never commits; for the workers.

The money of a security lies on an account of the ledger of its own. A card is authorised first, and
charged only once it is decided to keep the security (security_cards).
"""

from collections.abc import Sequence
from decimal import Decimal

from sqlmodel import Session, col, select

from api.core import db
from api.payments.models import Collection, CollectionReceipt, PaymentOrder, Security
from api.payments.problems import PayeeUnfit
from api.payments.service import (
    collections,
    orders,
    securities,
    security_accounts,
    security_moves,
    security_queries,
)
from api.payments.service.securities import SYSTEM
from api.procurement.models import Tender
from api.rules.offers import plain
from api.rules.rails import UNPAID, CollectionStatus, OrderStatus, Purpose, RailName
from api.rules.securities import LIVE, SecurityStatus

_BANK = RailName.BANK_TRANSFER
_PAID = frozenset(OrderStatus) - UNPAID


def follow_collection(session: Session, collection: Collection) -> bool:
    """Money has come for a security. False: it is of no security."""
    security = security_queries.locked(session, col(Security.collection_id) == collection.id)
    if security is None:
        return False
    take_in(session, security)
    return True


def take_in(session: Session, security: Security) -> None:
    """Note what has come for a locked security; it is held once all of it is here, never before.

    Whether it came in time is judged by the moment in which the platform knew of the last of it.
    """
    if security.collection_id is None or security.status not in LIVE:
        return
    collection = session.get_one(Collection, security.collection_id, populate_existing=True)
    receipts = _receipts(session, collection)
    excess = sum((each.amount - each.applied_amount for each in receipts), Decimal())
    if (collection.received_amount, excess) == (security.received_amount, security.excess_amount):
        return
    security.received_amount, security.excess_amount = collection.received_amount, excess
    told = {"received": plain(security.received_amount), "excess": plain(excess)}
    security_moves.log(session, security, "take_in", SYSTEM, **told)
    complete = collection.status is CollectionStatus.RECEIVED
    if security.status is SecurityStatus.REQUESTED and complete:
        at = max(each.received_at for each in receipts if each.applied_amount and each.received_at)
        tender = session.get_one(Tender, security.tender_id)
        securities.receive(session, tender, security, actor=SYSTEM, at=at)
        securities.hold(session, security, actor=SYSTEM)
    elif security.status is SecurityStatus.HELD and security.rail is _BANK and not complete:
        # The bank has taken it back: it secures nothing until it comes again.
        security.received_at = security.counts = None
        security_moves.move(session, security, "lose", SYSTEM)
    elif security.status is SecurityStatus.RETURNING and not _orders(session, security):
        _order(session, security)  # a card was charged when its authorisation was to be given up


def send_back(session: Session, security: Security) -> None:
    """Send a locked security of money back: what came of it, all or in part. Where nothing came it is
    expected no more; an authorisation that was not charged is given up."""
    assert security.collection_id is not None
    collection = collections.locked(session, security.collection_id)  # no money comes meanwhile
    take_in(session, security)
    if not security.received_amount and security.status is SecurityStatus.HELD:
        security_moves.move(session, security, "begin_return", SYSTEM)
        return
    if not security.received_amount:
        collections.cancel(session, collection, actor=SYSTEM)
        security_moves.move(session, security, "cancel", SYSTEM)
        return
    if security.received_at is None:
        security.received_at, security.counts = db.now(session), False
    security_moves.move(session, security, "begin_return", SYSTEM)
    _order(session, security)


def send_again(session: Session, security: Security) -> bool:
    """Try anew to send back what could not be; False while an attempt is under way."""
    return _order(session, security)


def follow_order(session: Session, order: PaymentOrder) -> bool:
    """A payment by which a security goes back was settled, or came to nothing. False: it is none."""
    security = security_queries.locked(session, col(Security.id) == order.resource_id)
    if security is None:
        return False
    session.refresh(order)
    if order.status is OrderStatus.SETTLED and security.status is SecurityStatus.RETURNING:
        assert security.collection_id is not None
        collection = collections.locked(session, security.collection_id)
        take_in(session, security)
        _order(session, security)  # what came meanwhile
        settled = _sum(session, security, OrderStatus.SETTLED)
        if settled == security.received_amount:
            returned(session, security)
            collections.refunded(session, collection, actor=SYSTEM)
    elif order.status in UNPAID:
        if security.status is SecurityStatus.RETURNED:
            security.returned_at = None
            security_moves.move(session, security, "come_back", SYSTEM)
        if security.status not in LIVE:
            return True
        _not_returned(session, security, order.last_error or order.status)
    return True


def returned(session: Session, security: Security) -> None:
    """It is with its payer again."""
    security.returned_at = db.now(session)
    security_moves.move(session, security, "complete_return", SYSTEM)


def _order(session: Session, security: Security) -> bool:
    """Order what lies on the security's account and is not on its way; False: nothing, or it cannot
    be sent to the account that its payer has named."""
    back = _sum(session, security, *_PAID)
    if security.received_amount <= back:
        return False
    try:
        orders.order(
            session,
            key=f"sec:{security.id.hex}:{len(_orders(session, security)) + 1}",
            purpose=Purpose.SECURITY_RETURN,
            resource_id=security.id,
            beneficiary_id=security.payer_id,
            payee_account_id=security.payee_account_id,
            amount=security.received_amount - back,
            currency=security.currency,
            rail=security.rail,
            debit=security_accounts.key(security),
            parties={security.id: [security.payer_id]},
            actor=SYSTEM,
        )
    except PayeeUnfit as error:
        _not_returned(session, security, error.code)
        return False
    return True


def _not_returned(session: Session, security: Security, reason: str) -> None:
    security_moves.log(session, security, "fail_return", SYSTEM, reason=reason)


def _receipts(session: Session, collection: Collection) -> Sequence[CollectionReceipt]:
    """What came in the currency that was asked for."""
    return session.exec(
        select(CollectionReceipt).where(
            CollectionReceipt.collection_id == collection.id,
            CollectionReceipt.currency == collection.currency,
        )
    ).all()


def _sum(session: Session, security: Security, *statuses: OrderStatus) -> Decimal:
    """What the attempts in one of these states send back."""
    made = _orders(session, security)
    return sum((each.amount for each in made if each.status in statuses), Decimal())


def _orders(session: Session, security: Security) -> Sequence[PaymentOrder]:
    """The attempts to send it back, in order."""
    query = select(PaymentOrder).where(
        PaymentOrder.resource_id == security.id, PaymentOrder.purpose == Purpose.SECURITY_RETURN
    )
    fresh = query.order_by(col(PaymentOrder.id)).execution_options(populate_existing=True)
    return session.exec(fresh).all()
