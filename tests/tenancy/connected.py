"""What organisations connect, note and follow, and the people who log in for them."""

import json
from datetime import timedelta
from typing import Any
from uuid import uuid4

import psycopg

from api.core import db, ids
from api.rules.clock import local_date
from api.webhooks.models import WebhookAttempt
from tests.conftest import Actor
from tests.delivery import landed
from tests.identity import people
from tests.identity.authenticator import Authenticator
from tests.intake import signing
from tests.tenancy.world import Story, ok, written
from tests.webhooks import receiving

NOTES = {"erp": "PO-4500012345"}


def connect(story: Story, superuser: psycopg.Connection[Any]) -> None:
    """Make it all, at the end of the story: no session outlives a clock that is moved."""
    _webhooks(story, superuser)
    _intake(story)
    _landed_costs(story)
    _noted(story)
    _people(story)


def _webhooks(story: Story, superuser: psycopg.Connection[Any]) -> None:
    """An endpoint with a delivery that was tried once, ours and the stranger's."""
    for actor in (story.stranger, story.actors["buyer"]):
        endpoint = receiving.endpoint(actor, "https://hooks.example.kg/kerben")
        url = f"/v1/webhook-endpoints/{endpoint['id']}"
        delivery = ok(actor.post(f"{url}/test", json={"type": receiving.TYPE}))
        with db.worker_unit_of_work() as session:
            tried = WebhookAttempt(
                org_id=actor.org_id,
                endpoint_id=ids.parse("endpoint", endpoint["id"]),
                delivery_id=ids.parse("delivery", delivery["id"]),
                event_type=receiving.TYPE,
                number=1,
                started_at=db.now(session),
                duration_ms=12,
                status_code=500,
            )
        written(superuser, tried)
        made = {"endpoint": endpoint["id"], "delivery": delivery["id"]}
        if actor is story.stranger:
            story.foreign |= made
        else:
            story.ids |= {f"{prefix}_id": id for prefix, id in made.items()}


def _intake(story: Story) -> None:
    """A partner who has sent a message."""
    body = {"name": "Our forwarder", "provider": "partner", "secret": signing.WHSEC}
    source = ok(story.actors["supplier"].post("/v1/intake-sources", json=body))
    message = json.dumps({"type": "tracking.events", "data": {"events": []}}).encode()
    received = ok(
        story.stranger.client.post(
            source["webhook_path"], content=message, headers=signing.standard(message)
        )
    )
    for path in ("/v1/intake-sources", "/webhooks/in"):
        story.under[path] = {"source_id": source["id"]}
    story.under["/v1/intake-messages"] = {"message_id": received["message_id"]}


def _landed_costs(story: Story) -> None:
    """A landed cost that was computed anew, is followed, and of which one figure has come."""
    buyer = story.actors["buyer"]
    landed.know_rates(0, cny="12.50")
    first = f"/v1/landed-costs/{story.ids['landed_cost_id']}"
    newest = ok(buyer.post(f"{first}/recompute", json={}))
    story.ids["landed_cost_id"] = newest["id"]
    url = f"/v1/landed-costs/{newest['id']}"
    with db.worker_unit_of_work() as session:
        today = local_date(db.now(session))
    until = {"until": (today + timedelta(days=30)).isoformat()}
    actual = {
        "figure": "duty",
        "amount": "31000",
        "currency": "KGS",
        "source": "customs_declaration",
        "declaration_id": story.ids["declaration_id"],
    }
    ok(buyer.post(f"{url}/follow", json=until))
    ok(buyer.post(f"{url}/actuals", json=actual))
    story.bodies |= {
        "POST /v1/landed-costs/{landed_cost_id}/follow": until,
        "POST /v1/landed-costs/{landed_cost_id}/actuals": actual,
    }


def _noted(story: Story) -> None:
    """Notes of our systems on what others may read too, and on what they may not."""
    for name, resource in (
        ("buyer", "tender"),
        ("buyer", "contract"),
        ("supplier", "offer"),
        ("supplier", "product"),
    ):
        url = f"/v1/{resource}s/{story.ids[f'{resource}_id']}/metadata"
        ok(story.actors[name].request("PUT", url, json=NOTES))


def _people(story: Story) -> None:
    """People with a second factor, and a provider that lets more of them in."""
    buyer, client = story.actors["buyer"], story.stranger.client
    member = people.add(buyer, "bakyt@example.kg")
    person = people.with_app(people.joined(buyer, "gulnara@example.kg", "owner"))
    ok(
        client.post(
            "/auth/login", json={"email": "gulnara@example.kg", "password": people.PASSWORD}
        )
    )
    client.cookies.clear()
    elsewhere = ok(person.get("/v1/sessions"))["items"][0]
    key = Authenticator()
    credential = key.create(ok(person.post("/v1/account/passkeys/begin")))
    passkey = ok(
        person.post("/v1/account/passkeys", json={"name": "Ключ", "credential": credential})
    )
    provider = {"name": "Вход", "issuer": "https://login.example.kg", "client_id": "kerben"}
    _, invitation = people.invited(story.actors["supplier"], "gulnara@example.kg")
    leaked = next(
        each
        for each in ok(buyer.get("/v1/clients"))["items"]
        if each["id"] == story.ids["client_id"]
    )
    story.ids |= {
        "member_id": member,
        "session_id": elsewhere["id"],
        "passkey_id": passkey["id"],
        "provider_id": ok(buyer.post("/v1/identity-providers", json=provider))["id"],
    }
    # Beginning to log in asks the provider where, which is not there.
    story.under["/auth/oidc"] = {"provider_id": ids.show("identityprovider", uuid4())}
    story.bodies |= {
        "POST /v1/account/join": {"token": invitation},
        "POST /v1/session/verify-code": {"code": person.recovery_codes[0]},
        "POST /v1/operations/keys/revoke": {"prefix": leaked["prefix"]},
    }
    other = people.with_app(people.joined(story.stranger, "stranger@example.kg", "owner"))
    story.actors["person"] = Actor(buyer.org_id, person.token, client)
    story.other_person = Actor(story.stranger.org_id, other.token, client)
