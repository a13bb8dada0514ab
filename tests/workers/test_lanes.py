"""Whose jobs are served when, and which are thrown away."""

import threading
from datetime import timedelta
from uuid import UUID, uuid4

import psycopg
from sqlmodel import Session, col, func, select

from api.core import db, jobs, settings
from api.core.jobs import Job
from api.core.outbox import emit
from workers import housekeeper, relay


def asked(number: int, account: UUID | None) -> list[UUID]:
    with db.worker_unit_of_work() as unit:
        return [
            jobs.enqueue(unit, "test.append", {"number": n}, account=account).id
            for n in range(number)
        ]


def sent() -> list[UUID]:
    with db.worker_unit_of_work() as unit:
        return [jobs.job_uuid(job_id) for _, job_id in relay.take_due(unit)]


def done(job_ids: list[UUID], *, days_ago: int = 0) -> None:
    with db.worker_unit_of_work() as unit:
        moment = db.now(unit) - timedelta(days=days_ago)
        for job_id in job_ids:
            unit.get_one(Job, job_id).done_at = moment


def test_job_08_the_work_of_one_organisation_does_not_delay_anothers(
    superuser: psycopg.Connection[object],
) -> None:
    greedy, modest = uuid4(), uuid4()
    asked(1, greedy)
    superuser.execute(
        "INSERT INTO job (id, created_at, updated_at, name, args, lane, run_at, attempts,"
        " progress_done) SELECT gen_random_uuid(), now(), now(), name, args, lane,"
        " now() - interval '1 hour', 0, 0 FROM job CROSS JOIN generate_series(2, 100000)"
    )
    superuser.execute("ANALYZE job")
    window = settings.get().job_lane_window

    first = sent()
    assert len(first) == window, "no more of the hundred thousand is under way"
    (late,) = asked(1, modest)
    assert sent() == [late], "whoever comes after them is sent at once"
    done(first[:7])
    assert len(sent()) == 7, "what is done makes place for as many"


def test_job_08_lanes_are_served_in_turn_and_each_queue_is_a_lane_of_its_own() -> None:
    one, other = uuid4(), uuid4()
    firsts, others = asked(3, one), asked(3, other)
    turns = sent()
    assert [set(turns[n : n + 2]) for n in (0, 2, 4)] == [{firsts[n], others[n]} for n in range(3)]
    with db.worker_unit_of_work() as unit:
        emit(unit, "tender.period_ended", uuid4(), org_id=one)
        emit(unit, "seller.rated", uuid4(), org_id=one)
        emit(unit, "webhook.retention_due", uuid4(), org_id=one)
    with db.worker_unit_of_work() as unit:
        relay.make_jobs(unit)
        lanes = {job.lane for job in unit.exec(select(Job)).all()}
    assert {f"{queue}:{one.hex}" for queue in ("default", "deadlines", "matching")} <= lanes


def test_job_09_what_was_done_long_ago_is_pruned_and_nothing_else(session: Session) -> None:
    old, recent, failed, waiting = (asked(3, None) for _ in range(4))
    keep = settings.get().job_retention_days
    done(old, days_ago=keep + 1)
    done(recent, days_ago=keep - 1)
    with db.worker_unit_of_work() as unit:
        for job_id in failed:
            job = unit.get_one(Job, job_id)
            job.failed_at = job.created_at - timedelta(days=keep + 1)
    assert housekeeper.tidy() == 3
    left = session.exec(select(Job.id)).all()
    assert sorted(left) == sorted([*recent, *failed, *waiting])
    plan = session.connection().exec_driver_sql(
        "SELECT count(*) FROM pg_indexes WHERE indexname IN ('ix_job_open', 'ix_job_lane')"
        " AND indexdef LIKE '%%WHERE ((done_at IS NULL) AND (failed_at IS NULL))%%'"
    )
    assert plan.scalar() == 2, "done rows are in no index that relays read"


def test_job_06_two_housekeepers_at_once_do_the_work_once(session: Session) -> None:
    done(asked(50, None), days_ago=settings.get().job_retention_days + 1)
    pruned: list[int] = []
    both = [threading.Thread(target=lambda: pruned.append(housekeeper.tidy())) for _ in range(2)]
    for thread in both:
        thread.start()
    for thread in both:
        thread.join()
    assert sum(pruned) == 50
    query = select(func.count()).select_from(Job).where(col(Job.done_at).is_not(None))
    assert session.exec(query).one() == 0
