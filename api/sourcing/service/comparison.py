"""All quotes for a request at one delivered cost, at every quantity that was asked. Never commits."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlmodel import Session, col, select

from api.core import db, ids
from api.identity.models import Organisation
from api.reference import fx
from api.rules import sourcing as rules
from api.rules.clock import local_date
from api.rules.evaluation.arithmetic import exact, figure
from api.rules.landed_cost import NotComputable
from api.rules.landed_cost.inputs import ZERO, PriceTier, Stated
from api.rules.landed_cost.inputs import Line as CostLine
from api.rules.offers import price_at
from api.rules.sourcing import ORDERABLE, Option, QuoteStatus
from api.rules.tenders import Fault
from api.sourcing.models import Quote, Rfq, RfqItem
from api.sourcing.schemas import QuoteIn
from api.sourcing.schemas.quotes import QuoteLineIn
from api.sourcing.service import costing
from api.sourcing.service.costing import Asked, Cost, Costing

_FIGURES = (
    *("buyer_logistics", "insurance", "local_charges", "customs_value", "fee", "duty"),
    *("remedies", "excise", "vat"),
)
_BINDING = ORDERABLE | {QuoteStatus.ORDERED}
_PARTS = ("net_weight_kg", "gross_weight_kg", "volume_m3", "packages")


@dataclass(slots=True)
class _Table:
    """What all options of a comparison have in common."""

    session: Session
    rfq: Rfq
    now: datetime
    cost: Costing
    sellers: Mapping[UUID, Organisation]
    unreviewed: dict[str, None] = field(default_factory=dict)
    _rates: dict[str, Decimal | None] = field(default_factory=dict)

    @property
    def day(self) -> date:
        return local_date(self.now)

    def rate(self, currency: str) -> Decimal | None:
        """What one unit of a currency costs in the request's; None where no rate is known."""
        if currency not in self._rates:
            found = fx.rates(self.session, [currency], self.rfq.currency, self.day).get(currency)
            self._rates[currency] = None if found is None else found.value
        return self._rates[currency]


def compare(session: Session, rfq: Rfq) -> dict[str, Any]:
    """The comparison as the API shows it. `rfq` is the buyer's own, with its items.

    Quotes that were withdrawn are not in it; those that have lapsed are, and are marked.
    """
    query = select(Quote).where(Quote.rfq_id == rfq.id, Quote.status != QuoteStatus.WITHDRAWN)
    quotes = session.exec(query.order_by(col(Quote.id))).all()
    quotes = _newest_of_each(quotes)
    sellers = {
        row.id: row
        for row in session.exec(
            select(Organisation).where(col(Organisation.id).in_([q.seller_id for q in quotes]))
        )
    }
    table = _Table(session, rfq, db.now(session), costing.costing(session), sellers)
    number = max((len(item.quantities) for item in rfq.items), default=0)
    return {
        "rfq_id": rfq.id,
        "destination_place_code": rfq.destination_place_code,
        "currency": rfq.currency,
        "day": table.day,
        "volumes": [_volume(table, quotes, volume) for volume in range(number)],
        "unreviewed": [*table.unreviewed],
    }


def _newest_of_each(quotes: Sequence[Quote]) -> list[Quote]:
    """Of each seller the quote that stands, or else the last that has lapsed."""
    return list({quote.seller_id: quote for quote in quotes}.values())


def _volume(table: _Table, quotes: Sequence[Quote], volume: int) -> dict[str, Any]:
    wanted = {
        item.id: rules.quantity_at(item.quantities, volume).normalize() for item in table.rfq.items
    }
    rows = [
        _row(table, quote, content, option, wanted)
        for quote in quotes
        for content in [QuoteIn.model_validate(quote.content)]
        for option in rules.options(content.lines, wanted.keys())
    ]
    rows.sort(
        key=lambda row: rules.order_key(
            row["total_gross"],
            complete=row["complete"],
            valid=row["valid"],
            tie=f"{row['quote_id'].hex}{row['alternative_of'] or ''}",
        )
    )
    ranked = [r for r in rows if r["complete"] and r["valid"] and r["total_gross"] is not None]
    for rank, row in enumerate(ranked, start=1):
        row["rank"] = rank
    return {
        "quantities": {ids.show("rfqitem", item): each for item, each in wanted.items()},
        "quotes": rows,
    }


def _row(
    table: _Table,
    quote: Quote,
    content: QuoteIn,
    option: Option[QuoteLineIn],
    wanted: Mapping[UUID, Decimal],
) -> dict[str, Any]:
    items = {item.id: item for item in table.rfq.items}
    prices, missing = _priced(option, wanted)
    cost, faults = _costed(table, quote, content, option, prices, wanted, items)
    rate = None if cost is None else table.rate(cost.currency)
    if cost is not None and rate is None:
        detail = f"no rate of {cost.currency} to {table.rfq.currency} is known on {table.day}"
        faults = [*faults, Fault("#/currency", "rate_missing", detail)]
    lines = [
        _line(items[item], option.lines[item], price, wanted[item], cost, rate)
        for item, price in prices.items()
    ]
    leads = [line["lead_time_days"] for line in lines]
    landed = cost is not None and bool(cost.figures)
    return {
        "quote_id": quote.id,
        "seller_id": quote.seller_id,
        "seller": table.sellers[quote.seller_id].legal_name,
        "number": quote.number,
        "quote_version": quote.version,
        "alternative_of": option.alternative_of,
        "rank": None,
        "complete": not missing,
        "valid": quote.status in _BINDING and quote.valid_until > table.now,
        "outdated": quote.answers < table.rfq.revision,
        "incoterm": content.incoterm,
        "place_code": content.place_code,
        "currency": quote.currency,
        "price": sum((line["goods"] for line in lines), ZERO) if lines else None,
        "lead_time_days": max(leads) if leads and None not in leads else None,
        "payment_terms": content.payment_terms,
        "valid_until": quote.valid_until,
        "basis": None if cost is None else "landed" if landed else "stated",
        "route_code": cost.route_code if cost else None,
        "figures_currency": cost.currency if landed and cost else None,
        **{name: cost.figures.get(name) if cost else None for name in _FIGURES},
        "total_gross": _converted(cost.total_gross if cost else None, rate),
        "total_net": _converted(cost.total_net if cost else None, rate),
        "lines": lines,
        "notices": [*cost.notices] if cost else [],
        "faults": [*missing, *faults],
        "inputs_sha256": cost.inputs_sha256 or None if cost else None,
    }


