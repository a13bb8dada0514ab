"""Every route as each kind of caller: one story, one process; the table is matrix.csv beside this.

What is tried: no credentials, a revoked key, a key without the scope, another organisation with
every scope of a buyer and a seller; ids of others in path, body, query, cursor, import and search.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
from sqlalchemy.pool import NullPool
from sqlmodel import Session, create_engine, select

from api import registry
from api.catalog.models import Offer
from api.core import db
from api.identity.models import Member
from tests.catalog import samples as catalog
from tests.catalog import uploads
from tests.procurement.bidding import another_client
from tests.tenancy import calls, matrix, others, walls
from tests.tenancy.calls import OPERATIONS, SHOWN, Operation
from tests.tenancy.matrix import Row
from tests.tenancy.story import Story, ok, told

type AsOrg = Callable[..., Any]
NOWHERE = "-"
"""Instead of an owner: nobody of the story may use the route as the story stands."""
ACCOUNT = "account:write"
LOG_OUT = "POST /v1/session/log-out"
ROW_BY_ROW = ("POST /v1/tracking-events",)
"""What answers 200 with what became of each row; tests/delivery/test_tracking_events.py."""
ABOUT_WHAT_IS_PUBLIC = {
    "POST /v1/frameworks/{framework_id}/sign",
    *(f"POST /v1/awards/{{award_id}}/{x}" for x in ("propose", "approve", "reject")),
}
"""That an award or an agreement exists everybody reads; a stranger's act asks then whose it is."""
COUNTED = {"login_throttle"}
"""Tables that an attempt to log in leaves a trace in, which is what they are for."""
PRIVATE = {
    "acceptance",
    "acceptance_defect",
    "api_client",
    "bank_entry",
    "bank_statement",
    "capacity_promise",
    "certificate",
    "channel_connection",
    "channel_inquiry",
    "channel_listing",
    "channel_order",
    "certificate_edition",
    "complaint",
    "contract_funding",
    "contract_refund",
    "customs_declaration",
    "deadline",
    "delivery_excuse",
    "delivery_schedule",
    "delivery_schedule_row",
    "despatch_advice",
    "despatch_line",
    "dispute",
    "document",
    "evidence",
    "export_permission",
    "feed",
    "feed_build",
    "file",
    "guarantee",
    "guarantee_amendment",
    "intake_message",
    "intake_source",
    "invitation",
    "invoice",
    "job",
    "landed_cost_actual",
    "landed_cost_estimate",
    "landed_cost_following",
    "login_session",
    "login_throttle",
    "match",
    "match_alert",
    "member",
    "milestone_payment",
    "one_time_token",
    "order_response",
    "package",
    "passkey",
    "payment_batch",
    "payment_freeze",
    "payment_milestone",
    "payment_report_line",
    "payment_schedule",
    "person",
    "plan_charge",
    "plan_price",
    "plan_subscription",
    "plan_usage",
    "product_change",
    "product_label",
    "purchase_order",
    "purchase_order_line",
    "qualification",
    "quote",
    "quote_version",
    "receipt",
    "receipt_line",
    "recovery_code",
    "request_digest",
    "resource_metadata",
    "rfq",
    "rfq_amendment",
    "rfq_invitation",
    "rfq_item",
    "sample",
    "scorecard_annotation",
    "screening_case",
    "screening_subject",
    "shipment",
    "shipment_equipment",
    "shipment_leg",
    "stock_level",
    "stock_movement",
    "suspension",
    "suspension_appeal",
    "watch_list",
    "watch_list_entry",
    "watch_list_name",
    "webhook_attempt",
    "webhook_delivery",
    "webhook_endpoint",
    "webhook_message",
    "webhook_secret",
}
"""Tables of which an organisation without any business sees no row, whatever a query forgets."""


