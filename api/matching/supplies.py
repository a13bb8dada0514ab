"""Offers of the catalogue and their sellers, as matching compares them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import func
from sqlmodel import Session, col, select

from api.catalog import offers
from api.catalog.models import Offer
from api.matching.text.language import Language
from api.reference import service as reference
from api.rules.matching import Held, LeadTier, PriceTier, Supply
from api.rules.organisations import OrganisationStatus

_LANGUAGES = frozenset(Language)


@dataclass(frozen=True, slots=True)
class Wording:
    """The texts of an offer; `extra` are words of no language: brand, model, attributes."""

    names: Mapping[Language, str]
    descriptions: Mapping[Language, str]
    extra: str = ""


@dataclass(frozen=True, slots=True)
class Loaded:
    """An offer as it stands; `active` is false for one that nobody can order now."""

    supply: Supply
    active: bool
    names: Mapping[str, str]
    descriptions: Mapping[str, str]
    extra: str
    seller_names: Mapping[str, str]

    @property
    def wording(self) -> Wording:
        """The texts that are compared."""
        return Wording(languages(self.names), languages(self.descriptions), self.extra)


def load(session: Session, offer_ids: Sequence[UUID]) -> dict[UUID, Loaded]:
    """The offers that exist, by id."""
    records = offers.load(session, list(offer_ids))
    places = reference.places(session, {record.place_code for record in records})
    countries = {code: place.country for code, place in places.items()}
    return {record.id: _loaded(record, countries) for record in records}


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


def _loaded(record: offers.OfferRecord, countries: Mapping[str, str]) -> Loaded:
    supply = Supply(
        offer_id=record.id,
        seller_id=record.seller_id,
        seller_country=record.seller_country,
        markets=record.markets,
        unit_code=record.unit_code,
        min_order_quantity=record.min_order_quantity,
        order_multiple=record.order_multiple,
        currency=record.currency,
        incoterm=record.incoterm.value,
        place_code=record.place_code,
        place_country=countries.get(record.place_code),
        price_tiers=tuple(PriceTier(t.min_quantity, t.unit_price) for t in record.price_tiers),
        lead_time_tiers=tuple(LeadTier(t.min_quantity, t.days) for t in record.lead_time_tiers),
        cpv_code=record.cpv_code,
        hs_code=record.hs_code,
        supply_quantity=record.supply_quantity,
        supply_period=record.supply_period,
        certificates=tuple(Held(c.scheme, c.number, c.expires_on) for c in record.certificates),
        valid_through=record.valid_through,
        seller_verified=record.seller_status is OrganisationStatus.VERIFIED,
        verification_level=record.seller_level,
        debarred_until=record.seller_debarred_until,
    )
    extra = " ".join([record.brand or "", record.model or "", *record.attributes.values()])
    return Loaded(
        supply,
        record.active,
        record.names,
        record.descriptions,
        extra.strip(),
        record.seller_names,
    )


def languages(texts: Mapping[str, str]) -> dict[Language, str]:
    """The texts in languages that are compared, empty ones left out."""
    return {Language(key): text for key, text in texts.items() if key in _LANGUAGES and text}
