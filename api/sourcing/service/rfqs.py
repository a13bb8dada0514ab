"""Requests for quotation: drafted, published, amended, closed, ordered, cancelled. Never commits."""

from collections.abc import Collection, Iterable
from typing import Any
from uuid import UUID

from pydantic_core import to_jsonable_python
from sqlmodel import Session, col, select

from api.core import audit, db, deadlines
from api.core.errors import Conflict, FieldError, Invalid, refused
from api.core.outbox import emit
from api.identity import service as identity
from api.identity.models import Organisation
from api.reference import service as reference
from api.rules import sourcing as rules
from api.rules.organisations import MAY_ACT, OrganisationStatus
from api.rules.permissions import SELLERS
from api.rules.sourcing import ORDERABLE, ORDERABLE_RFQ, RFQ, Audience, RfqStatus
from api.rules.states import IllegalTransition
from api.sourcing.models import Quote, Rfq, RfqAmendment, RfqInvitation, RfqItem
from api.sourcing.problems import (
    NotVerified,
    PublicBuyerTenders,
    RfqDeadlinePassed,
    RfqNotDraft,
    RfqOrdered,
)
from api.sourcing.schemas import RfqAmendmentIn, RfqIn, RfqItemIn, RfqPatch

DEADLINE = "rfq.deadline_passed"
_EVENTS = {
    "publish": "rfq.published",
    "amend": "rfq.amended",
    "close": "rfq.closed",
    "order": "rfq.ordered",
    "reopen": "rfq.reopened",
    "cancel": "rfq.cancelled",
}


def create(session: Session, *, buyer_id: UUID, actor: str, data: RfqIn) -> Rfq:
    """Draft a request. Raises PublicBuyerTenders, or Invalid for what is not known."""
    _require_private(identity.get_organisation(session, buyer_id))
    reference.ensure_currency(data.currency, "#/currency")
    rfq = Rfq(
        buyer_id=buyer_id,
        audience=data.audience,
        currency=data.currency,
        title={},
        description={},
        destination_place_code=data.destination_place_code,
        deliver_by=data.deliver_by,
        closes_at=data.closes_at,
        items=[],
    )
    session.add(rfq)
    session.flush()
    _apply(session, rfq, data, "#")
    _log(session, rfq, "create", actor, {})
    return rfq


def update(session: Session, rfq: Rfq, *, actor: str, data: RfqPatch) -> Rfq:
    """Change a draft, locked. Raises RfqNotDraft or Invalid."""
    if rfq.status is not RfqStatus.DRAFT:
        raise RfqNotDraft
    changes = _apply(session, rfq, data, "#")
    rfq.version += 1
    _log(session, rfq, "update", actor, {"fields": sorted(changes)})
    return rfq


def publish(session: Session, rfq: Rfq, *, actor: str) -> Rfq:
    """Show a draft to sellers until its deadline, and tell those who are invited.

    Raises PublicBuyerTenders, NotVerified, RfqDeadlinePassed, Conflict, or Invalid for a request to
    the invited alone that invites nobody.
    """
    buyer = identity.get_organisation(session, rfq.buyer_id)
    _require_private(buyer)
    if buyer.status is not OrganisationStatus.VERIFIED:
        raise NotVerified
    now = db.now(session)
    if rfq.closes_at <= now:
        raise RfqDeadlinePassed
    if rfq.audience is Audience.INVITED and not asked(session, rfq):
        raise refused("#/invited", "nobody_invited", "Only the invited may answer, and nobody is")
    rfq.published_at = now
    _move(session, rfq, "publish", actor, {})
    deadlines.arm(session, DEADLINE, rfq.id, rfq.closes_at, org_id=rfq.buyer_id)
    return rfq


def amend(session: Session, rfq: Rfq, *, actor: str, data: RfqAmendmentIn) -> Rfq:
    """Change a published request, and tell its sellers. Quotes stay; they answer the form before.

    Raises Conflict, RfqDeadlinePassed after the deadline or with a deadline that is over, or Invalid.
    """
    now = db.now(session)
    if rfq.status is RfqStatus.PUBLISHED and rfq.closes_at <= now:
        raise RfqDeadlinePassed
    changes = _apply(session, rfq, data.changes, "#/changes")
    if not changes:
        raise refused("#/changes", "nothing_changes", "Nothing would change")
    if rfq.closes_at <= now:
        raise RfqDeadlinePassed
    rfq.revision += 1
    row = RfqAmendment(
        rfq_id=rfq.id,
        number=rfq.revision,
        reason=data.reason,
        changes=changes,
        actor=actor,
        amended_at=now,
    )
    _move(session, rfq, "amend", actor, {"number": row.number, "fields": sorted(changes)})
    session.add(row)
    deadlines.arm(session, DEADLINE, rfq.id, rfq.closes_at, org_id=rfq.buyer_id)
    return rfq


