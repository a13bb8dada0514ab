"""What is thrown away, and what stays."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

from sqlmodel import Session, select

from api.core import metrics, pruning, settings
from api.core.deadlines import Deadline
from api.core.idempotency import IdempotencyRecord
from api.core.jobs import Job
from api.core.outbox import OutboxEvent
from api.core.rate_storage import RateBucket
from api.identity.deprecations import DeprecatedUse
from api.identity.models import ApiClient, LoginSession, LoginThrottle, OneTimeToken
from api.rules.clock import utcnow
from tests.identity import people
from workers import housekeeper

SMALL = {RateBucket}
"""Read whole: an index would cost every request, and there are as many rows as clients lately."""


def _age(days: float) -> Any:
    return utcnow() - timedelta(days=days)


def _left(session: Session, model: Any, name: str) -> list[Any]:
    return sorted(session.exec(select(getattr(model, name))).all())


def test_job_09_told_events_are_pruned_and_those_that_wait_stay(session: Session) -> None:
    keep = settings.get().outbox_keep_days
    for told in (_age(keep + 1), _age(keep - 1), None):
        session.add(
            OutboxEvent(
                type="test.old",
                resource_id=uuid4(),
                payload={"kept": told is None or told > _age(keep)},
                created_at=_age(keep + 5),
                dispatched_at=told,
            )
        )
    session.commit()
    counted = metrics.PRUNED_ROWS.labels("outbox_event")
    before = counted._value.get()
    assert housekeeper.tidy() == 1
    assert [each["kept"] for each in session.exec(select(OutboxEvent.payload)).all()] == [True] * 2
    assert counted._value.get() == before + 1


def test_job_09_expired_answers_and_old_failures_are_pruned(session: Session) -> None:
    for n, expires in enumerate((_age(0.1), _age(-0.1))):
        session.add(
            IdempotencyRecord(
                org_id=uuid4(), principal="p", operation="o", key=str(n), body_hash="",
                status=200, body=b"", headers={}, expires_at=expires,
            )
        )  # fmt: skip
    keep = settings.get().throttle_keep_days
    for subject, failed in (("old", _age(keep + 1)), ("recent", _age(keep - 1))):
        session.add(LoginThrottle(subject=subject, failures=5, last_failed_at=failed))
    session.commit()
    assert housekeeper.tidy() == 2
    assert _left(session, IdempotencyRecord, "key") == ["1"]
    assert _left(session, LoginThrottle, "subject") == ["recent"]


def test_job_09_logins_and_invitations_that_ended_long_ago_are_pruned(
    as_org: Any, session: Session
) -> None:
    buyer = as_org(["buyer"])
    person = people.joined(buyer, "one@example.kg")
    people.invited(buyer, "two@example.kg")
    keep = settings.get().session_keep_days
    live = session.exec(select(LoginSession)).one()
    for expires in (_age(keep + 1), _age(keep - 1)):
        copied = live.model_dump(exclude={"id", "token_hash", "expires_at"})
        session.add(LoginSession(**copied, token_hash=uuid4().hex, expires_at=expires))
    for token in session.exec(select(OneTimeToken)).all():
        if token.used_at is not None:
            token.expires_at = _age(keep + 1)
            session.add(token)
    session.commit()
    assert housekeeper.tidy() == 2
    assert len(session.exec(select(LoginSession.id)).all()) == 2
    assert len(session.exec(select(OneTimeToken.id)).all()) == 1
    assert person.get("/v1/session").status_code == 200


def test_job_09_fired_deadlines_old_uses_and_silent_counters_are_pruned(
    as_org: Any, session: Session, superuser: Any, monkeypatch: Any
) -> None:
    config = settings.get()
    keep = config.deadline_keep_days
    for fired in (_age(keep + 1), _age(keep - 1), None):
        session.add(
            Deadline(kind="t.due", resource_id=uuid4(), due_at=_age(keep + 2), fired_at=fired)
        )
    org_id = as_org(["buyer"]).org_id
    client_id = session.exec(select(ApiClient.id).where(ApiClient.org_id == org_id)).one()
    for days in (config.usage_keep_days + 1, config.usage_keep_days - 1):
        at = _age(days)
        session.add(
            DeprecatedUse(
                org_id=org_id, client_id=client_id, operation="o", day=at.date(), last_used_at=at
            )
        )
    session.commit()
    monkeypatch.setattr(config, "rate_limits", {"standard": {"default": f"9/{10 * 86_400}"}})
    for key, days in (("silent", 22), ("in its window", 20)):
        superuser.execute("SELECT kerben_take_rate(%s, 9, 864000, 1)", (key,))
        superuser.execute(
            "UPDATE rate_bucket SET touched_at = now() - make_interval(days => %s) WHERE key = %s",
            (days, key),
        )

    assert housekeeper.tidy() == 3

    assert sorted(map(bool, session.exec(select(Deadline.fired_at)).all())) == [False, True]
    assert len(session.exec(select(DeprecatedUse.id)).all()) == 1
    assert session.exec(select(RateBucket.key)).all() == ["in its window"]
    superuser.execute("SELECT kerben_take_rate('in its window', 9, 864000, 1)")
    assert housekeeper.tidy() == 0
    (touched,) = superuser.execute("SELECT touched_at > now() - interval '1 h' FROM rate_bucket")
    assert touched == (True,), "a counter that is used is kept"


def test_job_09_more_than_a_batch_is_pruned_batch_by_batch_by_an_index(
    session: Session, monkeypatch: Any
) -> None:
    monkeypatch.setattr(pruning, "AT_ONCE", 3)
    for n in range(7):
        session.add(LoginThrottle(subject=str(n), last_failed_at=_age(100 + n)))
    session.commit()
    assert pruning.prune(session, LoginThrottle, "last_failed_at", days=1) == 3
    session.commit()
    assert _left(session, LoginThrottle, "subject") == ["0", "1", "2", "3"], "the oldest first"
    assert housekeeper.tidy() == 4
    assert _left(session, LoginThrottle, "subject") == []


def test_job_09_every_pruned_column_has_an_index() -> None:
    for rule in housekeeper.rules(settings.get()):
        table: Any = rule.model.__table__  # type: ignore[attr-defined]
        first = {next(iter(index.columns)).name for index in table.indexes}
        assert rule.column in first or rule.model in SMALL, table.name
    assert Job in {rule.model for rule in housekeeper.rules(settings.get())}
