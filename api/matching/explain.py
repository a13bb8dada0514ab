"""A match in one or two sentences, in the reader's language, from what the match has stored."""

from collections.abc import Mapping
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from api.matching import codec, phrases
from api.matching.models import Match, MatchingModel
from api.matching.text.language import Language
from api.rules import matching_fit
from api.rules.matching import Supply
from api.rules.matching_blockers import BlockerCode
from api.rules.offers import plain

_MOST_WORDS = 4
_SAME, _NEAR = Decimal(1), Decimal("0.55")
_CENT = Decimal("0.01")


def explain(match: Match, model: MatchingModel, language: Language) -> str:
    """Why the offer stands where it stands: words, price, time, terms, and what forbids it.

    `model` is the one that the match names, since its table of ways enters the days.
    """
    demand, supply, _, around = codec.inputs_in(match.inputs)
    found = matching_fit.facts(demand, supply, around, codec.parameters_in(model.parameters))
    parts = [*_likeness(match, language)]
    if found.total is not None and found.unit_price is not None and found.ordered is not None:
        price = phrases.PRICE[language].format(
            unit_price=_money(found.unit_price),
            currency=supply.currency,
            unit=phrases.unit(supply.unit_code, language),
            per=phrases.unit(supply.unit_code, language, one=True),
            ordered=plain(found.ordered),
            total=_money(found.total),
        )
        if found.converted is not None and supply.currency != demand.lot_budget_currency:
            price += " " + phrases.BUDGET[language].format(
                converted=_money(found.converted), quote=demand.lot_budget_currency
            )
        parts.append(price)
    if found.lead_days is not None:
        parts.append(
            phrases.LEAD[language].format(
                lead=found.lead_days, transit=found.transit_days, period=found.period_days
            )
        )
    parts.append(_terms(supply, language))
    if match.domestic:
        parts.append(phrases.DOMESTIC[language])
    if similar := match.matched.get("similar_offers"):
        parts.append(phrases.SIMILAR[language].format(count=len(similar)))
    colon, comma, stop = ("：", "；", "。") if language is Language.ZH else (": ", "; ", ".")
    head = phrases.RANK[language].format(rank=match.rank)
    gap = "" if language is Language.ZH else " "
    said, obstacles = comma.join(parts).rstrip("."), _obstacles(match, language).rstrip(".")
    return f"{head}{colon}{said}{stop}{gap}{obstacles}{stop}"


def blocker(entry: Mapping[str, Any], language: Language) -> str:
    """One stored blocker in words."""
    details = {**entry["details"]}
    for key in ("unit", "asked", "offered"):
        if key in details:
            details[key] = phrases.unit(details[key], language)
    return phrases.BLOCKERS[BlockerCode(entry["code"])][language].format(**details)


def _likeness(match: Match, language: Language) -> list[str]:
    said = []
    found: dict[str, Mapping[str, str]] = {}
    for word in match.matched.get("words", []):
        found.setdefault(word["offer"].casefold(), word)
    words = [_pair(word) for word in list(found.values())[:_MOST_WORDS]]
    if words:
        said.append(phrases.WORDS[language].format(words=", ".join(words)))
    elif segments := match.matched.get("segments"):
        said.append(phrases.NEAREST[language].format(offer=segments[0]["offer"]))
    code = Decimal(match.parts["code"])
    if code == _SAME:
        said.append(phrases.CODE_SAME[language])
    elif code >= _NEAR:
        said.append(phrases.CODE_NEAR[language])
    return said


def _pair(word: Mapping[str, str]) -> str:
    same = word["request"].casefold() == word["offer"].casefold()
    return word["request"] if same else f"{word['request']} = {word['offer']}"


def _terms(supply: Supply, language: Language) -> str:
    text = phrases.TERMS[language].format(incoterm=supply.incoterm, place=supply.place_code or "")
    return text.strip()


def _obstacles(match: Match, language: Language) -> str:
    if not match.blockers:
        return phrases.NO_OBSTACLES[language]
    comma = "；" if language is Language.ZH else "; "
    listed = comma.join(blocker(entry, language) for entry in match.blockers)
    return phrases.OBSTACLES[language].format(list=listed)


def _money(amount: Decimal) -> str:
    """Cents for a small amount, whole units for a large one, thousands apart."""
    step = _CENT if abs(amount) < 10_000 else Decimal(1)
    return f"{amount.quantize(step, ROUND_HALF_UP):,}".replace(",", "\u202f")
