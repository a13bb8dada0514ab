"""The log: every committed entry has one place, whatever was open or written at the same time."""

import threading
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlmodel import Session, col, func, select

from api.audit import log
from api.audit.models import AuditHead, AuditLeaf, AuditNode
from api.core import audit, bulk, db, signing
from api.core.audit import AuditEntry
from api.core.outbox import OutboxEvent
from api.rules import merkle
from workers import sequencer


def write(*streams: str) -> None:
    with db.worker_unit_of_work() as session:
        for stream in streams:
            audit.record(session, stream, "act", actor="test")


def placed(session: Session) -> list[AuditEntry]:
    """The entries in the order of the log; fails when places are not 0, 1, 2, …"""
    session.rollback()
    found = session.exec(
        select(AuditLeaf.leaf_index, AuditLeaf.hash, AuditEntry)
        .join(AuditEntry, col(AuditEntry.id) == AuditLeaf.entry_id)
        .order_by(col(AuditLeaf.leaf_index))
    ).all()
    assert [index for index, _, _ in found] == list(range(len(found)))
    for _, leaf, entry in found:
        assert leaf == merkle.leaf_hash(bytes.fromhex(entry.hash))
    return [entry for _, _, entry in found]


def names(session: Session) -> list[tuple[str, int]]:
    return [(entry.stream, entry.seq) for entry in placed(session)]


def test_entries_of_an_open_transaction_come_later_and_nothing_is_lost(session: Session) -> None:
    with Session(db.engine("worker")) as slow, slow.begin():
        audit.record(slow, "slow:1", "act", actor="test")
        slow.flush()
        write("fast:1", "fast:2")
        settled = sequencer.sequence_all()
        assert names(session) == [("fast:1", 1), ("fast:2", 1)]
        write("fast:1")
        settled = sequencer.sequence_all(settled)
    write("fast:3")

    sequencer.sequence_all(settled)

    assert names(session) == [
        ("fast:1", 1),
        ("fast:2", 1),
        ("fast:1", 2),
        ("slow:1", 1),
        ("fast:3", 1),
    ]


def test_an_entry_follows_its_predecessor_even_from_an_older_transaction(session: Session) -> None:
    with Session(db.engine("worker")) as older, older.begin():
        assert older.connection().exec_driver_sql("SELECT pg_current_xact_id()").one()
        with Session(db.engine("worker")) as between, between.begin():
            between.connection().exec_driver_sql("SELECT pg_current_xact_id()").one()
            write("both:1")
            audit.record(older, "both:1", "act", actor="test")
            older.flush()
            older.commit()
            settled = sequencer.sequence_all()
    sequencer.sequence_all(settled)

    assert names(session) == [("both:1", 1), ("both:1", 2)]
    xids = [entry.xid for entry in placed(session)]
    assert xids != sorted(xids, key=lambda xid: xid or 0)


def test_sec_10_parallel_writers_and_sequencers_lose_and_double_nothing(session: Session) -> None:
    writers, rounds, stop = 6, 15, threading.Event()

    def writing(writer: int) -> None:
        for _ in range(rounds):
            write(f"shared:{writer % 2}", f"own:{writer}")

    def sequencing() -> None:
        settled = 0
        while not stop.is_set():
            settled = sequencer.sequence_all(settled)

    writing_threads = [threading.Thread(target=writing, args=(n,)) for n in range(writers)]
    sequencing_threads = [threading.Thread(target=sequencing) for _ in range(2)]
    for thread in [*writing_threads, *sequencing_threads]:
        thread.start()
    for thread in writing_threads:
        thread.join()
    stop.set()
    for thread in sequencing_threads:
        thread.join()
    sequencer.sequence_all()

    found = names(session)
    assert len(found) == len(set(found)) == 2 * writers * rounds
    for stream in {name for name, _ in found}:
        seqs = [seq for name, seq in found if name == stream]
        assert seqs == list(range(1, len(seqs) + 1))


def test_a_backlog_is_placed_in_batches(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log, "BATCH", 3)
    streams = [f"many:{number}" for number in range(10)]
    write(*streams)
    sequencer.sequence_all()
    assert names(session) == [(stream, 1) for stream in streams]


def test_entries_from_before_the_log_and_from_another_server_are_placed(
    session: Session, superuser: psycopg.Connection[Any]
) -> None:
    write("old:1", "old:2", "restored:1", "new:1")
    superuser.execute("UPDATE audit_entry SET xid = NULL, position = NULL WHERE stream ~ 'old'")
    superuser.execute("UPDATE audit_entry SET xid = 10^15 WHERE stream = 'restored:1'")

    settled = sequencer.sequence_all(10**15)

    assert {name for name, _ in names(session)} == {"old:1", "old:2", "restored:1", "new:1"}
    write("new:2")
    assert sequencer.sequence_all(settled) < 10**15
    assert names(session)[-1] == ("new:2", 1)


