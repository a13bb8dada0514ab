"""The rows of schedules: what they must be, and those in force. Never commits."""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlmodel import Session, col, select

from api.contracts import ordered_items
from api.contracts.models import Contract, ContractChange, DeliverySchedule
from api.contracts.models import DeliveryScheduleRow as InForce
from api.contracts.ordered_items import Ordered
from api.contracts.schemas import ScheduleRowIn
from api.core import db, ids
from api.core.errors import FieldError, Invalid
from api.reference import service as reference
from api.rules import incoterms
from api.rules import schedules as rules
from api.rules.incoterms import Severity
from api.rules.schedules import Row
from api.rules.tenders import Fault


def in_force(session: Session, contract_id: UUID) -> Sequence[InForce]:
    """The rows in force of a contract, by number."""
    session.flush()
    query = select(InForce).where(
        InForce.contract_id == contract_id, col(InForce.withdrawn_at).is_(None)
    )
    return session.exec(query.order_by(col(InForce.number))).all()


def lock(session: Session, contract_id: UUID, row_ids: Iterable[UUID]) -> dict[UUID, InForce]:
    """Those of these rows that are in force in the contract, locked, in the order of their ids."""
    session.flush()
    query = select(InForce).where(
        InForce.contract_id == contract_id,
        col(InForce.id).in_({*row_ids}),
        col(InForce.withdrawn_at).is_(None),
    )
    locked = query.order_by(col(InForce.id)).with_for_update()
    rows = session.exec(locked.execution_options(populate_existing=True)).all()
    return {row.id: row for row in rows}


def completed(
    session: Session,
    contract: Contract,
    rows: Sequence[ScheduleRowIn],
    change: ContractChange | None,
) -> list[ScheduleRowIn]:
    """The rows with the terms of the bid or order where they say none; Invalid when they do not fit.

    Without a `change` they are exactly what was ordered, on those terms. Replacements of
    rejected goods are no part of what was ordered.
    """
    items = ordered_items.of(session, contract)
    known = reference.places(session, {row.place_code for row in rows})
    reference.ensure_places(
        session, {row.place_code: f"#/rows/{n}/place_code" for n, row in enumerate(rows)}
    )
    full = [_with_terms(row, items.get(row.item_id)) for row in rows]
    current = in_force(session, contract.id)
    faults = [
        *_faults(full, items, current, change),
        *(
            fault
            for n, row in enumerate(full)
            for fault in (
                *_term_faults(n, row, known[row.place_code].country),
                *_deviation_faults(n, row, items.get(row.item_id)),
            )
        ),
    ]
    if change is None:
        faults += _bid_faults(full, items)
    _raise(faults, "#/schedule" if change is not None else "#/rows")
    return full


def put_in_force(
    session: Session,
    contract: Contract,
    schedule: DeliverySchedule,
    rows: Sequence[ScheduleRowIn],
    change: ContractChange | None,
) -> None:
    """Make the rows in force those of an agreed schedule; rows that it leaves out are withdrawn,
    but for replacements of rejected goods.

    Raises Invalid when goods were despatched meanwhile that no longer fit.
    """
    session.flush()
    query = select(InForce).where(InForce.contract_id == contract.id)
    locked = query.order_by(col(InForce.id)).with_for_update()
    there = session.exec(locked.execution_options(populate_existing=True)).all()
    items = ordered_items.of(session, contract)
    rows = [_with_terms(row, items.get(row.item_id)) for row in rows]
    current = [row for row in there if row.withdrawn_at is None]
    _raise(_faults(rows, items, current, change), "#/rows")
    by_number = {row.number: row for row in there}
    for given in rows:
        row = by_number.pop(given.number, None)
        values = _values(given, items[given.item_id], schedule)
        if row is None:
            session.add(InForce(contract_id=contract.id, number=given.number, **values))
            continue
        for name, value in values.items():
            setattr(row, name, value)
        row.withdrawn_at = None
        row.version += 1
        session.add(row)
    now = db.now(session)
    for left in by_number.values():
        if left.withdrawn_at is None and left.replaces_row_id is None:
            left.withdrawn_at = now
            left.version += 1
            session.add(left)
    session.flush()


def _values(given: ScheduleRowIn, item: Ordered, schedule: DeliverySchedule) -> dict[str, Any]:
    copied = given.model_dump(exclude={"number", "item_id", "incoterm_version", "deviations"})
    return {
        **copied,
        "deviations": [each.value for each in given.deviations or ()],
        "item_id": item.id,
        "order_line_id": item.order_line_id,
        "schedule_id": schedule.id,
        "unit_code": item.unit_code,
        "incoterm_version": None if given.incoterm is None else given.incoterm_version,
        "contractual_event": rules.contractual_event(given.incoterm),
    }


