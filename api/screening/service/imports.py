"""Taking in a list: all of a file in one transaction, or nothing of it. Never commits."""

import hashlib
from collections.abc import Iterator, Sequence
from datetime import date
from itertools import batched
from typing import Any, BinaryIO, NamedTuple
from uuid import UUID

from sqlalchemy import delete, func, update
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session, col, select

from api.core import audit, bulk, db, jobs
from api.core.errors import FieldError, NotFound, PayloadTooLarge
from api.core.jobs import Job
from api.rules.screening import shrinks_too_much
from api.screening import lists, names
from api.screening.lists import Listed, ListFormat, Unreadable
from api.screening.models import WatchList, WatchListEntry, WatchListName
from api.screening.problems import WatchListShrank, WatchListUnreadable

RESCREEN = "screening.rescreen_all"
MOST_ENTRIES = 500_000
_BATCH = 5_000
_PIECE_BYTES = 1 << 20


class About(NamedTuple):
    """What is said of a file beside its entries."""

    title: str
    source: str
    format: ListFormat
    as_of: date | None


class Imported(NamedTuple):
    """What an import changed, and the screening that follows; no job when nothing did."""

    watch_list: WatchList
    added: int
    changed: int
    unchanged: int
    removed: int
    job: Job | None


def take(
    session: Session,
    *,
    org_id: UUID,
    actor: str,
    name: str,
    about: About,
    file: BinaryIO,
    accept_removals: bool = False,
) -> Imported:
    """Make a list what a file says, and ask for everything to be screened anew.

    The same file again changes nothing. Raises WatchListUnreadable, WatchListShrank, and
    PayloadTooLarge beyond `MOST_ENTRIES`.
    """
    watch_list = _locked(session, org_id, name, about)
    before = watch_list.entries
    watch_list.generation += 1
    seen: set[str] = set()
    added = changed = 0
    try:
        for batch in batched(lists.read(file, about.format), _BATCH, strict=False):
            fresh = _first_of_each(batch, seen)
            if len(seen) > MOST_ENTRIES:
                raise PayloadTooLarge(f"A list may have {MOST_ENTRIES} entries.")
            counted = _upsert(session, watch_list, fresh)
            added, changed = added + counted[0], changed + counted[1]
    except Unreadable as error:
        raise WatchListUnreadable(
            str(error),
            errors=[FieldError(pointer="#", code=WatchListUnreadable.code, detail=str(error))],
        ) from error
    if not seen:
        raise WatchListUnreadable("The file has no entries.")
    if not accept_removals and shrinks_too_much(before, len(seen)):
        raise WatchListShrank(f"The list has {before} entries, the file {len(seen)}.")
    removed = _remove_others(session, watch_list)
    watch_list.title, watch_list.source, watch_list.format = about[:3]
    watch_list.as_of, watch_list.sha256 = about.as_of, _sha256(file)
    watch_list.entries, watch_list.imported_at = len(seen), db.now(session)
    watch_list.version += 1
    session.add(watch_list)
    counts = {"added": added, "changed": changed, "removed": removed}
    audit.record(
        session,
        f"watch_list:{watch_list.id.hex}",
        "import",
        actor=actor,
        org_id=org_id,
        change={"sha256": watch_list.sha256, "entries": len(seen), **counts},
    )
    job = jobs.enqueue(session, RESCREEN, {}, org_id=org_id) if any(counts.values()) else None
    session.flush()
    return Imported(watch_list, added, changed, len(seen) - added - changed, removed, job)


def find(session: Session, name: str) -> WatchList:
    """A list by its name; NotFound."""
    found = session.exec(select(WatchList).where(WatchList.name == name)).one_or_none()
    if found is None:
        raise NotFound
    return found


def every(session: Session) -> Sequence[WatchList]:
    """All lists, by name."""
    return session.exec(select(WatchList).order_by(col(WatchList.name))).all()


