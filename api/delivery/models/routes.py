"""Border crossings, routes over them, and what each stage of a route costs."""

from datetime import date
from decimal import Decimal

from sqlalchemy import CheckConstraint, Column, UniqueConstraint
from sqlmodel import Field

from api.core.tables import JSON, MONEY, QUANTITY, TEXTS, Table, state
from api.rules.landed_cost.kinds import Basis, ChargeKind, Driver, Segment
from api.rules.transport import TransportMode

_SOURCE = 500


class Crossing(Table, table=True):
    """A crossing of a border, keyed by our own place code: UN/LOCODE lacks most of them.

    `union_border` says that goods enter the customs territory of the Eurasian Economic Union here.
    """

    __tablename__ = "crossing"

    code: str = Field(max_length=40, unique=True)
    place_code: str = Field(max_length=40, foreign_key="place.code", ondelete="RESTRICT")
    un_locode: str | None = Field(default=None, max_length=5)
    from_country: str = Field(max_length=2)
    to_country: str = Field(max_length=2)
    mode: TransportMode = Field(sa_type=state(TransportMode))
    union_border: bool
    names: dict[str, str] = Field(sa_column=Column(JSON, nullable=False))
    source: str = Field(max_length=_SOURCE)
    reviewed: bool = False


class TransportRoute(Table, table=True):
    """A way for goods: its places in order, the last of them the destination.

    `capacity_kg` and `capacity_m3` are those of one vehicle, by which vehicles are counted.
    """

    __tablename__ = "transport_route"
    __table_args__ = (
        CheckConstraint("cardinality(places) >= 2", name="has_ends"),
        CheckConstraint("capacity_kg > 0 AND capacity_m3 > 0", name="capacity_positive"),
    )

    code: str = Field(max_length=60, unique=True)
    crossing_code: str = Field(max_length=40, foreign_key="crossing.code", ondelete="RESTRICT")
    mode: TransportMode = Field(sa_type=state(TransportMode))
    places: list[str] = Field(sa_column=Column(TEXTS, nullable=False))
    names: dict[str, str] = Field(sa_column=Column(JSON, nullable=False))
    capacity_kg: Decimal = Field(sa_type=QUANTITY)
    capacity_m3: Decimal = Field(sa_type=QUANTITY)
    source: str = Field(max_length=_SOURCE)
    reviewed: bool = False


class RateCharge(Table, table=True):
    """A line of the rate card of a route from a day on, until a later line of the same code.

    It falls at `from_place`, or between it and `to_place`. `card` is the version of the card.
    """

    __tablename__ = "rate_charge"
    __table_args__ = (
        UniqueConstraint("route_code", "code", "valid_from"),
        CheckConstraint("amount >= 0", name="amount_not_negative"),
        CheckConstraint("valid_to > valid_from", name="valid_forward"),
    )

    route_code: str = Field(max_length=60, foreign_key="transport_route.code", ondelete="RESTRICT")
    code: str = Field(max_length=60)
    card: str = Field(max_length=100)
    position: int
    kind: ChargeKind = Field(sa_type=state(ChargeKind))
    segment: Segment = Field(sa_type=state(Segment))
    from_place: str = Field(max_length=40)
    to_place: str | None = Field(default=None, max_length=40)
    basis: Basis = Field(sa_type=state(Basis))
    amount: Decimal = Field(sa_type=MONEY)
    currency: str = Field(max_length=3)
    driver: Driver = Field(sa_type=state(Driver))
    valid_from: date
    valid_to: date | None = None
    source: str = Field(max_length=_SOURCE)
    reviewed: bool = False
