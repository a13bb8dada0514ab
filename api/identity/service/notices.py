"""Mails to the people of an organisation, each by a job of its own. Never commits."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

import structlog
from sqlmodel import Session, col, select

from api.core import jobs, mail, messages
from api.core.jobs import Job
from api.identity.models import Member, Organisation
from api.rules.permissions import SCOPES

TASK = "mail.send"
log = structlog.get_logger(__name__)


def notify(
    session: Session, org_id: UUID, scope: str, template: str, values: Mapping[str, Any]
) -> int:
    """Have a mail sent to each member who may do something about it; how many there are.

    Only people who have joined are written to: an address that its owner has not used yet proves
    nothing. Without a server for mail nobody is.
    """
    if not mail.enabled():
        log.info("mail is off: nobody is told", template=template, org_id=str(org_id))
        return 0
    query = select(Member.id).where(
        Member.org_id == org_id,
        col(Member.role).in_(SCOPES[scope][1]),
        col(Member.person_id).is_not(None),
        col(Member.removed_at).is_(None),
    )
    members = session.exec(query.order_by(col(Member.id))).all()
    for member_id in members:
        args = {"member_id": member_id.hex, "template": template, "values": dict(values)}
        jobs.enqueue(session, TASK, args, account=org_id)
    return len(members)


def write_to(
    session: Session,
    member_id: UUID,
    org_id: UUID,
    template: str,
    values: Mapping[str, Any],
    *,
    unsubscribe: str,
) -> None:
    """Have a mail sent to one member who asked for it, with the link that stops such mails."""
    args = {"member_id": member_id.hex, "template": template, "values": dict(values)}
    jobs.enqueue(session, TASK, args | {"unsubscribe": unsubscribe}, account=org_id)


def send(session: Session, job: Job) -> bool:
    """Send the mail of a job; its result says what became of it. Raises MailUnavailable.

    A member who was removed meanwhile is not written to.
    """
    member = session.get(Member, UUID(hex=job.args["member_id"]))
    if member is None or member.removed_at is not None:
        job.result = {"sent": False, "reason": "removed"}
        return True
    organisation = session.get_one(Organisation, member.org_id)
    language = next((each for each in organisation.languages if each in messages.LANGUAGES), "en")
    names = organisation.legal_name
    known = names.get(language) or next(iter(names.values()))
    values = {"organisation": known, "language": language}
    subject, text = mail.written(job.args["template"], language, values | job.args["values"])
    try:
        mail.send(
            key=job.id.hex,
            to=member.email,
            subject=subject,
            text=text,
            language=language,
            at=job.created_at,
            unsubscribe=job.args.get("unsubscribe"),
        )
    except mail.MailRefused as error:
        log.warning("mail refused", job=job.id.hex, answer=str(error))
        job.result = {"sent": False, "reason": str(error)}
    else:
        job.result = {"sent": True}
    return True
