"""The file of a landed cost, "kerben-landed-cost/1": canonical JSON of inputs, figures and result.

It is written as the evaluation file is (procurement/evaluation/files.py): decimals are texts
without exponent and trailing zeros, so one computation has one text (RFC 8785), whose SHA-256
names it. The hashes of inputs and result begin with the format and the name of the part.
"""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from api.procurement.evaluation import files as evaluations
from api.procurement.evaluation.recomputing import part_sha256, written
from api.procurement.sealing import canonical
from api.procurement.sealing.documents import Sha256
from api.rules.landed_cost import FORMULA, Inputs, Result, compute

FORMAT: Literal["kerben-landed-cost/1"] = "kerben-landed-cost/1"
SCHEMA_ID = "https://kerben.example/schemas/kerben-landed-cost-1.schema.json"
document = evaluations.document
sha256 = evaluations.sha256


class _Inputs(BaseModel):
    """The part of a file that a landed cost is computed from."""

    model_config = ConfigDict(
        extra="forbid", strict=True, json_schema_serialization_defaults_required=True
    )

    inputs: Inputs


class LandedCostFile(_Inputs):
    """A landed cost as it is given out: what it was computed from, by which formula, and what came
    out."""

    format: Literal["kerben-landed-cost/1"]
    formula: Literal["kerben-landed-cost-formula/1"]
    inputs_sha256: Sha256
    result: Result
    result_sha256: Sha256


def write(inputs: Inputs, result: Result | None = None) -> bytes:
    """Compute, unless the result is at hand, and give the file. Raises NotComputable."""
    return written(FORMAT, FORMULA, document(inputs), document(result or compute(inputs)))


def read(text: bytes) -> LandedCostFile:
    """A file as it was written. Raises pydantic's ValidationError."""
    return LandedCostFile.model_validate_json(text)


def inputs_of(document: Any) -> Inputs:
    """The inputs in a file. Raises pydantic's ValidationError, whose places begin with `inputs`."""
    return _Inputs.model_validate_json(canonical.dumps({"inputs": document})).inputs


def inputs_sha256(inputs: Inputs) -> str:
    """The hash that names what was computed from."""
    return part_sha256(FORMAT, "inputs", document(inputs))


def json_schema() -> dict[str, Any]:
    """The JSON Schema (draft 2020-12) of the file."""
    schema = evaluations.schema_of(LandedCostFile, SCHEMA_ID)
    schema["$defs"]["Inputs"]["required"].remove("declaration_rates")
    schema["$defs"]["Terms"]["required"].remove("deviations")
    schema["$defs"]["Line"]["required"].remove("vat")
    return schema
