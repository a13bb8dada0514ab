"""Accounts of people: invitations, passwords. Never commits: the caller owns the transaction."""

from datetime import timedelta
from typing import NamedTuple
from uuid import UUID

from sqlmodel import Session, col, select

from api.core import audit, db
from api.core.errors import Conflict, NotFound, Unauthorized, refused
from api.identity import credentials, passwords
from api.identity.models import (
    Member,
    OneTimeToken,
    Passkey,
    Person,
    RecoveryCode,
    TokenPurpose,
)
from api.identity.service import sessions
from api.identity.service.callers import Visit
from api.identity.service.throttle import AttemptFailed
from api.rules.clock import utcnow
from api.rules.logins import INVITATION_LIFETIME, RESET_LIFETIME


class AccountExists(Conflict):
    """Somebody has an account with this address: they log in with it, and join from there."""

    code, title = "account_exists", "There is an account with this address; log in to join"


class ActsElsewhere(Conflict):
    """The person acts for other organisations too, which one of them must not decide over."""

    code, title = "acts_elsewhere", "The person acts for other organisations too"


class Found(NamedTuple):
    """What a login needs of an account: nothing for an address without one."""

    person_id: UUID | None
    password_hash: str | None


def find(session: Session, email: str) -> Found:
    """The account with an address, if somebody may log in to it with a password."""
    db.scope(session, proof=email)
    person = session.exec(select(Person).where(Person.email == email)).one_or_none()
    if person is None or person.disabled_at is not None:
        return Found(None, None)
    return Found(person.id, person.password_hash)


def get(session: Session, person_id: UUID) -> Person:
    """The person who has proved to be it, locked."""
    db.scope(session, person_id=str(person_id))
    return session.exec(select(Person).where(Person.id == person_id).with_for_update()).one()


def invite(
    session: Session, *, org_id: UUID, actor: str, member_id: UUID
) -> tuple[OneTimeToken, str]:
    """A token with which the person joins; an earlier one is void. Conflict once they have."""
    member = _member(session, org_id, member_id)
    if member.person_id is not None:
        raise Conflict("The member has joined already.")
    return _token(session, member, TokenPurpose.INVITATION, INVITATION_LIFETIME, actor)


def offer_reset(
    session: Session, *, org_id: UUID, actor: str, member_id: UUID, clears_second_factors: bool
) -> tuple[OneTimeToken, str]:
    """A token with which a member chooses a new password, and loses their second factors if asked.

    Raises Conflict before they have joined, ActsElsewhere when they act for others as well: whom
    one organisation could let into an account, it could let into the others'.
    """
    member = _member(session, org_id, member_id)
    if member.person_id is None:
        raise Conflict("The member has not joined yet: invite them.")
    token = _token(session, member, TokenPurpose.PASSWORD_RESET, RESET_LIFETIME, actor)
    token[0].clears_second_factors = clears_second_factors
    return token


def join(session: Session, *, token: str, name: str | None, password: str) -> Person:
    """Make the account of who was invited. Raises Unauthorized for a token that is not good (any
    more), AccountExists, Invalid for a weak password."""
    used, member = _redeemed(session, token, TokenPurpose.INVITATION)
    if find(session, member.email).person_id is not None:
        raise AccountExists
    _refuse_weak(password, member.email, name or member.name)
    db.scope(session, proof=used.token_hash)
    return _new(session, member, name=name, password_hash=passwords.hash(password))


def join_as(session: Session, visit: Visit, *, org_id: UUID, token: str) -> Member:
    """Join another organisation with the account that one is logged in with.

    Row-level security is narrowed to the caller's organisation, `org_id`, again afterwards.
    Raises Unauthorized for a token that is not good (any more).
    """
    used, member = _redeemed(session, token, TokenPurpose.INVITATION)
    member.person_id = visit.person_id
    session.flush()
    sessions.note(session, visit.person_id, used.org_id, "join", member=member.id.hex)
    session.flush()
    db.scope(session, org_id=str(org_id))
    return member


