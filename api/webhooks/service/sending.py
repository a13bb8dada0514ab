"""What the dispatcher asks of the database: which deliveries to attempt now, and what came of them."""

import random
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

import structlog
from pydantic_core import to_json
from sqlalchemy import text
from sqlmodel import Session, col, select
from uuid_utils.compat import uuid7

from api.core import db, settings
from api.core.outbound import Answer, OutboundFailed
from api.rules import webhooks as rules
from api.rules.organisations import MAY_CALL
from api.rules.outbound import AttemptError
from api.rules.webhooks import DELIVERY, DeliveryStatus, DisabledReason, EndpointStatus, Ordering
from api.webhooks import feed
from api.webhooks.models import WebhookDelivery, WebhookEndpoint
from api.webhooks.service import endpoints, secrets

log = structlog.get_logger(__name__)
LEASE = timedelta(seconds=60)
MAX_RESPONSE = 20_000
ACTOR = "system:webhooks"
_DUE = "d.status = 'pending' AND d.next_attempt_at <= :now AND (d.lease_until IS NULL OR d.lease_until <= :now)"
_LIVE = "e.status = 'enabled' AND o.status = ANY(:may_act)"
# Endpoints are locked, so that two dispatchers never give one more than it may have in flight.
_ENDPOINTS = text(f"""
    SELECT e.id, e.url, e.failures, e.max_in_flight, e.rate_per_second, e.ordering,
      (SELECT count(*) FROM webhook_delivery f
        WHERE f.endpoint_id = e.id AND f.status = 'pending' AND f.lease_until > :now) AS in_flight
    FROM webhook_endpoint e JOIN organisation o ON o.id = e.org_id
    WHERE {_LIVE} AND (e.open_until IS NULL OR e.open_until <= :now)
      AND (e.paced_until IS NULL OR e.paced_until <= :now)
      AND EXISTS (SELECT FROM webhook_delivery d WHERE d.endpoint_id = e.id AND {_DUE})
    ORDER BY e.last_attempt_at NULLS FIRST LIMIT :limit FOR UPDATE OF e SKIP LOCKED
""")
_TAKE = text(f"""
    WITH picked AS (
      SELECT p.id FROM unnest(CAST(:ids AS uuid[]), CAST(:rooms AS int[]), CAST(:fifo AS bool[]))
        AS r(endpoint_id, room, fifo)
      CROSS JOIN LATERAL (
        SELECT d.id FROM webhook_delivery d
        WHERE d.endpoint_id = r.endpoint_id AND {_DUE} AND NOT (r.fifo AND EXISTS (
          SELECT FROM webhook_delivery b WHERE b.endpoint_id = d.endpoint_id
            AND b.resource_id = d.resource_id AND b.status IN ('pending', 'failed')
            AND b.position < d.position))
          AND NOT (r.fifo AND EXISTS (SELECT FROM outbox_event x
            WHERE x.dispatched_at IS NULL AND x.resource_id = d.resource_id))
        ORDER BY d.next_attempt_at, d.position LIMIT r.room FOR UPDATE SKIP LOCKED
      ) AS p LIMIT :limit
    )
    UPDATE webhook_delivery d SET lease_until = :lease FROM picked, webhook_message m
    WHERE d.id = picked.id AND m.id = d.message_id
    RETURNING d.id, d.endpoint_id, d.org_id, m.webhook_id, m.body,
      (SELECT least(v.xid, pg_snapshot_xmin(pg_current_snapshot())::text::bigint)
        FROM event_envelope v WHERE v.event_id = m.event_id LIMIT 1) AS xid,
      (SELECT x.request_id FROM outbox_event x WHERE x.id = m.event_id) AS request_id
""")
_PACE = text("""
    UPDATE webhook_endpoint e SET last_attempt_at = :now,
      paced_until = CASE WHEN e.rate_per_second IS NULL THEN NULL
        ELSE CAST(:now AS timestamptz) + make_interval(secs => g.taken / e.rate_per_second::float8) END
    FROM unnest(CAST(:ids AS uuid[]), CAST(:taken AS int[])) AS g(id, taken) WHERE e.id = g.id
""")
_READ: Sequence[Any] = [
    col(getattr(WebhookDelivery, name))
    for name in (
        "id", "endpoint_id", "status", "attempts", "tries", "single", "test", "next_attempt_at",
    )
]  # fmt: skip
_WRITE = text("""
    WITH told AS (
      SELECT * FROM jsonb_to_recordset(CAST(:told AS jsonb)) AS t(
        id uuid, delivery_id uuid, number int, tries int, status text, started_at timestamptz,
        duration_ms int, status_code int, error text, detail text, response text,
        next_attempt_at timestamptz)
    ), moved AS (
      UPDATE webhook_delivery d SET status = t.status, attempts = t.number, tries = t.tries,
        next_attempt_at = t.next_attempt_at, lease_until = NULL, last_status_code = t.status_code,
        last_error = t.error, updated_at = :now
      FROM told t WHERE d.id = t.delivery_id
      RETURNING t.id, d.org_id, d.endpoint_id, d.event_type
    )
    INSERT INTO webhook_attempt (id, created_at, updated_at, org_id, endpoint_id, delivery_id,
      event_type, number, started_at, duration_ms, status_code, error, detail, response,
      next_attempt_at)
    SELECT id, :now, :now, m.org_id, m.endpoint_id, delivery_id, m.event_type, number, started_at,
      duration_ms, status_code, error, detail, response, next_attempt_at
    FROM told JOIN moved m USING (id)
""")
_NEED_NOT_WAIT = text("SET LOCAL synchronous_commit TO off")
_UNWANTED = text(f"""
    SELECT d.id FROM webhook_delivery d JOIN webhook_endpoint e ON e.id = d.endpoint_id
    JOIN organisation o ON o.id = e.org_id
    WHERE d.id = ANY(:ids) AND NOT (d.status = 'pending' AND {_LIVE})
""")


