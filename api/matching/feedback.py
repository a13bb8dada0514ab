"""A buyer's verdicts on matches, kept to learn from."""

from uuid import UUID

from sqlmodel import Session, select

from api.core import audit
from api.core.errors import NotFound
from api.core.outbox import emit
from api.matching.models import Match, MatchFeedback
from api.matching.schemas import FeedbackIn


def give(
    session: Session, *, buyer_id: UUID, actor: str, match_id: UUID, data: FeedbackIn
) -> MatchFeedback:
    """Record the verdict with what it judged; a second one of the same buyer replaces the first.

    NotFound when the match is not of the buyer's own request.
    """
    match = session.exec(
        select(Match).where(Match.id == match_id, Match.buyer_id == buyer_id)
    ).one_or_none()
    if match is None:
        raise NotFound
    known = session.exec(
        select(MatchFeedback)
        .where(MatchFeedback.match_id == match_id, MatchFeedback.org_id == buyer_id)
        .with_for_update()
    ).one_or_none()
    row = known or MatchFeedback(
        match_id=match.id,
        org_id=buyer_id,
        item_id=match.item_id,
        offer_id=match.offer_id,
        seller_id=match.seller_id,
        verdict=data.verdict,
        rank=match.rank,
        score=match.score,
        parts=match.parts,
        model_id=match.model_id,
        algorithm_version=match.algorithm_version,
    )
    row.verdict, row.reason = data.verdict, data.reason
    row.rank, row.score, row.parts = match.rank, match.score, match.parts
    row.model_id, row.algorithm_version = match.model_id, match.algorithm_version
    session.add(row)
    audit.record(
        session,
        f"match:{match.id.hex}",
        "feedback",
        actor=actor,
        org_id=buyer_id,
        change={"verdict": data.verdict.value, "reason": data.reason},
    )
    emit(session, "match.judged", match.id, org_id=buyer_id, verdict=data.verdict.value)
    return row
