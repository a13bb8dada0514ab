"""Webhook endpoints of v1 and event destinations of v2."""

import secrets
from typing import Any

from stripe import api_version

from tests.stripe_double.errors import invalid
from tests.stripe_double.operations import Call, serves
from tests.stripe_double.resources.common import merge

Json = dict[str, Any]


def _secret() -> str:
    return f"whsec_{secrets.token_hex(16)}"


@serves("v1.webhook_endpoints.create")
def create(call: Call) -> Json:
    secret = _secret()
    endpoint = call.world.new(
        "webhook_endpoint",
        "we",
        api_version=call.get("api_version"),
        description=call.get("description"),
        enabled_events=call.get("enabled_events"),
        metadata=call.get("metadata") or {},
        status="enabled",
        url=call.get("url"),
        _connect=bool(call.get("connect")),
        _secret=secret,
    )
    return {**endpoint, "secret": secret}


@serves("v1.webhook_endpoints.retrieve")
def retrieve(call: Call) -> Json:
    return call.world.find("webhook_endpoint", call.id)


@serves("v1.webhook_endpoints.update")
def update(call: Call) -> Json:
    endpoint = call.world.find("webhook_endpoint", call.id)
    given = dict(call.params)
    disabled = given.pop("disabled", None)
    if disabled is not None:
        endpoint["status"] = "disabled" if disabled else "enabled"
    merge(endpoint, given)
    return endpoint


@serves("v1.webhook_endpoints.delete")
def delete(call: Call) -> Json:
    call.world.find("webhook_endpoint", call.id)
    del call.world.objects[call.id]
    return {"id": call.id, "object": "webhook_endpoint", "deleted": True}


@serves("v1.webhook_endpoints.list")
def list_(call: Call) -> Json:
    held = call.world.all("webhook_endpoint")
    return call.world.listed(held, call.params, "/v1/webhook_endpoints")


@serves("v2.core.event_destinations.create")
def create_destination(call: Call) -> Json:
    given, secret = call.params, _secret()
    if given["type"] != "webhook_endpoint" or "webhook_endpoint" not in given:
        raise invalid("the double models destinations of type webhook_endpoint", param="type")
    snapshot = given["event_payload"] == "snapshot"
    destination = call.world.new(
        "v2.core.event_destination",
        "ed_test",
        description=given.get("description") or "",
        enabled_events=given["enabled_events"],
        event_payload=given["event_payload"],
        events_from=given.get("events_from") or ["@self"],
        metadata=given.get("metadata") or {},
        name=given["name"],
        snapshot_api_version=api_version if snapshot else None,
        status="enabled",
        type="webhook_endpoint",
        updated=call.world.now_text(),
        _secret=secret,
        _url=given["webhook_endpoint"]["url"],
    )
    include = given.get("include") or []
    shown = {
        "signing_secret": secret if "webhook_endpoint.signing_secret" in include else None,
        "url": destination["_url"] if "webhook_endpoint.url" in include else None,
    }
    return {**destination, "webhook_endpoint": shown}


@serves("v2.core.event_destinations.retrieve")
def retrieve_destination(call: Call) -> Json:
    destination = call.world.find("v2.core.event_destination", call.id)
    include = call.params.get("include") or []
    url = destination["_url"] if "webhook_endpoint.url" in include else None
    return {**destination, "webhook_endpoint": {"signing_secret": None, "url": url}}


@serves("v2.core.event_destinations.disable")
def disable_destination(call: Call) -> Json:
    destination = call.world.find("v2.core.event_destination", call.id)
    destination |= {"status": "disabled", "status_details": {"disabled": {"reason": "user"}}}
    return destination


@serves("v2.core.event_destinations.enable")
def enable_destination(call: Call) -> Json:
    destination = call.world.find("v2.core.event_destination", call.id)
    destination |= {"status": "enabled", "status_details": None}
    return destination


@serves("v2.core.event_destinations.delete")
def delete_destination(call: Call) -> Json:
    call.world.find("v2.core.event_destination", call.id)
    del call.world.objects[call.id]
    return {"id": call.id, "object": "v2.core.event_destination", "deleted": True}


@serves("v2.core.event_destinations.list")
def list_destinations(call: Call) -> Json:
    held = call.world.all("v2.core.event_destination")
    return call.world.listed_v2(held, call.params, "/v2/core/event_destinations")
