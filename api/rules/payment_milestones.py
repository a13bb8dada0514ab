"""When a contract is paid: parts of its value, the facts that make them due, what is taken off. Pure.

A part is a share of the whole contract, or of one of its lots. A part that waits for goods becomes
due as they come: so much of it as the value of what was shipped, received or accepted is of the value
of all that was ordered. What is due is counted from the beginning each time and what was called
before is taken off, so that roundings never add up: the last payment of a part completes it.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import ROUND_DOWN, Decimal
from enum import StrEnum

from api.rules.disputes import MilestoneKind
from api.rules.states import Machine
from api.rules.tenders import Fault

FORMULA = "kerben-payment-formula/1"
WHOLE = 10_000
"""Basis points of the whole."""


class Settlement(StrEnum):
    """Through money that the platform holds for both sides, or by a transfer of the buyer's bank to
    the supplier's that is reported here."""

    ESCROW = "escrow"
    DIRECT = "direct"


class MilestoneStatus(StrEnum):
    """A part of the value: planned, its money received, all of it paid, or no longer owed."""

    PLANNED = "planned"
    FUNDED = "funded"
    COMPLETED = "completed"
    CANCELLED = "cancelled"


class AdvanceGuaranteeStatus(StrEnum):
    """What both sides of a contract are told of the guarantee of an advance."""

    SUBMITTED = "submitted"
    ACCEPTED = "accepted"
    REFUSED = "refused"


class PaymentStatus(StrEnum):
    """What a fact has made due of a part."""

    DUE = "due"
    APPROVED = "approved"
    RELEASED = "released"
    REPORTED = "reported"
    PAID = "paid"
    FROZEN = "frozen"
    CANCELLED = "cancelled"


class RefundStatus(StrEnum):
    """Money on its way back to the buyer."""

    REQUESTED = "requested"
    RELEASED = "released"
    PAID = "paid"
    CANCELLED = "cancelled"


_M, _P, _R = MilestoneStatus, PaymentStatus, RefundStatus
LIVE_MILESTONES = frozenset({_M.PLANNED, _M.FUNDED})
MILESTONE = Machine(
    {
        "fund": (frozenset({_M.PLANNED}), _M.FUNDED),
        "unfund": (frozenset({_M.FUNDED}), _M.PLANNED),
        "complete": (LIVE_MILESTONES, _M.COMPLETED),
        "reopen": (frozenset({_M.COMPLETED, _M.CANCELLED}), _M.PLANNED),
        "cancel": (LIVE_MILESTONES, _M.CANCELLED),
    }
)
PAYMENT = Machine(
    {
        "approve": (frozenset({_P.DUE}), _P.APPROVED),
        "release": (frozenset({_P.APPROVED}), _P.RELEASED),
        "settle": (frozenset({_P.RELEASED}), _P.PAID),
        "fail": (frozenset({_P.RELEASED, _P.PAID}), _P.APPROVED),
        "absorb": (frozenset({_P.APPROVED}), _P.PAID),
        "report": (frozenset({_P.APPROVED}), _P.REPORTED),
        "deny": (frozenset({_P.REPORTED}), _P.APPROVED),
        "confirm": (frozenset({_P.REPORTED}), _P.PAID),
        "freeze": (frozenset({_P.DUE, _P.APPROVED, _P.RELEASED}), _P.FROZEN),
        "unfreeze": (frozenset({_P.FROZEN}), _P.DUE),
        "cancel": (frozenset({_P.DUE, _P.APPROVED, _P.FROZEN}), _P.CANCELLED),
    }
)
REFUND = Machine(
    {
        "approve": (frozenset({_R.REQUESTED}), _R.RELEASED),
        "settle": (frozenset({_R.RELEASED}), _R.PAID),
        "cancel": (frozenset({_R.REQUESTED, _R.RELEASED}), _R.CANCELLED),
        "return": (frozenset({_R.PAID}), _R.CANCELLED),
    }
)
OF_GOODS = frozenset(MilestoneKind) - {MilestoneKind.ADVANCE}
"""Parts that become due as goods come; an advance is due as a whole."""
MONEY_OUT = frozenset({_P.RELEASED, _P.REPORTED, _P.PAID})


@dataclass(frozen=True, slots=True)
class Part:
    """A part of the value as it is proposed: basis points of it, or an amount; of a lot or of all."""

    number: int
    kind: MilestoneKind
    lot: str | None
    basis_points: int | None
    amount: Decimal | None


@dataclass(frozen=True, slots=True)
class Ordered:
    """A row of the delivery schedule, which its goods are counted against."""

    id: str
    quantity: Decimal
    unit_price: Decimal


