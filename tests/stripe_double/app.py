"""The application: one way for every request, from its headers to its answer."""

import asyncio
import json
import secrets
import traceback
from typing import Any

import stripe
from fastapi import FastAPI, Request, Response

from tests.stripe_double import admin, params, resources
from tests.stripe_double.errors import StripeFault
from tests.stripe_double.faults import Faults
from tests.stripe_double.idempotency import Store
from tests.stripe_double.operations import REGISTRY, Call, Operation
from tests.stripe_double.webhooks import Post
from tests.stripe_double.wire import decode_form
from tests.stripe_double.world import World

Json = dict[str, Any]
SERVED = resources.MODULES


class Api:
    """The state of a running double."""

    def __init__(self) -> None:
        self.world = World()
        self.faults = Faults()
        self.keys = Store()
        self.post = Post(self.world)

    def reset(self) -> None:
        self.world.reset()
        self.faults = Faults()
        self.keys = Store()
        self.post.reset()

    async def answer(self, request: Request, path: str) -> Response:
        request_id = f"req_{secrets.token_hex(7)}"
        headers = {"Request-Id": request_id, "Stripe-Version": stripe.api_version}
        verb = request.method.lower()
        fault = self.faults.take(verb, path)
        try:
            if fault and not fault.commits:
                await fault.strike(request)
            status, body, replayed = await self._run(request, verb, path, request_id)
            if replayed:
                headers |= {"Idempotent-Replayed": "true", "Original-Request": replayed}
            if fault and fault.commits:
                await fault.strike(request)
        except StripeFault as problem:
            status, body = problem.status, problem.body
            headers |= problem.headers
            if fault and problem.remembered and fault.commits:
                self.keys.overwrite(request.headers.get("idempotency-key"), status, body)
        if key := request.headers.get("idempotency-key"):
            headers["Idempotency-Key"] = key
        await self.post.after_answer()
        return Response(json.dumps(body), status, headers, "application/json")

    async def _run(
        self, request: Request, verb: str, path: str, request_id: str
    ) -> tuple[int, Json, str | None]:
        _authenticate(request.headers.get("authorization", ""))
        operation, ids = REGISTRY.find(verb, path)
        values = await _values(request, operation)
        account = request.headers.get("stripe-account") or request.headers.get("stripe-context")
        if account and account not in self.world.objects:
            raise StripeFault(
                403,
                f"The provided key does not have access to account '{account}' (or that account"
                " does not exist). Application access may have been revoked.",
                code="account_invalid",
            )
        key = request.headers.get("idempotency-key") if verb != "get" else None
        if not key:
            return *self._execute(operation, ids, values, request_id, account, None), None
        if told := self.keys.begin(account, key, verb, path, values):
            return *told[:2], told[2]
        try:
            await asyncio.sleep(self.faults.pause(verb, path))
            answer = self._execute(operation, ids, values, request_id, account, key)
        except StripeFault as problem:
            if problem.remembered:
                self.keys.finish(account, key, (problem.status, problem.body, request_id))
            else:
                self.keys.forget(account, key)
            raise
        self.keys.finish(account, key, (*answer, request_id))
        return *answer, None

    def _execute(
        self,
        operation: Operation,
        ids: tuple[str, ...],
        values: Json,
        request_id: str,
        account: str | None,
        key: str | None,
    ) -> tuple[int, Json]:
        if operation.params is not None:
            values = params.check(operation.params, values, v2=operation.v2)
        elif values:
            name = next(iter(values))
            raise StripeFault(
                400, f"Received unknown parameter: {name}", param=name, code="parameter_unknown"
            )
        world = self.world
        world.request = {"id": request_id, "idempotency_key": key}
        call = Call(world, values, ids, request_id, account, key)
        try:
            made = operation.handler(call)
        except StripeFault as problem:
            problem.remembered = True
            raise
        except Exception as bug:
            text = f"the double itself failed: {traceback.format_exc()}"
            raise StripeFault(500, text, type="api_error") from bug
        finally:
            world.request = None
        return 200, _shown(world, made, values.get("expand") or ())


def create_app() -> FastAPI:
    app = FastAPI(openapi_url=None)
    api = Api()
    app.state.api = api
    app.include_router(admin.router(api))

    @app.api_route("/{path:path}", methods=["GET", "POST", "DELETE"])
    async def stripe_api(request: Request) -> Response:
        return await api.answer(request, request.url.path)

    return app


def _authenticate(header: str) -> None:
    key = header.removeprefix("Bearer ")
    if not key.startswith(("sk_test_", "rk_test_")):
        raise StripeFault(401, f"Invalid API Key provided: {key[:7]}****")


async def _values(request: Request, operation: Operation) -> Json:
    if request.method != "POST":
        return decode_form(request.url.query)
    text = (await request.body()).decode()
    if not operation.v2:
        return decode_form(text)
    decoded: Json = json.loads(text or "{}")
    return decoded


def _shown(world: World, made: Json, expand: Any) -> Json:
    if made.get("object") == "list" or "next_page_url" in made:
        made = {**made, "data": [world.render(each) for each in made["data"]]}
    return world.render(made, expand)
