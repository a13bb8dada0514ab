"""The opening of bids: a session, the shares of its openers, and then, in one transaction of a
worker, every bid. Never commits: the caller owns the transaction.
"""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement
from sqlmodel import Session, col, or_, select

from api.core import audit, db, ids
from api.core.errors import Conflict, NotFound
from api.core.outbox import emit
from api.identity import service as identity
from api.identity.service import Caller
from api.procurement.models import (
    BidOpening,
    BidRoot,
    OpenerKey,
    OpeningShare,
    Tender,
    TenderKey,
    TenderKeyHolder,
)
from api.procurement.sealing import installation, opening
from api.procurement.sealing.documents import unbase64
from api.procurement.sealing.keys import Identity
from api.procurement.sealing.problems import CiphertextRefused, NotAHolder, ShareDuplicated
from api.procurement.service import periods, tender_keys
from api.procurement.service.bid_problems import (
    OpeningExists,
    OpeningHeldUp,
    OpeningOver,
    OpeningTooEarly,
    RootNotPublished,
    ShareNotYours,
)
from api.rules.bids import OPENING, OpenerRole, OpeningStatus
from api.rules.policy import SealingMode
from api.rules.sealing import EnvelopeKind
from api.rules.states import IllegalTransition
from api.rules.tenders import TENDER, has_ended

READY = "opening.ready"


def start(session: Session, tender: Tender, *, actor: str, kind: EnvelopeKind) -> BidOpening:
    """A session for the opening of one kind of envelopes of the buyer's tender, which is locked.

    Raises Conflict before its time in the procedure, RootNotPublished, OpeningTooEarly,
    OpeningHeldUp, or OpeningExists.
    """
    keys = {key.kind: key for key in tender_keys.keys_of(session, tender.id)}
    if kind not in keys:
        raise NotFound
    action = action_of(kind, two_envelopes=len(keys) > 1)
    if action not in TENDER.allowed(tender.status_details):
        raise Conflict(f"Cannot {action.replace('_', ' ')} while {tender.status_details}.")
    root = session.exec(
        select(BidRoot).where(BidRoot.tender_id == tender.id, BidRoot.kind == kind)
    ).one_or_none()
    if root is None:
        raise RootNotPublished
    key, end = keys[kind], tender.tender_period_end
    opens_at = max(at for at in (end, key.opens_at) if at is not None)
    if not has_ended(opens_at, db.now(session)):
        raise OpeningTooEarly(f"Not before {opens_at.isoformat()}.")
    _refuse_held_up(session, tender.id)
    if _live(session, tender.id, kind) is not None:
        raise OpeningExists
    found = BidOpening(
        tender_id=tender.id,
        kind=kind,
        mode=key.mode,
        threshold=key.threshold,
        root=root.root,
    )
    if key.mode is SealingMode.CLIENT:
        own = Identity.generate()
        found.recipient, found.identity = own.recipient, installation.wrap(own)
    session.add(found)
    session.flush()
    _log(session, found, "start", tender.buyer_id, actor)
    return found


def release(
    session: Session,
    *,
    opening_id: UUID,
    caller: Caller,
    released: str | None,
) -> BidOpening:
    """Take a holder's share, or its consent where there is no key to share.

    With enough of them the opening is ready, and a worker opens the bids. Raises NotFound,
    OpeningHeldUp, OpeningOver, NotAHolder, ShareNotYours, ShareDuplicated, or as `opening.accept` does.
    """
    found = session.exec(
        select(BidOpening).where(BidOpening.id == opening_id).with_for_update()
    ).one_or_none()
    if found is None:
        raise NotFound
    if found.status is not OpeningStatus.COLLECTING:
        raise OpeningOver(f"The opening is {found.status}.")
    tender = session.get_one(Tender, found.tender_id)
    _refuse_held_up(session, tender.id)
    holder, number = _holder(session, found, tender, caller)
    given = session.exec(
        select(OpeningShare.opener_key_id).where(OpeningShare.opening_id == found.id)
    ).all()
    if holder.id in given:
        raise ShareDuplicated
    blob = None
    if found.mode is SealingMode.CLIENT:
        blob = _checked(session, found, tender, number, released)
    share = OpeningShare(
        opening_id=found.id,
        tender_id=tender.id,
        opener_key_id=holder.id,
        org_id=caller.org_id,
        released=blob,
        received_at=db.now(session),
    )
    session.add(share)
    told = {"holder": ids.show("openerkey", holder.id)}
    _log(session, found, "release", tender.buyer_id, caller.actor, told)
    if len(given) + 1 >= found.threshold:
        move(session, found, "complete", actor=caller.actor, org_id=tender.buyer_id)
        emit(session, READY, found.id, org_id=tender.buyer_id, tender_id=tender.id.hex)
    return found


def _refuse_held_up(session: Session, tender_id: UUID) -> None:
    """What is sealed stays so while nobody knows whether the procedure goes on."""
    if periods.obstacles(session, tender_id).any:
        raise OpeningHeldUp


