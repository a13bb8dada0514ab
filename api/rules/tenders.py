"""Life and time rules of a public request (tender). Pure.

The machine runs over `TenderStage`, which becomes OCDS `statusDetails`; the OCDS `status` is a
function of it, so that the two can never disagree. Stages of later phases (opening, evaluation,
award) are named here already; their actions come with those phases.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum

from api.rules.clock import local_date
from api.rules.offers import plain
from api.rules.states import Machine

MAX_LOTS, MAX_ITEMS = 100, 1000
MAX_QUANTITY = Decimal(10**12)
MAX_ACCELERATOR = 86_400
"""A sandbox's day lasts a second at the least."""


class ProcurementMethod(StrEnum):
    """OCDS `procurementMethod` (closed code list)."""

    OPEN = "open"
    SELECTIVE = "selective"
    LIMITED = "limited"
    DIRECT = "direct"


class TenderMode(StrEnum):
    """A test tender exists in a sandbox only; its durations may be accelerated."""

    LIVE = "live"
    TEST = "test"


class ProcurementCategory(StrEnum):
    """OCDS `mainProcurementCategory` (closed code list)."""

    GOODS = "goods"
    WORKS = "works"
    SERVICES = "services"


class TenderStatus(StrEnum):
    """OCDS `tender.status` (closed code list), and `draft` before publication."""

    DRAFT = "draft"
    PLANNED = "planned"
    ACTIVE = "active"
    CANCELLED = "cancelled"
    UNSUCCESSFUL = "unsuccessful"
    COMPLETE = "complete"


class TenderStage(StrEnum):
    """Where a tender stands, in the words of the Kyrgyz portal's `statusDetails`.

    The portal has no words for the stages of a prequalification: in `prequalification` suppliers
    apply, in `qualificationPending` the commission decides, `prequalificationStandstill` is the
    time to complain about what it decided.
    """

    DRAFT = "draft"
    PLANNED = "planned"
    PREQUALIFICATION = "prequalification"
    QUALIFICATION_PENDING = "qualificationPending"
    PREQUALIFICATION_STANDSTILL = "prequalificationStandstill"
    PUBLISHED = "published"
    CHANGED = "changed"
    SUSPENDED = "suspended"
    AUTO_PROLONGED = "autoProlonged"
    BID_OPENING_PENDING = "bidOpeningPending"
    FIRST_PACKAGE_PENDING = "firstPackagePending"
    FIRST_PACKAGE_EVALUATED = "firstPackageEvaluated"
    SECOND_PACKAGE_OPENED = "secondPackageOpened"
    BIDS_OPENED = "bidsOpened"
    EVALUATION_COMPLETE = "evaluationComplete"
    EVALUATION_RESULTS_PENDING = "evaluationResultsPending"
    CONTRACT_SIGN_PENDING = "contractSignPending"
    CONTRACT_SIGNED = "contractSigned"
    UNSUCCESSFUL = "unsuccessful"
    CANCELLED = "cancelled"


class LotStatus(StrEnum):
    """OCDS `lot.status` (closed code list); a draft's lots are planned."""

    PLANNED = "planned"
    ACTIVE = "active"
    CANCELLED = "cancelled"
    UNSUCCESSFUL = "unsuccessful"
    COMPLETE = "complete"


_T, _L = TenderStage, LotStatus
_NOT_ACTIVE = {
    _T.DRAFT: TenderStatus.DRAFT,
    _T.PLANNED: TenderStatus.PLANNED,
    _T.CONTRACT_SIGNED: TenderStatus.COMPLETE,
    _T.UNSUCCESSFUL: TenderStatus.UNSUCCESSFUL,
    _T.CANCELLED: TenderStatus.CANCELLED,
}
STATUS_OF: Mapping[TenderStage, TenderStatus] = {
    stage: _NOT_ACTIVE.get(stage, TenderStatus.ACTIVE) for stage in TenderStage
}
OPEN_STAGES = frozenset({_T.PUBLISHED, _T.CHANGED, _T.AUTO_PROLONGED})
"""Stages in which suppliers may still answer (before the end of the tender period)."""
PREQUALIFYING = frozenset(
    {_T.PREQUALIFICATION, _T.QUALIFICATION_PENDING, _T.PREQUALIFICATION_STANDSTILL}
)
"""Stages of a published tender before it takes bids, where its rules want a prequalification."""
ANSWERED_STAGES = OPEN_STAGES | {_T.PREQUALIFICATION}
"""Stages in which suppliers may act on the terms: apply, or bid (before the end of the period)."""
EVALUATING_STAGES = frozenset({_T.BIDS_OPENED, _T.SECOND_PACKAGE_OPENED})
"""Stages in which prices are known and bids are ranked."""

