"""Where organisations are paid, money that is expected, and money that goes out."""

from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Column, Index, LargeBinary, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.dialects.postgresql import UUID as PgUuid
from sqlmodel import Field

from api.core.tables import MONEY, TEXTS, TIMESTAMP, Table, state
from api.rules.ledger import AccountKind
from api.rules.rails import (
    CollectionStatus,
    OrderStatus,
    PayeeState,
    Purpose,
    RailName,
    SuspenseStatus,
)

_IDS: Any = ARRAY(PgUuid(as_uuid=True))


class PlatformAccount(Table, table=True):
    """An account of the platform at a bank, to which payers pay and from which it pays."""

    __tablename__ = "platform_account"
    __table_args__ = (
        Index(
            "uq_platform_account_open",
            "number",
            "currency",
            unique=True,
            postgresql_where=text("closed_at IS NULL"),
        ),
    )

    country: str = Field(max_length=2)
    currency: str = Field(max_length=3)
    holder_name: str = Field(max_length=500)
    bank_name: str = Field(max_length=200)
    bic: str | None = Field(default=None, max_length=14)
    number: str = Field(max_length=34)
    added_by: str = Field(max_length=80)
    closed_at: datetime | None = Field(default=None, sa_type=TIMESTAMP)


class PayeeAccount(Table, table=True):
    """Where an organisation is paid. The number is encrypted; `last4` is what is shown of it.

    `is_sender`: it is of somebody who is no organisation here, held by the platform's own so that money
    that nobody expected can go back. `provider_status` is the provider's own word for whether it can
    be paid; `onboarding_url` leads once, until it expires, to where the provider asks the payee.
    `contact_email` stands here until the provider has it.
    """

    __tablename__ = "payee_account"
    __table_args__ = (
        CheckConstraint("verified_by <> added_by", name="four_eyes"),
        CheckConstraint("rail <> 'bank_transfer' OR number IS NOT NULL", name="bank_has_number"),
        Index(
            "uq_payee_account_live",
            "organisation_id",
            "rail",
            "fingerprint",
            unique=True,
            postgresql_where=text("state NOT IN ('retired', 'refused')"),
        ),
    )

    organisation_id: UUID = Field(foreign_key="organisation.id", ondelete="RESTRICT")
    rail: RailName = Field(sa_type=state(RailName))
    country: str = Field(max_length=2)
    currency: str = Field(max_length=3)
    holder_name: str = Field(max_length=500)
    bank_name: str | None = Field(default=None, max_length=200)
    bic: str | None = Field(default=None, max_length=14)
    number: bytes | None = Field(default=None, sa_column=Column(LargeBinary))
    last4: str | None = Field(default=None, max_length=4)
    fingerprint: str = Field(max_length=64)
    provider_account_id: str | None = Field(default=None, max_length=255, unique=True)
    provider_status: str | None = Field(default=None, max_length=60)
    contact_email: str | None = Field(default=None, max_length=254)
    onboarding_url: str | None = Field(default=None, max_length=2000)
    onboarding_expires_at: datetime | None = Field(default=None, sa_type=TIMESTAMP)
    state: PayeeState = Field(default=PayeeState.SUBMITTED, sa_type=state(PayeeState))
    reason: str | None = Field(default=None, max_length=1000)
    added_by: str = Field(max_length=80)
    verified_by: str | None = Field(default=None, max_length=80)
    is_sender: bool = Field(default=False, sa_column_kwargs={"server_default": text("false")})
    version: int = 1


class Collection(Table, table=True):
    """Money that is expected of `payer_id`, for the account of `credit_kind` and
    `credit_reference`; `reference` is what the payer writes (ISO 11649).
    `parties` may read that account."""

    __tablename__ = "collection"
    __table_args__ = (
        CheckConstraint("amount > 0", name="amount_positive"),
        CheckConstraint("received_amount BETWEEN 0 AND amount", name="received_within_amount"),
        Index("ix_collection_resource_id", "resource_id", "purpose"),
    )

    idempotency_key: str = Field(max_length=200, unique=True)
    payer_id: UUID = Field(foreign_key="organisation.id", index=True, ondelete="RESTRICT")
    purpose: Purpose = Field(sa_type=state(Purpose))
    resource_id: UUID
    rail: RailName = Field(sa_type=state(RailName))
    currency: str = Field(max_length=3)
    amount: Decimal = Field(sa_type=MONEY)
    received_amount: Decimal = Field(default=Decimal(), sa_type=MONEY)
    reference: str = Field(max_length=25, unique=True)
    credit_kind: AccountKind = Field(sa_type=state(AccountKind))
    credit_reference: UUID | None = None
    parties: list[UUID] = Field(sa_column=Column(_IDS, nullable=False))
    due_at: datetime | None = Field(default=None, sa_type=TIMESTAMP)
    status: CollectionStatus = Field(
        default=CollectionStatus.REQUESTED, sa_type=state(CollectionStatus)
    )
    provider_id: str | None = Field(default=None, max_length=255, unique=True)
    pay_url: str | None = Field(default=None, max_length=2000)
    version: int = 1


