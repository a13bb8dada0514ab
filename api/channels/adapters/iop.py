"""Calls to Alibaba's open platform (IOP/GOP), signed as its SDKs sign them.

All parameters but `sign`, sorted by name and written `namevalue` one after the other, behind the
path of the operation, under HMAC-SHA256 by the app's secret, in upper-case hexadecimal. An
operation that is a path is posted to `/rest` and its path; one that has the form of a method goes
to `/sync` as the parameter `method`, and no path is signed.
"""

import hmac
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import partial
from typing import Any
from urllib.parse import urlencode

import anyio

from api.channels.adapters.port import Unauthorised, Unavailable
from api.core import outbound, settings
from api.core.outbound import Answer, OutboundFailed

MOST_BYTES = 2 * 1024 * 1024
_UNAUTHORISED = frozenset({"IllegalAccessToken", "InvalidAccessToken", "MissingAccessToken"})
_LATER = frozenset(
    {
        "ApiCallLimit",
        "AppCallLimit",
        "SellerCallLimit",
        "ServiceTimeout",
        "ServiceUnavailable",
        "SystemError",
        "IncompleteSignature",
        "InvalidAppKey",
        "IllegalTimestamp",
        "AppWhiteIpLimit",
        "InsufficientPermission",
        "isv.permission-api-package-limit",
    }
)
"""Refusals of the gateway that are not about the item: limits, troubles, and the installation's
own key or permission, which its operator can mend."""
_CALLS_LATER = frozenset({408, 425, 429})


class GatewayRefused(Exception):
    """The platform has understood, and refuses: its code and its words."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code, self.message = code, message


def sign(operation: str, parameters: Mapping[str, str], secret: str) -> str:
    """The signature of a call; `operation` is signed when it is a path."""
    told = operation if operation.startswith("/") else ""
    text = told + "".join(f"{name}{parameters[name]}" for name in sorted(parameters))
    return hmac.digest(secret.encode(), text.encode(), "sha256").hex().upper()


def call(
    operation: str, given: Mapping[str, Any], *, now: datetime, token: str | None
) -> dict[str, Any]:
    """The document that the platform answers with. Objects are sent as JSON, nulls left out.

    Raises GatewayRefused, Unauthorised and Unavailable. None of them tells what was sent, which
    carries the token.
    """
    config = settings.get()
    assert config.alibaba_app_key is not None, "the channel is available"
    assert config.alibaba_app_secret is not None, "the channel is available"
    parameters = {
        "app_key": config.alibaba_app_key,
        "timestamp": str(int(now.timestamp() * 1000)),
        "sign_method": "sha256",
        **{name: _written(value) for name, value in given.items() if value is not None},
    }
    if token is not None:
        parameters["access_token"] = token
    by_path = operation.startswith("/")
    if not by_path:
        parameters["method"] = operation
    secret = config.alibaba_app_secret.get_secret_value()
    parameters["sign"] = sign(operation, parameters, secret)
    path = f"/rest{operation}" if by_path else "/sync"
    return _checked(_sent(config.alibaba_url.rstrip("/") + path, parameters))


def _sent(url: str, parameters: Mapping[str, str]) -> dict[str, Any]:
    body = urlencode(parameters).encode()
    headers = {
        "content-type": "application/x-www-form-urlencoded;charset=utf-8",
        "content-length": str(len(body)),
    }
    sending = partial(outbound.send, "POST", url, headers=headers, body=body, most=MOST_BYTES)
    try:
        answer = anyio.run(sending)
    except OutboundFailed as error:
        failed = Unavailable(f"alibaba: {error}")
    else:
        found = document(answer.body)
        later = answer.status >= 500 or answer.status in _CALLS_LATER
        if found is not None and not later:
            return found
        failed = Unavailable(f"alibaba answers {answer.status}", _retry_after(answer))
    raise failed


def document(body: bytes) -> dict[str, Any] | None:
    """A JSON object as it can be stored: without NUL and halves of characters. None: it is none."""
    try:
        found = _storable(json.loads(body))
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _storable(told: Any) -> Any:
    match told:
        case str():
            return "".join(
                each for each in told if each != "\0" and not "\ud800" <= each <= "\udfff"
            )
        case dict():
            return {_storable(name): _storable(value) for name, value in told.items()}
        case list():
            return [_storable(each) for each in told]
    return told


def _checked(answered: dict[str, Any]) -> dict[str, Any]:
    """What was answered, out of its wrapping. `code` other than "0" is the gateway's refusal,
    `success: false` with `msg_code` the business's."""
    told = answered.get("error_response", answered)
    if not isinstance(told, dict):
        raise Unavailable("alibaba: an answer without a form")
    inner = told.get("result")
    result = inner if isinstance(inner, dict) else {}
    code = told.get("sub_code") or told.get("code")
    if code is not None and str(code) != "0":
        raise _refusal(str(code), told.get("sub_msg") or told.get("message") or told.get("msg"))
    for each in (told, result):
        if each.get("success") in (False, "false"):
            name = each.get("msg_code") or each.get("error_code") or "unknown"
            raise _refusal(str(name), each.get("message") or each.get("message_info"))
    return told


def _refusal(code: str, message: object) -> Exception:
    said = str(message or "")[:500]
    if code in _UNAUTHORISED:
        return Unauthorised(code)
    if code in _LATER or code.startswith(("S_", "isp.")):
        return Unavailable(f"alibaba: {code}")
    return GatewayRefused(code, said)


def _retry_after(answer: Answer) -> float | None:
    """Seconds, from a number or a date (RFC 9110, 10.2.3)."""
    told = answer.headers.get("retry-after", "").strip()
    if told.isascii() and told.isdecimal() and len(told) <= 9:
        return float(told)
    try:
        at = parsedate_to_datetime(told)
        since = parsedate_to_datetime(answer.headers.get("date", ""))
    except ValueError:
        return None
    return (_aware(at) - _aware(since)).total_seconds()


def _aware(moment: datetime) -> datetime:
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)


def _written(value: Any) -> str:
    if isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
