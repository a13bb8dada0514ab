"""What a policy set says: the numbers of the law that one procedure follows. Pure.

The bounds and the neutral values of the parameters are in the JSON Schema of api/reference; here
they only get types. Shares are basis points (hundredths of a percent), money is in whole units of
its currency: both are exact in JSON.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from decimal import Decimal
from enum import StrEnum
from typing import Any

from api.rules.periods import DayUnit, Duration, Rounding
from api.rules.publication import ReleaseField, Withheld

SCHEMA_VERSION = 1
"""Of the parameters, as a policy set and a tender's snapshot name it."""
INTERNATIONAL = "INT"
"""The jurisdiction whose sets serve buyers of countries that have none of their own."""
_BASIS_POINTS = Decimal(10_000)


class ProcurementRegime(StrEnum):
    """Whose rules a buyer follows."""

    STATE = "state"
    STATE_ENTERPRISE = "state_enterprise"
    GENERIC = "generic"


class SealingMode(StrEnum):
    """Who encrypts a bid: the bidder's own program, or this service (access control until then)."""

    CLIENT = "client"
    SERVER = "server"


@dataclass(frozen=True, slots=True)
class Amount:
    """An amount of money in whole units of its ISO 4217 currency."""

    amount: int
    currency: str


@dataclass(frozen=True, slots=True)
class ComplaintFee:
    """A share of the tender's value, at least and at most so much."""

    rate_bp: int
    minimum: int
    maximum: int
    currency: str


@dataclass(frozen=True, slots=True)
class AutoProlongation:
    """How often, and by how much, a tender with too few bids is prolonged."""

    times: int
    duration: Duration


@dataclass(frozen=True, slots=True)
class AbnormallyLow:
    """From which distance on a price must be justified, or is only noted; None: not looked at."""

    below_mean_bp: int | None = None
    below_next_bp: int | None = None
    alert_spread_bp: int | None = None


@dataclass(frozen=True, slots=True)
class AuctionStep:
    """Bounds of the least step of a reverse auction, as a share of the value, and its pause."""

    minimum_bp: int
    maximum_bp: int
    pause_minutes: int


@dataclass(frozen=True, slots=True)
class FrameworkTerms:
    """Length of a framework agreement, the periods of admission to it, how many it may have."""

    minimum_days: int
    maximum_days: int
    enquiry_duration: Duration
    submission_standstill: Duration
    maximum_participants: int | None = None


class PenaltyBasis(StrEnum):
    """The value that damages for delay are a share of: that of the quantity which was late, or of
    the whole row of the delivery schedule as soon as any of it was."""

    LATE_QUANTITY = "late_quantity"
    SCHEDULE_ROW = "schedule_row"


@dataclass(frozen=True, slots=True)
class LateDeliveryPenalty:
    """Liquidated damages: so much a day after the days of grace, at most so much, of the basis."""

    rate_bp_per_day: int
    cap_bp: int
    grace_days: int
    unit: DayUnit
    basis: PenaltyBasis


@dataclass(frozen=True, slots=True)
class DisputeDurations:
    """How long each stage of a dispute about a contract lasts."""

    negotiation: Duration
    escalated: Duration
    inspection: Duration
    determination: Duration


class LateSecurity(StrEnum):
    """Whether a bid security that comes after the deadline counts: never, or until the opening."""

    REFUSED = "refused"
    UNTIL_OPENING = "until_opening"


class ForfeitureGround(StrEnum):
    """What a security may be kept for; the first three are those of UNCITRAL's Model Law (2011),
    article 17, paragraph 1 (f)."""

    WITHDRAWAL_AFTER_DEADLINE = "withdrawal_after_deadline"
    REFUSAL_TO_SIGN = "refusal_to_sign"
    NO_PERFORMANCE_SECURITY = "no_performance_security"
    FALSE_STATEMENT = "false_statement"
    BREACH_OF_CONTRACT = "breach_of_contract"
    ADVANCE_NOT_REPAID = "advance_not_repaid"


