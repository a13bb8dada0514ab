"""Excuses of suppliers and claims of buyers for liquidated damages. Never commits.

Functions take the contract locked (`execution.hold`), so that what is computed from facts and what
is decided about it cannot cross.
"""

from collections.abc import Sequence
from decimal import Decimal
from uuid import UUID

from sqlmodel import Session, col, select

from api.contracts import damages, execution
from api.contracts.execution_problems import ClaimOpen, FactsChanged, NothingDue, SameAuthor
from api.contracts.models import Contract, DeliveryExcuse, LdClaim
from api.contracts.penalty import files
from api.contracts.schemas.penalties import ExcuseIn
from api.core import db
from api.core.errors import Conflict, NotFound, refused
from api.rules.claims import CLAIM, EXCUSE, OPEN, ClaimStatus
from api.rules.clock import local_date
from api.rules.offers import plain
from api.rules.penalties import EVIDENCE
from api.rules.states import IllegalTransition


def submit_excuse(
    session: Session, contract: Contract, *, org_id: UUID, actor: str, data: ExcuseIn
) -> DeliveryExcuse:
    """Days that are not the supplier's, with the paper that proves it. Raises Invalid."""
    if data.evidence is not EVIDENCE[data.kind]:
        detail = f"{data.kind} is proved by {EVIDENCE[data.kind]}."
        raise refused("#/evidence", "does_not_prove", detail)
    if data.first_date > local_date(db.now(session)):
        raise refused("#/first_date", "in_future", "What has not begun excuses nothing.")
    execution.require_rows(session, contract, data.schedule_row_ids)
    laid = execution.lay(
        session, contract, org_id=org_id, document_id=data.document_id, pointer="#/document_id"
    )
    excuse = DeliveryExcuse(
        contract_id=contract.id,
        number=len(excuses(session, contract)) + 1,
        kind=data.kind,
        first_date=data.first_date,
        last_date=data.last_date,
        schedule_row_ids=[*dict.fromkeys(data.schedule_row_ids)],
        evidence=data.evidence,
        issuer=data.issuer,
        reference=data.reference,
        document_id=laid.document_id,
        document_sha256=laid.sha256,
        submitted_by=org_id,
        submitted_at=db.now(session),
    )
    session.add(excuse)
    change = {"number": excuse.number, "kind": excuse.kind, "document": excuse.document_sha256}
    execution.record(session, contract, "submit_excuse", actor, change)
    return excuse


def decide_excuse(
    session: Session,
    contract: Contract,
    *,
    number: int,
    actor: str,
    action: str,
    reason: str | None,
) -> DeliveryExcuse:
    """`accept` or `refuse` an excuse as the buyer; from then on an accepted one counts.

    Raises NotFound or Conflict.
    """
    excuse = next((each for each in excuses(session, contract) if each.number == number), None)
    if excuse is None:
        raise NotFound
    try:
        excuse.status = EXCUSE.apply(action, excuse.status)
    except IllegalTransition as error:
        raise Conflict(str(error)) from error
    excuse.decided_by, excuse.decided_at, excuse.reason = actor, db.now(session), reason
    excuse.version += 1
    session.add(excuse)
    change = {"number": number, "status": excuse.status, "reason": reason}
    event = f"excuse.{excuse.status}"
    execution.record(
        session, contract, f"{action}_excuse", actor, change, event=event, resource=excuse.id
    )
    return excuse


def excuses(session: Session, contract: Contract) -> Sequence[DeliveryExcuse]:
    """The excuses of a contract, in order."""
    session.flush()
    query = select(DeliveryExcuse).where(DeliveryExcuse.contract_id == contract.id)
    return session.exec(query.order_by(col(DeliveryExcuse.number))).all()


