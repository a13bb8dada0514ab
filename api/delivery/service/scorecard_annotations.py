"""What suppliers say of facts of their scorecards, and how appeals are decided. Never commits."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, select

from api.core import audit, db
from api.core.errors import AlreadyExists, Conflict, NotFound, refused
from api.core.outbox import emit
from api.delivery.models import ScorecardAnnotation, ScorecardFact
from api.delivery.schemas.scorecards import AnnotationIn
from api.rules.scorecards import APPEAL, AnnotationKind, AnnotationStatus
from api.rules.states import IllegalTransition


def annotate(
    session: Session, *, supplier_id: UUID, actor: str, data: AnnotationIn
) -> ScorecardAnnotation:
    """Say something about a fact of one's own scorecard, for every reader; or appeal against it.

    Raises Invalid for what is no fact of it, AlreadyExists while an appeal stands.
    """
    known = session.exec(
        select(ScorecardFact.id).where(
            ScorecardFact.supplier_id == supplier_id,
            ScorecardFact.metric == data.metric,
            ScorecardFact.fact == data.fact,
        )
    ).first()
    if known is None:
        raise refused("#/fact", "unknown_fact", "Your scorecard has no such fact of this metric.")
    appeal = data.kind is AnnotationKind.APPEAL
    made = ScorecardAnnotation(
        supplier_id=supplier_id,
        actor=actor,
        status=AnnotationStatus.APPEALED if appeal else AnnotationStatus.NOTED,
        **data.model_dump(),
    )
    try:
        with session.begin_nested():
            session.add(made)
    except IntegrityError as error:
        raise AlreadyExists("An appeal against this fact stands already.") from error
    _log(session, made, data.kind.value, actor, supplier_id)
    return made


def decide(
    session: Session,
    *,
    org_id: UUID,
    actor: str,
    annotation_id: UUID,
    action: str,
    reason: str,
) -> ScorecardAnnotation:
    """`uphold` or `refuse` an appeal; an upheld one takes the fact out of the figure, in sight.

    Raises NotFound or Conflict.
    """
    query = select(ScorecardAnnotation).where(ScorecardAnnotation.id == annotation_id)
    found = session.exec(query.with_for_update()).one_or_none()
    if found is None:
        raise NotFound
    return _move(session, found, action, actor, org_id, reason)


def withdraw(
    session: Session, *, supplier_id: UUID, actor: str, annotation_id: UUID
) -> ScorecardAnnotation:
    """Take one's own appeal back; NotFound or Conflict."""
    query = select(ScorecardAnnotation).where(
        ScorecardAnnotation.id == annotation_id, ScorecardAnnotation.supplier_id == supplier_id
    )
    found = session.exec(query.with_for_update()).one_or_none()
    if found is None:
        raise NotFound
    return _move(session, found, "withdraw", actor, supplier_id, None)


def annotations_of(session: Session, supplier_id: UUID) -> Sequence[ScorecardAnnotation]:
    """Everything that a supplier has said of its facts, in order."""
    session.flush()
    query = select(ScorecardAnnotation).where(ScorecardAnnotation.supplier_id == supplier_id)
    return session.exec(query.order_by(col(ScorecardAnnotation.id))).all()


def _move(
    session: Session,
    annotation: ScorecardAnnotation,
    action: str,
    actor: str,
    org_id: UUID,
    reason: str | None,
) -> ScorecardAnnotation:
    """The one place that writes `annotation.status`."""
    try:
        annotation.status = APPEAL.apply(action, annotation.status)
    except IllegalTransition as error:
        raise Conflict(str(error)) from error
    if reason is not None:
        annotation.decided_by, annotation.decided_at = actor, db.now(session)
        annotation.reason = reason
    annotation.version += 1
    session.add(annotation)
    _log(session, annotation, action, actor, org_id)
    return annotation


def _log(
    session: Session, annotation: ScorecardAnnotation, action: str, actor: str, org_id: UUID
) -> None:
    """Each side writes its own stream, since it cannot read the other's to go on from it."""
    session.flush()
    own = org_id == annotation.supplier_id
    stream = f"scorecard_annotation:{annotation.id.hex}" + ("" if own else ":decision")
    change = {
        "metric": annotation.metric,
        "fact": annotation.fact,
        "status": annotation.status,
        "reason": annotation.reason,
    }
    audit.record(session, stream, action, actor=actor, org_id=org_id, change=change)
    emit(
        session,
        "scorecard.annotated",
        annotation.supplier_id,
        org_id=org_id,
        also=[annotation.supplier_id],
        action=action,
    )
