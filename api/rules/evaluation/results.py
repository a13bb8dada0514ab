"""What an evaluation shows: every figure on the way from a bid to its rank. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from api.rules.evaluation.inputs import Adjustment, Price, Reason


class LowRule(StrEnum):
    """By which comparison a price is abnormally low."""

    BELOW_MEAN = "belowMean"
    BELOW_NEXT = "belowNext"


class LowConsequence(StrEnum):
    """What became of an abnormally low price: only `requested` still waits for a decision."""

    REQUESTED = "requested"
    ACCEPTED = "accepted"
    REJECTED = "rejected"


@dataclass(frozen=True, slots=True)
class PriceFigures:
    """A price on its way to comparison. `net`, `gross` are in the currency of the bid.

    `comparable` is the price on the tender's basis with its adjustments; `ranking` is that with
    the margin of preference, and concerns the rank alone.
    """

    net: Decimal
    gross: Decimal
    rate: Decimal
    converted_net: Decimal
    converted_gross: Decimal
    adjustments: tuple[Adjustment, ...]
    comparable: Decimal
    preferred: bool
    margin: Decimal
    ranking: Decimal


@dataclass(frozen=True, slots=True)
class CostFigures:
    """The present value of each cost element, and all of them with the ranking price."""

    elements: Mapping[str, Decimal]
    total: Decimal


@dataclass(frozen=True, slots=True)
class Points:
    """Points for a criterion, and what they count with its weight; `mean` is the commission's."""

    points: Decimal
    weighted: Decimal
    mean: Decimal | None = None


@dataclass(frozen=True, slots=True)
class LowFlag:
    """A price at or below a threshold, with the price it was compared with."""

    rule: LowRule
    compared_with: Decimal
    threshold: Decimal


@dataclass(frozen=True, slots=True)
class AbnormallyLow:
    """Why a price must be justified, and what became of it."""

    flags: tuple[LowFlag, ...]
    consequence: LowConsequence


@dataclass(frozen=True, slots=True)
class BidResult:
    """A bid with its figures. `price` is what a contract would be about: exactly what was bid.

    `rank` is None for a bid with `reasons`. `decided_by` says what put it behind the one above:
    `figure` (price, cost or score), a tie-break, or `draw`; None for the first.
    """

    id: str
    price: Price
    figures: PriceFigures
    cost: CostFigures | None
    criteria: Mapping[str, Points]
    score: Decimal | None
    abnormally_low: AbnormallyLow | None
    reasons: tuple[Reason, ...]
    draw: str
    rank: int | None
    decided_by: str | None


@dataclass(frozen=True, slots=True)
class Factors:
    """By what a yearly cost, and one at the end, are multiplied to give their present value."""

    annual: Decimal
    end: Decimal


@dataclass(frozen=True, slots=True)
class Spread:
    """How far apart the prices are, as a share of the highest; an alert has no consequence."""

    lowest: Decimal
    highest: Decimal
    spread: Decimal
    alert: bool


@dataclass(frozen=True, slots=True)
class Result:
    """The ranking, and the figures that bids share. Bids are in the order of their ids."""

    bids: tuple[BidResult, ...]
    ranking: tuple[str, ...]
    mean: Decimal | None
    spread: Spread | None
    factors: Factors | None
    justification_awaited: tuple[str, ...]
