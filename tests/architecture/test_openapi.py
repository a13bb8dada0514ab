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
