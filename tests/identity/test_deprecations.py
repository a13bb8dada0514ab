"""A route that is on its way out, in an application of its own with the real route class."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Annotated, Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from api.core.edge import RequestMiddleware
from api.identity import access
from api.identity.access import Context, require
from api.identity.deprecations import deprecated

SINCE, SUNSET = datetime(2026, 11, 1, tzinfo=UTC), datetime(2027, 5, 1, tzinfo=UTC)
old = access.router("/old-units", "old")


@old.get("", response_model=dict[str, str])
@deprecated(since=SINCE, sunset=SUNSET, successor="/v1/units")
def list(ctx: Annotated[Context, require("organisation:read")]) -> dict[str, str]:
    """What was once listed here."""
    return {"org": ctx.org_id.hex}


def test_api_12_a_deprecated_operation_says_so_and_its_callers_see_who_still_calls_it(
    as_org: Callable[..., Any],
) -> None:
    app = FastAPI()
    app.state.limiter, app.state.expansions = None, ({}, {})
    app.add_middleware(RequestMiddleware)
    app.include_router(old)
    actor, other = as_org(["buyer"]), as_org(["buyer"])
    with TestClient(app) as client:
        answers = [
            client.get("/v1/old-units", headers={"Authorization": f"Bearer {actor.key}"})
            for _ in range(3)
        ]
    for answer in answers:
        assert answer.headers["deprecation"] == "@1793491200"
        assert answer.headers["sunset"] == "Sat, 01 May 2027 00:00:00 GMT"
        assert answer.headers["link"] == '</v1/units>; rel="successor-version"'
    assert app.openapi()["paths"]["/v1/old-units"]["get"]["deprecated"] is True

    (use,) = actor.get("/v1/deprecated-uses").json()["items"]
    assert use["operation"] == "old_list"
    assert use["client_id"].startswith("client_")
    assert other.get("/v1/deprecated-uses").json()["items"] == []


def test_api_12_an_operation_cannot_end_before_it_is_deprecated() -> None:
    with pytest.raises(ValueError, match="before it is deprecated"):
        deprecated(since=SUNSET, sunset=SINCE, successor="/v1/units")
