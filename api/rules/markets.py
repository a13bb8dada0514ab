"""What goods need to be sold into a market: rows of data say what, these rules say what is missing.

Design: permissions of authorities (for China GACC registration, Kyrgyz veterinary and plant health
services), prohibited and restricted goods, labels, certificates of origin, languages. A requirement
is a row by market and Harmonized System prefix; of one code, the row with the longest prefix that
the goods fall under decides, so that a heading may be freed of what its chapter needs.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from api.rules.states import Machine


class RequirementKind(StrEnum):
    """What meets a requirement: nothing, or one of those that its row accepts."""

    PROHIBITED = "prohibited"
    PERMISSION = "permission"
    RESTRICTED = "restricted"
    LABEL = "label"
    CERTIFICATE = "certificate"
    LANGUAGE = "language"
    CLASSIFICATION = "classification"


BY_AUTHORITY = frozenset({RequirementKind.PERMISSION, RequirementKind.RESTRICTED})
"""Kinds that a permission of an accepted authority meets."""


class PermissionStatus(StrEnum):
    """What was decided about an export permission; whether it has lapsed its last day tells."""

    CLAIMED = "claimed"
    VERIFIED = "verified"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"


class PermissionStanding(StrEnum):
    """What an export permission is worth on a day; derived, never stored."""

    CLAIMED = "claimed"
    NOT_YET = "not_yet"
    IN_FORCE = "in_force"
    LAPSED = "lapsed"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"


class MissingReason(StrEnum):
    """Why a requirement is not met."""

    PROHIBITED = "prohibited"
    ABSENT = "absent"
    UNVERIFIED = "unverified"
    NOT_YET = "not_yet"
    LAPSED = "lapsed"
    MACHINE_MADE = "machine_made"


_S = PermissionStatus
PERMISSION = Machine(
    {
        "verify": (frozenset({_S.CLAIMED}), _S.VERIFIED),
        "refuse": (frozenset({_S.CLAIMED, _S.VERIFIED}), _S.REFUSED),
        "withdraw": (frozenset({_S.CLAIMED, _S.VERIFIED}), _S.WITHDRAWN),
    }
)
_CLOSEST = (
    MissingReason.LAPSED,
    MissingReason.NOT_YET,
    MissingReason.UNVERIFIED,
    MissingReason.MACHINE_MADE,
)
"""Of several reasons the one to tell: what is nearest to being met comes first."""
_WORTH = {
    PermissionStanding.LAPSED: MissingReason.LAPSED,
    PermissionStanding.NOT_YET: MissingReason.NOT_YET,
    PermissionStanding.CLAIMED: MissingReason.UNVERIFIED,
}


@dataclass(frozen=True, slots=True)
class Requirement:
    """One row of the data: what goods under `hs_prefix` ("" is all goods) need in a market.

    Any one of `accepted` meets it: authorities, certificate schemes or languages, as its kind says.
    A row that is not `required` frees its goods of the rows with shorter prefixes. What does not
    block is told, and the goods are ready without it.
    """

    code: str
    kind: RequirementKind
    hs_prefix: str
    required: bool
    blocking: bool
    accepted: tuple[str, ...]
    texts: Mapping[str, str]
    source: str
    reviewed: bool
    valid_from: date
    valid_to: date | None = None
    """The first day on which it no longer counts."""


@dataclass(frozen=True, slots=True)
class Permission:
    """A permission to export goods under any of its HS prefixes, up to and with `valid_to`."""

    authority: str
    hs_codes: Sequence[str]
    status: PermissionStatus
    valid_from: date
    valid_to: date


@dataclass(frozen=True, slots=True)
class Shown:
    """A certificate that an offer of the goods shows; `expires_on` is its last day."""

    scheme: str
    verified: bool
    valid_from: date | None
    expires_on: date | None


@dataclass(frozen=True, slots=True)
class Goods:
    """What is known of a product: `languages` of its names, with who wrote them."""

    hs_code: str | None
    languages: Mapping[str, str]
    labels: frozenset[str]
    certificates: Sequence[Shown]
    permissions: Sequence[Permission]


@dataclass(frozen=True, slots=True)
class Finding:
    """A requirement of the goods: met, at least until a day (None: for good), or why it is not."""

    requirement: Requirement
    reason: MissingReason | None
    until: date | None = None


@dataclass(frozen=True, slots=True)
class Readiness:
    """The answer for one product and day: what is missing, what is met."""

    missing: tuple[Finding, ...]
    met: tuple[Finding, ...]

    @property
    def ready(self) -> bool:
        return not any(finding.requirement.blocking for finding in self.missing)

    @property
    def until(self) -> date | None:
        """The last day of what runs out first among what blocks and is met; None: nothing does."""
        blocking = (each.until for each in self.met if each.requirement.blocking)
        return min((until for until in blocking if until is not None), default=None)


HS_CODE = Requirement(
    code="hs_code",
    kind=RequirementKind.CLASSIFICATION,
    hs_prefix="",
    required=True,
    blocking=True,
    accepted=(),
    texts={
        "ky": "Товардын HS коду (алты сан) керек: анысыз эмне талап кылынары белгисиз",
        "ru": "Нужен код товара по Гармонизированной системе (шесть цифр): без него неизвестно, "
        "что требуется",
        "en": "The goods need their Harmonized System code (six digits): without it nobody can say "
        "what else they need",
        "zh": "货物须有六位 HS 编码：没有编码就无法判断其他要求",
    },
    source="International Convention on the Harmonized System",
    reviewed=True,
    valid_from=date(1988, 1, 1),
)
REASONS: dict[MissingReason, dict[str, str]] = {
    MissingReason.PROHIBITED: {
        "ky": "бул базарда тыюу салынган",
        "ru": "на этом рынке запрещено",
        "en": "prohibited in this market",
        "zh": "该市场禁止",
    },
    MissingReason.ABSENT: {
        "ky": "жок",
        "ru": "отсутствует",
        "en": "there is none",
        "zh": "缺少",
    },
    MissingReason.UNVERIFIED: {
        "ky": "бар, бирок текшериле элек",
        "ru": "есть, но не проверено",
        "en": "there is one, but nobody has verified it",
        "zh": "已提交但尚未核实",
    },
    MissingReason.NOT_YET: {
        "ky": "али күчүнө кире элек",
        "ru": "ещё не действует",
        "en": "not in force yet",
        "zh": "尚未生效",
    },
    MissingReason.LAPSED: {
        "ky": "мөөнөтү бүткөн",
        "ru": "срок истёк",
        "en": "it has lapsed",
        "zh": "已过期",
    },
    MissingReason.MACHINE_MADE: {
        "ky": "машиналык котормо, адам текшере элек",
        "ru": "машинный перевод, не проверенный человеком",
        "en": "a machine translation that nobody has looked through",
        "zh": "机器翻译，未经人工审核",
    },
}


def standing(
    status: PermissionStatus, valid_from: date, valid_to: date, today: date
) -> PermissionStanding:
    """What a permission is worth today. Only a verified one comes into force and lapses; a claim
    whose days are over is lapsed too, because verifying it would change nothing."""
    match status:
        case PermissionStatus.REFUSED | PermissionStatus.WITHDRAWN:
            return PermissionStanding(status.value)
        case _ if today > valid_to:
            return PermissionStanding.LAPSED
        case PermissionStatus.CLAIMED:
            return PermissionStanding.CLAIMED
        case _:
            return (
                PermissionStanding.IN_FORCE if today >= valid_from else PermissionStanding.NOT_YET
            )


def applying(
    requirements: Iterable[Requirement], hs_code: str | None, today: date
) -> list[Requirement]:
    """What goods need today, by code: of rows in force, the longest prefix decides, then the row
    that came into force last."""
    decisive: dict[str, Requirement] = {}
    for row in requirements:
        if not (hs_code or "").startswith(row.hs_prefix):
            continue
        if row.valid_from > today or (row.valid_to is not None and row.valid_to <= today):
            continue
        known = decisive.get(row.code)
        if known is None or _weight(row) > _weight(known):
            decisive[row.code] = row
    return [decisive[code] for code in sorted(decisive) if decisive[code].required]


def readiness(goods: Goods, requirements: Iterable[Requirement], today: date) -> Readiness:
    """Whether goods may be shown in a market today, and everything that is missing.

    Goods without a customs code are never ready: what chapter they are of decides the rest.
    """
    needed = applying(requirements, goods.hs_code, today)
    found = [_judged(row, goods, today) for row in needed]
    found.insert(0, Finding(HS_CODE, None if goods.hs_code else MissingReason.ABSENT))
    return Readiness(
        missing=tuple(each for each in found if each.reason is not None),
        met=tuple(each for each in found if each.reason is None),
    )


def holds_until(
    found: Readiness, requirements: Iterable[Requirement], hs_code: str | None, today: date
) -> date | None:
    """The last day on which a finding surely still holds: before anything that it rests on runs
    out, and before a row about such goods begins or ends. None: for good."""
    turns = [
        turn - timedelta(days=1)
        for row in requirements
        if (hs_code or "").startswith(row.hs_prefix)
        for turn in (row.valid_from, row.valid_to)
        if turn is not None and turn > today
    ]
    return min([*turns, *([found.until] if found.until else [])], default=None)


def _weight(row: Requirement) -> tuple[int, date]:
    return len(row.hs_prefix), row.valid_from


def _judged(row: Requirement, goods: Goods, today: date) -> Finding:
    match row.kind:
        case RequirementKind.PERMISSION | RequirementKind.RESTRICTED:
            return _best(row, _permissions(row, goods, today))
        case RequirementKind.CERTIFICATE:
            return _best(row, _certificates(row, goods, today))
        case RequirementKind.LABEL:
            return Finding(
                row, MissingReason.ABSENT if goods.labels.isdisjoint(row.accepted) else None
            )
        case RequirementKind.LANGUAGE:
            return _best(row, _languages(row, goods))
        case _:
            return Finding(row, MissingReason.PROHIBITED)


def _best(row: Requirement, worth: Iterable[tuple[MissingReason | None, date | None]]) -> Finding:
    """Of everything that was shown for a requirement, what lasts longest, or lacks least."""
    shown = list(worth)
    if meeting := [until for reason, until in shown if reason is None]:
        ends = [until for until in meeting if until is not None]
        return Finding(row, None, max(ends) if len(ends) == len(meeting) else None)
    reasons = {reason for reason, _ in shown}
    return Finding(row, next((each for each in _CLOSEST if each in reasons), MissingReason.ABSENT))


def _permissions(
    row: Requirement, goods: Goods, today: date
) -> Iterable[tuple[MissingReason | None, date | None]]:
    hs_code = goods.hs_code or ""
    for each in goods.permissions:
        if each.authority not in row.accepted or not hs_code.startswith(tuple(each.hs_codes)):
            continue
        worth = standing(each.status, each.valid_from, each.valid_to, today)
        if worth is PermissionStanding.IN_FORCE:
            yield None, each.valid_to
        elif worth in _WORTH:
            yield _WORTH[worth], None


def _certificates(
    row: Requirement, goods: Goods, today: date
) -> Iterable[tuple[MissingReason | None, date | None]]:
    for each in goods.certificates:
        if each.scheme not in row.accepted:
            continue
        if each.expires_on is not None and each.expires_on < today:
            yield MissingReason.LAPSED, None
        elif not each.verified:
            yield MissingReason.UNVERIFIED, None
        elif each.valid_from is not None and each.valid_from > today:
            yield MissingReason.NOT_YET, None
        else:
            yield None, each.expires_on


def _languages(
    row: Requirement, goods: Goods
) -> Iterable[tuple[MissingReason | None, date | None]]:
    for language in row.accepted:
        origin = goods.languages.get(language)
        if origin is not None:
            yield (MissingReason.MACHINE_MADE if origin == "machine" else None), None
