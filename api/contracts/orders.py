"""Orders without a tender: drafted from a quote and placed by the buyer, answered by the seller.
Never commits.

With the order its contract is there, offered to both sides; once the seller has confirmed they sign
it, and it is carried out and paid as any other.
"""

from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlmodel import Session
from uuid_utils.compat import uuid7

from api.catalog.types import MAX_NUMBER
from api.contracts import order_moves, order_queries, service
from api.contracts.models import Contract, PurchaseOrder, PurchaseOrderLine
from api.contracts.problems import OrderOutdated
from api.contracts.schemas.orders import PurchaseOrderIn
from api.core import db, deadlines
from api.core.errors import Conflict, FieldError, Invalid, NotFound, refused
from api.procurement.service import policies
from api.procurement.service.award_problems import FourEyes
from api.reference.locales import currencies
from api.rules import orders as rules
from api.rules.contracts import Side
from api.rules.offers import price_at
from api.rules.orders import PurchaseOrderStatus
from api.rules.payment_milestones import approvals_needed
from api.sourcing.models import Quote, Rfq
from api.sourcing.problems import QuoteLapsed
from api.sourcing.schemas import QuoteIn
from api.sourcing.service import queries as sourcing
from api.sourcing.service import quotes, rfqs

CLOCK = "system:clock"
_AGREED = "Agreed by the parties in the order"
_PENALTY = "late_delivery_penalty"


def draft(
    session: Session, *, buyer_id: UUID, actor: str, rfq_id: UUID, data: PurchaseOrderIn
) -> PurchaseOrder:
    """An order from the version of a quote that the buyer has seen; the seller knows nothing of it
    yet.

    Raises NotFound, RfqOrdered, PublicBuyerTenders, QuoteLapsed, QuoteNotOrderable, OrderOutdated for
    another version of the quote or of the goods, PolicyMissing, or Invalid.
    """
    rfq = sourcing.own(session, buyer_id=buyer_id, rfq_id=rfq_id)
    rfqs.require_orderable(session, rfq)
    quote = _quote_of(session, rfq, data.quote_id)
    quotes.require_orderable(session, quote)
    written = quotes.written(session, quote)
    if not written <= data.quote_version <= quote.version:
        raise OrderOutdated("The quote has another version by now.")
    if rfqs.goods_changed(session, rfq, since=quote.answers):
        raise OrderOutdated("The quote answers other goods than the request asks for by now.")
    content = QuoteIn.model_validate(quote.content)
    policy_set_id, policy = _terms(session, buyer_id, data)
    order_id = uuid7()
    lines = _lines(rfq, content, order_id, data)
    order = PurchaseOrder(
        id=order_id,
        rfq_id=rfq.id,
        rfq_revision=rfq.revision,
        quote_id=quote.id,
        quote_version=written,
        buyer_id=buyer_id,
        seller_id=quote.seller_id,
        total=rules.total(line.amount for line in lines),
        currency=quote.currency,
        incoterm=content.incoterm,
        place_code=content.place_code,
        destination_place_code=rfq.destination_place_code,
        deliver_by=data.deliver_by or rfq.deliver_by,
        payment_terms=data.payment_terms or content.payment_terms or rfq.payment_terms,
        valid_until=quote.valid_until,
        policy_set_id=policy_set_id,
        policy=policy,
        note=data.note,
        drafted_by=actor,
        lines=lines,
    )
    change = {"quote": quote.id.hex, "quote_version": written}
    order_moves.log(session, order, "draft", actor, change)
    return order


