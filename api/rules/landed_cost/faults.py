"""What a landed cost cannot be computed from; every fault names its field in the inputs."""

from collections.abc import Iterator

from api.rules.evaluation.inputs import RateSet
from api.rules.incoterms import DeliveryTerms, Incoterm, Severity, check_terms
from api.rules.landed_cost.duties import measure
from api.rules.landed_cost.inputs import ZERO, Duty, Inputs, Line
from api.rules.landed_cost.kinds import DutyKind, Regime, StatedKind
from api.rules.landed_cost.payers import splits
from api.rules.landed_cost.stating import taxes_in_price
from api.rules.tenders import Fault

_MEASURES = ("net_weight_kg", "gross_weight_kg", "volume_m3", "packages")


def faults(inputs: Inputs) -> list[Fault]:
    """Everything that is wrong; pointers are into the inputs. Empty when it can be computed."""
    found = [*_terms(inputs), *_numbers(inputs)]
    if not inputs.lines:
        found.append(Fault("#/lines", "missing", "there is nothing to compute"))
    seen = set[str]()
    for index, line in enumerate(inputs.lines):
        if line.id in seen:
            found.append(Fault(f"#/lines/{index}/id", "duplicate", "stands here twice"))
        seen.add(line.id)
        found += _line(f"#/lines/{index}", line, inputs)
    found += _stated(inputs)
    if not any(each.pointer.startswith("#/terms") for each in found):
        found += _route(inputs)
    found += _currencies(inputs)
    return found


def _terms(inputs: Inputs) -> Iterator[Fault]:
    """The blockers of the terms; a sea rule passes when it may be deemed a land rule."""
    terms = inputs.terms
    said = DeliveryTerms(
        incoterm=terms.incoterm.value,
        version=terms.version,
        place_code=terms.place_code,
        place_country=terms.place_country,
        is_seller_premises=terms.is_seller_premises,
        importer_of_record=terms.importer_of_record,
        importer_tax_id=terms.importer_tax_id,
        vat_recovered_by=terms.vat_recovered_by,
        legs=(inputs.route.mode,) if inputs.route else (),
        deviations=inputs.terms.deviations or (),
    )
    for each in check_terms(said, inputs.destination_country):
        if each.severity is not Severity.BLOCKER:
            if each.code == "DDP_WITHOUT_IMPORTER" and inputs.regime is Regime.IMPORT:
                yield Fault("#/terms/importer_of_record", each.code.lower(), each.detail)
            continue
        if each.code == "MODE_CONFLICT" and terms.deemed:
            continue
        name = {"incoterm_version": "version"}.get(each.field, each.field)
        yield Fault(f"#/terms/{name}", each.code.lower(), each.detail)


def _numbers(inputs: Inputs) -> Iterator[Fault]:
    parameters = inputs.parameters
    for name in (
        "fee_rate",
        "fee_min",
        "fee_max",
        "vat_rate",
        "insurance_rate",
        "insurance_coverage",
    ):
        if not (getattr(parameters, name).is_finite() and getattr(parameters, name) >= 0):
            yield Fault(f"#/parameters/{name}", "negative", "must not be negative")
    if parameters.insurance_rate * parameters.insurance_coverage >= 1:
        yield Fault("#/parameters/insurance_rate", "out_of_range", "the premium would be endless")
    if parameters.fee_min > parameters.fee_max:
        yield Fault("#/parameters/fee_min", "out_of_range", "is above the maximum")
    for name, given in _sets(inputs):
        for code, each in given.rates.items():
            if not (each.value.is_finite() and each.value > 0):
                yield Fault(f"#/{name}/rates/{code}/value", "out_of_range", "must be above 0")


def _line(pointer: str, line: Line, inputs: Inputs) -> list[Fault]:
    found = []
    if not (line.quantity.is_finite() and line.quantity > 0):
        found.append(Fault(f"{pointer}/quantity", "out_of_range", "must be above 0"))
    if line.quantity < line.min_order_quantity and not line.minimum_waived:
        said = f"the minimum order is {line.min_order_quantity}"
        found.append(Fault(f"{pointer}/quantity", "below_minimum_order", said))
    reached = False
    for n, tier in enumerate(line.price_tiers):
        reached = reached or tier.min_quantity <= line.quantity
        if not (tier.unit_price.is_finite() and tier.unit_price >= ZERO):
            at = f"{pointer}/price_tiers/{n}/unit_price"
            found.append(Fault(at, "negative", "must not be negative"))
    if not reached:
        said = "no price counts at this quantity"
        found.append(Fault(f"{pointer}/price_tiers", "price_missing", said))
    for name in _MEASURES:
        value = getattr(line, name)
        if value and not (value.is_finite() and value > ZERO):
            found.append(Fault(f"{pointer}/{name}", "negative", "must not be negative"))
    if line.discount_rate and not 0 < line.discount_rate < 1:
        said = "must be from 0 to below 1"
        found.append(Fault(f"{pointer}/discount_rate", "out_of_range", said))
    if inputs.regime is Regime.IMPORT and not taxes_in_price(inputs):
        found += _tariff(pointer, line, inputs)
    return found


