"""The edge of every route: who asks, one transaction, one stored answer per Idempotency-Key.

A route declares `ctx: Annotated[Context, require("tenders:write")]`. The dependency does no
I/O; the route class opens the unit of work in the route's own thread, authenticates, runs the
route, serialises its result and commits, so that a request costs one thread hop and an answer
always means "committed".
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property, wraps
from typing import Annotated, Any, Protocol
from uuid import UUID

from fastapi import APIRouter, Header, Request, Response, Security
from fastapi.routing import APIRoute
from fastapi.security import APIKeyCookie, HTTPAuthorizationCredentials, HTTPBearer
from pydantic import TypeAdapter
from sqlmodel import Session
from starlette.requests import HTTPConnection

from api.core import db, idempotency, settings
from api.core.errors import (
    BadRequest,
    Conflict,
    Forbidden,
    IdempotencyInFlight,
    IdempotencyKeyReused,
    Invalid,
    InvalidCursor,
    NotFound,
    PreconditionFailed,
    Unauthorized,
)
from api.core.http import documented, operation_id
from api.identity import credentials, service
from api.rules import permissions
from api.rules.permissions import OrgRole

bearer = HTTPBearer(
    auto_error=False,
    scheme_name="bearer",
    description="An API key `kgp_live_…`, an access token of `POST /oauth/token`, or the token "
    "`kgs_live_…` of a login.",
)


class SessionCookie(APIKeyCookie):
    """The session of a browser; the name says that it is for this host alone where TLS is used."""

    async def __call__(self, request: HTTPConnection) -> str | None:
        return request.cookies.get(cookie_name())


cookie = SessionCookie(
    name="__Host-kerben_session",
    auto_error=False,
    scheme_name="session",
    description="A login in a browser. What changes something needs `X-CSRF-Token` besides, from "
    "`GET /v1/session`.",
)


def cookie_name() -> str:
    """The name of the session's cookie; `__Host-` is taken by browsers only over TLS."""
    return "__Host-kerben_session" if settings.get().secure else "kerben_session"


def address(request: Request) -> str | None:
    """The address that the request came from, as the server (behind a proxy: the proxy) says."""
    return request.client.host if request.client else None


class CsrfTokenWrong(Forbidden):
    """A request with a session's cookie does not prove that the portal itself sent it."""

    code, title = "csrf_token_wrong", "X-CSRF-Token is missing or wrong"


class SecretShownOnce(Conflict):
    """The first answer to this Idempotency-Key showed a secret, which is not kept."""

    code, title = "secret_shown_once", "The secret was shown in the first answer; rotate it"


class Versioned(Protocol):
    """Anything with a row version."""

    version: int


@dataclass(slots=True)
class Context:
    """What a route works with: the transaction, and who asks."""

    scope: str
    token: str
    operation: str
    ip: str | None = None
    idempotency_key: str | None = None
    if_match: str | None = None
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    _session: Session | None = None
    _caller: service.Caller | None = None

    @property
    def session(self) -> Session:
        assert self._session is not None, "the route is not run by UnitRoute"
        return self._session

    @property
    def caller(self) -> service.Caller:
        assert self._caller is not None, "the route is not run by UnitRoute"
        return self._caller

    @property
    def org_id(self) -> UUID:
        """The caller's organisation; every query is scoped by it."""
        return self.caller.org_id

    @property
    def actor(self) -> str:
        """Who acts, as the audit trail names them."""
        return self.caller.actor

    def has_role(self, role: OrgRole) -> bool:
        return role in self.caller.org_roles

    def check_version(self, row: Versioned) -> None:
        """Raise PreconditionFailed when If-Match names another version of the row."""
        if self.if_match is not None and self.if_match.strip('"') not in ("*", str(row.version)):
            raise PreconditionFailed(f"The current version is {row.version}.")

    def tag(self, row: Versioned) -> None:
        """Answer with the row's version as ETag."""
        self.headers["ETag"] = f'"{row.version}"'

    def open(self, session: Session) -> None:
        """Authenticate in `session` and narrow row-level security to the caller."""
        self._session = session
        self._caller = service.authenticate(session, self.token, ip=self.ip)
        if not permissions.allowed(
            self.scope, granted=self._caller.scopes, org_roles=self._caller.org_roles
        ):
            raise Forbidden(f"This needs the scope {self.scope}.")
        if permissions.is_decisive(self.scope, self.operation.partition(" ")[0]):
            self._caller.require_decider()


