"""Secrets and tokens: made here, checked here, stored only as an HMAC.

A key is 22 random base62 characters (131 bits), so a keyed hash is enough at rest: argon2id
is for what people choose themselves.
"""

import binascii
import hashlib
import hmac
import secrets
import string
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from uuid import UUID

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet, OctKey

from api.core import settings
from api.core.errors import Unauthorized
from api.rules.clock import utcnow

ALPHABET = string.digits + string.ascii_letters
KEY, SESSION, ONE_TIME = "kgp", "kgs", "kgo"
"""How API keys, the tokens of sessions, and tokens that are good once begin."""
PREFIX_LENGTH, SECRET_LENGTH, CHECK_LENGTH = 8, 22, 6
ISSUER = "kerben"


@dataclass(frozen=True, slots=True)
class Secret:
    """A fresh secret: shown once, found again by `prefix`, compared by `hash`."""

    text: str
    prefix: str
    hash: str


@dataclass(frozen=True, slots=True)
class Token:
    """What a valid access token says."""

    client_id: UUID
    org_id: UUID
    scopes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Link:
    """What the signed address of a file says: which file, and for which client or session."""

    principal_id: UUID
    person_id: UUID | None
    org_id: UUID
    file_id: UUID
    name: str
    expires_at: datetime


def new_secret(head: str = KEY) -> Secret:
    """`kgp_live_<prefix><secret><crc>`; the checksum tells a typing error without a query."""
    stem = "live" if settings.get().environment == "production" else "test"
    random = "".join(secrets.choice(ALPHABET) for _ in range(PREFIX_LENGTH + SECRET_LENGTH))
    text = f"{head}_{stem}_{random}{_check(random)}"
    return Secret(text=text, prefix=random[:PREFIX_LENGTH], hash=hashed(text))


def prefix_of(text: str, head: str = KEY) -> str | None:
    """The prefix of a well-formed secret with this head, None for anything else."""
    stem, _, body = text.rpartition("_")
    if stem not in (f"{head}_live", f"{head}_test") or not body.isascii() or not body.isalnum():
        return None
    if len(body) != PREFIX_LENGTH + SECRET_LENGTH + CHECK_LENGTH:
        return None
    random, check = body[:-CHECK_LENGTH], body[-CHECK_LENGTH:]
    return random[:PREFIX_LENGTH] if hmac.compare_digest(check, _check(random)) else None


def hashed(text: str) -> str:
    """HMAC-SHA256 of a secret under the service's key, in hexadecimal."""
    key = settings.get().secret_key.get_secret_value().encode()
    return hmac.new(key, text.encode(), hashlib.sha256).hexdigest()


def csrf_token(session_token: str) -> str:
    """What a portal shows beside the cookie of the session, to prove that it sent the request."""
    return hashed(f"csrf|{session_token}")[:43]


def csrf_matches(session_token: str, shown: str) -> bool:
    """True for the CSRF token of this session; compared in constant time."""
    return hmac.compare_digest(csrf_token(session_token).encode(), shown.encode())


def new_token(token: Token) -> str:
    """A signed JWT (HS256, its key named by `kid`) that lives for `access_token_seconds`."""
    config, now = settings.get(), utcnow()
    claims = {
        "iss": ISSUER,
        "aud": config.base_url,
        "sub": token.client_id.hex,
        "org": token.org_id.hex,
        "scope": " ".join(token.scopes),
        "iat": int(now.timestamp()),
        "exp": int((now + timedelta(seconds=config.access_token_seconds)).timestamp()),
    }
    key = _token_keys()[0]
    return jwt.encode({"alg": "HS256", "typ": "at+jwt", "kid": key.kid}, claims, key)


def read_token(text: str) -> Token:
    """What the token says; Unauthorized when it is forged, expired or meant for others."""
    registry = jwt.JWTClaimsRegistry(
        iss={"essential": True, "value": ISSUER},
        aud={"essential": True, "value": settings.get().base_url},
        exp={"essential": True},
        sub={"essential": True},
    )
    try:
        claims = jwt.decode(text, KeySet([*_token_keys()]), algorithms=["HS256"]).claims
        registry.validate(claims)
        scopes = tuple(str(claims["scope"]).split())
        return Token(UUID(hex=claims["sub"]), UUID(hex=claims["org"]), scopes)
    except (JoseError, KeyError, ValueError) as error:
        raise Unauthorized("The access token is not valid or has expired.") from error


def new_link(link: Link) -> str:
    """A signed JWT (HS256) that stands in the address of a file until `link.expires_at`."""
    claims = {
        "sub": link.principal_id.hex,
        "person": link.person_id.hex if link.person_id else None,
        "org": link.org_id.hex,
        "file": link.file_id.hex,
        "name": link.name,
        "exp": int(link.expires_at.timestamp()),
    }
    return jwt.encode({"alg": "HS256", "typ": "file-link+jwt"}, claims, _link_key())


def read_link(text: str) -> Link:
    """What the address of a file says; Unauthorized when it was altered or is over."""
    registry = jwt.JWTClaimsRegistry(exp={"essential": True}, sub={"essential": True})
    try:
        claims = jwt.decode(text, _link_key(), algorithms=["HS256"]).claims
        registry.validate(claims)
        principal, org_id, file_id = (UUID(hex=claims[name]) for name in ("sub", "org", "file"))
        person = UUID(hex=claims["person"]) if claims["person"] else None
        until = datetime.fromtimestamp(claims["exp"], UTC)
        return Link(principal, person, org_id, file_id, str(claims["name"]), until)
    except (JoseError, KeyError, ValueError) as error:
        raise Unauthorized("The link is not valid or has ended.") from error


def _link_key() -> OctKey:
    secret = settings.get().secret_key.get_secret_value().encode()
    return OctKey.import_key(hashlib.sha256(b"file-link|" + secret).digest())


def _token_keys() -> list[OctKey]:
    """The keys that tokens are believed under; the first signs. Each is named by its hash."""
    config = settings.get()
    secrets = [key.get_secret_value() for key in config.token_keys]
    return [_token_key(secret) for secret in secrets or [config.secret_key.get_secret_value()]]


@cache
def _token_key(secret: str) -> OctKey:
    raw = hashlib.sha256(b"access-token|" + secret.encode()).digest()
    return OctKey.import_key(raw, {"kid": hashlib.sha256(b"kid|" + raw).hexdigest()[:16]})


def _check(random: str) -> str:
    value, digits = binascii.crc32(random.encode()), ""
    while len(digits) < CHECK_LENGTH:
        value, rest = divmod(value, len(ALPHABET))
        digits += ALPHABET[rest]
    return digits
