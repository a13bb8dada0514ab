"""Delivery schedules of contracts: which date binds, when a schedule may change, what fits. Pure.

Sources: ICC Incoterms 2020 (where delivery is made, in our own words); OASIS UBL 2.1
OrderResponse and UN/CEFACT 1229 for the answer to each line.
"""

import itertools
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum

from api.rules.contracts import RationaleType
from api.rules.incoterms import Incoterm
from api.rules.states import Machine
from api.rules.tenders import Fault

HUNDRED = Decimal(100)


class ContractualEvent(StrEnum):
    """The date of a row by which the seller must have done its part."""

    SHIP_BY = "ship_by"
    DELIVER_BY = "deliver_by"


class PerformanceEvent(StrEnum):
    """What can have happened to goods of a row: ready for transport, handed over to the carrier
    (or on board), arrived at the named place of destination, received by the buyer."""

    READY = "ready"
    HANDED_OVER = "handed_over"
    ARRIVED = "arrived"
    RECEIVED = "received"


class ScheduleStatus(StrEnum):
    """A schedule is proposed by one side; the other agrees, rejects it or answers with another."""

    PROPOSED = "proposed"
    AGREED = "agreed"
    COUNTERED = "countered"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"
    SUPERSEDED = "superseded"


class LineResponse(StrEnum):
    """The answer to one row of a schedule (UBL OrderResponse, one OrderLine each)."""

    ACCEPT = "accept"
    REJECT = "reject"
    CHANGE = "change"


PROVEN_BY: Mapping[PerformanceEvent, frozenset[PerformanceEvent]] = {
    event: frozenset([*PerformanceEvent][position:])
    for position, event in enumerate(PerformanceEvent)
}
"""What shows that something has happened: goods that were received have also arrived."""

_S = ScheduleStatus
SCHEDULE = Machine(
    {
        "agree": (frozenset({_S.PROPOSED}), _S.AGREED),
        "counter": (frozenset({_S.PROPOSED}), _S.COUNTERED),
        "reject": (frozenset({_S.PROPOSED}), _S.REJECTED),
        "withdraw": (frozenset({_S.PROPOSED}), _S.WITHDRAWN),
        "supersede": (frozenset({_S.AGREED}), _S.SUPERSEDED),
    }
)

DELIVERED_AT_DESTINATION = frozenset({Incoterm.DAP, Incoterm.DPU, Incoterm.DDP})
"""The D rules. Under all others the seller has delivered before the main carriage."""

LINE_STATUS_CODE: Mapping[LineResponse, str] = {
    LineResponse.ACCEPT: "5",
    LineResponse.REJECT: "7",
    LineResponse.CHANGE: "3",
}
"""UN/CEFACT 1229 as UBL's LineStatusCode: accepted without amendment, not accepted, changed."""


@dataclass(frozen=True, slots=True)
class Row:
    """A row of a schedule as far as the rules look at it; `despatched` is on its way or there."""

    number: int
    item: str
    quantity: Decimal
    ready_by: date | None
    ship_by: date | None
    deliver_by: date | None
    incoterm: Incoterm | None
    tolerance_pct: Decimal = Decimal()
    despatched: Decimal = Decimal()
    replaces: bool = False
    """A replacement of rejected goods: it is not ordered anew."""

    @property
    def most(self) -> Decimal:
        """How much may be despatched for it."""
        return most(self.quantity, self.tolerance_pct)


def contractual_event(incoterm: Incoterm | None) -> ContractualEvent:
    """The date that binds the seller: shipment under the E, F and C rules, delivery under the D
    rules and where goods stay in the country and no rule is named."""
    if incoterm is None or incoterm in DELIVERED_AT_DESTINATION:
        return ContractualEvent.DELIVER_BY
    return ContractualEvent.SHIP_BY


def decisive_event(incoterm: Incoterm | None) -> PerformanceEvent:
    """What must have happened by that date: under EXW the goods lie ready, under the F and C rules
    they are with the carrier, under the D rules they are there; without a rule, received."""
    if incoterm is None:
        return PerformanceEvent.RECEIVED
    if incoterm is Incoterm.EXW:
        return PerformanceEvent.READY
    if incoterm in DELIVERED_AT_DESTINATION:
        return PerformanceEvent.ARRIVED
    return PerformanceEvent.HANDED_OVER


