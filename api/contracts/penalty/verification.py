"""Recomputing liquidated damages from their file: what differs, and where."""

from collections.abc import Iterator
from typing import Any, NamedTuple

from pydantic import ValidationError

from api.contracts.penalty import files
from api.procurement.evaluation.verification import Finding, What, differences
from api.procurement.sealing import canonical
from api.rules.evaluation.terms import escaped
from api.rules.penalties import FORMULA, NotComputable, compute

_MEMBERS = {"format", "formula", "inputs", "inputs_sha256", "result", "result_sha256"}


class Summary(NamedTuple):
    """What a file says that holds."""

    contract: str
    total: str
    currency: str
    reviewed: bool
    rows: list[tuple[str, str]]
    sha256: str


def check(text: bytes, *, sha256: str | None = None) -> list[Finding]:
    """Everything that is wrong with a file, in the order of reading; empty when it holds.

    `sha256` is the hash that stands in the claim: without it, a file whose inputs were changed and
    that was then computed anew is taken for what it says.
    """
    found = []
    own = files.sha256(text)
    if sha256 is not None and sha256 != own:
        found.append(Finding(What.OTHER_FILE, "#", f"the file's hash is {own}, not {sha256}"))
    try:
        document = canonical.loads(text)
    except ValueError as error:
        return [*found, Finding(What.UNREADABLE, "#", str(error))]
    if not isinstance(document, dict) or document.keys() != _MEMBERS:
        said = f"must be an object of {', '.join(sorted(_MEMBERS))}"
        return [*found, Finding(What.UNREADABLE, "#", said)]
    for name, known in (("format", files.FORMAT), ("formula", FORMULA)):
        if document[name] != known:
            said = f"is {document[name]!r}; this program knows {known!r}"
            return [*found, Finding(What.UNKNOWN_FORMULA, f"#/{name}", said)]
    return found + [*_not_canonical(text, document), *_recomputed(document)]


def summary(text: bytes) -> Summary:
    """What a file says for which `check` found nothing."""
    document = canonical.loads(text)
    inputs, result = document["inputs"], document["result"]
    return Summary(
        inputs["contract"],
        result["total"],
        inputs["currency"],
        inputs["terms"]["reviewed"],
        [(row["id"], row["amount"]) for row in result["rows"]],
        files.sha256(text),
    )


def _not_canonical(text: bytes, document: Any) -> Iterator[Finding]:
    try:
        same = canonical.dumps(document) == text
    except ValueError:
        same = False
    if not same:
        yield Finding(What.NOT_CANONICAL, "#", "is not written as RFC 8785 asks for")


def _recomputed(document: dict[str, Any]) -> Iterator[Finding]:
    for part in ("inputs", "result"):
        try:
            found = files.part_sha256(part, document[part])
        except ValueError:
            found = "none"
        if found != document[f"{part}_sha256"]:
            said = f"is {document[f'{part}_sha256']}; of the {part} here it would be {found}"
            yield Finding(What.CHANGED, f"#/{part}_sha256", said)
    try:
        inputs = files.inputs_of(document["inputs"])
    except ValidationError as error:
        for each in error.errors(include_url=False, include_input=False, include_context=False):
            where = "".join(f"/{escaped(str(part))}" for part in each["loc"])
            yield Finding(What.INVALID, f"#{where}", each["msg"])
        return
    except ValueError as error:
        yield Finding(What.INVALID, "#/inputs", str(error))
        return
    told = files.document(files.in_order(inputs))
    yield from differences(document["inputs"], told, "#/inputs", What.INVALID)
    try:
        result = compute(inputs)
    except NotComputable as problem:
        for fault in problem.faults:
            pointer = f"#/inputs{fault.pointer.removeprefix('#')}"
            yield Finding(What.INVALID, pointer, fault.detail)
        return
    except (ArithmeticError, OverflowError):
        yield Finding(What.INVALID, "#/inputs", "a number is too large to compute with")
        return
    yield from differences(document["result"], files.document(result), "#/result", What.CHANGED)
