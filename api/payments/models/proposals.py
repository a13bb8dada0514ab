"""What one person of the operator proposes about the ledger and another decides."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import CheckConstraint, Column, Index, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.dialects.postgresql import UUID as PgUuid
from sqlmodel import Field

from api.core.tables import TIMESTAMP, Table, state
from api.rules.ledger import AccountKind
from api.rules.states import Machine


class ProposalAction(StrEnum):
    """What is to be done."""

    REVERSAL = "reversal"
    MATCH = "match"
    WRITE_OFF = "write_off"


class ProposalStatus(StrEnum):
    """Where a proposal stands."""

    PROPOSED = "proposed"
    APPROVED = "approved"
    REJECTED = "rejected"


PROPOSAL = Machine(
    {
        "approve": (frozenset({ProposalStatus.PROPOSED}), ProposalStatus.APPROVED),
        "reject": (frozenset({ProposalStatus.PROPOSED}), ProposalStatus.REJECTED),
    }
)


def _ids() -> Column[list[UUID]]:
    return Column(ARRAY(PgUuid(as_uuid=True)), nullable=False)


class LedgerProposal(Table, table=True):
    """A reversal of `transaction_id`, or a match of lines with entries, whose difference a write-off
    books on the account `counter`. `transaction_result_id` is what was booked by it."""

    __tablename__ = "ledger_proposal"
    __table_args__ = (
        CheckConstraint("decided_by <> proposed_by", name="four_eyes"),
        CheckConstraint("(status = 'proposed') = (decided_by IS NULL)", name="decided_by_somebody"),
        CheckConstraint("(action = 'reversal') = (transaction_id IS NOT NULL)", name="reverses"),
        CheckConstraint("(action = 'write_off') = (counter IS NOT NULL)", name="writes_off"),
        Index(
            "uq_ledger_proposal_open_reversal",
            "transaction_id",
            unique=True,
            postgresql_where=text("status = 'proposed'"),
        ),
    )

    action: ProposalAction = Field(sa_type=state(ProposalAction))
    status: ProposalStatus = Field(
        default=ProposalStatus.PROPOSED, sa_type=state(ProposalStatus), index=True
    )
    reason: str = Field(max_length=1000)
    transaction_id: UUID | None = Field(
        default=None, foreign_key="ledger_transaction.id", ondelete="RESTRICT"
    )
    line_ids: list[UUID] = Field(default_factory=list, sa_column=_ids())
    entry_ids: list[UUID] = Field(default_factory=list, sa_column=_ids())
    counter: AccountKind | None = Field(default=None, sa_type=state(AccountKind))
    proposed_by: str = Field(max_length=80)
    decided_by: str | None = Field(default=None, max_length=80)
    decided_at: datetime | None = Field(default=None, sa_type=TIMESTAMP)
    transaction_result_id: UUID | None = Field(
        default=None, foreign_key="ledger_transaction.id", ondelete="RESTRICT"
    )
