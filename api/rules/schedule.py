"""From a policy and a tender's dates to the instants that count, and what the policy forbids. Pure.

Instants are computed once, at publication or at an amendment, and stored: a later change of the
policy or of the work calendar moves none of them.
"""

from dataclasses import dataclass
from datetime import datetime

from api.rules.offers import plain
from api.rules.periods import Duration, Timetable
from api.rules.policy import Policy
from api.rules.tenders import Fault, Value


@dataclass(frozen=True, slots=True)
class Schedule:
    """Ends of the windows inside a tender period; None: the tender has no such window.

    Questions are answered until `clarification_until`; terms can be complained about until
    `complaint_period_end`.
    """

    enquiry_period_end: datetime | None
    clarification_until: datetime | None
    complaint_period_end: datetime | None


def earliest_end(table: Timetable, policy: Policy, *, published_at: datetime) -> datetime:
    """The first instant at which suppliers have had the time that the policy gives them."""
    return table.after(published_at, policy.min_tendering_duration)


def extended_end(table: Timetable, policy: Policy, *, end: datetime, now: datetime) -> datetime:
    """The end of the tender period after a material change at `now`: never earlier than it was."""
    return max(end, table.after(now, policy.min_extension))


def schedule(
    table: Timetable,
    policy: Policy,
    *,
    since: datetime,
    end: datetime,
    enquiry_period_end: datetime | None = None,
) -> Schedule:
    """The windows of a tender period that ends at `end`, seen at `since`.

    The enquiry window ends where the buyer says, otherwise where the policy does. A window that
    the policy would close at `since` or before does not exist.
    """
    enquiry = enquiry_period_end or _closing(table, policy.enquiry_closes_before, since, end)
    answers = None
    if enquiry is not None and policy.clarification_duration is not None:
        answers = min(end, table.after(enquiry, policy.clarification_duration))
    complaint = _closing(table, policy.tender_complaint_closes_before, since, end)
    return Schedule(enquiry, answers, complaint)


def moved(old: Schedule, new: Schedule) -> Schedule:
    """The windows after an extension: each ends at the later instant."""
    return Schedule(
        _later(old.enquiry_period_end, new.enquiry_period_end),
        _later(old.clarification_until, new.clarification_until),
        _later(old.complaint_period_end, new.complaint_period_end),
    )


def enquiry_faults(
    table: Timetable, policy: Policy, *, end: datetime, enquiry_period_end: datetime | None
) -> list[Fault]:
    """An enquiry window that would leave less time before the deadline than the policy wants."""
    if enquiry_period_end is None or policy.enquiry_closes_before is None:
        return []
    latest = table.before(end, policy.enquiry_closes_before)
    if enquiry_period_end <= latest:
        return []
    detail = f"must not be after {latest.isoformat(timespec='seconds')}"
    return [Fault("#/enquiry_period_end", "enquiry_ends_too_late", detail)]


def procedure_faults(
    policy: Policy,
    *,
    value: Value | None,
    ground: str | None,
    auction_step_bp: int | None = None,
) -> list[Fault]:
    """What keeps a tender from using the procedure: its value, the ground it gives, its auction.

    `value` is in the currency of the policy's thresholds; they are inclusive.
    """
    faults = []
    low, high = policy.min_value, policy.max_value
    if value is None and (low or high):
        faults.append(Fault("#/value", "missing", "is needed to compare it with the threshold"))
    if value is not None and high is not None and value.amount > high.amount:
        detail = f"is {plain(value.amount)} {value.currency}, above {high.amount}"
        faults.append(Fault("#/value/amount", "above_threshold", detail))
    if value is not None and low is not None and value.amount < low.amount:
        detail = f"is {plain(value.amount)} {value.currency}, below {low.amount}"
        faults.append(Fault("#/value/amount", "below_threshold", detail))
    grounds = policy.single_source_grounds
    if grounds and ground is None:
        faults.append(Fault("#/procurement_method_ground", "missing", "is needed"))
    elif ground is not None and ground not in grounds:
        detail = f"is none of {', '.join(grounds)}" if grounds else "has no place in this procedure"
        faults.append(Fault("#/procurement_method_ground", "unknown_ground", detail))
    if auction_step_bp is not None:
        faults += _auction_faults(policy, auction_step_bp)
    return faults


def _auction_faults(policy: Policy, step_bp: int) -> list[Fault]:
    step = policy.auction
    if step is None:
        return [Fault("#/auction_step_bp", "no_auction", "has no place in this procedure")]
    if step.minimum_bp <= step_bp <= step.maximum_bp:
        return []
    detail = f"must be between {step.minimum_bp} and {step.maximum_bp} basis points"
    return [Fault("#/auction_step_bp", "step_out_of_bounds", detail)]


def _closing(
    table: Timetable, before: Duration | None, since: datetime, end: datetime
) -> datetime | None:
    closes = None if before is None else table.before(end, before)
    return closes if closes is not None and closes > since else None


def _later(old: datetime | None, new: datetime | None) -> datetime | None:
    return max((moment for moment in (old, new) if moment is not None), default=None)
