"""Rows written in bulk are the rows written one by one."""

from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.exc import DataError, IntegrityError
from sqlmodel import Session, col, select

from api.core import audit, bulk, deadlines, outbox
from api.core.audit import AuditEntry, Change
from api.core.deadlines import Deadline
from api.core.outbox import Event, OutboxEvent

SIZES = pytest.mark.parametrize("count", [1, bulk.FEW - 1, bulk.FEW, 3 * bulk.FEW])
trees = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53) + 1, 2**53 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)


@given(st.dictionaries(st.text(), trees))
def test_canonical_json_is_that_of_rfc_8785(content: dict[str, Any]) -> None:
    assert audit.canonical(content) == rfc8785.dumps(content)


@SIZES
def test_many_entries_continue_their_streams(session: Session, count: int) -> None:
    streams = [f"test:{i}" for i in range(count)]
    audit.record(session, streams[0], "begin", actor="a")
    changes = [Change(s, action, {"名": action}) for s in streams for action in ("one", "two")]

    audit.record_all(session, changes, actor="b", org_id=None)

    for stream in streams:
        query = select(AuditEntry).where(AuditEntry.stream == stream)
        entries = session.exec(query.order_by(col(AuditEntry.seq))).all()
        first = ["begin"] if stream == streams[0] else []
        assert [entry.action for entry in entries] == [*first, "one", "two"]
        assert audit.first_broken(entries) is None
    session.rollback()


@SIZES
def test_many_events_are_kept_in_order(session: Session, count: int) -> None:
    events = [Event("test.happened", uuid4(), {"number": i, "名": ["x"]}) for i in range(count)]

    outbox.emit_all(session, events, org_id=None)

    found = session.exec(select(OutboxEvent).order_by(col(OutboxEvent.id))).all()
    assert [(e.type, e.resource_id, e.payload) for e in found] == [e[:3] for e in events]
    assert all(e.xid is not None and e.dispatched_at is None for e in found)
    session.rollback()


@SIZES
def test_deadlines_are_set_moved_and_forgotten(session: Session, count: int) -> None:
    first, later = datetime(2030, 1, 1, tzinfo=UTC), datetime(2031, 1, 1, tzinfo=UTC)
    keys = [("test.due", uuid4()) for _ in range(count)]
    deadlines.arm_all(session, dict.fromkeys(keys, first), org_id=None)
    before = session.exec(select(Deadline.id).order_by(col(Deadline.id))).all()

    moved = {key: later if i % 2 else None for i, key in enumerate(keys)}
    deadlines.arm_all(session, moved, org_id=None)

    found = session.exec(select(Deadline)).all()
    assert {(d.kind, d.resource_id) for d in found} == {key for key, due in moved.items() if due}
    assert {d.due_at for d in found} <= {later}
    assert {d.id for d in found} <= set(before)
    session.rollback()


@SIZES
def test_rows_take_new_values_by_their_id(session: Session, count: int) -> None:
    rows = [
        bulk.new_row(kind="test.due", resource_id=uuid4(), due_at=datetime(2030, 1, 1, tzinfo=UTC))
        for _ in range(count + 1)
    ]
    bulk.insert(session, Deadline, rows)

    bulk.update(
        session, Deadline, [{"id": r["id"], "kind": f"x.{i}"} for i, r in enumerate(rows[1:])]
    )

    found = session.exec(select(Deadline.kind).order_by(col(Deadline.id))).all()
    assert found == ["test.due", *(f"x.{i}" for i in range(count))]
    session.rollback()


@SIZES
def test_what_the_database_refuses_is_told_as_ever(session: Session, count: int) -> None:
    due = datetime(2030, 1, 1, tzinfo=UTC)
    rows = [bulk.new_row(kind="k", resource_id=uuid4(), due_at=due) for _ in range(count)]
    for bad, error in (("x" * 101, DataError), ("a\0b", DataError)):
        with pytest.raises(error), session.begin_nested():
            bulk.insert(
                session, Deadline, [*rows, bulk.new_row(kind=bad, resource_id=uuid4(), due_at=due)]
            )
    with pytest.raises(IntegrityError), session.begin_nested():
        bulk.insert(session, Deadline, [*rows, {**rows[0], "kind": "another"}])
    assert session.exec(select(Deadline.id)).all() == []
    session.rollback()


def test_no_rows_need_no_statement(session: Session) -> None:
    bulk.insert(session, Deadline, [])
    bulk.update(session, Deadline, [])
    outbox.emit_all(session, [], org_id=None)
    audit.record_all(session, [], actor="a", org_id=None)
    deadlines.arm_all(session, {}, org_id=None)
    assert session.exec(select(Deadline.id)).all() == []