def get(session: Session, *, org_id: UUID, opening_id: UUID) -> BidOpening:
    """An opening that is over, or one that the organisation takes part in; else NotFound."""
    query = select(BidOpening).where(BidOpening.id == opening_id, _visible(org_id))
    found = session.exec(query).one_or_none()
    if found is None:
        raise NotFound
    return found


def list_openings(session: Session, *, org_id: UUID, tender_id: UUID) -> Sequence[BidOpening]:
    """The openings of a tender that the organisation may know of, oldest first."""
    return session.exec(
        select(BidOpening)
        .where(BidOpening.tender_id == tender_id, _visible(org_id))
        .order_by(col(BidOpening.id))
    ).all()


def shares_of(session: Session, opening_id: UUID) -> Sequence[OpeningShare]:
    """Who has released a share, in order."""
    return session.exec(
        select(OpeningShare)
        .where(OpeningShare.opening_id == opening_id)
        .order_by(col(OpeningShare.received_at), col(OpeningShare.id))
    ).all()


def session_document(found: BidOpening, ocid: str) -> opening.Session | None:
    """What holders release their shares to; None in mode `server`."""
    if found.recipient is None:
        return None
    return opening.Session(
        id=ids.show("opening", found.id),
        tender=ocid,
        envelope=found.kind,
        recipient=found.recipient,
        root=found.root,
    )


def action_of(kind: EnvelopeKind, *, two_envelopes: bool) -> str:
    """The action of the tender's machine that the opening of a kind is."""
    if not two_envelopes:
        return "open"
    return "open_first_package" if kind is EnvelopeKind.TECHNICAL else "open_second_package"


def move(
    session: Session,
    found: BidOpening,
    action: str,
    *,
    actor: str,
    org_id: UUID,
    change: dict[str, Any] | None = None,
) -> None:
    """The one place that writes the status of an opening."""
    try:
        found.status = OPENING.apply(action, found.status)
    except IllegalTransition as error:
        raise Conflict(str(error)) from error
    found.version += 1
    session.add(found)
    _log(session, found, action, org_id, actor, change)


def _visible(org_id: UUID) -> ColumnElement[bool]:
    own = select(Tender.id).where(Tender.buyer_id == org_id)
    held = select(TenderKeyHolder.tender_id).where(TenderKeyHolder.org_id == org_id)
    return or_(
        col(BidOpening.status) == OpeningStatus.OPENED,
        col(BidOpening.tender_id).in_(own),
        col(BidOpening.tender_id).in_(held),
    )


def _live(session: Session, tender_id: UUID, kind: EnvelopeKind) -> UUID | None:
    return session.exec(
        select(BidOpening.id).where(
            BidOpening.tender_id == tender_id,
            BidOpening.kind == kind,
            BidOpening.status != OpeningStatus.FAILED,
        )
    ).one_or_none()


def _holder(
    session: Session, found: BidOpening, tender: Tender, caller: Caller
) -> tuple[OpenerKey, int]:
    """The key of the caller, and its number in the ceremony (0 where there was none)."""
    own = select(OpenerKey).where(OpenerKey.org_id == caller.org_id).order_by(col(OpenerKey.id))
    keys = [(key, 0) for key in session.exec(own) if _may_consent(key, tender)]
    if found.mode is SealingMode.CLIENT:
        held = (
            select(OpenerKey, TenderKeyHolder.number)
            .join(TenderKeyHolder, col(TenderKeyHolder.opener_key_id) == OpenerKey.id)
            .join(TenderKey, col(TenderKey.id) == TenderKeyHolder.tender_key_id)
            .where(OpenerKey.org_id == caller.org_id, TenderKey.tender_id == tender.id)
            .where(TenderKey.kind == found.kind)
        )
        keys = [(key, number) for key, number in session.exec(held)]
    for key, number in keys:
        if identity.acts_as(session, caller, client_id=key.client_id, member_id=key.member_id):
            return key, number
    raise NotAHolder


def _may_consent(key: OpenerKey, tender: Tender) -> bool:
    """Without a ceremony, those who may open are the buyer's registered openers."""
    opens = key.role is OpenerRole.OPENER and key.revoked_at is None
    return opens and key.org_id == tender.buyer_id


def _checked(
    session: Session, found: BidOpening, tender: Tender, number: int, released: str | None
) -> bytes:
    """The released share, checked by itself and against who hands it in; kept as it came."""
    if released is None or found.identity is None:
        raise CiphertextRefused("A share released to this session is needed.")
    [key] = [k for k in tender_keys.keys_of(session, tender.id) if k.kind is found.kind]
    document = session_document(found, tender.ocid)
    assert document is not None
    blob = unbase64(released)
    share = opening.accept(
        installation.unwrap(found.identity), document, tender_keys.document_of(key), blob
    )
    if share.holder != number:
        raise ShareNotYours
    return blob


def _log(
    session: Session,
    found: BidOpening,
    action: str,
    org_id: UUID,
    actor: str,
    change: dict[str, Any] | None = None,
) -> None:
    audit.record(
        session,
        f"tender:{found.tender_id.hex}",
        f"opening_{action}",
        actor=actor,
        org_id=org_id,
        change={"opening": ids.show("opening", found.id), "envelope": found.kind, **(change or {})},
    )
