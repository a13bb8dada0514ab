"""Contracts: made from awards (or orders, `orders`), signed by both sides, changed, ended. Never
commits.

Whoever signs holds the tender's row, as whoever complains, decides an award or a complaint does:
what keeps a contract from being signed cannot appear between the check and the signature.
"""

import hashlib
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement
from sqlmodel import Session, col, select

from api.contracts import bases, drafting, entry, order_moves, signability, terminations, terms
from api.contracts.bases import Basis
from api.contracts.models import Contract, ContractAward, ContractSignature, PurchaseOrder
from api.contracts.problems import (
    AwardsUnfit,
    SecurityTooHigh,
    SupplierNotAsked,
)
from api.contracts.queries import (
    awards_of,
    get,
    is_taken,
    performer_of,
    side_of,
    signatures,
)
from api.contracts.schemas import ContractIn, NoticeIn, SignIn, TerminateIn
from api.core import audit, db
from api.core.errors import Conflict, NotFound
from api.core.outbox import emit
from api.core.signatures import port
from api.core.signatures.port import Paper
from api.core.signatures.problems import AlreadySigned, DocumentDiffers
from api.identity import debarments
from api.identity import service as identity
from api.procurement import service as procurement
from api.procurement.models import Award, Tender
from api.procurement.service import awards, framework_terms, parties
from api.procurement.service.framework_problems import FrameworkConcludes
from api.rules import contracts as rules
from api.rules.awards import AwardStatus, CancellationCause
from api.rules.contracts import CONTRACT, UNSIGNED, ContractStatus, Side
from api.rules.debarments import DebarmentGround
from api.rules.offers import plain
from api.rules.signatures import SignatureMethod as _M
from api.rules.states import IllegalTransition

_EVENTS = {
    "create": "contract.created",
    "offer": "contract.offered",
    "sign": "contract.signed_by_one",
    "activate": "contract.signed",
    "give_notice": "contract.notice_given",
    "withdraw_notice": "contract.notice_withdrawn",
    "propose_termination": "contract.termination_proposed",
    "withdraw_termination": "contract.termination_withdrawn",
    "terminate": "contract.terminated",
    "cancel": "contract.cancelled",
}
_PUBLIC = ("activate", "terminate")


def create(session: Session, tender: Tender, *, actor: str, data: ContractIn) -> Contract:
    """A contract about active awards of the buyer's locked tender; its value is their sum.

    Raises AwardsUnfit, FrameworkConcludes, SecurityTooHigh, PolicyNotFrozen or NotFound.
    """
    if framework_terms.find(session, tender.id) is not None:
        raise FrameworkConcludes
    chosen = [awards.lock(session, tender, award_id) for award_id in dict.fromkeys(data.award_ids)]
    value = rules.total([award.value for award in chosen])
    active = all(award.status is AwardStatus.ACTIVE for award in chosen)
    suppliers = {tuple(award.suppliers) for award in chosen}
    taken = is_taken(session, [one.id for one in chosen])
    if value is None or not active or len(suppliers) != 1 or taken:
        raise AwardsUnfit
    cap = rules.security_cap(
        value.amount, procurement.policy_of(tender).performance_security_max_bp
    )
    if data.performance_security is not None and data.performance_security > cap:
        raise SecurityTooHigh(f"At most {plain(cap)} {value.currency}.")
    contract = Contract(
        tender_id=tender.id,
        ocid=tender.ocid,
        buyer_id=tender.buyer_id,
        suppliers=[*chosen[0].suppliers],
        original_amount=value.amount,
        value_amount=value.amount,
        value_currency=value.currency,
        performance_security=data.performance_security,
    )
    session.add(contract)
    session.flush()
    session.add_all(ContractAward(contract_id=contract.id, award_id=one.id) for one in chosen)
    change = {"awards": [one.id.hex for one in chosen], "value": plain(value.amount)}
    log(session, contract, "create", actor, change)
    return contract


def offer(session: Session, basis: Basis, contract: Contract, *, actor: str) -> Contract:
    """Freeze the document, and lay it before both sides. They may read it during a standstill."""
    if contract.status is not ContractStatus.PENDING:
        raise Conflict(f"The contract is {contract.status}.")
    document = drafting.document(session, basis, contract)
    contract.document = document
    contract.sha256 = hashlib.sha256(document).hexdigest()
    _move(session, contract, "offer", actor, {"sha256": contract.sha256})
    return contract


