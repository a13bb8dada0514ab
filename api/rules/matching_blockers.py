"""What forbids an offer for a request as it stands: stable codes with the figures behind them."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum

from api.rules import matching_fit, organisations
from api.rules.matching import Circumstances, Demand, Parameters, Supply
from api.rules.matching_fit import Facts
from api.rules.offers import plain


class BlockerCode(StrEnum):
    """Stable: clients and explanations rely on them."""

    CERTIFICATE_MISSING = "certificate_missing"
    CERTIFICATE_EXPIRED = "certificate_expired"
    BELOW_MIN_ORDER_QUANTITY = "below_min_order_quantity"
    LEAD_TIME_EXCEEDS_PERIOD = "lead_time_exceeds_period"
    INCOTERM_NOT_ACCEPTED = "incoterm_not_accepted"
    INCOTERM_MODE_CONFLICT = "incoterm_mode_conflict"
    SUPPLIER_DEBARRED = "supplier_debarred"
    SUPPLIER_UNVERIFIED = "supplier_unverified"
    OFFER_EXPIRED_BEFORE_AWARD = "offer_expired_before_award"
    UNIT_MISMATCH = "unit_mismatch"
    NOT_AVAILABLE_IN_TIME = "not_available_in_time"


@dataclass(frozen=True, slots=True)
class Blocker:
    """`details` are the figures for a sentence, all of them text: {"required": "45", ...}."""

    code: BlockerCode
    details: dict[str, str] = field(default_factory=dict)


def blockers(
    demand: Demand,
    supply: Supply,
    around: Circumstances,
    parameters: Parameters,
    found: Facts,
) -> list[Blocker]:
    """Everything that forbids the offer; empty when it could be awarded as it stands."""
    return [
        *_certificates(demand, supply),
        *_quantity(demand, supply, found),
        *_time(demand, supply, found),
        *_terms(demand, supply),
        *_seller(supply, around, parameters),
    ]


def _certificates(demand: Demand, supply: Supply) -> Iterator[Blocker]:
    for scheme in demand.required_certificates:
        if matching_fit.holds(supply, scheme, demand.ordered_on):
            continue
        ends = [held.expires_on for held in supply.certificates if held.scheme == scheme]
        last = max((end for end in ends if end is not None), default=None)
        if last is None:
            yield Blocker(BlockerCode.CERTIFICATE_MISSING, {"scheme": scheme})
        else:
            details = {"scheme": scheme, "expired_on": last.isoformat()}
            yield Blocker(BlockerCode.CERTIFICATE_EXPIRED, details)


def _quantity(demand: Demand, supply: Supply, found: Facts) -> Iterator[Blocker]:
    if found.quantity is None:
        details = {"asked": demand.unit_code, "offered": supply.unit_code}
        yield Blocker(BlockerCode.UNIT_MISMATCH, details)
    elif found.quantity < supply.min_order_quantity:
        details = {
            "asked": plain(found.quantity),
            "required": plain(supply.min_order_quantity),
            "unit": supply.unit_code,
        }
        yield Blocker(BlockerCode.BELOW_MIN_ORDER_QUANTITY, details)
    available, ordered = found.available, found.ordered
    if available is not None and ordered is not None and available < ordered:
        details = {
            "asked": plain(ordered),
            "available": plain(available),
            "unit": supply.unit_code,
        }
        yield Blocker(BlockerCode.NOT_AVAILABLE_IN_TIME, details)


def _time(demand: Demand, supply: Supply, found: Facts) -> Iterator[Blocker]:
    if found.needed_days is not None and found.needed_days > found.period_days:
        details = {
            "lead": str(found.lead_days),
            "transit": str(found.transit_days),
            "needed": str(found.needed_days),
            "period": str(found.period_days),
        }
        yield Blocker(BlockerCode.LEAD_TIME_EXCEEDS_PERIOD, details)
    if supply.valid_through is not None and supply.valid_through < demand.ordered_on:
        details = {
            "valid_through": supply.valid_through.isoformat(),
            "ordered_on": demand.ordered_on.isoformat(),
        }
        yield Blocker(BlockerCode.OFFER_EXPIRED_BEFORE_AWARD, details)


def _terms(demand: Demand, supply: Supply) -> Iterator[Blocker]:
    """A sea rule that restated would be accepted is only a conflict of mode."""
    proposal = matching_fit.incoterm_proposal(demand, supply)
    if proposal is not None:
        details = {"incoterm": supply.incoterm, "proposal": proposal}
        yield Blocker(BlockerCode.INCOTERM_MODE_CONFLICT, details)
    accepted = {supply.incoterm, proposal} & set(demand.incoterms)
    if demand.incoterms and not accepted:
        details = {"incoterm": supply.incoterm, "accepted": ", ".join(demand.incoterms)}
        yield Blocker(BlockerCode.INCOTERM_NOT_ACCEPTED, details)


def _seller(supply: Supply, around: Circumstances, parameters: Parameters) -> Iterator[Blocker]:
    """Debarment is judged on the day of matching, verification by the model's policy."""
    if organisations.is_debarred(supply.debarred_until, around.as_of):
        assert supply.debarred_until is not None
        until = supply.debarred_until.isoformat()
        yield Blocker(BlockerCode.SUPPLIER_DEBARRED, {"until": until})
    if not supply.seller_verified or supply.verification_level < parameters.min_verification_level:
        details = {
            "level": str(supply.verification_level),
            "required": str(parameters.min_verification_level),
        }
        yield Blocker(BlockerCode.SUPPLIER_UNVERIFIED, details)