def place(session: Session, order: PurchaseOrder, *, actor: str) -> PurchaseOrder:
    """Order, as the buyer: the quote binds, nothing else can be ordered by the request, and the
    contract is laid before both sides. `order` is locked.

    Above what one person may spend alone, somebody else places it than who drafted it. Raises
    Conflict, FourEyes, QuoteLapsed, QuoteNotOrderable, OrderOutdated, RfqOrdered.
    """
    if order.status is not PurchaseOrderStatus.DRAFT:
        raise Conflict(f"The order is {order.status}.")
    if order.drafted_by == actor and _people_needed(order) > 1:
        raise FourEyes
    quote = quotes.hold_party(session, org_id=order.buyer_id, quote_id=order.quote_id)
    rfq = sourcing.hold(session, buyer_id=order.buyer_id, rfq_id=order.rfq_id)
    rfqs.require_orderable(session, rfq)
    quotes.require_orderable(session, quote)
    told = quotes.written(session, quote), rfq.revision
    if told != (order.quote_version, order.rfq_revision):
        raise OrderOutdated
    quotes.take(session, quote, actor=actor)
    rfqs.order(session, rfq, actor=actor)
    order.placed_by, order.placed_at = actor, db.now(session)
    order_moves.move(session, order, "place", actor, {"quote": quote.id.hex})
    deadlines.arm(session, order_moves.VALIDITY, order.id, order.valid_until, org_id=None)
    contract = Contract(
        order_id=order.id,
        buyer_id=order.buyer_id,
        suppliers=[order.seller_id],
        original_amount=order.total,
        value_amount=order.total,
        value_currency=order.currency,
    )
    service.log(session, contract, "create", actor, {"order": order.id.hex})
    service.offer(session, order, contract, actor=actor)
    return order


def confirm(session: Session, order: PurchaseOrder, *, actor: str) -> PurchaseOrder:
    """Accept an order as its seller: from now on both sides can sign. `order` is locked.

    Raises Conflict, or QuoteLapsed at the end of the quote's validity and after it.
    """
    if order.status is not PurchaseOrderStatus.PLACED:
        raise Conflict(f"The order is {order.status}.")
    now = db.now(session)
    if order.valid_until <= now:
        raise QuoteLapsed
    order.confirmed_at = now
    order_moves.move(session, order, "confirm", actor, {})
    deadlines.disarm(session, order_moves.VALIDITY, order.id)
    return order


def refuse(session: Session, order: PurchaseOrder, *, actor: str, reason: str) -> PurchaseOrder:
    """Refuse an order as its seller, before its contract is in force. Raises Conflict."""
    contract = order_queries.hold_contract(session, order)
    service.refuse(session, order, contract, org_id=order.seller_id, actor=actor, reason=reason)
    return order


def cancel(session: Session, order: PurchaseOrder, *, actor: str, reason: str) -> PurchaseOrder:
    """Give an order up as its buyer, before its contract is in force. Raises Conflict."""
    if order.status is PurchaseOrderStatus.DRAFT:
        order_moves.end(session, order, "cancel", actor=actor, reason=reason)
        return order
    contract = order_queries.hold_contract(session, order)
    service.cancel(session, contract, actor=actor, reason=reason)
    return order


def lapse_due(session: Session, order_id: UUID) -> bool:
    """Let an order lapse that its seller has not answered while its quote was valid; False when
    there is nothing to do. For the workers."""
    order = order_queries.locked(session, order_id)
    if order is None or order.status is not PurchaseOrderStatus.PLACED:
        return False
    if order.valid_until > db.now(session):
        return False
    contract = order_queries.hold_contract(session, order)
    reason = "The quote was valid until now, and its seller has not answered."
    service.cancel(session, contract, actor=CLOCK, reason=reason, ending="lapse")
    return True


def hold(session: Session, *, org_id: UUID, order_id: UUID, side: Side) -> PurchaseOrder:
    """An order of the caller's side, locked as it stands now; NotFound for anybody else."""
    found = order_queries.get(session, org_id=org_id, order_id=order_id)
    if org_id != (found.buyer_id if side is Side.BUYER else found.seller_id):
        raise NotFound
    held = order_queries.locked(session, order_id)
    assert held is not None, "orders are never deleted"
    return held


