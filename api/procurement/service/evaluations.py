"""Evaluations of lots: proposed by one person, completed by another. Never commits.

`ranking` is what awards build on. Functions that change something take the tender locked by
`tenders.lock`, so that of two people who complete at once the second finds it done.
"""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any, NamedTuple
from uuid import UUID

from sqlmodel import Session, col, func, select

from api.core import audit, db, ids
from api.core.errors import Conflict, FieldError, NotFound
from api.core.outbox import emit
from api.identity.service import Caller
from api.procurement.evaluation import files
from api.procurement.models import Evaluation, Lot, Tender
from api.procurement.sealing import canonical
from api.procurement.service import (
    award_terms,
    bid_settlement,
    commissions,
    gathering,
    policies,
    scores,
    tenders,
)
from api.procurement.service.evaluation_problems import (
    EvaluationStale,
    FourEyes,
    JustificationAwaited,
    NotEvaluable,
)
from api.rules import evaluation as rules
from api.rules.commissions import EVALUATION, EvaluationStatus
from api.rules.evaluation import Inputs
from api.rules.evaluation.inputs import VatStatement
from api.rules.states import IllegalTransition
from api.rules.tenders import LotStatus, Value


class Ranked(NamedTuple):
    """A bid in the ranking of a lot: `price` is what a contract would be about, exactly as it was
    bid (the margin of preference and other adjustments are not in it); rank 1 is the best."""

    bid_id: UUID
    price: Value
    vat_included: bool
    rank: int


def ranking(session: Session, lot_id: UUID) -> list[Ranked]:
    """The ranked bids of a lot, the best first, by its completed evaluation.

    NotFound while there is none. A lot in which no bid could be ranked gives an empty list.
    Bids that are not in it are disqualified in this lot; why is in the evaluation file.
    """
    document = document_of(_completed_of(session, lot_id))
    prices = {bid["id"]: bid["price"] for bid in document["inputs"]["bids"]}
    return [
        Ranked(
            ids.parse("bid", bid),
            Value(Decimal(prices[bid]["amount"]), prices[bid]["currency"]),
            prices[bid]["vat"] == VatStatement.GROSS,
            rank,
        )
        for rank, bid in enumerate(document["result"]["ranking"], start=1)
    ]


def propose(session: Session, tender: Tender, lot: Lot, *, caller: Caller) -> Evaluation:
    """Compute the ranking of a lot from all that is decided now; an earlier draft is superseded.

    Raises BidsNotOpened, ConflictUndeclared, ConflictDeclared, ScoresMissing, NotEvaluable, or
    Conflict when the lot's evaluation is complete.
    """
    commissions.require_stage(tender)
    commissions.require_cleared(session, tender, caller)
    _refuse_completed(session, lot)
    text = _computed(session, tender, lot)
    draft = _draft_of(session, lot.id)
    if draft is not None:
        _move(session, tender, draft, "supersede", actor=caller.actor)
        session.flush()
    last = session.exec(
        select(func.max(Evaluation.number)).where(Evaluation.lot_id == lot.id)
    ).one()
    row = Evaluation(
        tender_id=tender.id,
        lot_id=lot.id,
        number=(last or 0) + 1,
        proposed_by=caller.actor,
        file=text,
        sha256=files.sha256(text),
    )
    session.add(row)
    session.flush()
    _record(session, tender, row, "propose", actor=caller.actor)
    return row


