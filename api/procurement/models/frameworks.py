"""Framework agreements: their terms in the tender, their suppliers and prices, what was called off."""

from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, CheckConstraint, Column, LargeBinary, UniqueConstraint, Uuid
from sqlmodel import Field

from api.core.tables import JSON, MONEY, TIMESTAMP, Table, state
from api.rules.frameworks import (
    Allocation,
    FrameworkEnd,
    FrameworkMethod,
    FrameworkStatus,
    ParticipantStatus,
)
from api.rules.signatures import SignatureMethod
from api.rules.tenders import Value

_TEXT = 5000
_ALLOCATED = "(method = 'withReopeningCompetition') = (allocation IS NULL)"


class FrameworkTerms(Table, table=True):
    """OCDS `techniques.frameworkAgreement` of a tender that concludes one; the ceiling is its value.

    `buyers` may call off beside the tender's own. `bounds` are those of the policy set of call-offs
    on the day of publication, frozen.
    """

    __tablename__ = "framework_terms"
    __table_args__ = (
        CheckConstraint(_ALLOCATED, name="allocated_without_competition"),
        CheckConstraint("maximum_participants > 0", name="participants_positive"),
        CheckConstraint("minimum_participants > 0", name="minimum_positive"),
        CheckConstraint("duration_days > 0", name="duration_positive"),
    )

    tender_id: UUID = Field(foreign_key="tender.id", unique=True, ondelete="CASCADE")
    method: FrameworkMethod = Field(sa_type=state(FrameworkMethod))
    minimum_participants: int | None = None
    maximum_participants: int
    duration_days: int
    period_rationale: str | None = Field(default=None, max_length=_TEXT)
    allocation: Allocation | None = Field(default=None, sa_type=state(Allocation))
    within_agreed_prices: bool = False
    buyers: list[UUID] = Field(sa_column=Column(ARRAY(Uuid), nullable=False))
    bounds: dict[str, Any] | None = Field(default=None, sa_column=Column(JSON))
    version: int = 1


class FrameworkAgreement(Table, table=True):
    """An agreement in force, or over. All terms but its end are those of its tender, for good.

    `document` are the bytes that the buyer and every supplier sign, frozen when the agreement is
    concluded; `signed_at` is when the last of them had. Agreements of before have no document.
    `drawn_amount` is what call-offs have taken of the ceiling: the sum of `framework_call_off`, to
    which the database holds it.
    """

    __tablename__ = "framework_agreement"
    __table_args__ = (
        CheckConstraint(_ALLOCATED, name="allocated_without_competition"),
        CheckConstraint("drawn_amount BETWEEN 0 AND ceiling_amount", name="drawn_within_ceiling"),
        CheckConstraint("ceiling_amount > 0", name="ceiling_positive"),
        CheckConstraint("period_end > period_start", name="period_forward"),
        CheckConstraint(
            "(status = 'terminated') = (terminated_at IS NOT NULL AND termination_cause IS NOT NULL"
            " AND termination_reason IS NOT NULL)",
            name="terminated_has_reason",
        ),
    )

    tender_id: UUID = Field(foreign_key="tender.id", unique=True, ondelete="RESTRICT")
    ocid: str = Field(max_length=40)
    buyer_id: UUID = Field(foreign_key="organisation.id", index=True, ondelete="RESTRICT")
    buyers: list[UUID] = Field(sa_column=Column(ARRAY(Uuid), nullable=False))
    status: FrameworkStatus = Field(default=FrameworkStatus.ACTIVE, sa_type=state(FrameworkStatus))
    method: FrameworkMethod = Field(sa_type=state(FrameworkMethod))
    allocation: Allocation | None = Field(default=None, sa_type=state(Allocation))
    within_agreed_prices: bool
    ceiling_amount: Decimal = Field(sa_type=MONEY)
    ceiling_currency: str = Field(max_length=3)
    drawn_amount: Decimal = Field(default=Decimal(), sa_type=MONEY)
    period_start: datetime = Field(sa_type=TIMESTAMP)
    period_end: datetime = Field(sa_type=TIMESTAMP)
    terminated_at: datetime | None = Field(default=None, sa_type=TIMESTAMP)
    termination_cause: FrameworkEnd | None = Field(default=None, sa_type=state(FrameworkEnd))
    termination_reason: str | None = Field(default=None, max_length=_TEXT)
    document: bytes | None = Field(default=None, sa_column=Column(LargeBinary))
    sha256: str | None = Field(default=None, max_length=64)
    signed_at: datetime | None = Field(default=None, sa_type=TIMESTAMP)
    version: int = 1

    @property
    def ceiling(self) -> Value:
        return Value(self.ceiling_amount, self.ceiling_currency)

    @property
    def drawn(self) -> Value:
        return Value(self.drawn_amount, self.ceiling_currency)