ENDED_BY: Mapping[TenderStatus, str] = {
    TenderStatus.COMPLETE: "complete",
    TenderStatus.UNSUCCESSFUL: "fail",
    TenderStatus.CANCELLED: "cancel",
}
"""The action by which a tender follows its lots when none of them is active any more."""

_ACTIVE = frozenset(s for s, status in STATUS_OF.items() if status is TenderStatus.ACTIVE)
LOST = frozenset({LotStatus.CANCELLED, LotStatus.UNSUCCESSFUL})
"""States of a lot that no contract comes of."""
AWARDING = frozenset(
    {_T.EVALUATION_COMPLETE, _T.EVALUATION_RESULTS_PENDING, _T.CONTRACT_SIGN_PENDING}
)
"""Stages in which awards are proposed and decided."""
TENDER = Machine(
    {
        "publish": (frozenset({_T.DRAFT, _T.PLANNED}), _T.PUBLISHED),
        "publish_prequalification": (frozenset({_T.DRAFT, _T.PLANNED}), _T.PREQUALIFICATION),
        "amend_prequalification": (frozenset({_T.PREQUALIFICATION}), _T.PREQUALIFICATION),
        "extend_prequalification": (frozenset({_T.PREQUALIFICATION}), _T.PREQUALIFICATION),
        "close_prequalification": (frozenset({_T.PREQUALIFICATION}), _T.QUALIFICATION_PENDING),
        "announce_qualifications": (
            frozenset({_T.QUALIFICATION_PENDING}),
            _T.PREQUALIFICATION_STANDSTILL,
        ),
        "repeat_qualification": (
            frozenset({_T.PREQUALIFICATION_STANDSTILL}),
            _T.QUALIFICATION_PENDING,
        ),
        "invite": (frozenset({_T.PREQUALIFICATION_STANDSTILL}), _T.PUBLISHED),
        "call_off": (frozenset({_T.DRAFT}), _T.EVALUATION_RESULTS_PENDING),
        "amend": (OPEN_STAGES, _T.CHANGED),
        "amend_as_decided": (frozenset({_T.SUSPENDED}), _T.CHANGED),
        "extend": (OPEN_STAGES, _T.CHANGED),
        "suspend": (OPEN_STAGES, _T.SUSPENDED),
        "resume": (frozenset({_T.SUSPENDED}), _T.CHANGED),
        "prolong": (OPEN_STAGES, _T.AUTO_PROLONGED),
        "close": (OPEN_STAGES, _T.BID_OPENING_PENDING),
        "fail": (_ACTIVE, _T.UNSUCCESSFUL),
        "complete": (_ACTIVE, _T.CONTRACT_SIGNED),
        "open": (frozenset({_T.BID_OPENING_PENDING}), _T.BIDS_OPENED),
        "open_first_package": (frozenset({_T.BID_OPENING_PENDING}), _T.FIRST_PACKAGE_PENDING),
        "open_second_package": (
            frozenset({_T.FIRST_PACKAGE_EVALUATED}),
            _T.SECOND_PACKAGE_OPENED,
        ),
        "evaluate_first_package": (
            frozenset({_T.FIRST_PACKAGE_PENDING}),
            _T.FIRST_PACKAGE_EVALUATED,
        ),
        "evaluate": (EVALUATING_STAGES, _T.EVALUATION_COMPLETE),
        "await_awards": (AWARDING, _T.EVALUATION_RESULTS_PENDING),
        "settle_awards": (AWARDING, _T.CONTRACT_SIGN_PENDING),
        "repeat_evaluation": (AWARDING, _T.BIDS_OPENED),
        "cancel": (_ACTIVE | {_T.DRAFT, _T.PLANNED}, _T.CANCELLED),
    }
)
LOT = Machine(
    {
        "publish": (frozenset({_L.PLANNED}), _L.ACTIVE),
        "publish_prequalification": (frozenset({_L.PLANNED}), _L.ACTIVE),
        "call_off": (frozenset({_L.PLANNED}), _L.ACTIVE),
        "cancel": (frozenset({_L.PLANNED, _L.ACTIVE}), _L.CANCELLED),
        "fail": (frozenset({_L.ACTIVE}), _L.UNSUCCESSFUL),
        "complete": (frozenset({_L.ACTIVE}), _L.COMPLETE),
    }
)


def status_of_lots(lots: Iterable[LotStatus]) -> TenderStatus:
    """The OCDS status of a published tender, which is that of its lots together.

    It is active while one of them is; then complete if one is, unsuccessful if one failed, and
    cancelled when all were.
    """
    found = set(lots)
    for status, of in (
        (TenderStatus.ACTIVE, _L.ACTIVE),
        (TenderStatus.COMPLETE, _L.COMPLETE),
        (TenderStatus.UNSUCCESSFUL, _L.UNSUCCESSFUL),
        (TenderStatus.CANCELLED, _L.CANCELLED),
    ):
        if of in found:
            return status
    return TenderStatus.DRAFT


