"""Liquidated damages that a contract agrees on: taken from the frozen policy of its tender or order,
told in the document that is signed, kept with the contract from its signature on. Never commits."""

from typing import Any

from sqlmodel import Session, select

from api.contracts.bases import Basis
from api.contracts.execution_problems import NoPenaltyTerms
from api.contracts.models import Contract, ContractPenalty
from api.contracts.penalty import files
from api.procurement.service import policies
from api.rules.penalties import PenaltyTerms

PARAMETER = "late_delivery_penalty"


def terms_of(basis: Basis) -> PenaltyTerms | None:
    """What the frozen policy of a tender or an order says of late delivery; None when it says nothing."""
    policy = policies.policy_of(basis)
    found = policy.late_delivery_penalty
    if found is None:
        return None
    source = policies.snapshot_of(basis)["sources"].get(PARAMETER, {})
    return PenaltyTerms(
        rate_bp_per_day=found.rate_bp_per_day,
        cap_bp=found.cap_bp,
        grace_days=found.grace_days,
        unit=found.unit,
        basis=found.basis,
        calendar=policy.calendar,
        reviewed=bool(source.get("reviewed", False)),
        source=source.get("text", ""),
    )


def told(basis: Basis) -> dict[str, Any] | None:
    """The terms as the document of a contract tells them to who signs it."""
    terms = terms_of(basis)
    return None if terms is None else files.document(terms)


def freeze(session: Session, basis: Basis, contract: Contract) -> None:
    """Keep the terms with a contract that both sides have signed."""
    terms = terms_of(basis)
    if terms is not None:
        session.add(
            ContractPenalty(
                contract_id=contract.id,
                rate_bp_per_day=terms.rate_bp_per_day,
                cap_bp=terms.cap_bp,
                grace_days=terms.grace_days,
                unit=terms.unit,
                basis=terms.basis,
                calendar=terms.calendar,
                reviewed=terms.reviewed,
                source=terms.source,
            )
        )
        session.flush()


def frozen(session: Session, contract: Contract) -> ContractPenalty:
    """The terms of a contract; NoPenaltyTerms."""
    query = select(ContractPenalty).where(ContractPenalty.contract_id == contract.id)
    found = session.exec(query).one_or_none()
    if found is None:
        raise NoPenaltyTerms
    return found