def complete(session: Session, tender: Tender, row: Evaluation, *, caller: Caller) -> Evaluation:
    """Make a draft final, by another person than the one who proposed it; with the last lot the
    tender's evaluation is complete.

    Raises BidsNotOpened, ConflictUndeclared, ConflictDeclared, FourEyes, EvaluationStale when
    what it was computed from has changed, JustificationAwaited, ScoresMissing, or Conflict.
    """
    commissions.require_stage(tender)
    commissions.require_cleared(session, tender, caller)
    _require(row, "complete")
    if caller.actor == row.proposed_by:
        raise FourEyes
    lot = next(each for each in tender.lots if each.id == row.lot_id)
    if _computed(session, tender, lot) != row.file:
        raise EvaluationStale
    awaited = document_of(row)["result"]["justification_awaited"]
    if awaited:
        errors = [
            FieldError(
                pointer=f"#/bids/{bid}", code="justification_awaited", detail="is not decided"
            )
            for bid in awaited
        ]
        raise JustificationAwaited(errors=errors)
    row.completed_at, row.completed_by = db.now(session), caller.actor
    _move(session, tender, row, "complete", actor=caller.actor)
    session.flush()
    done = _completed(session, tender.id)
    if {lot.id for lot in _active(tender)} <= {each.lot_id for each in done}:
        results = [document_of(each)["result"] for each in done]
        bid_settlement.settle(session, tender, results, actor=caller.actor)
        change = {"evaluations": {each.lot_id.hex: each.sha256 for each in done}}
        tenders.move(session, tender, "evaluate", actor=caller.actor, change=change)
    return row


def repeat(session: Session, tender: Tender, lot_id: UUID, *, actor: str) -> None:
    """A decision on a complaint has the lot evaluated again: what was completed counts no more."""
    row = session.exec(
        select(Evaluation).where(
            Evaluation.lot_id == lot_id, Evaluation.status == EvaluationStatus.COMPLETED
        )
    ).one_or_none()
    if row is not None:
        _move(session, tender, row, "repeat", actor=actor)


def evaluate_first_package(session: Session, tender: Tender, *, caller: Caller) -> Tender:
    """End the evaluation of technical envelopes: bids that are disqualified in every lot stay
    sealed, and the price envelopes of the others may be opened.

    Raises BidsNotOpened, ConflictUndeclared, ConflictDeclared or ScoresMissing: points for
    quality are final before any price is known.
    """
    commissions.require_stage(tender, first_package=True)
    commissions.require_cleared(session, tender, caller)
    tenders.require(tender, "evaluate_first_package")
    for lot in _active(tender):
        scores.require_submitted(session, tender, lot, award_terms.of_lot(session, tender, lot))
    change: dict[str, Any] = {
        "disqualified": bid_settlement.disqualify_everywhere(session, tender, actor=caller.actor)
    }
    tenders.move(session, tender, "evaluate_first_package", actor=caller.actor, change=change)
    return tender


def justification_awaited(session: Session, lot: Lot) -> list[str]:
    """The bids (`bid_…`) whose price must be justified, by the draft of the lot; Conflict without."""
    draft = _draft_of(session, lot.id)
    if draft is None:
        raise Conflict("Propose an evaluation of the lot first: it says which prices are low.")
    found: list[str] = document_of(draft)["result"]["justification_awaited"]
    return found


def find(session: Session, *, org_id: UUID, evaluation_id: UUID) -> Evaluation:
    """An evaluation of one of the organisation's tenders; NotFound."""
    row = session.exec(
        select(Evaluation)
        .join(Tender, col(Tender.id) == Evaluation.tender_id)
        .where(Evaluation.id == evaluation_id, Tender.buyer_id == org_id)
    ).one_or_none()
    if row is None:
        raise NotFound
    return row


def of_tender(session: Session, tender: Tender) -> Sequence[Evaluation]:
    """The evaluations of a tender, the oldest first."""
    query = select(Evaluation).where(Evaluation.tender_id == tender.id)
    return session.exec(query.order_by(col(Evaluation.id))).all()


def public_file(session: Session, evaluation_id: UUID) -> tuple[str, str, bytes] | None:
    """The OCID, the lot (`lot_…`) and the file of an evaluation that everybody may read: a
    completed one, where the tender's policy publishes evaluations. For the workers' role."""
    row = session.get(Evaluation, evaluation_id)
    if row is None or row.status is not EvaluationStatus.COMPLETED:
        return None
    tender = session.get(Tender, row.tender_id)
    if tender is None or not policies.policy_of(tender).publish_evaluation:
        return None
    return tender.ocid, ids.show("lot", row.lot_id), row.file


