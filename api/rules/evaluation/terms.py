"""What the tender publishes about the evaluation of a lot, before anybody bids. Pure.

Words are those of OCDS (code list `awardCriteria`, `awardCriteria.criteria[].type` of the award
criteria extension). Weights are basis points of the whole, points go from 0 to 100.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Literal

from api.rules.evaluation.arithmetic import BASIS_POINTS, HUNDRED, ZERO
from api.rules.tenders import Fault

MAX_CRITERIA, MAX_YEARS = 30, 60


class AwardCriteria(StrEnum):
    """By what bids are ranked: OCDS `awardCriteria`."""

    PRICE_ONLY = "priceOnly"
    COST_ONLY = "costOnly"
    RATED = "ratedCriteria"


class CriterionType(StrEnum):
    """What a rated criterion looks at."""

    PRICE = "price"
    COST = "cost"
    QUALITY = "quality"


class VatMode(StrEnum):
    """The one basis on which all prices of a tender are compared."""

    NET = "net"
    GROSS = "gross"


class Better(StrEnum):
    """Which end of a range is worth 100 points."""

    HIGHER = "higher"
    LOWER = "lower"


class Timing(StrEnum):
    """When a cost falls due: now, at the end of every year, or at the end of the last one."""

    INITIAL = "initial"
    ANNUAL = "annual"
    END = "end"


class CostKind(StrEnum):
    """Kinds of cost of Directive 2014/24/EU, article 68(1)(a), beside the acquisition."""

    ENERGY = "energy"
    CONSUMPTION = "consumption"
    MAINTENANCE = "maintenance"
    DISPOSAL = "disposal"
    OTHER = "other"


class TieBreak(StrEnum):
    """What decides between equal bids before the lot does."""

    DOMESTIC = "domestic"
    LOWER_PRICE = "lowerPrice"
    EARLIER_RECEIPT = "earlierReceipt"


@dataclass(frozen=True, slots=True)
class PointsTable:
    """Points by answer; any other answer, or none, has 0 points."""

    points: Mapping[str, Decimal]
    kind: Literal["table"] = "table"


@dataclass(frozen=True, slots=True)
class Linear:
    """Points in proportion between two published bounds; beyond them 0 or 100."""

    minimum: Decimal
    maximum: Decimal
    better: Better
    kind: Literal["linear"] = "linear"


@dataclass(frozen=True, slots=True)
class CommissionScore:
    """The mean of the points that the members give; below the threshold a bid is not ranked."""

    threshold: Decimal | None = None
    kind: Literal["commission"] = "commission"


type Scoring = PointsTable | Linear | CommissionScore


@dataclass(frozen=True, slots=True)
class AwardCriterion:
    """One criterion with its weight; `scoring` is of quality only."""

    id: str
    type: CriterionType
    title: Mapping[str, str]
    weight_bp: int
    scoring: Scoring | None = None


@dataclass(frozen=True, slots=True)
class CostElement:
    """A cost of owning: a bid states it in money, or as a quantity at a published unit price."""

    id: str
    kind: CostKind
    title: Mapping[str, str]
    timing: Timing
    unit_price: Decimal | None = None
    unit_code: str | None = None


@dataclass(frozen=True, slots=True)
class LifeCycle:
    """Over how many years costs are counted, how they are discounted, and which they are."""

    years: int
    discount_rate_bp: int
    elements: tuple[CostElement, ...]


@dataclass(frozen=True, slots=True)
class LotTerms:
    """The published terms of evaluation of a lot. `tie_breaks` are asked in order, then the lot."""

    award_criteria: AwardCriteria
    currency: str
    vat_mode: VatMode
    criteria: tuple[AwardCriterion, ...] = ()
    life_cycle: LifeCycle | None = None
    tie_breaks: tuple[TieBreak, ...] = (TieBreak.DOMESTIC, TieBreak.EARLIER_RECEIPT)


def faults(terms: LotTerms) -> list[Fault]:
    """Terms by which nothing can be ranked: weights that are not 100 %, empty ranges, twins."""
    found = [*_shape_faults(terms), *_life_cycle_faults(terms.life_cycle)]
    for index, criterion in enumerate(terms.criteria):
        found += _criterion_faults(f"#/criteria/{index}", criterion)
    found += _twins("#/criteria", [each.id for each in terms.criteria])
    found += _twins("#/tie_breaks", list(terms.tie_breaks))
    return found


def _shape_faults(terms: LotTerms) -> list[Fault]:
    types = [each.type for each in terms.criteria]
    rated = terms.award_criteria is AwardCriteria.RATED
    needs_cost = terms.award_criteria is AwardCriteria.COST_ONLY or CriterionType.COST in types
    found = []
    if rated:
        total = sum(each.weight_bp for each in terms.criteria)
        if total != BASIS_POINTS:
            said = f"weights add up to {total} basis points, not to {BASIS_POINTS}"
            found.append(Fault("#/criteria", "weights_incomplete", said))
        if CriterionType.PRICE in types and CriterionType.COST in types:
            said = "the price is part of the cost: rate one of them"
            found.append(Fault("#/criteria", "price_counted_twice", said))
        if CriterionType.PRICE not in types and CriterionType.COST not in types:
            said = "must rate the price or the cost (Directive 2014/24/EU, article 67(2))"
            found.append(Fault("#/criteria", "price_missing", said))
    elif terms.criteria:
        found.append(Fault("#/criteria", "not_rated", f"{terms.award_criteria} has no criteria"))
    if needs_cost and terms.life_cycle is None:
        found.append(Fault("#/life_cycle", "missing", "is needed to compute the cost"))
    if not needs_cost and terms.life_cycle is not None:
        found.append(Fault("#/life_cycle", "not_used", "no criterion is the cost"))
    return found


def _criterion_faults(pointer: str, criterion: AwardCriterion) -> list[Fault]:
    found, scoring = [], criterion.scoring
    if not 0 < criterion.weight_bp <= BASIS_POINTS:
        found.append(Fault(f"{pointer}/weight_bp", "out_of_range", "must be 1 to 10000"))
    if (criterion.type is CriterionType.QUALITY) != (scoring is not None):
        said = "must say how quality is scored; price and cost have their formula"
        found.append(Fault(f"{pointer}/scoring", "scoring_misplaced", said))
    match scoring:
        case Linear(minimum=low, maximum=high) if low >= high:
            said = "must be above the minimum"
            found.append(Fault(f"{pointer}/scoring/maximum", "range_empty", said))
        case PointsTable(points=table):
            if not table:
                found.append(Fault(f"{pointer}/scoring/points", "missing", "must name an answer"))
            for answer, points in table.items():
                if not ZERO <= points <= HUNDRED:
                    where = f"{pointer}/scoring/points/{escaped(answer)}"
                    found.append(Fault(where, "out_of_range", "points go from 0 to 100"))
        case CommissionScore(threshold=least) if least is not None and not ZERO <= least <= HUNDRED:
            where = f"{pointer}/scoring/threshold"
            found.append(Fault(where, "out_of_range", "points go from 0 to 100"))
        case _:
            pass
    return found


def _life_cycle_faults(life: LifeCycle | None) -> list[Fault]:
    if life is None:
        return []
    found = []
    if not 1 <= life.years <= MAX_YEARS:
        found.append(Fault("#/life_cycle/years", "out_of_range", f"must be 1 to {MAX_YEARS}"))
    if not 0 <= life.discount_rate_bp <= BASIS_POINTS:
        said = "must be 0 to 10000 basis points a year"
        found.append(Fault("#/life_cycle/discount_rate_bp", "out_of_range", said))
    if not life.elements:
        found.append(Fault("#/life_cycle/elements", "missing", "must name a cost"))
    for index, element in enumerate(life.elements):
        pointer = f"#/life_cycle/elements/{index}"
        if element.unit_price is not None and element.unit_price <= 0:
            found.append(Fault(f"{pointer}/unit_price", "out_of_range", "must be above 0"))
        if (element.unit_price is None) != (element.unit_code is None):
            said = "a unit and the price of one go together"
            found.append(Fault(f"{pointer}/unit_code", "unit_incomplete", said))
    return found + _twins("#/life_cycle/elements", [each.id for each in life.elements])


def _twins(pointer: str, ids: list[str]) -> list[Fault]:
    seen, found = set[str](), []
    for index, each in enumerate(ids):
        if each in seen:
            found.append(Fault(f"{pointer}/{index}", "duplicate", f"{each} stands here twice"))
        seen.add(each)
    return found


def escaped(name: str) -> str:
    """A member's name as a reference token of a JSON Pointer (RFC 6901, section 4)."""
    return name.replace("~", "~0").replace("/", "~1")
