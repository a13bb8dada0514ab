"""What of a released API document a newer one breaks for the clients of the old one.

Between releases the API only grows: operations, optional parameters and input fields, output
fields. Clients must tolerate output fields and codes that they do not know, so those are no break.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

type Document = Mapping[str, Any]
type Direction = Literal["input", "output"]
_LOWER_IS_WIDER = ("minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties")
_HIGHER_IS_WIDER = ("maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties")
_METHODS = ("get", "put", "post", "patch", "delete")


def breaks(old: Document, new: Document) -> list[str]:
    """Each break of `old` by `new`: the operation, the place in it, and what happened."""
    found: list[str] = []
    for path, method, before in _operations(old):
        name = f"{method.upper()} {path}"
        after = new["paths"].get(path, {}).get(method)
        if after is None:
            found.append(f"{name}: is gone")
            continue
        comparison = _Comparison(old, new)
        found += [f"{name}: {text}" for text in comparison.operation(before, after)]
    return found


def _operations(document: Document) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    for path, methods in document["paths"].items():
        for method in _METHODS:
            if method in methods:
                yield path, method, methods[method]


@dataclass(slots=True)
class _Comparison:
    old: Document
    new: Document
    seen: set[tuple[str, str, str]] = field(default_factory=set)

    def operation(self, old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[str]:
        if old["operationId"] != new["operationId"]:
            yield f"is now called {new['operationId']}"
        given = {(p["in"], p["name"]): p for p in old.get("parameters", ())}
        for key, parameter in {(p["in"], p["name"]): p for p in new.get("parameters", ())}.items():
            before = given.pop(key, None)
            place = f"{key[0]} parameter {key[1]}"
            if parameter.get("required") and not (before or {}).get("required"):
                yield f"{place} is required now"
            elif before is not None:
                yield from self.schema(place, before["schema"], parameter["schema"], "input")
        yield from (f"{where} parameter {name} is gone" for where, name in given)
        yield from self._body(old.get("requestBody"), new.get("requestBody"))
        for status, answer in old["responses"].items():
            if status.startswith("2"):
                if status not in new["responses"]:
                    yield f"does not answer {status} any more"
                else:
                    yield from self._contents("answer", answer, new["responses"][status], "output")

    def _body(self, old: Mapping[str, Any] | None, new: Mapping[str, Any] | None) -> Iterator[str]:
        if new is not None and new.get("required") and not (old or {}).get("required"):
            yield "a body is required now"
        if old is not None:
            yield from self._contents("body", old, new or {}, "input")

    def _contents(
        self, place: str, old: Mapping[str, Any], new: Mapping[str, Any], direction: Direction
    ) -> Iterator[str]:
        for media, content in old.get("content", {}).items():
            after = new.get("content", {}).get(media)
            if after is None:
                yield f"{place} is no {media} any more"
            else:
                yield from self.schema(
                    place, content.get("schema", {}), after.get("schema", {}), direction
                )

    def schema(self, place: str, old: Any, new: Any, direction: Direction) -> Iterator[str]:
        """Breaks of a schema that is sent (input) or received (output) by clients."""
        key = (str(old.get("$ref", id(old))), str(new.get("$ref", id(new))), direction)
        if key in self.seen:
            return
        self.seen.add(key)
        old, new = self._resolved(self.old, old), self._resolved(self.new, new)
        before, after = old.get("anyOf", [old]), new.get("anyOf", [new])
        narrower, wider = len(after) < len(before), len(after) > len(before)
        if (direction == "input" and narrower) or (direction == "output" and wider):
            yield f"{place} takes other kinds of value"
        elif len(before) == len(after) > 1:
            for one, other in zip(before, after, strict=True):
                yield from self.schema(place, one, other, direction)
        elif len(before) == len(after):
            yield from self._plain(place, old, new, direction)

    def _plain(
        self, place: str, old: Mapping[str, Any], new: Mapping[str, Any], direction: Direction
    ) -> Iterator[str]:
        if old.get("type") != new.get("type") and (direction == "output" or "type" in new):
            yield f"{place} is of type {new.get('type')}, not {old.get('type')}"
            return
        if direction == "input":
            yield from self._bounds(place, old, new)
        fields, later = old.get("properties", {}), new.get("properties", {})
        needed, needed_later = set(old.get("required", ())), set(new.get("required", ()))
        for name in fields:
            if name not in later:
                yield f"{place}/{name} is gone"
            else:
                yield from self.schema(f"{place}/{name}", fields[name], later[name], direction)
        if direction == "input":
            changed, text = needed_later - needed, "is required now"
        else:
            changed, text = (needed - needed_later) & later.keys(), "may be missing now"
        yield from (f"{place}/{name} {text}" for name in sorted(changed))
        for nested in ("items", "additionalProperties"):
            one, other = old.get(nested), new.get(nested)
            if isinstance(one, dict) and isinstance(other, dict):
                yield from self.schema(f"{place}/*", one, other, direction)

    def _bounds(self, place: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[str]:
        gone = [value for value in old.get("enum", ()) if value not in new.get("enum", (value,))]
        if gone:
            yield f"{place} does not take {', '.join(map(str, gone))} any more"
        for names, sign in ((_LOWER_IS_WIDER, 1), (_HIGHER_IS_WIDER, -1)):
            for name in names:
                bound = new.get(name)
                if bound is not None and (name not in old or sign * (bound - old[name]) > 0):
                    yield f"{place} has the {name} {bound} now"
        if new.get("pattern") not in (None, old.get("pattern")):
            yield f"{place} has another pattern"

    @staticmethod
    def _resolved(document: Document, schema: Mapping[str, Any]) -> Mapping[str, Any]:
        if "$ref" not in schema:
            return schema
        found: Mapping[str, Any] = document["components"]["schemas"][
            schema["$ref"].rpartition("/")[2]
        ]
        return found
