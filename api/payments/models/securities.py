"""Securities of bids and contracts, and decisions to keep them."""

from datetime import datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, UniqueConstraint, text
from sqlmodel import Field

from api.core.tables import MONEY, TIMESTAMP, Table, state
from api.rules.guarantees import GuaranteeKind
from api.rules.policy import ForfeitureGround
from api.rules.rails import RailName
from api.rules.securities import (
    DECIDED,
    LIVE,
    PENDING,
    ForfeitureStatus,
    ReturnCause,
    SecurityStatus,
)

_TEXT = 5000
ACTOR_LENGTH = 80


def _among(states: frozenset[SecurityStatus] | frozenset[ForfeitureStatus]) -> str:
    return ", ".join(sorted(f"'{each.value}'" for each in states))


class Security(Table, table=True):
    """What stands for a bid, or for a contract: money on an account of its own, or a guarantee.

    That of a bid is seen by its payer alone until the bid is opened; nothing else that others see
    (accounts, guarantees, events) names the bid, but this row. `counts`: it came in time, or as late
    as the policy lets it.

    Money comes by `collection_id`: `received_amount` lies on its account, `excess_amount` came beyond
    it and is kept in suspense. It goes back to `payee_account_id`, by Stripe to the card.
    `authorised_until`: so long an authorisation of a card holds it. `needed_until`: by the terms, as
    they were when it was given.
    """

    __tablename__ = "security"
    __table_args__ = (
        Index(
            "uq_security_bid_live",
            "bid_id",
            unique=True,
            postgresql_where=text(f"status IN ({_among(LIVE)})"),
        ),
        Index(
            "uq_security_contract_live",
            "contract_id",
            "kind",
            unique=True,
            postgresql_where=text(f"status IN ({_among(LIVE)})"),
        ),
        CheckConstraint("amount > 0", name="amount_positive"),
        CheckConstraint(
            "CASE kind WHEN 'bid' THEN bid_id IS NOT NULL AND contract_id IS NULL"
            " ELSE bid_id IS NULL AND contract_id IS NOT NULL END",
            name="secures_one_thing",
        ),
        CheckConstraint(
            "(rail = 'guarantee') = (guarantee_id IS NOT NULL)", name="guarantee_by_its_rail"
        ),
        CheckConstraint("payer_id <> beneficiary_id", name="two_parties"),
        CheckConstraint(
            "status IN ('requested', 'cancelled') OR received_at IS NOT NULL",
            name="received_has_time",
        ),
        CheckConstraint("(received_at IS NULL) = (counts IS NULL)", name="received_is_judged"),
        CheckConstraint(
            "(status = 'returned') = (returned_at IS NOT NULL)", name="returned_has_time"
        ),
        CheckConstraint(
            "(status = 'forfeited') = (forfeited_at IS NOT NULL)", name="forfeited_has_time"
        ),
        CheckConstraint(
            "(return_due_at IS NULL) = (return_cause IS NULL)", name="return_has_cause"
        ),
    )

    kind: GuaranteeKind = Field(sa_type=state(GuaranteeKind))
    status: SecurityStatus = Field(default=SecurityStatus.REQUESTED, sa_type=state(SecurityStatus))
    rail: RailName = Field(sa_type=state(RailName))
    payer_id: UUID = Field(foreign_key="organisation.id", index=True, ondelete="RESTRICT")
    beneficiary_id: UUID = Field(foreign_key="organisation.id", index=True, ondelete="RESTRICT")
    tender_id: UUID = Field(foreign_key="tender.id", index=True, ondelete="RESTRICT")
    bid_id: UUID | None = Field(default=None, foreign_key="bid.id", index=True, ondelete="RESTRICT")
    contract_id: UUID | None = Field(
        default=None, foreign_key="contract.id", index=True, ondelete="RESTRICT"
    )
    amount: Decimal = Field(sa_type=MONEY)
    currency: str = Field(max_length=3)
    due_at: datetime | None = Field(default=None, sa_type=TIMESTAMP)
    guarantee_id: UUID | None = Field(
        default=None, foreign_key="guarantee.id", unique=True, ondelete="RESTRICT"
    )
    collection_id: UUID | None = Field(
        default=None, foreign_key="collection.id", unique=True, ondelete="RESTRICT"
    )
    payee_account_id: UUID | None = Field(
        default=None, foreign_key="payee_account.id", ondelete="RESTRICT"
    )
    received_amount: Decimal = Field(
        default=Decimal(), sa_type=MONEY, sa_column_kwargs={"server_default": text("0")}
    )
    excess_amount: Decimal = Field(
        default=Decimal(), sa_type=MONEY, sa_column_kwargs={"server_default": text("0")}
    )
    authorised_until: datetime | None = Field(default=None, sa_type=TIMESTAMP)
    needed_until: datetime | None = Field(default=None, sa_type=TIMESTAMP)
    received_at: datetime | None = Field(default=None, sa_type=TIMESTAMP)
    counts: bool | None = None
    return_due_at: datetime | None = Field(default=None, sa_type=TIMESTAMP)
    return_cause: ReturnCause | None = Field(default=None, sa_type=state(ReturnCause))
    returned_at: datetime | None = Field(default=None, sa_type=TIMESTAMP)
    forfeited_at: datetime | None = Field(default=None, sa_type=TIMESTAMP)
    version: int = 1


