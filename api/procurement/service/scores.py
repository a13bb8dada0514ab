"""The points of the commission: entered by each member alone, final once submitted."""

from collections.abc import Collection, Mapping, Sequence
from decimal import Decimal
from uuid import UUID

from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session, col, select

from api.core import bulk, db, ids
from api.core.errors import FieldError, Invalid
from api.identity.service import Caller
from api.procurement.models import (
    CommissionMember,
    Disqualification,
    EvaluationScore,
    Lot,
    ScoreSheet,
    Tender,
)
from api.procurement.schemas.commissions import ScoresIn
from api.procurement.service import award_terms, commissions, gathering
from api.procurement.service.evaluation_problems import (
    ConflictUndeclared,
    ScoresMissing,
    ScoresSubmitted,
)
from api.rules.evaluation import LotTerms
from api.rules.evaluation.terms import CommissionScore

type Scored = Mapping[UUID, Mapping[str, Mapping[str, Decimal]]]
"""Points by bid, criterion and member."""


def judged(terms: LotTerms) -> list[str]:
    """The criteria that the commission scores."""
    return [each.id for each in terms.criteria if isinstance(each.scoring, CommissionScore)]


def enter(
    session: Session, tender: Tender, lot: Lot, *, caller: Caller, data: ScoresIn
) -> ScoreSheet:
    """Points of the caller for bids of a lot; given again, they replace its own earlier ones.

    Raises BidsNotOpened, ConflictUndeclared, ConflictDeclared, ScoresSubmitted, or Invalid for a
    bid or a criterion that is not scored.
    """
    sheet = _own_sheet(session, tender, lot, caller)
    known = {bid.id for bid in gathering.bids_of(session, tender, lot)}
    criteria = judged(award_terms.of_lot(session, tender, lot))
    errors = []
    for index, each in enumerate(data.scores):
        if each.bid_id not in known:
            errors.append(_error(f"#/scores/{index}/bid_id", "unknown_bid", "No such bid here"))
        if each.criterion_id not in criteria:
            said = "The commission does not score it"
            errors.append(_error(f"#/scores/{index}/criterion_id", "unknown_criterion", said))
    if len({(each.bid_id, each.criterion_id) for each in data.scores}) < len(data.scores):
        errors.append(_error("#/scores", "duplicate", "A bid stands twice for one criterion"))
    if errors:
        raise Invalid(errors=errors)
    rows = [
        bulk.new_row(
            sheet_id=sheet.id,
            tender_id=tender.id,
            bid_id=each.bid_id,
            criterion_id=each.criterion_id,
            points=each.points,
            rationale=each.rationale,
        )
        for each in data.scores
    ]
    fresh = insert(EvaluationScore).values(rows)
    session.connection().execute(
        fresh.on_conflict_do_update(
            index_elements=["sheet_id", "bid_id", "criterion_id"],
            set_={name: fresh.excluded[name] for name in ("points", "rationale", "updated_at")},
        )
    )
    sheet.version += 1
    session.add(sheet)
    change = {"sheet": sheet.id.hex, "lot": lot.id.hex, "scores": len(rows)}
    commissions.note(session, tender, "enter_scores", caller, change)
    return sheet


def submit(session: Session, tender: Tender, lot: Lot, *, caller: Caller) -> ScoreSheet:
    """Make the caller's points for a lot final. Raises as `enter`, and ScoresMissing unless every
    bid that is not disqualified has points for every criterion."""
    sheet = _own_sheet(session, tender, lot, caller)
    given = {
        (row.bid_id, row.criterion_id)
        for row in session.exec(select(EvaluationScore).where(EvaluationScore.sheet_id == sheet.id))
    }
    criteria = judged(award_terms.of_lot(session, tender, lot))
    out = disqualified(session, lot.id)
    missing = [
        _error(f"#/bids/{ids.show('bid', bid.id)}/{criterion}", "missing", "has no points")
        for bid in gathering.bids_of(session, tender, lot)
        for criterion in criteria
        if bid.id not in out and (bid.id, criterion) not in given
    ]
    if missing or not criteria:
        raise ScoresMissing(errors=missing)
    sheet.submitted_at = db.now(session)
    sheet.version += 1
    session.add(sheet)
    change = {"sheet": sheet.id.hex, "lot": lot.id.hex}
    commissions.note(session, tender, "submit_scores", caller, change)
    return sheet