def draft(session: Session, contract: Contract, *, actor: str) -> LdClaim:
    """Draw a claim up from the facts as they stand, less what earlier claims brought.

    Raises NoPenaltyTerms, PriceUnknown, CalendarYearMissing, ClaimOpen or NothingDue.
    """
    earlier = claims(session, contract)
    if any(each.status in OPEN for each in earlier):
        raise ClaimOpen
    now = db.now(session)
    text = damages.file(session, contract, as_of=now)
    total = files.result_of(text).total
    agreed = [each.amount for each in earlier if each.status is ClaimStatus.AGREED]
    before = sum(agreed, Decimal())
    if total <= before:
        raise NothingDue(f"Damages are {plain(total)}, and {plain(before)} is agreed already.")
    claim = LdClaim(
        contract_id=contract.id,
        number=len(earlier) + 1,
        as_of=now,
        computed_amount=total,
        agreed_before=before,
        amount=total - before,
        currency=contract.value_currency,
        file=text,
        sha256=files.sha256(text),
        drafted_by=actor,
        drafted_at=now,
    )
    session.add(claim)
    _log(session, contract, claim, "draft", actor)
    return claim


def raise_(session: Session, contract: Contract, claim: LdClaim, *, actor: str) -> LdClaim:
    """Put a drafted claim to the supplier, by somebody else than drafted it.

    Raises SameAuthor, FactsChanged when the arithmetic of its day is no longer the same, or Conflict.
    """
    if claim.drafted_by == actor:
        raise SameAuthor
    if files.sha256(damages.file(session, contract, as_of=claim.as_of)) != claim.sha256:
        raise FactsChanged("Waive the draft, and draw it up anew.")
    claim.raised_by, claim.raised_at = actor, db.now(session)
    _move(session, contract, claim, "raise", actor)
    return claim


def contest(
    session: Session, contract: Contract, claim: LdClaim, *, actor: str, reason: str
) -> LdClaim:
    """Say as the supplier why a claim is wrong. Raises Conflict."""
    claim.contested_at, claim.contest_reason = db.now(session), reason
    _move(session, contract, claim, "contest", actor)
    return claim


def agree(session: Session, contract: Contract, claim: LdClaim, *, actor: str) -> LdClaim:
    """Accept a claim as the supplier: its amount is owed. Raises Conflict."""
    claim.agreed_by, claim.agreed_at = actor, db.now(session)
    _move(session, contract, claim, "agree", actor)
    return claim


def waive(
    session: Session, contract: Contract, claim: LdClaim, *, actor: str, reason: str
) -> LdClaim:
    """Give a claim up as the buyer, by somebody else than drafted it. Raises SameAuthor, Conflict."""
    if claim.drafted_by == actor:
        raise SameAuthor
    claim.waived_by, claim.waived_at, claim.waiver_reason = actor, db.now(session), reason
    _move(session, contract, claim, "waive", actor)
    return claim


def claims(session: Session, contract: Contract) -> Sequence[LdClaim]:
    """The claims of a contract, in order."""
    session.flush()
    query = select(LdClaim).where(LdClaim.contract_id == contract.id)
    return session.exec(query.order_by(col(LdClaim.number))).all()


def claim_of(session: Session, contract: Contract, number: int) -> LdClaim:
    """A claim by its number; NotFound."""
    found = next((each for each in claims(session, contract) if each.number == number), None)
    if found is None:
        raise NotFound
    return found


def _move(session: Session, contract: Contract, claim: LdClaim, action: str, actor: str) -> None:
    """The one place that writes `ld_claim.status`."""
    try:
        claim.status = CLAIM.apply(action, claim.status)
    except IllegalTransition as error:
        raise Conflict(str(error)) from error
    claim.version += 1
    _log(session, contract, claim, action, actor)


_EVENTS = {"raise": "raised", "contest": "contested", "agree": "agreed", "waive": "waived"}


def _log(session: Session, contract: Contract, claim: LdClaim, action: str, actor: str) -> None:
    session.add(claim)
    change = {
        "number": claim.number,
        "status": claim.status,
        "amount": plain(claim.amount),
        "currency": claim.currency,
        "sha256": claim.sha256,
    }
    event = f"ld_claim.{_EVENTS[action]}" if action in _EVENTS else None
    execution.record(
        session, contract, f"{action}_ld_claim", actor, change, event=event, resource=claim.id
    )
