"""Organisations, their members, and the programs that act for them."""

from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import CheckConstraint, Column, Index, UniqueConstraint, text
from sqlmodel import Field

from api.core.tables import JSON, TEXTS, TIMESTAMP, Table, state
from api.rules.debarments import DebarmentGround, DebarmentStatus
from api.rules.identifiers import IdentifierScheme
from api.rules.organisations import OrganisationStatus
from api.rules.permissions import MemberRole
from api.rules.policy import ProcurementRegime

DEFAULT_REGIME = ProcurementRegime.STATE


class ClientKind(StrEnum):
    """How an API client proves itself: the key itself, or a token bought with its secret."""

    API_KEY = "api_key"
    OAUTH = "oauth"


class Organisation(Table, table=True):
    """A party: supplier, manufacturer, buyer, partner, auditor or the operator."""

    __tablename__ = "organisation"
    __table_args__ = (UniqueConstraint("identifier_scheme", "identifier_id"),)

    roles: list[str] = Field(sa_column=Column(TEXTS, nullable=False))
    country: str = Field(max_length=2)
    legal_name: dict[str, str] = Field(sa_column=Column(JSON, nullable=False))
    identifier_scheme: IdentifierScheme = Field(sa_type=state(IdentifierScheme))
    identifier_id: str = Field(max_length=40)
    place_code: str | None = Field(default=None, max_length=40)
    languages: list[str] = Field(sa_column=Column(TEXTS, nullable=False))
    status: OrganisationStatus = Field(
        default=OrganisationStatus.SUBMITTED, sa_type=state(OrganisationStatus)
    )
    verification_level: int = Field(default=0, ge=0, le=3)
    procurement_regime: ProcurementRegime | None = Field(
        default=None, sa_type=state(ProcurementRegime)
    )
    rate_plan: str | None = Field(default=None, max_length=40)
    version: int = 1

    @property
    def buys_under(self) -> ProcurementRegime:
        """Whose rules its tenders follow: those of the state, unless the operator said otherwise."""
        return self.procurement_regime or DEFAULT_REGIME


class DebarmentRecord(Table, table=True):
    """An entry of the register of unreliable suppliers, or the proposal of one.

    `valid_through` is its last day; lifted early, it counts until the day before `lifted_on`.
    """

    __tablename__ = "debarment_record"
    __table_args__ = (
        CheckConstraint("valid_through >= valid_from", name="period_forward"),
        CheckConstraint(
            "status NOT IN ('active', 'lifted') OR (valid_from IS NOT NULL"
            " AND valid_through IS NOT NULL AND source_act IS NOT NULL"
            " AND decided_by IS NOT NULL AND decided_at IS NOT NULL)",
            name="decided_by_an_act",
        ),
        CheckConstraint(
            "(status = 'lifted') = (lifted_on IS NOT NULL AND lift_reason IS NOT NULL)",
            name="lifted_has_reason",
        ),
        Index("ix_debarment_record_counts", "organisation_id", "status", "valid_through"),
        UniqueConstraint("origin", "organisation_id"),
    )

    organisation_id: UUID = Field(foreign_key="organisation.id", ondelete="RESTRICT")
    status: DebarmentStatus = Field(sa_type=state(DebarmentStatus))
    ground: DebarmentGround = Field(sa_type=state(DebarmentGround))
    reason: str = Field(max_length=5000)
    origin: str | None = Field(default=None, max_length=80)
    ocid: str | None = Field(default=None, max_length=40)
    proposed_by: UUID | None = Field(
        default=None, foreign_key="organisation.id", index=True, ondelete="RESTRICT"
    )
    valid_from: date | None = None
    valid_through: date | None = None
    source_act: str | None = Field(default=None, max_length=300)
    decided_by: UUID | None = Field(
        default=None, foreign_key="organisation.id", ondelete="RESTRICT"
    )
    decided_at: datetime | None = Field(default=None, sa_type=TIMESTAMP)
    rejection: str | None = Field(default=None, max_length=5000)
    lifted_on: date | None = None
    lift_reason: str | None = Field(default=None, max_length=5000)
    version: int = 1


class Member(Table, table=True):
    """A person who acts for an organisation in one role."""

    __tablename__ = "member"
    __table_args__ = (UniqueConstraint("org_id", "email"),)

    org_id: UUID = Field(foreign_key="organisation.id", index=True, ondelete="RESTRICT")
    name: str = Field(max_length=200)
    email: str = Field(max_length=254)
    role: MemberRole = Field(sa_type=state(MemberRole))
    removed_at: datetime | None = Field(default=None, sa_type=TIMESTAMP)


class ApiClient(Table, table=True):
    """A program's credentials. Only an HMAC of the secret is kept; `prefix` finds the row."""

    __tablename__ = "api_client"
    __table_args__ = (
        Index("ix_api_client_prefix", "prefix", unique=True),
        Index("ix_api_client_live", "org_id", postgresql_where=text("revoked_at IS NULL")),
    )

    org_id: UUID = Field(foreign_key="organisation.id", ondelete="RESTRICT")
    kind: ClientKind = Field(sa_type=state(ClientKind))
    name: str = Field(max_length=200)
    prefix: str = Field(max_length=16)
    secret_hash: str = Field(max_length=64)
    scopes: list[str] = Field(sa_column=Column(TEXTS, nullable=False))
    expires_at: datetime | None = Field(default=None, sa_type=TIMESTAMP)
    last_used_at: datetime | None = Field(default=None, sa_type=TIMESTAMP)
    revoked_at: datetime | None = Field(default=None, sa_type=TIMESTAMP)
    replaced_by: UUID | None = Field(default=None, foreign_key="api_client.id")
