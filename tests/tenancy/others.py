"""What belongs to others and is asked for where no path names it."""

from collections.abc import Sequence
from uuid import UUID

from api.core import ids
from tests.tenancy import calls, walls
from tests.tenancy.connected import NOTES
from tests.tenancy.world import Story, ok, shown


def filters(story: Story, every: dict[UUID, str], own: set[UUID]) -> None:
    """Lists asked for what is another's: by its id in each filter, by its name, by a file."""
    stranger, ours = story.stranger, ids.show("organisation", story.actors["supplier"].org_id)
    draft = ok(story.actors["supplier"].get(f"/v1/offers/{story.ids['offer_id']}"))
    source = story.under["/v1/intake-sources"]["source_id"]
    for url in (
        f"/v1/shipments?contract_id={story.ids['contract_id']}",
        f"/v1/invitations?tender={story.ids['tender_id']}",
        f"/v1/plans?buyer={story.ids['organisation_id']}",
        f"/v1/offers?seller={ours}&status=draft",
        f"/v1/offers?q={draft['sku']}&status=draft",
        f"/v1/tenders?buyer={story.ids['organisation_id']}&mode=own",
        f"/v1/tenders?q={story.draft['tender_id']}",
        f"/v1/events?channels={story.draft['tender_id']}&audience=all",
        f"/v1/intake-messages?source_id={source}",
        f"/v1/webhook-deliveries?endpoint_id={story.ids['endpoint_id']}",
        f"/v1/webhook-attempts?endpoint_id={story.ids['endpoint_id']}&with_content=true",
        f"/v1/webhook-attempts?delivery_id={story.ids['delivery_id']}&with_content=true",
    ):
        answer = stranger.get(url)
        assert answer.status_code in (200, 404, 422), (url, answer.text)
        shown = walls.named(answer.content, every, own)
        assert shown <= {"organisation"}, (url, shown)
    item = story.foreign["item"]
    for url in (
        f"/v1/tenders/{story.of('/v1/tenders/{tender_id}/matches')['tender_id']}/matches?item={item}",
        f"/v1/offers/{story.ids['offer_id']}/match-explanations?item={item}",
    ):
        assert stranger.get(url).status_code in (403, 404), url


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
