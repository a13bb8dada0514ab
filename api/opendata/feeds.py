"""Releases and records as everybody reads them: one statement a page, no ORM, no JSON parsed.

Order: by transaction, and inside one by position. A page shows only what is below every
transaction still open when it is read, so that nothing can be committed before a cursor later: a
reader who follows the cursors sees each release once, whatever is written meanwhile.
"""

from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime
from typing import Any, LiteralString, NamedTuple
from zlib import MAX_WBITS, compressobj

from api.opendata import reads
from api.opendata.ocds import packages
from api.opendata.ocds.publishing import record_path, release_path
from api.opendata.ocds.values import instant
from api.opendata.reads import Pool

RELEASES, RECORDS = "/public/ocds/releases", "/public/ocds/records"
MAX_LIMIT = 1000
LINES = 200
_RELEASE = "SELECT etag, date, body FROM ocds_release WHERE ocid = %s AND release_id = %s"
_RECORD = "SELECT etag, date, body FROM ocds_record WHERE ocid = %s"
_RELEASE_PAGE = """
    SELECT xid, position, etag, date, body FROM ocds_release
    WHERE (xid, position) > (%s, %s)
      AND xid < pg_snapshot_xmin(pg_current_snapshot())::text::bigint
    ORDER BY xid, position LIMIT %s
"""
_RECORD_PAGE = """
    SELECT xid, ocid, etag, date, body FROM ocds_record
    WHERE (xid, ocid) > (%s, %s)
      AND xid < pg_snapshot_xmin(pg_current_snapshot())::text::bigint
    ORDER BY xid, ocid LIMIT %s
"""
_YEARS = """
    SELECT extract(year FROM date AT TIME ZONE 'UTC')::int, count(*) FROM ocds_record
    GROUP BY 1 ORDER BY 1 DESC
"""
_YEAR = """
    SELECT ocid, compiled::text FROM ocds_record
    WHERE date >= %s AND date < %s AND ocid > %s ORDER BY ocid LIMIT %s
"""


class Answer(NamedTuple):
    """A package to send. `onward`: where to read on from here, now or later."""

    etag: str
    body: bytes
    onward: str | None = None


async def release(pool: Pool, ocid: str, release_id: str) -> Answer | None:
    """A package of one release."""
    rows = await reads.fetch(pool, _RELEASE, (ocid, release_id))
    return _single("releases", release_path(ocid, release_id), rows)


async def record(pool: Pool, ocid: str) -> Answer | None:
    """A package of one record: the releases of a process by address, and their merge."""
    return _single("records", record_path(ocid), await reads.fetch(pool, _RECORD, (ocid,)))


async def releases(pool: Pool, *, after: tuple[int, int], limit: int) -> Answer | None:
    """The next releases in the order of commits; None: there is nothing new yet."""
    return await _page(pool, _RELEASE_PAGE, "releases", RELEASES, after, limit)


async def records(pool: Pool, *, after: tuple[int, str], limit: int) -> Answer | None:
    """The records that changed next; a record that changes again moves to the end."""
    return await _page(pool, _RECORD_PAGE, "records", RECORDS, after, limit)


async def years(pool: Pool) -> list[tuple[int, int]]:
    """The years in which records changed last, and how many of each."""
    return [(year, count) for year, count in await reads.fetch(pool, _YEARS, ())]


async def year_lines(pool: Pool, year: int) -> AsyncIterator[bytes]:
    """The compiled releases of a year as gzipped JSON Lines, a few hundred read at a time."""
    packer = compressobj(wbits=MAX_WBITS | 16)
    start, end = datetime(year, 1, 1, tzinfo=UTC), datetime(year + 1, 1, 1, tzinfo=UTC)
    last = ""
    while rows := await reads.fetch(pool, _YEAR, (start, end, last, LINES)):
        last = rows[-1][0]
        text = "".join(f"{line}\n" for _, line in rows)
        if packed := packer.compress(text.encode()):
            yield packed
    yield packer.flush()


async def _page(
    pool: Pool,
    query: LiteralString,
    kind: str,
    path: str,
    after: tuple[int, Any],
    limit: int,
) -> Answer | None:
    rows = await reads.fetch(pool, query, (*after, limit + 1))
    if not rows:
        return None
    more, rows = len(rows) > limit, rows[:limit]
    here = f"{path}?limit={limit}&cursor={after[0]}-{after[1]}"
    onward = f"{path}?limit={limit}&cursor={rows[-1][0]}-{rows[-1][1]}"
    tags, dates, bodies = zip(*(row[2:] for row in rows), strict=True)
    body = packages.package(
        kind,
        here,
        bodies,
        published=instant(max(dates)) or "",
        next_path=onward if more else None,
    )
    return Answer(packages.etag_of(*tags, here, str(more)), body, onward)


def _single(kind: str, path: str, rows: Sequence[tuple[Any, ...]]) -> Answer | None:
    if not rows:
        return None
    tag, date, body = rows[0]
    packed = packages.package(kind, path, [body], published=instant(date) or "")
    return Answer(packages.etag_of(tag, path), packed)
