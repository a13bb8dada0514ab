"""Contracts, what they are about, who signed them and how, and how they were changed."""

from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    CheckConstraint,
    Column,
    Index,
    LargeBinary,
    UniqueConstraint,
    Uuid,
    text,
)
from sqlmodel import Field

from api.core.tables import MONEY, TIMESTAMP, Table, state
from api.rules.contracts import (
    ChangeStatus,
    ContractStatus,
    RationaleType,
    Side,
    TerminationReason,
)
from api.rules.policy import TerminationGround
from api.rules.signatures import SignatureMethod
from api.rules.tenders import Value

_TEXT = 5000


class Contract(Table, table=True):
    """A contract between a buyer and the tenderers of a bid, the lead first in `suppliers`; or, of a
    private order, between a buyer and the seller that it ordered from.

    `original_amount` is the sum of the awards, or of the order; `value_amount` has the changes in force in it.
    `notice_ground` is why the supplier has given notice, `notice_ends_at` from when on it may end
    the contract for that. `termination_proposal` is what the buyer said when it proposed that both
    give the contract up, which the supplier has not agreed to.
    `document` are the bytes that both sides sign, frozen when the contract is offered.
    """

    __tablename__ = "contract"
    __table_args__ = (
        CheckConstraint("num_nonnulls(tender_id, order_id) = 1", name="one_origin"),
        CheckConstraint("(tender_id IS NULL) = (ocid IS NULL)", name="process_of_tender"),
        CheckConstraint("value_amount > 0", name="value_positive"),
        CheckConstraint("cardinality(suppliers) > 0", name="has_supplier"),
        CheckConstraint("(document IS NULL) = (sha256 IS NULL)", name="document_has_hash"),
        CheckConstraint(
            "status IN ('pending', 'cancelled') OR document IS NOT NULL",
            name="offered_has_document",
        ),
        CheckConstraint(
            "(status IN ('active', 'terminated')) = (signed_at IS NOT NULL)", name="signed_has_time"
        ),
        CheckConstraint(
            "(status = 'terminated') ="
            " (terminated_at IS NOT NULL AND termination_reason IS NOT NULL)",
            name="terminated_has_reason",
        ),
        CheckConstraint(
            "(termination_proposal IS NULL) = (termination_proposed_at IS NULL)",
            name="termination_proposal_has_time",
        ),
        CheckConstraint(
            "(status = 'cancelled') = (cancelled_at IS NOT NULL AND cancellation_reason IS NOT NULL)",
            name="cancelled_has_reason",
        ),
    )

    tender_id: UUID | None = Field(
        default=None, foreign_key="tender.id", index=True, ondelete="RESTRICT"
    )
    order_id: UUID | None = Field(
        default=None, foreign_key="purchase_order.id", unique=True, ondelete="RESTRICT"
    )
    ocid: str | None = Field(default=None, max_length=40)
    buyer_id: UUID = Field(foreign_key="organisation.id", index=True, ondelete="RESTRICT")
    suppliers: list[UUID] = Field(sa_column=Column(ARRAY(Uuid), nullable=False))
    status: ContractStatus = Field(default=ContractStatus.PENDING, sa_type=state(ContractStatus))
    original_amount: Decimal = Field(sa_type=MONEY)
    value_amount: Decimal = Field(sa_type=MONEY)
    value_currency: str = Field(max_length=3)
    performance_security: Decimal | None = Field(default=None, sa_type=MONEY)
    document: bytes | None = Field(default=None, sa_column=Column(LargeBinary))
    sha256: str | None = Field(default=None, max_length=64)
    signed_at: datetime | None = Field(default=None, sa_type=TIMESTAMP)
    terminated_at: datetime | None = Field(default=None, sa_type=TIMESTAMP)
    termination_reason: TerminationReason | None = Field(
        default=None, sa_type=state(TerminationReason)
    )
    termination_details: str | None = Field(default=None, max_length=_TEXT)
    termination_proposal: str | None = Field(default=None, max_length=_TEXT)
    termination_proposed_at: datetime | None = Field(default=None, sa_type=TIMESTAMP)
    notice_ground: TerminationGround | None = Field(default=None, sa_type=state(TerminationGround))
    notice_details: str | None = Field(default=None, max_length=_TEXT)
    notice_ends_at: datetime | None = Field(default=None, sa_type=TIMESTAMP)
    cancelled_at: datetime | None = Field(default=None, sa_type=TIMESTAMP)
    cancellation_reason: str | None = Field(default=None, max_length=_TEXT)
    version: int = 1

    @property
    def value(self) -> Value:
        return Value(self.value_amount, self.value_currency)

    @property
    def is_public(self) -> bool:
        """True for a contract of a tender: once it is signed, everybody reads it."""
        return self.tender_id is not None

    @property
    def origin(self) -> dict[str, Any]:
        """What the contract rests on, as its events tell it: `tender_id`, or else `order_id`."""
        if self.order_id is None:
            return {"tender_id": self.tender_id.hex if self.tender_id else None}
        return {"tender_id": None, "order_id": self.order_id.hex}

    @property
    def supplier_id(self) -> UUID:
        """The lead, who signs for all."""
        return self.suppliers[0]


