"""What every route shares: pages, names in the OpenAPI document, documented problems."""

from collections.abc import Callable
from inspect import signature
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query
from fastapi.routing import APIRoute
from starlette.types import Receive, Scope, Send

from api.core import errors, rate_limits
from api.core.errors import Problem
from api.core.pages import MAX_LIMIT, PageQuery


def page_query(
    limit: Annotated[int, Query(ge=1, le=MAX_LIMIT, description="Rows a page")] = 20,
    cursor: Annotated[str | None, Query(max_length=500, description="`next_cursor` before")] = None,
) -> PageQuery:
    """Parameters of every list."""
    return PageQuery(limit=limit, cursor=cursor)


PageDep = Annotated[PageQuery, Depends(page_query)]


def operation_id(route: APIRoute) -> str:
    """`tenders_publish`: the tag and the function's name."""
    tag = str(route.tags[0]).replace("-", "_") if route.tags else "docs"
    return f"{tag}_{route.name}"


class PublicRoute(APIRoute):
    """A route for everybody: the document says that it needs no credentials."""

    def __init__(self, path: str, endpoint: Callable[..., Any], **kwargs: Any) -> None:
        kwargs["openapi_extra"] = {"security": [], **(kwargs.get("openapi_extra") or {})}
        super().__init__(path, endpoint, **kwargs)
        self.bucket = rate_limits.bucket_of(endpoint, set(signature(endpoint).parameters))

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        await rate_limits.admit(scope, self.bucket)
        await self.run(scope, receive, send)

    async def run(self, scope: Scope, receive: Receive, send: Send) -> None:
        """What is done for an admitted request."""
        await super().handle(scope, receive, send)


def public_router(prefix: str, tag: str, route_class: type[APIRoute] = PublicRoute) -> APIRouter:
    """A router for everybody, outside /v1."""
    return APIRouter(
        prefix=prefix,
        tags=[tag],
        route_class=route_class,
        generate_unique_id_function=operation_id,
        responses=documented(errors.Invalid),
    )


def documented(*problems: type[Problem]) -> dict[int | str, dict[str, Any]]:
    """Declare problems on a route, so that they show in the OpenAPI document."""
    found: dict[int | str, dict[str, Any]] = {}
    for status in sorted({p.status for p in problems}):
        titles = "; ".join(f"`{p.code}`: {p.title}" for p in problems if p.status == status)
        found[status] = {
            "description": titles,
            "content": {
                "application/problem+json": {"schema": {"$ref": "#/components/schemas/ProblemOut"}}
            },
        }
    return found
