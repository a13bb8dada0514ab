"""The landed cost of goods, step by step, in the order of docs/landed-cost.md.

Amounts are exact until a step rounds them, half up, to the smallest unit: the premium in the
price's currency; customs value, fee, each line's duties and taxes, and the total in the currency
of the result. Shares of the lines sum to the whole (largest remainder).
"""

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any, NamedTuple

from api.rules.evaluation.arithmetic import exact, figure
from api.rules.incoterms import RULES, Incoterm, Party, names_delivery
from api.rules.landed_cost import duties
from api.rules.landed_cost.allocation import allocate, rounded, settle
from api.rules.landed_cost.faults import faults
from api.rules.landed_cost.inputs import ZERO, Inputs, Line, Stated
from api.rules.landed_cost.kinds import ChargeKind, Driver, Regime, Segment, StatedKind
from api.rules.landed_cost.notices import notices, unreviewed
from api.rules.landed_cost.payers import evaluated_as
from api.rules.landed_cost.results import Component, FreightSplit, LineResult, Result
from api.rules.landed_cost.stating import deducted_kinds, leaves_vat, taxes_in_price
from api.rules.landed_cost.way import (
    Priced,
    Weights,
    goods_of,
    in_price_currency,
    insurance,
    insured,
    priced,
)
from api.rules.tenders import Fault

FORMULA = "kerben-landed-cost-formula/1"
_PAID_BY_SELLER = ("fee", "duty", "remedies", "excise")


class NotComputable(Exception):
    """The inputs are not complete or not possible; `faults` name the fields."""

    def __init__(self, found: list[Fault]) -> None:
        super().__init__("; ".join(f"{each.pointer}: {each.detail}" for each in found))
        self.faults = found


class _Taxes(NamedTuple):
    """Duties and taxes of one line, or of all."""

    customs_value: Decimal
    fee: Decimal
    duty: Decimal
    remedies: Decimal
    excise: Decimal
    vat: Decimal


@exact
def compute(inputs: Inputs) -> Result:
    """The landed cost, and what a separate statement of the freight would save.

    Raises NotComputable with every fault.
    """
    if found := faults(inputs):
        raise NotComputable(found)
    result = _computed(inputs)
    return replace(result, freight_split=_freight_split(inputs, result))


def _computed(inputs: Inputs) -> Result:
    term = evaluated_as(inputs)
    by_line = [goods_of(line) for line in inputs.lines]
    goods = sum(by_line, ZERO)
    way = priced(inputs, term)
    premium = insurance(inputs, term, goods, way)
    shared = Weights(inputs.lines, by_line)
    paid = _paid(inputs, by_line, way, premium, shared)
    paid_total = rounded(sum(paid, ZERO))
    paid_lines = settle(paid, paid_total)
    taxed = None
    imported = inputs.regime is Regime.IMPORT
    if not (taxes_in_price(inputs) and imported):
        taxed = _taxed(_declared(inputs), by_line, way, premium, shared)
    vat_alone = imported and leaves_vat(inputs)
    if vat_alone and taxed:
        taxed = [each._replace(**dict.fromkeys(_PAID_BY_SELLER, ZERO)) for each in taxed]
    lines = _lines(inputs, by_line, paid_lines, taxed)
    total = sum([line.total_gross for line in lines], ZERO)
    whole = _Taxes(*(sum(each, ZERO) for each in zip(*taxed, strict=True))) if taxed else None
    vat = whole.vat if whole else _vat_in_price(inputs)
    net = None if vat is None else total - vat
    if taxed is None and net is not None:
        nets = allocate(net, [line.total_gross for line in lines])
        lines = [replace(line, total_net=nets[n]) for n, line in enumerate(lines)]
    found = Result(
        currency=inputs.home,
        evaluated_as=term,
        risk_point=RULES[term].risk_point,
        cost_point=RULES[term].cost_point,
        goods=figure(goods),
        buyer_logistics=figure(
            sum((in_price_currency(each, inputs) for each in insured(way)), ZERO)
        ),
        insurance=premium,
        local_charges=rounded(_local(inputs, way)),
        customs_value=whole.customs_value if whole and imported else None,
        fee=whole.fee if whole else None,
        duty=whole.duty if whole else None,
        remedies=whole.remedies if whole else None,
        excise=whole.excise if whole else None,
        vat=vat,
        total_gross=total,
        total_net=net,
        components=tuple(_component(inputs, each) for each in way),
        lines=tuple(lines),
        notices=notices(inputs, term),
        unreviewed=unreviewed(inputs),
        freight_split=None,
    )
    return _in_price(found) if vat_alone else found