def _priced(
    option: Option[QuoteLineIn], wanted: Mapping[UUID, Decimal]
) -> tuple[dict[UUID, Decimal], list[Fault]]:
    """The price of one unit by item, at the quantity that is wanted; and what is not quoted so."""
    prices, missing = dict[UUID, Decimal](), list[Fault]()
    for item, quantity in wanted.items():
        line, at = option.lines.get(item), f"#/lines/{ids.show('rfqitem', item)}"
        if line is None:
            missing.append(Fault(at, "not_quoted", "the quote says nothing of this item"))
            continue
        price = price_at(line.price_tiers, quantity)
        if price is None:
            least = line.price_tiers[0].min_quantity.normalize()
            detail = f"it is sold from {least:f} on, and {quantity:f} are wanted"
            missing.append(Fault(at, "below_minimum_quantity", detail))
        else:
            prices[item] = price
    return prices, missing


def _costed(
    table: _Table,
    quote: Quote,
    content: QuoteIn,
    option: Option[QuoteLineIn],
    prices: Mapping[UUID, Decimal],
    wanted: Mapping[UUID, Decimal],
    items: Mapping[UUID, RfqItem],
) -> tuple[Cost | None, Sequence[Fault]]:
    """What is quoted, delivered; where nobody knows what that costs, a price that is for the
    destination itself counts as it is stated."""
    if not prices:
        return None, ()
    country = table.sellers[quote.seller_id].country
    asked = Asked(
        subject=ids.show("quote", quote.id),
        destination=table.rfq.destination_place_code,
        dispatch_country=content.dispatch_country or country,
        incoterm=content.incoterm,
        place_code=content.place_code,
        is_seller_premises=content.is_seller_premises,
        importer_of_record=content.importer_of_record,
        importer_tax_id=content.importer_tax_id,
        vat_recovered_by=content.vat_recovered_by,
        currency=quote.currency,
        price_includes_vat=content.vat_included,
        lines=[
            _cost_line(items[item], option.lines[item], price, wanted[item], country)
            for item, price in prices.items()
        ],
        stated=[
            Stated(each.kind, each.amount, each.currency, each.documented)
            for each in content.stated_charges
        ],
        day=table.day,
    )
    try:
        cost = table.cost(asked)
    except NotComputable as problem:
        unserved = any(fault.code == costing.NOT_SERVED for fault in problem.faults)
        if unserved and rules.is_delivered(
            content.incoterm, content.place_code, table.rfq.destination_place_code
        ):
            return _as_stated(quote.currency, prices, wanted), ()
        return None, problem.faults
    table.unreviewed |= dict.fromkeys(cost.unreviewed)
    return cost, ()


def _as_stated(
    currency: str, prices: Mapping[UUID, Decimal], wanted: Mapping[UUID, Decimal]
) -> Cost:
    lines = {ids.show("rfqitem", i): figure(price * wanted[i]) for i, price in prices.items()}
    total = sum(lines.values(), ZERO)
    return Cost(currency, total, None, {}, lines, None, (), (), "")


def _cost_line(
    item: RfqItem, line: QuoteLineIn, price: Decimal, quantity: Decimal, country: str
) -> CostLine:
    """The goods as customs and carriers ask; what the quote does not say of a unit, the buyer may."""
    parts: dict[str, Any] = {
        name: ((getattr(line, name) or getattr(item, name, None) or ZERO) * quantity).normalize()
        for name in _PARTS
    }
    return CostLine(
        id=ids.show("rfqitem", item.id),
        quantity=quantity,
        unit_code=item.unit_code,
        price_tiers=(PriceTier(ZERO, price.normalize()),),
        tnved_code=line.tnved_code or item.tnved_code,
        origin=line.origin or country,
        **parts,
    )


@exact
def _line(
    item: RfqItem,
    line: QuoteLineIn,
    price: Decimal,
    quantity: Decimal,
    cost: Cost | None,
    rate: Decimal | None,
) -> dict[str, Any]:
    delivered = _converted(cost.lines[ids.show("rfqitem", item.id)] if cost else None, rate)
    unit = None if delivered is None else figure(delivered / quantity)
    target = item.target_price
    return {
        "item_id": item.id,
        "alternative": line.alternative,
        "quantity": quantity,
        "unit_price": price,
        "goods": figure(price * quantity),
        "lead_time_days": line.lead_time_days,
        "delivered": delivered,
        "delivered_unit": unit,
        "above_target": None if unit is None or target is None else unit - target,
    }


@exact
def _converted(amount: Decimal | None, rate: Decimal | None) -> Decimal | None:
    return None if amount is None or rate is None else figure(amount * rate)
