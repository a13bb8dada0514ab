"""Rates of duty, trade remedies and excise by TN VED code, and the other numbers of import."""

from datetime import date
from decimal import Decimal

from sqlalchemy import CheckConstraint, Numeric, UniqueConstraint, text
from sqlmodel import Field

from api.core.tables import MONEY, Table, state
from api.rules.landed_cost.kinds import DutyKind, ParameterCode, RemedyKind

RATE = Numeric(12, 8)
"""A fraction of the value: 0.05 is five per cent."""
_SPECIFIC = "(specific_amount IS NULL) = (specific_currency IS NULL OR specific_unit IS NULL)"
_FORWARD = "valid_to > valid_from"


class TariffRate(Table, table=True):
    """The import duty of a ten-digit code of TN VED, from a day until another (`valid_to` is the
    first day on which it no longer counts)."""

    __tablename__ = "tariff_rate"
    __table_args__ = (
        UniqueConstraint("tnved_code", "valid_from"),
        CheckConstraint("tnved_code ~ '^[0-9]{10}$'", name="code_of_ten_digits"),
        CheckConstraint("ad_valorem >= 0 AND specific_amount >= 0", name="rates_not_negative"),
        CheckConstraint(_SPECIFIC, name="specific_complete"),
        CheckConstraint(
            "(kind = 'specific' OR ad_valorem IS NOT NULL)"
            " AND (kind = 'ad_valorem' OR specific_amount IS NOT NULL)",
            name="kind_has_rates",
        ),
        CheckConstraint(_FORWARD, name="valid_forward"),
    )

    tnved_code: str = Field(max_length=10)
    kind: DutyKind = Field(sa_type=state(DutyKind))
    ad_valorem: Decimal | None = Field(default=None, sa_type=RATE)
    specific_amount: Decimal | None = Field(default=None, sa_type=MONEY)
    specific_currency: str | None = Field(default=None, max_length=3)
    specific_unit: str | None = Field(default=None, max_length=3)
    valid_from: date
    valid_to: date | None = None
    source: str = Field(max_length=500)
    reviewed: bool = False


class DestinationTariff(Table, table=True):
    """The import duty of another country on goods of the Kyrgyz Republic, and their VAT there
    (None: its usual rate), by a code of six digits of the Harmonized System or more of its own."""

    __tablename__ = "destination_tariff"
    __table_args__ = (
        UniqueConstraint("country", "hs_code", "valid_from"),
        CheckConstraint("country ~ '^[A-Z]{2}$'", name="country_code"),
        CheckConstraint("hs_code ~ '^([0-9]{6}|[0-9]{8}|[0-9]{10})$'", name="code_of_digits"),
        CheckConstraint("ad_valorem >= 0 AND specific_amount >= 0", name="rates_not_negative"),
        CheckConstraint("vat_rate >= 0 AND vat_rate < 1", name="vat_rate_fraction"),
        CheckConstraint(_SPECIFIC, name="specific_complete"),
        CheckConstraint(
            "(kind = 'specific' OR ad_valorem IS NOT NULL)"
            " AND (kind = 'ad_valorem' OR specific_amount IS NOT NULL)",
            name="kind_has_rates",
        ),
        CheckConstraint(_FORWARD, name="valid_forward"),
    )

    country: str = Field(max_length=2)
    hs_code: str = Field(max_length=10)
    kind: DutyKind = Field(sa_type=state(DutyKind))
    ad_valorem: Decimal | None = Field(default=None, sa_type=RATE)
    specific_amount: Decimal | None = Field(default=None, sa_type=MONEY)
    specific_currency: str | None = Field(default=None, max_length=3)
    specific_unit: str | None = Field(default=None, max_length=3)
    vat_rate: Decimal | None = Field(default=None, sa_type=RATE)
    valid_from: date
    valid_to: date | None = None
    source: str = Field(max_length=500)
    reviewed: bool = False


class TradeRemedy(Table, table=True):
    """An anti-dumping, safeguard or countervailing duty on goods of an origin; of one producer,
    or of all that have no rate of their own."""

    __tablename__ = "trade_remedy"
    __table_args__ = (
        UniqueConstraint(
            "tnved_code",
            "origin",
            "producer",
            "kind",
            "valid_from",
            postgresql_nulls_not_distinct=True,
        ),
        CheckConstraint("tnved_code ~ '^[0-9]{10}$'", name="code_of_ten_digits"),
        CheckConstraint("rate >= 0", name="rate_not_negative"),
        CheckConstraint(_FORWARD, name="valid_forward"),
    )

    tnved_code: str = Field(max_length=10)
    kind: RemedyKind = Field(sa_type=state(RemedyKind))
    origin: str = Field(max_length=2)
    producer: str | None = Field(default=None, max_length=200)
    rate: Decimal = Field(sa_type=RATE)
    valid_from: date
    valid_to: date | None = None
    source: str = Field(max_length=500)
    reviewed: bool = False


class ExciseRate(Table, table=True):
    """The excise on imported goods of a code: a share of the value, an amount by unit, or both."""

    __tablename__ = "excise_rate"
    __table_args__ = (
        UniqueConstraint("tnved_code", "valid_from"),
        CheckConstraint("tnved_code ~ '^[0-9]{10}$'", name="code_of_ten_digits"),
        CheckConstraint("ad_valorem >= 0 AND specific_amount >= 0", name="rates_not_negative"),
        CheckConstraint(_SPECIFIC, name="specific_complete"),
        CheckConstraint("ad_valorem IS NOT NULL OR specific_amount IS NOT NULL", name="has_a_rate"),
        CheckConstraint(_FORWARD, name="valid_forward"),
    )

    country: str = Field(
        default="KG", max_length=2, sa_column_kwargs={"server_default": text("'KG'")}
    )
    tnved_code: str = Field(max_length=10)
    ad_valorem: Decimal | None = Field(default=None, sa_type=RATE)
    specific_amount: Decimal | None = Field(default=None, sa_type=MONEY)
    specific_currency: str | None = Field(default=None, max_length=3)
    specific_unit: str | None = Field(default=None, max_length=3)
    valid_from: date
    valid_to: date | None = None
    source: str = Field(max_length=500)
    reviewed: bool = False


class ImportParameter(Table, table=True):
    """One number that import into a country depends on, from a day until a later row begins."""

    __tablename__ = "import_parameter"
    __table_args__ = (
        UniqueConstraint("country", "code", "valid_from"),
        CheckConstraint("value >= 0", name="value_not_negative"),
        CheckConstraint(_FORWARD, name="valid_forward"),
    )

    country: str = Field(max_length=2)
    code: ParameterCode = Field(sa_type=state(ParameterCode))
    value: Decimal = Field(sa_type=Numeric(20, 8))
    valid_from: date
    valid_to: date | None = None
    source: str = Field(max_length=500)
    reviewed: bool = False
