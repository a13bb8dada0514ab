"""What buyers and suppliers read of matches; every query is scoped to the asker."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import Uuid, column, func, literal, table, tuple_
from sqlalchemy import select as sql_select
from sqlalchemy.dialects.postgresql import distinct_on
from sqlmodel import Session, col, select

from api.core import pages
from api.core.errors import NotFound
from api.core.pages import PageQuery
from api.matching import codec, explain, scoring
from api.matching.models import DemandItem, Match, MatchingModel
from api.matching.scoring import Scored
from api.matching.text.language import Language
from api.rules.matching import RequestKind

# By name, because procurement stands above matching.
_TENDER = table("tender", column("id", Uuid), column("buyer_id", Uuid))

type Blocked = Literal["none", "any"]


def list_matches(
    session: Session,
    page: PageQuery,
    *,
    buyer_id: UUID,
    tender_id: UUID,
    item_id: UUID | None = None,
    min_rank: int | None = None,
    domestic: bool | None = None,
    blockers: str | None = None,
    seller_id: UUID | None = None,
) -> tuple[Sequence[Match], str | None]:
    """A buyer's matches, item by item in order of rank, and the next page's cursor.

    `min_rank` keeps ranks from 1 down to it; `blockers` is "none", "any" or a blocker's code.
    None yet just after publication; NotFound when the tender is not this buyer's.
    """
    _ensure_buyer(session, buyer_id, tender_id)
    return matches_of(
        session,
        page,
        buyer_id=buyer_id,
        request_id=tender_id,
        item_id=item_id,
        min_rank=min_rank,
        domestic=domestic,
        blockers=blockers,
        seller_id=seller_id,
    )


def matches_of(
    session: Session,
    page: PageQuery,
    *,
    buyer_id: UUID,
    request_id: UUID,
    item_id: UUID | None = None,
    min_rank: int | None = None,
    domestic: bool | None = None,
    blockers: str | None = None,
    seller_id: UUID | None = None,
) -> tuple[Sequence[Match], str | None]:
    """The matches of a request that is known to be the buyer's, as `list_matches` gives them."""
    query = select(Match).where(Match.tender_id == request_id, Match.buyer_id == buyer_id)
    if item_id is not None:
        query = query.where(Match.item_id == item_id)
    if min_rank is not None:
        query = query.where(Match.rank <= min_rank)
    if domestic is not None:
        query = query.where(Match.domestic == domestic)
    if seller_id is not None:
        query = query.where(Match.seller_id == seller_id)
    number = func.jsonb_array_length(col(Match.blockers))
    if blockers == "none":
        query = query.where(number == 0)
    elif blockers == "any":
        query = query.where(number > 0)
    elif blockers is not None:
        query = query.where(col(Match.blockers).contains([{"code": blockers}]))
    filters: dict[str, Any] = {
        "tender": request_id,
        "item": item_id,
        "min_rank": min_rank,
        "domestic": domestic,
        "blockers": blockers,
        "seller": seller_id,
    }
    scope = f"matches:{buyer_id.hex}"
    keys = (col(Match.item_id), col(Match.rank), col(Match.id))
    if page.cursor:
        item, rank, last = pages.unseal(scope, filters, page.cursor)
        position = (literal(UUID(item)), literal(int(rank)), literal(UUID(last)))
        query = query.where(tuple_(*keys) > tuple_(*position))
    rows = session.exec(query.order_by(*keys).limit(page.limit + 1)).all()
    if len(rows) <= page.limit:
        return rows, None
    rows = rows[: page.limit]
    return rows, pages.seal(scope, filters, [rows[-1].item_id, rows[-1].rank, rows[-1].id])


def get_match(
    session: Session, *, org_id: UUID, match_id: UUID, kind: RequestKind | None = None
) -> Match:
    """A match that its buyer reads, or the offer's seller when the request is public; with `kind`,
    only one of such a request. NotFound."""
    match = session.get(Match, match_id)
    if match is None or (kind is not None and kind is not _kind_of(session, match)):
        raise NotFound
    if match.buyer_id == org_id or (match.seller_id == org_id and match.public):
        return match
    raise NotFound


def explained(session: Session, match: Match, language: Language) -> str:
    """The match in words."""
    return explain.explain(match, model_of(session, match), language)


def replay(session: Session, match: Match) -> Scored:
    """Compute the match again from its stored inputs and the model that it names."""
    return scoring.replayed(match.inputs, model_of(session, match))


def model_of(session: Session, match: Match) -> MatchingModel:
    """The model that scored a match; models are never deleted."""
    model = session.get(MatchingModel, match.model_id)
    assert model is not None, match.model_id
    return model


def requests_for(
    session: Session,
    page: PageQuery,
    *,
    seller_id: UUID,
    include_closed: bool,
    kind: RequestKind = RequestKind.TENDER,
) -> tuple[Sequence[tuple[Match, DemandItem]], str | None]:
    """Public requests that the seller's offers answer, newest first, with the best of them."""
    best = (
        select(Match.id)
        .where(Match.seller_id == seller_id, col(Match.public))
        .ext(distinct_on(col(Match.item_id)))
        .order_by(col(Match.item_id), col(Match.rank))
    )
    query = (
        select(Match, DemandItem)
        .join(DemandItem, col(DemandItem.item_id) == Match.item_id)
        .where(col(Match.id).in_(best), DemandItem.kind == kind)
    )
    if not include_closed:
        query = query.where(col(DemandItem.closed_at).is_(None))
    scope, filters = f"requests:{seller_id.hex}", {"closed": include_closed, "kind": kind}
    if page.cursor:
        (last,) = pages.unseal(scope, filters, page.cursor)
        query = query.where(Match.id < UUID(last))
    rows = session.exec(query.order_by(col(Match.id).desc()).limit(page.limit + 1)).all()
    if len(rows) <= page.limit:
        return rows, None
    rows = rows[: page.limit]
    return rows, pages.seal(scope, filters, [rows[-1][0].id])


def public_item(session: Session, item_id: UUID) -> DemandItem:
    """A request's item that any supplier may see; NotFound otherwise."""
    row = session.exec(
        select(DemandItem).where(DemandItem.item_id == item_id, col(DemandItem.public))
    ).one_or_none()
    if row is None:
        raise NotFound
    return row


def request_fields(row: DemandItem) -> dict[str, Any]:
    """What a supplier reads of a request's item in a list."""
    demand = codec.demand_in(row.content)
    return {
        "title": dict(demand.texts),
        "quantity": demand.quantity,
        "unit_code": demand.unit_code,
        "cpv_code": demand.cpv_code,
        "delivery_place_code": demand.delivery_place_code,
        "deliver_by": demand.deliver_by,
        "required_certificates": list(demand.required_certificates),
        "buyer_id": demand.buyer_id,
    }


def last_kept(row: DemandItem) -> Decimal | None:
    """The score of the last match that was kept, when the list is full."""
    value = row.background.get("last_kept")
    return Decimal(value) if value else None


def _kind_of(session: Session, match: Match) -> RequestKind:
    query = select(DemandItem.kind).where(DemandItem.item_id == match.item_id)
    return RequestKind(session.exec(query).one())


def _ensure_buyer(session: Session, buyer_id: UUID, tender_id: UUID) -> None:
    """The tender is the buyer's own, whether or not the workers have come to it yet."""
    own = sql_select(_TENDER.c.id).where(_TENDER.c.id == tender_id, _TENDER.c.buyer_id == buyer_id)
    if session.connection().scalar(own) is None:
        raise NotFound
