"""What a supplier is told about an offer of its own and a public request."""

from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlmodel import Session, select

from api.core import db
from api.core.errors import NotFound
from api.matching import codec, explain, model, queries, reverse, scoring, supplies
from api.matching.models import DemandItem, Match, OfferTerms
from api.matching.scoring import Scored, Scorer
from api.matching.supplies import Loaded
from api.matching.text.language import Language
from api.rules import matching as rules
from api.rules.clock import local_date


@dataclass(slots=True)
class Standing:
    """How an offer stands to an item; `reason` is one of the codes of WhyNotOut."""

    item_id: UUID
    offer_id: UUID
    reason: str
    candidates: int
    matched: bool = False
    rank: int | None = None
    score: Decimal | None = None
    last_kept_score: Decimal | None = None
    parts: dict[str, str] = field(default_factory=dict)
    blockers: list[dict[str, Any]] = field(default_factory=list)
    matched_words: dict[str, Any] = field(default_factory=dict)
    explanation: str | None = None


def why_not(
    session: Session, *, seller_id: UUID, offer_id: UUID, item_id: UUID, language: Language
) -> Standing:
    """The match with its explanation, or what kept the offer out, with the score it would have.

    NotFound for an offer of somebody else and for a request that is not public.
    """
    offer = supplies.load(session, [offer_id]).get(offer_id)
    if offer is None or offer.supply.seller_id != seller_id:
        raise NotFound
    item = queries.public_item(session, item_id)
    agreed = supplies.contracts(session, [offer_id], {item.buyer_id})
    offer = agreed.of(offer, item.buyer_id)
    standing = Standing(item_id, offer_id, "matched", item.candidates)
    standing.last_kept_score = queries.last_kept(item)
    match = session.exec(
        select(Match).where(
            Match.item_id == item_id, Match.offer_id == offer_id, Match.seller_id == seller_id
        )
    ).one_or_none()
    if match is not None:
        return _of_match(session, standing, match, language)
    row = session.exec(select(OfferTerms).where(OfferTerms.offer_id == offer_id)).one_or_none()
    standing.reason = _absent(item, offer, row) or _measured(session, standing, item, offer, row)
    return standing


def _of_match(session: Session, standing: Standing, match: Match, language: Language) -> Standing:
    standing.matched, standing.rank, standing.score = True, match.rank, match.score
    standing.parts, standing.blockers = match.parts, match.blockers
    standing.matched_words = _told(match.matched)
    standing.explanation = explain.explain(match, queries.model_of(session, match), language)
    return standing


def _told(matched: dict[str, Any]) -> dict[str, Any]:
    return {key: matched[key] for key in ("words", "segments", "similar_offers") if key in matched}


def _absent(item: DemandItem, offer: Loaded, row: OfferTerms | None) -> str | None:
    """A reason that needs no comparison."""
    if not offer.active:
        return "offer_not_active"
    if row is None:
        return "not_indexed"
    if item.matched_at is None:
        return "not_matched_yet"
    demand = codec.demand_in(item.content)
    if rules.is_barred(demand, offer.supply):
        return "not_ready_for_market"
    if not rules.is_open_to(demand, offer.supply):
        return "not_in_market"
    return None


def _measured(
    session: Session, standing: Standing, item: DemandItem, offer: Loaded, row: OfferTerms | None
) -> str:
    """Score the pair now and tell what kept it out; fills in the figures."""
    assert row is not None
    compared = reverse.compare(session, row, [item])
    demand, signals = compared.demands[item.item_id], compared.signals(item)
    scored = _scored(session, item, offer, _today(session), signals)
    columns = scored.columns()
    standing.score, standing.parts = scored.score, columns["parts"]
    standing.blockers, standing.matched_words = columns["blockers"], _told(compared.reasons(item))
    if not scoring.is_relevant(signals, demand, offer.supply):
        return "texts_too_far"
    if _listed_with_another(session, standing, offer):
        return "similar_offer_listed"
    if standing.last_kept_score is not None and scored.score <= standing.last_kept_score:
        return "score_below_kept"
    return "request_closed" if item.closed_at else "recomputation_pending"


def _today(session: Session) -> date:
    """Today in Bishkek by the database's clock."""
    return local_date(db.now(session))


def _scored(
    session: Session, item: DemandItem, offer: Loaded, day: date, signals: rules.Signals
) -> Scored:
    used = model.active(session)
    scorer = Scorer(session, model.weights_of(used), model.parameters_of(used), as_of=day)
    return scorer.score(codec.demand_in(item.content), item.content, offer, signals)


def _listed_with_another(session: Session, standing: Standing, offer: Loaded) -> bool:
    """True when a nearly equal offer of the seller stands for this one."""
    mine = session.exec(
        select(Match).where(
            Match.item_id == standing.item_id, Match.seller_id == offer.supply.seller_id
        )
    )
    return any(standing.offer_id.hex in match.matched.get("similar_offers", []) for match in mine)
