"""Bank guarantees: submitted by their applicant, verified, amended, called, paid, released.

The guarantee of a sealed bid is verified by the operator's treasury, which does not see whose bid it
is; any other by its beneficiary. Never commits.
"""

from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, select

from api.core import audit, db, deadlines
from api.core.errors import Conflict, FieldError, Forbidden, Invalid
from api.core.outbox import emit
from api.payments.models import Guarantee
from api.payments.schemas.guarantees import DemandIn, GuaranteeIn, VerificationIn
from api.payments.service import advances, papers, posting
from api.payments.service.posting import Posting
from api.payments.service.security_problems import GuaranteeEnds, SecurityExists
from api.reference import service as reference
from api.rules import guarantees as rules
from api.rules.clock import local_date
from api.rules.guarantees import GUARANTEE, IN_FORCE, GuaranteeKind, GuaranteeStatus, Needed, Terms
from api.rules.ledger import AccountKey, AccountKind, transfer
from api.rules.offers import plain
from api.rules.states import IllegalTransition
from api.rules.tenders import Fault, Value

VALIDITY_DUE = "guarantee.validity_due"
CLOCK, SYSTEM = "system:clock", "system:guarantees"
_EVENTS = {
    "submit": "submitted",
    "accept": "accepted",
    "refuse": "refused",
    "extend": "extended",
    "reduce": "reduced",
    "expire": "expired",
    "call": "called",
    "reject_demand": "demand_rejected",
    "pay": "paid",
    "release": "released",
}


def submit(
    session: Session,
    *,
    kind: GuaranteeKind,
    applicant_id: UUID,
    beneficiary_id: UUID,
    needed: Needed,
    data: GuaranteeIn,
    actor: str,
) -> Guarantee:
    """Take a guarantee that is good for what is needed.

    Raises Invalid with the fields that are not, FileWithheld, or SecurityExists when this very
    guarantee was handed in before.
    """
    now = db.now(session)
    reference.ensure_currency(data.currency, "#/guarantee/currency")
    reference.ensure_country(data.issuer_country, "#/guarantee/issuer_country")
    require_none(
        rules.faults(
            Terms(
                Value(data.amount, data.currency),
                data.issuer_bic,
                data.issuer_country,
                data.issued_date,
                data.valid_until,
                data.claim_days,
            ),
            needed,
            today=local_date(now),
        )
    )
    paper = papers.own(
        session,
        org_id=applicant_id,
        document_id=data.document_id,
        pointer="#/guarantee/document_id",
    )
    guarantee = Guarantee(
        kind=kind,
        applicant_id=applicant_id,
        beneficiary_id=beneficiary_id,
        number=data.number,
        issuer_name=data.issuer_name,
        issuer_bic=data.issuer_bic,
        issuer_country=data.issuer_country,
        rules=data.rules,
        original_amount=data.amount,
        amount=data.amount,
        currency=data.currency,
        issued_date=data.issued_date,
        valid_until=data.valid_until,
        claim_days=data.claim_days,
        document_id=paper.id,
        document_sha256=paper.sha256,
        submitted_by=actor,
        submitted_at=now,
    )
    session.add(guarantee)
    try:
        session.flush()
    except IntegrityError as error:
        raise SecurityExists("This guarantee was handed in already.") from error
    log(session, guarantee, "submit", actor)
    watch(session, guarantee, now)
    return guarantee


def accept(
    session: Session, guarantee: Guarantee, *, actor: str, data: VerificationIn
) -> Guarantee:
    """The guarantor has confirmed it: by an authenticated message, or by a letter. Raises Conflict,
    and Forbidden for who submitted it."""
    _require_another(guarantee, actor)
    guarantee.verified_by, guarantee.verified_at = actor, db.now(session)
    guarantee.channel, guarantee.authentication = data.channel, data.authentication
    move(session, guarantee, "accept", actor)
    advances.tell(session, guarantee, "accept", actor)
    return guarantee


def refuse(session: Session, guarantee: Guarantee, *, actor: str, reason: str) -> Guarantee:
    """It is not the guarantor's, or not as it must be. Raises Conflict."""
    _require_another(guarantee, actor)
    guarantee.refusal = reason
    move(session, guarantee, "refuse", actor)
    advances.tell(session, guarantee, "refuse", actor)
    return guarantee


def call(
    session: Session, guarantee: Guarantee, *, actor: str, demand: str, sha256: str
) -> Guarantee:
    """Demand payment, with the reason and the document that states it.

    Raises GuaranteeEnds once no demand can be presented any more, or Conflict.
    """
    now = db.now(session)
    if not rules.can_be_called(guarantee.valid_until, guarantee.claim_days, now):
        raise GuaranteeEnds
    guarantee.called_at, guarantee.demand, guarantee.demand_sha256 = now, demand, sha256
    return move(session, guarantee, "call", actor)


def demand(
    session: Session, guarantee: Guarantee, *, org_id: UUID, actor: str, data: DemandIn
) -> Guarantee:
    """Demand payment as the beneficiary, with a document of its own. Raises as `call`, Invalid and
    FileWithheld."""
    paper = papers.own(
        session, org_id=org_id, document_id=data.document_id, pointer="#/document_id"
    )
    return call(session, guarantee, actor=actor, demand=data.demand, sha256=paper.sha256)


