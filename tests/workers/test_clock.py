import threading
from datetime import timedelta
from uuid import UUID, uuid4

from sqlalchemy import text
from sqlmodel import Session, col, select

from api.core import db, deadlines
from api.core.deadlines import Deadline
from api.core.outbox import OutboxEvent
from tests import costs
from workers import clock

KIND = "tender.period_ended"
LIMIT = 500
"""So many are fired by one transaction."""
IN_TIME = (col(Deadline.due_at), col(Deadline.id))


def arm(resource: UUID, seconds: float) -> None:
    with db.worker_unit_of_work() as unit:
        due = db.now(unit) + timedelta(seconds=seconds)
        deadlines.arm(unit, KIND, resource, due, org_id=None)


def fired(session: Session) -> list[UUID]:
    session.rollback()
    query = select(OutboxEvent.resource_id).where(OutboxEvent.type == KIND)
    return list(session.exec(query.order_by(col(OutboxEvent.id))).all())


def test_job_05_what_is_due_fires_once_and_in_order(session: Session) -> None:
    late, later, not_yet = uuid4(), uuid4(), uuid4()
    arm(later, -1)
    arm(late, -2)
    arm(not_yet, 3600)

    assert clock.tick() == 0.0
    assert 0 < clock.tick() <= clock.LONGEST_SLEEP_SECONDS

    assert fired(session) == [late, later]


def test_job_05_a_moved_deadline_fires_again_and_a_removed_one_never(session: Session) -> None:
    moved, removed = uuid4(), uuid4()
    arm(moved, -1)
    clock.tick()
    arm(moved, -0.5)
    arm(removed, -0.5)
    with db.worker_unit_of_work() as unit:
        deadlines.disarm(unit, KIND, removed)

    clock.tick()

    assert fired(session) == [moved, moved]


def test_job_05_job_06_two_clocks_at_once_fire_a_deadline_once(session: Session) -> None:
    resources = [uuid4() for _ in range(40)]
    for resource in resources:
        arm(resource, -1)
    ticks = [threading.Thread(target=clock.tick) for _ in range(2)]
    for tick in ticks:
        tick.start()
    for tick in ticks:
        tick.join()
    clock.tick()

    assert sorted(fired(session)) == sorted(resources)


def test_job_05_what_fell_due_while_nobody_watched_fires_in_order_and_each_once(
    session: Session,
) -> None:
    """More than one transaction takes, in whatever order it was set."""
    count = LIMIT + 40
    _set(session, count, "now() - make_interval(secs => 100 + (n * 7919) % 1000)")
    wanted = session.exec(select(Deadline.resource_id).order_by(*IN_TIME)).all()

    while clock.tick() == 0.0:
        pass

    assert fired(session) == [*wanted]
    assert len({*wanted}) == count


def test_job_05_of_10000_that_wait_a_tick_reads_those_that_are_due_and_no_others(
    session: Session,
) -> None:
    """That is what lateness is made of; by the blocks that are read, not by the clock."""
    read = []
    for waiting in (0, 10_000):
        if waiting:
            _set(session, waiting, "now() + make_interval(hours => n)")
        arm(resource := uuid4(), -1)
        with costs.asked("worker") as statements:
            assert clock.tick() == 0.0
            clock.tick()
        assert fired(session)[-1] == resource
        asked = [each for each in statements if "FROM deadline" in each[0]]
        assert len(asked) >= 3, "two looks for what is due, one for what is next"
        with db.worker_unit_of_work() as unit:
            read.append(costs.blocks(unit, asked))
    none, many = read
    assert many <= none + 12, (none, many)


def _set(session: Session, count: int, due: str) -> None:
    session.connection().execute(
        text(
            "INSERT INTO deadline (id, created_at, updated_at, kind, resource_id, due_at)"
            f" SELECT uuidv7(), now(), now(), '{KIND}', gen_random_uuid(), {due}"
            f" FROM generate_series(1, {count}) n"
        )
    )
    session.commit()


def test_job_05_a_running_clock_wakes_for_a_deadline_set_while_it_sleeps(session: Session) -> None:
    stop, resource = threading.Event(), uuid4()
    running = threading.Thread(target=clock.run, args=(stop,))
    running.start()
    try:
        arm(resource, 0.2)
        with db.engine("worker").connect() as listener:
            raw = listener.connection.driver_connection
            assert raw is not None
            raw.execute("LISTEN kerben_outbox")
            raw.commit()
            if not fired(session):
                assert list(raw.notifies(timeout=10, stop_after=1))
    finally:
        stop.set()
        running.join(timeout=10)
    assert fired(session) == [resource]
