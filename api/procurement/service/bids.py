"""Bids: handed in, replaced, withdrawn, confirmed, joined. Never commits: the caller owns the
transaction.

Every act holds the tender's row FOR SHARE: bids go in side by side, while closing and amending,
which take the row for themselves, wait for those that were in time, and those that come later
find the tender closed. The tender is locked before the bid, always.
"""

from collections.abc import Sequence
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import func, text
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, select

from api.core.errors import Conflict, FieldError, NotFound
from api.identity import debarments, quotas
from api.procurement.models import Amendment, Bid, BidEnvelope, BidTenderer, Tender
from api.procurement.schemas import BidIn, ReplaceIn
from api.procurement.service import admission, bid_moves, consortia, envelopes, sealed_documents
from api.procurement.service.bid_problems import (
    BiddingNotSetUp,
    BidExists,
    EnvelopesDiffer,
    OwnTender,
)
from api.procurement.service.envelopes import Held
from api.rules import bids as rules
from api.rules.bids import SEALED, BidStage, TendererRole
from api.rules.subscriptions import Quota
from api.rules.tenders import OPEN_STAGES

_STANDS = text(
    "SELECT EXISTS (SELECT FROM bid_tenderer WHERE tender_id = :tender_id"
    " AND organisation_id = :supplier_id AND accepted_at IS NOT NULL AND released_at IS NULL),"
    " (SELECT coalesce(max(number), 0) FROM tender_amendment WHERE tender_id = :tender_id"
    " AND needs_confirmation)"
)
"""`consortia.is_in_one` and `latest_material`, for the most frequent act in one statement."""


class HandedIn(NamedTuple):
    """A new bid with all its rows, and the OCID of its tender."""

    bid: Bid
    tenderers: Sequence[BidTenderer]
    envelopes: Sequence[BidEnvelope]
    ocid: str


def submit(
    session: Session, *, supplier_id: UUID, tender_id: UUID, actor: str, data: BidIn
) -> HandedIn:
    """Take a bid, in time by the database's clock; one of the supplier's plan, where the policy of
    the tender counts bids.

    Raises QuotaUsedUp, NotFound, TenderPeriodNotStarted, TenderPeriodEnded, BiddingNotSetUp, OwnTender,
    NotInvited, NotAdmitted, SupplierDebarred, BidExists, EnvelopesDiffer, SealingRequired or
    Invalid.
    """
    debarments.require_standing(session, [supplier_id])
    held = envelopes.hold_open(session, tender_id)
    if held.buyer_id == supplier_id:
        raise OwnTender
    admission.require(session, held, supplier_id, data.tenderers)
    keys = envelopes.keys_of(session, tender_id)
    if not keys:
        raise BiddingNotSetUp
    asked = {"tender_id": tender_id, "supplier_id": supplier_id}
    stands, amendment = session.connection().execute(_STANDS, asked).one()
    if stands:
        raise BidExists
    bid = Bid(
        tender_id=tender_id,
        supplier_id=supplier_id,
        received_at=held.now,
        amendment=amendment,
    )
    if {each.kind for each in data.envelopes} != keys.keys() or len(data.envelopes) != len(keys):
        raise EnvelopesDiffer(f"One envelope of each kind is needed: {', '.join(sorted(keys))}.")
    sealed_documents.require_received(session, bid, data.envelopes)
    rows = envelopes.received(session, held, bid, data.envelopes, keys)
    tenderers = consortia.made(
        BidTenderer,
        data.tenderers,
        tender_id=tender_id,
        lead_id=supplier_id,
        received_at=held.now,
        bid_id=bid.id,
    )
    session.add(bid)
    try:
        session.flush()
        session.add_all([*tenderers, *rows])
        session.flush()
    except IntegrityError as error:
        raise consortia.explained(error, _kept_apart()) from error
    if held.uses_quota:
        quotas.take(session, supplier_id, Quota.BIDS)
    bid_moves.record(session, [bid], "submit", actor=actor, changes={bid.id: _told(rows)})
    return HandedIn(bid, tenderers, rows, held.ocid)


