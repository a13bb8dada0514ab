"""The inputs of a landed cost, put together from a price and what counts on a day."""

from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, NamedTuple

from sqlmodel import Session

from api.delivery.service import lookups
from api.identity import regions
from api.reference import service as reference
from api.rules.evaluation.inputs import EAEU, RateSet
from api.rules.incoterms import VERSION, Deviation, Incoterm, names_delivery
from api.rules.landed_cost import Inputs, NotComputable, Result, compute
from api.rules.landed_cost.inputs import Line, Parameters, Route, Stated, Terms
from api.rules.landed_cost.kinds import ParameterCode, Regime
from api.rules.tenders import Fault


@dataclass(frozen=True, slots=True)
class WrittenTerms:
    """Terms as they were written; what is not known is None."""

    incoterm: Incoterm | None
    version: str = VERSION
    place_code: str | None = None
    named_place: str | None = None
    is_seller_premises: bool | None = None
    importer_of_record: str | None = None
    importer_tax_id: str | None = None
    vat_recovered_by: str | None = None
    unloading_in_carriage: bool = False
    deemed: bool = False
    deviations: tuple[Deviation, ...] | None = None


@dataclass(frozen=True, slots=True)
class Asked:
    """A price and the circumstances in which it is to be taken to its delivered cost.

    `routes` are the codes that come into question (all, if empty), `crossing` the one they have to
    go over. `rates_day` is the day whose exchange rates count; for customs that of `declaration_day`,
    by `declaration_source`, if either is given.
    """

    subject: str
    destination: str
    dispatch_country: str | None
    terms: WrittenTerms
    currency: str
    price_includes_vat: bool
    lines: Sequence[Line]
    day: date
    rates_source: str | None
    rates_day: date
    stated: Sequence[Stated] = ()
    routes: Sequence[str] = ()
    crossing: str | None = None
    declaration_source: str | None = None
    declaration_day: date | None = None


class Computed(NamedTuple):
    """What came out, and the inputs that it came from: those of the cheapest route."""

    inputs: Inputs
    result: Result


class Known:
    """What counts, looked up once each for all prices that are computed together."""

    def __init__(self, session: Session) -> None:
        self._session, self._found = session, dict[Any, Any]()

    def once[T](self, look_up: Callable[..., T], *given: Hashable, **named: Hashable) -> T:
        """What `look_up(session, …)` says, from memory the second time; not to be changed."""
        key = (look_up, given, tuple(named.items()))
        if key not in self._found:
            self._found[key] = look_up(self._session, *given, **named)
        found: T = self._found[key]
        return found

    def country(self, place: str) -> str | None:
        """Of a place, ISO 3166-1 alpha-2; None for an unknown place."""
        return self.once(reference.country_of_place, place)

    def home(self, country: str) -> str | None:
        """The currency of delivered costs in a country (ISO 4217); None where none are known."""
        return self.once(regions.currency, country)


def computed(known: Known, asked: Asked) -> Computed:
    """The landed cost by the cheapest route that fits; of equal ones, the first that was named, or
    else by its code.

    A price at home that names no Incoterm is taken as delivered to the destination (DAP).
    Raises NotComputable: with the faults of the terms and lines, or of the first route if none fits.
    """
    base = _without_route(known, asked)
    if base.regime is not Regime.IMPORT:
        return Computed(base, compute(base))
    candidates = _routes(known, asked)
    found, faults = [], list[Fault]()
    for route in candidates:
        inputs = with_currencies(known, replace(base, route=route))
        try:
            found.append(Computed(inputs, compute(inputs)))
        except NotComputable as problem:
            faults = faults or problem.faults
    if not found:
        raise NotComputable(faults)
    return min(found, key=lambda each: each.result.total_gross)


def with_route(known: Known, inputs: Inputs, code: str) -> Inputs:
    """The same by another route, with its rate card of the day. Raises NotComputable."""
    routes = known.once(lookups.routes_to, inputs.destination, inputs.day, codes=(code,))
    if not routes:
        detail = f"no route {code} to {inputs.destination} has a rate card on {inputs.day}"
        raise NotComputable([Fault("#/route", "unknown_route", detail)])
    return with_currencies(known, replace(inputs, route=routes[0]))


