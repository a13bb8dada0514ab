"""Recomputing a payment from its file: what differs, and where."""

from typing import NamedTuple

from api.payments.due import files
from api.procurement.evaluation import recomputing
from api.procurement.evaluation.recomputing import Finding, Recipe
from api.procurement.sealing import canonical
from api.rules.payment_milestones import FORMULA, NotComputable, compute

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
    number: int
    kind: str
    currency: str
    figures: list[tuple[str, str]]
    sha256: str


def check(text: bytes, *, sha256: str | None = None) -> list[Finding]:
    """Everything that is wrong with a file; `sha256` is its hash as it stands in the payment."""
    return recomputing.check(_RECIPE, text, sha256=sha256)


def summary(text: bytes) -> Summary:
    """What a file says for which `check` found nothing."""
    document = canonical.loads(text)
    inputs = document["inputs"]
    return Summary(
        inputs["contract"],
        inputs["number"],
        inputs["kind"],
        inputs["currency"],
        [(name, document["result"][name]) for name in ("gross", "penalty", "commission", "net")],
        files.sha256(text),
    )
