"""The file of a payment, "kerben-payment/1": canonical JSON of inputs, figures and result.

It is written as the file of liquidated damages is (api/contracts/penalty/files.py): decimals are texts
without exponent and trailing zeros, instants are in UTC with six digits, and one computation has one
text (RFC 8785), whose SHA-256 names it.
"""

from dataclasses import replace
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from api.procurement.evaluation import files
from api.procurement.evaluation.recomputing import written
from api.procurement.sealing import canonical
from api.procurement.sealing.documents import Sha256
from api.rules.payment_milestones import FORMULA, PaymentInputs, PaymentResult, compute

FORMAT = "kerben-payment/1"
SCHEMA_ID = "https://kerben.example/schemas/kerben-payment-1.schema.json"
sha256 = files.sha256
document = files.document


class _Inputs(BaseModel):
    """The part of a file that a payment is computed from."""

    model_config = ConfigDict(
        extra="forbid", strict=True, json_schema_serialization_defaults_required=True
    )

    inputs: PaymentInputs


class PaymentFile(_Inputs):
    """A payment as both sides see it: what it was computed from, by which formula, and what came
    out."""

    format: Literal["kerben-payment/1"]
    formula: Literal["kerben-payment-formula/1"]
    inputs_sha256: Sha256
    result: PaymentResult
    result_sha256: Sha256


def write(inputs: PaymentInputs) -> bytes:
    """Compute, and give the file. Raises NotComputable."""
    ordered = in_order(inputs)
    return written(FORMAT, FORMULA, document(ordered), document(compute(ordered)))


def in_order(inputs: PaymentInputs) -> PaymentInputs:
    """The same inputs with the facts in the order of their times, the rest in that of its ids."""
    return replace(
        inputs,
        ordered=tuple(sorted(inputs.ordered, key=lambda row: row.id)),
        facts=tuple(sorted(inputs.facts, key=lambda fact: (fact.at, fact.id))),
        owed=tuple(sorted(inputs.owed, key=lambda each: each.id)),
    )


def inputs_of(given: Any) -> PaymentInputs:
    """The inputs in a file. Raises pydantic's ValidationError, whose places begin with `inputs`."""
    return _Inputs.model_validate_json(canonical.dumps({"inputs": given})).inputs


def result_of(text: bytes) -> PaymentResult:
    """The result in a file that this service has written."""
    return PaymentFile.model_validate_json(text).result


def json_schema() -> dict[str, Any]:
    """The JSON Schema (draft 2020-12) of the file."""
    return files.schema_of(PaymentFile, SCHEMA_ID)