@dataclass(frozen=True, slots=True)
class SecurityTerms:
    """How securities of bids and contracts are held here.

    `held`: a bid whose security (a declaration apart) is not held here at the opening is
    disqualified. `bid_validity` is counted from the end of the tender period, and a guarantee
    outlasts it by `guarantee_margin`. Returns fall due `return_duration` after their cause, those
    of contracts `performance_return_duration` after its end, which covers the warranty.
    """

    held: bool
    late: LateSecurity
    bid_validity: Duration
    guarantee_margin: Duration
    return_duration: Duration
    forfeiture_grounds: frozenset[ForfeitureGround]
    contest_duration: Duration
    performance_required: bool
    performance_return_duration: Duration


class TerminationGround(StrEnum):
    """What a supplier may end a contract for. All but `force_majeure` are breaches by the buyer."""

    LATE_PAYMENT = "late_payment"
    REFUSAL_TO_ACCEPT = "refusal_to_accept"
    BUYER_BREACH = "buyer_breach"
    FORCE_MAJEURE = "force_majeure"


@dataclass(frozen=True, slots=True)
class SupplierTermination:
    """For what a supplier may end a contract in force, so long after it has given notice."""

    grounds: frozenset[TerminationGround]
    notice: Duration


@dataclass(frozen=True, slots=True)
class Openers:
    """Bids are opened by `threshold` of `count` people who hold a share of the key."""

    threshold: int
    count: int


@dataclass(frozen=True, slots=True)
class Policy:
    """Every parameter, under its name in the JSON Schema. A duration of None: the law has none.

    `..._closes_before` durations are counted back from the end of the tender period.
    """

    calendar: str
    min_tendering_duration: Duration
    min_extension: Duration
    prequalification: bool
    prequalification_duration: Duration | None
    prequalification_standstill: Duration | None
    min_candidates: int
    shortlist_minimum: int | None
    expression_of_interest_duration: Duration | None
    consultant_proposal_duration: Duration | None
    enquiry_closes_before: Duration | None
    clarification_duration: Duration | None
    tender_complaint_closes_before: Duration | None
    qualification_duration: Duration | None
    standstill_duration: Duration | None
    standstill_for_single_bid: bool
    cancellation_complaint_duration: Duration | None
    complaint_review_duration: Duration | None
    complaint_fee: ComplaintFee | None
    min_bids: int
    min_invitations: int
    auto_prolongation: AutoProlongation | None
    min_value: Amount | None
    max_value: Amount | None
    annual_direct_cap_bp: int | None
    annual_direct_cap_grounds: tuple[str, ...]
    single_source_grounds: tuple[str, ...]
    plan_required: bool
    domestic_preference_bp: int
    bid_security_max_bp: int
    bid_security_declaration: bool
    performance_security_max_bp: int
    contract_change_cap_bp: int
    abnormally_low: AbnormallyLow
    auction: AuctionStep | None
    framework: FrameworkTerms | None
    vat_rate_bp: int
    eaeu_national_treatment: bool
    nonresident_price_adjustment: bool
    hide_bidder_count: bool
    hide_bidder_names: bool
    openers: Openers
    sealing_modes: frozenset[SealingMode]
    notice_languages: tuple[str, ...]
    publish_evaluation: bool
    withheld_information: tuple[Withheld, ...]
    late_delivery_penalty: LateDeliveryPenalty | None
    delivery_warning_duration: Duration | None
    deemed_acceptance_duration: Duration | None
    dispute_durations: DisputeDurations | None
    securities: SecurityTerms | None
    payment_approval_threshold: Amount | None
    supplier_termination: SupplierTermination | None
    bids_use_quota: bool


_LATER: Mapping[str, Any] = {
    "publish_evaluation": True,
    "withheld_information": (),
    "prequalification": False,
    "prequalification_standstill": None,
    "min_candidates": 1,
    "shortlist_minimum": None,
    "late_delivery_penalty": None,
    "delivery_warning_duration": None,
    "deemed_acceptance_duration": None,
    "dispute_durations": None,
    "securities": None,
    "payment_approval_threshold": None,
    "supplier_termination": None,
    "bids_use_quota": False,
    "notice_languages": (),
}
"""Neutral values of parameters that sets frozen before them do not have."""