class CollectionReceipt(Table, table=True):
    """Money that came for a collection, once for each `external_id` of the rail. Never altered.

    `received_at` is when the platform knew of it."""

    __tablename__ = "collection_receipt"
    __table_args__ = (CheckConstraint("amount > 0 AND fee >= 0 AND fee < amount", name="positive"),)

    collection_id: UUID = Field(foreign_key="collection.id", index=True, ondelete="RESTRICT")
    external_id: str = Field(max_length=200, unique=True)
    currency: str = Field(max_length=3)
    amount: Decimal = Field(sa_type=MONEY)
    applied_amount: Decimal = Field(sa_type=MONEY)
    fee: Decimal = Field(sa_type=MONEY)
    received_at: datetime | None = Field(default=None, sa_type=TIMESTAMP)
    transaction_id: UUID = Field(foreign_key="ledger_transaction.id", ondelete="RESTRICT")


class CollectionReversal(Table, table=True):
    """A receipt that the rail has taken back: so much off the account that it was credited to, the rest
    a debt of the payer that the collection `asked_by_id` asks for. Never altered."""

    __tablename__ = "collection_reversal"
    __table_args__ = (
        CheckConstraint(
            "taken_amount >= 0 AND owed_amount >= 0 AND taken_amount + owed_amount > 0",
            name="amount_positive",
        ),
        CheckConstraint("(owed_amount > 0) = (asked_by_id IS NOT NULL)", name="owed_is_asked"),
    )

    collection_id: UUID = Field(foreign_key="collection.id", index=True, ondelete="RESTRICT")
    receipt_id: UUID = Field(foreign_key="collection_receipt.id", ondelete="RESTRICT", unique=True)
    currency: str = Field(max_length=3)
    taken_amount: Decimal = Field(sa_type=MONEY)
    owed_amount: Decimal = Field(sa_type=MONEY)
    reason: str | None = Field(default=None, max_length=40)
    transaction_id: UUID = Field(foreign_key="ledger_transaction.id", ondelete="RESTRICT")
    asked_by_id: UUID | None = Field(default=None, foreign_key="collection.id", ondelete="RESTRICT")


class PaymentOrder(Table, table=True):
    """Money that goes out of the account of `debit_kind` and `debit_reference`; promised by a hold
    until the rail has settled it. A refund by the rail that the money came on needs no account.

    `attempts` counts how often the rail was asked: once it was, nobody cancels. `blocked_by` are the
    reasons for which it was not sent when it could have been.
    """

    __tablename__ = "payment_order"
    __table_args__ = (
        CheckConstraint("amount > 0", name="amount_positive"),
        CheckConstraint("approved_by <> created_by OR NOT needs_approval", name="four_eyes"),
        CheckConstraint(
            "rail <> 'bank_transfer' OR payee_account_id IS NOT NULL", name="bank_has_payee"
        ),
        Index("ix_payment_order_resource_id", "resource_id", "purpose"),
        Index(
            "ix_payment_order_waiting",
            "beneficiary_id",
            postgresql_where=text("status = 'approved'"),
        ),
    )

    idempotency_key: str = Field(max_length=200, unique=True)
    purpose: Purpose = Field(sa_type=state(Purpose))
    resource_id: UUID
    beneficiary_id: UUID = Field(foreign_key="organisation.id", ondelete="RESTRICT")
    payee_account_id: UUID | None = Field(
        default=None, foreign_key="payee_account.id", ondelete="RESTRICT"
    )
    rail: RailName = Field(sa_type=state(RailName))
    currency: str = Field(max_length=3)
    amount: Decimal = Field(sa_type=MONEY)
    debit_kind: AccountKind = Field(sa_type=state(AccountKind))
    debit_reference: UUID | None = None
    hold_id: UUID = Field(foreign_key="ledger_hold.id", ondelete="RESTRICT")
    status: OrderStatus = Field(default=OrderStatus.CREATED, sa_type=state(OrderStatus))
    needs_approval: bool
    created_by: str = Field(max_length=80)
    approved_by: str | None = Field(default=None, max_length=80)
    blocked_by: list[str] = Field(sa_column=Column(TEXTS, nullable=False))
    end_to_end_id: str = Field(max_length=35, unique=True)
    provider_id: str | None = Field(default=None, max_length=255, index=True)
    attempts: int = 0
    last_error: str | None = Field(default=None, max_length=500)
    batch_id: UUID | None = Field(
        default=None, foreign_key="payment_batch.id", index=True, ondelete="RESTRICT"
    )
    version: int = 1


class SuspenseItem(Table, table=True):
    """Money that came and fits nothing: on the suspense account until two people have decided."""

    __tablename__ = "suspense_item"
    __table_args__ = (
        CheckConstraint("amount > 0", name="amount_positive"),
        CheckConstraint("decided_by <> proposed_by", name="four_eyes"),
    )

    external_id: str = Field(max_length=200, unique=True)
    currency: str = Field(max_length=3)
    amount: Decimal = Field(sa_type=MONEY)
    clearing_kind: AccountKind = Field(sa_type=state(AccountKind))
    payer: str | None = Field(default=None, max_length=500)
    reference: str | None = Field(default=None, max_length=1000)
    reason: str = Field(max_length=40)
    collection_id: UUID | None = Field(
        default=None, foreign_key="collection.id", ondelete="RESTRICT"
    )
    status: SuspenseStatus = Field(default=SuspenseStatus.OPEN, sa_type=state(SuspenseStatus))
    proposed_by: str | None = Field(default=None, max_length=80)
    decided_by: str | None = Field(default=None, max_length=80)
    assign_to: UUID | None = Field(default=None, foreign_key="collection.id", ondelete="RESTRICT")
    return_to: UUID | None = Field(
        default=None, foreign_key="payee_account.id", ondelete="RESTRICT"
    )
    order_id: UUID | None = Field(default=None, foreign_key="payment_order.id", ondelete="RESTRICT")
    version: int = 1
