"""Changes of contracts in force, under the cap of the frozen policy. Never commits.

The contract's row is locked, so that two changes that fit the cap one by one never pass together.
"""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlmodel import Session, col, select

from api.contracts import queries, schedules, service
from api.contracts.bases import Basis
from api.contracts.models import Contract, ContractChange
from api.contracts.problems import CapExceeded, OwnChange
from api.contracts.schemas import ChangeIn
from api.core import db
from api.core.errors import Conflict, NotFound, refused
from api.core.outbox import emit
from api.procurement.models import Tender
from api.procurement.service import draws, policies
from api.rules import contracts as rules
from api.rules.contracts import CHANGE, ChangeStatus, ContractStatus
from api.rules.offers import plain
from api.rules.states import IllegalTransition


def propose(
    session: Session,
    basis: Basis,
    contract: Contract,
    *,
    org_id: UUID,
    actor: str,
    data: ChangeIn,
) -> ContractChange:
    """A change that waits for the other side, with the schedule that it brings, if it does.

    Raises CapExceeded, ScheduleMissing, Conflict or Invalid.
    """
    queries.side_of(contract, org_id)
    _require_room(session, basis, contract, data.value_delta)
    change = ContractChange(
        contract_id=contract.id,
        number=len(list_changes(session, contract)) + 1,
        rationale_type=data.rationale_type,
        rationale=data.rationale,
        value_delta=data.value_delta,
        proposed_by=org_id,
        proposed_at=db.now(session),
    )
    session.add(change)
    contract.version += 1
    service.log(session, contract, "propose_change", actor, _told(change))
    if data.schedule is not None:
        schedules.propose_amendment(session, contract, change, actor=actor, rows=data.schedule)
    return change


def agree(
    session: Session,
    basis: Basis,
    contract: Contract,
    *,
    number: int,
    org_id: UUID,
    actor: str,
) -> ContractChange:
    """Put the other side's change in force, and its schedule with it; of a call-off, it draws on
    the agreement.

    Raises OwnChange, CapExceeded, CeilingExceeded, ScheduleOutdated, Conflict, Invalid or NotFound.
    """
    queries.side_of(contract, org_id)
    change = next((c for c in list_changes(session, contract) if c.number == number), None)
    if change is None:
        raise NotFound
    if change.proposed_by == org_id:
        raise OwnChange
    if change.status is not ChangeStatus.PENDING:
        raise Conflict("The change is in force already.")
    _require_room(session, basis, contract, change.value_delta)
    if isinstance(basis, Tender):
        held = [award.id for award in queries.awards_of(session, contract)]
        draws.change(session, basis, held, change.value_delta)
    change.agreed_by, change.agreed_at = org_id, db.now(session)
    _move(session, contract, change, "agree", actor)
    schedules.agree_amendment(session, contract, change, org_id=org_id, actor=actor)
    return change


def list_changes(session: Session, contract: Contract) -> Sequence[ContractChange]:
    """The changes of a contract, in order."""
    session.flush()
    return session.exec(
        select(ContractChange)
        .where(ContractChange.contract_id == contract.id)
        .order_by(col(ContractChange.number))
    ).all()


def _require_room(session: Session, basis: Basis, contract: Contract, delta: Decimal) -> None:
    if contract.status is not ContractStatus.ACTIVE:
        raise Conflict(f"The contract is {contract.status}: only one in force is changed.")
    if contract.value_amount + delta <= 0:
        raise refused("#/value_delta", "value_not_positive", "The value must stay above zero.")
    cap = policies.policy_of(basis).contract_change_cap_bp
    active = [c.value_delta for c in list_changes(session, contract) if c.agreed_at is not None]
    if delta > 0 and rules.exceeds_cap(contract.original_amount, [*active, delta], cap):
        raise CapExceeded(f"All changes together may add {cap / 100} % to the value.")


def _move(
    session: Session, contract: Contract, change: ContractChange, action: str, actor: str
) -> None:
    """The one place that writes `contract_change.status`, and the value with it."""
    try:
        change.status = CHANGE.apply(action, change.status)
    except IllegalTransition as error:
        raise Conflict(str(error)) from error
    contract.value_amount += change.value_delta
    contract.version += 1
    session.add(change)
    service.log(session, contract, "agree_change", actor, _told(change))
    emit(
        session,
        "contract.changed",
        contract.id,
        org_id=contract.buyer_id,
        also=contract.suppliers,
        public=contract.is_public,
        **contract.origin,
        number=change.number,
        version=contract.version,
    )


def _told(change: ContractChange) -> dict[str, Any]:
    return {
        "number": change.number,
        "rationale_type": change.rationale_type,
        "value_delta": plain(change.value_delta),
    }
