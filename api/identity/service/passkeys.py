"""Second factors by key: WebAuthn (W3C, level 2). Never commits: the caller owns the transaction."""

import json
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from sqlmodel import Session, col, select

from api.core import settings
from api.core.errors import Conflict, NotFound, refused
from api.identity.models import Passkey
from api.identity.service import accounts, factors, sessions
from api.identity.service.callers import Visit
from api.identity.service.throttle import AttemptFailed
from api.rules.clock import utcnow
from api.rules.logins import CHALLENGE_LIFETIME

MAX_PASSKEYS = 10


def begin_registration(session: Session, visit: Visit) -> dict[str, Any]:
    """What `navigator.credentials.create` is given; the challenge is good for five minutes.

    Raises SecondFactorRequired for who has a factor and has not just shown it.
    """
    import webauthn  # it takes half a second to import

    person = accounts.get(session, visit.person_id)
    factors.require_fresh_if_any(session, visit, person)
    known = of_person(session, person.id)
    if len(known) >= MAX_PASSKEYS:
        raise Conflict(f"There are {MAX_PASSKEYS} already: remove one first.")
    options = webauthn.generate_registration_options(
        rp_id=_rp_id(),
        rp_name=factors.ISSUER,
        user_name=person.email,
        user_id=person.id.bytes,
        user_display_name=person.name,
        exclude_credentials=_descriptors(known),
    )
    return _challenged(session, visit, options.challenge, webauthn.options_to_json(options))


def register(
    session: Session, visit: Visit, *, org_id: UUID, name: str, credential: dict[str, Any]
) -> Passkey:
    """Take a key into use that answered the challenge; it is this session's second factor too.

    Raises SecondFactorRequired, or Invalid for an answer that is not right.
    """
    import webauthn
    from webauthn.helpers.exceptions import WebAuthnException

    person = accounts.get(session, visit.person_id)
    factors.require_fresh_if_any(session, visit, person)
    try:
        verified = webauthn.verify_registration_response(
            credential=credential,
            expected_challenge=_taken(session, visit),
            expected_rp_id=_rp_id(),
            expected_origin=_origins(),
        )
    except (WebAuthnException, ValueError, KeyError, TypeError) as error:
        raise refused("#/credential", "passkey_refused", "It does not answer the challenge.") from (
            error
        )
    row = Passkey(
        person_id=person.id,
        name=name,
        credential_id=verified.credential_id,
        public_key=verified.credential_public_key,
        sign_count=verified.sign_count,
    )
    session.add(row)
    session.flush()
    sessions.current(session, visit).second_factor_at = utcnow()
    sessions.note(session, person.id, org_id, "add_second_factor", kind="passkey", key=row.id.hex)
    return row


def begin_verification(session: Session, visit: Visit) -> dict[str, Any]:
    """What `navigator.credentials.get` is given; Conflict for who has no key."""
    import webauthn

    known = of_person(session, visit.person_id)
    if not known:
        raise Conflict("You have no passkey.")
    options = webauthn.generate_authentication_options(
        rp_id=_rp_id(), allow_credentials=_descriptors(known)
    )
    return _challenged(session, visit, options.challenge, webauthn.options_to_json(options))


def verify(session: Session, visit: Visit, *, credential: dict[str, Any]) -> None:
    """Show a key that answers the challenge. AttemptFailed for any other answer, and for a key
    whose counter went back, which is a copy's."""
    import webauthn
    from webauthn.helpers import base64url_to_bytes
    from webauthn.helpers.exceptions import WebAuthnException

    challenge = _taken(session, visit)
    try:
        query = select(Passkey).where(
            Passkey.person_id == visit.person_id,
            Passkey.credential_id == base64url_to_bytes(str(credential.get("id", ""))),
        )
        row = session.exec(query.with_for_update()).one_or_none()
        if row is None:
            raise AttemptFailed
        verified = webauthn.verify_authentication_response(
            credential=credential,
            expected_challenge=challenge,
            expected_rp_id=_rp_id(),
            expected_origin=_origins(),
            credential_public_key=row.public_key,
            credential_current_sign_count=row.sign_count,
        )
    except (WebAuthnException, ValueError, KeyError, TypeError) as error:
        raise AttemptFailed from error
    row.sign_count, row.last_used_at = verified.new_sign_count, utcnow()
    sessions.current(session, visit).second_factor_at = row.last_used_at


def of_person(session: Session, person_id: UUID) -> list[Passkey]:
    """A person's keys, oldest first."""
    query = select(Passkey).where(Passkey.person_id == person_id)
    return list(session.exec(query.order_by(col(Passkey.id))).all())


def remove(session: Session, visit: Visit, *, org_id: UUID, passkey_id: UUID) -> None:
    """Take a key out of use. Raises SecondFactorRequired, NotFound."""
    person = accounts.get(session, visit.person_id)
    factors.require_fresh_if_any(session, visit, person)
    row = session.get(Passkey, passkey_id)
    if row is None or row.person_id != person.id:
        raise NotFound
    session.delete(row)
    sessions.note(session, person.id, org_id, "remove_second_factor", key=passkey_id.hex)


def _challenged(session: Session, visit: Visit, challenge: bytes, options: str) -> dict[str, Any]:
    row = sessions.current(session, visit)
    row.challenge, row.challenge_expires_at = challenge, utcnow() + CHALLENGE_LIFETIME
    found: dict[str, Any] = json.loads(options)
    return found


def _taken(session: Session, visit: Visit) -> bytes:
    """The challenge of this session, which is answered once. AttemptFailed without one."""
    row = sessions.current(session, visit)
    challenge, until = row.challenge, row.challenge_expires_at
    row.challenge = row.challenge_expires_at = None
    if challenge is None or until is None or until <= utcnow():
        raise AttemptFailed
    return challenge


def _descriptors(rows: list[Passkey]) -> list[Any]:
    from webauthn.helpers.structs import PublicKeyCredentialDescriptor

    return [PublicKeyCredentialDescriptor(id=row.credential_id) for row in rows]


def _rp_id() -> str:
    config = settings.get()
    return config.webauthn_rp_id or urlsplit(config.base_url).hostname or ""


def _origins() -> list[str]:
    config = settings.get()
    parts = urlsplit(config.base_url)
    return [f"{parts.scheme}://{parts.netloc}", *config.portal_origins]
