"""What every operation under /v1 understands, told in the OpenAPI document in one place."""

from collections.abc import Iterator, Mapping
from typing import Any

from fastapi import FastAPI

from api.core.errors import RequestTimeout, TooManyRequests
from api.core.http import PublicRoute, documented
from api.identity import answers
from api.identity.access import UnitRoute
from api.identity.answers import Resource
from api.identity.service import PersonRequired, SecondFactorRequired
from api.rules.permissions import is_decisive

NOT_MODIFIED = {"description": "The version that If-None-Match names is the current one"}
_LIMITS = documented(TooManyRequests, RequestTimeout)
_DECIDERS = documented(PersonRequired, SecondFactorRequired)


def install(app: FastAPI) -> None:
    """Add to `app.openapi()` what the routes' classes do without a word in their signatures."""
    build = app.openapi

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            document = build()
            resources: Mapping[str, Resource] = app.state.expansions[1]
            for route, operation in _operations(app, document):
                if route.bucket is not None:
                    operation["responses"].setdefault("429", _LIMITS[429])
                if "requestBody" in operation:
                    operation["responses"].setdefault("408", _LIMITS[408])
                if isinstance(route, UnitRoute):
                    _describe(route, operation, resources.get(route.unique_id))
        return document_of(app)

    app.openapi = openapi  # type: ignore[method-assign]


def document_of(app: FastAPI) -> dict[str, Any]:
    """The finished document."""
    assert app.openapi_schema is not None
    return app.openapi_schema


def _operations(
    app: FastAPI, document: Mapping[str, Any]
) -> Iterator[tuple[UnitRoute | PublicRoute, dict[str, Any]]]:
    for route in app.routes:
        if isinstance(route, UnitRoute | PublicRoute):
            for method in route.methods or ():
                yield route, document["paths"][route.path_format][method.lower()]


def _describe(route: UnitRoute, operation: dict[str, Any], resource: Resource | None) -> None:
    parameters: list[dict[str, Any]] = operation["parameters"]
    reads = "GET" in (route.methods or ())
    posts = "POST" in (route.methods or ())
    needs = route.needs
    if needs is not None and any(is_decisive(needs.scope, each) for each in route.methods or ()):
        for status, told in _DECIDERS.items():
            operation["responses"][str(status)]["description"] += f"; {told['description']}"
    for parameter in [*parameters]:
        header = parameter["name"] if parameter["in"] == "header" else None
        if (header == "idempotency-key" and not posts) or (header == "if-match" and reads):
            parameters.remove(parameter)
        elif (
            header == "idempotency-key"
            and needs is not None
            and needs.key
            or header == "if-match"
            and needs is not None
            and needs.if_match
        ):
            _require(parameter)
    if not reads or not answers.item_fields(route.response_model):
        return
    operation["responses"].setdefault("304", NOT_MODIFIED)
    parameters.append(
        {
            "name": "fields",
            "in": "query",
            "required": False,
            "schema": {"type": "string", "maxLength": 500},
            "description": "Only these fields of the answer, of a page those of its items,"
            " divided by commas.",
        }
    )
    if resource is not None:
        parameters.append(_expand(resource))


def _expand(resource: Resource) -> dict[str, Any]:
    names = ", ".join(f"`{name}`" for name in sorted(resource.expansions))
    return {
        "name": "expand[]",
        "in": "query",
        "required": False,
        "schema": {
            "type": "array",
            "items": {"type": "string", "maxLength": 100},
            "maxItems": answers.MAX_EXPANSIONS,
        },
        "description": f"What to read along, into `expanded`: {names}. Deeper ones follow a dot,"
        f" at most {answers.MAX_DEPTH} steps; each needs the right to read it by itself.",
    }


def _require(parameter: dict[str, Any]) -> None:
    """The parameter is optional only so that its lack gets a problem of its own."""
    parameter["required"] = True
    parameter["schema"] = {
        **{k: v for k, v in parameter["schema"].items() if k != "anyOf"},
        **parameter["schema"].get("anyOf", [{}])[0],
    }
