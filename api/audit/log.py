"""Every audit entry gets a place in one log, in commit order; the log's root is signed hourly.

Commit order: a round takes every entry that its snapshot shows and that has no place yet. An entry
of a transaction still open is not shown and takes a later place, so nothing is skipped, and an
entry that another one follows in its stream always comes before it. Inside a round, entries stand
in the order in which they were written.

Cost: a round reads entries since the oldest transaction that was open in the round before (the
first round of a process compares all). For n entries, the log keeps n leaves and fewer than n
subtrees; a root or a proof reads at most 2 * log2(n) of them by primary key, in one statement, and
an entry is hashed about twice, however large the log is.
"""

from collections.abc import Collection, Sequence
from datetime import datetime
from hashlib import sha256
from typing import Any, NamedTuple

from sqlalchemy import text
from sqlmodel import Session, col, func, select

from api.audit.models import AuditHead, AuditLeaf, AuditNode
from api.core import bulk, db, settings, signing
from api.core.audit import GENESIS, canonical
from api.core.outbox import emit
from api.rules import merkle
from api.rules.audit import head_is_due
from api.rules.merkle import Node, Range

BATCH = 50_000
HEAD = "audit_head"
_LOCK = text("SELECT pg_try_advisory_xact_lock(hashtextextended('kerben.audit_log', 17))")
_HORIZON = text(
    "SELECT pg_snapshot_xmin(s)::text::bigint, pg_snapshot_xmax(s)::text::bigint"
    " FROM pg_current_snapshot() AS s"
)
_UNPLACED = """
    SELECT id, hash FROM audit_entry e
    WHERE NOT EXISTS (SELECT FROM audit_leaf l WHERE l.entry_id = e.id) {since}
    ORDER BY position NULLS FIRST, seq, id LIMIT :batch
"""
_EVERY = text(_UNPLACED.format(since=""))
_SINCE = text(_UNPLACED.format(since="AND xid >= :since"))
_NODES = text("""
    SELECT 0, leaf_index, hash FROM audit_leaf WHERE leaf_index = ANY(:leaves)
    UNION ALL
    SELECT level, node_index, n.hash
    FROM unnest(CAST(:levels AS int[]), CAST(:places AS bigint[])) AS wanted(at_level, at_index)
    JOIN audit_node n ON n.level = at_level AND n.node_index = at_index
""")


class Round(NamedTuple):
    """How many entries got a place, and whether more wait. Every entry of a transaction before
    `settled` has its place: the next round need not look at them."""

    placed: int
    more: bool
    settled: int


def sequence(session: Session, settled: int = 0) -> Round | None:
    """Give committed entries the next places of the log; None while another process does.

    `settled` is what the round before has returned, once it was committed; 0 looks at all.
    """
    if not session.connection().scalar(_LOCK):
        return None
    oldest_open, next_xid = session.connection().execute(_HORIZON).one()
    if settled > next_xid:  # the rows were restored into a younger server
        settled = 0
    size = log_size(session)
    waiting = (
        session.connection().execute(_SINCE, {"since": settled, "batch": BATCH})
        if settled
        else session.connection().execute(_EVERY, {"batch": BATCH})
    ).all()
    _append(session, size, [(id, merkle.leaf_hash(bytes.fromhex(hash))) for id, hash in waiting])
    more = len(waiting) == BATCH
    return Round(len(waiting), more, settled if more else oldest_open)


def publish(session: Session) -> AuditHead | None:
    """Sign a head if one is due, and announce it; None if not, or while another process writes.

    Raises signing.KeyUnusable.
    """
    if not session.connection().scalar(_LOCK):
        return None
    last, now = latest_head(session), db.now(session)
    signed_at = datetime.fromisoformat(last.content["signed_at"]) if last else None
    if not head_is_due(signed_at, now, settings.get().audit_head_seconds):
        return None
    return _sign_head(session, last, now)


def sign_now(session: Session) -> AuditHead | None:
    """Place what is committed and sign a head, due or not; None while another process writes."""
    while (done := sequence(session)) and done.more:
        pass
    return _sign_head(session, latest_head(session), db.now(session)) if done else None


def latest_head(session: Session) -> AuditHead | None:
    """The newest head, if any was signed."""
    query = select(AuditHead).order_by(col(AuditHead.number).desc()).limit(1)
    return session.exec(query).one_or_none()


def log_size(session: Session) -> int:
    """How many entries have a place."""
    last = session.exec(select(func.max(AuditLeaf.leaf_index))).one()
    return 0 if last is None else last + 1


def root_at(session: Session, size: int) -> bytes:
    """The root over the first `size` leaves."""
    return joined(session, [(0, size)])[0]


def joined(session: Session, ranges: Sequence[Range]) -> list[bytes]:
    """The roots of ranges of leaves, from stored subtrees."""
    found = nodes(session, {piece for each in ranges for piece in merkle.pieces(*each)})
    return [merkle.join([found[piece] for piece in merkle.pieces(*each)]) for each in ranges]


def nodes(session: Session, wanted: Collection[Node]) -> dict[Node, bytes]:
    """Stored hashes of complete subtrees; those of level 0 are leaves."""
    above = [node for node in wanted if node[0]]
    rows = session.connection().execute(
        _NODES,
        {
            "leaves": [index for level, index in wanted if not level],
            "levels": [level for level, _ in above],
            "places": [index for _, index in above],
        },
    )
    return {(level, index): bytes(hash) for level, index, hash in rows}


def head_hash(content: dict[str, Any]) -> str:
    """What the next head, and a statement about this one, calls it by."""
    return sha256(canonical(content)).hexdigest()


def _append(session: Session, size: int, leaves: Sequence[tuple[Any, bytes]]) -> None:
    known = nodes(session, merkle.pieces(0, size))
    placed = list(enumerate(leaves, start=size))
    known |= {(0, index): leaf for index, (_, leaf) in placed}
    made = list(merkle.completed(size, size + len(leaves)))
    for level, index in made:
        left, right = known[level - 1, 2 * index], known[level - 1, 2 * index + 1]
        known[level, index] = merkle.node_hash(left, right)
    bulk.insert(
        session,
        AuditLeaf,
        [{"leaf_index": index, "entry_id": id, "hash": leaf} for index, (id, leaf) in placed],
    )
    bulk.insert(
        session,
        AuditNode,
        [
            {"level": level, "node_index": index, "hash": known[level, index]}
            for level, index in made
        ],
    )


def _sign_head(session: Session, last: AuditHead | None, now: datetime) -> AuditHead:
    size = log_size(session)
    signed = signing.sign(
        {
            "type": HEAD,
            "log": settings.get().base_url,
            "number": last.number + 1 if last else 1,
            "tree_size": size,
            "root_hash": root_at(session, size).hex(),
            "signed_at": now.isoformat(),
            "previous_hash": head_hash(last.content) if last else GENESIS,
        }
    )
    signing.publish_own_key(session)
    head = AuditHead(
        number=signed.content["number"],
        tree_size=size,
        content=signed.content,
        key_id=signed.key_id,
        signature=signed.signature,
    )
    session.add(head)
    emit(session, "audit.head_published", head.id, org_id=None, public=True, **signed._asdict())
    return head
