"""Amendments of guarantees: asked by the applicant, in force once the verifying side accepts them.
Never commits."""

from collections.abc import Sequence

from sqlmodel import Session, col, select

from api.core import db
from api.core.errors import Conflict, NotFound
from api.payments.models import Guarantee, GuaranteeAmendment
from api.payments.schemas.guarantees import AmendmentIn
from api.payments.service import guarantees, papers
from api.payments.service.security_problems import AmendmentOpen
from api.rules import guarantees as rules
from api.rules.guarantees import AMENDMENT, IN_FORCE, AmendmentKind, AmendmentStatus
from api.rules.states import IllegalTransition


def submit(
    session: Session, guarantee: Guarantee, *, data: AmendmentIn, actor: str
) -> GuaranteeAmendment:
    """Lay an amendment of the guarantor before the verifying side, as the applicant.

    Raises Conflict for a guarantee that is not in force, AmendmentOpen, Invalid or FileWithheld.
    """
    if guarantee.status not in IN_FORCE:
        raise Conflict(f"The guarantee is {guarantee.status}.")
    guarantees.require_none(
        rules.amendment_faults(
            data.kind,
            valid_until=guarantee.valid_until,
            new_valid_until=data.valid_until,
            amount=guarantee.amount,
            new_amount=data.amount,
        )
    )
    earlier = of(session, guarantee)
    if any(each.status is AmendmentStatus.SUBMITTED for each in earlier):
        raise AmendmentOpen
    paper = papers.own(
        session,
        org_id=guarantee.applicant_id,
        document_id=data.document_id,
        pointer="#/document_id",
    )
    amendment = GuaranteeAmendment(
        guarantee_id=guarantee.id,
        number=len(earlier) + 1,
        kind=data.kind,
        valid_until=data.valid_until,
        amount=data.amount,
        document_id=paper.id,
        document_sha256=paper.sha256,
        submitted_at=db.now(session),
    )
    session.add(amendment)
    guarantees.log(session, guarantee, "amendment_submitted", actor, number=amendment.number)
    return amendment


def decide(
    session: Session,
    guarantee: Guarantee,
    *,
    number: int,
    action: str,
    actor: str,
    reason: str | None = None,
) -> GuaranteeAmendment:
    """`accept` or `refuse` an amendment; an accepted one is in force at once.

    Raises NotFound or Conflict.
    """
    amendment = next((each for each in of(session, guarantee) if each.number == number), None)
    if amendment is None:
        raise NotFound
    _move(amendment, action)
    now = db.now(session)
    amendment.decided_by, amendment.decided_at, amendment.reason = actor, now, reason
    session.add(amendment)
    if amendment.status is AmendmentStatus.REFUSED:
        guarantees.log(session, guarantee, "amendment_refused", actor, number=number)
        return amendment
    guarantee.amount = amendment.amount or guarantee.amount
    guarantee.valid_until = amendment.valid_until or guarantee.valid_until
    if amendment.kind is AmendmentKind.EXTEND:
        guarantee.notice_days = None
    guarantees.move(session, guarantee, amendment.kind, actor)
    guarantees.watch(session, guarantee, now)
    return amendment


def of(session: Session, guarantee: Guarantee) -> Sequence[GuaranteeAmendment]:
    """The amendments of a guarantee, in order."""
    session.flush()
    query = select(GuaranteeAmendment).where(GuaranteeAmendment.guarantee_id == guarantee.id)
    return session.exec(query.order_by(col(GuaranteeAmendment.number))).all()


def _move(amendment: GuaranteeAmendment, action: str) -> None:
    try:
        amendment.status = AMENDMENT.apply(action, amendment.status)
    except IllegalTransition as error:
        raise Conflict(str(error)) from error
