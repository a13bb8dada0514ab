"""What can be done with offers. Never commits: the caller owns the transaction."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy.orm import joinedload, selectinload
from sqlmodel import Session, select

from api.catalog import certificates, checks, products, records, reviews, states
from api.catalog.assign import assign
from api.catalog.models import Certificate, Offer
from api.catalog.schemas import LeadTimeTierIn, OfferIn, OfferPatch, OfferTerms, PriceTierIn
from api.catalog.states import OfferState, ProductState
from api.core import db
from api.core.errors import AlreadyExists, Conflict, FieldError, NotFound, Problem
from api.core.trail import Trail
from api.identity import quotas
from api.identity.quotas import Room
from api.rules.clock import local_date
from api.rules.offers import OFFER, OfferStatus, validity_end
from api.rules.states import IllegalTransition

VALIDITY_ENDED = "offer.validity_ended"
ACTIVATED_FROM = OFFER.actions["activate"][0]
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
class Saved:
    """What saving an offer did, and the versions that it and its product then had."""

    offer_id: UUID
    outcome: Outcome
    version: int
    product_version: int


@dataclass(frozen=True, slots=True)
class Known:
    """What a batch of offers refers to, found in a few queries. `today` is Bishkek's."""

    org_id: UUID
    today: date
    unknown: checks.Codes
    certificates: Mapping[str, Sequence[Certificate]]
    offers: dict[str, OfferState]
    products: dict[UUID, ProductState]
    reviewed: frozenset[UUID]


def create(session: Session, org_id: UUID, actor: str, data: OfferIn) -> Offer:
    """Draft an offer, and its product if it comes along.

    Raises Invalid for unknown codes and contradictions, AlreadyExists for a known sku.
    """
    known = _known(session, org_id, [data])
    if data.sku in known.offers:
        raise AlreadyExists("You have an offer with this sku already.")
    return _one(session, known, actor, data)


def save(
    session: Session, org_id: UUID, actor: str, batch: Sequence[OfferIn], *, activate: bool = False
) -> list[Saved | Problem]:
    """Make the seller's offers with these skus what `batch` says, new ones where there are none.

    Each of the batch has its result, in order: what was saved, or why it was not (the others are
    nevertheless). A sku that comes again is saved again: the last one stands. `activate` shows
    drafts and expired offers to buyers. A value that only the database refuses raises its error,
    and then nothing of the batch can be kept.
    """
    known = _known(session, org_id, batch)
    return _save(session, known, actor, batch, activate=activate)


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


def own_one(session: Session, org_id: UUID, offer_id: UUID) -> Offer:
    """The seller's offer, to be read; NotFound for anybody else."""
    query = select(Offer).where(Offer.id == offer_id, Offer.seller_id == org_id)
    offer = session.exec(query).one_or_none()
    if offer is None:
        raise NotFound
    return offer


def update(session: Session, offer: Offer, actor: str, data: OfferPatch) -> Offer:
    """Change the terms that the patch names; the result is checked as a whole."""
    terms = checks.merged(OfferTerms, _terms(offer), data)
    whole = OfferIn(sku=offer.sku, product_id=offer.product_id, **terms.model_dump())
    return _one(session, _known(session, offer.seller_id, [whole]), actor, whole)


def activate(session: Session, offer: Offer, actor: str) -> Offer:
    """Show a draft or expired offer to buyers. Raises OfferValidityEnded after its last day, and
    QuotaUsedUp when the seller's plan allows no more."""
    _check_validity(session, offer)
    return _shown(session, offer, "activate", actor)


def suspend(session: Session, offer: Offer, actor: str) -> Offer:
    """Hide an active offer for the time being."""
    return _act(session, offer, "suspend", actor)


def resume(session: Session, offer: Offer, actor: str) -> Offer:
    """Show a suspended offer again. Raises as `activate`."""
    _check_validity(session, offer)
    return _shown(session, offer, "resume", actor)


