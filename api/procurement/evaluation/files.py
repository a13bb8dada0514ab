"""The file of an evaluation, "kerben-evaluation/1": canonical JSON of inputs, figures and result.

Decimals are texts without exponent and without trailing zeros, instants are in UTC with six
digits, bids stand in the order of their ids; so one evaluation has one text (RFC 8785), whose
SHA-256 names it. The hashes of inputs and result begin with the format and the name of the part.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import fields, is_dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from functools import cache
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue

from api.procurement.evaluation.recomputing import written
from api.procurement.sealing import canonical
from api.procurement.sealing.documents import Sha256, instant
from api.rules.evaluation import FORMULA, Inputs, Result, evaluate
from api.rules.evaluation.inputs import OMITTED
from api.rules.offers import plain

FORMAT = "kerben-evaluation/1"
SCHEMA_ID = "https://kerben.example/schemas/kerben-evaluation-1.schema.json"


class _Inputs(BaseModel):
    """The part of a file that an evaluation is computed from."""

    model_config = ConfigDict(
        extra="forbid", strict=True, json_schema_serialization_defaults_required=True
    )

    inputs: Inputs


class EvaluationFile(_Inputs):
    """An evaluation as it is published: what it was computed from, by which formula, and what
    came out."""

    format: Literal["kerben-evaluation/1"]
    formula: Literal["kerben-evaluation-formula/1"]
    inputs_sha256: Sha256
    result: Result
    result_sha256: Sha256


def write(inputs: Inputs) -> bytes:
    """Evaluate, and give the file. Raises NotEvaluable."""
    ordered = in_order(inputs)
    return written(FORMAT, FORMULA, document(ordered), document(evaluate(ordered)))


def in_order(inputs: Inputs) -> Inputs:
    """The same inputs with the bids in the order of their ids."""
    return replace(inputs, bids=tuple(sorted(inputs.bids, key=lambda bid: bid.id)))


def inputs_of(document: Any) -> Inputs:
    """The inputs in a file. Raises pydantic's ValidationError, whose places begin with `inputs`."""
    return _Inputs.model_validate_json(canonical.dumps({"inputs": document})).inputs


def sha256(text: bytes) -> str:
    """The hash that names a file: of its bytes."""
    return hashlib.sha256(text).hexdigest()


_AS_THEY_ARE = frozenset({str, int, bool, type(None)})


def document(value: Any) -> Any:
    """A value of the rules as JSON says it."""
    kind: Any = type(value)
    if kind in _AS_THEY_ARE:
        return value
    if kind is Decimal:
        return plain(value) if value else "0"
    if kind is tuple or kind is list:
        return [document(each) for each in value]
    if (names := _names(kind)) is not None:
        found = {}
        for name, omitted in names:
            own = getattr(value, name)
            its_kind = type(own)
            if its_kind is Decimal:
                found[name] = plain(own) if own else "0"
            elif its_kind not in _AS_THEY_ARE:
                found[name] = document(own)
            elif own is not None or not omitted:
                found[name] = own
        return found
    match value:
        case Enum():
            return value.value
        case str() | int():
            return value
        case tuple() | list():
            return [document(each) for each in value]
        case datetime():
            return instant(value)
        case date():
            return value.isoformat()
        case Mapping():
            return {name: document(each) for name, each in value.items()}
    raise TypeError(f"no JSON for {kind.__name__}")


@cache
def _names(kind: type[Any]) -> tuple[tuple[str, bool], ...] | None:
    """The fields of a dataclass, and which of them are left out when they are None."""
    if not is_dataclass(kind):
        return None
    return tuple((each.name, OMITTED in each.metadata) for each in fields(kind))


class _Schema(GenerateJsonSchema):
    def decimal_schema(self, schema: Any) -> JsonSchemaValue:
        return {"type": "string", "pattern": r"^-?(0|[1-9][0-9]*)(\.[0-9]*[1-9])?$"}


def json_schema() -> dict[str, Any]:
    """The JSON Schema (draft 2020-12) of the file."""
    schema = schema_of(EvaluationFile, SCHEMA_ID)
    schema["$defs"]["Lot"]["required"].remove("auction")
    return schema


def schema_of(model: type[BaseModel], schema_id: str) -> dict[str, Any]:
    """The JSON Schema (draft 2020-12) of a file whose decimals are texts and that has no more
    members than are named."""
    schema = model.model_json_schema(mode="serialization", schema_generator=_Schema)
    for each in [schema, *schema["$defs"].values()]:
        if "properties" in each:
            each["additionalProperties"] = False
    return {"$schema": _Schema.schema_dialect, "$id": schema_id, **schema}
