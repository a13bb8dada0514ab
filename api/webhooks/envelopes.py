"""From events to envelopes: one for each organisation that is told, in the act's own transaction.

The number of an event among those of its resource is counted in a row that is locked last of all,
from just before the commit until it: acts on one resource wait for each other's commit only.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from pydantic_core import from_json
from sqlalchemy import text
from sqlmodel import Session
from uuid_utils.compat import uuid7

from api.core.ids import show
from api.core.outbox import Recorded
from api.rules.clock import utcnow
from api.webhooks.catalogue import TYPES
from api.webhooks.catalogue.kinds import Data, EventType, references

_WRITE = text("""
    WITH given AS (
      SELECT * FROM unnest(
        CAST(:id AS uuid[]), CAST(:at AS timestamptz[]), CAST(:event_id AS uuid[]),
        CAST(:org_id AS uuid[]), CAST(:parties AS text[]), CAST(:type AS text[]),
        CAST(:resource_id AS uuid[]), CAST(:behind AS int[]), CAST(:channels AS text[]),
        CAST(:head AS text[])
      ) AS g(id, at, event_id, org_id, parties, type, resource_id, behind, channels, head)
    ), happened AS (
      SELECT resource_id, count(DISTINCT event_id) AS times FROM given GROUP BY resource_id
    ), counted AS MATERIALIZED (
      SELECT c.resource_id AS id, c.last
      FROM (SELECT array_agg(resource_id) AS ids, array_agg(times) AS times FROM happened) AS h
      CROSS JOIN LATERAL kerben_count_events(h.ids, h.times) AS c
    )
    INSERT INTO event_envelope (id, created_at, updated_at, event_id, org_id, parties, type,
      resource_id, sequence, channels, body)
    SELECT g.id, g.at, g.at, g.event_id, g.org_id, string_to_array(g.parties, ' ')::uuid[], g.type,
      g.resource_id, c.last - g.behind, string_to_array(g.channels, ' '),
      convert_to(g.head || (c.last - g.behind)::text || '}}', 'UTF8')
    FROM given g JOIN counted c ON c.id = g.resource_id
""")
_COLUMNS = (
    *("id", "at", "event_id", "org_id", "parties", "type", "resource_id", "behind", "channels"),
    "head",
)


def publish(session: Session, events: Sequence[Recorded]) -> None:
    """Write the envelopes of what is about to be committed.

    Raises pydantic's ValidationError, and so undoes the act, for a payload without what the
    catalogue says that the type tells: a defect of the feature that emitted it.
    """
    left = Counter(each.event.resource_id for each in events)
    rows: list[tuple[Any, ...]] = []
    for each in events:
        event, kind = each.event, TYPES[each.event.type]
        left[event.resource_id] -= 1
        addressees = addressed(each)
        if not addressees:
            continue
        data = kind.data.model_validate(event.payload)
        parties = " ".join(org_id.hex for org_id in addressees if org_id is not None)
        about = (
            *(event.type, event.resource_id, left[event.resource_id]),
            " ".join(channels(kind, event.resource_id, data)),
            head(kind, each.id, each.at, event.resource_id, data, event.payload.get("version")),
        )
        rows.extend((uuid7(), each.at, each.id, org_id, parties, *about) for org_id in addressees)
    if rows:
        values = dict(zip(_COLUMNS, map(list, zip(*rows, strict=True)), strict=True))
        session.connection().execute(_WRITE, values)


def addressed(recorded: Recorded) -> list[UUID | None]:
    """Who is told: the organisations that an event concerns, and None, everybody, of what is public."""
    event = recorded.event
    own: list[UUID | None] = [*dict.fromkeys((event.org_id, *event.also))]
    parties = [org_id for org_id in own if org_id is not None]
    if event.public:
        assert TYPES[event.type].public, f"{event.type} is not public in the catalogue"
    return [*parties, None] if event.public else [*parties]


def channels(kind: EventType, resource_id: UUID, data: Data) -> Iterator[str]:
    """The ids that the event is about, as shown: a subscriber may choose events by them."""
    yield show(kind.resource, resource_id)
    for name, prefix in references(type(data)):
        named = getattr(data, name)
        if named is not None:
            yield show(prefix, named)


def head(
    kind: EventType,
    event_id: UUID,
    at: datetime,
    resource_id: UUID,
    data: Data,
    version: int | None,
) -> str:
    """The envelope as JSON, up to the number of the event among those of its resource."""
    moment = at.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
    counted = "null" if version is None else int(version)
    return (
        f'{{"id":"{show("event", event_id)}","type":"{kind.name}","timestamp":"{moment}",'
        f'"schema_version":{kind.version},"data":{data.model_dump_json()},'
        f'"resource":{{"type":"{kind.resource}","id":"{show(kind.resource, resource_id)}",'
        f'"version":{counted},"sequence":'
    )


def example(kind: EventType) -> dict[str, Any]:
    """An envelope of a type with the example of the catalogue in it."""
    data = kind.data.model_validate(kind.example)
    text_ = head(kind, _EXAMPLE, _EXAMPLE_AT, _EXAMPLE, data, 3) + "7}}"
    return dict(from_json(text_))


def test_body(kind: EventType) -> bytes:
    """The example as a new event of now, marked `test: true`: for trying an endpoint."""
    data = kind.data.model_validate(kind.example)
    return (head(kind, uuid7(), utcnow(), _EXAMPLE, data, 1) + '1},"test":true}').encode()


_EXAMPLE = UUID(hex="019abf2e8c1d7c3fa9b04b4c6f0d2e10")
_EXAMPLE_AT = datetime(2026, 11, 28, 9, 30, tzinfo=UTC)
