"""What securities of bids and of contracts have in common: given, received, held. Never commits."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, select

from api.core import db, deadlines
from api.core.errors import Conflict
from api.payments.models import Guarantee, Security
from api.payments.problems import PayeeUnfit
from api.payments.schemas.securities import SecurityIn
from api.payments.service import (
    advances,
    collections,
    guarantees,
    payees,
    security_accounts,
    security_moves,
    security_queries,
)
from api.payments.service.security_problems import SecuritiesNotHeld, SecurityExists
from api.procurement.models import Bid, Tender
from api.procurement.service import policies
from api.rules import securities as rules
from api.rules.guarantees import GuaranteeKind, GuaranteeStatus, Needed
from api.rules.policy import SecurityTerms
from api.rules.rails import Purpose, RailName
from api.rules.securities import LIVE, ReturnCause, SecurityStatus
from api.rules.tenders import Value

RETURN_DUE = "security.return_due"
SYSTEM = "system:securities"
PURPOSES = {
    GuaranteeKind.BID: Purpose.BID_SECURITY,
    GuaranteeKind.PERFORMANCE: Purpose.PERFORMANCE_SECURITY,
}
"""What the money of a security is for; an advance is secured by a guarantee alone."""


def terms_of(tender: Tender, kind: GuaranteeKind = GuaranteeKind.BID) -> SecurityTerms:
    """How the rules of a published tender have securities held here; SecuritiesNotHeld.

    The guarantee of an advance is agreed by the parties, whatever the rules of the tender have.
    """
    found = policies.policy_of(tender).securities
    if found is None and kind is GuaranteeKind.ADVANCE:
        return rules.ON_DEMAND
    if found is None:
        raise SecuritiesNotHeld
    return found


def give(
    session: Session,
    tender: Tender,
    *,
    kind: GuaranteeKind,
    payer_id: UUID,
    value: Value,
    until: date,
    data: SecurityIn,
    actor: str,
    needed_until: datetime,
    due_at: datetime | None = None,
    bid_id: UUID | None = None,
    contract_id: UUID | None = None,
) -> Security:
    """A new security for a bid or a contract; a guarantee is received with it, money is awaited.

    `until`: the day to which a guarantee is good at least; `needed_until`: when it would go back.
    Raises SecurityExists, PayeeUnfit, Invalid, FileWithheld or RailUnfit.
    """
    security = Security(
        kind=kind,
        rail=data.rail,
        payer_id=payer_id,
        beneficiary_id=tender.buyer_id,
        tender_id=tender.id,
        bid_id=bid_id,
        contract_id=contract_id,
        amount=value.amount,
        currency=value.currency,
        due_at=due_at,
        needed_until=needed_until,
    )
    guarantee: Guarantee | None = None
    if data.guarantee is not None:
        guarantee = guarantees.submit(
            session,
            kind=kind,
            applicant_id=payer_id,
            beneficiary_id=tender.buyer_id,
            needed=Needed(value, until),
            data=data.guarantee,
            actor=actor,
        )
        security.guarantee_id = guarantee.id
    else:
        _ask(session, security, data, actor=actor)
    session.add(security)
    try:
        session.flush()
    except IntegrityError as error:
        raise SecurityExists from error
    security_moves.log(session, security, "request", actor)
    if guarantee is not None:
        receive(session, tender, security, actor=actor)
        advances.tell(session, guarantee, "submit", actor)
    return security


def _ask(session: Session, security: Security, data: SecurityIn, *, actor: str) -> None:
    """Expect the money, or the card; by a bank transfer it goes back to the account that is named."""
    if data.rail is RailName.BANK_TRANSFER:
        name_account(session, security, data.payee_account_id)
    collection = collections.request(
        session,
        payer_id=security.payer_id,
        purpose=PURPOSES[security.kind],
        resource_id=security.id,
        amount=security.amount,
        currency=security.currency,
        rail=security.rail,
        credit=security_accounts.key(security),
        parties={security.id: [security.payer_id]},
        due_at=security.due_at,
        actor=actor,
    )
    security.collection_id = collection.id


def name_account(session: Session, security: Security, account_id: UUID | None) -> None:
    """Say to which account of its payer's at a bank a security goes back. Raises Invalid or
    PayeeUnfit."""
    account = payees.require(
        session, account_id, org_id=security.payer_id, currency=security.currency
    )
    if account.rail is not RailName.BANK_TRANSFER:
        raise PayeeUnfit
    security.payee_account_id = account.id


def receive(
    session: Session, tender: Tender, security: Security, *, actor: str, at: datetime | None = None
) -> None:
    """What stands for it has come, now or `at`: whether in time is decided here, and never again."""
    now = at or db.now(session)
    security.received_at, security.counts = now, True
    if security.bid_id is not None and tender.tender_period_end is not None:
        opened = session.exec(select(Bid.opened_at).where(Bid.id == security.bid_id)).one_or_none()
        security.counts = rules.counts(
            received_at=now,
            due_at=tender.tender_period_end,
            opened_at=opened,
            late=terms_of(tender).late,
        )
    security_moves.move(session, security, "receive", actor, counts=security.counts)


def hold(session: Session, security: Security, *, actor: str) -> None:
    """It is good. One that came too late to count goes back at once."""
    security_moves.move(session, security, "hold", actor)
    if not security.counts:
        schedule(session, security, ReturnCause.LATE, db.now(session), actor=actor)


def schedule(
    session: Session, security: Security, cause: ReturnCause, at: datetime, *, actor: str
) -> None:
    """Set by when a security goes back, and wake the clock then; the same again changes nothing."""
    if (security.return_cause, security.return_due_at) == (cause, at):
        return
    security.return_cause, security.return_due_at = cause, at
    arm(session, security)
    told = {"cause": cause, "due_at": at.isoformat()}
    security_moves.log(session, security, "schedule_return", actor, **told)


def arm(session: Session, security: Security) -> None:
    """Wake the clock when the security is due to go back."""
    if security.return_due_at is not None:
        deadlines.arm(session, RETURN_DUE, security.id, security.return_due_at, org_id=None)


def let_go(session: Session, security: Security, *, org_id: UUID, actor: str) -> Security:
    """Let a locked security go back now: the payer, while it is not held; the beneficiary, when it
    is. Raises Conflict."""
    own = (SecurityStatus.REQUESTED, SecurityStatus.RECEIVED)
    allowed = own if org_id == security.payer_id else (SecurityStatus.HELD,)
    if security.status not in allowed:
        raise Conflict(f"The security is {security.status}.")
    schedule(session, security, ReturnCause.RELEASED, db.now(session), actor=actor)
    return security


def rename_account(
    session: Session, security: Security, account_id: UUID, *, actor: str
) -> Security:
    """Say, as its payer, to which other account a locked security of money goes back; one that could
    not be sent back is tried again. Raises Conflict or PayeeUnfit."""
    if security.rail is not RailName.BANK_TRANSFER or security.status not in LIVE:
        raise Conflict(f"A security by {security.rail} that is {security.status} names no account.")
    name_account(session, security, account_id)
    security_moves.log(session, security, "name_account", actor)
    if security.status is SecurityStatus.RETURNING:
        deadlines.arm(session, RETURN_DUE, security.id, db.now(session), org_id=None)
    return security


def follow_guarantee(session: Session, guarantee_id: UUID) -> None:
    """A guarantee was accepted, refused or has expired: so is what it secures. For the workers.

    The guarantee's row is read only: its own acts lock it, and never the security.
    """
    security = security_queries.locked(session, col(Security.guarantee_id) == guarantee_id)
    guarantee = session.get(Guarantee, guarantee_id, populate_existing=True)
    if security is None or guarantee is None:
        return
    match guarantee.status, security.status:
        case GuaranteeStatus.ACCEPTED, SecurityStatus.RECEIVED:
            hold(session, security, actor=SYSTEM)
        case ((GuaranteeStatus.REFUSED | GuaranteeStatus.EXPIRED), SecurityStatus.RECEIVED):
            security_moves.move(session, security, "cancel", SYSTEM)
        case GuaranteeStatus.EXPIRED, SecurityStatus.HELD:
            security.return_cause = ReturnCause.VALIDITY_ENDED
            security.return_due_at = now = db.now(session)
            security_moves.move(session, security, "begin_return", SYSTEM)
            security.returned_at = now
            security_moves.move(session, security, "complete_return", SYSTEM)
        case _:
            pass


def held_for(session: Session, contract_id: UUID, kind: GuaranteeKind) -> bool:
    """True when a security of the kind is held for the contract."""
    query = select(Security.id).where(
        Security.contract_id == contract_id,
        Security.kind == kind,
        Security.status == SecurityStatus.HELD,
    )
    return session.exec(query).first() is not None
