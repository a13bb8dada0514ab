"""Acts on the books that one person proposes and another carries out."""

from uuid import UUID

from sqlalchemy import CheckConstraint, Column
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.dialects.postgresql import UUID as PgUuid
from sqlmodel import Field

from api.core.tables import Table, state
from api.rules.corrections import CorrectionKind, CorrectionStatus


class LedgerCorrection(Table, table=True):
    """A reversal of `transaction_id`, or a match or write-off of lines of providers and entries of a
    clearing account. `outcome_id` is the transaction that was booked for it, if one was."""

    __tablename__ = "ledger_correction"
    __table_args__ = (
        CheckConstraint("decided_by <> proposed_by", name="four_eyes"),
        CheckConstraint(
            "(kind = 'reversal') = (transaction_id IS NOT NULL)", name="reversal_of_transaction"
        ),
    )

    kind: CorrectionKind = Field(sa_type=state(CorrectionKind))
    reason: str = Field(max_length=1000)
    transaction_id: UUID | None = Field(
        default=None, foreign_key="ledger_transaction.id", ondelete="RESTRICT"
    )
    line_ids: list[UUID] = Field(sa_column=Column(ARRAY(PgUuid(as_uuid=True)), nullable=False))
    entry_ids: list[UUID] = Field(sa_column=Column(ARRAY(PgUuid(as_uuid=True)), nullable=False))
    status: CorrectionStatus = Field(
        default=CorrectionStatus.PROPOSED, sa_type=state(CorrectionStatus)
    )
    proposed_by: str = Field(max_length=80)
    decided_by: str | None = Field(default=None, max_length=80)
    outcome_id: UUID | None = Field(
        default=None, foreign_key="ledger_transaction.id", ondelete="RESTRICT"
    )
    version: int = 1
