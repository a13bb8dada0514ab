"""OpenID Connect Core 1.0 as a relying party: authorization code with PKCE (S256), state, nonce.

Nothing here knows the database. What a provider says is believed only after its signature, issuer,
audience, times and nonce were checked.
"""

import base64
import hashlib
import secrets
import time
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from typing import Any, NamedTuple
from urllib.parse import quote, urlencode
from uuid import UUID

import anyio
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError
from pydantic_core import from_json

from api.core import outbound, settings
from api.core.errors import Problem, Unauthorized
from api.core.outbound import Answer, OutboundFailed
from api.rules.clock import utcnow

ALGORITHMS = ["RS256", "PS256", "ES256", "EdDSA", "Ed25519"]
"""Of ID tokens: signatures by the provider's private key; no `none`, no HMAC."""
SCOPES = "openid email profile"
CACHE_SECONDS = 600
LEEWAY_SECONDS = 30
_REFUSED = "The OpenID provider's answer is not valid."


class ProviderUnavailable(Problem):
    """The OpenID provider does not answer, or not as OpenID Connect says."""

    status, code, title = 502, "provider_unavailable", "The OpenID provider does not answer"


class Provider(NamedTuple):
    """A provider, and how this service is known to it."""

    issuer: str
    client_id: str
    client_secret: str | None


