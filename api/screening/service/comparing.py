"""Holding names, numbers and goods against the lists. Reads only."""

from collections.abc import Collection, Sequence
from typing import NamedTuple

from sqlalchemy import text
from sqlmodel import Session, col, select

from api.rules.screening import LIKE_ENOUGH, EntryKind, MatchedBy, SubjectKind, controlled
from api.screening import names
from api.screening.models import WatchList, WatchListEntry, WatchListName

_ALIKE = text("SELECT set_config('pg_trgm.similarity_threshold', '0.35', true)")
"""Trigrams shared by keys that are alike by `LIKE_ENOUGH`; fewer would only be slower."""
_MOST_OF_A_NAME = 200


class Asked(NamedTuple):
    """What is held against the lists; HS codes in digits alone."""

    kind: SubjectKind
    names: Collection[str] = ()
    identifiers: Collection[str] = ()
    hs_codes: Collection[str] = ()


class Hit(NamedTuple):
    """An entry that is like what was asked for; `score` of 100."""

    entry: WatchListEntry
    watch_list: WatchList
    matched_by: MatchedBy
    matched: str
    score: int


def hits(session: Session, asked: Asked) -> list[Hit]:
    """The entries that are like it by `LIKE_ENOUGH` or more, each once, the most alike first."""
    if asked.kind is SubjectKind.GOODS:
        found = [*_goods(session, asked.hs_codes), *_goods_by_name(session, asked.names)]
    else:
        found = [*_by_identifier(session, asked.identifiers), *_by_name(session, asked.names)]
    found.sort(key=lambda hit: (-hit.score, hit.watch_list.name, hit.entry.external_id))
    first: dict[object, Hit] = {}
    for hit in found:
        first.setdefault(hit.entry.id, hit)
    return [*first.values()]


def _by_identifier(session: Session, identifiers: Collection[str]) -> list[Hit]:
    wanted = [number for each in identifiers if len(number := names.identifier(each)) >= 4]
    if not wanted:
        return []
    rows = session.exec(
        select(WatchListEntry, WatchList)
        .join(WatchList, col(WatchList.id) == WatchListEntry.list_id)
        .where(
            col(WatchListEntry.identifiers).overlap(wanted),  # type: ignore[attr-defined]
            col(WatchListEntry.removed_at).is_(None),
            WatchListEntry.kind != EntryKind.GOODS,
        )
    )
    return [
        Hit(entry, source, MatchedBy.IDENTIFIER, min({*wanted} & {*entry.identifiers}), 100)
        for entry, source in rows
    ]


def _by_name(session: Session, given: Collection[str]) -> list[Hit]:
    session.connection().execute(_ALIKE)
    found = []
    for wanted in {names.key(name) for name in given} - {""}:
        rows = session.exec(
            select(WatchListName.key, WatchListEntry, WatchList)
            .join(WatchListEntry, col(WatchListEntry.id) == WatchListName.entry_id)
            .join(WatchList, col(WatchList.id) == WatchListEntry.list_id)
            .where(col(WatchListName.key).op("%")(wanted), WatchListEntry.kind != EntryKind.GOODS)
            .order_by(col(WatchListName.key).op("<->")(wanted), col(WatchListName.id))
            .limit(_MOST_OF_A_NAME)
        )
        for key, entry, source in rows:
            score = names.likeness(wanted, key)
            if score >= LIKE_ENOUGH:
                found.append(Hit(entry, source, MatchedBy.NAME, key, score))
    return found


def _goods(session: Session, codes: Collection[str]) -> list[Hit]:
    rows: Sequence[tuple[WatchListEntry, WatchList]] = session.exec(
        select(WatchListEntry, WatchList)
        .join(WatchList, col(WatchList.id) == WatchListEntry.list_id)
        .where(WatchListEntry.kind == EntryKind.GOODS, col(WatchListEntry.removed_at).is_(None))
    ).all()
    return [
        Hit(entry, source, MatchedBy.HS_CODE, code, 100)
        for entry, source in rows
        if (code := controlled(codes, entry.hs_prefixes)) is not None
    ]


def _goods_by_name(session: Session, given: Collection[str]) -> list[Hit]:
    """Every listed name against every description: a list of goods is short, and words within a long
    description share few trigrams with it."""
    told = {names.key(name) for name in given} - {""}
    if not told:
        return []
    rows = session.exec(
        select(WatchListName.key, WatchListEntry, WatchList)
        .join(WatchListEntry, col(WatchListEntry.id) == WatchListName.entry_id)
        .join(WatchList, col(WatchList.id) == WatchListEntry.list_id)
        .where(WatchListEntry.kind == EntryKind.GOODS, col(WatchListEntry.removed_at).is_(None))
    )
    found = []
    for key, entry, source in rows:
        score = max(names.goods_likeness(each, key) for each in told)
        if score >= LIKE_ENOUGH:
            found.append(Hit(entry, source, MatchedBy.NAME, key, score))
    return found