def _in_price(found: Result) -> Result:
    """The result without the taxes that are inside the price."""
    inside: dict[str, Any] = dict.fromkeys(_PAID_BY_SELLER)
    lines = tuple(replace(line, **inside) for line in found.lines)
    return replace(found, lines=lines, **inside)


def _paid(
    inputs: Inputs,
    goods: Sequence[Decimal],
    way: Sequence[Priced],
    premium: Decimal,
    of: Weights,
) -> list[Decimal]:
    """What is paid for each line before duties and taxes, exact, in the result's currency."""
    rate = duties.in_home(inputs.currency, inputs)
    found = [amount * rate for amount in goods]
    if premium:
        _share_out(found, premium * rate, of[Driver.VALUE])
    for each in way:
        if each.by_buyer and each.amount:
            home = each.amount * duties.in_home(each.charge.currency, inputs)
            _share_out(found, home, of[each.charge.driver])
    return found


def _share_out(found: list[Decimal], amount: Decimal, parts: Sequence[Decimal]) -> None:
    """Add to each line its part of an amount."""
    found[:] = [own + amount * part for own, part in zip(found, parts, strict=True)]


def _taxed(
    inputs: Inputs,
    goods: Sequence[Decimal],
    way: Sequence[Priced],
    premium: Decimal,
    of: Weights,
) -> list[_Taxes]:
    """Customs value up to the Union's border, fee, duties and taxes of each line.

    What the price states separately is taken off the lines by value, as the price has it in it.
    """
    if inputs.regime is Regime.DOMESTIC:
        return [_domestic(inputs, amount) for amount in goods]
    rate = duties.in_home(inputs.currency, inputs)
    values = [amount * rate for amount in goods]
    if inputs.regime is Regime.IMPORT:
        deducted = sum(
            (s.amount * duties.in_home(s.currency, inputs) for s in _deductible(inputs)), ZERO
        )
        if premium:
            _share_out(values, premium * rate, of[Driver.VALUE])
        if deducted:
            _share_out(values, -deducted, of[Driver.VALUE])
        for each in way:
            if each.by_buyer and each.amount and each.charge.segment is Segment.PRE_BORDER:
                home = each.amount * duties.in_home(each.charge.currency, inputs)
                _share_out(values, home, of[each.charge.driver])
        if min(values) < 0:
            detail = "more is taken off than the goods are worth"
            raise NotComputable([Fault("#/stated", "exceeds_price", detail)])
    whole = rounded(sum(values, ZERO))
    settled = settle(values, whole)
    fee = ZERO
    if inputs.regime is Regime.IMPORT:
        fee = duties.customs_fee(whole, inputs.parameters)
    fees = allocate(fee, settled)
    return [
        _import_taxes(inputs, line, value, part)
        for line, value, part in zip(inputs.lines, settled, fees, strict=True)
    ]


def _declared(inputs: Inputs) -> Inputs:
    """The inputs as customs take them: at the rates of the declaration, where goods are declared."""
    if inputs.declaration_rates is None or inputs.regime is Regime.DOMESTIC:
        return inputs
    return replace(inputs, rates=inputs.declaration_rates)


def _import_taxes(inputs: Inputs, line: Line, value: Decimal, fee: Decimal) -> _Taxes:
    imported = inputs.regime is Regime.IMPORT
    duty = duties.duty(line, value, inputs) if imported else ZERO
    remedies = duties.remedies(line, value) if imported else ZERO
    excise = duties.excise(line, value, duty, inputs)
    vat = duties.vat(line, value + duty + remedies + excise, fee, inputs.parameters)
    return _Taxes(value, fee, duty, remedies, excise, vat)