def with_rates(known: Known, inputs: Inputs, day: date) -> Inputs:
    """The same, paid at the exchange rates of another day of the same source; customs go by the day
    of the declaration as before, if one was named."""
    return with_currencies(known, replace(inputs, rates=replace(inputs.rates, day=day)))


def with_day(known: Known, inputs: Inputs, day: date) -> Inputs:
    """The same by the tariffs, parameters and rate card of another day. Raises NotComputable."""
    numbers = _parameters(known, inputs.destination_country, day)
    lines = taxed(known, inputs.lines, inputs.destination_country, day)
    moved = replace(inputs, day=day, parameters=numbers, lines=tuple(lines))
    return moved if moved.route is None else with_route(known, moved, moved.route.code)


def taxed(known: Known, lines: Sequence[Line], country: str, day: date) -> list[Line]:
    """Lines with the duty, remedies and excise that count in a country of destination on a day.

    Elsewhere than in the Union they are the duty and the VAT of that country.
    """
    codes = frozenset(line.tnved_code for line in lines if line.tnved_code)
    if not codes:
        return [*lines]
    if country not in EAEU:
        tariffs = known.once(lookups.destination_tariffs, country, codes, day)
        none = lookups.DestinationRates(None, None)
        return [
            replace(line, duty=found.duty, vat=found.vat, remedies=(), excise=None)
            for line in lines
            for found in (tariffs.get(line.tnved_code or "", none),)
        ]
    duties = known.once(lookups.duties, codes, day)
    remedies = known.once(lookups.remedies, codes, day)
    excises = known.once(lookups.excises, codes, country, day)
    return [
        replace(
            line,
            duty=duties.get(line.tnved_code or ""),
            remedies=remedies.get((line.tnved_code or "", line.origin or ""), ()),
            excise=excises.get(line.tnved_code or ""),
        )
        for line in lines
    ]


def with_currencies(known: Known, inputs: Inputs) -> Inputs:
    """The inputs with the rates of every currency in them, as far as they are known."""
    used = {inputs.currency, *(each.currency for each in inputs.stated)}
    used |= {each.currency for each in (inputs.route.charges if inputs.route else ())}
    for line in inputs.lines:
        for rate in (line.duty, line.excise):
            if rate is not None and rate.specific_currency is not None:
                used.add(rate.specific_currency)
    declared = inputs.declaration_rates
    return replace(
        inputs,
        rates=rates_of(known, inputs, used, inputs.rates),
        declaration_rates=None if declared is None else rates_of(known, inputs, used, declared),
    )


def rates_of(known: Known, inputs: Inputs, currencies: Iterable[str], like: RateSet) -> RateSet:
    """What currencies cost in the currency of the result, by the source and on the day of a set; one
    without a rate that is recent enough is left out."""
    return known.once(
        lookups.rate_set,
        inputs.home,
        frozenset(currencies),
        source=None if like.name == lookups.LATEST else like.name,
        day=like.day,
        max_age=_max_age(known, inputs),
    )


def _without_route(known: Known, asked: Asked) -> Inputs:
    destination_country = known.country(asked.destination)
    home = None if destination_country is None else known.home(destination_country)
    if destination_country is None or home is None:
        detail = f"{asked.destination} is no place in a country that landed costs are known for"
        raise NotComputable([Fault("#/destination", "destination_not_served", detail)])
    dispatch = asked.dispatch_country
    if asked.terms.incoterm is None and dispatch == destination_country:
        at_home = WrittenTerms(Incoterm.DAP, place_code=asked.destination)
        asked = replace(asked, terms=at_home)
    terms = _terms(known, asked)
    if dispatch is None and names_delivery(terms.incoterm):
        dispatch = terms.place_country
    if dispatch is None:
        detail = "say where the goods come from"
        raise NotComputable([Fault("#/dispatch_country", "missing", detail)])
    name = asked.rates_source or lookups.LATEST
    inputs = Inputs(
        subject=asked.subject,
        day=asked.day,
        home=home,
        destination=asked.destination,
        destination_country=destination_country,
        regime=_regime(dispatch, destination_country),
        terms=terms,
        currency=asked.currency,
        price_includes_vat=asked.price_includes_vat,
        lines=tuple(taxed(known, asked.lines, destination_country, asked.day)),
        parameters=_parameters(known, destination_country, asked.day),
        rates=RateSet(name, asked.rates_day),
        stated=tuple(asked.stated),
        declaration_rates=_declared(asked),
    )
    return with_currencies(known, inputs)


