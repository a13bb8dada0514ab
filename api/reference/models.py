"""Reference data that every organisation reads and only the operator writes."""

from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    ARRAY,
    CheckConstraint,
    Column,
    ForeignKeyConstraint,
    Index,
    Integer,
    Numeric,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import ExcludeConstraint
from sqlmodel import Field

from api.core.tables import JSON, Table, state
from api.rules.policy import ProcurementRegime
from api.rules.product_texts import TextField

RATE = Numeric(20, 10)
FACTOR = Numeric(30, 12)
DEGREES = Numeric(8, 5)


class PlaceKind(StrEnum):
    """What goods do at a place."""

    REGION = "region"
    CITY = "city"
    PORT = "port"
    RAIL_TERMINAL = "rail_terminal"
    BORDER_CROSSING = "border_crossing"


class CertificateSubject(StrEnum):
    """What a certificate of a scheme is about."""

    ORG = "org"
    PRODUCT = "product"
    FACILITY = "facility"


class ClassificationScheme(Table, table=True):
    """A classification as far as it is loaded; `complete` says that no code is missing."""

    __tablename__ = "classification_scheme"

    code: str = Field(max_length=20, unique=True)
    title: dict[str, str] = Field(sa_column=Column(JSON, nullable=False))
    version: str = Field(max_length=100)
    complete: bool = False
    source: str = Field(max_length=500)
    licence: str = Field(max_length=300)


class Classification(Table, table=True):
    """One code. `path` is its line of codes from the top, "03000000-1/03100000-2"."""

    __tablename__ = "classification"
    __table_args__ = (
        UniqueConstraint("scheme", "code", name="uq_classification_code_in_scheme"),
        Index("ix_classification_parent", "scheme", "parent_code", "code"),
        Index(
            "ix_classification_search",
            "search_text",
            postgresql_using="gin",
            postgresql_ops={"search_text": "gin_trgm_ops"},
        ),
    )

    scheme: str = Field(max_length=20, foreign_key="classification_scheme.code")
    code: str = Field(max_length=20)
    parent_code: str | None = Field(default=None, max_length=20)
    level: int
    path: str = Field(max_length=200)
    titles: dict[str, str] = Field(sa_column=Column(JSON, nullable=False))
    search_text: str


class Unit(Table, table=True):
    """A unit of UN/ECE Recommendation 20 (packages: 21), and its size in its dimension."""

    __tablename__ = "unit"

    code: str = Field(max_length=3, unique=True)
    symbol: str = Field(max_length=30)
    names: dict[str, str] = Field(sa_column=Column(JSON, nullable=False))
    dimension: str = Field(max_length=30)
    factor: Decimal | None = Field(default=None, sa_type=FACTOR)


class Place(Table, table=True):
    """A city, port, terminal or crossing under our own code; UN/LOCODE lacks most crossings."""

    __tablename__ = "place"

    code: str = Field(max_length=40, unique=True)
    kind: PlaceKind = Field(sa_type=state(PlaceKind))
    country: str = Field(max_length=2, index=True)
    un_locode: str | None = Field(default=None, max_length=5)
    latitude: Decimal = Field(sa_type=DEGREES)
    longitude: Decimal = Field(sa_type=DEGREES)
    names: dict[str, str] = Field(sa_column=Column(JSON, nullable=False))
    parent_code: str | None = Field(default=None, max_length=40)


class CertificateScheme(Table, table=True):
    """A kind of certificate that a tender may require."""

    __tablename__ = "certificate_scheme"

    code: str = Field(max_length=40, unique=True)
    names: dict[str, str] = Field(sa_column=Column(JSON, nullable=False))
    subject: CertificateSubject = Field(sa_type=state(CertificateSubject))


class MarketLanguage(Table, table=True):
    """A text of a product that a market wants in a language, from a day until another.

    `valid_to` is the first day on which it no longer counts. `reviewed`: somebody has read it in
    its source.
    """

    __tablename__ = "market_language"
    __table_args__ = (
        UniqueConstraint("market", "field", "language", "valid_from"),
        CheckConstraint("valid_to > valid_from", name="valid_forward"),
    )

    market: str = Field(max_length=2)
    field: TextField = Field(sa_type=state(TextField))
    language: str = Field(max_length=2)
    valid_from: date
    valid_to: date | None = None
    source: str = Field(max_length=500)
    reviewed: bool = False


class FxRate(Table, table=True):
    """What one unit of `base` cost in `quote` on a day, as one source says."""

    __tablename__ = "fx_rate"
    __table_args__ = (
        UniqueConstraint("day", "base", "quote", "source"),
        CheckConstraint("rate > 0", name="rate_positive"),
        CheckConstraint("base <> quote", name="currencies_differ"),
        Index("ix_fx_rate_latest", "base", "quote", "day"),
    )

    day: date
    base: str = Field(max_length=3)
    quote: str = Field(max_length=3)
    rate: Decimal = Field(sa_type=RATE)
    source: str = Field(max_length=200)


class WorkCalendarYear(Table, table=True):
    """A year that a work calendar knows; `weekend` are the ISO weekdays off, Monday being 1."""

    __tablename__ = "work_calendar_year"
    __table_args__ = (UniqueConstraint("calendar", "year"),)

    calendar: str = Field(max_length=3)
    year: int
    weekend: list[int] = Field(sa_column=Column(ARRAY(Integer), nullable=False))
    source: str = Field(max_length=500)
    reviewed: bool = False


class WorkCalendarDay(Table, table=True):
    """A day that differs from its week: a holiday, or a Saturday that a decree makes working."""

    __tablename__ = "work_calendar_day"
    __table_args__ = (
        UniqueConstraint("calendar", "day"),
        CheckConstraint("extract(year from day) = year", name="day_in_year"),
        ForeignKeyConstraint(
            ["calendar", "year"], ["work_calendar_year.calendar", "work_calendar_year.year"]
        ),
    )

    calendar: str = Field(max_length=3)
    year: int
    day: date
    working: bool
    names: dict[str, str] = Field(sa_column=Column(JSON, nullable=False))
    source: str = Field(max_length=500)
    reviewed: bool = False


class PolicySet(Table, table=True):
    """The rules of one procedure in one jurisdiction and regime, from a day until another.

    `valid_to` is the first day on which they no longer count. Only `valid_to` is ever written
    again: another number is another row. `sources` says for each parameter where it is from and
    whether somebody has read it there.
    """

    __tablename__ = "policy_set"
    __table_args__ = (
        CheckConstraint("valid_to > valid_from", name="valid_forward"),
        ExcludeConstraint(
            ("jurisdiction", "="),
            ("regime", "="),
            ("procedure", "="),
            (text("daterange(valid_from, valid_to)"), "&&"),
            using="gist",
            name="ex_policy_set_in_force",
        ),
    )

    jurisdiction: str = Field(max_length=3)
    regime: ProcurementRegime = Field(sa_type=state(ProcurementRegime))
    procedure: str = Field(max_length=40)
    valid_from: date
    valid_to: date | None = None
    title: dict[str, str] = Field(sa_column=Column(JSON, nullable=False))
    codes: dict[str, str] = Field(sa_column=Column(JSON, nullable=False))
    schema_version: int
    parameters: dict[str, Any] = Field(sa_column=Column(JSON, nullable=False))
    sources: dict[str, dict[str, Any]] = Field(sa_column=Column(JSON, nullable=False))
    legal_source: str = Field(max_length=1000)

    @property
    def reviewed(self) -> bool:
        """True when every parameter was read in its source."""
        return all(source["reviewed"] for source in self.sources.values())
