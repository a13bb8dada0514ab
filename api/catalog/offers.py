"""What can be done with offers. Never commits: the caller owns the transaction."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy.orm import joinedload, selectinload
from sqlmodel import Session, col, select

from api.catalog import certificates, checks, products, records
from api.catalog.assign import assign, assign_tiers
from api.catalog.models import Certificate, LeadTimeTier, Offer, PriceTier
from api.catalog.schemas import LeadTimeTierIn, OfferIn, OfferPatch, OfferTerms, PriceTierIn
from api.core import audit, db, deadlines
from api.core.errors import AlreadyExists, Conflict, FieldError, NotFound
from api.core.outbox import emit
from api.rules.clock import local_date
from api.rules.offers import OFFER, OfferStatus, validity_end
from api.rules.states import IllegalTransition

VALIDITY_ENDED = "offer.validity_ended"
_ENDS = OFFER.actions["expire"][0]
_NOT_COLUMNS = {
    "sku",
    "product",
    "product_id",
    "price_tiers",
    "lead_time_tiers",
    "certificates",
}
WHOLE = (
    joinedload(Offer.product),  # type: ignore[arg-type]
    selectinload(Offer.price_tiers),  # type: ignore[arg-type]
    selectinload(Offer.lead_time_tiers),  # type: ignore[arg-type]
    selectinload(Offer.certificates),  # type: ignore[arg-type]
)
OfferRecord = records.OfferRecord
load = records.load


class OfferValidityEnded(Conflict):
    """The last day of the offer's validity has passed; give it a later one first."""

    code, title = "offer_validity_ended", "The offer is no longer valid"


class Outcome(StrEnum):
    """What saving an offer did."""

    CREATED = "created"
    UPDATED = "updated"
    UNCHANGED = "unchanged"


@dataclass(frozen=True, slots=True)
class Lookup:
    """What a batch of offers refers to, found in a few queries. `today` is Bishkek's."""

    today: date
    unknown: checks.Codes
    certificates: dict[str, list[Certificate]]
    offers: dict[str, Offer]


def create(session: Session, org_id: UUID, actor: str, data: OfferIn) -> Offer:
    """Draft an offer, and its product if it comes along.

    Raises Invalid for unknown codes and contradictions, AlreadyExists for a known sku.
    """
    lookup = look_up(session, org_id, [data])
    if data.sku in lookup.offers:
        raise AlreadyExists("You have an offer with this sku already.")
    return save(session, org_id, actor, data, lookup)[0]


def look_up(session: Session, org_id: UUID, batch: Sequence[OfferIn]) -> Lookup:
    """Find what the batch refers to; offers with its skus are locked for a change."""
    offers = session.exec(
        select(Offer)
        .where(Offer.seller_id == org_id, col(Offer.sku).in_({data.sku for data in batch}))
        .order_by(col(Offer.id))
        .options(*WHOLE)
        .with_for_update(of=Offer)
        .execution_options(populate_existing=True)
    ).all()
    return Lookup(
        today=local_date(db.now(session)),
        unknown=checks.unknown_codes(
            session, (use for data in batch for use in checks.offer_uses(data))
        ),
        certificates=certificates.by_number(
            session, org_id, {number for data in batch for number in data.certificates}
        ),
        offers={offer.sku: offer for offer in offers},
    )


def save(
    session: Session, org_id: UUID, actor: str, data: OfferIn, lookup: Lookup
) -> tuple[Offer, Outcome]:
    """Create the offer with this sku, or give it all the values of `data`."""
    checks.raise_if(_errors(data, lookup, checks.offer_uses(data)))
    offer = lookup.offers.get(data.sku)
    if offer is None:
        return _insert(session, org_id, actor, data, lookup), Outcome.CREATED
    changed = []
    if data.product is None:
        if data.product_id != offer.product_id:
            offer.product = products.locked(session, org_id, data.product_id or UUID(int=0))
            changed.append("product")
    elif products.replace(session, offer.product, actor, data.product):
        changed.append("product")
    changed += _assign(offer, data, lookup)
    if changed:
        _changed(session, offer, actor, changed)
    return offer, Outcome.UPDATED if changed else Outcome.UNCHANGED


def locked(session: Session, org_id: UUID, offer_id: UUID) -> Offer:
    """The seller's offer, whole, locked for a change; NotFound for anybody else."""
    offer = session.exec(
        select(Offer)
        .where(Offer.id == offer_id, Offer.seller_id == org_id)
        .options(*WHOLE)
        .with_for_update(of=Offer)
        .execution_options(populate_existing=True)
    ).one_or_none()
    if offer is None:
        raise NotFound
    return offer


def update(session: Session, offer: Offer, actor: str, data: OfferPatch) -> Offer:
    """Change the terms that the patch names; the result is checked as a whole."""
    terms = checks.merged(OfferTerms, _terms(offer), data)
    uses = checks.offer_uses(terms)
    lookup = Lookup(
        today=local_date(db.now(session)),
        unknown=checks.unknown_codes(session, uses),
        certificates=certificates.by_number(session, offer.seller_id, terms.certificates),
        offers={},
    )
    checks.raise_if(_errors(terms, lookup, uses))
    changed = _assign(offer, terms, lookup)
    if changed:
        _changed(session, offer, actor, changed)
    return offer


def activate(session: Session, offer: Offer, actor: str) -> Offer:
    """Show a draft or expired offer to buyers; OfferValidityEnded after its last day."""
    _check_validity(session, offer)
    _move(session, offer, "activate", actor)
    return offer


