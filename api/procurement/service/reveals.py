"""Every bid of an opening at once: the key, the envelopes, what they say, and the record.

For the workers' role, in one transaction: all of it happens, or nothing does. What one supplier
has written, or sealed to a wrong key, disqualifies its own bid and stops nobody else's.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy.orm import selectinload
from sqlmodel import Session, SQLModel, col, select

from api.core import bulk, db, ids, signing
from api.core.errors import Conflict
from api.core.outbox import emit
from api.identity.models import Organisation
from api.procurement.models import (
    Bid,
    BidDocument,
    BidEnvelope,
    BidLot,
    BidOpening,
    BidTenderer,
    Lot,
    OpenerKey,
    Tender,
)
from api.procurement.sealing import envelopes as sealing
from api.procurement.sealing import installation, opening
from api.procurement.sealing.documents import instant
from api.procurement.sealing.keys import Identity
from api.procurement.service import (
    admission,
    agreements,
    bid_moves,
    call_off_terms,
    contents,
    held_securities,
    openings,
    roots,
    sealed_documents,
    submissions,
    tender_keys,
)
from api.procurement.service import tenders as tender_service
from api.procurement.service.bid_problems import OpeningFailed
from api.procurement.service.bids import SYSTEM
from api.procurement.service.contents import Read, Rows
from api.procurement.service.envelopes import context_of
from api.rules.bids import BidStage, OpeningStatus
from api.rules.offers import plain
from api.rules.policy import SealingMode
from api.rules.sealing import EnvelopeKind
from api.rules.tenders import TENDER, Fault

_STAGE_BEFORE = {
    "open": BidStage.PENDING,
    "open_first_package": BidStage.PENDING,
    "open_second_package": BidStage.TECHNICAL_OPENED,
}


class _Opened(NamedTuple):
    bid: Bid
    envelope: BidEnvelope
    document: bytes | None
    read: Read


def open_ready(session: Session, opening_id: UUID) -> bool:
    """Open the bids of an opening that has its shares; True when this call did it.

    What prevents the whole of it (shares that do not give the key, envelopes that are not those
    of the published root, a tender cancelled meanwhile) fails the opening and says why; then
    another one can be started.
    """
    found = session.exec(
        select(BidOpening).where(BidOpening.id == opening_id).with_for_update()
    ).one_or_none()
    if found is None or found.status is not OpeningStatus.READY:
        return False
    tender = session.exec(
        select(Tender)
        .where(Tender.id == found.tender_id)
        .options(selectinload(Tender.lots).selectinload(Lot.items))  # type: ignore[arg-type]
        .with_for_update()
    ).one()
    keys = tender_keys.keys_of(session, tender.id)
    action = openings.action_of(found.kind, two_envelopes=len(keys) > 1)
    try:
        identity = _identity(session, found, tender, action)
    except Conflict as problem:
        found.failure, found.identity = f"{problem.code}: {problem}"[:500], None
        openings.move(session, found, "fail", actor=SYSTEM, org_id=tender.buyer_id)
        emit(session, "opening.failed", found.id, org_id=tender.buyer_id)
        return False
    now = db.now(session)
    opened = _open_all(session, tender, found.kind, identity, action)
    _write(session, opened, action, now)
    _conclude(session, found, tender, opened, action, now)
    return True


def _identity(session: Session, found: BidOpening, tender: Tender, action: str) -> Identity:
    """The private key of the envelopes. Raises Conflict for what prevents the opening."""
    if action not in TENDER.allowed(tender.status_details):
        raise OpeningFailed(f"The tender is {tender.status_details}.")
    if roots.computed(session, tender, found.kind) != found.root:
        raise OpeningFailed("The stored envelopes are not those of the published root.")
    if found.mode is SealingMode.SERVER:
        return installation.own_identity()
    [key] = [k for k in tender_keys.keys_of(session, tender.id) if k.kind is found.kind]
    document, to = tender_keys.document_of(key), openings.session_document(found, tender.ocid)
    if found.identity is None or to is None:
        raise OpeningFailed("The session has lost its key.")
    own = installation.unwrap(found.identity)
    released = [each.released or b"" for each in openings.shares_of(session, found.id)]
    return opening.recover([opening.accept(own, to, document, blob) for blob in released], document)


def _open_all(
    session: Session, tender: Tender, kind: EnvelopeKind, identity: Identity, action: str
) -> list[_Opened]:
    """The current envelope of every bid that stands; those replaced and withdrawn stay closed."""
    rows = session.exec(
        select(Bid, BidEnvelope)
        .join(BidEnvelope, col(BidEnvelope.bid_id) == Bid.id)
        .where(Bid.tender_id == tender.id, Bid.status_details == _STAGE_BEFORE[action])
        .where(BidEnvelope.kind == kind, col(BidEnvelope.replaced_at).is_(None))
        .order_by(col(BidEnvelope.sequence))
        .with_for_update(of=Bid)
    ).all()
    joined: dict[UUID, list[UUID]] = defaultdict(list)
    for row in _tenderers(session, tender.id):
        joined[row.bid_id].append(row.organisation_id)
    held = held_securities.required(session, tender)
    wanted = contents.asked(tender, submissions.find(session, tender.id))._replace(
        held=held, received=sealed_documents.received(session, tender.id, kind)
    )
    agreed = agreements.agreed_prices(session, tender)
    within = agreements.binds_prices(session, tender)
    invited = admission.invited_lots(session, tender.id)
    found = []
    for bid, envelope in rows:
        document, read = None, Read([], {}, [])
        try:
            sealed = sealing.open_envelope(
                identity,
                envelope.ciphertext,
                envelope.commitment,
                context_of(envelope, tender.ocid),
            )
        except Conflict as problem:
            read = Read([], {}, [Fault("#", problem.code, str(problem))])
        else:
            document = sealed.canonical()
            read = contents.read(wanted, bid, kind, sealed.content, joined[bid.id])
            read = admission.held(invited.get(bid.supplier_id), read)
            if tender.framework_id is not None:
                read = call_off_terms.held(agreed.get(bid.supplier_id, {}), read, within=within)
        found.append(_Opened(bid, envelope, document, read))
    return found


def _write(session: Session, opened: Sequence[_Opened], action: str, now: datetime) -> None:
    by_table: dict[type[SQLModel], list[dict[str, Any]]] = defaultdict(list)
    rows: Rows = [row for each in opened for row in each.read.rows]
    for model, values in rows:
        by_table[model].append(values)
    for model, values_of in by_table.items():
        bulk.insert(session, model, values_of)
    bulk.update(
        session,
        BidEnvelope,
        [
            {"id": each.envelope.id, "document": each.document}
            for each in opened
            if each.document is not None
        ],
    )
    _ask_documents(session, opened)
    _keep_shares(session, opened)
    bids = [each.bid for each in opened]
    for bid in bids:
        bid.opened_at = bid.opened_at or now
    first = action == "open_first_package"
    bid_moves.move(session, bids, "open_technical" if first else "open", actor=SYSTEM)
    refused = [each for each in opened if each.read.faults]
    for each in refused:
        each.bid.disqualification = _reasons(each.read.faults)
    told = {each.bid.id: {"reasons": _reasons(each.read.faults)} for each in refused}
    bid_moves.move(
        session, [each.bid for each in refused], "disqualify", actor=SYSTEM, changes=told
    )


def _ask_documents(session: Session, opened: Sequence[_Opened]) -> None:
    """What was handed in sealed is decrypted after this, bid by bid: its keys are known now."""
    for each in opened:
        sealed = [row for model, row in each.read.rows if model is BidDocument]
        if any(row["sealed_document_id"] is not None for row in sealed):
            emit(session, sealed_documents.DUE, each.bid.id, org_id=each.bid.supplier_id)


def _keep_shares(session: Session, opened: Sequence[_Opened]) -> None:
    shares = {
        (each.bid.id, organisation): share
        for each in opened
        for organisation, share in each.read.shares.items()
        if share is not None
    }
    if not shares:
        return
    bid_ids = {bid_id for bid_id, _ in shares}
    for row in session.exec(select(BidTenderer).where(col(BidTenderer.bid_id).in_(bid_ids))):
        row.share_bp = shares.get((row.bid_id, row.organisation_id))
        session.add(row)


def _conclude(
    session: Session,
    found: BidOpening,
    tender: Tender,
    opened: Sequence[_Opened],
    action: str,
    now: datetime,
) -> None:
    record = signing.sign(_record(session, found, tender, opened, now))
    found.record, found.opened_at, found.identity = record._asdict(), now, None
    change = {"opening": ids.show("opening", found.id), "bids": len(opened)}
    openings.move(session, found, "open", actor=SYSTEM, org_id=tender.buyer_id)
    tender_service.move(session, tender, action, actor=SYSTEM, change=change)


def _record(
    session: Session,
    found: BidOpening,
    tender: Tender,
    opened: Sequence[_Opened],
    now: datetime,
) -> dict[str, Any]:
    """The protocol of the opening: from its leaves anybody computes the published root again."""
    counted = {each.envelope.id: each.bid for each in opened}
    leaves = roots.leaves(session, tender.id, found.kind)
    return {
        "type": "bid_opening",
        "tender": tender.ocid,
        "envelope": found.kind.value,
        "sealing": found.mode.value,
        "opening": ids.show("opening", found.id),
        "root": found.root,
        "opened_at": instant(now),
        "openers": _openers(session, found),
        "leaves": [
            {
                "sequence": sequence,
                "leaf": leaf.hex(),
                "bid": ids.show("bid", counted[id].id) if id in counted and id else None,
            }
            for sequence, leaf, id in leaves
        ],
        "bids": _bids(session, tender, opened),
    }


def _openers(session: Session, found: BidOpening) -> list[dict[str, Any]]:
    shares = {each.opener_key_id: each for each in openings.shares_of(session, found.id)}
    keys = session.exec(select(OpenerKey).where(col(OpenerKey.id).in_(shares))).all()
    return [
        {
            "name": key.name,
            "role": key.role.value,
            "released_at": instant(shares[key.id].received_at),
        }
        for key in sorted(keys, key=lambda key: shares[key.id].received_at)
    ]


def _bids(session: Session, tender: Tender, opened: Sequence[_Opened]) -> list[dict[str, Any]]:
    members: dict[UUID, list[UUID]] = defaultdict(list)
    for row in _tenderers(session, tender.id):
        members[row.bid_id].append(row.organisation_id)
    names = _names(session, {each for some in members.values() for each in some})
    return [
        {
            "bid": ids.show("bid", bid.id),
            "tenderers": [names[each] for each in members[bid.id]],
            "received_at": instant(bid.received_at),
            "sealing": envelope.mode.value,
            "commitment": envelope.commitment,
            "ciphertext_sha256": envelope.ciphertext_sha256,
            "lots": [
                {
                    "lot": ids.show("lot", values["lot_id"]),
                    "amount": plain(values["value_amount"]),
                    "currency": values["value_currency"],
                }
                for model, values in read.rows
                if model is BidLot
            ],
            "disqualification": _reasons(read.faults) or None,
        }
        for bid, envelope, _, read in opened
    ]


def _names(session: Session, org_ids: set[UUID]) -> Mapping[UUID, dict[str, Any]]:
    rows = session.exec(select(Organisation).where(col(Organisation.id).in_(org_ids))).all()
    return {
        row.id: {
            "id": f"{row.identifier_scheme}-{row.identifier_id}",
            "organisation": ids.show("organisation", row.id),
            "name": row.legal_name,
        }
        for row in rows
    }


def _tenderers(session: Session, tender_id: UUID) -> Sequence[BidTenderer]:
    """Who is in a bid of the tender: the lead first, and members who have joined."""
    return session.exec(
        select(BidTenderer)
        .where(
            BidTenderer.tender_id == tender_id,
            col(BidTenderer.accepted_at).is_not(None),
            col(BidTenderer.released_at).is_(None),
        )
        .order_by(col(BidTenderer.role), col(BidTenderer.id))
    ).all()


def _reasons(faults: Sequence[Fault]) -> list[dict[str, str]]:
    return [{"code": f.code, "pointer": f.pointer, "detail": f.detail} for f in faults]
