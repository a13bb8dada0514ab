"""Documents that an organisation lays before the operator, to be verified by."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import ARRAY, CheckConstraint, Column, Index, Integer
from sqlmodel import Field, Relationship

from api.core.files.models import File
from api.core.tables import TIMESTAMP, Table, state
from api.rules.files import ScanState
from api.rules.verification import EvidenceStatus, RejectionCode


class Evidence(Table, table=True):
    """A document of a kind of the evidence list, as its owner describes it and a reviewer found it.

    `kind` is of the list that was in force when it was handed in. What was accepted is attested by
    `attestation_id`; `told` are the notices of its end that were given, in days left.
    """

    __tablename__ = "evidence"
    __table_args__ = (
        CheckConstraint("reviewed_by <> uploaded_by", name="four_eyes"),
        CheckConstraint(
            "status NOT IN ('accepted', 'rejected', 'revoked')"
            " OR (reviewed_by IS NOT NULL AND reviewed_at IS NOT NULL)",
            name="reviewed_by_somebody",
        ),
        CheckConstraint(
            "(status IN ('accepted', 'revoked')) = (attestation_id IS NOT NULL)",
            name="accepted_is_attested",
        ),
        CheckConstraint("valid_through >= valid_from", name="period_forward"),
        Index("ix_evidence_queue", "status", "id"),
    )

    org_id: UUID = Field(foreign_key="organisation.id", index=True, ondelete="RESTRICT")
    kind: str = Field(max_length=40)
    status: EvidenceStatus = Field(default=EvidenceStatus.SUBMITTED, sa_type=state(EvidenceStatus))
    file_id: UUID = Field(foreign_key="file.id", index=True, ondelete="RESTRICT")
    name: str = Field(max_length=500)
    holder_name: str = Field(max_length=300)
    number: str | None = Field(default=None, max_length=100)
    issued_by: str | None = Field(default=None, max_length=300)
    valid_from: date
    valid_through: date | None = None
    uploaded_by: str = Field(max_length=80)
    reviewed_by: str | None = Field(default=None, max_length=80)
    reviewed_at: datetime | None = Field(default=None, sa_type=TIMESTAMP)
    rejection: RejectionCode | None = Field(default=None, sa_type=state(RejectionCode))
    reason: str | None = Field(default=None, max_length=5000)
    attestation_id: UUID | None = Field(
        default=None, foreign_key="attestation.id", unique=True, ondelete="RESTRICT"
    )
    told: list[int] = Field(
        default=[], sa_column=Column(ARRAY(Integer), nullable=False, server_default="{}")
    )
    version: int = 1
    file: File = Relationship(sa_relationship_kwargs={"lazy": "joined", "innerjoin": True})

    @property
    def sha256(self) -> str:
        return self.file.sha256

    @property
    def media_type(self) -> str:
        return self.file.media_type

    @property
    def scan_state(self) -> ScanState:
        return self.file.scan_state