def replace(session: Session, bid: Bid, held: Held, *, actor: str, data: ReplaceIn) -> Bid:
    """Put newer envelopes in the place of those of the same kinds; only the last ones count.

    Raises Conflict, EnvelopesDiffer, SealingRequired or Invalid.
    """
    keys = envelopes.keys_of(session, bid.tender_id)
    current = {each.kind: each for each in envelopes.current_of(session, bid.id)}
    kinds = [each.kind for each in data.envelopes]
    if len({*kinds}) != len(kinds) or not {*kinds} <= keys.keys():
        raise EnvelopesDiffer("Name every kind at most once.")
    errors = [
        FieldError(
            pointer=f"#/envelopes/{index}",
            code="version_not_newer",
            detail=f"must have the id {current[new.kind].envelope_id} and a version above"
            f" {current[new.kind].envelope_version}",
        )
        for index, new in enumerate(data.envelopes)
        if new.id != current[new.kind].envelope_id
        or new.version <= current[new.kind].envelope_version
    ]
    if errors:
        raise EnvelopesDiffer(errors=errors)
    sealed_documents.require_received(session, bid, data.envelopes)
    rows = envelopes.received(session, held, bid, data.envelopes, keys)
    for kind in kinds:
        current[kind].replaced_at = held.now
        session.add(current[kind])
    session.flush()
    session.add_all(rows)
    bid.received_at, bid.amendment = held.now, latest_material(session, bid.tender_id)
    try:
        session.flush()
    except IntegrityError as error:
        raise consortia.explained(error, _kept_apart()) from error
    bid_moves.move(session, [bid], "replace", actor=actor, changes={bid.id: _told(rows)})
    return bid


def withdraw(session: Session, bid: Bid, held: Held, *, actor: str) -> Bid:
    """Take a bid back before the deadline; nobody will ever open it."""
    bid.withdrawn_at = held.now
    bid_moves.move(session, [bid], "withdraw", actor=actor)
    consortia.release(session, _tenderers_of(session, [bid.id]), held.now)
    return bid


def confirm(session: Session, bid: Bid, *, actor: str) -> Bid:
    """Let a bid stand as it is after a material amendment. Raises Conflict when there was none."""
    latest = latest_material(session, bid.tender_id)
    unnoticed = bid.status_details is BidStage.PENDING and rules.needs_confirmation(
        answered=bid.amendment, latest_material=latest
    )
    if unnoticed:
        bid_moves.move(session, [bid], "require_confirmation", actor=actor)
    bid.amendment = latest
    bid_moves.move(session, [bid], "confirm", actor=actor, changes={bid.id: {"amendment": latest}})
    return bid


def join(session: Session, *, org_id: UUID, bid_id: UUID, joins: bool) -> BidTenderer:
    """Accept, or give up, membership in the consortium of another organisation's bid.

    Raises NotFound for who was not named, TenderPeriodEnded, SupplierDebarred, NotInvited,
    NotAdmitted, or BidExists when the organisation is in another bid of the tender.
    """
    query = select(BidTenderer).where(
        BidTenderer.bid_id == bid_id,
        BidTenderer.organisation_id == org_id,
        BidTenderer.role == TendererRole.MEMBER,
        col(BidTenderer.released_at).is_(None),
    )
    named = session.exec(query).one_or_none()
    if named is None:
        raise NotFound
    if joins:
        debarments.require_standing(session, [org_id])
    held = envelopes.hold_open(session, named.tender_id)
    if joins:
        admission.require_member(session, held, named.lead_id, org_id)
    named = session.exec(
        query.with_for_update().execution_options(populate_existing=True)
    ).one_or_none()
    if named is None:
        raise NotFound
    named.accepted_at = held.now if joins else None
    session.add(named)
    try:
        session.flush()
    except IntegrityError as error:
        raise consortia.explained(error, _kept_apart()) from error
    return named


