"""Taking back what a seller was paid, by reversals of its transfers, as far as its balance goes.

How much is reversed is decided and written down before Stripe is asked, so that a call whose answer
was lost is repeated with the same amount under the same key. What does not come is the business of
who has asked (service/recoveries).
"""

from collections.abc import Sequence
from decimal import Decimal
from uuid import UUID

import stripe
from sqlmodel import Session, col, func, select
from sqlmodel.sql.expression import SelectOfScalar

from api.core import db, jobs
from api.payments.models import PaymentOrder, PaymentRecovery, StripeObject, StripeReturn
from api.payments.rails import RailRefused
from api.payments.service import milestones
from api.payments.stripe_rail import client, objects, provider, returns
from api.rules.minor_units import from_minor, to_minor
from api.rules.rails import Purpose
from api.rules.stripe_events import ReturnStatus, StripeKind

TASK = "payments.take_back"
_SHORT = frozenset({"balance_insufficient", "insufficient_funds"})
_OPEN = frozenset({ReturnStatus.PLANNED, ReturnStatus.PENDING})


def possible(session: Session, contract_id: UUID) -> bool:
    """Whether anything of a contract was paid by transfers, which can be reversed."""
    return session.exec(_transfers(contract_id).limit(1)).first() is not None


def came(session: Session, recovery: PaymentRecovery) -> Decimal | None:
    """What has come back for a recovery; None while Stripe has not answered."""
    parts = _parts(session, _prefix(recovery.id))
    if not parts or any(each.status in _OPEN for each in parts):
        return None
    done = (each.amount for each in parts if each.status is ReturnStatus.SUCCEEDED)
    return sum(done, Decimal())


def asked(session: Session, recovery: PaymentRecovery) -> bool:
    """Whether it was decided already how much Stripe is asked for."""
    return bool(_parts(session, _prefix(recovery.id)))


def elsewhere(session: Session, contract_id: UUID) -> Decimal:
    """What was reversed of a contract's transfers in Stripe's dashboard, which nobody asked for here:
    its key is Stripe's own id."""
    roots = _transfers(contract_id).with_only_columns(col(StripeObject.id)).order_by(None)
    total = session.exec(
        select(func.coalesce(func.sum(StripeReturn.amount), 0))
        .where(col(StripeReturn.object_id).in_(roots), StripeReturn.key == StripeReturn.external_id)
        .where(StripeReturn.status == ReturnStatus.SUCCEEDED)
    ).one()
    return Decimal(total)


def take_back(recovery_id: UUID) -> None:
    """Reverse transfers of a recovery's contract, the latest first, as far as they and the seller's
    balance go; told again, it goes on where it was.

    No transaction is open while Stripe is asked. Raises RailUnavailable.
    """
    with db.worker_unit_of_work() as session:
        contract_id, parts = _plan(session, recovery_id)
    for part_id in parts:
        reverse(part_id)
    with db.worker_unit_of_work() as session:
        jobs.enqueue(session, milestones.FOLLOW, {"resource_id": contract_id.hex})


def planned(
    session: Session, contract_id: UUID, prefix: str, amount: Decimal
) -> Sequence[StripeReturn]:
    """Reversals, with keys that begin so, of a contract's transfers, as far as those go: made now,
    unless they are there already. Who calls holds what they are for."""
    if made := _parts(session, prefix):
        return made
    parts, left = [], amount
    for root in session.exec(_transfers(contract_id).with_for_update()).all():
        part = min(left, returns.left(session, root))
        if part > 0:
            key = f"{prefix}{root.external_id}"
            parts.append(returns.plan(session, root, key=key, amount=part))
            left -= part
    return parts


def reverse(part_id: UUID) -> None:
    """Ask Stripe for a reversal that was planned, as far as the seller's balance goes. Told again,
    it goes on where it was. Raises RailUnavailable."""
    with db.worker_unit_of_work() as session:
        part, root = _found(session, part_id)
    if part.status is ReturnStatus.PLANNED:
        there = _balance(root.external_id, part.currency)
        with db.worker_unit_of_work() as session:
            part = _decide(session, part_id, there)
    if part.status is not ReturnStatus.PENDING:
        return
    try:
        with client.calls():
            _ask(root.external_id, part)
    except RailRefused:
        with db.worker_unit_of_work() as session:
            returns.move(session, _locked(session, part_id), ReturnStatus.FAILED)
        return
    with db.worker_unit_of_work() as session:
        provider.fold(session, StripeKind.TRANSFER, root.external_id)


def _plan(session: Session, recovery_id: UUID) -> tuple[UUID, list[UUID]]:
    recovery = session.get_one(PaymentRecovery, recovery_id, with_for_update=True)
    prefix = _prefix(recovery_id)
    if recovery.taken_back is not None:
        return recovery.contract_id, [each.id for each in _parts(session, prefix)]
    left = recovery.amount - recovery.recovered
    parts = planned(session, recovery.contract_id, prefix, left)
    if not parts:
        recovery.taken_back = recovery.recovered
        session.add(recovery)
    return recovery.contract_id, [each.id for each in parts]


def _ask(transfer_id: str, part: StripeReturn) -> None:
    """Reverse; a balance that has become too short meanwhile is a refusal, not to be tried again."""
    try:
        client.get().v1.transfers.reversals.create(
            transfer_id,
            {
                "amount": to_minor(part.amount, part.currency),
                "metadata": {objects.KEY: part.key},
            },
            {"idempotency_key": part.key},
        )
    except stripe.InvalidRequestError as error:
        if error.code not in _SHORT:
            raise
        raise RailRefused(error.code, "The seller's balance is too short.") from error


def _found(session: Session, part_id: UUID) -> tuple[StripeReturn, StripeObject]:
    part = session.get_one(StripeReturn, part_id)
    return part, session.get_one(StripeObject, part.object_id)


def _locked(session: Session, part_id: UUID) -> StripeReturn:
    _, root = _found(session, part_id)
    objects.lock(session, root.kind, root.external_id)
    return session.get_one(StripeReturn, part_id, populate_existing=True)


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


def _decide(session: Session, part_id: UUID, there: Decimal) -> StripeReturn:
    part = _locked(session, part_id)
    if part.status is ReturnStatus.PLANNED:
        if there:
            part.amount = min(part.amount, there)
        returns.move(session, part, ReturnStatus.PENDING if there else ReturnStatus.FAILED)
    return part


def _transfers(contract_id: UUID) -> SelectOfScalar[StripeObject]:
    """What was paid of a contract by transfers, the latest first."""
    return (
        select(StripeObject)
        .join(PaymentOrder, col(PaymentOrder.id) == StripeObject.payment_order_id)
        .where(StripeObject.kind == StripeKind.TRANSFER)
        .where(PaymentOrder.purpose == Purpose.RELEASE, PaymentOrder.debit_reference == contract_id)
        .order_by(col(StripeObject.id).desc())
    )


def _parts(session: Session, prefix: str) -> Sequence[StripeReturn]:
    query = select(StripeReturn).where(col(StripeReturn.key).startswith(prefix))
    return session.exec(query.order_by(col(StripeReturn.id))).all()


def _prefix(recovery_id: UUID) -> str:
    return f"recovery:{recovery_id.hex}:"
