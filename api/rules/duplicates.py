"""Which goods are likely the same, and why. Pure.

A verdict is a sum of points (log-odds) of what two products have in common and of what tells them
apart; every part of it is a reason that people read. Nothing here merges anything: a seller or the
operator decides. The points were set on pairs derived from public word lists; the figures and how
the pairs were made are printed by `benchmarks/bench_duplicates.py`.
"""

import math
import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from api.rules.states import Machine

LIKELY = Decimal("0.5")
"""From this score on two products are shown as likely duplicates."""
PICTURE_BITS = 10
"""Pictures whose hashes differ in at most so many of 64 bits show the same; source: N. Krawetz,
"Kind of Like That" (2013)."""
_BIAS = -6.0
# Points for each unit above a value: of nearness in meaning, and of shared letters. Names in one
# language tell more by their letters, names in two by their meaning alone.
_SAME_LANGUAGE, _OTHER_LANGUAGE = (6.0, 0.4), (20.0, 0.33)
_WORDS = (12.0, 0.19)
_SAME_GTIN, _OTHER_GTIN = 9.0, -14.0
_SAME_NUMBER, _OTHER_NUMBER = 4.0, -4.0
_SAME_MEASURES = 1.0
# In another language a size may be written in another unit, or be counted in other packages.
_OTHER_MEASURES, _OTHER_MEASURES_ABROAD = -9.0, -2.5
_SAME_PICTURE = 3.5
_SAME_PRICE, _OTHER_PRICE = 0.7, -1.5
_PRICE_NEAR, _PRICE_FAR = Decimal("1.1"), Decimal(2)
_VARIANTS = -12.0
_NOISE = re.compile(r"[^\w]|_")


class DuplicateStatus(StrEnum):
    """`dismissed`: somebody said that they are not the same, which is remembered. `proposed`: the
    operator has proposed to join them to one master product; `found` again when that is taken back
    or an owner refuses."""

    FOUND = "found"
    DISMISSED = "dismissed"
    PROPOSED = "proposed"


_S = DuplicateStatus
DUPLICATE = Machine(
    {
        "dismiss": (frozenset({_S.FOUND}), _S.DISMISSED),
        "restore": (frozenset({_S.DISMISSED, _S.PROPOSED}), _S.FOUND),
        "propose": (frozenset({_S.FOUND}), _S.PROPOSED),
    }
)


class DuplicateReason(StrEnum):
    """What speaks for two products being the same, or against it."""

    SAME_GTIN = "same_gtin"
    OTHER_GTIN = "other_gtin"
    SAME_NUMBER = "same_number"
    OTHER_NUMBER = "other_number"
    MEANING = "meaning"
    WORDS = "words"
    SAME_MEASURES = "same_measures"
    OTHER_MEASURES = "other_measures"
    SAME_PICTURE = "same_picture"
    SAME_PRICE = "same_price"
    OTHER_PRICE = "other_price"
    VARIANTS = "variants"


TEXTS: dict[DuplicateReason, dict[str, str]] = {
    DuplicateReason.SAME_GTIN: {
        "ky": "GTIN бирдей",
        "ru": "GTIN совпадает",
        "en": "The GTIN is the same",
        "zh": "GTIN相同",
    },
    DuplicateReason.OTHER_GTIN: {
        "ky": "GTIN башка",
        "ru": "GTIN различаются",
        "en": "The GTINs differ",
        "zh": "GTIN不同",
    },
    DuplicateReason.SAME_NUMBER: {
        "ky": "Өндүрүүчүнүн номери бирдей",
        "ru": "Артикул изготовителя совпадает",
        "en": "The maker's number is the same",
        "zh": "制造商货号相同",
    },
    DuplicateReason.OTHER_NUMBER: {
        "ky": "Өндүрүүчүнүн номери башка",
        "ru": "Артикулы изготовителя различаются",
        "en": "The maker's numbers differ",
        "zh": "制造商货号不同",
    },
    DuplicateReason.MEANING: {
        "ky": "Аталыштардын маанилик жакындыгы",
        "ru": "Близость названий по смыслу",
        "en": "How near the names are in meaning",
        "zh": "名称语义接近程度",
    },
    DuplicateReason.WORDS: {
        "ky": "Аталыштардагы жалпы сөздөр",
        "ru": "Общие слова названий",
        "en": "Words that the names share",
        "zh": "名称中的相同词",
    },
    DuplicateReason.SAME_MEASURES: {
        "ky": "Өлчөмдөр жана моделдер бирдей",
        "ru": "Размеры и модели совпадают",
        "en": "Measures and models agree",
        "zh": "规格和型号一致",
    },
    DuplicateReason.OTHER_MEASURES: {
        "ky": "Өлчөмдөр же моделдер башка",
        "ru": "Размеры или модели различаются",
        "en": "Measures or models differ",
        "zh": "规格或型号不同",
    },
    DuplicateReason.SAME_PICTURE: {
        "ky": "Сүрөт бирдей",
        "ru": "Изображение то же",
        "en": "The picture is the same",
        "zh": "图片相同",
    },
    DuplicateReason.SAME_PRICE: {
        "ky": "Бирдиктин баасы жакын",
        "ru": "Цена за единицу близка",
        "en": "The price of a unit is near",
        "zh": "单价接近",
    },
    DuplicateReason.OTHER_PRICE: {
        "ky": "Бирдиктин баасы кыйла айырмаланат",
        "ru": "Цена за единицу сильно различается",
        "en": "The prices of a unit are far apart",
        "zh": "单价相差很大",
    },
    DuplicateReason.VARIANTS: {
        "ky": "Бир топтун ар кандай варианттары",
        "ru": "Разные варианты одной группы",
        "en": "They are variants of one group",
        "zh": "同一产品组的不同款式",
    },
}


