"""The opened bids for a lot at one delivered cost: as a table, and as the port of evaluations."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlmodel import Session, col, select

from api.core import ids
from api.core.errors import FieldError
from api.delivery.landed_cost import files
from api.delivery.models import LandedCostTerms
from api.delivery.service import asking, composing, estimates
from api.delivery.service.composing import Computed, Known
from api.identity.models import Organisation
from api.procurement.models import Bid, Lot, Tender
from api.procurement.service import auctions, gathering, lot_prices
from api.procurement.service.evaluation_problems import NotEvaluable
from api.procurement.service.lot_prices import LotPrice
from api.reference import fx
from api.rules.evaluation import ComparablePrice, LotTerms, stated_price
from api.rules.evaluation import inputs as evaluation
from api.rules.evaluation.arithmetic import exact, figure
from api.rules.evaluation.prices import net_and_gross
from api.rules.evaluation.terms import VatMode
from api.rules.landed_cost import NotComputable
from api.rules.tenders import Fault

DELIVERED = "landedCost"
SOURCE = "kerben-landed-cost-formula/1"


@dataclass(frozen=True, slots=True)
class Compared:
    """A bid with its landed cost, or the faults for which it has none."""

    bid: Bid
    supplier: Organisation
    price: LotPrice
    exporter: Organisation | None
    computed: Computed | None
    faults: Sequence[Fault] = ()


@dataclass(frozen=True, slots=True)
class Comparison:
    """Every opened bid for a lot; `day` is that of the opening."""

    tender: Tender
    lot: Lot
    terms: LandedCostTerms
    day: date
    bids: Sequence[Compared]
    currency: str


def compare(session: Session, tender: Tender, lot: Lot) -> Comparison:
    """All opened bids for a lot. Raises PricesSealed before the opening of prices, or
    ComparisonNotSetUp for a tender without landed-cost terms."""
    day = asking.opening_day(session, tender.id)
    terms = asking.terms_of(session, tender.id)
    bids = gathering.bids_of(session, tender, lot)
    prices = lot_prices.of_lot(session, lot.id, auctions.result(session, lot.id))
    exporters = {
        bid.id: lot_prices.exporter(
            prices[bid.id], supplier_id=bid.supplier_id, buyer_id=tender.buyer_id
        )
        for bid in bids
    }
    named = {*(bid.supplier_id for bid in bids), *exporters.values()} - {None}
    known_as = {
        row.id: row
        for row in session.exec(select(Organisation).where(col(Organisation.id).in_(named)))
    }
    items = asking.items_of(session, lot.id)
    known = Known(session)
    found = []
    for bid in bids:
        supplier, price = known_as[bid.supplier_id], prices[bid.id]
        exporter_id = exporters[bid.id]
        exporter = None if exporter_id is None else known_as.get(exporter_id)
        asked = asking.of_bid(
            lot,
            bid.id,
            price,
            items.get(bid.id, []),
            terms,
            day=day,
            supplier_country=supplier.country,
        )
        try:
            done = composing.computed(known, asked)
        except NotComputable as problem:
            found.append(Compared(bid, supplier, price, exporter, None, problem.faults))
        else:
            found.append(Compared(bid, supplier, price, exporter, done))
    country = known.country(lot.delivery_place_code)
    home = None if country is None else known.home(country)
    return Comparison(tender, lot, terms, day, found, home or fx.PIVOT)


def table(compared: Comparison) -> dict[str, Any]:
    """The comparison as the API shows it: the cheapest first, those without figures last."""
    rows = [_row(each) for each in compared.bids]
    for basis in ("gross", "net"):
        known = sorted({row[f"total_{basis}"] for row in rows if row[f"total_{basis}"] is not None})
        for row in rows:
            total = row[f"total_{basis}"]
            row[f"rank_{basis}"] = None if total is None else known.index(total) + 1
    unreviewed = {
        name: None
        for each in compared.bids
        if each.computed is not None
        for name in each.computed.result.unreviewed
    }
    return {
        "tender_id": compared.tender.id,
        "lot_id": compared.lot.id,
        "destination_place_code": compared.lot.delivery_place_code,
        "currency": compared.currency,
        "fx_source": compared.terms.fx_source or "latest",
        "fx_day": compared.day,
        "day": compared.day,
        "unreviewed": [*unreviewed],
        "bids": sorted(
            rows,
            key=lambda row: (
                row["total_gross"] is None,
                row["total_gross"] or Decimal(),
                row["bid_id"].hex,
            ),
        ),
    }


def comparable(
    session: Session, tender: Tender, lot: Lot, rates: evaluation.RateSet
) -> ComparablePrice:
    """The port by which evaluations of a lot compare delivered costs, where the tender has
    landed-cost terms; else prices as stated.

    What is added to a price, or taken from it, makes it the landed cost in the tender's currency,
    gross or net of VAT as its terms say. A bid whose landed cost cannot be computed stops the
    evaluation with NotEvaluable, unless it is disqualified: then nothing is compared.
    """
    if asking.find_terms(session, tender.id) is None:
        return stated_price
    known = {ids.show("bid", each.bid.id): each for each in compare(session, tender, lot).bids}

    def adjusted(
        bid: evaluation.Bid, terms: LotTerms, policy: evaluation.PolicyTerms
    ) -> tuple[evaluation.Adjustment, ...]:
        if bid.disqualified:
            return ()
        return _adjustments(known[bid.id], bid, terms, policy, rates)

    return adjusted


@exact
def _adjustments(
    compared: Compared,
    bid: evaluation.Bid,
    terms: LotTerms,
    policy: evaluation.PolicyTerms,
    rates: evaluation.RateSet,
) -> tuple[evaluation.Adjustment, ...]:
    if compared.computed is None:
        raise _not_evaluable(bid.id, compared.faults)
    inputs, result = compared.computed
    total = result.total_net if terms.vat_mode is VatMode.NET else result.total_gross
    if total is None:
        detail = "a DDP price must state the VAT in it to be compared net of VAT"
        raise _not_evaluable(bid.id, [Fault("#/stated_charges", "vat_unstated", detail)])
    if terms.currency != inputs.home:
        if terms.currency not in inputs.rates.rates:
            detail = f"no rate of {terms.currency} is known"
            raise _not_evaluable(bid.id, [Fault("#/currency", "rate_missing", detail)])
        total = total / inputs.rates.rates[terms.currency].value
    own = bid.price.currency == terms.currency
    rate = Decimal(1) if own else rates.rates[bid.price.currency].value
    net, gross = net_and_gross(bid.price)
    stated = figure((net if terms.vat_mode is VatMode.NET else gross) * rate)
    imported = (
        terms.vat_mode is VatMode.GROSS
        and not bid.resident
        and bid.price.vat is evaluation.VatStatement.NONE
        and policy.nonresident_price_adjustment
    )
    if imported and policy.vat_rate_bp:
        # The evaluation adds this VAT by itself, and the landed cost has it.
        stated += figure(figure(net * rate) * policy.vat_rate_bp / 10_000)
    sha256 = files.inputs_sha256(inputs)
    amount = figure(total - stated)
    return (evaluation.Adjustment(DELIVERED, amount, f"{SOURCE} inputs {sha256}"),)


def _not_evaluable(bid: str, faults: Sequence[Fault]) -> NotEvaluable:
    errors = [
        FieldError(
            pointer=f"#/bids/{bid}/{estimates.in_body(each).removeprefix('#/')}",
            code=each.code,
            detail=each.detail,
        )
        for each in faults
    ]
    return NotEvaluable("The landed cost of a bid cannot be computed.", errors=errors)


def _row(each: Compared) -> dict[str, Any]:
    inputs, result = each.computed or (None, None)
    figures = (
        "buyer_logistics",
        "insurance",
        "local_charges",
        "customs_value",
        "fee",
        "duty",
        "remedies",
        "excise",
        "vat",
        "total_gross",
        "total_net",
    )
    split = result.freight_split if result else None
    return {
        "bid_id": each.bid.id,
        "supplier": each.supplier.legal_name,
        "incoterm": each.price.incoterm.value if each.price.incoterm else None,
        "deviations": [*each.price.deviations],
        "exporter_of_record_id": each.exporter.id if each.exporter else None,
        "exporter": each.exporter.legal_name if each.exporter else {},
        "evaluated_as": result.evaluated_as.value if result else None,
        "place_code": each.price.place_code,
        "price": each.price.amount,
        "currency": each.price.currency,
        "route_code": inputs.route.code if inputs and inputs.route else None,
        **{name: getattr(result, name) if result else None for name in figures},
        "freight_split_saving": split.saving if split else None,
        "notices": [files.document(notice) for notice in result.notices] if result else [],
        "faults": [*each.faults],
        "inputs_sha256": files.inputs_sha256(inputs) if inputs else None,
    }


def lot_of(tender: Tender, lot_id: UUID) -> Lot:
    """A lot of the tender; NotFound."""
    return asking.lot_of(tender, lot_id)