def goods_changed(session: Session, rfq: Rfq, *, since: int) -> bool:
    """True when an amendment after that revision changed what is asked for."""
    query = select(RfqAmendment.changes).where(
        RfqAmendment.rfq_id == rfq.id, RfqAmendment.number > since
    )
    return any("items" in changes for changes in session.exec(query))


def close(session: Session, rfq: Rfq, *, actor: str) -> Rfq:
    """Take no more quotes, before the deadline. Raises Conflict."""
    rfq.closed_at = db.now(session)
    _move(session, rfq, "close", actor, {})
    deadlines.disarm(session, DEADLINE, rfq.id)
    return rfq


def cancel(session: Session, rfq: Rfq, *, actor: str, reason: str) -> Rfq:
    """Give a request up. Raises Conflict."""
    rfq.cancellation_reason = reason
    _move(session, rfq, "cancel", actor, {"reason": reason})
    deadlines.disarm(session, DEADLINE, rfq.id)
    return rfq


def order(session: Session, rfq: Rfq, *, actor: str) -> Rfq:
    """Take no more quotes because one was ordered from. Raises as `require_orderable`."""
    require_orderable(session, rfq)
    rfq.closed_at = rfq.closed_at or db.now(session)
    _move(session, rfq, "order", actor, {})
    deadlines.disarm(session, DEADLINE, rfq.id)
    return rfq


def require_orderable(session: Session, rfq: Rfq) -> None:
    """Raise RfqOrdered, or PublicBuyerTenders, unless the buyer can order by a request now."""
    _require_private(identity.get_organisation(session, rfq.buyer_id))
    if rfq.status not in ORDERABLE_RFQ:
        raise RfqOrdered


def reopen(session: Session, rfq_id: UUID, *, actor: str) -> bool:
    """Let the buyer order from another quote, because nothing came of the order. False: the request
    stands otherwise already."""
    rfq = hold(session, rfq_id)
    if rfq is None or rfq.status is not RfqStatus.ORDERED:
        return False
    _move(session, rfq, "reopen", actor, {})
    return True


def hold(session: Session, rfq_id: UUID) -> Rfq | None:
    """A request, locked as it stands now."""
    query = select(Rfq).where(Rfq.id == rfq_id).with_for_update()
    return session.exec(query.execution_options(populate_existing=True)).one_or_none()


def close_due(session: Session, rfq_id: UUID) -> bool:
    """Close a request whose deadline has passed; False when there is nothing to do. For the workers."""
    rfq = hold(session, rfq_id)
    if rfq is None or rfq.status is not RfqStatus.PUBLISHED or rfq.closes_at > db.now(session):
        return False
    rfq.closed_at = rfq.closes_at
    _move(session, rfq, "close", "worker", {})
    return True


def asked(session: Session, rfq: Rfq) -> list[UUID]:
    """The sellers that are invited."""
    session.flush()
    query = select(RfqInvitation.seller_id).where(RfqInvitation.rfq_id == rfq.id)
    return [*session.exec(query.order_by(col(RfqInvitation.id)))]


def _require_private(buyer: Organisation) -> None:
    if rules.must_tender(buyer.roles, buyer.country, buyer.procurement_regime):
        raise PublicBuyerTenders


def _apply(session: Session, rfq: Rfq, data: RfqPatch, at: str) -> dict[str, Any]:
    """Write what is given; field -> {before, after} of what has become different."""
    _check(session, data, at)
    given = data.model_dump(
        exclude_unset=True, exclude={"items", "invited", "audience", "currency"}
    )
    before = {name: getattr(rfq, name) for name in given}
    for name, value in given.items():
        setattr(rfq, name, value)
    changes = {
        name: {"before": before[name], "after": value}
        for name, value in given.items()
        if before[name] != value
    }
    if data.items is not None:
        was = _shown(rfq.items)
        _write_items(session, rfq, data.items, at)
        if was != (now := _shown(rfq.items)):
            changes["items"] = {"before": was, "after": now}
    if data.invited:
        new = _invite(session, rfq, data.invited, at)
        if new:
            changes["invited"] = {"before": None, "after": len(new)}
    session.flush()
    found: dict[str, Any] = to_jsonable_python(changes)
    return found