def reset_password(session: Session, *, token: str, password: str) -> None:
    """Set a new password by a token, and end every session of the account. Raises Unauthorized,
    Invalid, ActsElsewhere."""
    used, member = _redeemed(session, token, TokenPurpose.PASSWORD_RESET)
    assert member.person_id is not None
    person = get(session, member.person_id)
    if {each.org_id for each in sessions.memberships(session, person.id)} - {used.org_id}:
        raise ActsElsewhere
    _refuse_weak(password, person.email, person.name)
    person.password_hash = passwords.hash(password)
    if used.clears_second_factors:
        clear_second_factors(session, person)
    ended = sessions.revoke_of_person(session, person.id)
    sessions.note(
        session,
        person.id,
        used.org_id,
        "reset_password",
        sessions=ended,
        second_factors_cleared=used.clears_second_factors,
    )


def change_password(session: Session, visit: Visit, *, org_id: UUID, old: str, new: str) -> None:
    """Replace one's password, and end one's other sessions. AttemptFailed for a wrong old one."""
    person = get(session, visit.person_id)
    if not passwords.verify(person.password_hash, old):
        raise AttemptFailed
    _refuse_weak(new, person.email, person.name)
    person.password_hash = passwords.hash(new)
    ended = sessions.revoke_of_person(session, person.id, but=visit.session_id)
    sessions.note(session, person.id, org_id, "change_password", sessions=ended)


def clear_second_factors(session: Session, person: Person) -> None:
    """Forget every second factor of a person."""
    person.totp_secret = person.totp_confirmed_at = None
    for kind in (Passkey, RecoveryCode):
        for row in session.exec(select(kind).where(col(kind.person_id) == person.id)).all():
            session.delete(row)
    session.flush()


def enrol(session: Session, members: list[Member]) -> Person:
    """The account of members whom a provider vouches for; without a password."""
    first, *others = members
    person = _new(session, first, name=None, password_hash=None)
    for member in others:
        member.person_id = person.id
    session.flush()
    return person


def _new(
    session: Session, member: Member, *, name: str | None, password_hash: str | None
) -> Person:
    person = Person(email=member.email, name=name or member.name, password_hash=password_hash)
    db.scope(session, person_id=str(person.id))
    session.add(person)
    session.flush()
    member.person_id = person.id
    session.flush()
    sessions.note(session, person.id, member.org_id, "join", member=member.id.hex)
    return person


def _member(session: Session, org_id: UUID, member_id: UUID) -> Member:
    query = select(Member).where(Member.id == member_id, Member.org_id == org_id)
    member = session.exec(query.with_for_update()).one_or_none()
    if member is None:
        raise NotFound
    if member.removed_at is not None:
        raise Conflict("The member has been removed.")
    return member


def _token(
    session: Session, member: Member, purpose: TokenPurpose, lifetime: timedelta, actor: str
) -> tuple[OneTimeToken, str]:
    now = utcnow()
    earlier = select(OneTimeToken).where(
        OneTimeToken.member_id == member.id, col(OneTimeToken.used_at).is_(None)
    )
    for row in session.exec(earlier).all():
        row.used_at = now
    secret = credentials.new_secret(credentials.ONE_TIME)
    token = OneTimeToken(
        org_id=member.org_id,
        member_id=member.id,
        purpose=purpose,
        token_hash=secret.hash,
        expires_at=now + lifetime,
    )
    session.add(token)
    audit.record(
        session,
        f"organisation:{member.org_id.hex}",
        f"offer_{purpose}",
        actor=actor,
        org_id=member.org_id,
        change={"member": member.id.hex},
    )
    return token, secret.text


def _redeemed(session: Session, token: str, purpose: TokenPurpose) -> tuple[OneTimeToken, Member]:
    """The token, used from now on, and its member; row-level security narrowed to its
    organisation."""
    proof = credentials.hashed(token)
    db.scope(session, proof=proof)
    query = select(OneTimeToken).where(OneTimeToken.token_hash == proof).with_for_update()
    found = session.exec(query).one_or_none()
    if (
        found is None
        or found.purpose is not purpose
        or found.used_at is not None
        or found.expires_at <= utcnow()
    ):
        raise Unauthorized("The token is not known, was used or has expired.")
    found.used_at = utcnow()
    session.flush()
    db.scope(session, org_id=str(found.org_id))
    member = session.get_one(Member, found.member_id, with_for_update=True)
    if member.removed_at is not None:
        raise Unauthorized("The token is not known, was used or has expired.")
    return found, member


def _refuse_weak(password: str, *known: str) -> None:
    weakness = passwords.weakness(password, *known)
    if weakness is not None:
        raise refused("#/password", "weak_password", weakness)