def most(quantity: Decimal, tolerance_pct: Decimal) -> Decimal:
    """The largest quantity that may be despatched for an ordered `quantity`."""
    return quantity * (HUNDRED + tolerance_pct) / HUNDRED


def row_faults(rows: Sequence[Row], *, items: Collection[str]) -> list[Fault]:
    """What is wrong with rows by themselves; `items` are those that the contract is about."""
    faults = []
    seen: set[int] = set()
    for index, row in enumerate(rows):
        at = f"#/rows/{index}"
        if row.number in seen:
            faults.append(Fault(f"{at}/number", "row_twice", "stands twice in the schedule"))
        seen.add(row.number)
        if row.item not in items:
            faults.append(Fault(f"{at}/item_id", "unknown_item", "is no item of the contract"))
        faults += _date_faults(at, row)
    return faults


def quantity_faults(
    rows: Sequence[Row], ordered: Mapping[str, Decimal], rationale: RationaleType | None
) -> list[Fault]:
    """Items whose rows together are not what was ordered.

    A change for cuts of volume may order less, one for additional procurement more.
    """
    faults = []
    for item, quantity in ordered.items():
        total = sum((row.quantity for row in rows if row.item == item), Decimal())
        fits = (
            total == quantity
            or (rationale is RationaleType.VOLUME_CUTS and total < quantity)
            or (rationale is RationaleType.ADDITIONAL_PROCUREMENT and total > quantity)
        )
        if not fits:
            detail = f"the rows of {item} add up to {total:f}, and {quantity:f} is ordered"
            faults.append(Fault("#/rows", "quantity_differs", detail))
    return faults


def amendment_faults(rows: Sequence[Row], in_force: Sequence[Row]) -> list[Fault]:
    """What an amendment may not do to rows of which goods have been despatched."""
    kept = {row.number: (index, row) for index, row in enumerate(rows)}
    faults = []
    for old in in_force:
        if not old.despatched:
            continue
        if old.number not in kept and old.replaces:
            continue
        if old.number not in kept:
            detail = f"row {old.number} has goods on their way: it cannot be left out"
            faults.append(Fault("#/rows", "row_despatched", detail))
            continue
        index, new = kept[old.number]
        if new.item != old.item:
            detail = "goods were despatched for this row: its item stays"
            faults.append(Fault(f"#/rows/{index}/item_id", "row_despatched", detail))
        if new.most < old.despatched:
            detail = f"{old.despatched:f} is despatched already"
            faults.append(Fault(f"#/rows/{index}/quantity", "below_despatched", detail))
    return faults


def replacement_faults(rows: Sequence[Row], in_force: Sequence[Row]) -> list[Fault]:
    """What an amendment may not do to replacements: their days and places may change, what is to be
    replaced stays. One that it leaves out stays as it is."""
    kept = {row.number: (index, row) for index, row in enumerate(rows)}
    faults = []
    for old in in_force:
        if not old.replaces or old.number not in kept:
            continue
        index, new = kept[old.number]
        detail = f"row {old.number} replaces {old.quantity:f} of {old.item}, which were rejected"
        for field, same in (
            ("item_id", new.item == old.item),
            ("quantity", new.quantity == old.quantity),
        ):
            if not same:
                faults.append(Fault(f"#/rows/{index}/{field}", "replacement_differs", detail))
    return faults


def free_number(taken: Collection[int], most: int) -> int:
    """A number for one more row: after the largest, or the lowest that is free if that is `most`."""
    after = max(taken, default=0) + 1
    return after if after <= most else min({*range(1, most + 1)} - {*taken})


def outcome(answers: Collection[LineResponse]) -> str:
    """The action of the schedule's machine that the answers to its rows amount to."""
    if LineResponse.REJECT in answers:
        return "reject"
    return "counter" if LineResponse.CHANGE in answers else "agree"


def _date_faults(at: str, row: Row) -> list[Fault]:
    faults = []
    event = contractual_event(row.incoterm)
    if getattr(row, event) is None:
        rule = row.incoterm or "delivery without an Incoterm"
        faults.append(Fault(f"{at}/{event}", "date_missing", f"{rule} needs this date"))
    known = [("ready_by", row.ready_by), ("ship_by", row.ship_by), ("deliver_by", row.deliver_by)]
    dates = [(name, day) for name, day in known if day is not None]
    for (earlier, before), (later, after) in itertools.pairwise(dates):
        if after < before:
            faults.append(Fault(f"{at}/{later}", "dates_backward", f"lies before {earlier}"))
    return faults
