"""Offers of the catalogue and their sellers, as matching compares them."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from itertools import starmap
from typing import Any
from uuid import UUID

from sqlalchemy import func
from sqlmodel import Session, col, select

from api.catalog import market_gate, offers, prices
from api.catalog.models import Offer
from api.catalog.price_models import PricePoint
from api.core import db
from api.identity import levels
from api.matching import standings
from api.matching.text.language import Language
from api.reference.models import Place
from api.rules import price_points
from api.rules.clock import local_date
from api.rules.matching import Held, LeadTier, PriceTier, Supply
from api.rules.offers import SupplyPeriod
from api.rules.organisations import OrganisationStatus

_LANGUAGES = frozenset(Language)


@dataclass(frozen=True, slots=True)
class Wording:
    """The texts of an offer; `extra` are words of no language: model, numbers, attributes."""

    names: Mapping[Language, str]
    descriptions: Mapping[Language, str]
    extra: str = ""
    brand: str = ""


@dataclass(frozen=True, slots=True)
class Loaded:
    """An offer as it stands; `active` is false for one that nobody can order now."""

    supply: Supply
    active: bool
    names: Mapping[str, str]
    descriptions: Mapping[str, str]
    extra: str
    brand: str
    seller_names: Mapping[str, str]

    @property
    def wording(self) -> Wording:
        """The texts that are compared."""
        return Wording(languages(self.names), languages(self.descriptions), self.extra, self.brand)


def load(session: Session, offer_ids: Sequence[UUID]) -> dict[UUID, Loaded]:
    """The offers that exist, by id."""
    records = [*offers.load(session, offer_ids)]
    sellers = {record.seller_id for record in records}
    known = standings.overall_of(session, sellers)
    today = local_date(db.now(session))
    verified = levels.levels(session, sellers, today)
    barred = market_gate.barred(session, offer_ids, today)
    return {
        record.id: _loaded(
            record,
            verified[record.seller_id],
            known.get(record.seller_id),
            tuple(sorted(barred.get(record.id, ()))),
        )
        for record in records
    }


@dataclass(frozen=True, slots=True)
class Contracts:
    """The contract prices of some buyers in some offers, as of a day."""

    points: Mapping[tuple[UUID, UUID], Sequence[PricePoint]]
    countries: Mapping[str, str]
    """Of the places that they name."""
    today: date

    def of(self, offer: Loaded, buyer_id: UUID) -> Loaded:
        """The offer as the buyer has it: at its contract price, if there is one."""
        supply = offer.supply
        point = price_points.contract_price(
            self.points.get((supply.offer_id, buyer_id), ()),
            buyer_id,
            self.today,
            incoterm=supply.incoterm,
            place_code=supply.place_code or "",
        )
        if point is None:
            return offer
        tiers = tuple(PriceTier(t.min_quantity, t.unit_price) for t in point.price_tiers)
        priced = replace(
            supply,
            price_tiers=tiers,
            currency=point.currency,
            incoterm=point.incoterm,
            place_code=point.place_code,
            place_country=self.countries.get(point.place_code),
        )
        return replace(offer, supply=priced)


def contracts(
    session: Session, offer_ids: Collection[UUID], buyer_ids: Collection[UUID]
) -> Contracts:
    """What the buyers have agreed with the sellers of the offers, as far as the session may know."""
    points = prices.contracts(session, buyer_ids, offer_ids)
    named = {point.place_code for each in points.values() for point in each}
    countries = {}
    if named:
        query = select(Place.code, Place.country).where(col(Place.code).in_(named))
        countries = {code: country for code, country in session.exec(query) if country}
    return Contracts(points, countries, local_date(db.now(session)))


def ids_after(session: Session, last: UUID | None, limit: int) -> list[UUID]:
    """The next offers in the order of their ids, whatever their state."""
    query = select(Offer.id).order_by(col(Offer.id)).limit(limit)
    return list(session.exec(query.where(Offer.id > last) if last else query))


def ids_of_seller(session: Session, seller_id: UUID) -> list[UUID]:
    """All offers of a seller."""
    query = select(Offer.id).where(Offer.seller_id == seller_id)
    return list(session.exec(query.order_by(col(Offer.id))))


def count(session: Session) -> int:
    """How many offers there are."""
    return session.exec(select(func.count()).select_from(Offer)).one()


def _loaded(
    record: offers.OfferRecord, level: int, performance: Decimal | None, barred: tuple[str, ...]
) -> Loaded:
    supply = Supply(
        offer_id=record.id,
        seller_id=record.seller_id,
        seller_country=record.seller_country,
        markets=tuple(record.markets),
        barred=barred,
        unit_code=record.unit_code,
        min_order_quantity=record.min_order_quantity,
        order_multiple=record.order_multiple,
        currency=record.currency,
        incoterm=record.incoterm,
        place_code=record.place_code,
        place_country=record.place_country,
        price_tiers=_each(PriceTier, record.price_quantities, record.unit_prices),
        lead_time_tiers=_each(LeadTier, record.lead_time_quantities, record.lead_time_days),
        cpv_code=record.cpv_code,
        hs_code=record.hs_code,
        supply_quantity=record.supply_quantity,
        supply_period=SupplyPeriod(record.supply_period) if record.supply_period else None,
        certificates=_each(
            Held,
            record.certificate_schemes,
            record.certificate_numbers,
            record.certificate_expiries,
        ),
        valid_through=record.valid_through,
        seller_verified=record.seller_status == OrganisationStatus.VERIFIED,
        verification_level=level,
        debarred_until=record.seller_debarred_until,
        performance=performance,
        gross_weight_kg=record.gross_weight_kg,
        volume_m3=record.volume_m3,
        packages=record.packages,
    )
    numbers = [record.brand or "", record.model or "", record.mpn or ""]
    extra = " ".join([*numbers, *record.attributes.values(), record.gtin or ""])
    return Loaded(
        supply,
        record.active,
        record.names,
        record.descriptions,
        extra.strip(),
        record.brand or "",
        record.seller_names,
    )


def _each[T](make: Callable[..., T], *columns: Sequence[Any]) -> tuple[T, ...]:
    """One value for each row of some columns."""
    return tuple(starmap(make, zip(*columns, strict=True)))


def languages(texts: Mapping[str, str]) -> dict[Language, str]:
    """The texts in languages that are compared, empty ones left out."""
    return {Language(key): text for key, text in texts.items() if key in _LANGUAGES and text}
