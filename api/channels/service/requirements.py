"""Requirements of markets, as they are stored."""

from collections.abc import Sequence
from datetime import date
from uuid import UUID

from sqlalchemy import or_
from sqlmodel import Session, col, select

from api.channels.models import MarketRequirement
from api.core import db, pages
from api.core.errors import refused
from api.core.pages import PageQuery
from api.rules.clock import local_date
from api.rules.markets import BY_AUTHORITY, Requirement


def of_market(session: Session, market: str) -> list[Requirement]:
    """Every row of a market, as rules take them; Invalid for a market that has none."""
    rows = session.exec(
        select(MarketRequirement)
        .where(MarketRequirement.market == market)
        .order_by(col(MarketRequirement.code), col(MarketRequirement.id))
    ).all()
    if not rows:
        known = session.exec(
            select(MarketRequirement.market).distinct().order_by(MarketRequirement.market)
        )
        detail = f"What {market} asks of goods is not known; known are: {', '.join(known)}."
        raise refused("#/market", "unknown_market", detail)
    return [
        Requirement(
            code=row.code,
            kind=row.kind,
            hs_prefix=row.hs_prefix,
            required=row.required,
            blocking=row.blocking,
            accepted=tuple(row.accepted),
            texts=row.texts,
            source=row.source,
            reviewed=row.reviewed,
            valid_from=row.valid_from,
            valid_to=row.valid_to,
        )
        for row in rows
    ]


def authorities(session: Session, market: str) -> set[str]:
    """The authorities whose permissions the market asks for; Invalid for an unknown market."""
    rows = of_market(session, market)
    return {each for row in rows if row.kind in BY_AUTHORITY for each in row.accepted}


def list_requirements(
    session: Session,
    page: PageQuery,
    *,
    org_id: UUID,
    market: str,
    hs_code: str | None,
    on: date | None,
) -> tuple[Sequence[MarketRequirement], str | None]:
    """Rows of a market in force on a day (today, in Bishkek), the newest first; with `hs_code`,
    those whose prefix it falls under."""
    day = on or local_date(db.now(session))
    query = select(MarketRequirement).where(
        MarketRequirement.market == market,
        MarketRequirement.valid_from <= day,
        or_(col(MarketRequirement.valid_to).is_(None), col(MarketRequirement.valid_to) > day),
    )
    if hs_code is not None:
        prefixes = [hs_code[:digits] for digits in (0, 2, 4, 6)]
        query = query.where(col(MarketRequirement.hs_prefix).in_(prefixes))
    filters = {"market": market, "hs_code": hs_code, "on": day}
    return pages.newest_first(
        session,
        query,
        MarketRequirement,
        page,
        scope=f"market-requirements:{org_id}",
        filters=filters,
    )