class ContractAward(Table, table=True):
    """An award in a contract. It is in one contract at a time: `released_at` frees it."""

    __tablename__ = "contract_award"
    __table_args__ = (
        UniqueConstraint("contract_id", "award_id"),
        Index(
            "uq_contract_award_live",
            "award_id",
            unique=True,
            postgresql_where=text("released_at IS NULL"),
        ),
    )

    contract_id: UUID = Field(foreign_key="contract.id", ondelete="RESTRICT")
    award_id: UUID = Field(foreign_key="award.id", ondelete="RESTRICT")
    released_at: datetime | None = Field(default=None, sa_type=TIMESTAMP)


class ContractSignature(Table, table=True):
    """One side's signature over the document whose hash it names. Never altered.

    `signature` is the detached CMS in DER, or the signed PDF; empty for click-to-sign, where
    `actor` is all there is.
    """

    __tablename__ = "contract_signature"
    __table_args__ = (UniqueConstraint("contract_id", "side"),)

    contract_id: UUID = Field(foreign_key="contract.id", ondelete="RESTRICT")
    side: Side = Field(sa_type=state(Side))
    org_id: UUID = Field(foreign_key="organisation.id", ondelete="RESTRICT")
    actor: str = Field(max_length=80)
    method: SignatureMethod = Field(sa_type=state(SignatureMethod))
    sha256: str = Field(max_length=64)
    signature: bytes | None = Field(default=None, sa_column=Column(LargeBinary))
    signer: str | None = Field(default=None, max_length=500)
    certificate_sha256: str | None = Field(default=None, max_length=64)
    signed_at: datetime = Field(sa_type=TIMESTAMP)


class ContractChange(Table, table=True):
    """A change proposed by one side; in force once the other has agreed."""

    __tablename__ = "contract_change"
    __table_args__ = (
        UniqueConstraint("contract_id", "number"),
        CheckConstraint(
            "(status = 'active') = (agreed_by IS NOT NULL AND agreed_at IS NOT NULL)",
            name="active_is_agreed",
        ),
        CheckConstraint("agreed_by <> proposed_by", name="agreed_by_the_other"),
    )

    contract_id: UUID = Field(foreign_key="contract.id", ondelete="RESTRICT")
    number: int
    status: ChangeStatus = Field(default=ChangeStatus.PENDING, sa_type=state(ChangeStatus))
    rationale_type: RationaleType = Field(sa_type=state(RationaleType))
    rationale: str = Field(max_length=_TEXT)
    value_delta: Decimal = Field(sa_type=MONEY)
    proposed_by: UUID = Field(foreign_key="organisation.id", ondelete="RESTRICT")
    proposed_at: datetime = Field(sa_type=TIMESTAMP)
    agreed_by: UUID | None = Field(default=None, foreign_key="organisation.id", ondelete="RESTRICT")
    agreed_at: datetime | None = Field(default=None, sa_type=TIMESTAMP)
