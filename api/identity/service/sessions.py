"""Logins of people. Never commits: the caller owns the transaction."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from sqlmodel import Session, col, select

from api.core import audit, db, settings
from api.core.errors import Forbidden, NotFound
from api.identity import credentials
from api.identity.models import LoginMethod, LoginSession, Member, Person
from api.identity.service.callers import Visit
from api.rules.clock import utcnow


class NoMembership(Forbidden):
    """The person acts for no organisation, or not for the one that was named."""

    code, title = "no_membership", "You are not a member of that organisation"


class Device(NamedTuple):
    """What a session was begun from."""

    ip: str | None
    user_agent: str | None


class Begun(NamedTuple):
    """A session and its token, which is nowhere kept."""

    row: LoginSession
    token: str


def begin(
    session: Session,
    person: Person,
    *,
    method: LoginMethod,
    device: Device,
    org_id: UUID | None = None,
    confined: bool = False,
    second_factor_at: datetime | None = None,
) -> Begun:
    """Log a person in who has proved who they are, for one organisation or the one they joined
    first. Raises NoMembership."""
    db.scope(session, person_id=str(person.id))
    member = _membership(session, person.id, org_id)
    db.scope(session, org_id=str(member.org_id))
    secret, now = credentials.new_secret(credentials.SESSION), utcnow()
    row = LoginSession(
        person_id=person.id,
        member_id=member.id,
        org_id=member.org_id,
        token_hash=secret.hash,
        method=method,
        confined=confined,
        ip=device.ip,
        user_agent=device.user_agent[:300] if device.user_agent else None,
        second_factor_at=second_factor_at,
        last_used_at=now,
        expires_at=now + timedelta(seconds=settings.get().session_seconds),
    )
    session.add(row)
    session.flush()
    note(session, person.id, member.org_id, "log_in", login=row.id.hex, method=method)
    return Begun(row, secret.text)


def current(session: Session, visit: Visit) -> LoginSession:
    """The session of the request, locked."""
    query = select(LoginSession).where(LoginSession.id == visit.session_id)
    return session.exec(query.with_for_update()).one()


def memberships(session: Session, person_id: UUID) -> Sequence[Member]:
    """The organisations that a person acts for, in the order of joining."""
    query = select(Member).where(Member.person_id == person_id, col(Member.removed_at).is_(None))
    return session.exec(query.order_by(col(Member.id))).all()


def switch(session: Session, visit: Visit, org_id: UUID) -> LoginSession:
    """Act for another of one's organisations from the next request on; NoMembership also for a
    session that an organisation's own provider vouched for."""
    row = current(session, visit)
    before = row.org_id
    if row.confined:
        raise NoMembership
    member = _membership(session, visit.person_id, org_id)
    row.member_id, row.org_id = member.id, member.org_id
    session.flush()
    db.scope(session, org_id=str(member.org_id))
    note(session, visit.person_id, member.org_id, "switch", login=row.id.hex)
    session.flush()
    db.scope(session, org_id=str(before))
    return row


def live_of(session: Session, person_id: UUID) -> Sequence[LoginSession]:
    """The sessions of a person that are not over, newest first."""
    query = select(LoginSession).where(
        LoginSession.person_id == person_id,
        col(LoginSession.revoked_at).is_(None),
        LoginSession.expires_at > utcnow(),
    )
    return session.exec(query.order_by(col(LoginSession.id).desc())).all()


def revoke(session: Session, visit: Visit, session_id: UUID) -> LoginSession:
    """End one of one's own sessions: its next request is refused. NotFound for others'."""
    query = select(LoginSession).where(
        LoginSession.id == session_id, LoginSession.person_id == visit.person_id
    )
    row = session.exec(query.with_for_update()).one_or_none()
    if row is None:
        raise NotFound
    if row.revoked_at is None:
        row.revoked_at = utcnow()
        note(session, visit.person_id, row.org_id, "log_out", login=row.id.hex)
    return row


def revoke_of_person(session: Session, person_id: UUID, *, but: UUID | None = None) -> int:
    """End every session of a person but one; how many there were."""
    found = [row for row in live_of(session, person_id) if row.id != but]
    for row in found:
        row.revoked_at = utcnow()
    return len(found)


def revoke_of_member(session: Session, member_id: UUID) -> int:
    """End every session in which a person acts for an organisation; how many there were."""
    query = select(LoginSession).where(
        LoginSession.member_id == member_id, col(LoginSession.revoked_at).is_(None)
    )
    found = session.exec(query.with_for_update()).all()
    for row in found:
        row.revoked_at = utcnow()
    return len(found)


def note(session: Session, person_id: UUID, org_id: UUID, action: str, **change: object) -> None:
    """An entry of a person's trail with an organisation: each reads its own, and no other's."""
    actor = f"person:{person_id.hex}"
    stream = f"{actor}@{org_id.hex}"
    audit.record(session, stream, action, actor=actor, org_id=org_id, change=change)


def _membership(session: Session, person_id: UUID, org_id: UUID | None) -> Member:
    for member in memberships(session, person_id):
        if org_id in (None, member.org_id):
            return member
    raise NoMembership
