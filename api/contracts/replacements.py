"""Goods that replace rejected ones: a row of the schedule of their own. Never commits."""

from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlmodel import Session, col, func, select

from api.contracts import service
from api.contracts.models import Acceptance, Contract, DeliverySchedule, DeliveryScheduleRow
from api.contracts.schemas.schedules import MAX_NUMBER
from api.core.errors import refused
from api.core.outbox import emit
from api.rules import schedules as rules
from api.rules.contracts import ContractStatus
from api.rules.offers import plain
from api.rules.schedules import ContractualEvent

EVENT = "contract.replacement_ordered"


def order(
    session: Session,
    contract: Contract,
    acceptance: Acceptance,
    *,
    quantity: Decimal,
    due: date,
    actor: str,
) -> UUID | None:
    """Add the row by which a rejected quantity is replaced; the id of that row, or None after the
    end of the contract.

    It has the place and the terms of the row of the rejected goods and no tolerance, and `due` is the
    day that binds under those terms. What is ordered and what it costs stay as they are.
    """
    if contract.status is not ContractStatus.ACTIVE:
        return None
    rejected = session.get_one(DeliveryScheduleRow, acceptance.schedule_row_id)
    binding = rejected.contractual_event
    row = DeliveryScheduleRow(
        contract_id=contract.id,
        schedule_id=rejected.schedule_id,
        number=_free_number(session, contract),
        item_id=rejected.item_id,
        order_line_id=rejected.order_line_id,
        quantity=quantity,
        unit_code=rejected.unit_code,
        ship_by=due if binding is ContractualEvent.SHIP_BY else None,
        deliver_by=due if binding is ContractualEvent.DELIVER_BY else None,
        place_code=rejected.place_code,
        delivery_address=rejected.delivery_address,
        incoterm=rejected.incoterm,
        incoterm_version=rejected.incoterm_version,
        named_place=rejected.named_place,
        deviations=rejected.deviations,
        contractual_event=binding,
        replaces_row_id=rejected.id,
    )
    session.add(row)
    session.flush()
    told: dict[str, Any] = {
        "row": row.id.hex,
        "acceptance": acceptance.number,
        "quantity": plain(quantity),
        "due_date": due.isoformat(),
    }
    service.log(session, contract, "order_replacement", actor, told)
    emit(
        session,
        EVENT,
        contract.id,
        org_id=contract.buyer_id,
        also=contract.suppliers,
        **contract.origin,
        version=contract.version,
        **told,
    )
    return row.id


def replaced(
    session: Session,
    row: DeliveryScheduleRow,
    named: Acceptance | None,
    delivered: Decimal,
) -> UUID | None:
    """The acceptance whose rejected goods a quantity of `row` replaces: that which the row was added
    for, or the one that was `named`. None: these goods replace nothing.

    Raises Invalid when another is named than the row is for, when those goods have a row of their own,
    or when so much was not rejected.
    """
    found = _bound(session, row) or named
    if found is None:
        return None
    if named is not None and named.id != found.id:
        detail = f"Row {row.number} replaces what number {found.number} rejected."
        raise refused("#/replaces", "replaces_another", detail)
    if found.replacement_row_id not in (None, row.id):
        detail = "What was rejected there is replaced by a row of its own."
        raise refused("#/replaces", "replaced_by_row", detail)
    before = session.exec(
        select(func.coalesce(func.sum(Acceptance.delivered_quantity), 0)).where(
            Acceptance.replaces_id == found.id
        )
    ).one()
    left = found.rejected_quantity - before
    if delivered > left:
        detail = f"{plain(left)} of what was rejected there is not replaced yet."
        raise refused("#/replaces", "not_rejected", detail)
    return found.id


def root_of(rows: dict[UUID, DeliveryScheduleRow], row_id: UUID) -> UUID:
    """The ordered row whose goods a row replaces, over replacements of replacements; itself if none.

    `rows` are those in force, by their ids.
    """
    while (row := rows.get(row_id)) is not None and row.replaces_row_id is not None:
        row_id = row.replaces_row_id
    return row_id


def _bound(session: Session, row: DeliveryScheduleRow) -> Acceptance | None:
    if row.replaces_row_id is None:
        return None
    query = select(Acceptance).where(Acceptance.replacement_row_id == row.id)
    return session.exec(query).one()


def _free_number(session: Session, contract: Contract) -> int:
    """A number that no row has, and none that was ever proposed: an amendment may be waiting."""
    rows = select(DeliveryScheduleRow.number).where(DeliveryScheduleRow.contract_id == contract.id)
    proposed = select(DeliverySchedule.rows).where(DeliverySchedule.contract_id == contract.id)
    taken = {*session.exec(rows)}
    for each in session.exec(proposed.order_by(col(DeliverySchedule.number))):
        taken |= {row["number"] for row in each}
    return rules.free_number(taken, MAX_NUMBER)