def _declared(asked: Asked) -> RateSet | None:
    """The set that customs go by, without its rates yet; None: the one that is paid by."""
    if asked.declaration_source is None and asked.declaration_day is None:
        return None
    source = asked.declaration_source or asked.rates_source or lookups.LATEST
    return RateSet(source, asked.declaration_day or asked.rates_day)


def _terms(known: Known, asked: Asked) -> Terms:
    said = asked.terms
    if said.incoterm is None:
        detail = "the price names no Incoterm, so that nobody knows what is in it"
        raise NotComputable([Fault("#/terms/incoterm", "missing", detail)])
    if said.place_code is None:
        detail = (
            "the place is text alone: name it by its code" if said.named_place else "is missing"
        )
        raise NotComputable([Fault("#/terms/place_code", "place_unknown", detail)])
    country = known.country(said.place_code)
    if country is None:
        detail = f"{said.place_code} is no known place"
        raise NotComputable([Fault("#/terms/place_code", "place_unknown", detail)])
    return Terms(
        incoterm=said.incoterm,
        place_code=said.place_code,
        place_country=country,
        version=said.version,
        is_seller_premises=said.is_seller_premises,
        importer_of_record=said.importer_of_record,
        importer_tax_id=said.importer_tax_id,
        vat_recovered_by=said.vat_recovered_by,
        unloading_in_carriage=said.unloading_in_carriage,
        deemed=said.deemed,
        deviations=said.deviations,
    )


def _routes(known: Known, asked: Asked) -> list[Route]:
    """The routes that come into question; those with the named place on them, if there are any."""
    codes = tuple(asked.routes)
    found = [*known.once(lookups.routes_to, asked.destination, asked.day, codes=codes)]
    unknown = sorted({*asked.routes} - {each.code for each in found})
    if unknown:
        detail = f"no route {unknown[0]} to {asked.destination} has a rate card on {asked.day}"
        raise NotComputable([Fault("#/route", "unknown_route", detail)])
    if asked.crossing is not None:
        found = [each for each in found if each.crossing == asked.crossing]
        if not found:
            detail = f"no route to {asked.destination} goes over {asked.crossing}"
            raise NotComputable([Fault("#/crossing", "unknown_crossing", detail)])
    if not found:
        detail = f"no route with a rate card on {asked.day} ends in {asked.destination}"
        raise NotComputable([Fault("#/route", "unknown_route", detail)])
    if asked.routes:
        found.sort(key=lambda each: asked.routes.index(each.code))
    fitting = [each for each in found if asked.terms.place_code in each.places]
    return fitting or found


def _regime(dispatch: str, destination: str) -> Regime:
    if dispatch == destination:
        return Regime.DOMESTIC
    return Regime.UNION if dispatch in EAEU and destination in EAEU else Regime.IMPORT


def _parameters(known: Known, country: str, day: date) -> Parameters:
    numbers, missing = known.once(lookups.parameters, country, day)
    if numbers is None:
        detail = f"{', '.join(missing)} of {country} is not known on {day}"
        raise NotComputable([Fault("#/day", "parameter_missing", detail)])
    return numbers


def _max_age(known: Known, inputs: Inputs) -> int:
    rows = known.once(lookups.values, inputs.destination_country, inputs.day)
    row = rows.get(ParameterCode.FX_MAX_AGE)
    if row is None:
        detail = f"{ParameterCode.FX_MAX_AGE.value} is not known on {inputs.day}"
        raise NotComputable([Fault("#/day", "parameter_missing", detail)])
    return int(row.value)
