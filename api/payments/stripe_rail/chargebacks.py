"""Disputes of payers: while one is open the contract's payments are frozen and the money is in
reserve; what was lost is booked as gone, what was won comes back. What was paid for a security is
frozen likewise (security_chargebacks).

Stripe's `balance_transactions` of a dispute say what it took and gave, its status who won
(https://docs.stripe.com/api/disputes/object). An inquiry (`warning_…`) takes nothing.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlmodel import Session, select
from stripe import StripeClient

from api.contracts import freezes
from api.core import audit, db, deadlines, jobs
from api.core.outbox import emit
from api.payments.models import Collection, PaymentDispute, StripeObject
from api.payments.service import posting, security_chargebacks
from api.payments.service.posting import Posting
from api.payments.stripe_rail import liability
from api.payments.stripe_rail.objects import ACTOR, clearing, fees, money
from api.rules.ledger import AccountKey, AccountKind, transfer
from api.rules.minor_units import from_minor
from api.rules.offers import plain
from api.rules.stripe_events import FINAL_DISPUTES

TAKE_BACK = "payments.take_back_loss"
EVIDENCE_WARNING_DUE = "payment_dispute.evidence_warning_due"
_WARNED_BEFORE = timedelta(days=3)
_TAKEN_BACK = "chargeback:"


class SettledAbroad(Exception):
    """A dispute is settled in another currency than its payment: somebody has to book it."""


def fold(session: Session, client: StripeClient, row: StripeObject, collection: Collection) -> None:
    """Book what Stripe says of a payment's disputes. The payment's row is locked.

    Raises stripe.StripeError or SettledAbroad.
    """
    listed = client.v1.disputes.list({"payment_intent": row.external_id, "limit": 100})
    for each in listed.auto_paging_iter():
        _fold_one(session, row, collection, each.to_dict())


def warn(session: Session, dispute: PaymentDispute) -> None:
    """Tell that evidence is due soon, unless it was given or the dispute is over."""
    if dispute.closed_at is None and not dispute.evidence_submitted:
        _tell(session, dispute, "evidence_due")


def loss_key(dispute: PaymentDispute) -> str:
    """What the loss that was booked last is known by in the ledger."""
    return f"stripe:dispute:{dispute.external_id}:lost:{dispute.loss_bookings}"


def taken_back_prefix(dispute: PaymentDispute) -> str:
    """How the keys of reversals begin that are made for that loss."""
    return f"{_TAKEN_BACK}{dispute.id.hex}:{dispute.loss_bookings}:"


def owed_by(session: Session, key: str) -> AccountKey | None:
    """What money that was taken back under a key makes less: the seller's debt, or, where the loss
    was none after all, nothing, and it is owed to the seller. None for what no loss asked for."""
    if not key.startswith(_TAKEN_BACK):
        return None
    dispute = session.get_one(
        PaymentDispute, UUID(hex=key.split(":")[1]), with_for_update=True, populate_existing=True
    )
    collection = session.get_one(Collection, dispute.collection_id)
    return liability.made_less(session, collection, stands=bool(dispute.lost))


def _fold_one(
    session: Session, row: StripeObject, collection: Collection, told: dict[str, Any]
) -> None:
    dispute = _known(session, row, collection, told)
    is_new = dispute.status == ""
    if dispute.status not in FINAL_DISPUTES or told["status"] in FINAL_DISPUTES:
        dispute.status = told["status"]
    details = told.get("evidence_details") or {}
    dispute.evidence_submitted = bool(details.get("submission_count"))
    session.add(dispute)
    session.flush()
    if is_new:
        _open(session, dispute, details.get("due_by"))
    if dispute.status == "lost":
        security_chargebacks.lost(session, collection)
    _book(session, dispute, collection, told["balance_transactions"])
    if dispute.status in FINAL_DISPUTES and dispute.closed_at is None:
        _close(session, dispute)


def _known(
    session: Session, row: StripeObject, collection: Collection, told: dict[str, Any]
) -> PaymentDispute:
    query = select(PaymentDispute).where(PaymentDispute.external_id == told["id"])
    held = query.with_for_update().execution_options(populate_existing=True)
    found = session.exec(held).one_or_none()
    if found is not None:
        return found
    amount, currency = money(told["amount"], told["currency"])
    contract = liability.contract_of(session, collection)
    return PaymentDispute(
        external_id=told["id"],
        object_id=row.id,
        collection_id=collection.id,
        contract_id=contract.id if contract else None,
        reason=told["reason"],
        status="",
        amount=amount,
        currency=currency,
    )


def _open(session: Session, dispute: PaymentDispute, due_by: int | None) -> None:
    if dispute.contract_id is not None:
        freezes.hold(session, contract_id=dispute.contract_id, payment_dispute_id=dispute.id)
    if due_by is not None:
        due = datetime.fromtimestamp(due_by, UTC)
        dispute.evidence_due_at = due
        warned = max(due - _WARNED_BEFORE, db.now(session))
        deadlines.arm(session, EVIDENCE_WARNING_DUE, dispute.id, warned, org_id=None)
    _tell(session, dispute, "opened")


def _close(session: Session, dispute: PaymentDispute) -> None:
    dispute.closed_at = db.now(session)
    deadlines.disarm(session, EVIDENCE_WARNING_DUE, dispute.id)
    freezes.release(session, payment_dispute_id=dispute.id)
    _tell(session, dispute, "closed")
    session.flush()
    collection = session.get_one(Collection, dispute.collection_id)
    security_chargebacks.closed(session, collection)


def _book(
    session: Session, dispute: PaymentDispute, collection: Collection, lines: Sequence[Any]
) -> None:
    """Take into reserve, book the loss, give out of reserve: in this order, none is overdrawn."""
    reserve = AccountKey(AccountKind.DISPUTE_RESERVE, dispute.currency)
    taken = [each for each in lines if each["amount"] < 0]
    given = [each for each in lines if each["amount"] > 0]
    _move(session, dispute, reserve, taken)
    dispute.withdrawn = _sum(taken, dispute.currency) - _sum(given, dispute.currency)
    wanted = dispute.withdrawn if dispute.status == "lost" else Decimal(0)
    if wanted > dispute.lost:
        dispute.loss_bookings += 1
        key = loss_key(dispute)
        liability.take(session, collection, wanted - dispute.lost, reserve, key=key)
        if dispute.contract_id is not None and liability.debt(session, key):
            jobs.enqueue(session, TAKE_BACK, {"resource_id": dispute.id.hex})
    elif wanted < dispute.lost:
        key, prefix = loss_key(dispute), taken_back_prefix(dispute)
        liability.owe_again(session, collection, prefix=prefix, key=key, resource_id=dispute.id)
        liability.give_back(session, key)
    dispute.lost = wanted
    _move(session, dispute, reserve, given)
    session.add(dispute)


def _move(
    session: Session, dispute: PaymentDispute, reserve: AccountKey, lines: Sequence[Any]
) -> None:
    posted = []
    for line in lines:
        amount, settled = money(abs(line["amount"]), line["currency"])
        if settled != dispute.currency:
            raise SettledAbroad(f"{dispute.external_id} is settled in {settled}.")
        into = (reserve, clearing(settled))
        entries = transfer(*(into if line["amount"] < 0 else into[::-1]), amount)
        if line["fee"]:
            fee = from_minor(abs(line["fee"]), settled)
            charged = (fees(settled), clearing(settled))
            entries += transfer(*(charged if line["fee"] > 0 else charged[::-1]), fee)
        posted.append(
            Posting(
                key=f"stripe:dispute_line:{line['id']}",
                kind="stripe.disputed",
                entries=entries,
                actor=ACTOR,
                resource_id=dispute.id,
                details={"external_id": line["id"]},
            )
        )
    if posted:
        posting.post_all(session, posted)


def _sum(lines: Sequence[Any], currency: str) -> Decimal:
    return from_minor(sum(abs(each["amount"]) for each in lines), currency)


def _tell(session: Session, dispute: PaymentDispute, what: str) -> None:
    """An entry in the audit trail and an event: whose money it is about hears of it."""
    collection = session.get_one(Collection, dispute.collection_id)
    contract = liability.contract_of(session, collection)
    told: dict[str, Any] = {
        "collection_id": collection.id.hex,
        "contract_id": contract.id.hex if contract else None,
        "status": dispute.status,
        "reason": dispute.reason,
        "amount": plain(dispute.amount),
        "currency": dispute.currency,
        "evidence_due_at": dispute.evidence_due_at and dispute.evidence_due_at.isoformat(),
    }
    stream = f"payment_dispute:{dispute.id.hex}"
    audit.record(session, stream, what, actor=ACTOR, org_id=None, change=told)
    also = contract.suppliers if contract else security_chargebacks.beneficiary(session, collection)
    emit(
        session,
        f"payment_dispute.{what}",
        dispute.id,
        org_id=collection.payer_id,
        also=also,
        **told,
    )
