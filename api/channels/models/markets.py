"""What markets ask of goods, and what exporters show for it."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, Column, Index, UniqueConstraint, text
from sqlmodel import Field

from api.core.tables import JSON, TEXTS, TIMESTAMP, Table, state
from api.rules.markets import PermissionStatus, RequirementKind

ACTOR_LENGTH = 80


class MarketRequirement(Table, table=True):
    """A row of what goods under an HS prefix need in a market (rules.markets.Requirement)."""

    __tablename__ = "market_requirement"
    __table_args__ = (
        UniqueConstraint("market", "code", "hs_prefix", "valid_from"),
        CheckConstraint("market ~ '^[A-Z]{2}$'", name="market_is_country"),
        CheckConstraint("hs_prefix ~ '^([0-9]{2}|[0-9]{4}|[0-9]{6})?$'", name="prefix_of_hs"),
        CheckConstraint(
            "(kind = 'prohibited') = (cardinality(accepted) = 0)", name="accepts_something"
        ),
        CheckConstraint("kind <> 'classification'", name="kind_of_data"),
        CheckConstraint("valid_to > valid_from", name="valid_forward"),
    )

    market: str = Field(max_length=2)
    code: str = Field(max_length=60)
    kind: RequirementKind = Field(sa_type=state(RequirementKind))
    hs_prefix: str = Field(max_length=6)
    required: bool
    blocking: bool
    accepted: list[str] = Field(sa_column=Column(TEXTS, nullable=False))
    texts: dict[str, str] = Field(sa_column=Column(JSON, nullable=False))
    valid_from: date
    valid_to: date | None = None
    source: str = Field(max_length=500)
    reviewed: bool = False


class ExportPermission(Table, table=True):
    """What an authority has allowed an exporter: goods of a market under these HS prefixes.

    `valid_to` is its last day in Bishkek; that it has lapsed is read from it and stored nowhere.
    The document is one that the exporter has uploaded. Verified by the operator, and never by who
    entered it.
    """

    __tablename__ = "export_permission"
    __table_args__ = (
        Index(
            "uq_export_permission_number",
            "org_id",
            "market",
            "authority",
            "registration_no",
            "valid_to",
            unique=True,
            postgresql_where=text("status IN ('claimed', 'verified')"),
        ),
        CheckConstraint("market ~ '^[A-Z]{2}$'", name="market_is_country"),
        CheckConstraint("cardinality(hs_codes) > 0", name="covers_something"),
        CheckConstraint("valid_to >= valid_from", name="valid_forward"),
        CheckConstraint(
            "status <> 'verified' OR (verified_by IS NOT NULL AND verified_at IS NOT NULL"
            " AND verification IS NOT NULL)",
            name="verified_by_somebody",
        ),
        CheckConstraint("verified_by <> entered_by", name="verified_by_another"),
        CheckConstraint("status <> 'refused' OR refusal IS NOT NULL", name="refusal_has_reason"),
    )

    org_id: UUID = Field(foreign_key="organisation.id", index=True, ondelete="RESTRICT")
    market: str = Field(max_length=2)
    authority: str = Field(max_length=40)
    registration_no: str = Field(max_length=100)
    commodity: str = Field(max_length=500)
    hs_codes: list[str] = Field(sa_column=Column(TEXTS, nullable=False))
    protocol: str | None = Field(default=None, max_length=500)
    valid_from: date
    valid_to: date
    registry_url: str | None = Field(default=None, max_length=2000)
    document_id: UUID = Field(foreign_key="document.id", index=True, ondelete="RESTRICT")
    document_sha256: str = Field(max_length=64)
    status: PermissionStatus = Field(
        default=PermissionStatus.CLAIMED, sa_type=state(PermissionStatus)
    )
    entered_by: str = Field(max_length=ACTOR_LENGTH)
    verified_by: str | None = Field(default=None, max_length=ACTOR_LENGTH)
    verified_at: datetime | None = Field(default=None, sa_type=TIMESTAMP)
    verification: str | None = Field(default=None, max_length=500)
    refusal: str | None = Field(default=None, max_length=5000)
    version: int = 1


class ProductLabel(Table, table=True):
    """The label of a product for a market in a language, as its seller has uploaded it."""

    __tablename__ = "product_label"
    __table_args__ = (Index("ix_product_label_product", "product_id", "market", "language"),)

    org_id: UUID = Field(foreign_key="organisation.id", ondelete="RESTRICT")
    product_id: UUID = Field(foreign_key="product.id", ondelete="RESTRICT")
    market: str = Field(max_length=2)
    language: str = Field(max_length=2)
    document_id: UUID = Field(foreign_key="document.id", index=True, ondelete="RESTRICT")
    document_sha256: str = Field(max_length=64)
    entered_by: str = Field(max_length=ACTOR_LENGTH)
