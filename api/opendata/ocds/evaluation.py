"""By what bids are ranked, as a release says it: `awardCriteria` of the tender and of its lots."""

from collections.abc import Mapping
from decimal import Decimal
from uuid import UUID

from api.opendata.ocds.process import Process
from api.opendata.ocds.values import Json, compact, number
from api.procurement.service import award_terms
from api.rules.evaluation import LotTerms
from api.rules.evaluation.terms import AwardCriteria, AwardCriterion, CommissionScore

_PERCENT = Decimal(100)


def lots_terms(process: Process) -> Mapping[UUID, LotTerms]:
    """The terms of each lot, by its id."""
    return award_terms.of_lots(process.session, process.tender)


def of_tender(terms: Mapping[UUID, LotTerms]) -> str | None:
    """The code (OCDS `awardCriteria`) that all lots share; where they differ, each has its own
    criteria and the tender has rated ones."""
    codes = {each.award_criteria.value for each in terms.values()}
    return codes.pop() if len(codes) == 1 else AwardCriteria.RATED.value if codes else None


def of_lot(terms: LotTerms, language: str) -> Json | None:
    """The weighted criteria of a lot; None where nothing is weighted."""
    if not terms.criteria:
        return None
    return {"criteria": [_criterion(each, language) for each in terms.criteria]}


def _criterion(criterion: AwardCriterion, language: str) -> Json:
    weight = number(criterion.weight_bp / _PERCENT)
    numbers: list[Json] = [{"number": weight, "weight": "percentageExact"}]
    scoring = criterion.scoring
    if isinstance(scoring, CommissionScore) and scoring.threshold is not None:
        numbers.append({"number": number(scoring.threshold), "threshold": "minimumScore"})
    name = criterion.title.get(language) or next(iter(criterion.title.values()))
    return compact({"type": criterion.type.value, "name": name, "numbers": numbers})
