"""What has been told: snapshots of v1 and events of v2, to be listed by who missed a webhook."""

from typing import Any

from tests.stripe_double.errors import invalid
from tests.stripe_double.operations import Call, serves

Json = dict[str, Any]


@serves("v1.events.list")
def list_(call: Call) -> Json:
    held = call.world.all("event", call.account)
    if kinds := call.get("types") or ([call.get("type")] if call.get("type") else []):
        held = [
            each
            for each in held
            if any(
                each["type"] == k or (k.endswith(".*") and each["type"].startswith(k[:-1]))
                for k in kinds
            )
        ]
    if call.get("delivery_success") is not None:
        held = [e for e in held if (e["pending_webhooks"] == 0) == call.get("delivery_success")]
    return call.world.listed(held, call.params, "/v1/events")


@serves("v1.events.retrieve")
def retrieve(call: Call) -> Json:
    return call.world.find("event", call.id, account=call.account)


@serves("v2.core.events.list")
def list_v2(call: Call) -> Json:
    held = call.world.all("v2.core.event")
    if kinds := call.params.get("types"):
        if len(kinds) > 20:
            raise invalid("At most 20 types may be given.", param="types")
        held = [each for each in held if each["type"] in kinds]
    if found := call.params.get("object_id"):
        held = [each for each in held if each["_related"]["id"] == found]
    for name, bound in (call.params.get("created") or {}).items():
        keep = {"gt": str.__gt__, "gte": str.__ge__, "lt": str.__lt__, "lte": str.__le__}[name]
        held = [each for each in held if keep(each["created"], bound)]
    return call.world.listed_v2([_whole(e) for e in held], call.params, "/v2/core/events")


@serves("v2.core.events.retrieve")
def retrieve_v2(call: Call) -> Json:
    return _whole(call.world.find("v2.core.event", call.id))


def _whole(event: Json) -> Json:
    return {**event, "data": event["_data"] or {}, "related_object": event["_related"]}