def _locked(session: Session, org_id: UUID, name: str, about: About) -> WatchList:
    """The list, made if it is not there; imports of one list wait for each other."""
    row = bulk.new_row(
        org_id=org_id,
        name=name,
        title=about.title,
        source=about.source,
        format=about.format,
        generation=0,
        entries=0,
        version=0,
    )
    session.connection().execute(insert(WatchList).values(row).on_conflict_do_nothing())
    return session.exec(select(WatchList).where(WatchList.name == name).with_for_update()).one()


def _first_of_each(batch: Sequence[Listed], seen: set[str]) -> list[Listed]:
    """Publishers repeat entries; the first of an id stands."""
    fresh = []
    for each in batch:
        if each.external_id not in seen:
            seen.add(each.external_id)
            fresh.append(each)
    return fresh


def _upsert(session: Session, watch_list: WatchList, batch: Sequence[Listed]) -> tuple[int, int]:
    """How many were new, and how many said something else."""
    known: dict[str, str] = dict(
        session.exec(
            select(WatchListEntry.external_id, WatchListEntry.digest).where(
                WatchListEntry.list_id == watch_list.id,
                col(WatchListEntry.external_id).in_([each.external_id for each in batch]),
                col(WatchListEntry.removed_at).is_(None),
            )
        ).all()
    )
    told = [each for each in batch if known.get(each.external_id) != each.digest]
    same = [each.external_id for each in batch if known.get(each.external_id) == each.digest]
    bulk.insert(
        session,
        WatchListEntry,
        [_row(watch_list, each) for each in told],
        key=("list_id", "external_id"),
    )
    changed_ids = [each.external_id for each in told]
    session.connection().execute(
        update(WatchListEntry)
        .where(
            col(WatchListEntry.list_id) == watch_list.id,
            col(WatchListEntry.external_id).in_(same),
        )
        .values(generation=watch_list.generation)
    )
    ids: dict[str, UUID] = dict(
        session.exec(
            select(WatchListEntry.external_id, WatchListEntry.id).where(
                WatchListEntry.list_id == watch_list.id,
                col(WatchListEntry.external_id).in_(changed_ids),
            )
        ).all()
    )
    session.connection().execute(
        delete(WatchListName).where(col(WatchListName.entry_id).in_(ids.values()))
    )
    bulk.insert(
        session,
        WatchListName,
        [
            bulk.new_row(entry_id=ids[each.external_id], key=key)
            for each in told
            for key in dict.fromkeys(names.key(name) for name in each.names)
            if key
        ],
    )
    new = sum(each.external_id not in known for each in told)
    return new, len(told) - new


def _row(watch_list: WatchList, each: Listed) -> dict[str, Any]:
    return bulk.new_row(
        list_id=watch_list.id,
        external_id=each.external_id,
        kind=each.kind.value,
        names=[*each.names],
        identifiers=[*each.identifiers],
        countries=[*each.countries],
        hs_prefixes=[*each.hs_prefixes],
        programme=each.programme,
        listed_on=each.listed_on,
        digest=each.digest,
        generation=watch_list.generation,
        removed_at=None,
    )


def _remove_others(session: Session, watch_list: WatchList) -> int:
    """Mark what this import did not have; cases keep what they were about."""
    gone = session.connection().execute(
        update(WatchListEntry)
        .where(
            col(WatchListEntry.list_id) == watch_list.id,
            col(WatchListEntry.generation) < watch_list.generation,
            col(WatchListEntry.removed_at).is_(None),
        )
        .values(removed_at=func.now())
        .returning(col(WatchListEntry.id))
    )
    ids = [row.id for row in gone]
    session.connection().execute(delete(WatchListName).where(col(WatchListName.entry_id).in_(ids)))
    return len(ids)


def _sha256(file: BinaryIO) -> str:
    file.seek(0)
    digest = hashlib.sha256()
    for piece in _pieces(file):
        digest.update(piece)
    return digest.hexdigest()


def _pieces(file: BinaryIO) -> Iterator[bytes]:
    while piece := file.read(_PIECE_BYTES):
        yield piece
