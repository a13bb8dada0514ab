"""The gateway: signatures and tokens first, then the operation."""

import hashlib
import hmac
import json
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import anyio.to_thread
from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse

from tests.alibaba_double import operations
from tests.alibaba_double.operations import BusinessError

KEY, SECRET, CODE = "512345", "a secret of the app", "3_512345_code"
SYSTEM = {"app_key", "timestamp", "sign_method", "sign"}
type Json = dict[str, Any]


@dataclass
class Fault:
    """What goes wrong with a call: before it is done (`kept` False), or only with its answer."""

    status: int
    body: Json = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    kept: bool = False
    silent: bool = False


@dataclass
class Platform:
    """All that the double knows."""

    products: dict[str, Json] = field(default_factory=dict)
    orders: dict[str, Json] = field(default_factory=dict)
    rfqs: list[Json] = field(default_factory=list)
    tokens: list[str] = field(default_factory=list)
    refresh_tokens: list[str] = field(default_factory=list)
    lasting: int = 3600
    calls: list[tuple[str, Json]] = field(default_factory=list)
    faults: dict[str, list[Fault]] = field(default_factory=dict)
    spoken: threading.Event = field(default_factory=threading.Event)

    def fail(self, operation: str, *faults: Fault) -> None:
        """Let the next calls of an operation go wrong, one after the other."""
        self.faults.setdefault(operation, []).extend(faults)

    def called(self, operation: str) -> list[Json]:
        """What an operation was given, call by call."""
        return [given for name, given in self.calls if name == operation]

    def new_tokens(self) -> Json:
        """Tokens, of which only the newest are good."""
        number = len(self.tokens) + 1
        self.tokens.append(f"access-{number}")
        self.refresh_tokens.append(f"refresh-{number}")
        return {
            "code": "0",
            "access_token": self.tokens[-1],
            "refresh_token": self.refresh_tokens[-1],
            "expires_in": self.lasting,
            "account": "ala-too@example.kg",
        }


def create_app(platform: Platform) -> FastAPI:
    """The gateway over a platform."""
    app = FastAPI()
    app.add_api_route("/rest/{path:path}", _endpoint(platform, by_path=True), methods=["POST"])
    app.add_api_route("/sync", _endpoint(platform, by_path=False), methods=["POST"])
    return app


def _endpoint(platform: Platform, *, by_path: bool) -> Callable[..., Any]:
    async def endpoint(request: Request) -> Response:
        form = {name: str(value) for name, value in (await request.form()).items()}
        path = request.url.path.removeprefix("/rest")
        operation = path if by_path else form.get("method", "")
        return await _run(platform, operation, form, signed=path if by_path else "")

    return endpoint


async def _run(platform: Platform, operation: str, form: dict[str, str], signed: str) -> Response:
    refusal = _gate(platform, operation, form, signed)
    if refusal is not None:
        return JSONResponse({"code": refusal, "type": "ISV", "message": refusal})
    own = SYSTEM | {"access_token", "method"}
    given = {name: _read(value) for name, value in form.items() if name not in own}
    platform.calls.append((operation, given))
    waiting = platform.faults.get(operation, [])
    fault = waiting.pop(0) if waiting else None
    if fault is not None and not fault.kept:
        return JSONResponse(fault.body, fault.status, dict(fault.headers))
    answer = _answer(platform, operation, given)
    if fault is not None and fault.silent:
        await _silence(platform)
    if fault is not None:
        return JSONResponse(fault.body, fault.status, dict(fault.headers))
    return JSONResponse(answer)


async def _silence(platform: Platform) -> None:
    await anyio.to_thread.run_sync(platform.spoken.wait, 30, abandon_on_cancel=True)


def _answer(platform: Platform, operation: str, given: Json) -> Json:
    try:
        return operations.OPERATIONS[operation].run(platform, given)
    except BusinessError as error:
        return {"success": False, "msg_code": error.code, "message": error.message, "code": "0"}


def _gate(platform: Platform, operation: str, form: dict[str, str], signed: str) -> str | None:
    """The gateway's own refusals, in its own order."""
    if missing := SYSTEM - form.keys():
        return f"MissingParameter.{min(missing)}"
    if form["app_key"] != KEY:
        return "InvalidAppKey"
    if form["sign_method"] != "sha256":
        return "InvalidSignMethod"
    if not form["timestamp"].isdecimal() or len(form["timestamp"]) != 13:
        return "IllegalTimestamp"
    text = signed + "".join(k + v for k, v in sorted(form.items()) if k != "sign")
    own = hmac.new(SECRET.encode(), text.encode(), hashlib.sha256).hexdigest().upper()
    if form["sign"] != own:
        return "IncompleteSignature"
    known = operations.OPERATIONS.get(operation)
    if known is None:
        return "InvalidApiPath"
    if known.token and form.get("access_token") not in platform.tokens[-1:]:
        return "IllegalAccessToken"
    given = form.keys() - SYSTEM - {"access_token", "method"}
    if (known.required - given) or (given - known.required - known.optional):
        return "MissingParameter" if known.required - given else "InvalidParameter"
    return None


def _read(value: str) -> Any:
    try:
        return json.loads(value)
    except ValueError:
        return value
