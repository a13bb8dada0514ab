"""Taking back what a seller was paid: by a reversal of the transfer, as far as its balance goes, and
as its debt for the rest.

How much is reversed is decided and written down before Stripe is asked, so that a call whose answer
was lost is repeated with the same amount under the same key.
"""

from decimal import Decimal
from uuid import UUID

from sqlmodel import Session, select

from api.core import db, jobs
from api.payments.models import PaymentOrder, StripeObject, StripeReturn
from api.payments.problems import AboveTransferred
from api.payments.rails import RailRefused
from api.payments.service import posting
from api.payments.service.posting import Posting
from api.payments.stripe_rail import client, objects, provider, returns
from api.rules.ledger import AccountKey, AccountKind, transfer
from api.rules.minor_units import from_minor, to_minor
from api.rules.stripe_events import ReturnStatus, StripeKind

TASK = "payments.reverse_transfer"


def ask(
    session: Session, order: PaymentOrder, *, key: str, amount: Decimal, actor: str
) -> StripeReturn:
    """Take `amount` of a settled transfer back; told again under its key, the same.

    Raises AboveTransferred.
    """
    root = session.exec(
        select(StripeObject)
        .where(StripeObject.payment_order_id == order.id, StripeObject.kind == StripeKind.TRANSFER)
        .with_for_update()
    ).one_or_none()
    known = session.exec(select(StripeReturn).where(StripeReturn.key == key)).one_or_none()
    if known is not None:
        return known
    if root is None or amount > returns.left(session, root):
        raise AboveTransferred
    planned = returns.plan(session, root, key=key, amount=amount)
    jobs.enqueue(session, TASK, {"actor": actor, "return_id": planned.id.hex})
    return planned


def reverse(return_id: UUID, actor: str) -> None:
    """Decide what can be reversed, ask Stripe for it, book what came and what is owed.

    No transaction is open while Stripe is asked; told again, it goes on where it was. Raises
    RailUnavailable.
    """
    with db.worker_unit_of_work() as session:
        part, root = _found(session, return_id)
    if part.status is ReturnStatus.PLANNED:
        there = _balance(root.external_id, part.currency)
        with db.worker_unit_of_work() as session:
            part = _decide(session, return_id, there, actor)
    if part.status is not ReturnStatus.PENDING:
        return
    try:
        with client.calls():
            client.get().v1.transfers.reversals.create(
                root.external_id,
                {
                    "amount": to_minor(part.amount, part.currency),
                    "metadata": {objects.KEY: part.key},
                },
                {"idempotency_key": part.key},
            )
    except RailRefused:
        with db.worker_unit_of_work() as session:
            _nothing_came(session, return_id, actor)
        return
    with db.worker_unit_of_work() as session:
        provider.fold(session, StripeKind.TRANSFER, root.external_id)


def _found(session: Session, return_id: UUID) -> tuple[StripeReturn, StripeObject]:
    part = session.get_one(StripeReturn, return_id)
    return part, session.get_one(StripeObject, part.object_id)


def _locked(session: Session, return_id: UUID) -> tuple[StripeReturn, PaymentOrder]:
    _, root = _found(session, return_id)
    root = objects.lock(session, root.kind, root.external_id)
    part = session.get_one(StripeReturn, return_id, populate_existing=True)
    return part, session.get_one(PaymentOrder, root.payment_order_id)


def _balance(transfer_id: str, currency: str) -> Decimal:
    """What a transfer's receiver has at Stripe, pending money with it: a reversal takes from both."""
    with client.calls():
        api = client.get()
        account = api.v1.transfers.retrieve(transfer_id).to_dict()["destination"]
        told = api.v1.balance.retrieve({}, {"stripe_account": account}).to_dict()
    units = sum(
        each["amount"]
        for each in (*told["available"], *told["pending"])
        if each["currency"] == currency.lower()
    )
    return max(Decimal(0), from_minor(units, currency))


def _decide(session: Session, return_id: UUID, there: Decimal, actor: str) -> StripeReturn:
    part, order = _locked(session, return_id)
    if part.status is ReturnStatus.PLANNED:
        short = part.amount - min(part.amount, there)
        if short == part.amount:
            returns.move(session, part, ReturnStatus.FAILED)
        else:
            part.amount -= short
            returns.move(session, part, ReturnStatus.PENDING)
        if short:
            _owe(session, part, order, short, actor)
    return part


def _nothing_came(session: Session, return_id: UUID, actor: str) -> None:
    part, order = _locked(session, return_id)
    if returns.move(session, part, ReturnStatus.FAILED):
        _owe(session, part, order, part.amount, actor, again=":refused")


def _owe(
    session: Session,
    part: StripeReturn,
    order: PaymentOrder,
    amount: Decimal,
    actor: str,
    again: str = "",
) -> None:
    """What did not come back is the debt of who was paid; the debited account has it again."""
    seller = order.beneficiary_id
    debt = AccountKey(AccountKind.SUPPLIER_RECEIVABLE, order.currency, seller)
    debited = AccountKey(order.debit_kind, order.currency, order.debit_reference)
    posting.post(
        session,
        Posting(
            key=f"stripe:owed:{part.key}{again}",
            kind="stripe.reversal_short",
            entries=transfer(debt, debited, amount),
            actor=actor,
            resource_id=order.id,
        ),
        {seller: [seller]},
    )
