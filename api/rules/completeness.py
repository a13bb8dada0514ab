"""How complete a product is, and what to add next. Pure.

The score is the sum of the points of what is there, out of 100. Points say how much buyers and
matching gain by a thing: names and codes find goods, measures price their transport, images and
texts sell them, stock or capacity says by when they come. What is partly there (two of three attributes) has its part of the points.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction

TOTAL = 100
LANGUAGES = ("ky", "ru", "en", "zh")
ENOUGH_LETTERS = 80
"""Of a description that says something."""
ENOUGH_IMAGES = 3


class Aspect(StrEnum):
    """What a product may have."""

    NAMES = "names"
    DESCRIPTIONS = "descriptions"
    CATEGORY = "category"
    HS_CODE = "hs_code"
    IDENTITY = "identity"
    ATTRIBUTES = "attributes"
    IMAGES = "images"
    ALT_TEXTS = "alt_texts"
    MEASURES = "measures"
    PACKAGES = "packages"
    AVAILABILITY = "availability"
    REVIEWED = "reviewed"


POINTS: Mapping[Aspect, int] = {
    Aspect.NAMES: 20,
    Aspect.ATTRIBUTES: 15,
    Aspect.IMAGES: 15,
    Aspect.DESCRIPTIONS: 5,
    Aspect.CATEGORY: 10,
    Aspect.HS_CODE: 10,
    Aspect.IDENTITY: 5,
    Aspect.MEASURES: 5,
    Aspect.PACKAGES: 5,
    Aspect.AVAILABILITY: 5,
    Aspect.ALT_TEXTS: 3,
    Aspect.REVIEWED: 2,
}


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of a product. `origins` are those of its names and descriptions; `asked` the
    attributes that templates of its category ask for, `given` those that it has; `images` those
    that buyers see, `told_images` those of them with an alternative text."""

    names: Collection[str]
    descriptions: Mapping[str, str]
    origins: Collection[str]
    has_category: bool
    has_hs_code: bool
    has_identity: bool
    asked: Sequence[str]
    given: Collection[str]
    images: int
    told_images: int
    has_weight: bool
    has_dimensions: bool
    has_packages: bool
    has_availability: bool


@dataclass(frozen=True, slots=True)
class Gap:
    """What to add: `points` more of the score when all of it is there; `missing` names what."""

    aspect: Aspect
    points: int
    missing: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Completeness:
    """The score from 0 to 100, and the gaps, the one that gains most first."""

    score: int
    gaps: tuple[Gap, ...]


def assess(facts: Facts) -> Completeness:
    """What the product has and lacks; the score and the points of its gaps are 100 together."""
    gaps = []
    for aspect, points in POINTS.items():
        share, missing = _share(facts, aspect)
        lacking = points - int(points * share)
        if lacking:
            gaps.append(Gap(aspect, lacking, missing))
    gaps.sort(key=lambda gap: -gap.points)
    return Completeness(TOTAL - sum(gap.points for gap in gaps), tuple(gaps))


def _share(facts: Facts, aspect: Aspect) -> tuple[Fraction, tuple[str, ...]]:
    """Which part of an aspect is there, and what of it is missing."""
    match aspect:
        case Aspect.NAMES:
            return _of(LANGUAGES, facts.names)
        case Aspect.DESCRIPTIONS:
            told = [k for k, v in facts.descriptions.items() if len(v) >= ENOUGH_LETTERS]
            return _of(LANGUAGES, told)
        case Aspect.CATEGORY:
            return _of(("cpv_code",), ("cpv_code",) if facts.has_category else ())
        case Aspect.HS_CODE:
            return _of(("hs_code",), ("hs_code",) if facts.has_hs_code else ())
        case Aspect.IDENTITY:
            return Fraction(facts.has_identity), ()
        case Aspect.ATTRIBUTES:
            return _of(facts.asked, facts.given) if facts.asked else _any(facts.given)
        case Aspect.IMAGES:
            return Fraction(min(facts.images, ENOUGH_IMAGES), ENOUGH_IMAGES), ()
        case Aspect.ALT_TEXTS:
            return Fraction(facts.told_images, facts.images) if facts.images else Fraction(0), ()
        case Aspect.MEASURES:
            measures = {"net_weight_kg": facts.has_weight, "length_mm": facts.has_dimensions}
            return _of(tuple(measures), [name for name, there in measures.items() if there])
        case Aspect.PACKAGES:
            return Fraction(facts.has_packages), ()
        case Aspect.AVAILABILITY:
            return Fraction(facts.has_availability), ()
        case Aspect.REVIEWED:
            return Fraction("machine" not in facts.origins), ()


def _of(wanted: Sequence[str], there: Collection[str]) -> tuple[Fraction, tuple[str, ...]]:
    missing = tuple(each for each in wanted if each not in there)
    return 1 - Fraction(len(missing), len(wanted)), missing


def _any(there: Collection[str]) -> tuple[Fraction, tuple[str, ...]]:
    return Fraction(bool(there)), ()
