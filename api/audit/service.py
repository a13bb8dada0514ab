"""Heads, proofs and exports of the audit log. Reads only; never commits."""

from collections.abc import Sequence
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import ColumnElement, or_, true
from sqlmodel import Session, col, select

from api.audit import log
from api.audit.models import AuditHead, AuditLeaf
from api.core import db, pages, signing
from api.core.audit import AuditEntry
from api.core.errors import Conflict, Forbidden, NotFound, refused
from api.core.pages import PageQuery
from api.core.signing import Signed, SigningKey
from api.procurement import service as procurement
from api.rules import merkle

EXPORT = "audit_export"
TENDER = "tender:"
BID = "bid:"


class NotYetInHead(Conflict):
    """The entry is newer than the head; a later head covers it."""

    code, title = "not_yet_in_head", "No such head covers the entry yet"


class Reader(NamedTuple):
    """Who asks. `audits`: an auditor or the operator, who reads every organisation's entries."""

    org_id: UUID
    audits: bool


class Inclusion(NamedTuple):
    """The place of an entry and what proves it."""

    entry_id: str
    leaf_index: int
    leaf_hash: str
    proof: list[str]
    head: AuditHead


class Consistency(NamedTuple):
    """Two heads and what proves that the newer log begins with the older one."""

    older: AuditHead
    newer: AuditHead
    proof: list[str]


def keys(session: Session) -> Sequence[SigningKey]:
    """Every public key that has signed, oldest first."""
    return session.exec(select(SigningKey).order_by(col(SigningKey.id))).all()


def list_heads(session: Session, page: PageQuery) -> tuple[Sequence[AuditHead], str | None]:
    """Heads, newest first, and the next cursor."""
    query = select(AuditHead).order_by(col(AuditHead.number).desc()).limit(page.limit + 1)
    if page.cursor:
        (last,) = pages.unseal("audit_heads", {}, page.cursor)
        query = query.where(AuditHead.number < int(last))
    rows = session.exec(query).all()
    if len(rows) <= page.limit:
        return rows, None
    rows = rows[: page.limit]
    return rows, pages.seal("audit_heads", {}, [rows[-1].number])


def get_head(session: Session, number: int | None = None) -> AuditHead:
    """The head of a number, by default the newest. Raises NotFound."""
    if number is None:
        head = log.latest_head(session)
    else:
        head = session.exec(select(AuditHead).where(AuditHead.number == number)).one_or_none()
    if head is None:
        raise NotFound
    return head


def inclusion(session: Session, entry_id: UUID, head: AuditHead) -> Inclusion:
    """That an entry is in the log of a head. Raises NotFound, NotYetInHead."""
    leaf = session.exec(select(AuditLeaf).where(AuditLeaf.entry_id == entry_id)).one_or_none()
    if leaf is None:
        raise NotFound
    if leaf.leaf_index >= head.tree_size:
        raise NotYetInHead
    (proof,) = _proofs(session, [leaf.leaf_index], head.tree_size)
    return Inclusion(entry_id.hex, leaf.leaf_index, leaf.hash.hex(), proof, head)


def consistency(session: Session, older: AuditHead, newer: AuditHead) -> Consistency:
    """That the newer log begins with the older one. Raises Invalid when they are exchanged."""
    if older.number > newer.number:
        raise refused("#?query/older", "not_older", "It must not be newer than `newer`.")
    ranges = merkle.consistency_ranges(older.tree_size, newer.tree_size)
    return Consistency(older, newer, [each.hex() for each in log.joined(session, ranges)])


def find_entry(session: Session, reader: Reader, stream: str, seq: int) -> UUID:
    """The id of an entry of a stream that the reader may know. Raises NotFound."""
    _admit(session, reader, stream)
    query = select(AuditEntry.id).where(AuditEntry.stream == stream, AuditEntry.seq == seq)
    found = session.exec(query).one_or_none()
    if found is None:
        raise NotFound
    return found


