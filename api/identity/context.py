"""What a route works with, and what it needs of a request before it runs."""

from dataclasses import dataclass, field, replace
from typing import Annotated, Any, Protocol
from uuid import UUID

from fastapi import Header, Request, Security
from fastapi.security import APIKeyCookie, HTTPAuthorizationCredentials, HTTPBearer
from sqlmodel import Session
from starlette.requests import HTTPConnection

from api.core import origins, sandbox, settings
from api.core.errors import (
    Forbidden,
    IdempotencyKeyRequired,
    PreconditionFailed,
    PreconditionRequired,
    Unauthorized,
)
from api.identity import answers, credentials, rate_plans, service
from api.identity.answers import View
from api.rules import clock_span, organisations, permissions
from api.rules.clock_span import Span
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


class NotWhileSo(Forbidden):
    """The organisation has not applied yet, or is suspended: it may do nothing new."""

    code, title = "organisation_not_active", "The organisation may not do this in its present state"


class Versioned(Protocol):
    """Anything with a row version."""

    version: int


@dataclass(frozen=True, slots=True)
class Needs:
    """What a route asks of a request."""

    scope: str
    if_match: bool = False
    key: bool = False


@dataclass(slots=True)
class Context:
    """What a route works with: the transaction, and who asks."""

    needs: Needs
    token: str
    operation: str
    ip: str | None = None
    app: Any = None
    idempotency_key: str | None = None
    if_match: str | None = None
    body: bytes = b""
    test_clock: Span | None = None
    view: View = field(default_factory=View)
    headers: dict[str, str] = field(default_factory=dict)
    checked: bool = False
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
        self.checked = True
        if self.if_match is not None and self.if_match.strip('"') not in ("*", str(row.version)):
            raise PreconditionFailed(
                "The current version is {version}.", values={"version": row.version}
            )

    def hold_clock(self) -> None:
        """Raise ClockMoved unless a sandbox's clock stands where the request expects it."""
        if self.test_clock is not None:
            now = sandbox.hold(self.session, self.test_clock)
            self.headers[clock_span.HEADER] = now.isoformat()

    def tag(self, row: Versioned) -> None:
        """Answer with the row's version as ETag."""
        self.headers["ETag"] = f'"{row.version}"'

    def open(self, session: Session) -> None:
        """Authenticate in `session` and narrow row-level security to the caller."""
        self._session = session
        self._caller = service.authenticate(session, self.token, ip=self.ip)
        self._tell_origin()
        self.authorise()
        limiter = self.app.state.limiter if self.app is not None else None
        if limiter is not None and not limiter.remembers(self.token):
            limiter.remember(
                self.token,
                client=self.caller.id.hex,
                org=self.org_id.hex,
                plan=rate_plans.of(session, self.org_id),
            )

    def _tell_origin(self) -> None:
        if origin := origins.current.get():
            visit = self.caller.visit
            told = replace(
                origin,
                org_id=self.org_id,
                person_id=visit.person_id if visit else None,
                key_prefix=credentials.prefix_of(self.token),
            )
            origins.current.set(told)

    def authorise(self) -> None:
        """Raise Forbidden when the caller may not use the route's scope."""
        if not permissions.allowed(
            self.needs.scope, granted=self.caller.scopes, org_roles=self.caller.org_roles
        ):
            raise Forbidden("This needs the scope {scope}.", values={"scope": self.needs.scope})
        if not organisations.may_use(self.caller.status, self.needs.scope):
            raise NotWhileSo(f"It is {self.caller.status}.")
        if permissions.is_decisive(self.needs.scope, self.operation.partition(" ")[0]):
            self.caller.require_decider()


def require(scope: str, *, if_match: bool = False, key: bool = False) -> Any:
    """Dependency that makes a route need `scope` (a key of rules/permissions.py SCOPES).

    With `if_match` a request must name the version that it changes, with `key` it must carry an
    Idempotency-Key, which then is remembered for 30 days instead of one.
    """
    assert scope in permissions.SCOPES, scope
    needs = Needs(scope, if_match, key)

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
        if key and not idempotency_key:
            raise IdempotencyKeyRequired
        if needs.if_match and if_match is None:
            raise PreconditionRequired
        json_body = request.headers.get("content-type", "").startswith("application/json")
        return Context(
            needs=needs,
            token=token,
            operation=f"{request.method} {request.url.path}",
            ip=address(request),
            app=request.app,
            idempotency_key=idempotency_key if request.method == "POST" else None,
            if_match=if_match,
            body=await request.body() if json_body else b"",
            test_clock=sandbox.expected(request.headers.get(clock_span.HEADER)),
            view=answers.view_of(request),
        )

    context.needs = needs  # type: ignore[attr-defined]
    return Security(context)
