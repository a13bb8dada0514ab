"""Invitations: a buyer asks a seller to take part, the seller answers."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import or_
from sqlmodel import Session, col, select

from api.core import audit, db, pages
from api.core.errors import AlreadyExists, Conflict, NotFound, refused
from api.core.outbox import emit
from api.core.pages import PageQuery
from api.identity import debarments
from api.identity import service as identity
from api.matching import standings
from api.matching.models import DemandItem, Invitation
from api.matching.schemas import InvitationIn
from api.rules.clock import local_date
from api.rules.invitations import INVITATION, InvitationStatus
from api.rules.matching import RequestKind
from api.rules.organisations import MAY_ACT
from api.rules.permissions import SELLERS
from api.rules.scorecards import Act
from api.rules.states import IllegalTransition


class SupplierCannotBid(Conflict):
    """The organisation sells nothing here, is suspended, or is debarred."""

    code, title = "supplier_cannot_bid", "This supplier cannot take part"


class RequestClosed(Conflict):
    """The request no longer takes offers."""

    code, title = "request_closed", "The request is closed"


def invite(
    session: Session, *, buyer_id: UUID, actor: str, tender_id: UUID, data: InvitationIn
) -> Invitation:
    """Ask a seller to take part in a published tender of the buyer's, or in one of its lots.

    Raises NotFound for another's tender, Invalid for a lot that is not of it, RequestClosed,
    SupplierCannotBid, SupplierBelowPolicy when a rule of the buyer's about scorecards prevents it,
    and AlreadyExists when the seller has been asked already.
    """
    items = session.exec(
        select(DemandItem).where(
            DemandItem.tender_id == tender_id,
            DemandItem.buyer_id == buyer_id,
            DemandItem.kind == RequestKind.TENDER,
        )
    ).all()
    if not items:
        raise NotFound
    if data.lot_id is not None and data.lot_id not in {item.lot_id for item in items}:
        raise refused("#/lot_id", "unknown_lot", "The tender has no such lot.")
    if all(item.closed_at for item in items):
        raise RequestClosed
    _check_seller(session, buyer_id, data.seller_id)
    same_lot = (
        col(Invitation.lot_id).is_(None)
        if data.lot_id is None
        else col(Invitation.lot_id) == data.lot_id
    )
    known = session.exec(
        select(Invitation.id).where(
            Invitation.tender_id == tender_id, Invitation.seller_id == data.seller_id, same_lot
        )
    ).first()
    if known is not None:
        raise AlreadyExists("This supplier has been invited already.")
    standings.require(session, buyer_id=buyer_id, seller_ids=[data.seller_id], act=Act.INVITATION)
    invitation = Invitation(
        tender_id=tender_id,
        lot_id=data.lot_id,
        buyer_id=buyer_id,
        seller_id=data.seller_id,
        message=data.message or None,
    )
    session.add(invitation)
    session.flush()
    _log(session, invitation, "invite", actor, None)
    return invitation


def answer(
    session: Session,
    *,
    seller_id: UUID,
    actor: str,
    invitation_id: UUID,
    action: str,
    reason: str | None,
) -> Invitation:
    """Accept or decline an invitation of the seller's; Conflict when its state forbids it."""
    query = select(Invitation).where(
        Invitation.id == invitation_id, Invitation.seller_id == seller_id
    )
    invitation = session.exec(query.with_for_update()).one_or_none()
    if invitation is None:
        raise NotFound
    invitation.answered_at = db.now(session)
    _move(session, invitation, action, actor, reason)
    return invitation


def withdraw(
    session: Session, *, buyer_id: UUID, actor: str, invitation_id: UUID, reason: str | None
) -> Invitation:
    """Take an invitation back; Conflict after it was declined or withdrawn."""
    query = select(Invitation).where(
        Invitation.id == invitation_id, Invitation.buyer_id == buyer_id
    )
    invitation = session.exec(query.with_for_update()).one_or_none()
    if invitation is None:
        raise NotFound
    _move(session, invitation, "withdraw", actor, reason)
    return invitation


def withdraw_all(session: Session, tender_id: UUID, *, actor: str, reason: str) -> None:
    """Take back what is open of a tender that was cancelled."""
    query = select(Invitation).where(
        Invitation.tender_id == tender_id,
        col(Invitation.status).in_([InvitationStatus.INVITED, InvitationStatus.ACCEPTED]),
    )
    for invitation in session.exec(query.order_by(col(Invitation.id)).with_for_update()).all():
        _move(session, invitation, "withdraw", actor, reason)


def list_invitations(
    session: Session,
    page: PageQuery,
    *,
    org_id: UUID,
    status: InvitationStatus | None,
    tender_id: UUID | None,
) -> tuple[Sequence[Invitation], str | None]:
    """Invitations that the organisation sent or received, newest first."""
    query = select(Invitation).where(
        or_(col(Invitation.buyer_id) == org_id, col(Invitation.seller_id) == org_id)
    )
    if status is not None:
        query = query.where(Invitation.status == status)
    if tender_id is not None:
        query = query.where(Invitation.tender_id == tender_id)
    filters = {"status": status, "tender": tender_id}
    scope = f"invitations:{org_id.hex}"
    return pages.newest_first(session, query, Invitation, page, scope=scope, filters=filters)


def _check_seller(session: Session, buyer_id: UUID, seller_id: UUID) -> None:
    try:
        seller = identity.get_organisation(session, seller_id)
    except NotFound as error:
        raise refused("#/seller_id", "unknown_organisation", "No such organisation.") from error
    today = local_date(db.now(session))
    sells = not SELLERS.isdisjoint(seller.roles) and seller_id != buyer_id
    if not sells or seller.status not in MAY_ACT or debarments.standing(session, seller_id, today):
        raise SupplierCannotBid


def _move(
    session: Session, invitation: Invitation, action: str, actor: str, reason: str | None
) -> None:
    """The one place that writes `invitation.status`."""
    try:
        invitation.status = INVITATION.apply(action, invitation.status)
    except IllegalTransition as error:
        raise Conflict(str(error)) from error
    invitation.reason = reason
    invitation.version += 1
    session.add(invitation)
    _log(session, invitation, action, actor, reason)


_EVENTS = {
    "invite": "invitation.sent",
    "accept": "invitation.accepted",
    "decline": "invitation.declined",
    "withdraw": "invitation.withdrawn",
}


def _log(
    session: Session, invitation: Invitation, action: str, actor: str, reason: str | None
) -> None:
    """Each side writes its own stream, since it cannot read the other's to go on from it."""
    answered = action in ("accept", "decline")
    acting = invitation.seller_id if answered else invitation.buyer_id
    receiver = invitation.buyer_id if answered else invitation.seller_id
    change = {
        "tender": invitation.tender_id.hex,
        "seller": invitation.seller_id.hex,
        "status": invitation.status.value,
        "reason": reason,
    }
    stream = f"invitation:{invitation.id.hex}" + (":answer" if answered else "")
    audit.record(session, stream, action, actor=actor, org_id=acting, change=change)
    emit(
        session,
        _EVENTS[action],
        invitation.id,
        org_id=acting,
        also=[receiver],
        tender_id=invitation.tender_id.hex,
        receiver_id=receiver.hex,
        version=invitation.version,
    )