class Outgoing(NamedTuple):
    """One attempt to make: everything that the request needs. `request_id` is that of the request that
    made the event, as long as it is known; `cursor` one of the feed, before the event and before
    all that can still be committed, as long as the event is kept."""

    delivery_id: UUID
    endpoint_id: UUID
    url: str
    webhook_id: str
    body: bytes
    keys: Sequence[str]
    request_id: str | None
    cursor: str | None = None


class Outcome(NamedTuple):
    """One attempt that was made: an answer, or why there is none."""

    outgoing: Outgoing
    started_at: datetime
    seconds: float
    answer: Answer | OutboundFailed


def claim(session: Session, limit: int) -> list[Outgoing]:
    """Take deliveries that are due, no more of an endpoint than it may have in flight, fairly."""
    now, may_act = db.now(session), [status.value for status in MAY_CALL]
    run = session.connection().execute
    # A claim that a crash forgets is made again, as one whose lease has expired.
    run(_NEED_NOT_WAIT)
    found = run(_ENDPOINTS, {"now": now, "may_act": may_act, "limit": limit}).all()
    rooms = {each.id: _room(each, limit // len(found)) for each in found}
    wanted = [each for each in found if rooms[each.id] > 0]
    if not wanted:
        return []
    taken = run(
        _TAKE,
        {
            "ids": [each.id for each in wanted],
            "rooms": [rooms[each.id] for each in wanted],
            "fifo": [each.ordering == Ordering.FIFO for each in wanted],
            "now": now,
            "lease": now + LEASE,
            "limit": limit,
        },
    ).all()
    counts = dict.fromkeys((each.endpoint_id for each in taken), 0)
    for each in taken:
        counts[each.endpoint_id] += 1
    run(_PACE, {"ids": [*counts], "taken": [*counts.values()], "now": now})
    urls = {each.id: each.url for each in wanted}
    keys = secrets.signing_keys(session, [*counts], now)
    return [
        Outgoing(
            d.id,
            d.endpoint_id,
            urls[d.endpoint_id],
            d.webhook_id,
            d.body,
            keys[d.endpoint_id],
            d.request_id,
            None if d.xid is None else feed.shown(d.org_id, feed.before(d.xid)),
        )
        for d in taken
        if d.body is not None and d.endpoint_id in keys
    ]


def unwanted(session: Session, delivery_ids: Collection[UUID]) -> set[UUID]:
    """Those under way that nobody wants any more: cancelled, or of an endpoint or organisation gone."""
    values = {"ids": [*delivery_ids], "may_act": [status.value for status in MAY_CALL]}
    return set(session.connection().execute(_UNWANTED, values).scalars())


def record(session: Session, outcomes: Sequence[Outcome]) -> None:
    """Write what came of attempts: the log, the next attempt, the state of each endpoint."""
    if not outcomes:
        return
    now = db.now(session)
    known = _locked_endpoints(session, {each.outgoing.endpoint_id for each in outcomes})
    query = select(*_READ).where(
        col(WebhookDelivery.id).in_([each.outgoing.delivery_id for each in outcomes])
    )
    rows = {row.id: row for row in session.connection().execute(query.with_for_update())}
    made = [
        (rows[each.outgoing.delivery_id], each)
        for each in outcomes
        if each.outgoing.delivery_id in rows  # else expired by retention meanwhile
    ]
    told = [_told(delivery, each, now) for delivery, each in made]
    session.connection().execute(_WRITE, {"told": to_json(told).decode(), "now": now})
    for delivery, each in made:
        endpoint, answer = known[delivery.endpoint_id], each.answer
        if not delivery.test:
            _note_health(session, endpoint, _succeeded(answer), now)
        gone = isinstance(answer, Answer) and answer.status == rules.GONE
        if gone and endpoint.status is EndpointStatus.ENABLED:
            session.flush()
            endpoints.disable(session, endpoint, actor=ACTOR, reason=DisabledReason.GONE)


def _succeeded(answer: Answer | OutboundFailed) -> bool:
    return isinstance(answer, Answer) and 200 <= answer.status < 300


def _told(delivery: Any, outcome: Outcome, now: datetime) -> dict[str, Any]:
    """The row of an attempt, and with it what becomes of its delivery.

    The attempts are the trail of a delivery: it has no audit entries and no events.
    """
    answer, succeeded = outcome.answer, _succeeded(outcome.answer)
    tries, status = delivery.tries + 1, DeliveryStatus(delivery.status)
    next_at = delivery.next_attempt_at
    if status is DeliveryStatus.PENDING:
        delay = None if succeeded else _delay(delivery.single, tries, answer, now)
        next_at = None if delay is None else now + timedelta(seconds=delay)
        action = "succeed" if succeeded else "fail" if next_at is None else "retry"
        status = DELIVERY.apply(action, status)
    code, kind = (
        (None, answer.kind)
        if isinstance(answer, OutboundFailed)
        else (answer.status, AttemptError.HTTP)
    )
    return {
        "id": uuid7(),
        "delivery_id": delivery.id,
        "number": delivery.attempts + 1,
        "tries": tries,
        "status": status,
        "started_at": outcome.started_at,
        "duration_ms": round(outcome.seconds * 1000),
        "status_code": code,
        "error": None if succeeded else kind,
        "detail": _detail(answer),
        "response": _shown(answer),
        "next_attempt_at": next_at,
    }


def _delay(
    single: bool, tries: int, answer: Answer | OutboundFailed, now: datetime
) -> float | None:
    """Seconds until the next attempt; None when there is to be none."""
    if single:
        return None
    throttled, after = False, None
    if isinstance(answer, OutboundFailed):
        throttled = answer.kind is AttemptError.TIMEOUT
    else:
        told = answer.headers.get("webhook-delivery", "").strip().lower()
        if answer.status == rules.GONE or told == rules.ABORT:
            return None
        throttled = answer.status in rules.THROTTLED
        after = rules.retry_after_seconds(answer.headers.get("retry-after"), now)
    return rules.retry_delay(
        settings.get().webhook_schedule_seconds,
        tries,
        jitter=random.random(),
        throttled=throttled,
        retry_after=after,
    )


def _note_health(
    session: Session, endpoint: WebhookEndpoint, succeeded: bool, now: datetime
) -> None:
    if succeeded:
        if not endpoint.failures and endpoint.last_success_at == now:
            return  # another of the same batch has said so
        endpoint.failures, endpoint.failing_since, endpoint.open_until = 0, None, None
        endpoint.last_success_at = now
        return
    endpoint.failures += 1
    endpoint.failing_since = endpoint.failing_since or now
    seconds = rules.circuit_open_seconds(endpoint.failures, jitter=random.random())
    endpoint.open_until = None if seconds is None else now + timedelta(seconds=seconds)
    if endpoint.status is EndpointStatus.ENABLED and rules.is_hopeless(
        endpoint.failing_since, now, now
    ):
        session.flush()
        endpoints.disable(session, endpoint, actor=ACTOR, reason=DisabledReason.FAILING)


def _locked_endpoints(session: Session, ids: Collection[UUID]) -> dict[UUID, WebhookEndpoint]:
    query = select(WebhookEndpoint).where(col(WebhookEndpoint.id).in_(ids))
    rows = session.exec(query.order_by(col(WebhookEndpoint.id)).with_for_update())
    return {row.id: row for row in rows}


def _room(endpoint: Any, share: int) -> int:
    room: int = rules.may_fly(endpoint.max_in_flight, endpoint.failures) - endpoint.in_flight
    if endpoint.rate_per_second is not None:
        room = min(room, endpoint.rate_per_second)
    return min(room, max(1, share))


def _detail(answer: Answer | OutboundFailed) -> str | None:
    if isinstance(answer, OutboundFailed):
        return str(answer)
    if 300 <= answer.status < 400:
        location = answer.headers.get("location", "")
        # The query of a redirect may hold what only its browser should know.
        return f"redirect to {location.partition('?')[0][:300]}, not followed"
    return None


def _shown(answer: Answer | OutboundFailed) -> str | None:
    if isinstance(answer, OutboundFailed):
        return None
    head = answer.body[:MAX_RESPONSE].decode("utf-8", "ignore").replace("\0", "")
    return head or None