def document_of(row: Evaluation) -> dict[str, Any]:
    """The content of an evaluation's file."""
    found: dict[str, Any] = canonical.loads(row.file)
    return found


def lot_of(tender: Tender, lot_id: UUID) -> Lot:
    """A lot of the tender; NotFound."""
    for lot in tender.lots:
        if lot.id == lot_id:
            return lot
    raise NotFound


def trace(session: Session, stream: str, action: str, *, actor: str, org_id: UUID) -> None:
    """An audit entry that tells no more than that it happened."""
    audit.record(session, stream, action, actor=actor, org_id=org_id)


def _computed(session: Session, tender: Tender, lot: Lot) -> bytes:
    try:
        return files.write(_inputs(session, tender, lot))
    except rules.NotEvaluable as problem:
        errors = [
            FieldError(pointer=each.pointer, code=each.code, detail=each.detail)
            for each in problem.faults
        ]
        raise NotEvaluable(errors=errors) from problem


def _inputs(session: Session, tender: Tender, lot: Lot) -> Inputs:
    terms = award_terms.of_lot(session, tender, lot)
    sheets = scores.require_submitted(session, tender, lot, terms)
    return gathering.gather(
        session,
        tender,
        lot,
        scored=scores.counted(session, sheets),
        disqualified=scores.disqualified(session, lot.id),
    )


def _require(row: Evaluation, action: str) -> EvaluationStatus:
    try:
        return EVALUATION.apply(action, row.status)
    except IllegalTransition as error:
        raise Conflict(str(error)) from error


def _move(session: Session, tender: Tender, row: Evaluation, action: str, *, actor: str) -> None:
    """The one place that writes the status of an evaluation."""
    row.status = _require(row, action)
    row.version += 1
    session.add(row)
    _record(session, tender, row, action, actor=actor)


def _record(session: Session, tender: Tender, row: Evaluation, action: str, *, actor: str) -> None:
    change = {"evaluation": row.id.hex, "lot": row.lot_id.hex, "sha256": row.sha256}
    tenders.record(session, tender, f"{action}_evaluation", actor=actor, change=change)
    if action == "complete":
        emit(
            session,
            "evaluation.completed",
            row.id,
            org_id=tender.buyer_id,
            ocid=tender.ocid,
            lot_id=ids.show("lot", row.lot_id),
            sha256=row.sha256,
            version=row.version,
        )


def _draft_of(session: Session, lot_id: UUID) -> Evaluation | None:
    return session.exec(
        select(Evaluation).where(
            Evaluation.lot_id == lot_id, Evaluation.status == EvaluationStatus.DRAFT
        )
    ).one_or_none()


def _completed_of(session: Session, lot_id: UUID) -> Evaluation:
    row = session.exec(
        select(Evaluation).where(
            Evaluation.lot_id == lot_id, Evaluation.status == EvaluationStatus.COMPLETED
        )
    ).one_or_none()
    if row is None:
        raise NotFound("The lot has no completed evaluation.")
    return row


def _refuse_completed(session: Session, lot: Lot) -> None:
    completed = session.exec(
        select(Evaluation.id).where(
            Evaluation.lot_id == lot.id, Evaluation.status == EvaluationStatus.COMPLETED
        )
    ).first()
    if completed:
        raise Conflict("The evaluation of the lot is complete.")


def _active(tender: Tender) -> list[Lot]:
    return [lot for lot in tender.lots if lot.status is LotStatus.ACTIVE]


def _completed(session: Session, tender_id: UUID) -> Sequence[Evaluation]:
    return session.exec(
        select(Evaluation).where(
            Evaluation.tender_id == tender_id, Evaluation.status == EvaluationStatus.COMPLETED
        )
    ).all()