def reject_demand(session: Session, guarantee: Guarantee, *, actor: str, reason: str) -> Guarantee:
    """The guarantor does not pay (URDG 758, article 24): the guarantee stands as before."""
    guarantee.rejection = reason
    move(session, guarantee, "reject_demand", actor)
    watch(session, guarantee, db.now(session))
    return guarantee


def pay(session: Session, guarantee: Guarantee, *, actor: str, amount: Decimal) -> Guarantee:
    """The guarantor's money has come to the platform's bank: the workers book it as owed to the
    beneficiary.

    For the operator. Raises Invalid when it is more than the guarantee, or Conflict.
    """
    if amount > guarantee.amount:
        detail = f"must be at most {plain(guarantee.amount)} {guarantee.currency}"
        require_none([Fault("#/amount", "above_guarantee", detail)])
    guarantee.paid_at, guarantee.paid_amount = db.now(session), amount
    return move(session, guarantee, "pay", actor)


def book_paid(session: Session, guarantee_id: UUID) -> None:
    """Book what a guarantor has paid, once; for the workers."""
    guarantee = session.get(Guarantee, guarantee_id)
    if guarantee is None or guarantee.paid_amount is None:
        return
    currency, beneficiary_id = guarantee.currency, guarantee.beneficiary_id
    payable = AccountKey(AccountKind.BUYER_PAYABLE, currency, beneficiary_id)
    clearing = AccountKey(AccountKind.BANK_CLEARING, currency)
    posting.post(
        session,
        Posting(
            key=f"guarantee.paid:{guarantee.id}",
            kind="guarantee.paid",
            entries=transfer(clearing, payable, guarantee.paid_amount),
            actor=SYSTEM,
            resource_id=guarantee.id,
        ),
        {beneficiary_id: [beneficiary_id]},
    )


def release(session: Session, guarantee: Guarantee, *, actor: str) -> Guarantee:
    """The applicant owes nothing more under it. Raises Conflict."""
    return move(session, guarantee, "release", actor)


def watch(session: Session, guarantee: Guarantee, now: datetime) -> None:
    """Wake the clock at the next notice of the guarantee's end, or at its end."""
    end = rules.last_moment(guarantee.valid_until, guarantee.claim_days)
    ahead = [at for at in rules.notices(guarantee.valid_until).values() if at > now]
    at = min([*ahead, end])
    deadlines.arm(session, VALIDITY_DUE, guarantee.id, at, org_id=None)


def validity_due(session: Session, guarantee_id: UUID) -> None:
    """Tell that a guarantee is about to expire, once for each notice; or that it has. For the
    workers: whether it is so is decided anew from the row and the clock."""
    guarantee = locked(session, guarantee_id)
    if guarantee is None or guarantee.status not in IN_FORCE | {GuaranteeStatus.SUBMITTED}:
        return
    now = db.now(session)
    if not rules.can_be_called(guarantee.valid_until, guarantee.claim_days, now):
        move(session, guarantee, "expire", CLOCK)
        return
    days = rules.days_left(guarantee.valid_until, local_date(now))
    if days is not None and (guarantee.notice_days is None or days < guarantee.notice_days):
        guarantee.notice_days = days
        log(session, guarantee, "expiring", CLOCK, days=days)
    watch(session, guarantee, now)


def locked(session: Session, guarantee_id: UUID) -> Guarantee | None:
    """A guarantee, its row locked."""
    query = select(Guarantee).where(col(Guarantee.id) == guarantee_id).with_for_update()
    return session.exec(query.execution_options(populate_existing=True)).one_or_none()


def move(session: Session, guarantee: Guarantee, action: str, actor: str) -> Guarantee:
    """The one place that writes `guarantee.status`, of a locked row. Raises Conflict."""
    try:
        guarantee.status = GUARANTEE.apply(action, guarantee.status)
    except IllegalTransition as error:
        raise Conflict(str(error)) from error
    log(session, guarantee, action, actor)
    return guarantee


def log(session: Session, guarantee: Guarantee, action: str, actor: str, **told: int) -> None:
    """The audit entry and the event. The beneficiary of a bid's guarantee is told once it is
    called, and not before, when it may not know of the bid."""
    guarantee.version += 1
    session.add(guarantee)
    session.flush()
    change: dict[str, Any] = {
        "status": guarantee.status,
        "amount": plain(guarantee.amount),
        "currency": guarantee.currency,
        "valid_until": guarantee.valid_until.isoformat(),
        **told,
    }
    audit.record(
        session,
        f"guarantee:{guarantee.id.hex}",
        action,
        actor=actor,
        org_id=guarantee.applicant_id,
        change=change,
    )
    told_too = guarantee.kind is not GuaranteeKind.BID or guarantee.called_at is not None
    emit(
        session,
        f"guarantee.{_EVENTS.get(action, action)}",
        guarantee.id,
        org_id=guarantee.applicant_id,
        also=[guarantee.beneficiary_id] if told_too else [],
        kind=guarantee.kind,
        version=guarantee.version,
        **change,
    )


def require_none(faults: list[Fault]) -> None:
    """Raise Invalid with the fields of the faults, if there are any."""
    if faults:
        raise Invalid(
            errors=[FieldError(pointer=f.pointer, code=f.code, detail=f.detail) for f in faults]
        )


def _require_another(guarantee: Guarantee, actor: str) -> None:
    if guarantee.submitted_by == actor:
        raise Forbidden("Another person verifies a guarantee than submitted it.")