@dataclass(frozen=True, slots=True)
class Fact:
    """What happened, when: a row's goods (`quantity` of them), or without a row the whole part."""

    id: str
    row: str | None
    quantity: Decimal
    at: datetime


@dataclass(frozen=True, slots=True)
class Owed:
    """What the supplier owes the buyer: an agreed claim, or what a dispute ended with."""

    id: str
    amount: Decimal


@dataclass(frozen=True, slots=True)
class PaymentInputs:
    """Everything that a payment is computed from.

    `called` is what earlier payments of the part were for, `netted` what earlier payments of the
    contract took off for `owed`; `commission` is what the platform takes of the payment. Amounts
    have `places` digits after the point, those of the currency.
    """

    contract: str
    number: int
    kind: MilestoneKind
    lot: str | None
    settlement: Settlement
    currency: str
    places: int
    amount: Decimal
    term_days: int
    as_of: datetime
    ordered: tuple[Ordered, ...]
    facts: tuple[Fact, ...]
    called: Decimal
    owed: tuple[Owed, ...]
    netted: Decimal
    commission: Decimal


@dataclass(frozen=True, slots=True)
class PaymentResult:
    """What is due in all of the part, of that now, what is taken off, and what is paid."""

    entitled: Decimal
    gross: Decimal
    penalty: Decimal
    commission: Decimal
    net: Decimal


class NotComputable(ValueError):
    """Inputs that contradict themselves."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        super().__init__("; ".join(fault.detail for fault in faults))
        self.faults = faults


def part_faults(
    parts: Sequence[Part], *, whole: Decimal, lots: Mapping[str, Decimal], places: int
) -> Iterator[Fault]:
    """What is wrong with parts; together they are the value, of the contract or of each lot."""
    seen: set[int] = set()
    for index, part in enumerate(parts):
        at = f"#/parts/{index}"
        if part.number in seen:
            yield Fault(f"{at}/number", "part_twice", "stands twice in the schedule")
        seen.add(part.number)
        if part.lot is not None and part.lot not in lots:
            yield Fault(f"{at}/lot_id", "unknown_lot", "the contract is not about this lot")
        if part.amount is not None and part.amount != _rounded(part.amount, places):
            detail = f"the currency has {places} digits after the point"
            yield Fault(f"{at}/amount", "finer_than_coin", detail)
    scopes = {part.lot for part in parts}
    if None in scopes and len(scopes) > 1:
        yield Fault("#/parts", "scopes_mixed", "parts are of the contract, or all of lots")
        return
    wanted = {None: whole} if None in scopes else dict[str | None, Decimal](lots)
    for scope, value in wanted.items():
        own = [part for part in parts if part.lot == scope]
        said = "the contract" if scope is None else f"lot {scope}"
        if len({part.amount is None for part in own}) > 1:
            detail = f"the parts of {said} are all basis points, or all amounts"
            yield Fault("#/parts", "parts_mixed", detail)
        elif own and own[0].amount is None:
            points = sum(part.basis_points or 0 for part in own)
            if points != WHOLE:
                detail = f"the parts of {said} are {points} basis points, not {WHOLE}"
                yield Fault("#/parts", "parts_incomplete", detail)
        elif (total := sum((part.amount or Decimal() for part in own), Decimal())) != value:
            detail = f"the parts of {said} are {total:f}, and it is worth {value:f}"
            yield Fault("#/parts", "parts_incomplete", detail)


def empty_faults(parts: Sequence[Part], amounts: Mapping[int, Decimal]) -> Iterator[Fault]:
    """Parts that are worth nothing in the currency's coins."""
    for index, part in enumerate(parts):
        if not amounts[part.number]:
            yield Fault(f"#/parts/{index}", "part_empty", "the part is worth nothing")


def amendment_faults(
    parts: Sequence[Part],
    amounts: Mapping[int, Decimal],
    called: Mapping[int, tuple[MilestoneKind, str | None, Decimal]],
) -> Iterator[Fault]:
    """What a new schedule would take away of parts that payments were called from; `called` has the
    kind, the lot and the amount called of each, by its number."""
    known = {part.number: part for part in parts}
    for number, (kind, lot, amount) in called.items():
        part = known.get(number)
        if part is None or (part.kind, part.lot) != (kind, lot):
            detail = f"part {number} has payments: it keeps its number, its kind and its lot"
            yield Fault("#/parts", "part_in_use", detail)
        elif amounts[number] < amount:
            detail = f"{amount:f} of part {number} became due already"
            yield Fault("#/parts", "below_called", detail)


