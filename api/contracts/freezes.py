"""Payments that a payer's bank holds up: while it takes money back, none of the contract is paid.

Disputes between the two sides freeze what depends on them (disputes.py); this freezes all. Never
commits.
"""

from uuid import UUID

from sqlalchemy import update
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session, col

from api.contracts.models import PaymentFreeze
from api.core import bulk, db
from api.rules.disputes import MilestoneKind


def hold(session: Session, *, contract_id: UUID, payment_dispute_id: UUID) -> None:
    """Freeze every payment of a contract; told again, nothing happens."""
    now = db.now(session)
    rows = [
        bulk.new_row(
            contract_id=contract_id,
            payment_dispute_id=payment_dispute_id,
            milestone=milestone,
            frozen_at=now,
        )
        for milestone in MilestoneKind
    ]
    session.connection().execute(insert(PaymentFreeze).on_conflict_do_nothing(), rows)


def release(session: Session, *, payment_dispute_id: UUID) -> None:
    """Free what it froze; told again, nothing happens."""
    session.connection().execute(
        update(PaymentFreeze)
        .where(
            col(PaymentFreeze.payment_dispute_id) == payment_dispute_id,
            col(PaymentFreeze.released_at).is_(None),
        )
        .values(released_at=db.now(session))
    )