@dataclass
class Sweep:
    """The story, and what is asked of it."""

    story: Story
    client: Any
    superuser: psycopg.Connection[Any]
    write: bool

    @cached_property
    def scopes(self) -> dict[str, str]:
        return calls.scopes()

    @cached_property
    def ids(self) -> dict[str, str]:
        """Ids of the story by prefix."""
        shown = [v for v in self.story.ids.values() if isinstance(v, str) and SHOWN.fullmatch(v)]
        return {value.rpartition("_")[0]: value for value in shown}

    def request(self, operation: Operation, **query: Any) -> calls.Request:
        made = calls.request(operation, self.story.of(operation.path), self.ids, **query)
        body = self.story.bodies.get(operation.name)
        return made if body is None else replace(made, body=body)

    def nowhere(self, operation: Operation) -> calls.Request:
        """The same request about things that do not exist."""
        made = self.request(operation)
        url = SHOWN.sub(lambda found: f"{found[1]}_{uuid4().hex}", made.url)
        return replace(made, url=url)


@pytest.fixture
def sweep(
    session: Session,
    as_org: AsOrg,
    superuser: psycopg.Connection[Any],
    drain: Callable[[], int],
    client: Any,
    pytestconfig: pytest.Config,
) -> Sweep:
    story = told(session, as_org, superuser, drain)
    return Sweep(story, client, superuser, pytestconfig.getoption("--write-matrix"))