def expire(session: Session, offer_id: UUID) -> None:
    """End an offer whose last day of validity is over; does nothing before, or a second time."""
    query = select(Offer).where(Offer.id == offer_id).with_for_update()
    offer = session.exec(query).one_or_none()
    if offer is None or offer.status not in _ENDS or offer.valid_through is None:
        return
    if db.now(session) >= validity_end(offer.valid_through):
        _act(session, offer, "expire", "clock")


def _known(session: Session, org_id: UUID, batch: Sequence[OfferIn]) -> Known:
    """What the batch refers to; offers with its skus, and products, are locked for a change."""
    offers = states.offers(session, org_id, {data.sku for data in batch})
    products = {offer.product_id: offer.product for offer in offers.values()}
    others = {data.product_id for data in batch if data.product_id} - products.keys()
    today = local_date(db.now(session))
    watched = {
        known.product_id
        for data in batch
        if data.product is not None and (known := offers.get(data.sku)) is not None
        if reviews.watched(known.product, data.product.cpv_code, data.product.hs_code, today)
    }
    return Known(
        org_id=org_id,
        today=today,
        unknown=checks.unknown_codes(
            session, (use for data in batch for use in checks.offer_uses(data))
        ),
        certificates=certificates.by_number(
            session, org_id, {number for data in batch for number in data.certificates}
        ),
        offers=offers,
        products={**products, **states.products(session, org_id, others)},
        reviewed=reviews.listed(session, watched),
    )


def _one(session: Session, known: Known, actor: str, data: OfferIn) -> Offer:
    """Save one offer; raises what is wrong with it."""
    (result,) = _save(session, known, actor, [data])
    if isinstance(result, Problem):
        raise result
    return locked(session, known.org_id, result.offer_id)


def _save(
    session: Session,
    known: Known,
    actor: str,
    batch: Sequence[OfferIn],
    *,
    activate: bool = False,
) -> list[Saved | Problem]:
    trail, results = Trail(known.org_id, actor), list[Saved | Problem]()
    room = quotas.room(session, known.org_id) if activate else None
    for data in batch:
        try:
            results.append(_saved(known, trail, data, room))
        except Problem as problem:
            results.append(problem)
    states.write(session, known.offers.values(), known.products.values())
    trail.write(session)
    return results


def _saved(known: Known, trail: Trail, data: OfferIn, room: Room | None) -> Saved:
    """Change the offer's state in memory, and show it where there is a room for it; what is wrong
    with `data` is raised before anything."""
    checks.raise_if(_errors(data, known))
    if data.product_id is not None and data.product_id not in known.products:
        raise NotFound
    offer, outcome = known.offers.get(data.sku), Outcome.UNCHANGED
    if offer is not None and data.product is not None and offer.product_id in known.reviewed:
        values = products.columns(data.product)
        fields = reviews.reviewed(offer.product, values, known.today)
        reviews.require_none(fields, "product/")
    shown = room is not None and (offer is None or offer.status in ACTIVATED_FROM)
    if room is not None and shown:
        room.take()
    if offer is None:
        offer, outcome = _made(known, trail, data), Outcome.CREATED
    elif changed := _assigned(known, trail, offer, data):
        outcome = Outcome.UPDATED
        _changed(trail, offer, changed)
    if shown:
        # Its validity cannot have ended: the last day was just found not to be in the past.
        _move(trail, offer, "activate")
        outcome = Outcome.UPDATED if outcome is Outcome.UNCHANGED else outcome
    return Saved(offer.id, outcome, offer.version, offer.product.version)


def _made(known: Known, trail: Trail, data: OfferIn) -> OfferState:
    if data.product is None:
        product = known.products[data.product_id or UUID(int=0)]
    else:
        product = ProductState.new(org_id=known.org_id, **products.columns(data.product))
        known.products[product.id] = product
        products.made(trail, product)
    offer = OfferState.new(
        seller_id=known.org_id,
        sku=data.sku,
        product=product,
        product_id=product.id,
        **_values(known, data),
    )
    known.offers[offer.sku] = offer
    _record(trail, offer, "create", sku=offer.sku)
    return offer


