"""Quotes of sellers: submitted, revised, withdrawn, ordered from, expired. Never commits.

A seller cannot lock the request, which is not its own row. The foreign key of the quote does: once
it is inserted nobody else can lock the request, and what is read of it then holds until the end of
the transaction. So a quote is either on time, or refused.
"""

from typing import Any
from uuid import UUID

from sqlalchemy import func
from sqlmodel import Session, col, select

from api.core import audit, db, deadlines
from api.core.errors import Conflict, FieldError, Invalid, NotFound, refused
from api.core.outbox import emit
from api.reference import service as reference
from api.rules.offers import price_findings
from api.rules.sourcing import ORDERABLE, QUOTE, QuoteStatus, RfqStatus
from api.rules.states import IllegalTransition
from api.sourcing.models import Quote, QuoteVersion, Rfq
from api.sourcing.problems import (
    OwnRfq,
    QuoteLapsed,
    QuoteNotOrderable,
    QuoteStands,
    RfqDeadlinePassed,
    RfqNotOpen,
)
from api.sourcing.schemas import QuoteIn
from api.sourcing.service import queries

VALIDITY = "quote.validity_ended"
_EVENTS = {
    "submit": "quote.submitted",
    "revise": "quote.revised",
    "withdraw": "quote.withdrawn",
    "expire": "quote.expired",
    "order": "quote.ordered",
    "release": "quote.released",
    "decline": "quote.declined",
    "pass_over": "quote.passed_over",
}


def submit(session: Session, *, seller_id: UUID, actor: str, rfq_id: UUID, data: QuoteIn) -> Quote:
    """Answer a request until its deadline; the buyer sees it at once.

    Raises NotFound, OwnRfq, QuoteStands while an earlier one is valid, RfqNotOpen,
    RfqDeadlinePassed, or Invalid.
    """
    rfq = queries.get(session, org_id=seller_id, rfq_id=rfq_id)
    if rfq.buyer_id == seller_id:
        raise OwnRfq
    _make_room(session, rfq, seller_id, actor)
    _check(session, rfq, data)
    quote = Quote(
        rfq_id=rfq.id,
        buyer_id=rfq.buyer_id,
        seller_id=seller_id,
        answers=rfq.revision,
        **_told(data),
    )
    session.add(quote)
    session.flush()  # from here on the request's row stays as it is
    rfq = queries.get(session, org_id=seller_id, rfq_id=rfq_id)
    if rfq.status is not RfqStatus.PUBLISHED:
        raise RfqNotOpen
    if rfq.closes_at <= db.now(session):
        raise RfqDeadlinePassed
    _keep(session, quote, "submit", actor)
    return quote


def revise(session: Session, quote: Quote, *, actor: str, data: QuoteIn) -> Quote:
    """Put another version in the place of a quote that stands, also after the request's deadline:
    buyer and seller may still be talking. Raises Conflict, RfqNotOpen, QuoteLapsed or Invalid."""
    rfq = queries.get(session, org_id=quote.seller_id, rfq_id=quote.rfq_id)
    if rfq.status is RfqStatus.CANCELLED:
        raise RfqNotOpen
    _require_valid(session, quote)
    _check(session, rfq, data)
    for name, value in _told(data).items():
        setattr(quote, name, value)
    quote.answers = rfq.revision
    _move(quote, "revise")
    _keep(session, quote, "revise", actor)
    return quote


def withdraw(session: Session, quote: Quote, *, actor: str) -> Quote:
    """Take a quote back. Raises Conflict, or QuoteLapsed after its validity."""
    _require_valid(session, quote)
    _move(quote, "withdraw")
    deadlines.disarm(session, VALIDITY, quote.id)
    _log(session, quote, "withdraw", actor)
    return quote


def hold(session: Session, *, seller_id: UUID, quote_id: UUID) -> Quote:
    """The seller's own quote, locked; NotFound for anybody else."""
    query = select(Quote).where(Quote.id == quote_id, Quote.seller_id == seller_id)
    found = session.exec(query.with_for_update()).one_or_none()
    if found is None:
        raise NotFound
    return found


def hold_party(session: Session, *, org_id: UUID, quote_id: UUID) -> Quote:
    """A quote that the organisation gave or got, locked as it stands now; NotFound."""
    queries.quote(session, org_id=org_id, quote_id=quote_id)
    return locked(session, quote_id)


def locked(session: Session, quote_id: UUID) -> Quote:
    """A quote, locked as it stands now. The quote is locked before its request, never after it."""
    query = select(Quote).where(Quote.id == quote_id).with_for_update()
    return session.exec(query.execution_options(populate_existing=True)).one()


def take(session: Session, quote: Quote, *, actor: str) -> Quote:
    """Order from a valid quote, as the buyer: its seller can no longer change it or take it back.

    Raises QuoteLapsed or QuoteNotOrderable.
    """
    require_orderable(session, quote)
    _move(quote, "order")
    _log(session, quote, "order", actor)
    return quote


def require_orderable(session: Session, quote: Quote) -> None:
    """Raise QuoteLapsed or QuoteNotOrderable unless can be ordered from a quote now."""
    _require_valid(session, quote)
    if quote.status not in ORDERABLE:
        raise QuoteNotOrderable


def written(session: Session, quote: Quote) -> int:
    """The number of the version that a quote says now. Its row's version may be later: what is ordered
    from it or passed over stands otherwise, and says the same."""
    query = select(func.max(QuoteVersion.number)).where(QuoteVersion.quote_id == quote.id)
    return session.exec(query).one()