def test_sec_01_sec_03_sec_04_every_route_refuses_whom_the_matrix_says(
    sweep: Sweep, subtests: pytest.Subtests
) -> None:
    story, client, stranger = sweep.story, sweep.client, sweep.story.stranger
    buyer = story.actors["buyer"]
    without = walls.keys_without(buyer, sweep.scopes.values())
    revoked = another_client(buyer)
    mine = next(c for c in ok(buyer.get("/v1/clients"))["items"] if c["prefix"] in revoked.key)
    ok(buyer.post(f"/v1/clients/{mine['id']}/revoke"))
    # When a key was last used is noted once a minute; that is no change made by a refused call.
    for table in ("api_client", "login_session"):
        sweep.superuser.execute(f"UPDATE {table} SET last_used_at = now() + interval '30 days'")
    every = walls.owners(sweep.superuser)
    own = _own(stranger.org_id)
    rows = matrix.read() if matrix.FILE.exists() else {}

    def observed(operation: Operation) -> Row:
        request = sweep.request(operation)
        if operation.public:
            anonymous = request.send(client, None)
            shows = walls.named(anonymous.content, every, ())
            return Row(operation.name, "", "", str(anonymous.status_code), "", "", "",
                       " ".join(sorted(shows)))  # fmt: skip
        scope = sweep.scopes[operation.name]
        return Row(
            operation.name,
            scope,
            rows[operation.name].owner if operation.name in rows else "",
            str(request.send(client, None).status_code),
            str(request.send(client, revoked.key).status_code),
            str(request.send(client, without[scope]).status_code),
            "",
        )

    before = walls.state(sweep.superuser)
    found = {each.name: observed(each) for each in OPERATIONS}
    private = [each for each in OPERATIONS if not each.public]
    answers, asked = {}, {}
    last = []
    for operation in private:
        if operation.method != "GET" and rows.get(operation.name, Row(*"-" * 7)).other[0] == "2":
            last.append(operation)
            continue
        with walls.asked() as asked[operation.name]:
            answers[operation.name] = sweep.request(operation).send(client, stranger.key)

    with subtests.test("SEC-04: what is another's answers as what does not exist, at equal cost"):
        dearer = set()
        for operation in private:
            answer = answers.get(operation.name)
            if answer is not None and answer.status_code == 404:
                with walls.asked() as costs:
                    missing = sweep.nowhere(operation).send(client, stranger.key)
                assert _told(missing) == _told(answer), operation.name
                if costs != asked[operation.name]:
                    dearer.add(operation.name)
        assert dearer == ABOUT_WHAT_IS_PUBLIC

    with subtests.test("SEC-03: a draft is nobody's but its buyer's"):
        for operation in private:
            if operation.path.startswith("/v1/tenders/{tender_id}"):
                parameters = story.of(operation.path) | story.draft
                request = calls.request(operation, parameters, sweep.ids)
                answer = request.send(client, stranger.key)
                if answer.status_code not in (403, 404):
                    assert answer.json().get("items") == [], (operation.name, answer.text)

    with subtests.test("SEC-03: ids of others in bodies are refused"):
        actors = story.actors
        for operation in private:
            row = rows.get(operation.name)
            request = sweep.request(operation)
            if row is None or row.owner not in actors or operation.name in ROW_BY_ROW:
                continue
            for at, prefix in calls.ids_in(request.body):
                if (foreign := story.foreign.get(prefix)) and prefix != "organisation":
                    body = calls.replaced(request.body, at, foreign)
                    answer = replace(request, body=body).send(client, actors[row.owner].key)
                    assert answer.status_code >= 400, (operation.name, at, answer.text)

    with subtests.test("SEC-03: a cursor of another organisation is no cursor"):
        tried = 0
        for operation in private:
            owner = rows[operation.name].owner if operation.name in rows else NOWHERE
            if operation.accepts_cursor() and owner in story.actors:
                tried += _foreign_cursor(sweep, operation, owner)
        assert tried >= 3

    with subtests.test("SEC-03: ids of others as filters find nothing that is not shown anyway"):
        assert len(others.by_id(story, rows, sweep.ids, every, own)) >= 15

    with subtests.test("SEC-03: what is another's and private is found by no search"):
        others.by_text(story, every, own)

    with subtests.test("SEC-03: an expansion is what its own route tells the stranger"):
        assert others.expanded(story, sweep.ids) >= 20

    with subtests.test(
        "SEC-03: the feed tells a stranger its own events, what is public, no other"
    ):
        others.feed(story, sweep.superuser)

    with subtests.test("SEC-03: what others noted on what everybody reads is not shown"):
        others.notes(story)

    with subtests.test("SEC-03: a person reaches nothing of another, and a program nothing at all"):
        own_account = [each for each in private if sweep.scopes[each.name] == ACCOUNT]
        assert {answers[each.name].json()["code"] for each in own_account} == {"person_required"}
        others.people(story, [sweep.request(each) for each in own_account])

    with subtests.test("SEC-03: what is refused changes nothing"):
        after = walls.state(sweep.superuser)
        assert {n for n in after if before[n] != after[n]} - COUNTED == set()

    with subtests.test("SEC-01: row-level security blocks where no query asks"):
        _rows_of_others(sweep)

    for operation in last:
        answers[operation.name] = sweep.request(operation).send(client, stranger.key)
    for operation in private:
        answer = answers[operation.name]
        shows = walls.named(answer.content, every, own)
        found[operation.name].other = str(answer.status_code)
        if answer.status_code < 300:
            found[operation.name].shows = " ".join(sorted(shows))

    reached = {}
    for operation in sorted(private, key=_ends_it):
        row = rows.get(operation.name)
        names = [row.owner] if row and row.owner else [*story.actors]
        reached[operation.name] = _reached(sweep, operation, names)
        if row is None or not row.owner:
            found[operation.name].owner = reached[operation.name] or NOWHERE
    if sweep.write:
        kept = {name: rows.get(name) or row for name, row in found.items()}
        matrix.write(kept)
        rows = kept

    with subtests.test("SEC-03: every route has a row, and every row a route"):
        assert rows.keys() ^ found.keys() == set(), "pytest tests/tenancy --write-matrix adds rows"
    for name in sorted(rows.keys() & found.keys()):
        expected = replace(rows[name], reason="")
        if expected != found[name]:
            with subtests.test(f"SEC-03: {name}"):
                assert found[name] == expected
    with subtests.test("SEC-03: whoever is let in is let in for a reason"):
        let_in = [r for r in rows.values() if not r.refuses_everybody or r.owner == NOWHERE]
        assert [row.route for row in let_in if len(row.reason) < 10] == []
        assert [r.route for r in rows.values() if r.scope and r.anonymous != "401"] == []
        assert [r.route for r in rows.values() if r.scope and r.revoked != "401"] == []
        assert [r.route for r in rows.values() if r.scope and r.wrong_role != "403"] == []
    with subtests.test("SEC-03: what was refused to others is there for its owner"):
        assert [n for n, by in reached.items() if by is None and rows[n].owner != NOWHERE] == []


