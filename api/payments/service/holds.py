"""Holds: an amount promised now, posted, given back or expired later, once."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, select

from api.core import db, deadlines
from api.payments.models import (
    HoldOutcome,
    LedgerAccount,
    LedgerHold,
    LedgerHoldResolution,
)
from api.payments.problems import HoldExceeded, HoldResolved, LedgerKeyReused
from api.payments.service import accounts, posting
from api.payments.service.accounts import NOBODY, Parties
from api.payments.service.posting import Booked, Posting
from api.rules.ledger import AccountKey, transfer

EXPIRY = "ledger_hold.expired"


def reserve(
    session: Session,
    *,
    key: str,
    kind: str,
    debit: AccountKey,
    credit: AccountKey,
    amount: Decimal,
    actor: str,
    expires_at: datetime | None = None,
    resource_id: UUID | None = None,
    parties: Parties = NOBODY,
) -> LedgerHold:
    """Promise `amount` of `debit`, a liability that cannot be overdrawn, to `credit`.

    Told again, the hold of the first time. Raises InsufficientFunds, and LedgerKeyReused when the
    key belongs to another hold.
    """
    found = accounts.require(session, [debit, credit], parties)
    earlier = session.exec(
        select(LedgerHold).where(LedgerHold.idempotency_key == key)
    ).one_or_none()
    told = (found[debit], found[credit], amount)
    if earlier is not None:
        if (earlier.debit_account_id, earlier.credit_account_id, earlier.amount) != told:
            raise LedgerKeyReused(f"{key} was held otherwise.")
        return earlier
    hold = LedgerHold(
        idempotency_key=key,
        kind=kind,
        resource_id=resource_id,
        debit_account_id=told[0],
        credit_account_id=told[1],
        currency=debit.currency,
        amount=amount,
        expires_at=expires_at,
        actor=actor,
    )
    try:
        session.add(hold)
        session.flush()
    except IntegrityError as error:
        raise posting.refusal(error) from error
    if expires_at is not None:
        deadlines.arm(session, EXPIRY, hold.id, expires_at, org_id=None)
    return hold


def post(
    session: Session,
    hold: LedgerHold,
    *,
    actor: str,
    amount: Decimal | None = None,
    details: Mapping[str, Any] | None = None,
) -> Booked:
    """Book the promised amount, or less; what is left is free again.

    Raises HoldExceeded, and HoldResolved when the hold has ended, by its expiry too.
    """
    amount = hold.amount if amount is None else amount
    if amount > hold.amount:
        raise HoldExceeded(f"{hold.amount} {hold.currency} were held.")
    if outcome(session, hold) is None and _is_over(session, hold):
        raise HoldResolved("The hold has expired.")
    debit, credit = (
        accounts.key_of(session.get_one(LedgerAccount, account_id))
        for account_id in (hold.debit_account_id, hold.credit_account_id)
    )
    return posting.post(
        session,
        Posting(
            key=f"hold:{hold.id}",
            kind=hold.kind,
            entries=transfer(debit, credit, amount),
            actor=actor,
            resource_id=hold.resource_id,
            settles=hold,
            details=dict(details or {}),
        ),
    )


def void(session: Session, hold: LedgerHold, *, actor: str) -> None:
    """Give the promised amount back. Raises HoldResolved."""
    _end(session, hold, HoldOutcome.VOIDED, actor)


def expire_due(session: Session, hold_id: UUID) -> None:
    """Give back what nobody posted in time; nothing when the hold has ended or has time left."""
    hold = session.get(LedgerHold, hold_id)
    if hold is not None and _is_over(session, hold) and outcome(session, hold) is None:
        _end(session, hold, HoldOutcome.EXPIRED, "clock")


def outcome(session: Session, hold: LedgerHold) -> HoldOutcome | None:
    """How the hold ended; None while it stands."""
    found = session.exec(
        select(LedgerHoldResolution).where(LedgerHoldResolution.hold_id == hold.id)
    ).one_or_none()
    return found.outcome if found else None


def _is_over(session: Session, hold: LedgerHold) -> bool:
    return hold.expires_at is not None and hold.expires_at <= db.now(session)


def _end(session: Session, hold: LedgerHold, how: HoldOutcome, actor: str) -> None:
    try:
        session.add(
            LedgerHoldResolution(hold_id=hold.id, hold_amount=hold.amount, outcome=how, actor=actor)
        )
        session.flush()
    except IntegrityError as error:
        raise posting.refusal(error) from error