def disqualified(session: Session, lot_id: UUID) -> dict[UUID, list[dict[str, str]]]:
    """The reasons of the bids that are disqualified in a lot, by bid."""
    rows = session.exec(
        select(Disqualification).where(
            Disqualification.lot_id == lot_id, col(Disqualification.revoked_at).is_(None)
        )
    )
    return {row.bid_id: row.reasons for row in rows}


def require_submitted(
    session: Session, tender: Tender, lot: Lot, terms: LotTerms
) -> Collection[UUID]:
    """The sheets that count: of every member without a conflict. ScoresMissing when one of them
    has not submitted, or nobody may score what the commission must score."""
    if not judged(terms):
        return []
    seats = commissions.cleared(session, tender.id)
    sheets = {
        row.member_id: row.id
        for row in session.exec(
            select(ScoreSheet).where(
                ScoreSheet.lot_id == lot.id, col(ScoreSheet.submitted_at).is_not(None)
            )
        )
    }
    missing = [
        _error(
            f"#/members/{ids.show('commission_member', seat.id)}",
            "missing",
            "has not submitted scores",
        )
        for seat in seats
        if seat.id not in sheets
    ]
    if missing or not seats:
        raise ScoresMissing(errors=missing)
    return [sheets[seat.id] for seat in seats]


def counted(session: Session, sheets: Collection[UUID]) -> Scored:
    """The points of sheets, by bid, criterion and member (as `commission_member_…`)."""
    found: dict[UUID, dict[str, dict[str, Decimal]]] = {}
    rows = session.exec(
        select(EvaluationScore, ScoreSheet.member_id)
        .join(ScoreSheet, col(ScoreSheet.id) == EvaluationScore.sheet_id)
        .where(col(EvaluationScore.sheet_id).in_(sheets))
    )
    for row, member in rows:
        by_criterion = found.setdefault(row.bid_id, {}).setdefault(row.criterion_id, {})
        by_criterion[ids.show("commission_member", member)] = row.points
    return found


def shown(
    session: Session, tender: Tender, lot: Lot, caller: Caller
) -> list[tuple[ScoreSheet, CommissionMember, Sequence[EvaluationScore]]]:
    """The sheets of a lot that the caller may see: its own, and all once every member who may
    score has submitted, so that nobody scores after another's example."""
    own = commissions.require_cleared(session, tender, caller)
    seats = commissions.cleared(session, tender.id)
    sheets = session.exec(
        select(ScoreSheet).where(ScoreSheet.lot_id == lot.id).order_by(col(ScoreSheet.id))
    ).all()
    done = {each.member_id for each in sheets if each.submitted_at is not None}
    everybody = all(seat.id in done for seat in seats)
    by_id = {each.id: each for each in commissions.members(session, tender.id)}
    return [
        (sheet, by_id[sheet.member_id], _scores(session, sheet.id))
        for sheet in sheets
        if everybody or (own is not None and sheet.member_id == own.id)
    ]


def _scores(session: Session, sheet_id: UUID) -> Sequence[EvaluationScore]:
    return session.exec(
        select(EvaluationScore)
        .where(EvaluationScore.sheet_id == sheet_id)
        .order_by(col(EvaluationScore.bid_id), col(EvaluationScore.criterion_id))
    ).all()


def _own_sheet(session: Session, tender: Tender, lot: Lot, caller: Caller) -> ScoreSheet:
    commissions.require_stage(tender, first_package=True)
    seat = commissions.require_cleared(session, tender, caller)
    if seat is None:
        raise ConflictUndeclared("Only a member of the commission scores.")
    sheet = session.exec(
        select(ScoreSheet).where(ScoreSheet.member_id == seat.id, ScoreSheet.lot_id == lot.id)
    ).one_or_none()
    if sheet is None:
        sheet = ScoreSheet(tender_id=tender.id, lot_id=lot.id, member_id=seat.id)
        session.add(sheet)
        session.flush()
    if sheet.submitted_at is not None:
        raise ScoresSubmitted
    return sheet


def _error(pointer: str, code: str, detail: str) -> FieldError:
    return FieldError(pointer=pointer, code=code, detail=detail)