def _assigned(known: Known, trail: Trail, offer: OfferState, data: OfferIn) -> list[str]:
    """Give the offer the values of `data`; the names of what changed."""
    changed = []
    if data.product is not None:
        if products.replace(trail, offer.product, data.product):
            changed.append("product")
    elif data.product_id is not None and data.product_id != offer.product_id:
        offer.product = known.products[data.product_id]
        offer.product_id = data.product_id
        changed.append("product")
    changed += assign(offer, _values(known, data))
    offer.changed.update(changed)
    return changed


def _values(known: Known, data: OfferTerms) -> dict[str, Any]:
    """The columns and parts of an offer that come from its terms."""
    return {
        **data.model_dump(exclude=_NOT_COLUMNS),
        "price_tiers": tuple((t.min_quantity, t.unit_price) for t in data.price_tiers),
        "lead_time_tiers": tuple(
            (t.min_quantity, t.days, t.from_event) for t in data.lead_time_tiers
        ),
        "certificates": frozenset(
            found.id for number in data.certificates for found in known.certificates[number]
        ),
    }


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


def _errors(data: OfferIn, known: Known) -> list[FieldError]:
    unknown = [
        FieldError(
            pointer=f"#/certificates/{i}",
            code="unknown_certificate",
            detail=f"{number} is not the number of one of your certificates",
        )
        for i, number in enumerate(data.certificates)
        if number not in known.certificates
    ]
    terms = checks.term_errors(data, known.today)
    return checks.code_errors(checks.offer_uses(data), known.unknown) + terms + unknown


def _check_validity(session: Session, offer: Offer) -> None:
    if offer.valid_through and db.now(session) >= validity_end(offer.valid_through):
        raise OfferValidityEnded


def _shown(session: Session, offer: Offer, action: str, actor: str) -> Offer:
    """An action by which buyers see one more offer of the seller's, if it is allowed at all."""
    if action in OFFER.allowed(offer.status):
        quotas.room(session, offer.seller_id).take()
    return _act(session, offer, action, actor)


def _act(session: Session, offer: Offer, action: str, actor: str) -> Offer:
    """One action on one offer, written at once."""
    trail = Trail(offer.seller_id, actor)
    _move(trail, offer, action)
    trail.write(session)
    return offer


def _changed(trail: Trail, offer: OfferState, fields: list[str]) -> None:
    offer.version += 1
    _record(trail, offer, "update", fields=fields)
    if offer.status is not OfferStatus.DRAFT:
        trail.emit("offer.changed", offer.id, fields=fields)
    if "valid_through" in fields:
        _arm(trail, offer)


def _arm(trail: Trail, offer: Offer | OfferState) -> None:
    """Let the offer end by itself after its last day, while it can still end."""
    ends = offer.valid_through is not None and offer.status in _ENDS
    due = validity_end(offer.valid_through) if ends and offer.valid_through else None
    trail.arm(VALIDITY_ENDED, offer.id, due)


def _move(trail: Trail, offer: Offer | OfferState, action: str) -> None:
    """The one place that writes `offer.status`."""
    before = offer.status
    try:
        offer.status = OFFER.apply(action, before)
    except IllegalTransition as error:
        raise Conflict(str(error)) from error
    offer.version += 1
    _record(trail, offer, action, before=before.value)
    event = "activated" if offer.status is OfferStatus.ACTIVE else offer.status.value
    trail.emit(f"offer.{event}", offer.id, before=before.value, version=offer.version)
    if action == "activate" and offer.valid_through is not None:
        _arm(trail, offer)


def _record(trail: Trail, offer: Offer | OfferState, action: str, **change: Any) -> None:
    trail.record(f"offer:{offer.id.hex}", action, **change)
