"""Organisations: the parties of the marketplace."""

from datetime import date

from sqlalchemy import CheckConstraint, Column, Date, UniqueConstraint, text
from sqlmodel import Field

from api.core.tables import JSON, TEXTS, Table, state
from api.rules.organisations import OrganisationStatus
from api.rules.policy import ProcurementRegime

DEFAULT_REGIME = ProcurementRegime.STATE


class Organisation(Table, table=True):
    """A party: supplier, manufacturer, buyer, partner, auditor or the operator.

    `verification_level` is the operator's own word, which counts through `verified_through`; with
    the evidence in force it makes the level that others see (identity.levels).
    """

    __tablename__ = "organisation"
    __table_args__ = (
        UniqueConstraint("identifier_scheme", "identifier_id"),
        CheckConstraint(
            "identifier_scheme ~ '^[A-Z]{2}-[A-Z0-9]{2,20}$'", name="identifier_scheme_form"
        ),
    )

    roles: list[str] = Field(sa_column=Column(TEXTS, nullable=False))
    country: str = Field(max_length=2)
    legal_name: dict[str, str] = Field(sa_column=Column(JSON, nullable=False))
    identifier_scheme: str = Field(max_length=32)
    identifier_id: str = Field(max_length=40)
    place_code: str | None = Field(default=None, max_length=40)
    languages: list[str] = Field(sa_column=Column(TEXTS, nullable=False))
    status: OrganisationStatus = Field(
        default=OrganisationStatus.SUBMITTED, sa_type=state(OrganisationStatus)
    )
    verification_level: int = Field(default=0, ge=0, le=3)
    verified_through: date | None = Field(
        default=None,
        sa_column=Column(Date, nullable=False, server_default=text("CURRENT_DATE + 365")),
    )
    procurement_regime: ProcurementRegime | None = Field(
        default=None, sa_type=state(ProcurementRegime)
    )
    rate_plan: str | None = Field(default=None, max_length=40)
    version: int = 1

    @property
    def buys_under(self) -> ProcurementRegime:
        """Whose rules its tenders follow: those of the state, unless the operator said otherwise."""
        return self.procurement_regime or DEFAULT_REGIME