def _tariff(pointer: str, line: Line, inputs: Inputs) -> list[Fault]:
    """What is wrong with what the duties of an imported line are computed from."""
    found = []
    if line.tnved_code is None:
        said = "goods that are imported need a code"
        found.append(Fault(f"{pointer}/tnved_code", "missing", said))
    elif line.duty is None:
        said = f"no duty of {line.tnved_code} is known on {inputs.day}"
        found.append(Fault(f"{pointer}/tnved_code", "tariff_missing", said))
    if line.vat is not None and not (line.vat.rate.is_finite() and line.vat.rate >= ZERO):
        found.append(Fault(f"{pointer}/vat/rate", "negative", "must not be negative"))
    for rate in (line.duty, line.excise):
        if rate is None or rate.specific_unit is None:
            continue
        plain = isinstance(rate, Duty) and rate.kind is DutyKind.AD_VALOREM
        if not plain and measure(line, rate.specific_unit) is None:
            said = f"the quantity in {rate.specific_unit} is needed for a duty or excise by unit"
            at = f"{pointer}/measures/{rate.specific_unit}"
            found.append(Fault(at, "measure_missing", said))
    return found


def _stated(inputs: Inputs) -> Iterator[Fault]:
    imported = inputs.regime is Regime.IMPORT
    inside = taxes_in_price(inputs)
    if imported and inputs.price_includes_vat and not inside:
        detail = "VAT of the country of destination is in the price of imports under DDP alone"
        yield Fault("#/price_includes_vat", "not_in_price", detail)
    for index, each in enumerate(inputs.stated):
        pointer = f"#/stated/{index}"
        if not (each.amount.is_finite() and each.amount >= 0):
            yield Fault(f"{pointer}/amount", "negative", "must not be negative")
        duties = each.kind is StatedKind.DUTIES and inputs.terms.incoterm is not Incoterm.DDP
        if duties or (each.kind is StatedKind.VAT and not inside):
            yield Fault(
                f"{pointer}/kind", "not_in_price", "only a DDP price has import taxes in it"
            )


def _route(inputs: Inputs) -> Iterator[Fault]:
    route, place = inputs.route, inputs.terms.place_code
    if route is None:
        if inputs.regime is Regime.IMPORT:
            yield Fault("#/route", "missing", "goods that are imported need a route")
        return
    if route.places[-1] != inputs.destination:
        yield Fault("#/route/places", "ends_elsewhere", f"must end in {inputs.destination}")
    if place not in route.places:
        said = f"{place} does not lie on the route {route.code}"
        yield Fault("#/terms/place_code", "place_not_on_route", said)
        return
    for name in ("capacity_kg", "capacity_m3"):
        if not getattr(route, name) > ZERO:
            yield Fault(f"#/route/{name}", "out_of_range", "must be above 0")
    for index, charge in enumerate(route.charges):
        pointer = f"#/route/charges/{index}"
        if not (charge.rate.is_finite() and charge.rate >= 0):
            yield Fault(f"{pointer}/rate", "negative", "must not be negative")
        ends = [charge.from_place, *([charge.to_place] if charge.to_place else [])]
        if unknown := [each for each in ends if each not in route.places]:
            yield Fault(f"{pointer}/from_place", "place_not_on_route", f"{unknown[0]} is not on it")
        elif splits(charge, route, place):
            said = f"{place} lies within the stage {charge.code}, for which there is one price"
            yield Fault("#/terms/place_code", "place_within_stage", said)


def _currencies(inputs: Inputs) -> Iterator[Fault]:
    used = {inputs.currency: "#/currency"}
    for n, each in enumerate(inputs.stated):
        used.setdefault(each.currency, f"#/stated/{n}/currency")
    for n, charge in enumerate(inputs.route.charges if inputs.route else ()):
        used.setdefault(charge.currency, f"#/route/charges/{n}/currency")
    for n, line in enumerate(inputs.lines):
        for rate in (line.duty, line.excise):
            if rate is not None and rate.specific_currency is not None:
                used.setdefault(rate.specific_currency, f"#/lines/{n}/tnved_code")
    for name, given in _sets(inputs):
        for code, pointer in used.items():
            if code != inputs.home and code not in given.rates:
                at = pointer if name == "rates" else f"#/{name}"
                yield Fault(at, "rate_missing", f"no rate of {code} is given for {given.day}")


def _sets(inputs: Inputs) -> Iterator[tuple[str, RateSet]]:
    """The sets of exchange rates, by their names in the inputs."""
    yield "rates", inputs.rates
    if inputs.declaration_rates is not None:
        yield "declaration_rates", inputs.declaration_rates
