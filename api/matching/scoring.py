"""One offer against one request: the score with everything it was computed from."""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlmodel import Session

from api.catalog import capacity
from api.matching import codec
from api.matching.models import MatchingModel
from api.matching.supplies import Loaded
from api.matching.text import fusion
from api.reference import service as reference
from api.rules import matching as rules
from api.rules import matching_blockers, matching_fit, promising
from api.rules.matching import Circumstances, Coded, Demand, Parameters, Signals, Supply
from api.rules.promising import Supply as Promises
from api.rules.units import Measure

# An offer as far from a request as the ordinary one is no candidate, unless its code agrees.
RELEVANT = Decimal("2.0")
_CODED = Decimal("0.8")
CODED_RELEVANT = Decimal("0.5")
_WEIGHTS = tuple((name, Decimal(str(weight))) for name, weight in fusion.WEIGHTS.items())


@dataclass(frozen=True, slots=True)
class Scored:
    """The outcome for one pair, and everything that it was computed from.

    `content` is the demand as JSON.
    """

    demand: Demand
    content: Mapping[str, Any]
    supply: Supply
    signals: Signals
    around: Circumstances
    parameters: Parameters
    facts: matching_fit.Facts
    parts: dict[str, Decimal]
    score: Decimal

    def columns(self) -> dict[str, Any]:
        """As the columns of a Match; blockers are looked for only here, since few pairs are kept."""
        found = matching_blockers.blockers(
            self.demand, self.supply, self.around, self.parameters, self.facts
        )
        seed = rules.tie_seed(self.demand.item_id)
        return {
            "score": self.score,
            "parts": {name: str(value) for name, value in self.parts.items()},
            "blockers": [{"code": b.code.value, "details": b.details} for b in found],
            "inputs": codec.inputs_out(self.content, self.supply, self.signals, self.around, seed),
            "domestic": rules.is_domestic(self.demand, self.supply),
        }


type DeliveredPrice = Callable[[Demand, Supply, Decimal | None], Decimal | None]
"""What the price of an offer is multiplied by to be its cost delivered, duty paid, in the country
of the request; None when nothing is known of it. The third is the price of one unit, if known."""

_ports: list[Callable[[Session, date], DeliveredPrice]] = []


def plug(port: Callable[[Session, date], DeliveredPrice]) -> None:
    """Measure how prices fit by their delivered cost on a day, in this process. For its start."""
    _ports.append(port)


@dataclass(slots=True)
class Scorer:
    """Scores pairs by one model on one day; units and rates are looked up once each."""

    session: Session
    weights: Mapping[str, Decimal]
    parameters: Parameters
    as_of: date
    _rates: dict[str, dict[str, reference.Rate | None]] = field(default_factory=dict)
    _units: dict[str, Measure | None] = field(default_factory=dict)
    _promises: dict[UUID, Promises | None] = field(default_factory=dict)
    _delivered: DeliveredPrice | None = None

    def __post_init__(self) -> None:
        if _ports:
            self._delivered = _ports[-1](self.session, self.as_of)

    def look_up_units(self, codes: Iterable[str]) -> None:
        """Find the units of many pairs at once."""
        wanted = {*codes} - self._units.keys()
        found = reference.measures(self.session, wanted) if wanted else {}
        self._units |= {code: found.get(code) for code in wanted}

    def look_up_rates(self, currencies: Iterable[str], quote: str) -> None:
        """Find the rates of many pairs in `quote` at once."""
        known = self._rates.setdefault(quote, {})
        wanted = {*currencies} - known.keys()
        found = reference.rates(self.session, wanted, quote, self.as_of) if wanted else {}
        known |= {currency: found.get(currency) for currency in wanted}

    def look_up_promises(self, offer_ids: Collection[UUID]) -> None:
        """Find what may be promised of many offers at once."""
        wanted = [each for each in offer_ids if each not in self._promises]
        found = capacity.told_of(self.session, wanted) if wanted else {}
        self._promises |= {each: found.get(each) for each in wanted}

    def score(
        self, demand: Demand, content: Mapping[str, Any], offer: Loaded, signals: Signals
    ) -> Scored:
        """Measure the pair; `content` is the demand as JSON."""
        around = self._around(demand, offer.supply)
        return measured(
            demand, content, offer.supply, signals, around, self.parameters, self.weights
        )

    def _around(self, demand: Demand, supply: Supply) -> Circumstances:
        rate = None
        if demand.lot_budget:
            self.look_up_rates((supply.currency,), demand.lot_budget_currency)
            rate = self._rates[demand.lot_budget_currency][supply.currency]
        self.look_up_units((demand.unit_code, supply.unit_code))
        around = Circumstances(
            as_of=self.as_of,
            rate=rate.value if rate else None,
            rate_on=rate.day if rate else None,
            demand_unit=self._units[demand.unit_code],
            offer_unit=self._units[supply.unit_code],
            available=self._available(demand, supply),
        )
        if rate is None or self._delivered is None:
            return around
        price = matching_fit.unit_price(demand, supply, around)
        return replace(around, delivered_factor=self._delivered(demand, supply, price))

    def _available(self, demand: Demand, supply: Supply) -> Decimal | None:
        """By the day of dispatch: of delivery less the days on the way."""
        self.look_up_promises([supply.offer_id])
        told = self._promises[supply.offer_id]
        if told is None:
            return None
        _, days = matching_fit.transit_days(demand, supply, self.parameters)
        by = demand.deliver_by - timedelta(days=days)
        return promising.available(
            told, min(by, told.last_day), multiple=supply.order_multiple or rules.ONE
        )


def measured(
    demand: Demand,
    content: Mapping[str, Any],
    supply: Supply,
    signals: Signals,
    around: Circumstances,
    parameters: Parameters,
    weights: Mapping[str, Decimal],
) -> Scored:
    """The pure part: the same inputs give the same number, now and in a replay."""
    facts = matching_fit.facts(demand, supply, around, parameters)
    parts = matching_fit.features(demand, supply, signals, parameters, facts)
    score = rules.score(parts, weights)
    return Scored(demand, content, supply, signals, around, parameters, facts, parts, score)


def replayed(inputs: Mapping[str, Any], model: MatchingModel) -> Scored:
    """The score again, from what a match has stored and the model it names."""
    demand, supply, signals, around = codec.inputs_in(inputs)
    weights = {name: Decimal(weight) for name, weight in model.weights.items()}
    parameters = codec.parameters_in(model.parameters)
    return measured(demand, inputs["demand"], supply, signals, around, parameters, weights)


def relevance(signals: Signals) -> Decimal:
    """What the texts say together, in standard deviations of meaning."""
    return sum((weight * getattr(signals, name) for name, weight in _WEIGHTS), Decimal(0))


def is_relevant(signals: Signals, demand: Demand, offer: Coded) -> bool:
    """True when texts, or texts and codes together, set the offer apart from the rest."""
    said = relevance(signals)
    if said >= RELEVANT:
        return True
    return said >= CODED_RELEVANT and rules.code_fit(demand, offer) >= _CODED