def release(session: Session, quote: Quote, *, actor: str) -> Quote:
    """Let a quote go from which nothing is ordered after all; one that has lapsed meanwhile ends."""
    if quote.valid_until <= db.now(session):
        _expire(session, quote, actor)
        return quote
    _move(quote, "release")
    _log(session, quote, "release", actor)
    return quote


def decline(session: Session, quote: Quote, *, actor: str) -> Quote:
    """Refuse an order from one's own quote: the quote is over."""
    _move(quote, "decline")
    deadlines.disarm(session, VALIDITY, quote.id)
    _log(session, quote, "decline", actor)
    return quote


def pass_over(session: Session, rfq_id: UUID) -> int:
    """Tell the sellers of the other quotes for a request that one was ordered from; how many were
    told. For the workers. They bind as before, should nothing come of the order."""
    query = select(Quote).where(Quote.rfq_id == rfq_id, Quote.status == QuoteStatus.SUBMITTED)
    ordered = query.order_by(col(Quote.id)).with_for_update()
    others = session.exec(ordered.execution_options(populate_existing=True)).all()
    for quote in others:
        _move(quote, "pass_over")
        _log(session, quote, "pass_over", "worker")
    return len(others)


def expire_due(session: Session, quote_id: UUID) -> bool:
    """Move a quote whose validity is over; False when there is nothing to do. For the workers. What
    is ordered from goes with its order."""
    quote = session.exec(select(Quote).where(Quote.id == quote_id).with_for_update()).one_or_none()
    if quote is None or quote.status not in ORDERABLE:
        return False
    if quote.valid_until > db.now(session):
        return False
    _expire(session, quote, "worker")
    return True


def _make_room(session: Session, rfq: Rfq, seller_id: UUID, actor: str) -> None:
    """One quote of a seller stands; one that has lapsed makes way, told by the workers or not."""
    query = select(Quote).where(
        Quote.rfq_id == rfq.id,
        Quote.seller_id == seller_id,
        Quote.status == QuoteStatus.SUBMITTED,
    )
    standing = session.exec(query.with_for_update()).one_or_none()
    if standing is None:
        return
    if standing.valid_until > db.now(session):
        raise QuoteStands
    _expire(session, standing, actor)


def _expire(session: Session, quote: Quote, actor: str) -> None:
    _move(quote, "expire")
    deadlines.disarm(session, VALIDITY, quote.id)
    _log(session, quote, "expire", actor)


def _require_valid(session: Session, quote: Quote) -> None:
    lapsed = quote.status in ORDERABLE and quote.valid_until <= db.now(session)
    if lapsed or quote.status is QuoteStatus.EXPIRED:
        raise QuoteLapsed


def _check(session: Session, rfq: Rfq, data: QuoteIn) -> None:
    """Raise Invalid for what is not known or contradicts itself."""
    if data.valid_until <= db.now(session):
        raise refused("#/valid_until", "in_the_past", "The validity is over already")
    reference.ensure_currency(data.currency, "#/currency")
    reference.ensure_places(session, {data.place_code: "#/place_code"})
    if data.dispatch_country is not None:
        reference.ensure_country(data.dispatch_country, "#/dispatch_country")
    items, seen, errors = {item.id for item in rfq.items}, set[UUID](), list[FieldError]()
    for n, line in enumerate(data.lines):
        at = f"#/lines/{n}"
        if line.item_id not in items:
            errors.append(_fault(f"{at}/item_id", "unknown_item", "The request has no such item"))
        elif not line.is_alternative and line.item_id in seen:
            detail = "An item is quoted once as asked; other goods for it are alternatives"
            errors.append(_fault(f"{at}/item_id", "item_twice", detail))
        if not line.is_alternative:
            seen.add(line.item_id)
        errors += [
            _fault(f"{at}/{each.path}", each.code, each.detail)
            for each in price_findings(line.price_tiers, line.price_tiers[0].min_quantity)
        ]
        if line.origin is not None:
            reference.ensure_country(line.origin, f"{at}/origin")
    if errors:
        raise Invalid(errors=errors)


def _fault(pointer: str, code: str, detail: str) -> FieldError:
    return FieldError(pointer=pointer, code=code, detail=detail)


def _told(data: QuoteIn) -> dict[str, Any]:
    """A quote as columns: what is looked for, and the whole as it came."""
    return {
        "number": data.number,
        "currency": data.currency,
        "valid_until": data.valid_until,
        "content": data.model_dump(mode="json"),
    }


def _keep(session: Session, quote: Quote, action: str, actor: str) -> None:
    """Keep the version of a quote that was just written, and tell both sides."""
    session.add(
        QuoteVersion(
            quote_id=quote.id,
            number=quote.version,
            content=quote.content,
            actor=actor,
            submitted_at=db.now(session),
        )
    )
    deadlines.arm(session, VALIDITY, quote.id, quote.valid_until, org_id=quote.seller_id)
    _log(session, quote, action, actor)


def _move(quote: Quote, action: str) -> None:
    """The one place that writes `quote.status`."""
    try:
        quote.status = QUOTE.apply(action, quote.status)
    except IllegalTransition as error:
        raise Conflict(str(error)) from error
    quote.version += 1


def _log(session: Session, quote: Quote, action: str, actor: str) -> None:
    session.add(quote)
    session.flush()
    audit.record(
        session,
        f"quote:{quote.id.hex}",
        action,
        actor=actor,
        org_id=quote.seller_id,
        change={"status": quote.status, "rfq": quote.rfq_id.hex, "version": quote.version},
    )
    emit(
        session,
        _EVENTS[action],
        quote.id,
        org_id=quote.seller_id,
        also=[quote.buyer_id],
        rfq_id=quote.rfq_id.hex,
        version=quote.version,
    )
