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
from uuid import UUID

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import OctKey

from api.core import settings
from api.core.errors import Unauthorized
from api.rules.clock import utcnow

ALPHABET = string.digits + string.ascii_letters
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
    """What the signed address of a file says: which file, and for which credentials."""

    client_id: UUID
    org_id: UUID
    file_id: UUID
    name: str
    expires_at: datetime


def new_secret() -> Secret:
    """`kgp_live_<prefix><secret><crc>`; the checksum tells a typing error without a query."""
    stem = "live" if settings.get().environment == "production" else "test"
    random = "".join(secrets.choice(ALPHABET) for _ in range(PREFIX_LENGTH + SECRET_LENGTH))
    text = f"kgp_{stem}_{random}{_check(random)}"
    return Secret(text=text, prefix=random[:PREFIX_LENGTH], hash=hashed(text))


def prefix_of(text: str) -> str | None:
    """The prefix of a well-formed key, None for anything else."""
    head, _, body = text.rpartition("_")
    if head not in ("kgp_live", "kgp_test") or not body.isascii() or not body.isalnum():
        return None
    if len(body) != PREFIX_LENGTH + SECRET_LENGTH + CHECK_LENGTH:
        return None
    random, check = body[:-CHECK_LENGTH], body[-CHECK_LENGTH:]
    return random[:PREFIX_LENGTH] if hmac.compare_digest(check, _check(random)) else None


def hashed(text: str) -> str:
    """HMAC-SHA256 of a secret under the service's key, in hexadecimal."""
    key = settings.get().secret_key.get_secret_value().encode()
    return hmac.new(key, text.encode(), hashlib.sha256).hexdigest()


def new_token(token: Token) -> str:
    """A signed JWT (HS256) that lives for `access_token_seconds`."""
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
    return jwt.encode({"alg": "HS256", "typ": "at+jwt"}, claims, _signing_key("access-token"))


def read_token(text: str) -> Token:
    """What the token says; Unauthorized when it is forged, expired or meant for others."""
    registry = jwt.JWTClaimsRegistry(
        iss={"essential": True, "value": ISSUER},
        aud={"essential": True, "value": settings.get().base_url},
        exp={"essential": True},
        sub={"essential": True},
    )
    try:
        claims = jwt.decode(text, _signing_key("access-token"), algorithms=["HS256"]).claims
        registry.validate(claims)
        scopes = tuple(str(claims["scope"]).split())
        return Token(UUID(hex=claims["sub"]), UUID(hex=claims["org"]), scopes)
    except (JoseError, KeyError, ValueError) as error:
        raise Unauthorized("The access token is not valid or has expired.") from error


def new_link(link: Link) -> str:
    """A signed JWT (HS256) that stands in the address of a file until `link.expires_at`."""
    claims = {
        "sub": link.client_id.hex,
        "org": link.org_id.hex,
        "file": link.file_id.hex,
        "name": link.name,
        "exp": int(link.expires_at.timestamp()),
    }
    return jwt.encode({"alg": "HS256", "typ": "file-link+jwt"}, claims, _signing_key("file-link"))


def read_link(text: str) -> Link:
    """What the address of a file says; Unauthorized when it was altered or is over."""
    registry = jwt.JWTClaimsRegistry(exp={"essential": True}, sub={"essential": True})
    try:
        claims = jwt.decode(text, _signing_key("file-link"), algorithms=["HS256"]).claims
        registry.validate(claims)
        client_id, org_id, file_id = (UUID(hex=claims[name]) for name in ("sub", "org", "file"))
        until = datetime.fromtimestamp(claims["exp"], UTC)
        return Link(client_id, org_id, file_id, str(claims["name"]), until)
    except (JoseError, KeyError, ValueError) as error:
        raise Unauthorized("The link is not valid or has ended.") from error


def _signing_key(use: str) -> OctKey:
    secret = settings.get().secret_key.get_secret_value().encode()
    return OctKey.import_key(hashlib.sha256(f"{use}|".encode() + secret).digest())


def _check(random: str) -> str:
    value, digits = binascii.crc32(random.encode()), ""
    while len(digits) < CHECK_LENGTH:
        value, rest = divmod(value, len(ALPHABET))
        digits += ALPHABET[rest]
    return digits