@settings(max_examples=12, deadline=None)
@given(sizes=st.lists(st.integers(0, 40), min_size=1, max_size=5))
def test_stored_subtrees_are_those_of_the_tree_over_all_leaves(
    superuser: psycopg.Connection[Any], sizes: list[int]
) -> None:
    superuser.execute("DELETE FROM audit_entry; DELETE FROM audit_leaf; DELETE FROM audit_node")
    for size in sizes:
        write(*[f"grow:{number}" for number in range(size)])
        sequencer.sequence_all()
    with db.worker_unit_of_work() as session:
        leaves = list(session.exec(select(AuditLeaf.hash).order_by(col(AuditLeaf.leaf_index))))
        assert len(leaves) == sum(sizes) == log.log_size(session)
        for size in range(len(leaves) + 1):
            assert log.root_at(session, size) == merkle.root(leaves[:size])
        stored = session.exec(select(func.count()).select_from(AuditNode)).one()
        assert stored == sum(1 for _ in merkle.completed(0, len(leaves)))


def test_sec_11_a_head_is_signed_once_a_period_linked_to_the_one_before_and_announced(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    write("a:1", "a:2")
    sequencer.sequence_all()
    sequencer.publish_due()
    sequencer.publish_due()
    write("a:1")
    sequencer.sequence_all()
    monkeypatch.setattr(log, "head_is_due", lambda *_: True)
    sequencer.publish_due()

    heads = session.exec(select(AuditHead).order_by(col(AuditHead.number))).all()
    assert [(head.number, head.tree_size) for head in heads] == [(1, 2), (2, 3)]
    assert heads[0].content["previous_hash"] == audit.GENESIS
    assert heads[1].content["previous_hash"] == log.head_hash(heads[0].content)
    leaves = [merkle.leaf_hash(bytes.fromhex(entry.hash)) for entry in placed(session)]
    for head in heads:
        assert head.content["root_hash"] == merkle.root(leaves[: head.tree_size]).hex()
        key = signing.own_public_key()
        assert head.key_id == key.key_id
        assert signing.verify(head.content, head.signature, key.public_key)
    events = session.exec(select(OutboxEvent).order_by(col(OutboxEvent.id))).all()
    assert [(event.type, event.resource_id, event.payload) for event in events] == [
        (
            "audit.head_published",
            head.id,
            {"content": head.content, "key_id": head.key_id, "signature": head.signature},
        )
        for head in heads
    ]


def test_two_sequencers_at_once_sign_one_head(session: Session) -> None:
    write("a:1")
    sequencer.sequence_all()
    both = [threading.Thread(target=sequencer.publish_due) for _ in range(2)]
    for thread in both:
        thread.start()
    for thread in both:
        thread.join()
    sequencer.publish_due()
    assert session.exec(select(func.count()).select_from(AuditHead)).one() == 1


def test_a_running_sequencer_places_and_signs(session: Session) -> None:
    write("a:1")
    stop = threading.Event()
    running = threading.Thread(target=sequencer.run, args=(stop,))
    with db.engine("worker").connect() as listener:
        raw = listener.connection.driver_connection
        assert raw is not None
        raw.execute("LISTEN kerben_outbox")
        raw.commit()
        running.start()
        try:
            assert list(raw.notifies(timeout=10, stop_after=1))
        finally:
            stop.set()
            running.join(timeout=10)
    head = session.exec(select(AuditHead)).one()
    assert (head.number, head.tree_size) == (1, 1)


def test_a_failed_transaction_takes_no_place(session: Session) -> None:
    with Session(db.engine("worker")) as undone:
        audit.record(undone, "never:1", "act", actor="test")
        undone.flush()
        undone.rollback()
    write("kept:1")
    sequencer.sequence_all()
    assert names(session) == [("kept:1", 1)]


def test_a_place_and_an_entry_can_be_taken_once(session: Session) -> None:
    write("a:1")
    sequencer.sequence_all()
    (entry,) = placed(session)
    for index, entry_id in [(0, uuid4()), (1, entry.id)]:
        with pytest.raises(Exception, match="unique"), db.worker_unit_of_work() as unit:
            _insert(unit, index, entry_id)
    assert names(session) == [("a:1", 1)]


def _insert(session: Session, index: int, entry_id: UUID) -> None:
    row = {"leaf_index": index, "entry_id": entry_id, "hash": bytes(32)}
    bulk.insert(session, AuditLeaf, [row])
