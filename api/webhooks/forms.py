"""JSON Schemas of envelopes, one by one and in the OpenAPI document."""

from typing import Any

from pydantic.json_schema import models_json_schema

from api.webhooks import envelopes
from api.webhooks.catalogue import TYPES
from api.webhooks.catalogue.kinds import EventType
from api.webhooks.schemas.events import EventOut

_COMPONENT = "#/components/schemas/{model}"


def schema(kind: EventType) -> dict[str, Any]:
    """JSON Schema 2020-12 of the envelopes of a type. Fields may be added without a new version."""
    data = kind.data.model_json_schema(mode="serialization")
    whole = EventOut.model_json_schema(mode="serialization")
    definitions = {**data.pop("$defs", {}), **whole["$defs"]}
    resource = whole["$defs"]["EventResource"]
    resource["properties"]["type"]["const"] = kind.resource
    resource["properties"]["id"]["pattern"] = f"^{kind.resource}_[0-9a-f]{{32}}$"
    properties = whole["properties"]
    properties["type"]["const"] = kind.name
    properties["schema_version"]["const"] = kind.version
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": kind.name,
        "description": kind.description,
        "type": "object",
        "properties": properties | {"data": data},
        "required": whole["required"],
        "$defs": definitions,
    }


def describe(document: dict[str, Any]) -> None:
    """Put every type under `webhooks` of the OpenAPI document, and its data among the schemas."""
    classes = {each.data for each in TYPES.values()}
    _, found = models_json_schema(
        [(each, "serialization") for each in sorted(classes, key=lambda each: each.__name__)],
        ref_template=_COMPONENT,
    )
    schemas = document["components"]["schemas"]
    for name, definition in found["$defs"].items():
        schemas.setdefault(name, definition)
    document["webhooks"] = {kind.name: _webhook(kind) for kind in TYPES.values()}


def _webhook(kind: EventType) -> dict[str, Any]:
    typed = {
        "type": "object",
        "properties": {
            "type": {"const": kind.name},
            "data": {"$ref": f"#/components/schemas/{kind.data.__name__}"},
        },
    }
    body = {"allOf": [{"$ref": "#/components/schemas/EventOut"}, typed]}
    return {
        "post": {
            "tags": ["event-types"],
            "operationId": f"webhook_{kind.name.replace('.', '_')}",
            "summary": kind.description,
            "description": f"Needs the scope `{kind.scope}`.",
            "security": [],
            "requestBody": {
                "required": True,
                "content": {
                    "application/json": {"schema": body, "example": envelopes.example(kind)}
                },
            },
            "responses": {
                "2XX": {"description": "Received"},
                "4XX": {"description": "Not taken: sent again later"},
            },
        }
    }