def advance(
    stage: TenderStage, lots: Sequence[LotStatus], action: str
) -> tuple[TenderStage, list[LotStatus]]:
    """The tender and its lots after an action on the whole tender.

    An action that a lot knows too (publish, cancel, fail, complete) takes every lot with it that
    allows it. A tender that was published ends as its lots do together: one whose last lots are
    cancelled after another had failed is unsuccessful. Raises IllegalTransition.
    """
    after = TENDER.apply(action, stage)
    moved = [LOT.apply(action, lot) if action in LOT.allowed(lot) else lot for lot in lots]
    if stage in _ACTIVE and after not in _ACTIVE and moved:
        after = TENDER.apply(ENDED_BY[status_of_lots(moved)], stage)
    return after, moved


def advance_lots(
    stage: TenderStage, lots: Sequence[LotStatus], chosen: Collection[int], action: str
) -> tuple[TenderStage, list[LotStatus]]:
    """The tender and its lots after an action on some lots, by index; with the last active lot the
    tender ends. Raises IllegalTransition when a chosen lot does not allow the action."""
    moved = [LOT.apply(action, lot) if n in chosen else lot for n, lot in enumerate(lots)]
    status = status_of_lots(moved)
    if stage not in _ACTIVE or status is TenderStatus.ACTIVE:
        return stage, moved
    return TENDER.apply(ENDED_BY[status], stage), moved


@dataclass(frozen=True, slots=True)
class Value:
    """An amount of money, and its ISO 4217 currency."""

    amount: Decimal
    currency: str


@dataclass(frozen=True, slots=True)
class LotTerms:
    """What the checks across lots need: delivery days (local) and the budget."""

    delivery_start: date | None
    delivery_end: date
    value: Value | None


@dataclass(frozen=True, slots=True)
class Fault:
    """A field that breaks a rule; `pointer` is a JSON Pointer into the tender."""

    pointer: str
    code: str
    detail: str


def has_ended(end: datetime, now: datetime) -> bool:
    """True from the instant `end` on: periods are half-open, so what comes at `end` is late."""
    return now >= end


def schedule_faults(
    *,
    start: datetime | None,
    end: datetime | None,
    enquiry_end: datetime | None,
    lots: Sequence[LotTerms],
    prequalification_end: datetime | None = None,
) -> list[Fault]:
    """Dates that contradict each other; a delivery must end after the day the period ends."""
    faults = []
    if prequalification_end is not None and end is not None and end <= prequalification_end:
        faults.append(
            Fault("#/tender_period_end", "period_reversed", "must be after the prequalification")
        )
    if start is not None and end is not None and end <= start:
        faults.append(
            Fault("#/tender_period_end", "period_reversed", "must be after tender_period_start")
        )
    if enquiry_end is not None and end is not None and enquiry_end > end:
        faults.append(
            Fault("#/enquiry_period_end", "after_tender_end", "must not be after tender_period_end")
        )
    for index, lot in enumerate(lots):
        pointer = f"#/lots/{index}/delivery_period_end"
        if lot.delivery_start is not None and lot.delivery_end < lot.delivery_start:
            faults.append(
                Fault(pointer, "period_reversed", "must not be before delivery_period_start")
            )
        if end is not None and lot.delivery_end <= local_date(end):
            faults.append(
                Fault(pointer, "delivery_before_tender_end", "must be after tender_period_end")
            )
    return faults


def language_faults(
    languages: Sequence[str], title: Mapping[str, str], lots: Sequence[Mapping[str, str]]
) -> list[Fault]:
    """Titles of a notice without a text in one of the languages that the law asks for."""
    told = {"#/title": title} | {f"#/lots/{n}/title": each for n, each in enumerate(lots)}
    return [
        Fault(pointer, "language_missing", f"must have a text in {language} as well")
        for pointer, texts in told.items()
        for language in languages
        if language not in texts
    ]


def value_faults(value: Value | None, lots: Sequence[LotTerms]) -> list[Fault]:
    """Budgets that contradict each other: one currency, and lots within the tender's value."""
    given = [(i, lot.value) for i, lot in enumerate(lots) if lot.value is not None]
    expected = value.currency if value else (given[0][1].currency if given else None)
    faults = [
        Fault(f"#/lots/{i}/value/currency", "currency_mismatch", f"must be {expected}")
        for i, one in given
        if one.currency != expected
    ]
    total = sum((one.amount for _, one in given), Decimal())
    if value is not None and not faults and total > value.amount:
        detail = f"must cover the lots' total of {plain(total)}"
        faults.append(Fault("#/value/amount", "below_lots_total", detail))
    return faults
