"""Red-flag indicators: a documented query each, over what everybody can read.

A flag is a reason to look, never a verdict. Each file holds one statement over the view
`compiled_release (source, ocid, release)`: our records, and those imported from others.
"""

import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import NamedTuple

from sqlalchemy import text
from sqlmodel import Session

HERE = Path(__file__).parent
_HEAD = re.compile(r"^-- (title|source|reading): (.+)$", re.MULTILINE)
_FORGET = text("DELETE FROM red_flag WHERE indicator = :code")
_KEEP = """
INSERT INTO red_flag (id, created_at, updated_at, indicator, source, ocid, evidence)
SELECT gen_random_uuid(), :now, :now, :code, f.source, f.ocid, f.evidence FROM (
{query}
) AS f
"""
_LOCK = text("SELECT pg_advisory_xact_lock(hashtextextended('kerben.red_flags', 23))")
_NOW = text("SELECT clock_timestamp()")


class Indicator(NamedTuple):
    """What points at a process, who says that it should, how to read it, and the query."""

    code: str
    title: str
    source: str
    reading: str
    query: str


@cache
def all() -> Mapping[str, Indicator]:
    """Every indicator, by its code, which is the name of its file."""
    return {each.code: each for each in map(_read, sorted(HERE.glob("*.sql")))}


def refresh(session: Session, code: str | None = None) -> dict[str, int]:
    """Ask the queries anew, all of them or one, and keep the processes they point at."""
    session.connection().execute(_LOCK)
    wanted = [all()[code]] if code else [*all().values()]
    return {each.code: _refresh(session, each) for each in wanted}


def _refresh(session: Session, indicator: Indicator) -> int:
    connection = session.connection()
    connection.execute(_FORGET, {"code": indicator.code})
    now = connection.scalar(_NOW)
    # Colons of casts are no parameters; the queries have none.
    query = indicator.query.replace(":", r"\:")
    statement = text(_KEEP.format(query=query))
    return connection.execute(statement, {"code": indicator.code, "now": now}).rowcount


def _read(path: Path) -> Indicator:
    content = path.read_text(encoding="utf-8")
    head = dict(_HEAD.findall(content))
    return Indicator(path.stem, head["title"], head["source"], head["reading"], content)