def suspend(session: Session, offer: Offer, actor: str) -> Offer:
    """Hide an active offer for the time being."""
    _move(session, offer, "suspend", actor)
    return offer


def resume(session: Session, offer: Offer, actor: str) -> Offer:
    """Show a suspended offer again; OfferValidityEnded after its last day."""
    _check_validity(session, offer)
    _move(session, offer, "resume", actor)
    return offer


def expire(session: Session, offer_id: UUID) -> None:
    """End an offer whose last day of validity is over; does nothing before, or a second time."""
    query = select(Offer).where(Offer.id == offer_id).with_for_update()
    offer = session.exec(query).one_or_none()
    if offer is None or offer.status not in _ENDS or offer.valid_through is None:
        return
    if db.now(session) >= validity_end(offer.valid_through):
        _move(session, offer, "expire", "clock")


def _insert(session: Session, org_id: UUID, actor: str, data: OfferIn, lookup: Lookup) -> Offer:
    if data.product is not None:
        product = products.add(session, org_id, actor, data.product)
    else:
        product = products.locked(session, org_id, data.product_id or UUID(int=0))
    offer = Offer(seller_id=org_id, sku=data.sku, **_columns(data))
    offer.product = product
    offer.price_tiers = [PriceTier(**tier.model_dump()) for tier in data.price_tiers]
    offer.lead_time_tiers = [LeadTimeTier(**tier.model_dump()) for tier in data.lead_time_tiers]
    offer.certificates = _shown(data, lookup)
    session.add(offer)
    lookup.offers[offer.sku] = offer
    _record(session, offer, "create", actor, {"sku": offer.sku})
    return offer


def _columns(data: OfferTerms) -> dict[str, Any]:
    return data.model_dump(exclude=_NOT_COLUMNS)


def _terms(offer: Offer) -> dict[str, Any]:
    """The offer as input."""
    simple = {name: getattr(offer, name) for name in OfferTerms.model_fields.keys() - _NOT_COLUMNS}
    return {
        **simple,
        "price_tiers": [PriceTierIn.model_validate(t).model_dump() for t in offer.price_tiers],
        "lead_time_tiers": [
            LeadTimeTierIn.model_validate(t).model_dump() for t in offer.lead_time_tiers
        ],
        "certificates": [certificate.number for certificate in offer.certificates],
    }


def _assign(offer: Offer, data: OfferTerms, lookup: Lookup) -> list[str]:
    """Give the offer the terms; the names of what changed."""
    changed = assign(offer, _columns(data))
    if assign_tiers(offer.price_tiers, data.price_tiers, PriceTier):
        changed.append("price_tiers")
    if assign_tiers(offer.lead_time_tiers, data.lead_time_tiers, LeadTimeTier):
        changed.append("lead_time_tiers")
    shown = _shown(data, lookup)
    if {c.id for c in shown} != {c.id for c in offer.certificates}:
        offer.certificates = shown
        changed.append("certificates")
    return changed


def _shown(data: OfferTerms, lookup: Lookup) -> list[Certificate]:
    numbers = dict.fromkeys(data.certificates)
    return [found for number in numbers for found in lookup.certificates.get(number, ())]


def _errors(data: OfferTerms, lookup: Lookup, uses: Sequence[checks.Use]) -> list[FieldError]:
    unknown = [
        FieldError(
            pointer=f"#/certificates/{i}",
            code="unknown_certificate",
            detail=f"{number} is not the number of one of your certificates",
        )
        for i, number in enumerate(data.certificates)
        if number not in lookup.certificates
    ]
    terms = checks.term_errors(data, lookup.today)
    return checks.code_errors(uses, lookup.unknown) + terms + unknown


def _check_validity(session: Session, offer: Offer) -> None:
    if offer.valid_through and db.now(session) >= validity_end(offer.valid_through):
        raise OfferValidityEnded


def _changed(session: Session, offer: Offer, actor: str, fields: list[str]) -> None:
    offer.version += 1
    _record(session, offer, "update", actor, {"fields": fields})
    if offer.status is not OfferStatus.DRAFT:
        emit(session, "offer.changed", offer.id, org_id=offer.seller_id, fields=fields)
    if "valid_through" in fields:
        _arm(session, offer)


def _arm(session: Session, offer: Offer) -> None:
    """Let the offer end by itself after its last day, while it can still end."""
    if offer.valid_through is not None and offer.status in _ENDS:
        due = validity_end(offer.valid_through)
        deadlines.arm(session, VALIDITY_ENDED, offer.id, due, org_id=offer.seller_id)
    else:
        deadlines.disarm(session, VALIDITY_ENDED, offer.id)


def _move(session: Session, offer: Offer, action: str, actor: str) -> None:
    """The one place that writes `offer.status`."""
    before = offer.status
    try:
        offer.status = OFFER.apply(action, before)
    except IllegalTransition as error:
        raise Conflict(str(error)) from error
    offer.version += 1
    _record(session, offer, action, actor, {"before": before})
    event = "activated" if offer.status is OfferStatus.ACTIVE else offer.status.value
    emit(session, f"offer.{event}", offer.id, org_id=offer.seller_id, before=before)
    if action == "activate" and offer.valid_through is not None:
        _arm(session, offer)


def _record(
    session: Session, offer: Offer, action: str, actor: str, change: dict[str, Any]
) -> None:
    stream = f"offer:{offer.id.hex}"
    audit.record(session, stream, action, actor=actor, org_id=offer.seller_id, change=change)