def amounts(
    parts: Sequence[Part], *, whole: Decimal, lots: Mapping[str, Decimal], places: int
) -> dict[int, Decimal]:
    """The amount of each sound part, by its number; together they are the value to the last coin."""
    found: dict[int, Decimal] = {}
    for scope in dict.fromkeys(part.lot for part in parts):
        own = [part for part in parts if part.lot == scope]
        value = whole if scope is None else lots[scope]
        if own[0].amount is None:
            shares = apportioned(value, [part.basis_points or 0 for part in own], places)
            found |= {part.number: share for part, share in zip(own, shares, strict=True)}
        else:
            found |= {part.number: part.amount for part in own if part.amount is not None}
    return found


def apportioned(value: Decimal, weights: Sequence[Decimal | int], places: int) -> list[Decimal]:
    """`value` in proportion to weights, to the coin, by the largest remainder (Hamilton's method);
    of equal remainders the earlier gets the coin. A value finer than a coin keeps its rest in the
    first part."""
    coin, total = Decimal(1).scaleb(-places), sum(weights)
    exact = [value * weight / total for weight in weights]
    shares = [_rounded(each, places) for each in exact]
    left = value - sum(shares, Decimal())
    order = sorted(range(len(weights)), key=lambda n: (shares[n] - exact[n], n))
    for n in order[: int(left / coin)]:
        shares[n] += coin
    shares[order[0]] += value - sum(shares, Decimal())
    return shares


def due_at(at: datetime, term_days: int) -> datetime:
    """When a fact makes something due: `term_days` times 24 hours after it."""
    return at + timedelta(days=term_days)


def next_due(facts: Iterable[Fact], term_days: int, now: datetime) -> datetime | None:
    """When the next of the known facts will make something due; None: all have."""
    moments = (due_at(fact.at, term_days) for fact in facts)
    return min((moment for moment in moments if moment > now), default=None)


def compute(inputs: PaymentInputs) -> PaymentResult:
    """What is to be paid now of a part. Raises NotComputable."""
    if faults := [*_faults(inputs)]:
        raise NotComputable(faults)
    entitled = _entitled(inputs)
    gross = max(entitled - inputs.called, Decimal())
    owed = sum((each.amount for each in inputs.owed), Decimal()) - inputs.netted
    penalty = min(max(owed, Decimal()), gross)
    commission = min(inputs.commission, gross - penalty)
    net = gross - penalty - commission
    return PaymentResult(entitled, gross, penalty, commission, net)


def refundable(
    received: Decimal, refunded: Decimal, paid_out: Decimal, still_owed: Decimal
) -> Decimal:
    """What may go back to the buyer of what it paid in: nothing that went out, and nothing that the
    supplier may still earn."""
    return max(received - refunded - paid_out - still_owed, Decimal())


def funded(parts: Iterable[tuple[int, Decimal]], received: Decimal) -> set[int]:
    """The parts that the money received covers, which are paid for in the order of their numbers."""
    covered = set()
    for number, amount in sorted(parts):
        received -= amount
        if received < 0:
            break
        covered.add(number)
    return covered


def approvals_needed(net: Decimal, currency: str, threshold: tuple[Decimal, str] | None) -> int:
    """How many people approve a payment: one up to the threshold, two above it, without one, and in
    another currency."""
    if threshold is None or threshold[1] != currency:
        return 2
    return 1 if net <= threshold[0] else 2


def _entitled(inputs: PaymentInputs) -> Decimal:
    counted = [fact for fact in inputs.facts if due_at(fact.at, inputs.term_days) <= inputs.as_of]
    if any(fact.row is None for fact in counted):
        return inputs.amount
    total = done = Decimal()
    for row in inputs.ordered:
        came = sum((fact.quantity for fact in counted if fact.row == row.id), Decimal())
        total += row.quantity * row.unit_price
        done += min(came, row.quantity) * row.unit_price
    if not total or done >= total:
        return inputs.amount if total else Decimal()
    return _rounded(inputs.amount * done / total, inputs.places)


def _faults(inputs: PaymentInputs) -> Iterator[Fault]:
    rows = {row.id for row in inputs.ordered}
    for index, fact in enumerate(inputs.facts):
        if fact.row is not None and fact.row not in rows:
            yield Fault(f"#/facts/{index}/row", "unknown_row", "no such row was ordered")
        if (fact.row is None) != (inputs.kind is MilestoneKind.ADVANCE):
            detail = "an advance waits for no goods, and everything else does"
            yield Fault(f"#/facts/{index}/row", "wrong_fact", detail)
    if min(inputs.amount, inputs.called, inputs.netted, inputs.commission) < 0:
        yield Fault("#/amount", "negative", "amounts are not negative")


def _rounded(amount: Decimal, places: int) -> Decimal:
    return amount.quantize(Decimal(1).scaleb(-places), ROUND_DOWN)
