"""The daily mail about requests that a seller's offers answer: asked for, sent, stopped.

It tells what sellers were alerted of, so that the quota of alerts of a plan counts for it too, each
request once, at most one mail a day, and none on a day with nothing new. Never commits.
"""

import hashlib
import hmac
from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy.dialects.postgresql import distinct_on
from sqlmodel import Session, col, select, update
from sqlmodel.sql.expression import SelectOfScalar

from api.core import audit, db, deadlines, ids, mail, settings
from api.core.errors import AlreadyExists, Conflict, NotFound, refused
from api.identity.models import Member
from api.identity.service import notices
from api.matching import codec
from api.matching.digest_models import RequestDigest
from api.matching.models import DemandItem, Match, MatchAlert
from api.rules import digests as rules
from api.rules.clock import local_date

DUE = "request_digest.due"
TEMPLATE = "requests_digest"
LISTED = 30
"""Requests that a mail names; of more it says how many there are."""
_TITLE_LENGTH = 160


class _Told(NamedTuple):
    """A request for the mail, and when its seller was alerted of it."""

    alert_id: UUID
    alerted_at: datetime
    shown: dict[str, Any]


def subscribe(session: Session, *, org_id: UUID, actor: str, member_id: UUID) -> RequestDigest:
    """Send a member of the organisation the digest from tomorrow on, of what comes from now on.

    Raises Invalid for who is not a member that has joined, AlreadyExists.
    """
    member = session.exec(
        select(Member).where(
            Member.id == member_id,
            Member.org_id == org_id,
            col(Member.person_id).is_not(None),
            col(Member.removed_at).is_(None),
        )
    ).one_or_none()
    if member is None:
        detail = "No member of yours that has joined"
        raise refused("#/member_id", "unknown_member", detail)
    if session.exec(_living(org_id).where(RequestDigest.member_id == member_id)).first():
        raise AlreadyExists("This member gets the digest already.")
    digest = RequestDigest(org_id=org_id, member_id=member_id)
    session.add(digest)
    _log(session, digest, "subscribe", actor)
    deadlines.arm(session, DUE, org_id, rules.next_morning(db.now(session)), org_id=org_id)
    return digest


def list_digests(session: Session, *, org_id: UUID) -> Sequence[RequestDigest]:
    """Who of the organisation gets the digest, in order."""
    return session.exec(_living(org_id).order_by(col(RequestDigest.id))).all()


def hold(session: Session, *, org_id: UUID, digest_id: UUID) -> RequestDigest:
    """A subscription of the organisation's, locked; NotFound."""
    query = select(RequestDigest).where(
        RequestDigest.id == digest_id, RequestDigest.org_id == org_id
    )
    found = session.exec(query.with_for_update()).one_or_none()
    if found is None:
        raise NotFound
    return found


def stop(session: Session, digest: RequestDigest, *, actor: str) -> RequestDigest:
    """Send no more. Raises Conflict when it was stopped before."""
    if digest.stopped_at is not None:
        raise Conflict("The digest was stopped before.")
    digest.stopped_at = db.now(session)
    digest.version += 1
    session.add(digest)
    _log(session, digest, "stop", actor)
    return digest


def unsubscribe(token: str) -> None:
    """Stop the digest that a link of a mail is of (RFC 8058), in a transaction of its own; told
    again, nothing happens. NotFound for a link that is not ours."""
    digest_id, org_id = UUID(hex=token[:32]), UUID(hex=token[32:64])
    if not hmac.compare_digest(token, _token(digest_id, org_id)):
        raise NotFound
    with db.unit_of_work(org_id) as session:
        digest = hold(session, org_id=org_id, digest_id=digest_id)
        if digest.stopped_at is None:
            stop(session, digest, actor="mail")


def send_due(session: Session, org_id: UUID) -> int:
    """Write to the members of a seller that asked for it; how many mails. For the workers, every
    morning while anybody wants it."""
    query = _living(org_id).order_by(col(RequestDigest.id)).with_for_update()
    wanting = session.exec(query).all()
    if not wanting:
        return 0
    now = db.now(session)
    deadlines.arm(session, DUE, org_id, rules.next_morning(now), org_id=org_id)
    if not mail.enabled():
        return 0
    today = local_date(now)
    told = _untold(session, org_id)
    sent = 0
    for digest in wanting:
        news = [each.shown for each in told if each.alerted_at > digest.created_at]
        if not news or digest.sent_on == today:
            continue
        link = f"{settings.get().base_url}/public/unsubscribe/{_token(digest.id, org_id)}"
        values = {"requests": news[:LISTED], "count": len(news), "unsubscribe": link}
        values["base_url"] = settings.get().base_url
        notices.write_to(session, digest.member_id, org_id, TEMPLATE, values, unsubscribe=link)
        digest.sent_on = today
        session.add(digest)
        sent += 1
    if sent:
        session.exec(
            update(MatchAlert)
            .where(col(MatchAlert.id).in_([each.alert_id for each in told]))
            .values(digested_at=now)
        )
    return sent


def _untold(session: Session, org_id: UUID) -> list[_Told]:
    """Open requests that the seller was alerted of and no mail has named, each by its item that an
    offer answers best; the newest alert first."""
    query = (
        select(MatchAlert, DemandItem)
        .join(DemandItem, col(DemandItem.tender_id) == MatchAlert.tender_id)
        .join(Match, col(Match.item_id) == DemandItem.item_id)
        .where(
            MatchAlert.seller_id == org_id,
            col(MatchAlert.digested_at).is_(None),
            Match.seller_id == org_id,
            col(DemandItem.public),
            col(DemandItem.closed_at).is_(None),
        )
        .ext(distinct_on(col(MatchAlert.id)))
        .order_by(col(MatchAlert.id), col(Match.rank))
    )
    found = [
        _Told(alert.id, alert.created_at, _shown(alert, item))
        for alert, item in session.exec(query)
    ]
    return found[::-1]


def _shown(alert: MatchAlert, item: DemandItem) -> dict[str, Any]:
    demand = codec.demand_in(item.content)
    return {
        "titles": {k: " ".join(text.split())[:_TITLE_LENGTH] for k, text in demand.texts.items()},
        "quantity": f"{demand.quantity.normalize():f}",
        "unit": demand.unit_code,
        "ordered_on": demand.ordered_on.isoformat(),
        "place": demand.delivery_place_code or demand.delivery_country,
        "path": f"/v1/{item.kind.value}s/{ids.show(item.kind.value, alert.tender_id)}",
        "offers": alert.offers,
    }


def _living(org_id: UUID) -> SelectOfScalar[RequestDigest]:
    return select(RequestDigest).where(
        RequestDigest.org_id == org_id, col(RequestDigest.stopped_at).is_(None)
    )


def _token(digest_id: UUID, org_id: UUID) -> str:
    """What proves that a link is out of our mail: the ids, and a tag by the installation's secret."""
    named = digest_id.hex + org_id.hex
    key = settings.get().secret_key.get_secret_value().encode()
    return named + hmac.new(key, f"request_digest:{named}".encode(), hashlib.sha256).hexdigest()


def _log(session: Session, digest: RequestDigest, action: str, actor: str) -> None:
    session.flush()
    audit.record(
        session,
        f"request_digest:{digest.id.hex}",
        action,
        actor=actor,
        org_id=digest.org_id,
        change={"member": digest.member_id.hex},
    )
