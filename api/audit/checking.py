"""Checking the whole log in the database against the heads, stored ones and ones kept outside.

Reads every entry once, in batches, and keeps about log2(n) hashes.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from sqlmodel import Session, col, select

from api.audit.log import head_hash
from api.audit.models import AuditHead, AuditLeaf
from api.audit.verification import What
from api.core import signing
from api.core.audit import GENESIS, AuditEntry
from api.core.signing import SigningKey
from api.rules import merkle

BATCH = 5_000
type Heads = dict[int, list[dict[str, Any]]]


class Finding(NamedTuple):
    """The first thing wrong, and where: a head, a place of the log, or an entry of a stream."""

    what: What
    where: str
    detail: str


def first_finding(session: Session, kept: Sequence[dict[str, Any]] = ()) -> Finding | None:
    """The first thing that is wrong with the log; None when all of it holds.

    `kept` are contents of heads from outside the database, whose signatures the caller trusts.
    """
    stored = session.exec(select(AuditHead).order_by(col(AuditHead.number))).all()
    found = _check_heads(session, stored)
    if found:
        return found
    by_size: Heads = defaultdict(list)
    for content in [*(head.content for head in stored), *kept]:
        by_size[content["tree_size"]].append(content)
    return _check_log(session, by_size)


def _check_heads(session: Session, heads: Sequence[AuditHead]) -> Finding | None:
    keys = {key.key_id: key.public_key for key in session.exec(select(SigningKey))}
    previous = GENESIS
    for number, head in enumerate(heads, start=1):
        where = f"head {number}"
        if head.number != number or head.content.get("number") != number:
            return Finding(What.REMOVED, where, f"head {head.number} stands in its place")
        if not signing.verify(head.content, head.signature, keys.get(head.key_id, "")):
            return Finding(What.UNSIGNED, where, "its signature does not hold")
        if head.content["previous_hash"] != previous:
            return Finding(What.CHANGED, where, "it does not follow from the one before")
        previous = head_hash(head.content)
    return None


def _check_log(session: Session, by_size: Heads) -> Finding | None:
    tree, held = merkle.Growing(), 0
    if by_size.get(0) and any(head["root_hash"] != tree.root().hex() for head in by_size[0]):
        return Finding(What.CHANGED, "place 0", "a head over nothing has another root")
    for leaf, entry in _leaves(session):
        found = _check_leaf(tree.size, leaf, entry)
        if found:
            return found
        tree.append(leaf.hash)
        for head in by_size.get(tree.size, ()):
            if head["root_hash"] != tree.root().hex():
                detail = f"head {head['number']} has another root: the log was written anew"
                return Finding(What.CHANGED, f"places {held} to {tree.size - 1}", detail)
            held = tree.size
    longest = max(by_size, default=0)
    if longest > tree.size:
        number = by_size[longest][0]["number"]
        detail = f"head {number} is over {longest} entries"
        return Finding(What.TRUNCATED, f"place {tree.size}", detail)
    return None


def _check_leaf(place: int, leaf: AuditLeaf, entry: AuditEntry | None) -> Finding | None:
    if leaf.leaf_index != place:
        return Finding(What.REMOVED, f"place {place}", f"the next one is {leaf.leaf_index}")
    if entry is None:
        return Finding(What.REMOVED, f"place {place}", f"entry {leaf.entry_id.hex} is gone")
    where = f"entry {entry.seq} of {entry.stream} (place {place})"
    if entry.computed_hash() != entry.hash:
        return Finding(What.CHANGED, where, "its content does not give its hash")
    if merkle.leaf_hash(bytes.fromhex(entry.hash)) != leaf.hash:
        return Finding(What.CHANGED, where, "it is not what was put in this place")
    return None


def _leaves(session: Session) -> Iterator[tuple[AuditLeaf, AuditEntry | None]]:
    """Every place with its entry, in order; only a batch is in memory."""
    after = -1
    while True:
        rows = session.exec(
            select(AuditLeaf, AuditEntry)
            .join(AuditEntry, col(AuditEntry.id) == AuditLeaf.entry_id, isouter=True)
            .where(AuditLeaf.leaf_index > after)
            .order_by(col(AuditLeaf.leaf_index))
            .limit(BATCH)
        ).all()
        yield from rows
        if len(rows) < BATCH:
            return
        after = rows[-1][0].leaf_index
        session.expunge_all()
