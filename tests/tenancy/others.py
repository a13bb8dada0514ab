"""What belongs to others and is asked for where no path names it."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

import psycopg

from api.core import ids
from api.expansions import RESOURCES
from tests.tenancy import calls, walls
from tests.tenancy.calls import OPERATIONS, Operation
from tests.tenancy.connected import NOTES
from tests.tenancy.matrix import Row
from tests.tenancy.world import Story, ok, shown

BY_ID = {each.spec["operationId"]: each for each in OPERATIONS}
EXPANSIONS = [
    (BY_ID[operation], name, read)
    for resource in RESOURCES
    for operation in resource.operations
    for name, read in resource.expansions.items()
]


def by_id(
    story: Story,
    rows: Mapping[str, Row],
    known: Mapping[str, str],
    every: dict[UUID, str],
    own: set[UUID],
) -> set[str]:
    """Every list asked for what is another's by each filter that takes an id; those filters.

    It shows then no other tables than those that the matrix gives a reason for.
    """
    tried = set()
    for operation in OPERATIONS:
        for name, prefix in operation.ids_in_query():
            if operation.method != "GET" or operation.public or prefix not in known:
                continue
            tried.add(f"{operation.path}?{name}")
            asked = {name: known[prefix]}
            request = calls.request(operation, story.of(operation.path), known, **asked)
            answer = request.send(story.stranger.client, story.stranger.key)
            assert answer.status_code in (200, 403, 404, 409, 422), (operation.name, answer.text)
            if answer.status_code == 200:
                told = walls.named(answer.content, every, own)
                expected = {"organisation", *rows[operation.name].shows.split()}
                assert told <= expected, (operation.name, name, told)
    return tried


def by_text(story: Story, every: dict[UUID, str], own: set[UUID]) -> None:
    """Lists asked for what is another's and not public by filters together, and by texts."""
    stranger, ours = story.stranger, ids.show("organisation", story.actors["supplier"].org_id)
    draft = ok(story.actors["supplier"].get(f"/v1/offers/{story.ids['offer_id']}"))
    for url in (
        f"/v1/offers?seller={ours}&status=draft",
        f"/v1/offers?q={draft['sku']}&status=draft",
        f"/v1/tenders?buyer={story.ids['organisation_id']}&mode=own",
        f"/v1/tenders?q={story.draft['tender_id']}",
        f"/v1/events?channels={story.draft['tender_id']}&audience=all",
        f"/v1/webhook-attempts?endpoint_id={story.ids['endpoint_id']}&with_content=true",
        f"/v1/webhook-attempts?delivery_id={story.ids['delivery_id']}&with_content=true",
    ):
        answer = stranger.get(url)
        assert answer.status_code in (200, 404, 422), (url, answer.text)
        told = walls.named(answer.content, every, own)
        assert told <= {"organisation"}, (url, told)
    item = story.foreign["item"]
    for url in (
        f"/v1/tenders/{story.of('/v1/tenders/{tender_id}/matches')['tender_id']}/matches?item={item}",
        f"/v1/offers/{story.ids['offer_id']}/match-explanations?item={item}",
    ):
        assert stranger.get(url).status_code in (403, 404), url


def expanded(story: Story, known: Mapping[str, str]) -> int:
    """Everything that can be expanded, as the stranger: it is what the stranger is told by the
    route of the expansion itself, or nothing; how many expansions of items were compared."""
    stranger, compared = story.stranger, 0
    for operation, name, read in EXPANSIONS:
        asked = {"expand[]": name} | ({"limit": 3} if operation.accepts_cursor() else {})
        request = calls.request(operation, story.of(operation.path), known, **asked)
        answer = request.send(stranger.client, stranger.key)
        if answer.status_code != 200:
            assert answer.status_code in (403, 404), (operation.name, name, answer.text)
            continue
        body = answer.json()
        for item in body.get("items", [body]):
            compared += 1
            assert item["expanded"][name] == _itself(stranger, BY_ID[read.operation], read, item), (
                operation.name,
                name,
            )
    return compared


def _itself(actor: Any, route: Operation, read: Any, item: Mapping[str, Any]) -> Any:
    """What the route of an expansion answers; None for what is not there or not shown."""
    parameters = {key: item.get(value) for key, value in read.parameters.items()}
    if None in parameters.values():
        return None
    query = {k: v for k, v in parameters.items() if f"{{{k}}}" not in route.path}
    answer = actor.get(route.path.format(**parameters), params=query)
    return None if answer.status_code == 404 else ok(answer)


def feed(story: Story, superuser: psycopg.Connection[Any]) -> None:
    """The feed tells the stranger all its own events, and what is public, and no other.

    The ids of events are those of rows of the outbox, which no organisation reads.
    """
    query = "SELECT event_id FROM event_envelope WHERE org_id = %(own)s"
    public = " UNION SELECT event_id FROM event_envelope WHERE org_id IS NULL"
    own = {"own": story.stranger.org_id}
    for audience, wanted in (("own", query), ("all", query + public)):
        told, after = set(), {}
        while True:
            params = {"audience": audience, "limit": 100, **after}
            page = ok(story.stranger.get("/v1/events", params=params))
            told |= {each["id"] for each in page["items"]}
            after = {"after": page["next_cursor"]}
            if not page["has_more"]:
                break
        there = superuser.execute(wanted.encode(), own).fetchall()
        assert told == {ids.show("event", row[0]) for row in there}, audience


def notes(story: Story) -> None:
    """The notes that our systems made are ours to read; the stranger reads none."""
    for resource, name in (("tender", "buyer"), ("contract", "buyer")):
        url = f"/v1/{resource}s/{story.ids[f'{resource}_id']}/metadata"
        assert ok(story.actors[name].get(url)) == NOTES
        assert ok(story.stranger.get(url)) == {}


def people(story: Story, requests: Sequence[calls.Request]) -> None:
    """A person of another organisation reads and ends no session and no key but their own."""
    other = story.other_person
    private = [story.ids["session_id"], story.ids["passkey_id"]]
    named = 0
    for request in requests:
        if calls.SHOWN.search(request.url):
            named += 1
            assert request.send(other.client, other.key).status_code == 404, request.url
        elif request.method == "GET":
            answer = request.send(other.client, other.key)
            assert answer.status_code == 200, answer.text
            assert not [each for each in private if each in answer.text], request.url
    assert named == len(private)
    ours = {"organisation_id": shown(story.actors["buyer"])}
    assert other.post("/v1/session/switch", json=ours).status_code in (403, 404)
