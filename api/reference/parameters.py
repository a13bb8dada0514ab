"""Parameters of policy sets against their JSON Schema: bounds, defaults, sources."""

import json
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError
from jsonschema.validators import extend

from api.core.errors import FieldError, Invalid
from api.rules.contradictions import contradictions
from api.rules.policy import parse

DATA = Path(__file__).parent / "policy_sets"
_CODES = {"required": "missing", "additionalProperties": "extra_forbidden"}


@cache
def schema() -> dict[str, Any]:
    """The JSON Schema (draft 2020-12) of the parameters."""
    found: dict[str, Any] = json.loads((DATA / "parameters.schema.json").read_text("utf-8"))
    return found


def completed(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Every parameter, those left out with their default; Invalid names each bad one."""
    errors = [
        FieldError(pointer=pointer, code=code, detail=detail)
        for pointer, code, detail in sorted({*_errors(parameters)})
    ]
    if errors:
        raise Invalid("Some parameters are not valid.", errors=errors)
    defaults = {
        name: described["default"]
        for name, described in schema()["properties"].items()
        if "default" in described
    }
    values = {**defaults, **parameters}
    errors = [
        FieldError(pointer=f"#/parameters/{name}", code="contradiction", detail=detail)
        for name, detail in contradictions(parse(values))
    ]
    if errors:
        raise Invalid("Some parameters contradict themselves.", errors=errors)
    return values


def check_sources(
    values: Mapping[str, Any], given: Mapping[str, Any], sources: Mapping[str, Any]
) -> None:
    """Raise Invalid unless every given parameter, and nothing that is none, has its source."""
    errors = [
        FieldError(pointer=f"#/sources/{name}", code="missing", detail="names no source")
        for name in given
        if name not in sources
    ] + [
        FieldError(pointer=f"#/sources/{name}", code="extra_forbidden", detail="is no parameter")
        for name in sources
        if name not in values
    ]
    if errors:
        raise Invalid("Every parameter names its source.", errors=errors)


def _errors(parameters: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    """(pointer, code, detail) of everything that the schema refuses."""
    for error in _validator().iter_errors(dict(parameters)):
        code = _CODES.get(str(error.validator), str(error.validator))
        for path in _paths(error):
            pointer = "/".join(str(p).replace("~", "~0").replace("/", "~1") for p in path)
            yield f"#/parameters/{pointer}".rstrip("/"), code, error.message[:500]


def _paths(error: ValidationError) -> list[list[str | int]]:
    """Where the error is; for names that lack or are too many, each name's own place."""
    at = [*error.absolute_path]
    if error.validator == "required":
        # One error for each missing name, which only the message tells apart.
        return [[*at, n] for n in error.validator_value if error.message.startswith(repr(n))]
    if error.validator == "additionalProperties":
        return [[*at, name] for name in error.instance if name not in error.schema["properties"]]
    return [at]


@cache
def _validator() -> Draft202012Validator:
    """Of draft 2020-12, except that 5.0 is no integer: floats have no place in money and days."""
    whole = Draft202012Validator.TYPE_CHECKER.redefine(
        "integer", lambda _, value: isinstance(value, int) and not isinstance(value, bool)
    )
    exact = extend(Draft202012Validator, type_checker=whole)
    validator: Draft202012Validator = exact(schema())
    return validator
