"""The people of an organisation. Never commits: the caller owns the transaction."""

from uuid import UUID

from sqlmodel import Session, col, select

from api.core import audit
from api.core.errors import AlreadyExists
from api.identity.models import Member
from api.identity.schemas import MemberIn


def add_member(session: Session, *, org_id: UUID, actor: str, data: MemberIn) -> Member:
    """Add a person to the caller's organisation; AlreadyExists for a known address."""
    known = session.exec(
        select(Member.id).where(Member.org_id == org_id, Member.email == data.email)
    ).one_or_none()
    if known is not None:
        raise AlreadyExists("A member with this e-mail address exists already.")
    member = Member(org_id=org_id, **data.model_dump())
    session.add(member)
    audit.record(
        session,
        f"organisation:{org_id.hex}",
        "add_member",
        actor=actor,
        org_id=org_id,
        change={"member": member.id.hex, "role": data.role},
    )
    return member


def list_members(session: Session, org_id: UUID) -> list[Member]:
    """The organisation's people, in the order in which they joined."""
    query = select(Member).where(Member.org_id == org_id)
    return list(session.exec(query.order_by(col(Member.id))).all())