@dataclass(frozen=True, slots=True)
class Goods:
    """What of a product is compared, besides its texts.

    `number` is the maker's (or the model), `pictures` are difference hashes of 64 bits; `unit_price`
    is of one `unit_code` in the smallest order.
    """

    gtin: str | None = None
    brand: str | None = None
    number: str | None = None
    group_id: object = None
    pictures: tuple[int, ...] = ()
    unit_code: str | None = None
    currency: str | None = None
    unit_price: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Nearness:
    """How near the names are: `meaning` is a cosine, `words` the share of common letters (0 to 1)
    where both have names in one language, else None; `measures` and `others` are the numbers, sizes
    and models that the names say, of each."""

    meaning: float
    words: float | None
    measures: frozenset[str] = frozenset()
    others: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Because:
    """A reason, its points, and the values that it is about."""

    code: DuplicateReason
    points: float
    values: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Verdict:
    """How likely two products are the same (0 to 1, three places), the weightiest reason first."""

    score: Decimal
    reasons: tuple[Because, ...]

    @property
    def likely(self) -> bool:
        """True when it is worth a look of somebody."""
        return self.score >= LIKELY


def compare(one: Goods, other: Goods, near: Nearness) -> Verdict:
    """Weigh what two products have in common; the order of the two changes nothing."""
    reasons = [
        *_numbers(one, other),
        *_names(near),
        *_measures(near),
        *_pictures(one.pictures, other.pictures),
        *_price(one, other),
    ]
    if one.group_id is not None and one.group_id == other.group_id:
        reasons.append(Because(DuplicateReason.VARIANTS, _VARIANTS))
    points = _BIAS + sum(each.points for each in reasons)
    score = Decimal(1 / (1 + math.exp(-points))).quantize(Decimal("0.001"))
    reasons.sort(key=lambda each: (-abs(each.points), each.code))
    return Verdict(score, tuple(reasons))


def picture_distance(one: int, other: int) -> int:
    """In how many of 64 bits two difference hashes differ."""
    return (one ^ other).bit_count()


def same_text(one: str | None, other: str | None) -> bool:
    """Brands and numbers are the same whatever their case, spaces and hyphens are."""
    return bool(one and other) and _bare(one) == _bare(other)


def shared(one: Collection[str], other: Collection[str]) -> float:
    """The share of the common ones among all, 0 to 1."""
    both, either = {*one} & {*other}, {*one} | {*other}
    return len(both) / len(either) if either else 0.0


def _bare(text: str | None) -> str:
    return _NOISE.sub("", (text or "").casefold())


def _numbers(one: Goods, other: Goods) -> list[Because]:
    found = []
    if one.gtin and other.gtin:
        same = one.gtin == other.gtin
        found.append(
            Because(DuplicateReason.SAME_GTIN, _SAME_GTIN, (one.gtin,))
            if same
            else Because(
                DuplicateReason.OTHER_GTIN, _OTHER_GTIN, tuple(sorted((one.gtin, other.gtin)))
            )
        )
    # A number of one maker says nothing beside that of another.
    if one.number and other.number and not (_bare(one.brand) and _bare(other.brand)
                                            and not same_text(one.brand, other.brand)):  # fmt: skip
        found.append(
            Because(DuplicateReason.SAME_NUMBER, _SAME_NUMBER, (one.number,))
            if same_text(one.number, other.number)
            else Because(
                DuplicateReason.OTHER_NUMBER,
                _OTHER_NUMBER,
                tuple(sorted((one.number, other.number))),
            )
        )
    return found


def _names(near: Nearness) -> list[Because]:
    slope, middle = _OTHER_LANGUAGE if near.words is None else _SAME_LANGUAGE
    found = [
        Because(
            DuplicateReason.MEANING,
            round(slope * (near.meaning - middle), 3),
            (f"{near.meaning:.2f}",),
        )
    ]
    if near.words is not None:
        slope, middle = _WORDS
        points = round(slope * (near.words - middle), 3)
        found.append(Because(DuplicateReason.WORDS, points, (f"{near.words:.2f}",)))
    return found


def _measures(near: Nearness) -> list[Because]:
    """What only one of them says is detail; where each says what the other does not, they differ."""
    mine, theirs = near.measures - near.others, near.others - near.measures
    if mine and theirs:
        points = _OTHER_MEASURES_ABROAD if near.words is None else _OTHER_MEASURES
        return [Because(DuplicateReason.OTHER_MEASURES, points, tuple(sorted(mine | theirs)))]
    common = near.measures & near.others
    return (
        [Because(DuplicateReason.SAME_MEASURES, _SAME_MEASURES, tuple(sorted(common)))]
        if common
        else []
    )


def _pictures(one: Sequence[int], other: Sequence[int]) -> list[Because]:
    """Other pictures say nothing: goods are taken from many sides."""
    nearest = min((picture_distance(a, b) for a in one for b in other), default=64)
    if nearest > PICTURE_BITS:
        return []
    points = round(_SAME_PICTURE * (1 - nearest / (2 * PICTURE_BITS)), 3)
    return [Because(DuplicateReason.SAME_PICTURE, points, (str(nearest),))]


def _price(one: Goods, other: Goods) -> list[Because]:
    if one.unit_price is None or other.unit_price is None:
        return []
    if (one.unit_code, one.currency) != (other.unit_code, other.currency):
        return []
    low, high = sorted((one.unit_price, other.unit_price))
    if high <= low * _PRICE_NEAR:
        return [Because(DuplicateReason.SAME_PRICE, _SAME_PRICE)]
    if high > low * _PRICE_FAR:
        return [Because(DuplicateReason.OTHER_PRICE, _OTHER_PRICE)]
    return []