def _check(session: Session, data: RfqPatch, at: str) -> None:
    if data.destination_place_code is not None:
        named = {data.destination_place_code: f"{at}/destination_place_code"}
        reference.ensure_places(session, named)
    codes: dict[str, dict[str, str]] = {"unit_code": {}, "cpv_code": {}, "hs_code": {}}
    for n, item in enumerate(data.items or ()):
        for name, known in codes.items():
            if (code := getattr(item, name)) is not None:
                known.setdefault(code, f"{at}/items/{n}/{name}")
    reference.ensure_units(session, codes["unit_code"])
    reference.ensure_codes(session, "CPV", codes["cpv_code"])
    reference.ensure_codes(session, "HS", codes["hs_code"])


def _write_items(session: Session, rfq: Rfq, items: Iterable[RfqItemIn], at: str) -> None:
    """The items are these from now on, in their order; those that are named by id stay."""
    there = {item.id: item for item in rfq.items}
    written: list[RfqItem] = []
    for n, data in enumerate(items):
        row = there.pop(data.id, None) if data.id is not None else None
        if data.id is not None and row is None:
            raise refused(f"{at}/items/{n}/id", "unknown_item", "The request has no such item")
        values = data.model_dump(exclude={"id", "quantity", "further_quantities"})
        values |= {"quantities": [data.quantity, *data.further_quantities], "place": n}
        if row is None:
            row = RfqItem(rfq_id=rfq.id, **values)
        else:
            for name, value in values.items():
                setattr(row, name, value)
        session.add(row)
        written.append(row)
    for gone in there.values():
        session.delete(gone)
    session.flush()
    session.refresh(rfq, ["items"])


def _shown(items: Iterable[RfqItem]) -> list[dict[str, Any]]:
    kept = {"created_at", "updated_at", "rfq_id"}
    return [to_jsonable_python(item.model_dump(exclude=kept)) for item in items]


def _invite(session: Session, rfq: Rfq, sellers: Collection[UUID], at: str) -> set[UUID]:
    """Enter who is asked; those who were not before."""
    known = {*asked(session, rfq)}
    query = select(Organisation).where(col(Organisation.id).in_(sellers))
    found = {row.id: row for row in session.exec(query)}
    errors = [
        FieldError(pointer=f"{at}/invited/{n}", code="unknown_seller", detail="No such seller here")
        for n, seller_id in enumerate(sellers)
        if not _sells(found.get(seller_id)) or seller_id == rfq.buyer_id
    ]
    if errors:
        raise Invalid(errors=errors)
    new = {*sellers} - known
    session.add_all(
        RfqInvitation(rfq_id=rfq.id, buyer_id=rfq.buyer_id, seller_id=each) for each in sorted(new)
    )
    return new


def _sells(organisation: Organisation | None) -> bool:
    return (
        organisation is not None
        and not SELLERS.isdisjoint(organisation.roles)
        and organisation.status in MAY_ACT
    )


def _concerned(session: Session, rfq: Rfq) -> list[UUID]:
    """Sellers that are invited, and those whose quotes stand."""
    quoting = session.exec(
        select(Quote.seller_id).where(Quote.rfq_id == rfq.id, col(Quote.status).in_(ORDERABLE))
    )
    return [*dict.fromkeys([*asked(session, rfq), *quoting])]


def _move(session: Session, rfq: Rfq, action: str, actor: str, change: dict[str, Any]) -> None:
    """The one place that writes `rfq.status`."""
    try:
        rfq.status = RFQ.apply(action, rfq.status)
    except IllegalTransition as error:
        raise Conflict(str(error)) from error
    rfq.version += 1
    _log(session, rfq, action, actor, change)


def _log(session: Session, rfq: Rfq, action: str, actor: str, change: dict[str, Any]) -> None:
    session.add(rfq)
    session.flush()
    audit.record(
        session,
        f"rfq:{rfq.id.hex}",
        action,
        actor=actor,
        org_id=rfq.buyer_id,
        change={"status": rfq.status, **change},
    )
    if action in _EVENTS:
        told = _concerned(session, rfq) if rfq.published_at is not None else []
        emit(
            session,
            _EVENTS[action],
            rfq.id,
            org_id=rfq.buyer_id,
            also=told,
            version=rfq.version,
        )
