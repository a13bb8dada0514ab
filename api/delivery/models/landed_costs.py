"""Landed costs that were computed, and how a tender's bids are made comparable."""

from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Column, LargeBinary, Numeric
from sqlmodel import Field

from api.core.tables import JSON, MONEY, TEXTS, TIMESTAMP, Table, state
from api.rules.landed_cost.variance import ActualSource, Figure


class EstimateSubject(StrEnum):
    """What a landed cost was computed for."""

    FREE = "free"
    OFFER = "offer"
    BID = "bid"


class LandedCostTerms(Table, table=True):
    """The basis on which the bids of a tender are compared: delivered, duty paid, at the lot's
    place of delivery, in the tender's currency.

    `goods` are the customs code and measures of each item (`item_…`); routes are the codes that
    come into question, the cheapest of which counts for a bid that can use it. It is fixed with
    the publication of the tender.
    """

    __tablename__ = "landed_cost_terms"

    tender_id: UUID = Field(foreign_key="tender.id", unique=True, ondelete="CASCADE")
    fx_source: str | None = Field(default=None, max_length=200)
    routes: list[str] = Field(sa_column=Column(TEXTS, nullable=False))
    goods: dict[str, dict[str, Any]] = Field(sa_column=Column(JSON, nullable=False))
    version: int = 1


class LandedCostEstimate(Table, table=True):
    """One computation, kept with all it was computed from. Never altered.

    A recomputation by later numbers is a row of its own that names the one before it
    (`previous_id`); nothing is recomputed twice, so that the rows are a chain. `file` is canonical JSON (RFC 8785), `sha256` the hash of its bytes. Totals are in `currency`;
    `total_net` is None where the tax inside a price is not stated.
    """

    __tablename__ = "landed_cost_estimate"
    __table_args__ = (
        CheckConstraint("(subject = 'offer') = (offer_id IS NOT NULL)", name="offer_named"),
        CheckConstraint(
            "(subject = 'bid') = (bid_id IS NOT NULL AND lot_id IS NOT NULL)", name="bid_named"
        ),
    )

    org_id: UUID = Field(foreign_key="organisation.id", index=True, ondelete="RESTRICT")
    subject: EstimateSubject = Field(sa_type=state(EstimateSubject))
    offer_id: UUID | None = Field(default=None, foreign_key="offer.id", ondelete="RESTRICT")
    bid_id: UUID | None = Field(default=None, foreign_key="bid.id", ondelete="RESTRICT")
    lot_id: UUID | None = Field(default=None, foreign_key="tender_lot.id", ondelete="RESTRICT")
    incoterm: str = Field(max_length=3)
    route_code: str | None = Field(default=None, max_length=60)
    day: date
    currency: str = Field(max_length=3)
    customs_value: Decimal | None = Field(default=None, sa_type=MONEY)
    total_gross: Decimal = Field(sa_type=MONEY)
    total_net: Decimal | None = Field(default=None, sa_type=MONEY)
    flags: list[str] = Field(sa_column=Column(TEXTS, nullable=False))
    previous_id: UUID | None = Field(
        default=None, foreign_key="landed_cost_estimate.id", unique=True, ondelete="RESTRICT"
    )
    file: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    sha256: str = Field(max_length=64)
    inputs_sha256: str = Field(max_length=64)


class LandedCostFollowing(Table, table=True):
    """A wish to have a landed cost computed anew whenever the numbers change, until a day.

    `latest_id` is the last of the chain, from which the next one is computed.
    """

    __tablename__ = "landed_cost_following"

    org_id: UUID = Field(foreign_key="organisation.id", index=True, ondelete="RESTRICT")
    latest_id: UUID = Field(foreign_key="landed_cost_estimate.id", unique=True, ondelete="RESTRICT")
    until: date
    version: int = 1


class LandedCostActual(Table, table=True):
    """What a document says that a figure of a landed cost came to. Never altered: an entry that
    names another in `replaces_id` counts in its place.

    `rate` is what one unit of `currency` cost in the currency of the estimate, by `rate_source`.
    """

    __tablename__ = "landed_cost_actual"
    __table_args__ = (
        CheckConstraint("amount >= 0", name="amount_not_negative"),
        CheckConstraint("rate > 0", name="rate_positive"),
        CheckConstraint("(figure = 'charge') = (charge IS NOT NULL)", name="charge_named"),
    )

    estimate_id: UUID = Field(
        foreign_key="landed_cost_estimate.id", index=True, ondelete="RESTRICT"
    )
    org_id: UUID = Field(foreign_key="organisation.id", ondelete="RESTRICT")
    figure: Figure = Field(sa_type=state(Figure))
    charge: str | None = Field(default=None, max_length=60)
    amount: Decimal = Field(sa_type=MONEY)
    currency: str = Field(max_length=3)
    rate: Decimal = Field(sa_type=Numeric(20, 10))
    rate_source: str = Field(max_length=200)
    source: ActualSource = Field(sa_type=state(ActualSource))
    document_number: str = Field(max_length=100)
    document_date: date
    invoice_id: UUID | None = Field(default=None, foreign_key="invoice.id", ondelete="RESTRICT")
    declaration_id: UUID | None = Field(
        default=None, foreign_key="customs_declaration.id", ondelete="RESTRICT"
    )
    replaces_id: UUID | None = Field(
        default=None, foreign_key="landed_cost_actual.id", unique=True, ondelete="RESTRICT"
    )
    actor: str = Field(max_length=80)
    recorded_at: datetime = Field(sa_type=TIMESTAMP)
