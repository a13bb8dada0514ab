"""Recomputing an evaluation from its file: what differs, and where. Needs nothing but the file."""

from typing import NamedTuple

from api.procurement.evaluation import files, recomputing
from api.procurement.evaluation.recomputing import Finding, Recipe
from api.procurement.sealing import canonical
from api.rules.evaluation import FORMULA, NotEvaluable, evaluate

_RECIPE = Recipe(
    files.FORMAT,
    FORMULA,
    files.inputs_of,
    told=lambda inputs: files.document(files.in_order(inputs)),
    computed=lambda inputs: files.document(evaluate(inputs)),
    refused=NotEvaluable,
)


class Summary(NamedTuple):
    """What a file says that holds."""

    ocid: str
    lot: str
    ranking: list[str]
    sha256: str


def check(text: bytes, *, sha256: str | None = None) -> list[Finding]:
    """Everything that is wrong with a file; `sha256` is its hash as it was published elsewhere."""
    return recomputing.check(_RECIPE, text, sha256=sha256)


def summary(text: bytes) -> Summary:
    """What a file says for which `check` found nothing."""
    document = canonical.loads(text)
    lot = document["inputs"]["lot"]
    return Summary(lot["ocid"], lot["lot"], document["result"]["ranking"], files.sha256(text))
