"""API-11: the checker of the document's compatibility finds breaks and lets growth pass."""

import gzip
import json
from collections.abc import Callable
from copy import deepcopy
from typing import Any

import pytest

from api.cli import compatibility
from api.cli.check import DOCUMENT, RELEASED

SPEC: dict[str, Any] = json.loads(DOCUMENT.read_text())


def schema(document: dict[str, Any], name: str) -> dict[str, Any]:
    return document["components"]["schemas"][name]  # type: ignore[no-any-return]


def without_path(new: dict[str, Any]) -> None:
    del new["paths"]["/v1/units"]


def renamed(new: dict[str, Any]) -> None:
    new["paths"]["/v1/units"]["get"]["operationId"] = "reference_units"


def input_field_required(new: dict[str, Any]) -> None:
    schema(new, "MemberIn")["properties"]["phone"] = {"type": "string"}
    schema(new, "MemberIn")["required"].append("phone")


def input_field_gone(new: dict[str, Any]) -> None:
    del schema(new, "MemberIn")["properties"]["email"]


def output_field_gone(new: dict[str, Any]) -> None:
    del schema(new, "MemberOut")["properties"]["email"]


def output_field_optional(new: dict[str, Any]) -> None:
    schema(new, "MemberOut")["required"].remove("email")


def output_field_nullable(new: dict[str, Any]) -> None:
    name = schema(new, "MemberOut")["properties"]["name"]
    schema(new, "MemberOut")["properties"]["name"] = {"anyOf": [name, {"type": "null"}]}


def input_shorter(new: dict[str, Any]) -> None:
    schema(new, "MemberIn")["properties"]["name"]["maxLength"] = 5


def parameter_required(new: dict[str, Any]) -> None:
    new["paths"]["/v1/units"]["get"]["parameters"][0]["required"] = True


def answer_gone(new: dict[str, Any]) -> None:
    answers = new["paths"]["/v1/members"]["post"]["responses"]
    answers["200"] = answers.pop("201")


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (without_path, "GET /v1/units: is gone"),
        (renamed, "GET /v1/units: is now called reference_units"),
        (input_field_required, "POST /v1/members: body/phone is required now"),
        (input_field_gone, "POST /v1/members: body/email is gone"),
        (output_field_gone, "POST /v1/members: answer/email is gone"),
        (output_field_optional, "POST /v1/members: answer/email may be missing now"),
        (output_field_nullable, "POST /v1/members: answer/name takes other kinds of value"),
        (input_shorter, "POST /v1/members: body/name has the maxLength 5 now"),
        (parameter_required, "parameter"),
        (answer_gone, "POST /v1/members: does not answer 201 any more"),
    ],
)
def test_api_11_a_change_that_breaks_clients_is_named(
    change: Callable[[dict[str, Any]], None], told: str
) -> None:
    new = deepcopy(SPEC)
    change(new)
    assert any(told in line for line in compatibility.breaks(SPEC, new))


def test_api_11_growth_breaks_nobody() -> None:
    new = deepcopy(SPEC)
    new["paths"]["/v1/more"] = {"get": {"operationId": "more_list", "responses": {}}}
    schema(new, "MemberIn")["properties"]["phone"] = {"type": "string"}
    schema(new, "MemberOut")["properties"]["phone"] = {"type": "string"}
    new["paths"]["/v1/units"]["get"]["parameters"].append(
        {"name": "since", "in": "query", "required": False, "schema": {"type": "string"}}
    )
    assert compatibility.breaks(SPEC, new) == []


def test_api_11_the_document_keeps_what_the_last_release_promised() -> None:
    assert compatibility.breaks(json.loads(gzip.decompress(RELEASED.read_bytes())), SPEC) == []