def _with_terms(row: ScheduleRowIn, found: Ordered | None) -> ScheduleRowIn:
    """The row on the terms of the bid, where it says none."""
    if found is not None and row.incoterm is None and found.incoterm is not None:
        place = row.named_place or found.named_place
        row = row.model_copy(update={"incoterm": found.incoterm, "named_place": place})
    if row.deviations is not None:
        return row
    same = found is not None and row.incoterm is not None and row.incoterm is found.incoterm
    taken = [*found.deviations] if found is not None and same else []
    return row.model_copy(update={"deviations": taken})


def _faults(
    rows: Sequence[ScheduleRowIn],
    items: Mapping[UUID, Ordered],
    current: Sequence[InForce],
    change: ContractChange | None,
) -> list[Fault]:
    wanted = [_row(row) for row in rows]
    before = [_row(row) for row in current]
    replacing = {row.number for row in before if row.replaces}
    ordered_now = [row for row in wanted if row.number not in replacing]
    totals = {_shown(item_id): found.quantity for item_id, found in items.items()}
    if current:
        totals = dict.fromkeys(totals, Decimal())
        for row in before:
            if not row.replaces:
                totals[row.item] = totals.get(row.item, Decimal()) + row.quantity
    return [
        *rules.row_faults(wanted, items={*totals}),
        *rules.quantity_faults(
            ordered_now, totals, None if change is None else change.rationale_type
        ),
        *rules.amendment_faults(wanted, before),
        *rules.replacement_faults(wanted, before),
    ]


def _bid_faults(rows: Sequence[ScheduleRowIn], items: Mapping[UUID, Ordered]) -> list[Fault]:
    faults = []
    for n, row in enumerate(rows):
        found = items.get(row.item_id)
        if found is None or found.incoterm is None:
            continue
        at = f"#/rows/{n}"
        if row.incoterm is not found.incoterm:
            detail = f"what was agreed is {found.incoterm}"
            faults.append(Fault(f"{at}/incoterm", "incoterm_differs", detail))
        elif {*(row.deviations or ())} != {*found.deviations}:
            agreed = ", ".join(found.deviations) or "nothing"
            detail = f"the bid agrees {agreed} otherwise than by {found.incoterm}"
            faults.append(Fault(f"{at}/deviations", "deviations_differ", detail))
    return faults


def _deviation_faults(n: int, row: ScheduleRowIn, found: Ordered | None) -> list[Fault]:
    """Deviations that do not fit the row's Incoterm. Whether goods are delivered at the seller's
    premises is said by the bid, about its own Incoterm."""
    premises = found is not None and row.incoterm is found.incoterm and found.is_seller_premises
    return [
        Fault(f"#/rows/{n}/deviations/{each.index}", each.code, each.detail)
        for each in incoterms.deviation_faults(
            row.incoterm, row.deviations or (), is_seller_premises=premises
        )
    ]


def _term_faults(n: int, row: ScheduleRowIn, country: str) -> list[Fault]:
    if row.incoterm is None:
        if row.named_place is None:
            return []
        detail = "a place is named by an Incoterm"
        return [Fault(f"#/rows/{n}/named_place", "incoterm_missing", detail)]
    faults = [
        Fault(f"#/rows/{n}/incoterm", finding.code, finding.detail)
        for finding in incoterms.check(row.incoterm, None, country)
        if finding.severity is Severity.BLOCKER
    ]
    if row.named_place is None:
        detail = "an Incoterm names its place"
        faults.append(Fault(f"#/rows/{n}/named_place", "place_missing", detail))
    return faults


def _row(row: ScheduleRowIn | InForce) -> Row:
    there = row if isinstance(row, InForce) else None
    return Row(
        number=row.number,
        item=_shown(row.item_id),
        quantity=row.quantity,
        ready_by=row.ready_by,
        ship_by=row.ship_by,
        deliver_by=row.deliver_by,
        incoterm=row.incoterm,
        tolerance_pct=row.tolerance_pct,
        despatched=Decimal() if there is None else there.despatched_quantity,
        replaces=there is not None and there.replaces_row_id is not None,
    )


def _shown(item_id: UUID) -> str:
    return ids.show("item", item_id)


def _raise(faults: Sequence[Fault], root: str) -> None:
    if faults:
        errors = [
            FieldError(pointer=f.pointer.replace("#/rows", root, 1), code=f.code, detail=f.detail)
            for f in faults
        ]
        raise Invalid(errors[0].detail if len(errors) == 1 else None, errors=errors)
