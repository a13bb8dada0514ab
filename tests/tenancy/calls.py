"""Every operation of openapi.json as a request that is valid, aimed at what is somebody's."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from api.cli.check import DOCUMENT
from api.main import create_app
from tests.tenancy.bodies import BODIES, MEDIA, QUERIES

SPEC: dict[str, Any] = json.loads(DOCUMENT.read_text())
ID = re.compile(r"\^([a-z_]+)_\[0-9a-f\]\{32\}\$")
SHOWN = re.compile(r"([a-z_]+)_([0-9a-f]{32})")
FIXED = {
    "format": "ndjson",
    "scheme": "CPV",
    "code": "39160000-1",
    "calendar": "KG",
    "year": 2026,
    "name": "incoterms",
    "tnved_code": "8413703000",
    "source": "kg-portal",
    "sha256": "ab" * 32,
    "number": 1,
    "seq": 1,
}


@dataclass(frozen=True)
class Operation:
    """One method of one path, as the document has it."""

    method: str
    path: str
    spec: Mapping[str, Any]

    @property
    def name(self) -> str:
        return f"{self.method} {self.path}"

    @property
    def public(self) -> bool:
        return not self.spec["security"]

    def parameters(self, where: str) -> list[Any]:
        return [each for each in self.spec.get("parameters", []) if each["in"] == where]

    def ids_in_query(self) -> Iterator[tuple[str, str]]:
        """The parameters of the query that take an id, with its prefix."""
        for each in self.parameters("query"):
            if found := ID.search(json.dumps(each["schema"])):
                yield each["name"], found[1]

    def accepts_cursor(self) -> bool:
        return any(each["name"] == "cursor" for each in self.parameters("query"))


OPERATIONS = [
    Operation(method.upper(), path, spec)
    for path, methods in SPEC["paths"].items()
    for method, spec in methods.items()
]


def scopes() -> dict[str, str]:
    """The scope that each operation requires, as its route declares it."""
    found = {}
    for route in create_app().routes:
        dependant = getattr(route, "dependant", None)
        for each in dependant.dependencies if dependant else ():
            needs = getattr(each.call, "needs", None)
            if needs is not None:
                found |= {f"{method} {route.path}": needs.scope for method in route.methods}  # type: ignore[attr-defined]
    return found


@dataclass(frozen=True)
class Request:
    """What is sent; `ids` of bodies are replaced by prefix."""

    method: str
    url: str
    query: dict[str, Any]
    body: Any
    media: str | None

    def send(self, client: Any, key: str | None) -> Any:
        headers = {"If-Match": "*", "Idempotency-Key": uuid4().hex}
        if key:
            headers["Authorization"] = f"Bearer {key}"
        if self.media:
            headers["Content-Type"] = self.media
        content = self.body
        if content is not None and not isinstance(content, bytes):
            content = json.dumps(content).encode()
        return client.request(
            self.method, self.url, params=self.query, content=content, headers=headers
        )


def request(
    operation: Operation,
    parameters: Mapping[str, Any],
    ids: Mapping[str, Any],
    **query: Any,
) -> Request:
    """A valid request of an operation: `parameters` of its path, `ids` by prefix in its body."""
    values = {}
    for each in operation.parameters("path"):
        name = each["name"]
        fixed = "bulk" if name == "name" and "extension" in operation.path else None
        values[name] = parameters.get(name, fixed or FIXED.get(name))
        if values[name] is None:
            values[name] = sample(each["schema"], {})
    asked = {
        each["name"]: FIXED.get(each["name"], sample(each["schema"], ids))
        for each in operation.parameters("query")
        if each.get("required")
    }
    asked |= QUERIES.get(operation.name, {}) | query
    content = (operation.spec.get("requestBody") or {}).get("content", {})
    if not content:
        return Request(operation.method, operation.path.format(**values), asked, None, None)
    media = MEDIA.get(operation.name) or next(iter(content))
    body = BODIES.get(operation.name)
    if body is None:
        if media == "application/json":
            shown = content[media].get("example")
            body = sample(content[media]["schema"], ids) if shown is None else shown
        else:
            body = b"{}" if "json" in media else b"grant_type=client_credentials"
    body = aimed(body, ids)
    return Request(operation.method, operation.path.format(**values), asked, body, media)


def sample(schema: Mapping[str, Any], ids: Mapping[str, Any]) -> Any:
    """A value that a schema allows, by its examples where it has some."""
    if "$ref" in schema:
        return sample(SPEC["components"]["schemas"][schema["$ref"].rpartition("/")[2]], ids)
    pattern = ID.fullmatch(schema.get("pattern", ""))
    if pattern:
        return ids.get(pattern[1]) or f"{pattern[1]}_{uuid4().hex}"
    if schema.get("examples"):
        return schema["examples"][0]
    for name in ("const", "default"):
        if name in schema:
            return schema[name]
    if "enum" in schema:
        return schema["enum"][0]
    for name in ("anyOf", "oneOf", "allOf"):
        if name in schema:
            return sample(next(e for e in schema[name] if e.get("type") != "null"), ids)
    match schema.get("type"):
        case "object":
            wanted = schema.get("required", [])
            return {
                k: sample(v, ids) for k, v in schema.get("properties", {}).items() if k in wanted
            }
        case "array":
            return [sample(schema["items"], ids)] * max(schema.get("minItems", 0), 1)
        case "integer" | "number":
            return schema.get("minimum", 1)
        case "boolean":
            return True
    return _text(schema)


def _text(schema: Mapping[str, Any]) -> str:
    match schema.get("format"):
        case "date":
            return "2027-03-02"
        case "date-time":
            return "2027-03-02T09:00:00Z"
    return "a" * max(schema.get("minLength", 1), 1)


def aimed(body: Any, ids: Mapping[str, Any]) -> Any:
    """The body with every id that it shows replaced by that of the same kind in `ids`."""
    if isinstance(body, dict):
        return {name: aimed(value, ids) for name, value in body.items()}
    if isinstance(body, list):
        return [aimed(value, ids) for value in body]
    if isinstance(body, str) and (found := SHOWN.fullmatch(body)):
        return ids.get(found[1]) or body
    return body


def ids_in(body: Any, at: str = "") -> Iterator[tuple[str, str]]:
    """Where ids stand in a body, with their prefix."""
    if isinstance(body, dict):
        for name, value in body.items():
            yield from ids_in(value, f"{at}/{name}")
    elif isinstance(body, list):
        for number, value in enumerate(body):
            yield from ids_in(value, f"{at}/{number}")
    elif isinstance(body, str) and (found := SHOWN.fullmatch(body)):
        yield at, found[1]


def replaced(body: Any, at: str, value: str) -> Any:
    """The body with the value at a pointer replaced."""
    if not at:
        return value
    head, _, rest = at[1:].partition("/")
    tail = f"/{rest}" if rest else ""
    if isinstance(body, list):
        return [replaced(e, tail, value) if str(n) == head else e for n, e in enumerate(body)]
    return {k: replaced(v, tail, value) if k == head else v for k, v in body.items()}
