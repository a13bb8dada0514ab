"""Recomputing a landed cost from its file: what differs, and where. Needs nothing but the file."""

from typing import NamedTuple

from api.delivery.landed_cost import files
from api.procurement.evaluation import recomputing
from api.procurement.evaluation.recomputing import Finding, Recipe
from api.procurement.sealing import canonical
from api.rules.landed_cost import FORMULA, NotComputable, compute

_RECIPE = Recipe(
    files.FORMAT,
    FORMULA,
    files.inputs_of,
    told=files.document,
    computed=lambda inputs: files.document(compute(inputs)),
    refused=NotComputable,
)


class Summary(NamedTuple):
    """What a file says that holds."""

    subject: str
    incoterm: str
    route: str | None
    total_gross: str
    total_net: str | None
    currency: str
    sha256: str


def check(text: bytes, *, sha256: str | None = None) -> list[Finding]:
    """Everything that is wrong with a file; `sha256` is its hash as it was given out elsewhere."""
    return recomputing.check(_RECIPE, text, sha256=sha256)


def summary(text: bytes) -> Summary:
    """What a file says for which `check` found nothing."""
    document = canonical.loads(text)
    inputs, result = document["inputs"], document["result"]
    route = inputs["route"]
    return Summary(
        inputs["subject"],
        inputs["terms"]["incoterm"],
        route["code"] if route else None,
        result["total_gross"],
        result["total_net"],
        result["currency"],
        files.sha256(text),
    )