def require(scope: str) -> Any:
    """Dependency that makes a route need `scope` (a key of rules/permissions.py SCOPES)."""
    assert scope in permissions.SCOPES, scope

    async def context(
        request: Request,
        given: Annotated[HTTPAuthorizationCredentials | None, Security(bearer)],
        browser: Annotated[str | None, Security(cookie)],
        idempotency_key: Annotated[
            str | None, Header(max_length=255, description="Makes a repeated POST safe.")
        ] = None,
        if_match: Annotated[
            str | None, Header(max_length=50, description="The version (ETag) you have seen.")
        ] = None,
    ) -> Context:
        if given is not None:  # before anything else of the request is looked at
            token = given.credentials
        elif browser is not None:
            token = browser
            shown = request.headers.get("x-csrf-token", "")
            if request.method not in permissions.READING and not credentials.csrf_matches(
                token, shown
            ):
                raise CsrfTokenWrong
        else:
            raise Unauthorized(headers={"WWW-Authenticate": "Bearer"})
        json_body = request.headers.get("content-type", "").startswith("application/json")
        return Context(
            scope=scope,
            token=token,
            operation=f"{request.method} {request.url.path}",
            ip=address(request),
            idempotency_key=idempotency_key if request.method == "POST" else None,
            if_match=if_match,
            body=await request.body() if json_body else b"",
        )

    return Security(context)


class UnitRoute(APIRoute):
    """Runs the endpoint in one unit of work and sends what was committed."""

    def __init__(self, path: str, endpoint: Callable[..., Any], **kwargs: Any) -> None:
        wrapped = getattr(endpoint, "runs_in_unit_of_work", False)
        super().__init__(path, endpoint if wrapped else self._in_unit(endpoint), **kwargs)

    @cached_property
    def _adapter(self) -> TypeAdapter[Any]:
        return TypeAdapter(self.response_model)

    def _in_unit(self, endpoint: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(endpoint)
        def run(*args: Any, **kwargs: Any) -> Any:
            context = next((v for v in kwargs.values() if isinstance(v, Context)), None)
            if context is None:
                return endpoint(*args, **kwargs)
            with db.unit_of_work() as session:
                context.open(session)
                try:
                    return self._answer(context, lambda: endpoint(*args, **kwargs))
                except service.AttemptFailed as error:  # it is counted: what was written stays
                    refused = error
            raise refused

        run.runs_in_unit_of_work = True  # type: ignore[attr-defined]
        return run

    def _answer(self, context: Context, call: Callable[[], Any]) -> Response:
        if context.idempotency_key is None:
            return self._serialise(context, call())
        subject = idempotency.Subject(
            org_id=context.org_id,
            principal=context.actor,
            operation=context.operation,
            key=context.idempotency_key,
            body=context.body,
        )
        stored = idempotency.begin(context.session, subject)
        if stored is not None:
            if not stored.body and stored.status != 204:
                raise SecretShownOnce
            headers = {**stored.headers, "Idempotent-Replayed": "true"}
            return Response(stored.body, stored.status, headers)
        answer = self._serialise(context, call())
        secret = answer.headers.get("cache-control") == "no-store"
        idempotency.complete(
            context.session,
            subject,
            status=answer.status_code,
            answer=b"" if secret else bytes(answer.body),
            headers={k: v for k, v in answer.headers.items() if k != "content-length"},
        )
        return answer

    def _serialise(self, context: Context, result: Any) -> Response:
        context.session.flush()
        if isinstance(result, Response):
            result.headers.update(context.headers)
            return result
        status = self.status_code or 200
        if self.response_model is None or status == 204:
            return Response(status_code=status, headers=context.headers)
        adapter = self._adapter
        body = adapter.dump_json(adapter.validate_python(result, from_attributes=True))
        return Response(body, status, context.headers, media_type="application/json")


def router(prefix: str, tag: str) -> APIRouter:
    """A router under /v1 whose routes run in one unit of work and document the errors all of them share."""
    return APIRouter(
        prefix=f"/v1{prefix}",
        tags=[tag],
        route_class=UnitRoute,
        generate_unique_id_function=operation_id,
        responses=documented(
            BadRequest,
            InvalidCursor,
            Unauthorized,
            Forbidden,
            NotFound,
            IdempotencyInFlight,
            Invalid,
            IdempotencyKeyReused,
        ),
    )
