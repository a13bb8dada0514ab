"""What the API takes and shows of corrections of the books, and of closed days."""

from datetime import date, datetime
from typing import Annotated, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, model_validator

from api.core.ids import PublicId
from api.core.inputs import IsoDate
from api.payments.schemas.ledger import LedgerTransactionId
from api.rules.corrections import CorrectionKind, CorrectionStatus

LedgerCorrectionId = Annotated[UUID, PublicId("ledgercorrection")]
LedgerDayId = Annotated[UUID, PublicId("ledgerday")]
ProviderLineId = Annotated[UUID, PublicId("providerline")]
LedgerEntryId = Annotated[UUID, PublicId("ledgerentry")]
Reason = Annotated[str, Field(min_length=10, max_length=1000)]
_AN_ID = "019abf2e-8c1d-7c3f-a9b0-4b4c6f0d2e11"


class CorrectionIn(BaseModel):
    """A reversal names a transaction; a match lines and entries; a write-off lines, entries or both."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "kind": "write_off",
                    "reason": "The bank's charge for the statement",
                    "line_ids": [f"providerline_{_AN_ID.replace('-', '')}"],
                }
            ]
        },
    )

    kind: CorrectionKind
    reason: Reason
    transaction_id: LedgerTransactionId | None = None
    line_ids: list[ProviderLineId] = Field(default=[], max_length=500)
    entry_ids: list[LedgerEntryId] = Field(default=[], max_length=500)

    @model_validator(mode="after")
    def _names_its_objects(self) -> Self:
        if self.kind is CorrectionKind.REVERSAL:
            if self.transaction_id is None or self.line_ids or self.entry_ids:
                raise ValueError("a reversal names a transaction_id and nothing else")
        elif self.transaction_id is not None or not (self.line_ids or self.entry_ids):
            raise ValueError(f"a {self.kind} names line_ids or entry_ids, and no transaction_id")
        elif self.kind is CorrectionKind.MATCH and not (self.line_ids and self.entry_ids):
            raise ValueError("a match names line_ids and entry_ids")
        return self


class CorrectionOut(BaseModel):
    """A correction; `outcome_id` is the transaction that was booked for it."""

    id: LedgerCorrectionId
    kind: CorrectionKind
    reason: str
    transaction_id: LedgerTransactionId | None
    line_ids: list[ProviderLineId]
    entry_ids: list[LedgerEntryId]
    status: CorrectionStatus
    proposed_by: str
    decided_by: str | None
    outcome_id: LedgerTransactionId | None
    created_at: datetime
    version: int


class CloseDayIn(BaseModel):
    """A day that is over; it is closed with all before it."""

    model_config = ConfigDict(extra="forbid")

    day: IsoDate = Field(examples=["2026-11-27"])
    reason: Reason = Field(examples=["The month is reported"])


class LedgerDayOut(BaseModel):
    """A closed day: nothing is booked on it or before it any more."""

    id: LedgerDayId
    day: date
    closed_by: str
    reason: str | None
    created_at: datetime
