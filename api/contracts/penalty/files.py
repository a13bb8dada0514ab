"""The file of liquidated damages, "kerben-penalty/1": canonical JSON of inputs, figures and result.

It is written as the evaluation file is (api/procurement/evaluation/files.py): decimals are texts
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
from api.rules.penalties import FORMULA, PenaltyInputs, PenaltyResult, compute

FORMAT = "kerben-penalty/1"
SCHEMA_ID = "https://kerben.example/schemas/kerben-penalty-1.schema.json"
sha256 = files.sha256
document = files.document


class _Inputs(BaseModel):
    """The part of a file that damages are computed from."""

    model_config = ConfigDict(
        extra="forbid", strict=True, json_schema_serialization_defaults_required=True
    )

    inputs: PenaltyInputs


class PenaltyFile(_Inputs):
    """Damages as both sides see them: what they were computed from, by which formula, and what came
    out."""

    format: Literal["kerben-penalty/1"]
    formula: Literal["kerben-penalty-formula/1"]
    inputs_sha256: Sha256
    result: PenaltyResult
    result_sha256: Sha256


def write(inputs: PenaltyInputs) -> bytes:
    """Compute, and give the file. Raises NotComputable."""
    ordered = in_order(inputs)
    return written(FORMAT, FORMULA, document(ordered), document(compute(ordered)))


def in_order(inputs: PenaltyInputs) -> PenaltyInputs:
    """The same inputs with the facts in the order of their times, excuses in that of their ids."""
    rows = tuple(
        replace(row, performed=tuple(sorted(row.performed, key=lambda fact: (fact.at, fact.id))))
        for row in inputs.rows
    )
    excuses = tuple(sorted(inputs.excuses, key=lambda excuse: excuse.id))
    return replace(inputs, rows=rows, excuses=excuses)


def inputs_of(given: Any) -> PenaltyInputs:
    """The inputs in a file. Raises pydantic's ValidationError, whose places begin with `inputs`."""
    return _Inputs.model_validate_json(canonical.dumps({"inputs": given})).inputs


def result_of(text: bytes) -> PenaltyResult:
    """The result in a file that this service has written."""
    return PenaltyFile.model_validate_json(text).result


def json_schema() -> dict[str, Any]:
    """The JSON Schema (draft 2020-12) of the file."""
    return files.schema_of(PenaltyFile, SCHEMA_ID)