def _domestic(inputs: Inputs, goods: Decimal) -> _Taxes:
    """VAT that is in a price at home, or is added to it; nothing else."""
    amount = goods * duties.in_home(inputs.currency, inputs)
    rate = inputs.parameters.vat_rate
    vat = amount * rate / (1 + rate) if inputs.price_includes_vat else amount * rate
    return _Taxes(rounded(amount), ZERO, ZERO, ZERO, ZERO, rounded(vat))


def _lines(
    inputs: Inputs,
    goods: Sequence[Decimal],
    paid: Sequence[Decimal],
    taxed: Sequence[_Taxes] | None,
) -> list[LineResult]:
    each = zip(inputs.lines, goods, paid, strict=True)
    if taxed is None:
        return [
            LineResult(
                line.id,
                figure(whole / line.quantity),
                figure(whole),
                None,
                cost,
                None,
                None,
                None,
                None,
                None,
                cost,
                None,
            )
            for line, whole, cost in each
        ]
    imported = inputs.regime is Regime.IMPORT
    inside = inputs.regime is Regime.DOMESTIC and inputs.price_includes_vat
    found = []
    for (line, whole, cost), taxes in zip(each, taxed, strict=True):
        value, fee, duty, remedies, excise, vat = taxes
        total = cost if inside else cost + fee + duty + remedies + excise + vat
        found.append(
            LineResult(
                line.id,
                figure(whole / line.quantity),
                figure(whole),
                value if imported else None,
                cost,
                fee,
                duty,
                remedies,
                excise,
                vat,
                total,
                total - vat,
            )
        )
    return found


def _deductible(inputs: Inputs) -> list[Stated]:
    kinds = deducted_kinds(inputs)
    return [each for each in inputs.stated if each.kind in kinds and each.documented]


def _vat_in_price(inputs: Inputs) -> Decimal | None:
    """The VAT that a DDP price states; None when it states none."""
    stated = [each for each in inputs.stated if each.kind is StatedKind.VAT]
    if not stated:
        return None
    return rounded(sum((s.amount * duties.in_home(s.currency, inputs) for s in stated), ZERO))


def _local(inputs: Inputs, way: Sequence[Priced]) -> Decimal:
    return sum(
        (
            each.amount * duties.in_home(each.charge.currency, inputs)
            for each in way
            if each.by_buyer and each.charge.segment is Segment.LOCAL
        ),
        ZERO,
    )


def _component(inputs: Inputs, each: Priced) -> Component:
    charge = each.charge
    return Component(
        code=charge.code,
        kind=charge.kind,
        segment=charge.segment,
        payer=each.payer,
        amount=each.amount,
        currency=charge.currency,
        home_amount=rounded(each.amount * duties.in_home(charge.currency, inputs)),
        driver=charge.driver,
        in_customs_value=(
            each.by_buyer
            and charge.segment is Segment.PRE_BORDER
            and inputs.regime is Regime.IMPORT
        ),
    )


def _freight_split(inputs: Inputs, result: Result) -> FreightSplit | None:
    """For a price that has carriage after the border in it and does not state it."""
    term = result.evaluated_as
    stated = any(each.kind is StatedKind.POST_BORDER_CARRIAGE for each in inputs.stated)
    if inputs.regime is not Regime.IMPORT or names_delivery(term) or term is Incoterm.DDP or stated:
        return None
    inside = [
        each
        for each in priced(inputs, term)
        if each.payer is Party.SELLER
        and each.charge.segment is Segment.POST_BORDER
        and each.charge.kind is ChargeKind.CARRIAGE
    ]
    carriage = rounded(sum((in_price_currency(each, inputs) for each in inside), ZERO))
    if not 0 < carriage < result.goods:
        return None
    split = Stated(StatedKind.POST_BORDER_CARRIAGE, carriage, inputs.currency, documented=True)
    then = _computed(replace(inputs, stated=(*inputs.stated, split))).total_gross
    return FreightSplit(carriage, inputs.currency, then, result.total_gross - then)