class FrameworkSignature(Table, table=True):
    """An organisation's signature over the document of an agreement. Never altered.

    `signature` is the detached CMS in DER, or the signed PDF; empty for click-to-sign.
    """

    __tablename__ = "framework_signature"
    __table_args__ = (UniqueConstraint("agreement_id", "org_id"),)

    agreement_id: UUID = Field(foreign_key="framework_agreement.id", ondelete="RESTRICT")
    org_id: UUID = Field(foreign_key="organisation.id", ondelete="RESTRICT")
    actor: str = Field(max_length=80)
    method: SignatureMethod = Field(sa_type=state(SignatureMethod))
    sha256: str = Field(max_length=64)
    signature: bytes | None = Field(default=None, sa_column=Column(LargeBinary))
    signer: str | None = Field(default=None, max_length=500)
    certificate_sha256: str | None = Field(default=None, max_length=64)
    signed_at: datetime = Field(sa_type=TIMESTAMP)


class FrameworkSupplier(Table, table=True):
    """Whom an award made a supplier of the agreement for a lot; `suppliers` names the lead first."""

    __tablename__ = "framework_supplier"
    __table_args__ = (
        CheckConstraint("cardinality(suppliers) > 0", name="has_supplier"),
        CheckConstraint("(status = 'active') = (reason IS NULL)", name="inactive_has_reason"),
    )

    agreement_id: UUID = Field(
        foreign_key="framework_agreement.id", index=True, ondelete="RESTRICT"
    )
    lot_id: UUID = Field(foreign_key="tender_lot.id", ondelete="RESTRICT")
    award_id: UUID = Field(foreign_key="award.id", unique=True, ondelete="RESTRICT")
    bid_id: UUID = Field(foreign_key="bid.id", ondelete="RESTRICT")
    suppliers: list[UUID] = Field(sa_column=Column(ARRAY(Uuid), nullable=False))
    rank: int
    vat_included: bool
    status: ParticipantStatus = Field(
        default=ParticipantStatus.ACTIVE, sa_type=state(ParticipantStatus)
    )
    reason: str | None = Field(default=None, max_length=_TEXT)
    changed_at: datetime = Field(sa_type=TIMESTAMP)
    version: int = 1

    @property
    def supplier_id(self) -> UUID:
        """The lead, who bids and signs for all."""
        return self.suppliers[0]


class FrameworkPrice(Table, table=True):
    """The unit price of an item that a supplier is bound to, in the currency of the ceiling."""

    __tablename__ = "framework_price"
    __table_args__ = (
        UniqueConstraint("framework_supplier_id", "item_id"),
        CheckConstraint("unit_price_amount >= 0", name="price_not_negative"),
    )

    framework_supplier_id: UUID = Field(foreign_key="framework_supplier.id", ondelete="CASCADE")
    item_id: UUID = Field(foreign_key="tender_item.id", ondelete="RESTRICT")
    unit_price_amount: Decimal = Field(sa_type=MONEY)


class FrameworkCallOff(Table, table=True):
    """What an award under the agreement takes of its ceiling, until `released_at`.

    `number` counts the turns of the agreement; changes of the contract are in `amount`.
    """

    __tablename__ = "framework_call_off"
    __table_args__ = (
        UniqueConstraint("agreement_id", "number"),
        CheckConstraint("amount > 0", name="amount_positive"),
    )

    agreement_id: UUID = Field(foreign_key="framework_agreement.id", ondelete="RESTRICT")
    number: int
    framework_supplier_id: UUID = Field(foreign_key="framework_supplier.id", ondelete="RESTRICT")
    tender_id: UUID = Field(foreign_key="tender.id", index=True, ondelete="RESTRICT")
    lot_id: UUID = Field(foreign_key="tender_lot.id", ondelete="RESTRICT")
    award_id: UUID = Field(foreign_key="award.id", unique=True, ondelete="RESTRICT")
    buyer_id: UUID = Field(foreign_key="organisation.id", ondelete="RESTRICT")
    amount: Decimal = Field(sa_type=MONEY)
    drawn_at: datetime = Field(sa_type=TIMESTAMP)
    released_at: datetime | None = Field(default=None, sa_type=TIMESTAMP)
