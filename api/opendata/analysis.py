"""Lists for analysis, read as feeds are: red flags, and the records of other publishers."""

from collections.abc import Sequence
from typing import Any, LiteralString

from api.core import pages
from api.opendata import indicators, reads
from api.opendata.reads import Pool
from api.opendata.schemas import (
    FlagOut,
    ForeignRecordOut,
    ForeignSourceOut,
    IndicatorOut,
)

_COUNTS = "SELECT indicator, count(*), min(created_at) FROM red_flag GROUP BY indicator"
_FLAGS = """
    SELECT source, ocid, evidence FROM red_flag
    WHERE indicator = %s AND (source, ocid) > (%s, %s) ORDER BY source, ocid LIMIT %s
"""
_OF_PROCESS = """
    SELECT indicator, source, ocid, evidence FROM red_flag WHERE ocid = %s
    ORDER BY source, indicator
"""
_SOURCES = """
    SELECT source, count(*) FROM foreign_record GROUP BY source ORDER BY source
"""
_RECORDS = """
    SELECT ocid, compiled FROM foreign_record
    WHERE source = %s AND ocid > %s ORDER BY ocid LIMIT %s
"""


async def list_indicators(pool: Pool) -> list[IndicatorOut]:
    """Every indicator, with how many processes it points at since it was last asked."""
    asked = {code: (n, at) for code, n, at in await reads.fetch(pool, _COUNTS, ())}
    return [
        IndicatorOut(
            code=each.code,
            title=each.title,
            source=each.source,
            reading=each.reading,
            query=each.query,
            flags=asked.get(each.code, (0, None))[0],
            found_at=asked.get(each.code, (0, None))[1],
        )
        for each in indicators.all().values()
    ]


async def flags(
    pool: Pool, code: str, *, cursor: str | None, limit: int
) -> tuple[list[FlagOut], str | None]:
    """The processes at which an indicator points, and the next cursor."""
    after = pages.unseal("flags", {"code": code}, cursor) if cursor else ["", ""]
    rows, more = await _page(pool, _FLAGS, (code, *after), limit)
    found = [
        FlagOut(indicator=code, source=source, ocid=ocid, evidence=evidence)
        for source, ocid, evidence in rows
    ]
    if not more:
        return found, None
    return found, pages.seal("flags", {"code": code}, [found[-1].source, found[-1].ocid])


async def flags_of(pool: Pool, ocid: str) -> list[FlagOut]:
    """The flags of one process."""
    rows = await reads.fetch(pool, _OF_PROCESS, (ocid,))
    return [
        FlagOut(indicator=code, source=source, ocid=ocid, evidence=evidence)
        for code, source, ocid, evidence in rows
    ]


async def sources(pool: Pool) -> list[ForeignSourceOut]:
    """The other publishers whose data are here."""
    rows = await reads.fetch(pool, _SOURCES, ())
    return [ForeignSourceOut(source=source, processes=count) for source, count in rows]


async def foreign_records(
    pool: Pool, source: str, *, cursor: str | None, limit: int
) -> tuple[list[ForeignRecordOut], str | None]:
    """The merged records of another publisher, and the next cursor."""
    (after,) = pages.unseal("foreign", {"source": source}, cursor) if cursor else [""]
    rows, more = await _page(pool, _RECORDS, (source, after), limit)
    found = [
        ForeignRecordOut(source=source, ocid=ocid, compiled_release=compiled)
        for ocid, compiled in rows
    ]
    if not more:
        return found, None
    return found, pages.seal("foreign", {"source": source}, [found[-1].ocid])


async def _page(
    pool: Pool, query: LiteralString, values: Sequence[object], limit: int
) -> tuple[list[Any], bool]:
    rows = await reads.fetch(pool, query, (*values, limit + 1))
    return rows[:limit], len(rows) > limit
