"""Decisions to keep a security: proposed, approved by another, contested or not, executed. Never
commits.

Every act holds the security's row, so that a return and a decision cannot cross: whichever comes
first refuses the other.
"""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlmodel import Session, col, select

from api.core import audit, db, deadlines
from api.core.errors import Conflict, NotFound, refused
from api.core.outbox import emit
from api.payments.models import Guarantee, Security, SecurityForfeiture
from api.payments.schemas.securities import ForfeitureIn
from api.payments.service import (
    forfeiture_payouts,
    guarantees,
    papers,
    payees,
    posting,
    securities,
    security_accounts,
    security_moves,
    security_queries,
)
from api.payments.service.posting import Posting
from api.payments.service.security_problems import (
    ContestOver,
    ForfeiturePending,
    GuaranteeEnds,
    SameDecider,
)
from api.procurement.models import Tender
from api.procurement.service import policies
from api.rules import guarantees as guarantee_rules
from api.rules import securities as rules
from api.rules.ledger import AccountKey, AccountKind, transfer
from api.rules.securities import (
    DECIDED,
    FORFEITURE,
    PENDING,
    ForfeitureStatus,
    SecurityStatus,
)
from api.rules.states import IllegalTransition
from api.rules.tenders import has_ended

CONTEST_ENDED = "security_forfeiture.contest_ended"
_CHARGED_WITHIN = timedelta(hours=1)
_EVENTS = {
    "propose": "proposed",
    "approve": "approved",
    "contest": "contested",
    "uphold": "upheld",
    "annul": "annulled",
    "withdraw": "withdrawn",
    "execute": "executed",
}


def propose(
    session: Session, security: Security, *, org_id: UUID, data: ForfeitureIn, actor: str
) -> SecurityForfeiture:
    """Propose, as the beneficiary, to keep a held security. Nothing changes yet.

    Raises Conflict, ForfeiturePending, FileWithheld, PayeeUnfit, or Invalid for a ground that the
    rules of the tender do not have.
    """
    _require_held(security)
    terms = securities.terms_of(session.get_one(Tender, security.tender_id), security.kind)
    allowed = rules.grounds(security.kind, terms.forfeiture_grounds)
    if data.ground not in allowed:
        known = ", ".join(sorted(allowed)) or "none"
        raise refused("#/ground", "ground_not_allowed", f"The rules have: {known}.")
    paper = papers.own(
        session, org_id=org_id, document_id=data.document_id, pointer="#/document_id"
    )
    if data.payee_account_id is not None:
        payees.require(session, data.payee_account_id, org_id=org_id, currency=security.currency)
    earlier = of(session, security)
    if any(each.status in PENDING for each in earlier):
        raise ForfeiturePending
    forfeiture = SecurityForfeiture(
        security_id=security.id,
        payer_id=security.payer_id,
        beneficiary_id=security.beneficiary_id,
        number=len(earlier) + 1,
        ground=data.ground,
        reason=data.reason,
        document_id=paper.id,
        document_sha256=paper.sha256,
        payee_account_id=data.payee_account_id,
        proposed_by=actor,
        proposed_at=db.now(session),
    )
    session.add(forfeiture)
    _log(session, security, forfeiture, "propose", actor)
    return forfeiture


def approve(session: Session, security: Security, *, number: int, actor: str) -> SecurityForfeiture:
    """Decide it, as another person of the beneficiary: the payer can contest it from now on. A card is
    charged now (security_cards): its authorisation would not last as long.

    Raises SameDecider, Conflict, or GuaranteeEnds when the guarantee could not be called at the end
    of that time.
    """
    _require_held(security)
    forfeiture = numbered(session, security, number)
    if forfeiture.proposed_by == actor:
        raise SameDecider
    tender, now = session.get_one(Tender, security.tender_id), db.now(session)
    duration = securities.terms_of(tender, security.kind).contest_duration
    until = policies.timetable_of(session, tender).after(now, duration)
    guarantee = _guarantee(session, security)
    if guarantee is not None and not guarantee_rules.can_be_called(
        guarantee.valid_until, guarantee.claim_days, until
    ):
        raise GuaranteeEnds
    forfeiture.approved_by, forfeiture.approved_at = actor, now
    forfeiture.contest_until = until
    _move(session, security, forfeiture, "approve", actor)
    deadlines.arm(session, CONTEST_ENDED, forfeiture.id, until, org_id=None)
    return forfeiture


def contest(
    session: Session, security: Security, *, number: int, actor: str, reason: str
) -> SecurityForfeiture:
    """Say in time, as the payer, why it is wrong: the reviewers decide. Raises ContestOver, Conflict."""
    forfeiture = numbered(session, security, number)
    now = db.now(session)
    if forfeiture.contest_until is not None and has_ended(forfeiture.contest_until, now):
        raise ContestOver
    forfeiture.contested_at, forfeiture.objection = now, reason
    _move(session, security, forfeiture, "contest", actor)
    return forfeiture


def review(
    session: Session, security: Security, *, number: int, action: str, actor: str, reason: str
) -> SecurityForfeiture:
    """`uphold` or `annul` a contested decision, as the reviewers. Raises Conflict."""
    forfeiture = numbered(session, security, number)
    now = db.now(session)
    forfeiture.reviewed_by, forfeiture.reviewed_at, forfeiture.review = actor, now, reason
    _move(session, security, forfeiture, action, actor)
    if forfeiture.status is ForfeitureStatus.UPHELD:
        deadlines.arm(session, CONTEST_ENDED, forfeiture.id, now, org_id=None)
    else:
        securities.arm(session, security)
    return forfeiture


