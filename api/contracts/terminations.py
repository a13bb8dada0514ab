"""How a supplier ends a contract: for what the frozen policy of its tender or order allows, after notice, or
because both sides give it up.

Never commits. The contract's row is locked by the caller.
"""

from datetime import datetime
from typing import Any, NamedTuple

from sqlmodel import Session

from api.contracts.bases import Basis
from api.contracts.models import Contract
from api.contracts.problems import (
    NoticeMissing,
    NoticeRuns,
    TerminationNotAllowed,
    TerminationNotProposed,
)
from api.core import db
from api.core.errors import Conflict
from api.procurement.service import policies
from api.rules.contracts import ContractStatus, TerminationReason
from api.rules.policy import SupplierTermination, TerminationGround
from api.rules.tenders import has_ended

PARAMETER = "supplier_termination"


class Notice(NamedTuple):
    """Why a supplier wishes to end a contract, and from when on it may."""

    ground: TerminationGround
    details: str
    ends_at: datetime


def told(basis: Basis) -> dict[str, Any] | None:
    """The terms as the document of a contract tells them to who signs it; None: there are none."""
    found = _terms(basis)
    if found is None:
        return None
    return {
        "grounds": sorted(found.grounds),
        "notice_days": found.notice.days,
        "notice_unit": found.notice.unit.value,
    }


def give_notice(
    session: Session,
    basis: Basis,
    contract: Contract,
    *,
    ground: TerminationGround,
    details: str,
) -> Notice:
    """Say as the supplier that it will end a contract in force unless the ground falls away.

    Raises Conflict, or TerminationNotAllowed for what the frozen policy does not name.
    """
    if contract.status is not ContractStatus.ACTIVE:
        raise Conflict(f"The contract is {contract.status}.")
    if contract.notice_ground is not None:
        raise Conflict("Notice has been given already.")
    terms = _terms(basis)
    if terms is None or ground not in terms.grounds:
        raise TerminationNotAllowed
    timetable = policies.timetable_of(session, basis)
    notice = Notice(ground, details, timetable.after(db.now(session), terms.notice))
    _write(contract, notice)
    return notice


def withdraw_notice(contract: Contract) -> None:
    """Let a contract go on after all. Raises NoticeMissing."""
    if contract.status is not ContractStatus.ACTIVE or contract.notice_ground is None:
        raise NoticeMissing
    _write(contract, None)


def due(session: Session, contract: Contract) -> tuple[TerminationReason, str]:
    """Why a contract ends whose notice is over, and what was said. NoticeMissing or NoticeRuns."""
    ground, ends_at = contract.notice_ground, contract.notice_ends_at
    if ground is None or ends_at is None:
        raise NoticeMissing
    if not has_ended(ends_at, db.now(session)):
        raise NoticeRuns(f"Until {ends_at.isoformat()}.")
    force = ground is TerminationGround.FORCE_MAJEURE
    reason = TerminationReason.FORCE_MAJEURE if force else TerminationReason.BREACH
    return reason, contract.notice_details or ""


def propose(session: Session, contract: Contract, details: str) -> None:
    """Say as the buyer that both should give a contract in force up. It goes on until the supplier
    agrees; what is proposed again takes the place of the earlier words. Raises Conflict."""
    if contract.status is not ContractStatus.ACTIVE:
        raise Conflict(f"The contract is {contract.status}.")
    contract.termination_proposal, contract.termination_proposed_at = details, db.now(session)
    contract.version += 1


def withdraw_proposal(contract: Contract) -> None:
    """Let a contract go on after all. Raises TerminationNotProposed."""
    proposed(contract)
    contract.termination_proposal = contract.termination_proposed_at = None
    contract.version += 1


def proposed(contract: Contract) -> str:
    """What the buyer said that the supplier may agree to. Raises TerminationNotProposed."""
    if contract.status is not ContractStatus.ACTIVE or contract.termination_proposal is None:
        raise TerminationNotProposed
    return contract.termination_proposal


def _terms(basis: Basis) -> SupplierTermination | None:
    return policies.policy_of(basis).supplier_termination


def _write(contract: Contract, notice: Notice | None) -> None:
    contract.notice_ground = notice and notice.ground
    contract.notice_details = notice and notice.details
    contract.notice_ends_at = notice and notice.ends_at
    contract.version += 1
