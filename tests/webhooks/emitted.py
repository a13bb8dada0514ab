"""Whatever any test emits, in any process, is in the catalogue and has the form that it says."""

import json
from functools import cache
from typing import Any

import psycopg
from jsonschema_rs import Draft202012Validator

from api.webhooks import forms
from api.webhooks.catalogue import INTERNAL, TYPES

_OF_TESTS = "test."
MOST = 2000
"""Of an import of very many rows, the first tell enough."""


@cache
def judge(name: str) -> Draft202012Validator:
    """What the published schema of a type allows; besides, no field that it does not name."""
    schema = forms.schema(TYPES[name])
    for part in (schema, schema["properties"]["data"], schema["$defs"]["EventResource"]):
        part["additionalProperties"] = False
    return Draft202012Validator(schema, validate_formats=True)


def check(connection: psycopg.Connection[Any]) -> None:
    """Judge every envelope that is stored, and the type of every event."""
    types = {row[0] for row in connection.execute("SELECT DISTINCT type FROM outbox_event")}
    unknown = {name for name in types - TYPES.keys() - INTERNAL if not name.startswith(_OF_TESTS)}
    assert unknown == set(), f"neither in the catalogue nor internal: {unknown}"
    query = "SELECT type, body FROM event_envelope ORDER BY id LIMIT %s"
    for name, body in connection.execute(query, [MOST]).fetchall():
        faults = [str(error) for error in judge(name).iter_errors(json.loads(body))]
        assert faults == [], f"{name}: {bytes(body)!r}"
