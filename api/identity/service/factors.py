"""Second factors by code: TOTP (RFC 6238) and recovery codes.

Never commits: the caller owns the transaction, and counts attempts (throttle).
"""

import secrets
import time
from typing import NamedTuple
from uuid import UUID

import pyotp
from sqlmodel import Session, col, func, select

from api.core import bulk, encryption
from api.core.errors import Conflict
from api.identity import credentials
from api.identity.models import Passkey, Person, RecoveryCode
from api.identity.service import accounts, sessions
from api.identity.service.callers import Visit
from api.identity.service.throttle import AttemptFailed
from api.rules.clock import utcnow
from api.rules.logins import RECOVERY_CODES

ISSUER = "Kerben"
_ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"
_CODE_LENGTH = 16
_STEP_SECONDS = 30


class Enrolment(NamedTuple):
    """What an authenticator app is given."""

    secret: str
    uri: str


def has_any(session: Session, person: Person) -> bool:
    """True for who has a second factor."""
    keys = select(func.count()).select_from(Passkey).where(Passkey.person_id == person.id)
    return person.totp_confirmed_at is not None or session.exec(keys).one() > 0


def require_fresh_if_any(session: Session, visit: Visit, person: Person) -> None:
    """Whoever has a second factor shows it before another is added or one is taken away.

    Raises SecondFactorRequired.
    """
    if has_any(session, person):
        visit.require_second_factor()


def enrol_totp(session: Session, visit: Visit) -> Enrolment:
    """A new secret for an authenticator app, in use once a code of it is confirmed."""
    person = accounts.get(session, visit.person_id)
    require_fresh_if_any(session, visit, person)
    if person.totp_confirmed_at is not None:
        raise Conflict("There is one already: remove it first.")
    secret = pyotp.random_base32()
    person.totp_secret = encryption.lock(secret, person.id)
    person.totp_step = 0
    return Enrolment(
        secret, pyotp.TOTP(secret).provisioning_uri(name=person.email, issuer_name=ISSUER)
    )


def confirm_totp(session: Session, visit: Visit, *, org_id: UUID, code: str) -> list[str]:
    """Take the app's secret into use by its first code; ten new recovery codes.

    The code counts as the second factor of this session. Raises AttemptFailed, Conflict.
    """
    person = accounts.get(session, visit.person_id)
    if person.totp_secret is None or person.totp_confirmed_at is not None:
        raise Conflict("There is nothing to confirm.")
    if not _matches(person, code):
        raise AttemptFailed
    person.totp_confirmed_at = utcnow()
    _mark(session, visit)
    sessions.note(session, person.id, org_id, "add_second_factor", kind="totp")
    return new_recovery_codes(session, person)


def remove_totp(session: Session, visit: Visit, *, org_id: UUID) -> None:
    """Forget the app's secret; needs a fresh second factor. Repeating it changes nothing."""
    person = accounts.get(session, visit.person_id)
    require_fresh_if_any(session, visit, person)
    if person.totp_secret is not None:
        person.totp_confirmed_at = None
        session.flush()
        person.totp_secret = None
        sessions.note(session, person.id, org_id, "remove_second_factor", kind="totp")


def verify_code(session: Session, visit: Visit, *, org_id: UUID, code: str) -> None:
    """Show a code of the app, or a recovery code, each good once. Raises AttemptFailed."""
    person = accounts.get(session, visit.person_id)
    if person.totp_confirmed_at is not None and _matches(person, code):
        _mark(session, visit)
        return
    query = select(RecoveryCode).where(
        RecoveryCode.person_id == person.id,
        RecoveryCode.code_hash == _hashed(person.id, code),
        col(RecoveryCode.used_at).is_(None),
    )
    found = session.exec(query.with_for_update()).one_or_none()
    if found is None:
        raise AttemptFailed
    found.used_at = utcnow()
    _mark(session, visit)
    sessions.note(session, person.id, org_id, "use_recovery_code")


def new_recovery_codes(session: Session, person: Person) -> list[str]:
    """Ten codes in the place of all earlier ones; only their HMACs are kept."""
    for row in session.exec(select(RecoveryCode).where(RecoveryCode.person_id == person.id)).all():
        session.delete(row)
    codes = [
        "".join(secrets.choice(_ALPHABET) for _ in range(_CODE_LENGTH))
        for _ in range(RECOVERY_CODES)
    ]
    rows = [
        bulk.new_row(person_id=person.id, code_hash=_hashed(person.id, code), used_at=None)
        for code in codes
    ]
    session.flush()
    bulk.insert(session, RecoveryCode, rows)
    return codes


def _matches(person: Person, code: str) -> bool:
    """True for a code of now, or of the half minute before or after, that was not taken yet."""
    assert person.totp_secret is not None
    totp = pyotp.TOTP(encryption.unlock(person.totp_secret, person.id))
    now = int(time.time()) // _STEP_SECONDS
    for step in (now - 1, now, now + 1):
        if step > person.totp_step and secrets.compare_digest(
            totp.at(step * _STEP_SECONDS).encode(), code.encode()
        ):
            person.totp_step = step
            return True
    return False


def _mark(session: Session, visit: Visit) -> None:
    sessions.current(session, visit).second_factor_at = utcnow()


def _hashed(person_id: UUID, code: str) -> str:
    return credentials.hashed(f"recovery|{person_id.hex}|{code.strip().lower()}")
