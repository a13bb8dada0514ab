"""Files that say what was computed from what: read, and computed anew. Needs nothing but the file.

A file has a format, the name of a formula, inputs and a result, both with their hashes. What kinds
of files there are and how each is computed is a `Recipe` beside the kind.
"""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, NamedTuple, Protocol, cast

from pydantic import ValidationError

from api.procurement.sealing import canonical
from api.rules.evaluation.terms import escaped

_MEMBERS = {"format", "formula", "inputs", "inputs_sha256", "result", "result_sha256"}
NOTHING: Any = object()
"""What stands where a document has no member."""


class What(StrEnum):
    """What is wrong."""

    UNREADABLE = "unreadable"
    NOT_CANONICAL = "not_canonical"
    UNKNOWN_FORMULA = "unknown_formula"
    INVALID = "invalid"
    CHANGED = "changed"
    OTHER_FILE = "other_file"


class Finding(NamedTuple):
    """One thing that is wrong; `pointer` is a JSON Pointer into the file, as a fragment."""

    what: What
    pointer: str
    detail: str


class Difference(NamedTuple):
    """A place in which two documents differ."""

    pointer: str
    before: Any
    after: Any


class _Fault(Protocol):
    @property
    def pointer(self) -> str: ...
    @property
    def detail(self) -> str: ...


class _Refusal(Protocol):
    faults: Sequence[_Fault]


@dataclass(frozen=True, slots=True)
class Recipe[Inputs]:
    """How one kind of file is computed anew.

    `read` takes the inputs of a file (ValidationError, ValueError), `told` writes them as a file
    does, `computed` writes the result of them; `refused` is what the formula raises for inputs that
    contradict themselves, its `faults` point into them.
    """

    format: str
    formula: str
    read: Callable[[Any], Inputs]
    told: Callable[[Inputs], Any]
    computed: Callable[[Inputs], Any]
    refused: type[Exception]


def part_sha256(format: str, part: str, document: Any) -> str:
    """The hash of the inputs or of the result: SHA-256 of `format SP part LF` and its text."""
    return _sha256(format, part, canonical.dumps(document))


def _sha256(format: str, part: str, text: bytes) -> str:
    return hashlib.sha256(f"{format} {part}\n".encode() + text).hexdigest()


def written(format: str, formula: str, inputs: Any, result: Any) -> bytes:
    """The text of a file of this format: both parts as documents, and the hash of each."""
    parts = {"inputs": canonical.dumps(inputs), "result": canonical.dumps(result)}
    told = {f"{part}_sha256": _sha256(format, part, text) for part, text in parts.items()}
    told |= {"format": format, "formula": formula}
    return canonical.joined(parts | {name: canonical.dumps(said) for name, said in told.items()})


def check[Inputs](
    recipe: Recipe[Inputs], text: bytes, *, sha256: str | None = None
) -> list[Finding]:
    """Everything that is wrong with a file, in the order of reading; empty when it holds.

    `sha256` is the hash of the file as it was given out elsewhere: without it, a file whose inputs
    were changed and that was then computed anew is taken for what it says.
    """
    found = []
    own = hashlib.sha256(text).hexdigest()
    if sha256 is not None and sha256 != own:
        found.append(Finding(What.OTHER_FILE, "#", f"the file's hash is {own}, not {sha256}"))
    try:
        document = canonical.loads(text)
    except ValueError as error:
        return [*found, Finding(What.UNREADABLE, "#", str(error))]
    if not isinstance(document, dict) or document.keys() != _MEMBERS:
        said = f"must be an object of {', '.join(sorted(_MEMBERS))}"
        return [*found, Finding(What.UNREADABLE, "#", said)]
    for name, known in (("format", recipe.format), ("formula", recipe.formula)):
        if document[name] != known:
            said = f"is {document[name]!r}; this program knows {known!r}"
            return [*found, Finding(What.UNKNOWN_FORMULA, f"#/{name}", said)]
    return found + [*_not_canonical(text, document), *_recomputed(recipe, document)]


def compared(before: Any, after: Any, pointer: str) -> Iterator[Difference]:
    """Every place in which two documents differ."""
    if isinstance(before, dict) and isinstance(after, dict):
        for name in sorted(before.keys() | after.keys()):
            where = f"{pointer}/{escaped(name)}"
            yield from compared(before.get(name, NOTHING), after.get(name, NOTHING), where)
    elif isinstance(before, list) and isinstance(after, list):
        for index in range(max(len(before), len(after))):
            yield from compared(
                before[index] if index < len(before) else NOTHING,
                after[index] if index < len(after) else NOTHING,
                f"{pointer}/{index}",
            )
    elif type(before) is not type(after) or before != after:
        yield Difference(pointer, before, after)


def differences(said: Any, found: Any, pointer: str, what: What) -> Iterator[Finding]:
    """Every place in which the file says something else than was computed from its inputs."""
    for where, before, after in compared(said, found, pointer):
        yield Finding(what, where, f"says {_shown(before)}; computed: {_shown(after)}")


def _not_canonical(text: bytes, document: Any) -> Iterator[Finding]:
    try:
        same = canonical.dumps(document) == text
    except ValueError:
        same = False
    if not same:
        yield Finding(What.NOT_CANONICAL, "#", "is not written as RFC 8785 asks for")


def _recomputed[Inputs](recipe: Recipe[Inputs], document: dict[str, Any]) -> Iterator[Finding]:
    for part in ("inputs", "result"):
        try:
            found = part_sha256(recipe.format, part, document[part])
        except ValueError:
            found = "none"
        if found != document[f"{part}_sha256"]:
            said = f"is {document[f'{part}_sha256']}; of the {part} here it would be {found}"
            yield Finding(What.CHANGED, f"#/{part}_sha256", said)
    try:
        inputs = recipe.read(document["inputs"])
    except ValidationError as error:
        for each in error.errors(include_url=False, include_input=False, include_context=False):
            where = "".join(f"/{escaped(str(part))}" for part in each["loc"])
            yield Finding(What.INVALID, f"#{where}", each["msg"])
        return
    except ValueError as error:
        yield Finding(What.INVALID, "#/inputs", str(error))
        return
    yield from differences(document["inputs"], recipe.told(inputs), "#/inputs", What.INVALID)
    try:
        result = recipe.computed(inputs)
    except recipe.refused as problem:
        for fault in cast(_Refusal, problem).faults:
            pointer = f"#/inputs{fault.pointer.removeprefix('#')}"
            yield Finding(What.INVALID, pointer, fault.detail)
        return
    except ArithmeticError:
        yield Finding(What.INVALID, "#/inputs", "a number is too large to compute with")
        return
    yield from differences(document["result"], result, "#/result", What.CHANGED)


def _shown(value: Any) -> str:
    if value is NOTHING:
        return "nothing"
    text = canonical.dumps(value).decode()
    return text if len(text) <= 100 else f"{text[:97]}..."