class SecurityForfeiture(Table, table=True):
    """A reasoned decision to keep a security, with the document that says why.

    It can be contested until `contest_until`, and is executed then; what was kept is paid to
    `payee_account_id` of the beneficiary. The parties stand here too, so that who may read it does not
    depend on the security's row.
    """

    __tablename__ = "security_forfeiture"
    __table_args__ = (
        UniqueConstraint("security_id", "number"),
        Index(
            "uq_security_forfeiture_pending",
            "security_id",
            unique=True,
            postgresql_where=text(f"status IN ({_among(PENDING)})"),
        ),
        CheckConstraint("approved_by <> proposed_by", name="four_eyes"),
        CheckConstraint(
            f"status NOT IN ({_among(DECIDED)}, 'executed', 'annulled')"
            " OR (approved_by IS NOT NULL AND approved_at IS NOT NULL"
            " AND contest_until IS NOT NULL)",
            name="approved_by_somebody",
        ),
        CheckConstraint(
            "status NOT IN ('contested', 'upheld', 'annulled')"
            " OR (contested_at IS NOT NULL AND objection IS NOT NULL)",
            name="contested_has_reason",
        ),
        CheckConstraint(
            "status NOT IN ('upheld', 'annulled')"
            " OR (reviewed_by IS NOT NULL AND reviewed_at IS NOT NULL AND review IS NOT NULL)",
            name="reviewed_has_reason",
        ),
        CheckConstraint(
            "(status = 'executed') = (executed_at IS NOT NULL)", name="executed_has_time"
        ),
    )

    security_id: UUID = Field(foreign_key="security.id", ondelete="RESTRICT")
    payer_id: UUID = Field(foreign_key="organisation.id", index=True, ondelete="RESTRICT")
    beneficiary_id: UUID = Field(foreign_key="organisation.id", index=True, ondelete="RESTRICT")
    number: int
    status: ForfeitureStatus = Field(
        default=ForfeitureStatus.PROPOSED, sa_type=state(ForfeitureStatus)
    )
    ground: ForfeitureGround = Field(sa_type=state(ForfeitureGround))
    reason: str = Field(max_length=_TEXT)
    document_id: UUID = Field(foreign_key="document.id", index=True, ondelete="RESTRICT")
    document_sha256: str = Field(max_length=64)
    payee_account_id: UUID | None = Field(
        default=None, foreign_key="payee_account.id", ondelete="RESTRICT"
    )
    proposed_by: str = Field(max_length=ACTOR_LENGTH)
    proposed_at: datetime = Field(sa_type=TIMESTAMP)
    approved_by: str | None = Field(default=None, max_length=ACTOR_LENGTH)
    approved_at: datetime | None = Field(default=None, sa_type=TIMESTAMP)
    contest_until: datetime | None = Field(default=None, sa_type=TIMESTAMP)
    contested_at: datetime | None = Field(default=None, sa_type=TIMESTAMP)
    objection: str | None = Field(default=None, max_length=_TEXT)
    reviewed_by: str | None = Field(default=None, max_length=ACTOR_LENGTH)
    reviewed_at: datetime | None = Field(default=None, sa_type=TIMESTAMP)
    review: str | None = Field(default=None, max_length=_TEXT)
    executed_at: datetime | None = Field(default=None, sa_type=TIMESTAMP)
