"""What a client may ask of the shape of an answer: `fields`, `expand[]`, and only what is new.

An expansion is the answer of another GET route, run with the caller's own rights to that route:
nothing can be read through an expansion that could not be read without it.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlencode

from starlette.requests import Request

from api.core.errors import FieldError, Invalid, NotFound
from api.core.pages import Page

MAX_DEPTH = 3
MAX_EXPANSIONS = 10
MAX_READS = 100
"""Reads that all the expansions of one request may cost."""
_EXPAND, _FIELDS = "expand[]", "fields"


@dataclass(frozen=True, slots=True)
class Read:
    """The GET route that an expansion runs; its parameters come from fields of the item."""

    operation: str
    parameters: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Resource:
    """What the items of some GET routes can be expanded by."""

    name: str
    operations: Sequence[str]
    expansions: Mapping[str, Read]


@dataclass(frozen=True, slots=True)
class View:
    """How a request wants its answer."""

    path: str = ""
    query: str = ""
    fields: tuple[str, ...] = ()
    expand: tuple[str, ...] = ()
    if_none_match: str | None = None

    @property
    def plain(self) -> bool:
        return not (self.fields or self.expand)

    def next_link(self, cursor: str) -> str:
        """`Link` to the next page (RFC 8288): this request with the other cursor."""
        pairs = [(k, v) for k, v in parse_qsl(self.query) if k != "cursor"]
        return f'<{self.path}?{urlencode([*pairs, ("cursor", cursor)])}>; rel="next"'

    def has(self, etag: str | None) -> bool:
        """True when the client has this version (weak comparison, RFC 9110 section 13.1.2)."""
        if etag is None or self.if_none_match is None:
            return False
        given = {tag.strip().removeprefix("W/") for tag in self.if_none_match.split(",")}
        return etag in given or "*" in given


def view_of(request: Request) -> View:
    """The view that a GET asks for. Raises Invalid for too deep or too many expansions."""
    if request.method != "GET":
        return View()
    query = request.query_params
    expand = tuple(dict.fromkeys(query.getlist(_EXPAND))) if _EXPAND in query else ()
    if len(expand) > MAX_EXPANSIONS:
        raise _refused(_EXPAND, "too_many", f"At most {MAX_EXPANSIONS} expansions are allowed.")
    if any(path.count(".") >= MAX_DEPTH for path in expand):
        raise _refused(_EXPAND, "too_deep", f"An expansion has at most {MAX_DEPTH} steps.")
    fields = query.get(_FIELDS, "")
    return View(
        path=request.url.path,
        query=request.url.query,
        fields=tuple(name.strip() for name in fields.split(",")) if fields else (),
        expand=expand,
        if_none_match=request.headers.get("if-none-match"),
    )


type Run = Callable[[Read, Mapping[str, Any]], Any]
"""Runs a route for an item with the rights of the caller, and gives what JSON would hold."""


@dataclass(slots=True)
class Expander:
    """The expansions of one request."""

    resources: Mapping[str, Resource]
    run: Run
    left: int = field(default=MAX_READS)

    def expand(self, operation: str, answer: Any, paths: Sequence[str]) -> None:
        """Put `expanded` into the item, or into each item of the page, that a route answered."""
        resource = self.resources.get(operation)
        for name, deeper in _first_steps(paths).items():
            known = resource.expansions if resource is not None else {}
            if name not in known:
                told = ", ".join(sorted(known)) or "nothing"
                raise _refused(_EXPAND, "unknown", f"{name!r}: here can be expanded {told}.")
            for item in _items(answer):
                item.setdefault("expanded", {})[name] = self._read(known[name], item, deeper)

    def _read(self, read: Read, item: Mapping[str, Any], deeper: Sequence[str]) -> Any:
        self.left -= 1
        if self.left < 0:
            raise _refused(
                _EXPAND, "too_much", f"The expansions need more than {MAX_READS} reads: ask less."
            )
        if any(item.get(name) in (None, "") for name in read.parameters.values()):
            return None
        try:
            found = self.run(read, item)
        except NotFound:
            return None
        if deeper:
            self.expand(read.operation, found, deeper)
        return found


def narrow(answer: Any, fields: Sequence[str], known: Sequence[str]) -> Any:
    """The item, or each item of a page, with only these of its fields. Raises Invalid."""
    unknown = sorted(set(fields) - {*known, "expanded"})
    if unknown:
        raise _refused(_FIELDS, "unknown", f"No such field: {', '.join(unknown)}.")
    if isinstance(answer, dict) and "items" in answer and "next_cursor" in answer:
        return {**answer, "items": [_only(item, fields) for item in answer["items"]]}
    return _only(answer, fields)


def item_fields(model: Any) -> list[str]:
    """Names of the fields of a route's answer, of a page those of its items."""
    if isinstance(model, type) and issubclass(model, Page):
        model = model.model_fields["items"].annotation.__args__[0]  # type: ignore[union-attr]
    return list(getattr(model, "model_fields", ()))


def _only(item: Any, fields: Sequence[str]) -> Any:
    wanted = {*fields, "expanded"}
    return {k: v for k, v in item.items() if k in wanted} if isinstance(item, dict) else item


def _items(answer: Any) -> list[dict[str, Any]]:
    if isinstance(answer, dict):
        answer = answer.get("items", [answer]) if "next_cursor" in answer else [answer]
    return [item for item in answer if isinstance(item, dict)]


def _first_steps(paths: Sequence[str]) -> dict[str, list[str]]:
    steps: dict[str, list[str]] = {}
    for path in paths:
        first, _, rest = path.partition(".")
        steps.setdefault(first, []).extend([rest] if rest else [])
    return steps


def _refused(parameter: str, code: str, detail: str) -> Invalid:
    pointer = f"#?query/{parameter}"
    return Invalid(detail, errors=[FieldError(pointer=pointer, code=code, detail=detail)])
