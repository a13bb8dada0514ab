"""OAuth clients that prove themselves by a signature: private_key_jwt (RFC 7523, OIDC Core 9).

Never commits: the caller owns the transaction.
"""

import base64
import json
from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet
from sqlalchemy import delete
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session, col, select

from api.core import bulk, db, ids, settings
from api.core.errors import Unauthorized
from api.identity.models import ApiClient, ClientAssertion
from api.identity.service import callers
from api.rules.clock import utcnow

ALGORITHMS = ["EdDSA", "Ed25519", "ES256", "ES384", "PS256", "RS256"]
"""Signatures by a private key, and nothing else: no `none`, no HMAC under a public key."""
MAX_LIFETIME = timedelta(minutes=10)
LEEWAY = timedelta(seconds=30)
_REFUSED = "The client is not known or its assertion is not valid."


def issue_token(
    session: Session,
    *,
    assertion: str,
    client_id: UUID | None,
    scopes: Collection[str],
    ip: str | None,
) -> tuple[str, list[str]]:
    """An access token and its scopes for an assertion that was not shown before.

    It names the client as `iss` and `sub`, this service (base URL or token endpoint) as `aud`, has
    an `exp` at most ten minutes ahead and a `jti`. Raises Unauthorized in the same words whatever
    was wrong.
    """
    claimed = _claimed(assertion)
    if client_id is not None and claimed != client_id:
        raise Unauthorized(_REFUSED)
    client = _client(session, claimed)
    claims = _verified(client, assertion)
    _take_once(session, client, claims)
    return callers.issue_proven(session, client, scopes=scopes, ip=ip)


def _claimed(assertion: str) -> UUID:
    """The client that the assertion says it is of, before anything is believed."""
    try:
        body = assertion.split(".")[1]
        claims = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
        return ids.parse("client", claims["sub"])
    except (IndexError, KeyError, ValueError, TypeError) as error:
        raise Unauthorized(_REFUSED) from error


def _client(session: Session, client_id: UUID) -> ApiClient:
    db.scope(session, proof=str(client_id))
    query = select(ApiClient).where(ApiClient.id == client_id, col(ApiClient.jwks).is_not(None))
    client = session.exec(query).one_or_none()
    if client is None:
        raise Unauthorized(_REFUSED)
    db.scope(session, org_id=str(client.org_id))
    return client


def _verified(client: ApiClient, assertion: str) -> dict[str, Any]:
    name, base = ids.show("client", client.id), settings.get().base_url
    registry = jwt.JWTClaimsRegistry(
        leeway=int(LEEWAY.total_seconds()),
        iss={"essential": True, "value": name},
        sub={"essential": True, "value": name},
        aud={"essential": True, "values": [base, f"{base}/oauth/token"]},
        exp={"essential": True},
        jti={"essential": True},
    )
    try:
        keys = KeySet.import_key_set(client.jwks)  # type: ignore[arg-type]
        claims = jwt.decode(assertion, keys, algorithms=ALGORITHMS).claims
        registry.validate(claims)
    except (JoseError, ValueError, TypeError, KeyError) as error:
        raise Unauthorized(_REFUSED) from error
    return dict(claims)


def _take_once(session: Session, client: ApiClient, claims: dict[str, Any]) -> None:
    now, jti = utcnow(), claims["jti"]
    expires_at = datetime.fromtimestamp(claims["exp"], UTC)
    if not isinstance(jti, str) or not 0 < len(jti) <= 255 or expires_at > now + MAX_LIFETIME:
        raise Unauthorized(_REFUSED)
    connection = session.connection()
    connection.execute(
        delete(ClientAssertion).where(
            col(ClientAssertion.client_id) == client.id,
            col(ClientAssertion.expires_at) < now - 2 * LEEWAY,
        )
    )
    row = bulk.new_row(client_id=client.id, jti=jti, expires_at=expires_at)
    fresh = insert(ClientAssertion).values(**row).on_conflict_do_nothing()
    if connection.execute(fresh.returning(col(ClientAssertion.id))).first() is None:
        raise Unauthorized(_REFUSED)
