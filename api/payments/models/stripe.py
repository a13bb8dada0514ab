"""What is known of Stripe's objects, and what its balance says. Only the workers write it."""

from datetime import datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, text
from sqlmodel import Field

from api.core.tables import MONEY, TIMESTAMP, Table, state
from api.rules.stripe_events import ReturnStatus, StripeKind


class StripeObject(Table, table=True):
    """A root: whoever folds what Stripe says of it, or pays back from it, holds its row.

    `status` is Stripe's own word, the last that was believed. One of the three ids says what it is
    of ours; none, that it was made elsewhere. `amount` is what came in or went out by it.
    """

    __tablename__ = "stripe_object"
    __table_args__ = (
        CheckConstraint(
            "num_nonnulls(collection_id, payment_order_id, payee_account_id) <= 1",
            name="of_one_thing",
        ),
        CheckConstraint("amount >= 0", name="amount_not_negative"),
    )

    external_id: str = Field(max_length=255, unique=True)
    kind: StripeKind = Field(sa_type=state(StripeKind))
    status: str | None = Field(default=None, max_length=60)
    collection_id: UUID | None = Field(
        default=None, foreign_key="collection.id", ondelete="RESTRICT", index=True
    )
    payment_order_id: UUID | None = Field(
        default=None, foreign_key="payment_order.id", ondelete="RESTRICT", index=True
    )
    payee_account_id: UUID | None = Field(
        default=None, foreign_key="payee_account.id", ondelete="RESTRICT", index=True
    )
    currency: str | None = Field(default=None, max_length=3)
    amount: Decimal = Field(default=Decimal(0), sa_type=MONEY)


class StripeReturn(Table, table=True):
    """A refund of a payment, or a reversal of a transfer: what flows back through its root.

    What has not failed counts against the root's amount, so that more is never asked for. `key` is
    the idempotency key at Stripe; of one that was made elsewhere, Stripe's id.
    `payment_order_id` is no foreign key: the order's row is held by whoever asks for it.
    """

    __tablename__ = "stripe_return"
    __table_args__ = (CheckConstraint("amount > 0", name="amount_positive"),)

    key: str = Field(max_length=255, unique=True)
    object_id: UUID = Field(foreign_key="stripe_object.id", ondelete="RESTRICT", index=True)
    payment_order_id: UUID | None = Field(default=None, unique=True)
    amount: Decimal = Field(sa_type=MONEY)
    currency: str = Field(max_length=3)
    status: ReturnStatus = Field(default=ReturnStatus.PLANNED, sa_type=state(ReturnStatus))
    external_id: str | None = Field(default=None, max_length=255, unique=True)


class PaymentDispute(Table, table=True):
    """A payer's bank takes money back, or asks about it (status `warning_…`).

    `withdrawn` is what Stripe holds for it now, `lost` what of that was booked as gone.
    """

    __tablename__ = "payment_dispute"
    __table_args__ = (
        Index("ix_payment_dispute_open", "contract_id", postgresql_where=text("closed_at IS NULL")),
        CheckConstraint("withdrawn >= 0 AND lost >= 0", name="amounts_not_negative"),
    )

    external_id: str = Field(max_length=255, unique=True)
    object_id: UUID = Field(foreign_key="stripe_object.id", ondelete="RESTRICT", index=True)
    collection_id: UUID = Field(foreign_key="collection.id", ondelete="RESTRICT", index=True)
    contract_id: UUID | None = Field(
        default=None, foreign_key="contract.id", ondelete="RESTRICT", index=True
    )
    reason: str = Field(max_length=60)
    status: str = Field(max_length=60)
    amount: Decimal = Field(sa_type=MONEY)
    currency: str = Field(max_length=3)
    withdrawn: Decimal = Field(default=Decimal(0), sa_type=MONEY)
    lost: Decimal = Field(default=Decimal(0), sa_type=MONEY)
    loss_bookings: int = 0
    evidence_due_at: datetime | None = Field(default=None, sa_type=TIMESTAMP)
    evidence_submitted: bool = False
    closed_at: datetime | None = Field(default=None, sa_type=TIMESTAMP)


class StripeCursor(Table, table=True):
    """How far a list of Stripe was read: everything created before `read_until` is here."""

    __tablename__ = "stripe_cursor"

    name: str = Field(max_length=40, unique=True)
    read_until: datetime = Field(sa_type=TIMESTAMP)
    asked_at: datetime = Field(sa_type=TIMESTAMP)