class Metadata(BaseModel):
    """What of a provider's discovery document is used (OpenID Connect Discovery 1.0)."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    userinfo_endpoint: str | None = None
    code_challenge_methods_supported: list[str] | None = None
    token_endpoint_auth_methods_supported: list[str] = ["client_secret_basic"]
    authorization_response_iss_parameter_supported: bool = False


MAX_ANSWER_BYTES = 256 * 1024


class Attempt(BaseModel):
    """A login that has begun; the browser keeps it, sealed, until it comes back."""

    provider_id: UUID
    state: str
    nonce: str
    verifier: str
    return_to: str
    begun_at: AwareDatetime = Field(default_factory=utcnow)


class Claims(BaseModel):
    """Whom a provider vouches for."""

    model_config = ConfigDict(extra="ignore")

    iss: str
    sub: str
    email: str | None = None
    email_verified: bool = False
    amr: list[str] = []
    auth_time: int | None = None

    @property
    def authenticated_at(self) -> datetime | None:
        """When the person proved who they are, if the provider says so; never in the future."""
        if self.auth_time is None:
            return None
        return min(datetime.fromtimestamp(self.auth_time, UTC), utcnow())


def redirect_uri() -> str:
    """Where providers send people back to."""
    return f"{settings.get().base_url}/auth/oidc/callback"


def begin(
    provider: Provider, provider_id: UUID, *, return_to: str, max_age: int | None
) -> tuple[str, Attempt]:
    """The address to send a browser to, and what it must bring back. Raises ProviderUnavailable."""
    found = _metadata(provider.issuer)
    if "S256" not in (found.code_challenge_methods_supported or ["S256"]):
        raise ProviderUnavailable("The OpenID provider does not take PKCE with S256.")
    attempt = Attempt(
        provider_id=provider_id,
        state=secrets.token_urlsafe(32),
        nonce=secrets.token_urlsafe(32),
        verifier=secrets.token_urlsafe(48),
        return_to=return_to,
    )
    query = {
        "response_type": "code",
        "client_id": provider.client_id,
        "redirect_uri": redirect_uri(),
        "scope": SCOPES,
        "state": attempt.state,
        "nonce": attempt.nonce,
        "code_challenge": _challenge(attempt.verifier),
        "code_challenge_method": "S256",
    }
    if max_age is not None:
        query["max_age"] = str(max_age)
    glue = "&" if "?" in found.authorization_endpoint else "?"
    return f"{found.authorization_endpoint}{glue}{urlencode(query)}", attempt


def finish(provider: Provider, attempt: Attempt, *, code: str, iss: str | None) -> Claims:
    """Exchange the code, and check what the provider says of the person.

    Raises Unauthorized for what is not valid, ProviderUnavailable.
    """
    found = _metadata(provider.issuer)
    if (iss is not None or found.authorization_response_iss_parameter_supported) and (
        iss != found.issuer  # RFC 9207: the answer is of the provider that was asked
    ):
        raise Unauthorized(_REFUSED)
    tokens = _exchange(provider, found, attempt, code)
    claims = _verified(provider, found, attempt, str(tokens.get("id_token", "")))
    if "email" not in claims and found.userinfo_endpoint and "access_token" in tokens:
        told = _userinfo(found.userinfo_endpoint, str(tokens["access_token"]))
        if told.get("sub") != claims["sub"]:
            raise Unauthorized(_REFUSED)
        claims = {**told, **claims}
    try:
        return Claims.model_validate(claims)
    except ValidationError as error:
        raise Unauthorized(_REFUSED) from error


def _exchange(provider: Provider, found: Metadata, attempt: Attempt, code: str) -> dict[str, Any]:
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": redirect_uri(),
        "code_verifier": attempt.verifier,
    }
    headers = {"content-type": "application/x-www-form-urlencoded", "accept": "application/json"}
    methods = found.token_endpoint_auth_methods_supported
    if provider.client_secret is None:
        form["client_id"] = provider.client_id
    elif "client_secret_basic" in methods or "client_secret_post" not in methods:
        pair = f"{quote(provider.client_id, safe='')}:{quote(provider.client_secret, safe='')}"
        headers["authorization"] = f"Basic {base64.b64encode(pair.encode()).decode()}"
    else:
        form |= {"client_id": provider.client_id, "client_secret": provider.client_secret}
    answer = _fetched("POST", found.token_endpoint, headers=headers, form=form)
    if answer.status != 200:
        raise Unauthorized("The OpenID provider does not take the code.")
    return _document(answer)


def _verified(provider: Provider, found: Metadata, attempt: Attempt, token: str) -> dict[str, Any]:
    registry = jwt.JWTClaimsRegistry(
        leeway=LEEWAY_SECONDS,
        iss={"essential": True, "value": found.issuer},
        aud={"essential": True, "value": provider.client_id},
        sub={"essential": True},
        exp={"essential": True},
        iat={"essential": True},
        nonce={"essential": True, "value": attempt.nonce},
    )
    try:
        claims = dict(_decoded(found.jwks_uri, token))
        registry.validate(claims)
    except (JoseError, ValueError, TypeError, KeyError) as error:
        raise Unauthorized(_REFUSED) from error
    if claims.get("azp", provider.client_id) != provider.client_id:
        raise Unauthorized(_REFUSED)
    return claims


def _decoded(jwks_uri: str, token: str) -> dict[str, Any]:
    """The claims under a signature; the keys are asked for again when none of them fits."""
    try:
        return jwt.decode(token, _keys(jwks_uri), algorithms=ALGORITHMS).claims
    except (JoseError, ValueError):
        _cache.pop(jwks_uri, None)
        return jwt.decode(token, _keys(jwks_uri), algorithms=ALGORITHMS).claims


def _userinfo(url: str, access_token: str) -> dict[str, Any]:
    answer = _fetched("GET", url, headers={"authorization": f"Bearer {access_token}"})
    if answer.status != 200:
        raise ProviderUnavailable
    return _document(answer)


_cache: dict[str, tuple[float, Any]] = {}


def _remembered[T](url: str, read: Callable[[dict[str, Any]], T]) -> T:
    """What stands at an address, asked for at most every ten minutes."""
    known = _cache.get(url)
    if known is not None and known[0] > time.monotonic():
        value: T = known[1]
        return value
    answer = _fetched("GET", url)
    if answer.status != 200:
        raise ProviderUnavailable
    fresh = read(_document(answer))
    _cache[url] = (time.monotonic() + CACHE_SECONDS, fresh)
    return fresh


def _metadata(issuer: str) -> Metadata:
    def read(document: dict[str, Any]) -> Metadata:
        try:
            found = Metadata.model_validate(document)
        except ValidationError as error:
            raise ProviderUnavailable("Its discovery document cannot be read.") from error
        if found.issuer != issuer:
            raise ProviderUnavailable("Its discovery document is of another issuer.")
        return found

    return _remembered(f"{issuer.rstrip('/')}/.well-known/openid-configuration", read)


def _keys(jwks_uri: str) -> KeySet:
    def read(document: dict[str, Any]) -> KeySet:
        try:
            return KeySet.import_key_set(document)  # type: ignore[arg-type]
        except (JoseError, ValueError, TypeError, KeyError) as error:
            raise ProviderUnavailable("Its keys cannot be read.") from error

    return _remembered(jwks_uri, read)


def _fetched(
    method: str,
    url: str,
    *,
    headers: dict[str, str] | None = None,
    form: dict[str, str] | None = None,
) -> Answer:
    body = urlencode(form or {}).encode() if form else b""
    told = {"content-length": str(len(body)), **(headers or {})} if form else headers or {}
    sending = partial(outbound.send, method, url, headers=told, body=body, most=MAX_ANSWER_BYTES)
    try:
        return anyio.run(sending)
    except OutboundFailed as error:
        raise ProviderUnavailable(f"The OpenID provider does not answer: {error}.") from error


def _document(answer: Answer) -> dict[str, Any]:
    try:
        found = from_json(answer.body)
    except ValueError as error:
        raise ProviderUnavailable from error
    if not isinstance(found, dict):
        raise ProviderUnavailable
    return found


def _challenge(verifier: str) -> str:
    digest = hashlib.sha256(verifier.encode()).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
