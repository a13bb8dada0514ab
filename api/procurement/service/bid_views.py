"""What may be read of bids: one's own always, others' once they are opened, and of those that are
not, what the rules of the tender do not hide."""

import base64
from collections import defaultdict
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement
from sqlmodel import Session, SQLModel, col, or_, select

from api.core import pages
from api.core.errors import NotFound
from api.core.pages import PageQuery
from api.procurement.models import (
    Bid,
    BidDocument,
    BidEnvelope,
    BidItem,
    BidLot,
    BidOpening,
    BidRoot,
    BidSecurity,
    BidTenderer,
    DomesticClaim,
    RequirementResponse,
    Tender,
)
from api.procurement.service import bid_certificates, envelopes, importers, tender_keys
from api.procurement.service.bids import HandedIn
from api.procurement.service.policies import policy_of
from api.rules.bids import BidStage, OpeningStatus
from api.rules.policy import SealingMode
from api.rules.tenders import Value


def visible(org_id: UUID) -> ColumnElement[bool]:
    """Condition of the bids that an organisation may see."""
    return or_(col(Bid.supplier_id) == org_id, col(Bid.opened_at).is_not(None))


def get(session: Session, *, org_id: UUID, bid_id: UUID) -> Bid:
    """A bid; NotFound for another supplier's that is not opened."""
    bid = session.exec(select(Bid).where(Bid.id == bid_id, visible(org_id))).one_or_none()
    if bid is None:
        raise NotFound
    return bid


def list_bids(
    session: Session, *, org_id: UUID, page: PageQuery, tender_id: UUID | None = None
) -> tuple[Sequence[Bid], str | None]:
    """Your own bids; of one tender, also those of others that are opened. Newest first."""
    query = select(Bid).where(
        col(Bid.supplier_id) == org_id if tender_id is None else visible(org_id)
    )
    if tender_id is not None:
        query = query.where(Bid.tender_id == tender_id)
    return pages.newest_first(
        session, query, Bid, page, scope=f"bids:{org_id}", filters={"tender": tender_id}
    )


def shown(session: Session, bid: Bid, *, org_id: UUID) -> dict[str, Any]:
    """A bid with its tenderers; for its supplier with receipts; once opened with what it says."""
    own = bid.supplier_id == org_id
    ocid, buyer_id = session.exec(
        select(Tender.ocid, Tender.buyer_id).where(Tender.id == bid.tender_id)
    ).one()
    receipts = [
        envelopes.receipt(each, ocid)
        for each in (envelopes.current_of(session, bid.id) if own else ())
    ]
    return {
        **bid.model_dump(),
        "tenderers": _of(session, BidTenderer, bid.id),
        "receipts": receipts,
        "contents": None if bid.opened_at is None else _contents(session, bid.id),
        "lapsed_certificates": (
            bid_certificates.flags(session, bid) if own or org_id == buyer_id else []
        ),
    }


def handed_in(handed: HandedIn) -> dict[str, Any]:
    """A bid as its supplier is shown it in the transaction that takes it: as `shown` would be."""
    return {
        **handed.bid.model_dump(),
        "tenderers": sorted(handed.tenderers, key=lambda each: each.id),
        "receipts": [
            envelopes.receipt(each, handed.ocid)
            for each in sorted(handed.envelopes, key=lambda each: each.kind)
        ],
        "contents": None,
        "lapsed_certificates": [],
    }


def bidding(session: Session, tender: Tender) -> dict[str, Any]:
    """How bids of a published tender are kept, and what is known of them before the opening."""
    keys = tender_keys.keys_of(session, tender.id)
    count, names = _known(session, tender)
    modes = [] if tender.policy is None else sorted(policy_of(tender).sealing_modes)
    if tender.sealing_mode is SealingMode.SERVER:
        modes = [SealingMode.SERVER]
    return {
        "sealing_modes": modes,
        "keys": keys,
        "roots": _roots(session, tender),
        "bid_count": count,
        "bidders": names,
    }


def public_bidding(session: Session, tender: Tender) -> dict[str, Any]:
    """The same for everybody: without what the rules may hide, and with the openings' records."""
    records = session.exec(
        select(BidOpening.record)
        .where(BidOpening.tender_id == tender.id, BidOpening.status == OpeningStatus.OPENED)
        .order_by(col(BidOpening.opened_at))
    ).all()
    return {
        "ocid": tender.ocid,
        "sealing_mode": tender.sealing_mode,
        "keys": tender_keys.keys_of(session, tender.id),
        "roots": _roots(session, tender),
        "openings": records,
    }


def _roots(session: Session, tender: Tender) -> Sequence[BidRoot]:
    return session.exec(
        select(BidRoot).where(BidRoot.tender_id == tender.id).order_by(col(BidRoot.id))
    ).all()


def _known(session: Session, tender: Tender) -> tuple[int | None, list[UUID] | None]:
    """The number of sealed bids and their suppliers, where the rules do not hide them.

    Row-level security shows the rows of sealed bids in no other case.
    """
    if tender.policy is None or policy_of(tender).hide_bidder_count:
        return None, None
    stands = (BidStage.WITHDRAWN, BidStage.LAPSED)
    suppliers = session.exec(
        select(Bid.supplier_id)
        .where(Bid.tender_id == tender.id, col(Bid.status_details).not_in(stands))
        .order_by(col(Bid.supplier_id))
    ).all()
    hidden = policy_of(tender).hide_bidder_names
    return len(suppliers), None if hidden else list(suppliers)


def _contents(session: Session, bid_id: UUID) -> dict[str, Any]:
    items: dict[UUID, list[BidItem]] = defaultdict(list)
    for item in _of(session, BidItem, bid_id):
        items[item.lot_id].append(item)
    opened = session.exec(
        select(BidEnvelope).where(
            BidEnvelope.bid_id == bid_id, col(BidEnvelope.document).is_not(None)
        )
    ).all()
    security = [
        {**row.model_dump(), "value": _value(row)} for row in _of(session, BidSecurity, bid_id)
    ]
    return {
        "envelopes": [
            {
                "kind": each.kind,
                "document": base64.b64encode(each.document or b"").decode(),
                "commitment": each.commitment,
                "sequence": each.sequence,
            }
            for each in opened
        ],
        "lots": [
            {
                **lot.model_dump(),
                "value": _value(lot),
                "items": items[lot.lot_id],
                "importer_tax_id": importers.tax_id(lot),
            }
            for lot in _of(session, BidLot, bid_id)
        ],
        "requirement_responses": [
            {**row.model_dump(), "value": row.value["value"]}
            for row in _of(session, RequirementResponse, bid_id)
        ],
        "documents": _of(session, BidDocument, bid_id),
        "domestic_claims": _of(session, DomesticClaim, bid_id),
        "bid_security": security[0] if security else None,
    }


def _value(row: BidLot | BidSecurity) -> Value | None:
    if row.value_amount is None or row.value_currency is None:
        return None
    return Value(row.value_amount, row.value_currency)


def _of[R: SQLModel](session: Session, model: type[R], bid_id: UUID) -> Sequence[R]:
    table: Any = model
    return session.exec(select(model).where(table.bid_id == bid_id).order_by(table.id)).all()
