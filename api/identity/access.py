"""The edge of every route: who asks, one transaction, one stored answer per Idempotency-Key.

A route declares `ctx: Annotated[Context, require("tenders:write")]`. The dependency does no
I/O; the route class opens the unit of work in the route's own thread, authenticates, runs the
route, serialises its result and commits, so that a request costs one thread hop and an answer
always means "committed".
"""

from collections.abc import Callable, Coroutine, Mapping
from dataclasses import replace
from functools import cached_property, wraps
from inspect import signature
from typing import Any, get_type_hints

from fastapi import APIRouter, Request, Response
from fastapi.routing import APIRoute
from pydantic import TypeAdapter
from pydantic_core import to_json
from starlette.types import Receive, Scope, Send

from api.core import db, idempotency, rate_limits
from api.core.bodies import BoundedRequest
from api.core.errors import (
    BadRequest,
    Conflict,
    Forbidden,
    IdempotencyInFlight,
    IdempotencyKeyRequired,
    IdempotencyKeyReused,
    Invalid,
    InvalidCursor,
    NotFound,
    PreconditionFailed,
    PreconditionRequired,
    Problem,
    Unauthorized,
)
from api.core.http import PageDep, documented, operation_id
from api.core.pages import MAX_LIMIT, Page, PageQuery
from api.identity import answers, deprecations, service
from api.identity.answers import View
from api.identity.context import Context, Needs, NotWhileSo, address, cookie_name, require

__all__ = ["Context", "UnitRoute", "address", "cookie_name", "require", "router"]


class SecretShownOnce(Conflict):
    """The first answer to this Idempotency-Key showed a secret, which is not kept."""

    code, title = "secret_shown_once", "The secret was shown in the first answer; rotate it"


class UnitRoute(APIRoute):
    """Runs the endpoint in one unit of work and sends what was committed."""

    def __init__(self, path: str, endpoint: Callable[..., Any], **kwargs: Any) -> None:
        self.plain = getattr(endpoint, "runs_in_unit_of_work", endpoint)
        self.hints = get_type_hints(self.plain, include_extras=True)
        self.needs = next((n for hint in self.hints.values() if (n := _needs(hint))), None)
        self.bucket = rate_limits.bucket_of(self.plain, {*signature(self.plain).parameters})
        self.deprecation = deprecations.of(self.plain)
        kwargs["responses"] = {**(kwargs.get("responses") or {}), **self._asked()}
        kwargs["deprecated"] = self.deprecation is not None or kwargs.get("deprecated")
        wrapped = self.plain is not endpoint
        super().__init__(path, endpoint if wrapped else self._in_unit(endpoint), **kwargs)

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        await rate_limits.admit(scope, self.bucket)
        await super().handle(scope, receive, send)

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()

        async def run(request: Request) -> Response:
            return await handle(BoundedRequest(request.scope, request.receive))

        return run

    def _asked(self) -> dict[int | str, dict[str, Any]]:
        """The problems of a request that lacks what the route needs."""
        asked: list[type[Problem]] = []
        if self.needs is not None and self.needs.if_match:
            asked += [PreconditionRequired, PreconditionFailed]
        if self.needs is not None and self.needs.key:
            asked += [BadRequest, IdempotencyKeyRequired]
        return documented(*asked)

    @cached_property
    def adapter(self) -> TypeAdapter[Any]:
        """Of the answer's model."""
        return TypeAdapter(self.response_model)

    def _in_unit(self, endpoint: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(endpoint)
        def run(*args: Any, **kwargs: Any) -> Any:
            context = next((v for v in kwargs.values() if isinstance(v, Context)), None)
            if context is None:
                return endpoint(*args, **kwargs)
            with db.unit_of_work() as session:
                context.open(session)
                self._say_deprecated(context)

                def act() -> Any:
                    context.hold_clock()
                    return endpoint(*args, **kwargs)

                try:
                    return self._answer(context, act)
                except service.AttemptFailed as error:  # it is counted: what was written stays
                    refused = error
            raise refused

        run.runs_in_unit_of_work = endpoint  # type: ignore[attr-defined]
        return run

    def _say_deprecated(self, context: Context) -> None:
        if self.deprecation is None:
            return
        context.headers.update(self.deprecation.headers())
        if context.caller.client_id is not None:
            deprecations.note(
                context.session,
                org_id=context.org_id,
                client_id=context.caller.client_id,
                operation=self.unique_id,
            )

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
            lifetime=idempotency.LONG_LIFETIME if context.needs.key else idempotency.LIFETIME,
        )
        return answer

    def _serialise(self, context: Context, result: Any) -> Response:
        context.session.flush()
        assert context.checked or not context.needs.if_match, "a version was asked for, not checked"
        if isinstance(result, Response):
            result.headers.update(context.headers)
            return result
        status = self.status_code or 200
        if self.response_model is None or status == 204:
            return Response(status_code=status, headers=context.headers)
        view, etag = context.view, context.headers.get("ETag")
        if view.expand:
            context.headers.pop("ETag", None)  # it says nothing of what is expanded
        elif view.has(etag):
            return Response(status_code=304, headers=context.headers)
        valid = self.adapter.validate_python(result, from_attributes=True)
        if isinstance(valid, Page) and valid.next_cursor is not None and view.path:
            context.headers["Link"] = view.next_link(valid.next_cursor)
        if view.plain:
            body = self.adapter.dump_json(valid)
        else:
            body = to_json(self._shaped(context, self.adapter.dump_python(valid, mode="json")))
        return Response(body, status, context.headers, media_type="application/json")

    def _shaped(self, context: Context, answer: Any) -> Any:
        routes, resources = context.app.state.expansions

        def run(read: answers.Read, item: Mapping[str, Any]) -> Any:
            route: UnitRoute = routes[read.operation]
            return route.read(context, {k: item[v] for k, v in read.parameters.items()})

        answers.Expander(resources, run).expand(self.unique_id, answer, context.view.expand)
        if not context.view.fields:
            return answer
        known = answers.item_fields(self.response_model)
        return answers.narrow(answer, context.view.fields, known)

    def read(self, context: Context, parameters: Mapping[str, str]) -> Any:
        """What this GET answers to the caller of another one, as JSON would hold it.

        Raises Forbidden, NotFound and whatever else the route itself raises.
        """
        assert self.needs is not None
        own = replace(context, needs=self.needs, headers={}, view=View())
        own.authorise()
        values: dict[str, Any] = {}
        for name, hint in self.hints.items():
            if _needs(hint):
                values[name] = own
            elif hint == PageDep:
                values[name] = PageQuery(limit=MAX_LIMIT)
            elif name in parameters:
                values[name] = TypeAdapter(hint).validate_python(parameters[name])
        result = self.adapter.validate_python(self.plain(**values), from_attributes=True)
        return self.adapter.dump_python(result, mode="json")


def _needs(hint: Any) -> Needs | None:
    """What the dependency in a parameter's annotation needs, when it is one of `require`."""
    for extra in getattr(hint, "__metadata__", ()):
        found: Needs | None = getattr(getattr(extra, "dependency", None), "needs", None)
        if found is not None:
            return found
    return None


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
            NotWhileSo,
            NotFound,
            IdempotencyInFlight,
            Invalid,
            IdempotencyKeyReused,
        ),
    )