def export(session: Session, reader: Reader, stream: str, head: AuditHead) -> dict[str, Any]:
    """A whole stream with its proofs and a signed statement about its length.

    Entries of other organisations that the reader may not read show their hashes alone. The
    entries are read before their places, and a place never changes.
    """
    readable = _admit(session, reader, stream)
    entries = session.exec(
        select(AuditEntry).where(AuditEntry.stream == stream).order_by(col(AuditEntry.seq))
    ).all()
    places = _places(session, stream, head.tree_size)
    proven = [places[entry.id] for entry in entries if entry.id in places]
    proofs = _proofs(session, proven, head.tree_size)
    by_place = dict(zip(proven, proofs, strict=True))
    shown = [
        _shown(entry, entry.id in readable, places.get(entry.id), by_place) for entry in entries
    ]
    statement = signing.sign(
        {
            "type": EXPORT,
            "stream": stream,
            "entries": len(entries),
            "proven": len(proven),
            "withheld": [each["seq"] for each in shown if each["content"] is None],
            "last_hash": entries[-1].hash,
            "head_hash": log.head_hash(head.content),
        }
    )
    return {
        "statement": statement._asdict(),
        "head": Signed(head.content, head.key_id, head.signature)._asdict(),
        "entries": shown,
    }


def _admit(session: Session, reader: Reader, stream: str) -> set[UUID]:
    """The entries of a stream that the reader may read; from here on, the session sees all of it.

    Raises NotFound where the reader has no part in the stream. Of a bid that is not opened nobody
    but its supplier knows, auditors and the operator included.
    """
    if stream.startswith(BID):
        _require_bid(session, reader.org_id, stream)
    rows = session.exec(
        select(AuditEntry.id, AuditEntry.org_id).where(
            AuditEntry.stream == stream, _readable(session, reader, stream)
        )
    ).all()
    if not reader.audits and all(org_id is None for _, org_id in rows):
        raise NotFound
    db.scope(session, auditor="on")
    if reader.audits:
        rows = session.exec(
            select(AuditEntry.id, AuditEntry.org_id).where(AuditEntry.stream == stream)
        ).all()
    if not rows:
        raise NotFound
    return {id for id, _ in rows}


def _require_bid(session: Session, org_id: UUID, stream: str) -> None:
    try:
        bid_id = UUID(hex=stream.removeprefix(BID))
    except ValueError as error:
        raise NotFound from error
    procurement.bid_views.get(session, org_id=org_id, bid_id=bid_id)


def _readable(session: Session, reader: Reader, stream: str) -> ColumnElement[bool]:
    """Own entries and those of nobody; all of a published tender, whose trail is public."""
    own = or_(col(AuditEntry.org_id) == reader.org_id, col(AuditEntry.org_id).is_(None))
    published = stream.startswith(TENDER) and _is_published(session, reader.org_id, stream)
    return true() if published else own


def _is_published(session: Session, org_id: UUID, stream: str) -> bool:
    try:
        tender_id = UUID(hex=stream.removeprefix(TENDER))
        tender = procurement.get(session, org_id=org_id, tender_id=tender_id)
    except (ValueError, NotFound, Forbidden):
        return False
    return tender.published_at is not None


def _places(session: Session, stream: str, size: int) -> dict[UUID, int]:
    rows = session.exec(
        select(AuditLeaf.entry_id, AuditLeaf.leaf_index)
        .join(AuditEntry, col(AuditEntry.id) == AuditLeaf.entry_id)
        .where(AuditEntry.stream == stream, AuditLeaf.leaf_index < size)
    )
    return {entry_id: index for entry_id, index in rows}


def _proofs(session: Session, indices: Sequence[int], size: int) -> list[list[str]]:
    """Inclusion proofs of many leaves; all their subtrees are read in one statement."""
    ranges = [merkle.inclusion_ranges(index, size) for index in indices]
    roots = iter(log.joined(session, [each for proof in ranges for each in proof]))
    return [[next(roots).hex() for _ in proof] for proof in ranges]


def _shown(
    entry: AuditEntry, readable: bool, place: int | None, proofs: dict[int, list[str]]
) -> dict[str, Any]:
    return {
        "seq": entry.seq,
        "content": entry.content() if readable else None,
        "prev_hash": entry.prev_hash,
        "hash": entry.hash,
        "leaf_index": place,
        "proof": None if place is None else proofs[place],
    }