def withdraw(
    session: Session, security: Security, *, number: int, actor: str, reason: str
) -> SecurityForfeiture:
    """Give a decision up that is not executed, as the beneficiary. Raises Conflict."""
    forfeiture = numbered(session, security, number)
    _move(session, security, forfeiture, "withdraw", actor, reason=reason)
    securities.arm(session, security)
    return forfeiture


def execute_due(session: Session, forfeiture_id: UUID) -> bool:
    """Keep a security whose decision stands and can no longer be contested; for the workers.

    Money is owed to the beneficiary from now on, and paid; payment of a guarantee is demanded. False:
    there is nothing to execute (any more), the card is not charged yet, or its payment is disputed.
    """
    known = session.get(SecurityForfeiture, forfeiture_id)
    if known is None:
        return False
    security = security_queries.locked(session, col(Security.id) == known.security_id)
    forfeiture = session.get(SecurityForfeiture, forfeiture_id, populate_existing=True)
    if security is None or forfeiture is None or not _can_be_executed(session, forfeiture):
        return False
    if security.status is not SecurityStatus.HELD:
        _move(session, security, forfeiture, "withdraw", securities.SYSTEM, reason="not held")
        return False
    if security_queries.is_disputed(session, security.id):
        return False
    guarantee = _guarantee(session, security)
    if guarantee is None and security.received_amount < security.amount:
        later = db.now(session) + _CHARGED_WITHIN
        deadlines.arm(session, CONTEST_ENDED, forfeiture.id, later, org_id=None)
        return False
    if guarantee is not None:
        guarantees.call(
            session,
            guarantee,
            actor=securities.SYSTEM,
            demand=forfeiture.reason,
            sha256=forfeiture.document_sha256,
        )
    else:
        _book(session, security)
    forfeiture.executed_at = now = db.now(session)
    _move(session, security, forfeiture, "execute", securities.SYSTEM)
    security.forfeited_at = now
    security_moves.move(session, security, "forfeit", securities.SYSTEM)
    if guarantee is None:
        forfeiture_payouts.pay(session, forfeiture, security.amount, security.currency)
    return True


def is_decided(session: Session, security: Security) -> bool:
    """True while a decision to keep the security stands: it is not returned meanwhile."""
    return any(each.status in DECIDED for each in of(session, security))


def of(session: Session, security: Security) -> Sequence[SecurityForfeiture]:
    """The decisions to keep a security, in order."""
    session.flush()
    query = select(SecurityForfeiture).where(SecurityForfeiture.security_id == security.id)
    fresh = query.order_by(col(SecurityForfeiture.number))
    return session.exec(fresh.execution_options(populate_existing=True)).all()


def numbered(session: Session, security: Security, number: int) -> SecurityForfeiture:
    """A decision by its number; NotFound."""
    found = next((each for each in of(session, security) if each.number == number), None)
    if found is None:
        raise NotFound
    return found


def _can_be_executed(session: Session, forfeiture: SecurityForfeiture) -> bool:
    if forfeiture.status is ForfeitureStatus.UPHELD:
        return True
    return (
        forfeiture.status is ForfeitureStatus.APPROVED
        and forfeiture.contest_until is not None
        and has_ended(forfeiture.contest_until, db.now(session))
    )


def _book(session: Session, security: Security) -> None:
    owed = AccountKey(AccountKind.BUYER_PAYABLE, security.currency, security.beneficiary_id)
    account = security_accounts.key(security)
    posting.post(
        session,
        Posting(
            key=f"security.forfeited:{security.id}",
            kind="security.forfeited",
            entries=transfer(account, owed, security.amount),
            actor=securities.SYSTEM,
            resource_id=security.id,
        ),
        {
            security.id: [security.payer_id],
            security.beneficiary_id: [security.beneficiary_id],
        },
    )


def _guarantee(session: Session, security: Security) -> Guarantee | None:
    if security.guarantee_id is None:
        return None
    return guarantees.locked(session, security.guarantee_id)


def _require_held(security: Security) -> None:
    if security.status is not SecurityStatus.HELD:
        raise Conflict(f"The security is {security.status}.")


def _move(
    session: Session,
    security: Security,
    forfeiture: SecurityForfeiture,
    action: str,
    actor: str,
    **told: str,
) -> None:
    """The one place that writes `security_forfeiture.status`."""
    try:
        forfeiture.status = FORFEITURE.apply(action, forfeiture.status)
    except IllegalTransition as error:
        raise Conflict(str(error)) from error
    session.add(forfeiture)
    _log(session, security, forfeiture, action, actor, **told)


def _log(
    session: Session,
    security: Security,
    forfeiture: SecurityForfeiture,
    action: str,
    actor: str,
    **told: str,
) -> None:
    session.flush()
    change: dict[str, Any] = {
        "number": forfeiture.number,
        "status": forfeiture.status,
        "ground": forfeiture.ground,
        "sha256": forfeiture.document_sha256,
        **told,
    }
    audit.record(
        session,
        f"security:{security.id.hex}",
        f"{action}_forfeiture",
        actor=actor,
        org_id=security.payer_id,
        change=change,
    )
    emit(
        session,
        f"security_forfeiture.{_EVENTS[action]}",
        security.id,
        org_id=security.payer_id,
        also=[security.beneficiary_id],
        **change,
    )
