"""Accounts that are paid to, money that is expected, money that goes out."""

from datetime import datetime
from decimal import Decimal
from uuid import UUID

from sqlmodel import Field

from api.core.tables import MONEY, TIMESTAMP, Table, state
from api.rules.ledger import AccountKind
from api.rules.rails import CollectionStatus, OrderStatus, PayeeState, Purpose, RailName


class PayeeAccount(Table, table=True):
    """Where an organisation is paid."""

    __tablename__ = "payee_account"

    organisation_id: UUID = Field(foreign_key="organisation.id", index=True, ondelete="RESTRICT")
    rail: RailName = Field(sa_type=state(RailName))
    country: str = Field(max_length=2)
    currency: str = Field(max_length=3)
    holder_name: str = Field(max_length=500)
    state: PayeeState = Field(default=PayeeState.SUBMITTED, sa_type=state(PayeeState))


class Collection(Table, table=True):
    """Money that is expected."""

    __tablename__ = "collection"

    payer_id: UUID = Field(foreign_key="organisation.id", index=True, ondelete="RESTRICT")
    purpose: Purpose = Field(sa_type=state(Purpose))
    resource_id: UUID = Field(index=True)
    rail: RailName = Field(sa_type=state(RailName))
    currency: str = Field(max_length=3)
    amount: Decimal = Field(sa_type=MONEY)
    received_amount: Decimal = Field(default=Decimal(), sa_type=MONEY)
    reference: str = Field(max_length=40, unique=True)
    credit_kind: AccountKind = Field(sa_type=state(AccountKind))
    credit_reference: UUID | None = None
    due_at: datetime = Field(sa_type=TIMESTAMP)
    status: CollectionStatus = Field(
        default=CollectionStatus.REQUESTED, sa_type=state(CollectionStatus)
    )
    version: int = 1


class PaymentOrder(Table, table=True):
    """Money that goes out."""

    __tablename__ = "payment_order"

    idempotency_key: str = Field(max_length=200, unique=True)
    purpose: Purpose = Field(sa_type=state(Purpose))
    resource_id: UUID = Field(index=True)
    beneficiary_id: UUID = Field(foreign_key="organisation.id", ondelete="RESTRICT")
    payee_account_id: UUID = Field(foreign_key="payee_account.id", ondelete="RESTRICT")
    rail: RailName = Field(sa_type=state(RailName))
    currency: str = Field(max_length=3)
    amount: Decimal = Field(sa_type=MONEY)
    hold_id: UUID = Field(foreign_key="ledger_hold.id", ondelete="RESTRICT")
    status: OrderStatus = Field(default=OrderStatus.CREATED, sa_type=state(OrderStatus))
    last_error: str | None = Field(default=None, max_length=500)
    version: int = 1