def lock(session: Session, *, supplier_id: UUID, bid_id: UUID) -> tuple[Bid, Held]:
    """The supplier's own bid, locked, while its tender takes bids.

    Raises NotFound for anybody else's, TenderPeriodEnded, or Conflict once it is over.
    """
    query = select(Bid).where(Bid.id == bid_id, Bid.supplier_id == supplier_id)
    tender_id = session.exec(
        select(Bid.tender_id).where(Bid.id == bid_id, Bid.supplier_id == supplier_id)
    ).one_or_none()
    if tender_id is None:
        raise NotFound
    held = envelopes.hold_open(session, tender_id)
    bid = session.exec(query.with_for_update()).one()
    if bid.status_details not in SEALED:
        raise Conflict(f"The bid is {bid.status_details}.")
    return bid, held


def require_confirmation(session: Session, tender_id: UUID) -> int:
    """Ask the suppliers of a tender to confirm bids that a material amendment came after.

    For the workers' role, after an amendment and once more at the deadline. How many were asked.
    """
    latest = latest_material(session, tender_id)
    if not latest:
        return 0
    rows = session.exec(
        select(Bid)
        .where(
            Bid.tender_id == tender_id,
            Bid.status_details == BidStage.PENDING,
            Bid.amendment < latest,
        )
        .order_by(col(Bid.id))
        .with_for_update()
    ).all()
    told = {bid.id: {"amendment": latest} for bid in rows}
    bid_moves.move(session, rows, "require_confirmation", actor=SYSTEM, changes=told)
    return len(rows)


def ask_confirmation(session: Session, tender_id: UUID) -> int:
    """`require_confirmation` of a tender that still takes bids; its row is locked."""
    open_now = session.exec(
        select(Tender.id)
        .where(Tender.id == tender_id, col(Tender.status_details).in_(OPEN_STAGES))
        .with_for_update()
    ).one_or_none()
    return require_confirmation(session, tender_id) if open_now is not None else 0


def lapse_unconfirmed(session: Session, tender_id: UUID) -> int:
    """End the bids that were not confirmed by the deadline; how many. Nobody will open them."""
    require_confirmation(session, tender_id)
    rows = session.exec(
        select(Bid)
        .where(Bid.tender_id == tender_id, Bid.status_details == BidStage.NEEDS_CONFIRMATION)
        .order_by(col(Bid.id))
        .with_for_update()
    ).all()
    bid_moves.move(session, rows, "lapse", actor=SYSTEM)
    return len(rows)


def live_count(session: Session, tender_id: UUID) -> int:
    """How many bids stand: sealed, not withdrawn, and answering the last material amendment.

    For the workers' role, which sees every bid, under the tender's lock. Nobody else is told
    before the opening.
    """
    return session.exec(
        select(func.count())
        .select_from(Bid)
        .where(
            Bid.tender_id == tender_id,
            Bid.status_details == BidStage.PENDING,
            Bid.amendment >= latest_material(session, tender_id),
        )
    ).one()


def latest_material(session: Session, tender_id: UUID) -> int:
    """The number of the last amendment that bids must answer; 0 when there is none."""
    last = session.exec(
        select(func.max(col(Amendment.number))).where(
            Amendment.tender_id == tender_id, col(Amendment.needs_confirmation).is_(True)
        )
    ).one()
    return last or 0


SYSTEM = "system:bids"


def _tenderers_of(session: Session, bid_ids: Sequence[UUID]) -> Sequence[BidTenderer]:
    return session.exec(select(BidTenderer).where(col(BidTenderer.bid_id).in_(bid_ids))).all()


def _kept_apart() -> dict[str, Conflict]:
    again = Conflict("This very envelope was handed in before: seal it anew.")
    exists = {name: BidExists() for name in ("uq_bid_live", "uq_bid_tenderer_once")}
    return {**exists, "uq_bid_envelope_tender_id_commitment": again}


def _told(rows: Sequence[BidEnvelope]) -> dict[str, object]:
    return {
        "envelopes": [
            {"kind": row.kind.value, "version": row.envelope_version, "commitment": row.commitment}
            for row in rows
        ]
    }
