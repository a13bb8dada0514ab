"""Every failure of a request, expected or not, as the problem that the client reads."""

from http import HTTPStatus
from typing import Any

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.params import Form
from fastapi.responses import JSONResponse
from pydantic import TypeAdapter
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError, InterfaceError, OperationalError
from starlette.exceptions import HTTPException
from starlette.routing import Route

from api.core import errors, messages
from api.core.bodies import BodyRefused
from api.core.errors import FieldError, Problem, ProblemOut

log = structlog.get_logger(__name__)
_UNIQUE_VIOLATION, _FOREIGN_KEY_VIOLATION, _RLS_VIOLATION = "23505", "23503", "42501"
_OUT_OF_TIME = ("57014", "25P04")
"""A statement, or the transaction of a request, that took longer than allowed."""
_FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")


def problem_response(request: Request, problem: Problem) -> JSONResponse:
    """The RFC 9457 answer to a problem, in the language that the client prefers.

    `Content-Language` also names English when the detail is not translated.
    """
    request_id = structlog.contextvars.get_contextvars().get("request_id")
    body = problem.body(instance=request.url.path, request_id=request_id)
    language = messages.negotiate(request.headers.get("accept-language"))
    spoken = _translate(body, problem, language)
    return JSONResponse(
        TypeAdapter(ProblemOut).dump_python(body, mode="json"),
        problem.status,
        media_type="application/problem+json",
        headers={
            "Content-Language": ", ".join(spoken),
            "Vary": "Accept-Language",
            **problem.headers,
        },
    )


def _translate(body: ProblemOut, problem: Problem, language: str) -> list[str]:
    """Put what is translated into the body; the languages that it then is in."""
    if language == messages.ENGLISH:
        return [language]
    english = [error for error in body.errors if error._language != language]
    title = messages.title(language, problem.code)
    if body.detail == body.title:
        detail = title
    else:
        detail = messages.detail(language, problem.template, problem.values)
    body.title, body.detail = title or body.title, detail or body.detail
    whole = title is not None and detail is not None and not english
    return [language] if whole else [language, messages.ENGLISH]


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
    language = messages.negotiate(request.headers.get("accept-language"))
    return problem_response(request, errors.Invalid(errors=field_errors(error.errors(), language)))


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


def field_errors(found: Any, language: str = messages.ENGLISH) -> list[FieldError]:
    """Pydantic's errors as pointers into the body, or `#?name` for other parameters."""
    rows = []
    for e in found:
        where, *path = [str(part) for part in e["loc"] if part != "[key]"] or ["body"]
        tail = "/".join(part.replace("~", "~0").replace("/", "~1") for part in path)
        pointer = f"#/{tail}" if where == "body" else f"#?{where}/{tail}"
        told = messages.field(language, str(e["type"]), e.get("ctx"))
        row = FieldError(pointer=pointer, code=str(e["type"]), detail=told or str(e["msg"]))
        row._language = language if told else messages.ENGLISH
        rows.append(row)
    return rows


def _on_http_exception(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)
    if isinstance(error, BodyRefused):
        return problem_response(request, error.problem)
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
    if state in _OUT_OF_TIME:
        return problem_response(request, errors.DeadlineExceeded())
    if isinstance(error, OperationalError | InterfaceError) or error.connection_invalidated:
        log.error("database unavailable", error=str(error.orig))
        return problem_response(request, errors.Unavailable(headers={"Retry-After": "2"}))
    log.exception("unexpected database error", exc_info=error)
    return problem_response(request, errors.Internal())
