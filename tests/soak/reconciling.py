"""What was promised against what there is: every check counts both sides and names differences."""

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import psycopg

from api.core.ids import parse, show
from api.webhooks.catalogue import TYPES
from tests.soak import clients
from tests.soak.clients import ROWS, Feed
from tests.soak.journal import Journal
from tests.soak.receivers import Receiver

SHOWN = 5
MARKS = {
    "tender": "SELECT substr(title->>'ru', 8) FROM tender",
    "bid": "SELECT envelope_id FROM bid_envelope",
    "enquiry": "SELECT substr(description->>'ru', 9) FROM tender_enquiry",
    "import": "SELECT DISTINCT split_part(sku, '-', 1) FROM offer",
    "endpoint": "SELECT url FROM webhook_endpoint",
}
IDS = {
    "tender": "SELECT id FROM tender",
    "bid": "SELECT id FROM bid",
    "enquiry": "SELECT id FROM tender_enquiry",
    "import": "SELECT id FROM job WHERE name = 'catalog.import_offers'",
    "endpoint": "SELECT id FROM webhook_endpoint",
}


@dataclass
class Check:
    """One promise: how many were expected and found, and the first that differ."""

    name: str
    expected: int
    found: int
    wrong: list[str] = field(default_factory=list)

    @property
    def holds(self) -> bool:
        return not self.wrong and self.expected == self.found


def _column(database: psycopg.Connection[Any], query: str) -> list[Any]:
    return [row[0] for row in database.execute(query.encode()).fetchall()]


def _compare(name: str, wanted: Iterable[str], there: Sequence[str]) -> Check:
    """Each of `wanted` is there once."""
    wanted, counts = [*wanted], Counter(there)
    wrong = [f"{each}: {counts[each]} times" for each in wanted if counts[each] != 1]
    return Check(name, len(wanted), sum(counts[each] for each in wanted), wrong)


def acts(database: psycopg.Connection[Any], journal: Journal) -> Iterable[Check]:
    """What was answered by success exists once; nothing exists that was refused or not asked."""
    for kind, query in MARKS.items():
        there = _column(database, query)
        done = [each.mark for each in journal.told(kind)]
        yield _compare(f"{kind}: answered by success, there once", done, there)
        refused = [each.mark for each in journal.refused(kind)]
        made = [each for each in refused if each in set(there)]
        yield Check(f"{kind}: refused ({len(refused)}), not there", 0, len(made), made)
        unasked = set(there) - set(done) - {each.mark for each in journal.unknown(kind)}
        yield Check(f"{kind}: there and never answered", 0, len(unasked), [*unasked])
        ids = {str(each) for each in _column(database, IDS[kind])}
        lost = [each.id for each in journal.told(kind) if str(clients.uuid_of(each)) not in ids]
        yield Check(f"{kind}: under the id that was answered", 0, len(lost), lost)


def published(database: psycopg.Connection[Any], journal: Journal) -> Iterable[Check]:
    """Each publication has happened once: status, audit entry, event, matching and release."""
    wanted = [each.mark for each in journal.told("publish")]
    ids = [parse("tender", each) for each in wanted]
    refused = {each.mark for each in journal.refused("publish")} - set(wanted)
    queries = {
        "has the status": "SELECT id FROM tender WHERE status <> 'draft'",
        "in the audit trail": "SELECT substr(stream, 8) FROM audit_entry WHERE action = 'publish'"
        " AND stream LIKE 'tender:%'",
        "one event": "SELECT resource_id FROM outbox_event WHERE type = 'tender.published'",
        "matched by one job": "SELECT args->>'resource_id' FROM job"
        " WHERE name = 'matching.match_tender' AND done_at IS NOT NULL",
        "one item of demand": "SELECT tender_id FROM demand_item WHERE matched_at IS NOT NULL",
        "one OCDS release": "SELECT t.id FROM ocds_release r JOIN tender t USING (ocid)"
        " WHERE 'tender' = ANY(r.tags)",
    }
    for name, query in queries.items():
        there = [str(each).replace("-", "") for each in _column(database, query)]
        yield _compare(f"publish: {name}", [each.hex for each in ids], there)
        if extra := {show("tender", UUID(each)) for each in there} & refused:
            yield Check(f"publish: refused, and yet {name}", 0, len(extra), [*extra])


def bids(database: psycopg.Connection[Any], journal: Journal) -> Iterable[Check]:
    """Each supplier's bid is there once."""
    query = "SELECT 'tender_' || replace(tender_id::text, '-', '') || ' ' ||"
    query += " replace(supplier_id::text, '-', '') FROM bid"
    wanted = [each.about for each in journal.told("bid")]
    yield _compare("bid: one by tender and supplier", wanted, _column(database, query))