def sign(
    session: Session,
    basis: Basis,
    contract: Contract,
    *,
    org_id: UUID,
    actor: str,
    data: SignIn,
) -> Contract:
    """Sign for one side; with the second signature the contract is in force and its lots complete.

    Raises Conflict, DocumentDiffers, AlreadySigned, MethodUnavailable, SignatureRefused,
    SigningBlocked, or SecurityMissing with the second signature.
    """
    side = side_of(contract, org_id)
    if contract.status is not ContractStatus.PENDING_SIGNATURE or contract.document is None:
        raise Conflict(f"The contract is {contract.status}: there is nothing to sign.")
    if data.sha256 != contract.sha256:
        raise DocumentDiffers
    signed = {row.side for row in signatures(session, contract)}
    if side in signed:
        raise AlreadySigned
    now = db.now(session)
    evidence = port.verify(
        data.method,
        Paper(contract.document, drafting.paper_of(contract) if data.method is _M.PADES else None),
        data.signature,
        identifier=identity.get_organisation(session, org_id).identifier_id,
        at=now,
    )
    held = signability.require(session, basis, contract)
    if signed | {side} == set(Side):
        entry.require(session, basis, contract)
    session.add(
        ContractSignature(
            contract_id=contract.id,
            side=side,
            org_id=org_id,
            actor=actor,
            method=data.method,
            sha256=data.sha256,
            signature=data.signature,
            signer=evidence.signer,
            certificate_sha256=evidence.certificate_sha256,
            signed_at=now,
        )
    )
    contract.version += 1
    log(session, contract, "sign", actor, {"side": side, "method": data.method})
    if signed | {side} == set(Side):
        contract.signed_at = now
        _move(session, contract, "activate", actor, {"sha256": contract.sha256})
        terms.freeze(session, basis, contract)
        if isinstance(basis, Tender):
            told = {"contract": contract.id.hex}
            awards.complete(session, basis, held, actor=actor, change=told)
    return contract


def refuse(
    session: Session,
    basis: Basis,
    contract: Contract,
    *,
    org_id: UUID,
    actor: str,
    reason: str,
) -> Contract:
    """The winner refuses to sign: its awards fall, the next bidders' turn comes, and its entry in
    the register of unreliable suppliers is proposed. Of an order, no more than the order falls.

    A buyer reports a refusal once it has signed itself and nothing keeps the supplier from it.
    Raises SupplierNotAsked, SigningBlocked or Conflict.
    """
    if contract.status not in UNSIGNED:
        raise Conflict(f"The contract is {contract.status}.")
    if side_of(contract, org_id) is Side.BUYER:
        if Side.BUYER not in {row.side for row in signatures(session, contract)}:
            raise SupplierNotAsked
        signability.require(session, basis, contract)
    if isinstance(basis, PurchaseOrder):
        _cancel(session, contract, actor=actor, reason=reason)
        order_moves.end(session, basis, "refuse", actor=actor, reason=reason)
        return contract
    tender = basis
    held = [awards.lock(session, tender, award.id) for award in awards_of(session, contract)]
    _cancel(session, contract, actor=actor, reason=reason)
    for award in held:
        if award.status is AwardStatus.ACTIVE:
            awards.cancel(
                session, tender, award, actor=actor, cause=CancellationCause.REFUSAL, reason=reason
            )
    debarments.propose(
        session,
        organisation_id=contract.supplier_id,
        proposed_by=contract.buyer_id,
        actor=actor,
        ground=DebarmentGround.REFUSAL_TO_SIGN,
        reason=reason,
        origin=f"contract:{contract.id.hex}",
        ocid=tender.ocid,
    )
    return contract


def cancel(
    session: Session, contract: Contract, *, actor: str, reason: str, ending: str = "cancel"
) -> Contract:
    """Give up a contract that is not signed; its awards stand, and can be in another contract. An
    order ends with it (`ending` is how), and the buyer can order from another quote."""
    _cancel(session, contract, actor=actor, reason=reason)
    if contract.order_id is not None:
        order = session.get_one(PurchaseOrder, contract.order_id)
        order_moves.end(session, order, ending, actor=actor, reason=reason)
    return contract


def cancel_fallen(session: Session, award_id: UUID) -> bool:
    """Cancel the unsigned contract of an award that fell; for the workers. False: there is none."""
    award = session.get(Award, award_id)
    if award is None or award.status is not AwardStatus.CANCELLED:
        return False
    parties.hold(session, award.tender_id)
    link = session.exec(
        select(ContractAward).where(
            ContractAward.award_id == award_id, col(ContractAward.released_at).is_(None)
        )
    ).one_or_none()
    contract = None if link is None else _locked(session, col(Contract.id) == link.contract_id)
    if contract is None or contract.status not in UNSIGNED:
        return False
    _cancel(session, contract, actor="system:awards", reason="An award in it was cancelled.")
    return True


def terminate(session: Session, contract: Contract, *, actor: str, data: TerminateIn) -> Contract:
    """End a contract in force as its buyer: completed or broken. That both give it up is proposed,
    and nothing ends until the supplier agrees. Raises Conflict."""
    if data.reason is rules.TerminationReason.MUTUAL:
        terminations.propose(session, contract, data.details)
        log(session, contract, "propose_termination", actor, {"details": data.details})
        return contract
    return end(session, contract, actor=actor, side=Side.BUYER, data=data)


