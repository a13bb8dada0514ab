"""From envelopes to deliveries: which endpoints are told of an event.

The relay calls it in the transaction that takes the event off the outbox, so that a committed
event has its deliveries however often a process dies, and one that was rolled back has none.
"""

from collections.abc import Collection, Iterable
from functools import lru_cache
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import text
from sqlmodel import Session
from uuid_utils.compat import uuid7

from api.core import db
from api.rules.organisations import MAY_CALL
from api.rules.permissions import OrgRole
from api.webhooks import catalogue

CANDIDATES = """
    SELECT v.id AS envelope_id, v.event_id, v.type, e.id AS endpoint_id, e.org_id, e.event_types,
      e.scopes, o.roles
    FROM event_envelope v
    JOIN webhook_endpoint e ON e.status = 'enabled'
      AND (e.org_id = v.org_id OR (v.org_id IS NULL AND e.org_id <> ALL(v.parties)))
      AND (cardinality(e.channels) = 0 OR e.channels && v.channels)
    JOIN organisation o ON o.id = e.org_id AND o.status = ANY(:may_act)
"""
_OF_EVENTS = text(f"{CANDIDATES} WHERE v.event_id = ANY(:events)")
_MESSAGES = text("""
    INSERT INTO webhook_message (id, created_at, updated_at, org_id, event_id, webhook_id,
      event_type, resource_id, body)
    SELECT g.id, now(), now(), g.org_id, v.event_id,
      'event_' || replace(v.event_id::text, '-', ''), v.type, v.resource_id, v.body
    FROM unnest(CAST(:ids AS uuid[]), CAST(:envelopes AS uuid[]), CAST(:orgs AS uuid[]))
      AS g(id, envelope_id, org_id)
    JOIN event_envelope v ON v.id = g.envelope_id
    ON CONFLICT (org_id, event_id) DO NOTHING
""")
_DELIVERIES = text("""
    INSERT INTO webhook_delivery (id, created_at, updated_at, org_id, endpoint_id, message_id,
      event_type, resource_id, position, status, attempts, tries, next_attempt_at, single, test)
    SELECT g.id, now(), now(), m.org_id, g.endpoint_id, m.id, m.event_type, m.resource_id,
      v.sequence, 'pending', 0, 0, CAST(:now AS timestamptz) + make_interval(secs => g.wait), false,
      false
    FROM unnest(CAST(:ids AS uuid[]), CAST(:envelopes AS uuid[]), CAST(:orgs AS uuid[]),
      CAST(:endpoints AS uuid[]), CAST(:waits AS float8[]))
      AS g(id, envelope_id, org_id, endpoint_id, wait)
    JOIN event_envelope v ON v.id = g.envelope_id
    JOIN webhook_message m ON m.org_id = g.org_id AND m.event_id = v.event_id
    WHERE m.body IS NOT NULL
    ON CONFLICT (endpoint_id, message_id) DO NOTHING
""")


class Told(NamedTuple):
    """An endpoint that is told of an envelope, after so many seconds."""

    envelope_id: UUID
    org_id: UUID
    endpoint_id: UUID
    wait: float = 0.0


def fan_out(session: Session, event_ids: Collection[UUID]) -> int:
    """Make the deliveries of committed events; how many endpoints are told."""
    if not event_ids:
        return 0
    values = {"events": [*event_ids], "may_act": [status.value for status in MAY_CALL]}
    rows = session.connection().execute(_OF_EVENTS, values).all()
    return deliver(session, [Told(r.envelope_id, r.org_id, r.endpoint_id) for r in wanted(rows)])


def wanted(rows: Iterable[Any]) -> list[Any]:
    """Of candidates, those whose type the endpoint asks for and its organisation may read."""
    return [
        row
        for row in rows
        if row.type in types(tuple(row.event_types), tuple(row.scopes), tuple(row.roles))
    ]


def deliver(session: Session, told: Collection[Told]) -> int:
    """Make messages and deliveries that are not there yet; how many deliveries are new."""
    if not told:
        return 0
    run = session.connection().execute
    messages = {(each.envelope_id, each.org_id): uuid7() for each in told}
    run(
        _MESSAGES,
        {
            "ids": [*messages.values()],
            "envelopes": [envelope_id for envelope_id, _ in messages],
            "orgs": [org_id for _, org_id in messages],
        },
    )
    made = run(
        _DELIVERIES,
        {
            "ids": [uuid7() for _ in told],
            "envelopes": [each.envelope_id for each in told],
            "orgs": [each.org_id for each in told],
            "endpoints": [each.endpoint_id for each in told],
            "waits": [each.wait for each in told],
            "now": db.now(session),
        },
    )
    return int(made.rowcount)


@lru_cache(1000)
def types(
    patterns: tuple[str, ...], scopes: tuple[str, ...], roles: tuple[str, ...]
) -> frozenset[str]:
    """The types that an endpoint with these filters and scopes is told of."""
    visible = catalogue.visible_types(scopes, [OrgRole(role) for role in roles])
    return frozenset(
        name
        for name in visible
        if not patterns or any(catalogue.matches(pattern, name) for pattern in patterns)
    )