def _people_needed(order: PurchaseOrder) -> int:
    """How many of the buyer's people order for so much, by the threshold of its payments."""
    limit = policies.policy_of(order).payment_approval_threshold
    threshold = None if limit is None else (Decimal(limit.amount), limit.currency)
    return approvals_needed(order.total, order.currency, threshold)


def _quote_of(session: Session, rfq: Rfq, quote_id: UUID) -> Quote:
    try:
        quote = sourcing.quote(session, org_id=rfq.buyer_id, quote_id=quote_id)
    except NotFound:
        quote = None
    if quote is None or quote.rfq_id != rfq.id:
        raise refused("#/quote_id", "unknown_quote", "The request has no such quote.")
    return quote


def _terms(session: Session, buyer_id: UUID, data: PurchaseOrderIn) -> tuple[UUID, dict[str, Any]]:
    """The set of today's terms, with what the order says of delay in the place of its default."""
    policy_set_id, policy = policies.for_order(session, buyer_id=buyer_id)
    if _PENALTY not in data.model_fields_set:
        return policy_set_id, policy
    said = data.late_delivery_penalty
    parameters = {**policy["parameters"], _PENALTY: said and said.model_dump(mode="json")}
    sources = {**policy["sources"], _PENALTY: {"text": _AGREED, "reviewed": True}}
    return policy_set_id, {**policy, "parameters": parameters, "sources": sources}


def _lines(
    rfq: Rfq, content: QuoteIn, order_id: UUID, data: PurchaseOrderIn
) -> list[PurchaseOrderLine]:
    """The lines of an order at the quote's prices. Raises Invalid."""
    items = {item.id: item for item in rfq.items}
    places = currencies()[content.currency].minor_units
    found, errors, seen = list[PurchaseOrderLine](), list[FieldError](), set[int]()
    worth = Decimal()
    for n, wanted in enumerate(data.lines):
        at = f"#/lines/{n}"
        if wanted.quote_line >= len(content.lines):
            errors.append(_fault(f"{at}/quote_line", "unknown_line", "The quote has no such line."))
            continue
        if wanted.quote_line in seen:
            errors.append(_fault(f"{at}/quote_line", "line_twice", "A line is ordered once."))
        seen.add(wanted.quote_line)
        quoted = content.lines[wanted.quote_line]
        item, price = items.get(quoted.item_id), price_at(quoted.price_tiers, wanted.quantity)
        if item is None:
            detail = "The request asks for this item no more."
            errors.append(_fault(f"{at}/quote_line", "unknown_item", detail))
            continue
        if price is None:
            detail = f"It is sold from {quoted.price_tiers[0].min_quantity.normalize():f} on."
            errors.append(_fault(f"{at}/quantity", "below_minimum_quantity", detail))
            continue
        amount = rules.line_amount(wanted.quantity, price, places)
        if not amount:
            detail = "So little is worth nothing in the coins of the currency."
            errors.append(_fault(f"{at}/quantity", "worth_nothing", detail))
            continue
        worth += amount
        if worth > MAX_NUMBER:
            detail = f"With the lines before it costs more than {MAX_NUMBER} {content.currency}."
            errors.append(_fault(f"{at}/quantity", "worth_too_much", detail))
            break
        found.append(
            PurchaseOrderLine(
                order_id=order_id,
                place=n,
                rfq_item_id=item.id,
                description=item.description,
                specification=item.specification,
                alternative=None
                if quoted.alternative is None
                else dict(quoted.alternative.items()),
                sku=quoted.sku,
                quantity=wanted.quantity,
                unit_code=item.unit_code,
                unit_price=price,
                amount=amount,
                lead_time_days=quoted.lead_time_days,
                origin=quoted.origin,
                hs_code=item.hs_code,
                tnved_code=quoted.tnved_code or item.tnved_code,
            )
        )
    if errors:
        raise Invalid(errors=errors)
    return found


def _fault(pointer: str, code: str, detail: str) -> FieldError:
    return FieldError(pointer=pointer, code=code, detail=detail)
