"""Offers and products in memory while they are made or changed, read and written many at once.

A state has the attributes of its table's row, as an ORM object has, without the ORM's cost a row.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, ColumnElement, any_, delete, literal, select
from sqlmodel import Session, SQLModel, col

from api.catalog import text_notes
from api.catalog.models import LeadTimeTier, Offer, OfferCertificate, PriceTier, Product
from api.core import bulk
from api.rules.clock import utcnow
from api.rules.offers import LeadTimeStart, OfferStatus

type PriceTiers = tuple[tuple[Decimal, Decimal], ...]
type LeadTimeTiers = tuple[tuple[Decimal, int, LeadTimeStart], ...]
_PRICES = ("min_quantity", "unit_price")
_LEADS = ("min_quantity", "days", "from_event")


class ProductState:
    """A product; `seen` is its version in the database, 0 before it is there."""

    id: UUID
    org_id: UUID
    names: Mapping[str, str]
    variant: Mapping[str, str] | None
    version: int

    def __init__(self, values: Mapping[str, Any], *, seen: int = 0) -> None:
        self.__dict__.update(values)
        self.seen = seen

    @classmethod
    def new(cls, **values: Any) -> "ProductState":
        """A product that is not there yet."""
        return cls(bulk.new_row(version=1, **{"group_id": None, "variant": None, **values}))


class OfferState:
    """An offer with its product, tiers and certificates; `seen` as in `ProductState`."""

    id: UUID
    seller_id: UUID
    sku: str
    status: OfferStatus
    product_id: UUID
    valid_through: date | None
    version: int
    product: ProductState
    price_tiers: PriceTiers
    lead_time_tiers: LeadTimeTiers
    certificates: frozenset[UUID]

    def __init__(self, values: Mapping[str, Any], *, seen: int = 0) -> None:
        self.__dict__.update(values)
        self.seen = seen
        self.changed: set[str] = set()

    @classmethod
    def new(cls, **values: Any) -> "OfferState":
        """A draft that is not there yet."""
        state = cls(bulk.new_row(version=1, status=OfferStatus.DRAFT, **values))
        state.changed |= {"price_tiers", "lead_time_tiers", "certificates"}
        return state


def products(session: Session, org_id: UUID, ids: Collection[UUID]) -> dict[UUID, ProductState]:
    """The organisation's products with these ids, locked for a change."""
    if not ids:
        return {}
    query = (
        select(*_columns(Product))
        .where(col(Product.org_id) == org_id, among(col(Product.id), ids))
        .order_by(col(Product.id))
        .with_for_update()
    )
    rows = session.connection().execute(query).mappings()
    return {row["id"]: ProductState(dict(row), seen=row["version"]) for row in rows}


def offers(session: Session, org_id: UUID, skus: Collection[str]) -> dict[str, OfferState]:
    """The seller's offers with these skus, locked for a change, with all that belongs to them."""
    query = (
        select(*_columns(Offer))
        .where(col(Offer.seller_id) == org_id, among(col(Offer.sku), skus))
        .order_by(col(Offer.id))
        .with_for_update()
    )
    rows = session.connection().execute(query).mappings().all()
    if not rows:
        return {}
    ids = [row["id"] for row in rows]
    prices = _parts(session, PriceTier, _PRICES, ids)
    leads = _parts(session, LeadTimeTier, _LEADS, ids)
    shown = _parts(session, OfferCertificate, ("certificate_id",), ids)
    shared = products(session, org_id, {row["product_id"] for row in rows})
    found = {}
    for row in rows:
        state = OfferState(dict(row), seen=row["version"])
        state.product = shared[state.product_id]
        state.price_tiers = tuple(prices.get(state.id, ()))
        state.lead_time_tiers = tuple(leads.get(state.id, ()))
        state.certificates = frozenset(id_ for (id_,) in shown.get(state.id, ()))
        found[state.sku] = state
    return found


def write(session: Session, offers: Iterable[OfferState], products: Iterable[ProductState]) -> None:
    """Write what is new and what has another version than it had."""
    session.flush()
    made_or_changed = [state for state in products if state.version != state.seen]
    written = [state for state in offers if state.version != state.seen]
    _write_rows(session, Product, made_or_changed)
    _write_rows(session, Offer, written)
    text_notes.write(session, made_or_changed)
    _write_tiers(session, PriceTier, "price_tiers", _PRICES, written)
    _write_tiers(session, LeadTimeTier, "lead_time_tiers", _LEADS, written)
    shown = _emptied(session, OfferCertificate, "certificates", written)
    bulk.insert(
        session,
        OfferCertificate,
        [{"offer_id": o.id, "certificate_id": id_} for o in shown for id_ in o.certificates],
    )
    for product in made_or_changed:
        product.seen = product.version
    for offer in written:
        offer.seen = offer.version


def among(column: Any, values: Collection[Any]) -> ColumnElement[bool]:
    """The column has one of the values: one parameter, however many they are."""
    found: ColumnElement[bool] = column == any_(literal(list(values), ARRAY(column.type)))
    return found


def _write_rows(
    session: Session, model: type[SQLModel], states: Sequence[ProductState] | Sequence[OfferState]
) -> None:
    names = [column.name for column in _columns(model)]
    new = [_values(state, names) for state in states if not state.seen]
    changed = [_values(state, names) for state in states if state.seen]
    bulk.insert(session, model, new)
    bulk.update(session, model, [{**row, "updated_at": utcnow()} for row in changed])


def _values(state: ProductState | OfferState, names: Sequence[str]) -> dict[str, Any]:
    return {name: getattr(state, name) for name in names}


def _write_tiers(
    session: Session,
    model: type[PriceTier | LeadTimeTier],
    part: str,
    names: Sequence[str],
    written: Sequence[OfferState],
) -> None:
    rows = [
        bulk.new_row(offer_id=offer.id, **dict(zip(names, tier, strict=True)))
        for offer in _emptied(session, model, part, written)
        for tier in getattr(offer, part)
    ]
    bulk.insert(session, model, rows)


def _emptied(
    session: Session, model: type[SQLModel], part: str, written: Sequence[OfferState]
) -> list[OfferState]:
    """The offers of which this part changed, after what they had of it is gone."""
    changed = [offer for offer in written if part in offer.changed]
    before = [offer.id for offer in changed if offer.seen]
    if before:
        table = model.__table__  # type: ignore[attr-defined]
        session.connection().execute(delete(table).where(among(table.c.offer_id, before)))
    return changed


def _parts(
    session: Session, model: type[SQLModel], names: Sequence[str], ids: Collection[UUID]
) -> dict[UUID, list[Any]]:
    """The rows of a part of offers, as tuples of the named columns, in their order."""
    columns = model.__table__.c  # type: ignore[attr-defined]
    query = (
        select(columns.offer_id, *(columns[name] for name in names))
        .where(among(columns.offer_id, ids))
        .order_by(columns[names[0]])
    )
    found: dict[UUID, list[Any]] = {}
    for offer_id, *values in session.connection().execute(query):
        found.setdefault(offer_id, []).append(tuple(values))
    return found


def _columns(model: type[SQLModel]) -> Sequence[Any]:
    return tuple(model.__table__.c)  # type: ignore[attr-defined]