def _ends_it(operation: Operation) -> bool:
    """What makes an end of something that other routes are about comes after them."""
    return operation.name == LOG_OUT or operation.method == "DELETE"


def _told(answer: Any) -> dict[str, Any]:
    """A problem without what is of one request."""
    body = dict(answer.json())
    return {k: v for k, v in body.items() if k not in ("instance", "request_id")} | {
        "status": answer.status_code
    }


def _own(org_id: UUID) -> set[UUID]:
    """The ids of rows that an organisation sees and others without any business do not."""
    with db.unit_of_work(org_id) as session:
        all_seen = walls.seen(session)
        people = {*session.exec(select(Member.person_id).where(Member.org_id == org_id))}
    with db.unit_of_work(uuid4()) as session:
        public = walls.seen(session)
    private = {each for name, seen in all_seen.items() for each in seen - public[name]}
    return private | {each for each in people if each} | {org_id}


def _reached(sweep: Sweep, operation: Operation, names: list[str]) -> str | None:
    """The first of these who is not refused."""
    for name in names:
        if name in sweep.story.actors:
            answer = sweep.request(operation).send(sweep.client, sweep.story.actors[name].key)
            if answer.status_code not in (401, 403, 404):
                return name
    return None


def _foreign_cursor(sweep: Sweep, operation: Operation, owner: str) -> int:
    """Try a cursor of the owner's as another organisation; 1 if there was one."""
    first = sweep.request(operation, limit=1).send(sweep.client, sweep.story.actors[owner].key)
    cursor = first.json().get("next_cursor") if first.status_code == 200 else None
    if cursor is None:
        return 0
    again = sweep.request(operation, limit=1, cursor=cursor)
    answer = again.send(sweep.client, sweep.story.stranger.key)
    assert answer.status_code in (400, 403, 404), (operation.name, answer.text)
    return 1


def _rows_of_others(sweep: Sweep) -> None:
    """Every table without any condition, as an organisation with no business, and as nobody."""
    there = {n: count for n, (count, _) in walls.state(sweep.superuser).items()}
    filled = {n for n, count in there.items() if count} - _reference()
    assert len(filled) >= 90, sorted(set(there) - filled)
    assert PRIVATE <= filled
    assert _seen_by(uuid4()) & PRIVATE == set()
    assert _seen_by(None) & PRIVATE == set()


def _seen_by(org_id: UUID | None) -> set[str]:
    """The tables of which rows are seen or could be changed, over a pool and over none."""
    with db.unit_of_work(org_id) as session:
        found = {name for name, rows in walls.seen(session).items() if rows}
        for name in walls.TABLES:
            column = next(iter(registry.metadata.tables[name].columns)).name
            for statement in (
                f'UPDATE "{name}" SET "{column}" = "{column}"',
                f'DELETE FROM "{name}"',
            ):
                assert walls.changed(session, statement) == 0, statement
    engine = create_engine(db.engine("app").url, poolclass=NullPool)
    with Session(engine, info={} if org_id is None else {"org_id": str(org_id)}) as session:
        assert {name for name, rows in walls.seen(session).items() if rows} == found
    return found


def _reference() -> set[str]:
    return {str(table.__tablename__) for table in registry.REFERENCE}


def test_sec_03_an_import_cannot_name_what_is_anothers(as_org: AsOrg, session: Session) -> None:
    owner, stranger = as_org(["supplier"]), as_org(["supplier"])
    made = catalog.drafted(owner, sku="SAME-1")
    uploads.finished(stranger, uploads.sent(stranger, catalog.csv_file({"sku": "SAME-1"})))
    kept = ok(owner.get(f"/v1/offers/{made['id']}"))
    assert (kept["version"], kept["price_tiers"]) == (made["version"], made["price_tiers"])
    session.rollback()
    mine = session.exec(select(Offer.id).where(Offer.seller_id == stranger.org_id)).all()
    assert len(mine) == 1
