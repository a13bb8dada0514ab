"""Reference data that every organisation reads and only the operator writes."""

from datetime import date
from decimal import Decimal
from enum import StrEnum

from sqlalchemy import CheckConstraint, Column, Index, Numeric, UniqueConstraint
from sqlmodel import Field

from api.core.tables import JSON, Table, state

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
