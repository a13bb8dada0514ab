"""Reading events in the order of their commits: one statement a page, bodies as they are stored.

Order: by transaction, and inside one by envelope. A page shows only what is below every
transaction still open when it is read, so that nothing can be committed before a cursor later. A
page that ends the feed moves the cursor to that border, whatever its filters have left out: who
polls does not read what does not match again and again, and its cursor does not grow old.
"""

from collections.abc import Collection, Sequence
from datetime import timedelta
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import text
from sqlmodel import Session

from api.core import db, pages
from api.core.errors import InvalidCursor, Problem

MAX_LIMIT = 500
PRUNED_AT_ONCE = 5000
_START, _END = UUID(int=0), UUID(int=2**128 - 1)
_OF_ONE = """
    SELECT xid, id, body FROM event_envelope
    WHERE {whose} AND (xid, id) > (%(xid)s, %(id)s) AND xid < border.xmin
      AND type = ANY(%(types)s) AND (%(channels)s::text[] IS NULL OR channels && %(channels)s)
    ORDER BY xid, id LIMIT %(count)s
"""
_OWN = _OF_ONE.format(whose="org_id = %(org_id)s")
_PUBLIC = _OF_ONE.format(whose="org_id IS NULL AND NOT %(org_id)s = ANY(parties)")
_PAGE = """
    SELECT border.xmin, border.pruned, e.xid, e.id, e.body
    FROM (SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint AS xmin,
            (SELECT max(xid) FROM event_horizon) AS pruned) border
    LEFT JOIN LATERAL ({events}) e ON true
    ORDER BY e.xid, e.id
"""
_PAGE_OF_OWN = _PAGE.format(events=_OWN)
_PAGE_OF_ALL = _PAGE.format(
    events=f"({_OWN}) UNION ALL ({_PUBLIC}) ORDER BY xid, id LIMIT %(count)s"
)
_OLD = text("""
    SELECT max(xid) FROM (
      SELECT xid, created_at,
        bool_and(created_at < :before) OVER (ORDER BY xid, id) AS old
      FROM (SELECT xid, id, created_at FROM event_envelope
        WHERE xid < pg_snapshot_xmin(pg_current_snapshot())::text::bigint
        ORDER BY xid, id LIMIT :count) oldest
    ) checked WHERE old
""")
_DELETE = text("DELETE FROM event_envelope WHERE xid <= :xid")
_RAISE = text("""
    INSERT INTO event_horizon AS h (id, created_at, updated_at, xid)
    VALUES (:id, now(), now(), :xid)
    ON CONFLICT (id) DO UPDATE SET xid = greatest(h.xid, excluded.xid), updated_at = now()
""")


class CursorExpired(Problem):
    """Events after the cursor may have been deleted. Begin anew without one, and compare."""

    status, code, title = 410, "cursor_expired", "Events after this cursor are not kept any more"


class Position(NamedTuple):
    """A place in the order of commits; what is at it was read."""

    xid: int
    id: UUID


class Found(NamedTuple):
    """A page: envelopes as they are sent, whether more can be read at once, and where to go on."""

    bodies: Sequence[bytes]
    has_more: bool
    onward: Position


def read(
    session: Session,
    *,
    org_id: UUID,
    after: Position | None,
    types: Collection[str],
    channels: Collection[str],
    everybody: bool,
    limit: int,
) -> Found:
    """The next events of these types that an organisation is told of.

    `everybody`: with what is public and concerns others. Raises CursorExpired.
    """
    xid, id_ = after or Position(0, _START)
    rows = db.rows(
        session,
        _PAGE_OF_ALL if everybody else _PAGE_OF_OWN,
        org_id=org_id,
        xid=xid,
        id=id_,
        types=[*types],
        channels=[*channels] or None,
        count=limit + 1,
    )
    border, pruned = rows[0][:2]
    if after is not None and pruned is not None and xid <= pruned:
        raise CursorExpired
    found = [row[2:] for row in rows if row[2] is not None]
    more, found = len(found) > limit, found[:limit]
    onward = Position(*found[-1][:2]) if more else before(border)
    return Found([body for _, _, body in found], more, max(onward, Position(xid, id_)))


def shown(org_id: UUID, position: Position) -> str:
    """A position as the organisation's cursor."""
    return pages.seal(f"events:{org_id}", {}, position)


def before(xid: int) -> Position:
    """The place before a transaction: who reads on from it is told of that one again, and of all
    that come after it."""
    return Position(xid - 1, _END)


def taken(org_id: UUID, cursor: str) -> Position:
    """The position of a cursor; InvalidCursor for an altered one or another organisation's."""
    try:
        xid, id_ = pages.unseal(f"events:{org_id}", {}, cursor)
        return Position(int(xid), UUID(id_))
    except ValueError as error:
        raise InvalidCursor from error


def prune(session: Session, *, days: int) -> bool:
    """Delete the oldest events if they are older than so many days; False: nothing was left to do.

    Whole transactions, and only those that nobody can commit beside any more.
    """
    before = db.now(session) - timedelta(days=days)
    xid = session.connection().scalar(_OLD, {"before": before, "count": PRUNED_AT_ONCE})
    if xid is None:
        return False
    session.connection().execute(_DELETE, {"xid": xid})
    session.connection().execute(_RAISE, {"id": _START, "xid": xid})
    return True
