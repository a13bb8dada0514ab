"""What every route shares: request ids, limits, the shape of errors, OpenAPI names."""

import re
import time
from collections.abc import Callable
from http import HTTPMethod, HTTPStatus
from typing import Annotated, Any

import structlog
from fastapi import APIRouter, Depends, FastAPI, Query, Request
from fastapi.exceptions import RequestValidationError
from fastapi.params import Form
from fastapi.responses import JSONResponse
from fastapi.routing import APIRoute
from pydantic import TypeAdapter
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError, InterfaceError, OperationalError
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uuid_utils import uuid7

from api.core import errors, metrics, settings
from api.core.errors import FieldError, Problem, ProblemOut
from api.core.pages import MAX_LIMIT, PageQuery

log = structlog.get_logger(__name__)
_UNIQUE_VIOLATION, _FOREIGN_KEY_VIOLATION, _RLS_VIOLATION = "23505", "23503", "42501"
_STREAMED = ("/v1/imports",)
_DOCUMENTS = "/v1/documents"
_TRACKING = "/v1/tracking-imports"
_ENVELOPES = re.compile(r"/v1/(tenders/[^/]+/bids|bids/[^/]+/replace)")
_NO_SNIFFING = (b"x-content-type-options", b"nosniff")
_FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")
_METHODS = frozenset(method.value for method in HTTPMethod)


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


def problem_response(request: Request, problem: Problem) -> JSONResponse:
    """The RFC 9457 answer to a problem."""
    request_id = structlog.contextvars.get_contextvars().get("request_id")
    body = problem.body(instance=request.url.path, request_id=request_id)
    return JSONResponse(
        TypeAdapter(ProblemOut).dump_python(body, mode="json"),
        problem.status,
        media_type="application/problem+json",
        headers=problem.headers,
    )


def install_error_handlers(app: FastAPI) -> None:
    """Turn every failure, expected or not, into problem+json."""
    app.add_exception_handler(Problem, _on_problem)
    app.add_exception_handler(RequestValidationError, _on_invalid)
    app.add_exception_handler(HTTPException, _on_http_exception)
    app.add_exception_handler(DBAPIError, _on_database_error)


def _on_problem(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, Problem)
    return problem_response(request, error)


def _on_invalid(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)
    if _is_of_another_type(request, error.body):
        return problem_response(request, errors.UnsupportedMediaType())
    if any(e["type"] == "json_invalid" for e in error.errors()):
        return problem_response(request, errors.BadRequest("The body is not valid JSON."))
    return problem_response(request, errors.Invalid(errors=field_errors(error.errors())))


def _is_of_another_type(request: Request, body: Any) -> bool:
    """True for a body that was refused because its Content-Type is not that of the route.

    FastAPI leaves what is not declared as JSON as bytes, and takes a form from nothing else.
    """
    field = getattr(request.scope.get("route"), "body_field", None)
    if field is None:
        return False
    if isinstance(field.field_info, Form):
        return not request.headers.get("content-type", _FORMS[0]).startswith(_FORMS)
    return isinstance(body, bytes)


def field_errors(found: Any) -> list[FieldError]:
    """Pydantic's errors as pointers into the body, or `#?name` for other parameters."""
    rows = []
    for e in found:
        where, *path = [str(part) for part in e["loc"] if part != "[key]"] or ["body"]
        tail = "/".join(part.replace("~", "~0").replace("/", "~1") for part in path)
        pointer = f"#/{tail}" if where == "body" else f"#?{where}/{tail}"
        rows.append(FieldError(pointer=pointer, code=str(e["type"]), detail=str(e["msg"])))
    return rows


def _on_http_exception(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)
    by_status = {p.status: p for p in reversed(Problem.catalogue.values())}
    kind = by_status.get(error.status_code, errors.BadRequest)
    same = error.detail == HTTPStatus(error.status_code).phrase
    headers = dict(error.headers or {})
    if error.status_code == 405:
        headers["Allow"] = ", ".join(_methods_of(request))
    return problem_response(request, kind(None if same else error.detail, headers=headers))


def _methods_of(request: Request) -> list[str]:
    """The methods of every route with the path: the router names only those of the first."""
    return sorted(
        method
        for route in request.app.routes
        if isinstance(route, Route) and route.path_regex.match(request.scope["path"])
        for method in route.methods or ()
    )


def _on_database_error(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, DBAPIError)
    state = getattr(error.orig, "sqlstate", None)
    if isinstance(error, IntegrityError) and state == _UNIQUE_VIOLATION:
        return problem_response(request, errors.AlreadyExists())
    if isinstance(error, IntegrityError) and state == _FOREIGN_KEY_VIOLATION:
        return problem_response(request, errors.Conflict("Something it refers to does not exist."))
    if isinstance(error, DataError):
        return problem_response(request, errors.Invalid("A value cannot be stored."))
    if state == _RLS_VIOLATION:
        log.warning("refused by row-level security", error=str(error.orig))
        return problem_response(request, errors.NotFound())
    if isinstance(error, OperationalError | InterfaceError) or error.connection_invalidated:
        log.error("database unavailable", error=str(error.orig))
        return problem_response(request, errors.Unavailable(headers={"Retry-After": "2"}))
    log.exception("unexpected database error", exc_info=error)
    return problem_response(request, errors.Internal())


class RequestMiddleware:
    """Request id, metrics, one access-log line, body limit, and the last net for defects."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        request_id, started = f"req_{uuid7().hex}", time.perf_counter()
        own_headers = ((b"request-id", request_id.encode()), _NO_SNIFFING)
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(request_id=request_id)
        status = 0

        async def reply(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message["headers"], *own_headers]
            await send(message)

        try:
            await self.app(scope, _limited(scope, receive), reply)
        except Exception as error:
            if status:
                raise
            problem = error if isinstance(error, Problem) else errors.Internal()
            if not isinstance(error, Problem):
                log.exception("unexpected error", path=scope["path"])
            await problem_response(Request(scope), problem)(scope, receive, reply)
        finally:
            route = getattr(scope.get("route"), "path", "unmatched")
            # Clients may invent methods without end, and each label value costs memory for good.
            method = scope["method"] if scope["method"] in _METHODS else "other"
            seconds = time.perf_counter() - started
            metrics.observe_request(method, route, status, seconds)
            log.info(
                "request",
                method=scope["method"],
                path=scope["path"],
                status=status,
                ms=round(seconds * 1000, 1),
                client_request_id=Headers(scope=scope).get("x-request-id"),
            )


def _limited(scope: Scope, receive: Receive) -> Callable[[], Any]:
    """`receive` that answers 413 once the body passes the limit of its route."""
    config = settings.get()
    limit = config.max_body_bytes
    if scope["path"] in _STREAMED:
        limit = config.max_import_bytes
    elif scope["path"] == _DOCUMENTS:
        limit = config.max_document_bytes
    elif scope["path"] == _TRACKING:
        limit = config.max_tracking_bytes
    elif _ENVELOPES.fullmatch(scope["path"]):
        limit = config.max_bid_bytes
    seen = 0

    async def counted() -> Message:
        nonlocal seen
        message = await receive()
        seen += len(message.get("body", b""))
        if seen > limit:
            # An HTTPException, because FastAPI calls every other failure of reading a bad body.
            raise HTTPException(413, f"The body may have at most {limit} bytes.")
        return message

    return counted