def share(basis_points: int) -> Decimal:
    """The share that basis points are: 1200 is 0.12."""
    return basis_points / _BASIS_POINTS


def parse(parameters: Mapping[str, Any]) -> Policy:
    """The policy of parameters that the JSON Schema accepted, defaults filled in."""
    complete = {**_LATER, **parameters}
    values = {
        field.name: _READERS.get(field.name, _plain)(complete[field.name])
        for field in fields(Policy)
    }
    return Policy(**values)


def _plain(value: Any) -> Any:
    return value


def _duration(value: Mapping[str, Any]) -> Duration:
    return Duration(value["days"], DayUnit(value["unit"]), Rounding(value["rounding"]))


def _prolongation(value: Mapping[str, Any]) -> AutoProlongation:
    return AutoProlongation(value["times"], _duration(value["duration"]))


def _framework(value: Mapping[str, Any]) -> FrameworkTerms:
    return FrameworkTerms(
        value["minimum_days"],
        value["maximum_days"],
        _duration(value["enquiry_duration"]),
        _duration(value["submission_standstill"]),
        value.get("maximum_participants"),
    )


def _penalty(value: Mapping[str, Any]) -> LateDeliveryPenalty:
    return LateDeliveryPenalty(
        value["rate_bp_per_day"],
        value["cap_bp"],
        value["grace_days"],
        DayUnit(value["unit"]),
        PenaltyBasis(value["basis"]),
    )


def _disputes(value: Mapping[str, Any]) -> DisputeDurations:
    return DisputeDurations(**{stage: _duration(given) for stage, given in value.items()})


def _securities(value: Mapping[str, Any]) -> SecurityTerms:
    return SecurityTerms(
        value["held"],
        LateSecurity(value["late"]),
        _duration(value["bid_validity"]),
        _duration(value["guarantee_margin"]),
        _duration(value["return_duration"]),
        frozenset(map(ForfeitureGround, value["forfeiture_grounds"])),
        _duration(value["contest_duration"]),
        value["performance_required"],
        _duration(value["performance_return_duration"]),
    )


def _termination(value: Mapping[str, Any]) -> SupplierTermination:
    grounds = frozenset(map(TerminationGround, value["grounds"]))
    return SupplierTermination(grounds, _duration(value["notice"]))


def _withheld(value: Sequence[Mapping[str, Any]]) -> tuple[Withheld, ...]:
    return tuple(Withheld(ReleaseField(each["field"]), each["rationale"]) for each in value)


def _of(kind: Callable[..., Any]) -> Callable[[Mapping[str, Any]], Any]:
    return lambda value: kind(**value)


def _optional(read: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return lambda value: None if value is None else read(value)


_READERS: Mapping[str, Callable[[Any], Any]] = {
    **dict.fromkeys(("min_tendering_duration", "min_extension"), _duration),
    **dict.fromkeys(
        (
            "prequalification_duration",
            "prequalification_standstill",
            "expression_of_interest_duration",
            "consultant_proposal_duration",
            "enquiry_closes_before",
            "clarification_duration",
            "tender_complaint_closes_before",
            "qualification_duration",
            "standstill_duration",
            "cancellation_complaint_duration",
            "complaint_review_duration",
            "delivery_warning_duration",
            "deemed_acceptance_duration",
        ),
        _optional(_duration),
    ),
    "complaint_fee": _optional(_of(ComplaintFee)),
    "auto_prolongation": _optional(_prolongation),
    "min_value": _optional(_of(Amount)),
    "max_value": _optional(_of(Amount)),
    "payment_approval_threshold": _optional(_of(Amount)),
    "annual_direct_cap_grounds": tuple,
    "single_source_grounds": tuple,
    "notice_languages": tuple,
    "abnormally_low": _of(AbnormallyLow),
    "auction": _optional(_of(AuctionStep)),
    "framework": _optional(_framework),
    "openers": _of(Openers),
    "late_delivery_penalty": _optional(_penalty),
    "dispute_durations": _optional(_disputes),
    "securities": _optional(_securities),
    "supplier_termination": _optional(_termination),
    "withheld_information": _withheld,
    "sealing_modes": lambda value: frozenset(map(SealingMode, value)),
}
