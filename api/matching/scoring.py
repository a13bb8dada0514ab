"""One offer against one request: the score with everything it was computed from."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

from sqlmodel import Session

from api.matching import codec
from api.matching.models import MatchingModel
from api.matching.supplies import Loaded
from api.matching.text import fusion
from api.reference import service as reference
from api.rules import matching as rules
from api.rules import matching_blockers, matching_fit
from api.rules.matching import Circumstances, Demand, Parameters, Signals, Supply
from api.rules.units import Measure

# An offer as far from a request as the ordinary one is no candidate, unless its code agrees.
RELEVANT = Decimal("2.0")
_CODED = Decimal("0.8")
_CODED_RELEVANT = Decimal("0.5")


@dataclass(frozen=True, slots=True)
class Scored:
    """The outcome for one pair."""

    parts: dict[str, Decimal]
    score: Decimal
    blockers: list[matching_blockers.Blocker]
    inputs: dict[str, Any]
    domestic: bool

    def columns(self) -> dict[str, Any]:
        """As the columns of a Match."""
        return {
            "score": self.score,
            "parts": {name: str(value) for name, value in self.parts.items()},
            "blockers": [{"code": b.code.value, "details": b.details} for b in self.blockers],
            "inputs": self.inputs,
            "domestic": self.domestic,
        }


@dataclass(slots=True)
class Scorer:
    """Scores pairs by one model on one day; units and rates are looked up once each."""

    session: Session
    weights: Mapping[str, Decimal]
    parameters: Parameters
    as_of: date
    _rates: dict[tuple[str, str], reference.Rate | None] = field(default_factory=dict)
    _units: dict[str, Measure | None] = field(default_factory=dict)

    def score(
        self, demand: Demand, content: dict[str, Any], offer: Loaded, signals: Signals
    ) -> Scored:
        """Measure the pair; `content` is the demand as JSON."""
        around = self._around(demand, offer.supply)
        seed = rules.tie_seed(demand.item_id)
        inputs = codec.inputs_out(content, offer.supply, signals, around, seed)
        return measured(
            demand, offer.supply, signals, around, self.parameters, self.weights, inputs
        )

    def _around(self, demand: Demand, supply: Supply) -> Circumstances:
        rate = (
            self._rate(supply.currency, demand.lot_budget_currency) if demand.lot_budget else None
        )
        return Circumstances(
            as_of=self.as_of,
            rate=rate.value if rate else None,
            rate_on=rate.day if rate else None,
            demand_unit=self._unit(demand.unit_code),
            offer_unit=self._unit(supply.unit_code),
        )

    def _rate(self, base: str, quote: str) -> reference.Rate | None:
        if (base, quote) not in self._rates:
            try:
                found = reference.rate(self.session, base, quote, self.as_of)
            except reference.RateUnknown:
                found = None
            self._rates[base, quote] = found
        return self._rates[base, quote]

    def _unit(self, code: str) -> Measure | None:
        if code not in self._units:
            self._units[code] = reference.measures(self.session, [code]).get(code)
        return self._units[code]


def measured(
    demand: Demand,
    supply: Supply,
    signals: Signals,
    around: Circumstances,
    parameters: Parameters,
    weights: Mapping[str, Decimal],
    inputs: dict[str, Any],
) -> Scored:
    """The pure part: the same inputs give the same number, now and in a replay."""
    found = matching_fit.facts(demand, supply, around, parameters)
    parts = matching_fit.features(demand, supply, signals, parameters, found)
    return Scored(
        parts=parts,
        score=rules.score(parts, weights),
        blockers=matching_blockers.blockers(demand, supply, around, parameters, found),
        inputs=inputs,
        domestic=rules.is_domestic(demand, supply),
    )


def replayed(inputs: Mapping[str, Any], model: MatchingModel) -> Scored:
    """The score again, from what a match has stored and the model it names."""
    demand, supply, signals, around = codec.inputs_in(inputs)
    weights = {name: Decimal(weight) for name, weight in model.weights.items()}
    parameters = codec.parameters_in(model.parameters)
    return measured(demand, supply, signals, around, parameters, weights, dict(inputs))


def relevance(signals: Signals) -> Decimal:
    """What the texts say together, in standard deviations of meaning."""
    return sum(
        (Decimal(str(fusion.WEIGHTS[name])) * getattr(signals, name) for name in fusion.WEIGHTS),
        Decimal(0),
    )


def is_relevant(signals: Signals, demand: Demand, supply: Supply) -> bool:
    """True when texts, or texts and codes together, set the offer apart from the rest."""
    said = relevance(signals)
    coded = rules.code_fit(demand, supply) >= _CODED
    return said >= (_CODED_RELEVANT if coded else RELEVANT)