def imports(database: psycopg.Connection[Any], journal: Journal) -> Iterable[Check]:
    """Each import is done, has made its good rows once and refused the wrong one."""
    told = journal.told("import")
    rows = database.execute(
        "SELECT id, done_at IS NOT NULL, result FROM job WHERE name = 'catalog.import_offers'"
    ).fetchall()
    results = {row[0]: row for row in rows}
    wrong = []
    for line in told:
        _, done, result = results[clients.uuid_of(line)]
        counted = {key: (result or {}).get(key) for key in ("created", "rejected")}
        if not done or counted != {"created": ROWS - 1, "rejected": 1}:
            wrong.append(f"{line.id}: {done} {counted}")
    yield Check("import: done as counted", len(told), len(told) - len(wrong), wrong)
    skus = [f"{line.mark}-{n}" for line in told for n in range(ROWS - 1)]
    there = _column(database, "SELECT sku FROM offer")
    yield _compare("import: rows that are offers", skus, there)


def events(database: psycopg.Connection[Any], feeds: Sequence[Feed]) -> Iterable[Check]:
    """Each event is told, numbered without gaps, and has reached each feed once and in order."""
    told = {*_column(database, "SELECT DISTINCT event_id FROM event_envelope")}
    shown = "', '".join(TYPES)
    emitted = _column(database, f"SELECT id FROM outbox_event WHERE type IN ('{shown}')")
    unsaid = [str(each) for each in emitted if each not in told]
    yield Check("event: has an envelope", len(emitted), len(emitted) - len(unsaid), unsaid)
    numbers = defaultdict(set)
    for resource, number in database.execute(
        "SELECT DISTINCT resource_id, sequence FROM event_envelope"
    ).fetchall():
        numbers[resource].add(number)
    gaps = [str(r) for r, n in numbers.items() if n != set(range(1, len(n) + 1))]
    yield Check("event: numbered without gaps, by resource", 0, len(gaps), gaps)
    for feed in feeds:
        query = "SELECT body FROM event_envelope WHERE org_id = '{}' ORDER BY xid, id"
        bodies = _column(database, query.format(feed.reader.org_id))
        stored = [clients.payload(json.loads(bytes(each))) for each in bodies]
        got = [clients.payload(each) for each in feed.events]
        wrong = [] if got == stored else _differences(stored, got)
        yield Check(f"feed of {feed.reader.name}: once, in order", len(stored), len(got), wrong)


def _differences(stored: list[str], got: list[str]) -> list[str]:
    counts = Counter(got)
    found = [f"lost {each[:120]}" for each in stored if not counts[each]]
    found += [f"{n} times {each[:120]}" for each, n in counts.items() if n > 1]
    return found or ["another order"]


def deliveries(receiver: Receiver, feed: Feed, ordered: bool) -> Iterable[Check]:
    """Each event of the feed has reached the receiver under one id, with one body, at least once."""
    by_event = defaultdict(list)
    for webhook_id, each in receiver.received.items():
        by_event[each.envelope.get("id")].append((webhook_id, each))
    wrong = []
    for number, event in enumerate(feed.events):
        found = by_event.pop(event["id"], [])
        if not found and number < feed.before:
            continue
        if len(found) != 1:
            wrong.append(f"{event['type']} {event['id']}: {len(found)} webhook-ids")
        elif not found[0][1].taken:
            wrong.append(f"{event['type']} {event['id']}: never taken")
        elif len(found[0][1].bodies) != 1 or found[0][1].envelope != event:
            wrong.append(f"{event['type']} {event['id']}: another body")
    wrong += [f"{event_id}: of no event" for event_id in by_event]
    name = f"webhook to {receiver.name}: each event, one id and body"
    yield Check(name, len(feed.events), len(feed.events) - len(wrong), wrong)
    yield Check(f"webhook to {receiver.name}: badly signed", 0, receiver.forged)
    if ordered:
        last: dict[str, int] = {}
        broken = []
        for webhook_id in receiver.order:
            resource = receiver.received[webhook_id].envelope["resource"]
            if resource["sequence"] < last.get(resource["id"], 0):
                broken.append(f"{resource['id']}: {resource['sequence']}")
            last[resource["id"]] = resource["sequence"]
        yield Check(f"webhook to {receiver.name}: in order", 0, len(broken), broken)


def work(database: psycopg.Connection[Any]) -> Iterable[Check]:
    """Nothing is left to do, and nothing was given up."""
    queries = {
        "events not taken from the outbox": "SELECT type FROM outbox_event"
        " WHERE dispatched_at IS NULL",
        "jobs open": "SELECT name FROM job WHERE done_at IS NULL AND failed_at IS NULL",
        "jobs given up": "SELECT name || ': ' || last_error FROM job WHERE failed_at IS NOT NULL",
        "jobs twice for one event": "SELECT name FROM job WHERE event_id IS NOT NULL"
        " GROUP BY event_id, name HAVING count(*) > 1",
        "deliveries open": "SELECT event_type FROM webhook_delivery WHERE status = 'pending'",
        "deliveries given up": "SELECT event_type FROM webhook_delivery WHERE status = 'failed'",
    }
    for name, query in queries.items():
        found = [str(each) for each in _column(database, query)]
        yield Check(name, 0, len(found), found)
