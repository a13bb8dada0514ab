import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from api.cli.check import DOCUMENT
from api.main import create_app

SPEC: dict[str, Any] = json.loads(json.dumps(create_app().openapi()))
SCHEMAS: dict[str, Any] = SPEC["components"]["schemas"]
OPERATIONS = [
    (f"{method} {path}", operation)
    for path, methods in SPEC["paths"].items()
    for method, operation in methods.items()
]


def told(schema: dict[str, Any], seen: frozenset[str] = frozenset()) -> bool:
    """True when a reader sees an example of the schema, or cannot need one."""
    if {"examples", "default", "const", "enum"} & schema.keys():
        return True
    if schema.get("type") in ("boolean", "null"):
        return True
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return name in seen or told(SCHEMAS[name], seen | {name})
    if "anyOf" in schema:
        return any(told(each, seen) for each in schema["anyOf"])
    if "items" in schema:
        return told(schema["items"], seen)
    fields = schema.get("properties", {}).values()
    return bool(fields) and all(told(each, seen) for each in fields)


def _bodies() -> Iterator[tuple[str, dict[str, Any]]]:
    for name, operation in OPERATIONS:
        for media_type, content in operation.get("requestBody", {}).get("content", {}).items():
            yield f"{name} {media_type}", content


BODIES = list(_bodies())


def test_the_committed_document_is_that_of_the_routes() -> None:
    assert json.loads(DOCUMENT.read_text()) == SPEC


@pytest.mark.parametrize(("name", "operation"), OPERATIONS, ids=[name for name, _ in OPERATIONS])
def test_a_route_has_a_name_a_tag_a_summary_and_its_errors(
    name: str, operation: dict[str, Any]
) -> None:
    (tag,) = operation["tags"]
    assert tag in {each["name"] for each in SPEC["tags"]}
    assert re.fullmatch(rf"{tag.replace('-', '_')}_[a-z_]+", operation["operationId"])
    assert operation["summary"]
    errors = {s: r for s, r in operation["responses"].items() if s[0] not in "23"}
    assert errors
    assert {media for answer in errors.values() for media in answer["content"]} == {
        "application/problem+json"
    }
    if "/v1/" in name:
        assert errors.keys() >= {"401", "403"}
        assert operation["security"] == [{"bearer": []}, {"session": []}]
    else:
        assert operation["security"] == []


def test_no_two_schemas_share_a_name() -> None:
    """Of two with one name, the document would call both by the paths of their modules."""
    assert [name for name in SCHEMAS if name.startswith("api__")] == []


def test_operation_ids_are_unique() -> None:
    ids = [operation["operationId"] for _, operation in OPERATIONS]
    assert len(set(ids)) == len(ids)


@pytest.mark.parametrize(("name", "content"), BODIES, ids=[name for name, _ in BODIES])
def test_every_body_is_shown_by_an_example(name: str, content: dict[str, Any]) -> None:
    assert "example" in content or told(content["schema"]), name


# API-07: ids, amounts and deadlines, the same in every answer

_PREFIXED = re.compile(r"\^[a-z]+(_[a-z]+)*_\[0-9a-f\]\{32\}\$")
_DEADLINE = re.compile(r"(standstill|period|window|announced)_end|ends_at|\w*due_at|\w+_until")
NO_MONEY = {"latitude", "longitude", "lag_seconds", "overdue_seconds"}
OF_MANY_KINDS = {"LedgerAccountOut.reference", "StatementLineOut.resource_id"}
"""The ledger books for whatever pays; the account or the entry says what kind that is."""
NOT_OF_THE_LAW = {
    "SubscriptionEventData.period_end",
    "previous_secret_until",
    "credentials_until",
    "polled_until",
    "lease_until",
    "open_until",
    "evidence_due_at",
    "SampleOut.due_at",
    "valid_until",
}
"""Ends of secrets, pauses and quotes, what was read, and what others ask for: no day of the law
counts."""


def _parts(schema: Any) -> Iterator[dict[str, Any]]:
    """A schema and all within it, without those that it refers to."""
    if isinstance(schema, dict):
        yield schema
    for each in schema.values() if isinstance(schema, dict) else schema:
        if isinstance(each, dict | list):
            yield from _parts(each)


def _answers() -> Iterator[tuple[str, str, dict[str, Any]]]:
    for name, schema in SCHEMAS.items():
        if not name.endswith(("In", "Patch", "Change")):
            for field, of in schema.get("properties", {}).items():
                yield name, field, of


def test_api_07_an_id_of_ours_has_its_kind_before_it() -> None:
    bare = [
        f"{name}.{field}"
        for name, field, schema in _answers()
        if any(part.get("format") == "uuid" for part in _parts(schema))
    ]
    assert set(bare) == OF_MANY_KINDS
    patterns = [str(p.get("pattern", "")) for _, _, s in _answers() for p in _parts(s)]
    kinds = [pattern for pattern in patterns if "_[0-9a-f]" in pattern]
    assert len(kinds) > 300
    assert [pattern for pattern in kinds if not _PREFIXED.fullmatch(pattern)] == []


def test_api_07_no_answer_has_an_amount_as_a_binary_fraction() -> None:
    numbers = {
        f"{name}.{field}"
        for name, field, schema in _answers()
        if field not in NO_MONEY and any(part.get("type") == "number" for part in _parts(schema))
    }
    assert numbers == set()


def test_api_07_what_has_a_deadline_names_the_zone_of_its_days() -> None:
    zoned = {name for name, field, _ in _answers() if field == "time_zone"}
    silent = {
        f"{name}.{field}"
        for name, field, schema in _answers()
        if name not in zoned
        and not {field, f"{name}.{field}"} & NOT_OF_THE_LAW
        and _DEADLINE.fullmatch(field)
        if any(part.get("format") == "date-time" for part in _parts(schema))
    }
    assert silent == set()
