"""How senders prove that bytes are theirs. Every comparison takes the same time for any wrong value.

A scheme that signs the moment is refused when that is more than `TOLERANCE` away, either way.
"""

import base64
import hmac
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from api.core import standard_webhooks

TOLERANCE = timedelta(minutes=5)
MIN_SECRET = 8
_MAX_SIGNATURES = 10
_MIN_KEY, _MAX_KEY = 24, 64

type Headers = Mapping[str, str]
"""Finds a header by its name in any case."""


class Scheme(Protocol):
    """A way to prove it. `kept` are the headers that are worth keeping with the bytes."""

    @property
    def kept(self) -> Sequence[str]: ...

    @property
    def needs_addresses(self) -> bool: ...

    def check(self, secret: str) -> None:
        """Raise ValueError, which does not repeat it, for a secret of another form."""

    def fits(self, secret: str, body: bytes, headers: Headers, now: datetime) -> bool:
        """True when whoever has the secret sent these bytes."""

    def external_id(self, headers: Headers) -> str | None:
        """The sender's own id of the message, where the scheme signs one."""


@dataclass(frozen=True, slots=True)
class StandardWebhooks:
    """Standard Webhooks 1.0: `v1` HMAC-SHA256 (`whsec_…`), `v1a` Ed25519 (public key `whpk_…`)."""

    kept = ("webhook-id", "webhook-timestamp", "webhook-signature")
    needs_addresses = False

    def check(self, secret: str) -> None:
        _check_standard_key(secret)

    def fits(self, secret: str, body: bytes, headers: Headers, now: datetime) -> bool:
        id, moment = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
        if not id or "." in id or not _recent(moment, now):
            return False
        given = headers.get("webhook-signature", "").split(" ")[:_MAX_SIGNATURES]
        return standard_webhooks.verifies(
            secret, " ".join(given), webhook_id=id, timestamp=moment, body=body
        )

    def external_id(self, headers: Headers) -> str | None:
        return headers.get("webhook-id")


@dataclass(frozen=True, slots=True)
class StripeSignature:
    """The scheme of Stripe's webhooks: `Stripe-Signature: t=1492774577,v1=<hex>,v1=<hex>`.

    HMAC-SHA256 over `{t}.{body}`; the key is the whole text of the secret, `whsec_` included.
    """

    header: str = "Stripe-Signature"
    needs_addresses = False

    @property
    def kept(self) -> Sequence[str]:
        return (self.header,)

    def check(self, secret: str) -> None:
        _long_enough(secret)

    def fits(self, secret: str, body: bytes, headers: Headers, now: datetime) -> bool:
        parts = [part.strip().partition("=") for part in headers.get(self.header, "").split(",")]
        moments = [value for name, _, value in parts if name == "t"]
        if len(moments) != 1 or not _recent(moments[0], now):
            return False
        wanted = hmac.digest(secret.encode(), f"{moments[0]}.".encode() + body, "sha256").hex()
        given = [value for name, _, value in parts if name == "v1"][:_MAX_SIGNATURES]
        return any(_same(wanted, value) for value in given)

    def external_id(self, headers: Headers) -> str | None:
        return None


@dataclass(frozen=True, slots=True)
class SignatureHeader:
    """A header holds what `signature(body, secret)` gives; hexadecimal is the same in either case.

    It covers no moment: what is sent again by somebody who saw it is a duplicate, without effect.
    """

    header: str
    signature: Callable[[bytes, bytes], str]
    hexadecimal: bool = True
    needs_addresses = False

    @property
    def kept(self) -> Sequence[str]:
        return (self.header,)

    def check(self, secret: str) -> None:
        _long_enough(secret)

    def fits(self, secret: str, body: bytes, headers: Headers, now: datetime) -> bool:
        given = headers.get(self.header, "").strip()
        told = given.lower() if self.hexadecimal else given
        return _same(self.signature(body, secret.encode()), told)

    def external_id(self, headers: Headers) -> str | None:
        return None


@dataclass(frozen=True, slots=True)
class SharedSecret:
    """A header holds the secret itself: for banks that sign nothing, and only from named addresses."""

    header: str
    kept = ()
    needs_addresses = True

    def check(self, secret: str) -> None:
        _long_enough(secret)

    def fits(self, secret: str, body: bytes, headers: Headers, now: datetime) -> bool:
        return _same(secret, headers.get(self.header, "").strip())

    def external_id(self, headers: Headers) -> str | None:
        return None


def hmac_sha256(body: bytes, secret: bytes) -> str:
    """`sha256=` and the hexadecimal HMAC-SHA256 of the body, as DCSA, GitHub and others write it."""
    return f"sha256={hmac.digest(secret, body, 'sha256').hex()}"


def _same(wanted: str, given: str) -> bool:
    return hmac.compare_digest(wanted.encode(), given.encode("utf-8", "surrogatepass"))


def _recent(moment: str, now: datetime) -> bool:
    if not (moment.isascii() and moment.isdecimal() and len(moment) <= 12):
        return False
    return abs(now.timestamp() - int(moment)) <= TOLERANCE.total_seconds()


def _long_enough(secret: str) -> None:
    if len(secret) < MIN_SECRET:
        raise ValueError(f"a secret has at least {MIN_SECRET} characters")


def _check_standard_key(secret: str) -> None:
    kind, _, encoded = secret.partition("_")
    try:
        size = len(base64.b64decode(encoded, validate=True))
    except ValueError:
        size = 0
    if kind == "whsk":
        raise ValueError("whsk_ is the sender's private key: give its public one, whpk_")
    if not (kind == "whsec" and _MIN_KEY <= size <= _MAX_KEY or kind == "whpk" and size == 32):
        raise ValueError("whsec_ and base64 of 24 to 64 bytes, or whpk_ and base64 of 32")
