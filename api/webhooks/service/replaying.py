"""Recover and replay: what an endpoint missed, or all of it again, as a job with progress."""

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import text, update
from sqlmodel import Session, col, select

from api.core import audit, db, jobs
from api.core.jobs import Job
from api.rules.organisations import MAY_CALL
from api.rules.webhooks import DELIVERY, DeliveryStatus, EndpointStatus
from api.webhooks import catalogue
from api.webhooks.models import WebhookDelivery, WebhookEndpoint, WebhookMessage
from api.webhooks.problems import EndpointState, ReplayRunning
from api.webhooks.schemas.endpoints import RecoverIn, ReplayIn
from api.webhooks.service import fan_out
from api.webhooks.service.fan_out import Told

TASK = "webhooks.replay"
BATCH = 200
PER_SECOND = 20
"""A replay is paced, so that it does not flood a receiver that has just come back."""
_CANDIDATES = f"""
    {fan_out.CANDIDATES}
    WHERE e.id = :endpoint AND v.type = ANY(:types) AND v.created_at >= :since
      AND (CAST(:until AS timestamptz) IS NULL OR v.created_at < :until)
"""
_ASKED = text("""
    SELECT e.event_types, e.scopes, o.roles FROM webhook_endpoint e
    JOIN organisation o ON o.id = e.org_id WHERE e.id = :endpoint
""")
_COUNT = text(f"SELECT count(*) FROM ({_CANDIDATES}) AS c")
_PAGE = text(
    f"{_CANDIDATES} AND (CAST(:after AS uuid) IS NULL OR v.id > :after) ORDER BY v.id LIMIT :limit"
)


def begin(session: Session, endpoint: WebhookEndpoint, *, actor: str, data: RecoverIn) -> Job:
    """Recover what failed or was missed since a moment; of a ReplayIn, what succeeded too.

    Events of which this endpoint never had a delivery, as those while it was disabled, get one.
    Raises EndpointState unless it is enabled, ReplayRunning while another one runs.
    """
    if endpoint.status is not EndpointStatus.ENABLED:
        raise EndpointState("The endpoint is not enabled.")
    running = select(Job.id).where(
        Job.name == TASK,
        col(Job.done_at).is_(None),
        col(Job.failed_at).is_(None),
        col(Job.args)["endpoint_id"].astext == endpoint.id.hex,
    )
    if session.exec(running).first() is not None:
        raise ReplayRunning
    again = isinstance(data, ReplayIn)
    arguments = {
        "endpoint_id": endpoint.id.hex,
        **data.model_dump(mode="json"),
        "again": again,
    }
    job = jobs.enqueue(session, TASK, arguments, org_id=endpoint.org_id)
    audit.record(
        session,
        f"webhook_endpoint:{endpoint.id.hex}",
        "replay" if again else "recover",
        actor=actor,
        org_id=endpoint.org_id,
        change=data.model_dump(mode="json"),
    )
    return job


def step(session: Session, job: Job) -> bool:
    """Plan the next deliveries; True once there are no more. A killed worker goes on at the cursor."""
    run = session.connection().execute
    endpoint_id, until = UUID(hex=job.args["endpoint_id"]), job.args.get("until")
    asked = run(_ASKED, {"endpoint": endpoint_id}).one()
    told = fan_out.types(tuple(asked.event_types), tuple(asked.scopes), tuple(asked.roles))
    patterns = job.args.get("event_types") or ["*"]
    values = {
        "endpoint": endpoint_id,
        "types": [n for n in told if any(p == "*" or catalogue.matches(p, n) for p in patterns)],
        "since": datetime.fromisoformat(job.args["since"]),
        "until": datetime.fromisoformat(until) if until else None,
        "may_act": [status.value for status in MAY_CALL],
    }
    state = job.cursor or {"after": None, "planned": 0}
    if job.progress_total is None:
        job.progress_total = run(_COUNT, values).scalar_one()
    rows = run(_PAGE, {**values, "after": state["after"], "limit": BATCH}).all()
    planned = state["planned"]
    for row in rows:
        wait = planned / PER_SECOND
        made = fan_out.deliver(session, [Told(row.envelope_id, row.org_id, row.endpoint_id, wait)])
        planned += made or _again(session, row.endpoint_id, row.event_id, wait, job.args["again"])
    job.progress_done += len(rows)
    job.result = {"planned": planned}
    job.cursor = {"after": rows[-1].envelope_id.hex if rows else state["after"], "planned": planned}
    return len(rows) < BATCH


def _again(
    session: Session, endpoint_id: UUID, event_id: UUID, wait: float, succeeded_too: bool
) -> int:
    """Make a delivery that ended due again, unless its content is gone; how many that were."""
    ended = [DeliveryStatus.FAILED, DeliveryStatus.CANCELLED]
    _, due = DELIVERY.actions["resend"]
    changed = session.connection().execute(
        update(WebhookDelivery)
        .where(
            col(WebhookDelivery.endpoint_id) == endpoint_id,
            col(WebhookDelivery.message_id) == WebhookMessage.id,
            col(WebhookMessage.event_id) == event_id,
            col(WebhookMessage.body).is_not(None),
            col(WebhookDelivery.status).in_(
                [*ended, DeliveryStatus.SUCCEEDED] if succeeded_too else ended
            ),
        )
        .values(
            status=due,
            single=False,
            tries=0,
            next_attempt_at=db.now(session) + timedelta(seconds=wait),
        )
    )
    return int(changed.rowcount)