def end(
    session: Session, contract: Contract, *, actor: str, side: Side, data: TerminateIn
) -> Contract:
    """End a contract in force for a side that may do so. Raises Conflict."""
    if contract.status is not ContractStatus.ACTIVE:
        raise Conflict(f"The contract is {contract.status}.")
    contract.terminated_at = db.now(session)
    contract.termination_reason, contract.termination_details = data.reason, data.details
    change = {**data.model_dump(mode="json"), "side": side.value}
    _move(session, contract, "terminate", actor, change)
    return contract


def withdraw_termination(session: Session, contract: Contract, *, actor: str) -> Contract:
    """Take the buyer's proposal to give the contract up back. Raises TerminationNotProposed."""
    terminations.withdraw_proposal(contract)
    log(session, contract, "withdraw_termination", actor, {})
    return contract


def agree_termination(session: Session, contract: Contract, *, actor: str) -> Contract:
    """End a contract as its supplier because the buyer proposed it. Raises TerminationNotProposed."""
    details = terminations.proposed(contract)
    data = TerminateIn(reason=rules.TerminationReason.MUTUAL, details=details)
    return end(session, contract, actor=actor, side=Side.SUPPLIER, data=data)


def give_notice(
    session: Session, basis: Basis, contract: Contract, *, actor: str, data: NoticeIn
) -> Contract:
    """Give notice as the supplier of a locked contract. Raises as `terminations.give_notice`."""
    notice = terminations.give_notice(
        session, basis, contract, ground=data.ground, details=data.details
    )
    change = {"ground": notice.ground.value, "ends_at": notice.ends_at.isoformat()}
    log(session, contract, "give_notice", actor, change)
    return contract


def withdraw_notice(session: Session, contract: Contract, *, actor: str) -> Contract:
    """Let a contract go on after all. Raises NoticeMissing."""
    terminations.withdraw_notice(contract)
    log(session, contract, "withdraw_notice", actor, {})
    return contract


def rescind(session: Session, contract: Contract, *, actor: str) -> Contract:
    """End a contract as its supplier, once its notice is over. NoticeMissing, NoticeRuns, Conflict."""
    if contract.status is not ContractStatus.ACTIVE:
        raise Conflict(f"The contract is {contract.status}.")
    reason, details = terminations.due(session, contract)
    data = TerminateIn(reason=reason, details=details)
    return end(session, contract, actor=actor, side=Side.SUPPLIER, data=data)


def hold(
    session: Session, *, org_id: UUID, contract_id: UUID, members: bool = False
) -> tuple[Basis, Contract]:
    """A contract of the caller's side and what it rests on, both locked.

    NotFound for strangers, Forbidden for suppliers that are not their lead, unless the act is for
    all `members`.
    """
    found = get(session, org_id=org_id, contract_id=contract_id)
    (performer_of if members else side_of)(found, org_id)
    basis = bases.hold(session, found)
    locked = _locked(session, col(Contract.id) == contract_id)
    if locked is None:
        raise NotFound
    return basis, locked


def log(
    session: Session, contract: Contract, action: str, actor: str, change: dict[str, Any]
) -> None:
    """The audit entry and the event of an act."""
    session.add(contract)
    session.flush()
    audit.record(
        session,
        f"contract:{contract.id.hex}",
        action,
        actor=actor,
        org_id=contract.buyer_id,
        change={**_basis_of(contract), "status": contract.status, **change},
    )
    if action in _EVENTS:
        emit(
            session,
            _EVENTS[action],
            contract.id,
            org_id=contract.buyer_id,
            also=contract.suppliers,
            public=action in _PUBLIC and contract.is_public,
            **contract.origin,
            status=contract.status,
            version=contract.version,
        )


def _basis_of(contract: Contract) -> dict[str, str]:
    """What a contract rests on, as its trail tells it."""
    if contract.order_id is not None:
        return {"order": contract.order_id.hex}
    return {"tender": contract.tender_id.hex if contract.tender_id else ""}


def _cancel(session: Session, contract: Contract, *, actor: str, reason: str) -> None:
    if contract.status not in UNSIGNED:
        raise Conflict(f"The contract is {contract.status}.")
    now = db.now(session)
    links = session.exec(
        select(ContractAward).where(ContractAward.contract_id == contract.id)
    ).all()
    for link in links:
        link.released_at = now
        session.add(link)
    contract.cancelled_at, contract.cancellation_reason = now, reason
    _move(session, contract, "cancel", actor, {"reason": reason})


def _locked(session: Session, condition: ColumnElement[bool]) -> Contract | None:
    query = select(Contract).where(condition).with_for_update()
    return session.exec(query.execution_options(populate_existing=True)).one_or_none()


def _move(
    session: Session, contract: Contract, action: str, actor: str, change: dict[str, Any]
) -> None:
    """The one place that writes `contract.status`."""
    try:
        contract.status = CONTRACT.apply(action, contract.status)
    except IllegalTransition as error:
        raise Conflict(str(error)) from error
    contract.version += 1
    log(session, contract, action, actor, change)
