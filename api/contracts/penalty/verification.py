"""Recomputing liquidated damages from their file: what differs, and where."""

from typing import NamedTuple

from api.contracts.penalty import files
from api.procurement.evaluation import recomputing
from api.procurement.evaluation.recomputing import Finding, Recipe
from api.procurement.sealing import canonical
from api.rules.penalties import FORMULA, NotComputable, compute

_RECIPE = Recipe(
    files.FORMAT,
    FORMULA,
    files.inputs_of,
    told=lambda inputs: files.document(files.in_order(inputs)),
    computed=lambda inputs: files.document(compute(inputs)),
    refused=NotComputable,
)


class Summary(NamedTuple):
    """What a file says that holds."""

    contract: str
    total: str
    currency: str
    reviewed: bool
    rows: list[tuple[str, str]]
    sha256: str


def check(text: bytes, *, sha256: str | None = None) -> list[Finding]:
    """Everything that is wrong with a file; `sha256` is its hash as it stands in the claim."""
    return recomputing.check(_RECIPE, text, sha256=sha256)


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
