"""Writing what everybody may read. Never commits: the task owns the transaction."""

import hashlib
from typing import LiteralString
from uuid import UUID

from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session, col, select

from api.core.errors import NotFound
from api.identity import service as identity
from api.opendata.models import PublicDocument
from api.opendata.ocds import merging
from api.opendata.schemas import (
    BiddingPublished,
    BuyerPublished,
    CommissionPublished,
    TenderPublished,
)
from api.procurement import service as procurement
from api.procurement.models import Award
from api.procurement.schemas import CancellationPublished, EnquiryPublished
from api.procurement.service import evaluations, minutes, policies
from api.rules import publication
from api.rules.clock import utcnow

JSON = "application/json"
BULK = "/public/ocds/bulk"
BULK_PATHS: LiteralString = "SELECT path FROM public_document WHERE path LIKE %s ORDER BY path"


def tender_path(ocid: str) -> str:
    """Where the public reads a tender."""
    return f"/public/tenders/{ocid}"


def evaluation_path(ocid: str, lot: str) -> str:
    """Where the public reads the evaluation of a lot (`lot_…`)."""
    return f"{tender_path(ocid)}/evaluations/{lot}"


def publish_evaluation(session: Session, evaluation_id: UUID) -> None:
    """Write the file of a completed evaluation, byte for byte, where the tender's policy makes
    evaluations public."""
    found = evaluations.public_file(session, evaluation_id)
    if found is not None:
        ocid, lot, text = found
        store(session, evaluation_path(ocid, lot), JSON, text)


def publish_tender(session: Session, tender_id: UUID) -> None:
    """Write a tender as the public may see it now; a draft, cancelled or not, leaves nothing."""
    tender = procurement.hold_published(session, tender_id)
    if tender is None:
        return
    buyer = identity.get_organisation(session, tender.buyer_id)
    names = TenderPublished.model_fields.keys() - {
        "buyer",
        "enquiries",
        "cancellations",
        "time_zone",
    }
    shown = TenderPublished(
        buyer=BuyerPublished(
            id=f"{buyer.identifier_scheme}-{buyer.identifier_id}", name=buyer.legal_name
        ),
        cancellations=[
            CancellationPublished.model_validate(each)
            for each in procurement.cancellations_of(session, tender.id)
        ],
        enquiries=[
            EnquiryPublished.model_validate(each)
            for each in procurement.answered_enquiries(session, tender.id)
        ],
        **{name: getattr(tender, name) for name in names},
    )
    page = shown.model_dump(mode="json")
    body = publication.masked_page(page, policies.withheld_of(tender))
    store(session, tender_path(tender.ocid), JSON, merging.encoded(body))


def commission_path(ocid: str) -> str:
    """Where the public reads the declarations and the minutes of a tender's commission."""
    return f"{tender_path(ocid)}/commission"


def publish_decided(session: Session, award_id: UUID) -> None:
    """Write the declarations and minutes of the commission whose tender's lot was decided."""
    award = session.get(Award, award_id)
    if award is not None:
        _publish_commission(session, award.tender_id)


def publish_minutes(session: Session, minutes_id: UUID) -> None:
    """Write anew the declarations and minutes of a commission, if its tender was decided."""
    tender_id = minutes.tender_of(session, minutes_id)
    if tender_id is not None:
        _publish_commission(session, tender_id)


def _publish_commission(session: Session, tender_id: UUID) -> None:
    # Held, so that of two jobs the one that writes last has read last.
    tender = procurement.hold_published(session, tender_id)
    known = None if tender is None else minutes.public_commission(session, tender_id)
    if tender is not None and known is not None:
        shown = CommissionPublished.model_validate(known, from_attributes=True)
        store(session, commission_path(tender.ocid), JSON, shown.model_dump_json().encode())


def bidding_path(ocid: str) -> str:
    """Where the public reads how the bids of a tender were kept and opened."""
    return f"{tender_path(ocid)}/bidding"


def publish_bidding(session: Session, tender_id: UUID) -> None:
    """Write the keys of a published tender, its signed roots, and the records of its openings.

    Nothing in it depends on bids that are not opened: not even their number. The records name the
    bidders, and are left out where the tender's policy withholds them.
    """
    tender = procurement.hold_published(session, tender_id)
    if tender is None:
        return
    known = procurement.bid_views.public_bidding(session, tender)
    if publication.withholds(policies.withheld_of(tender), publication.BIDDERS):
        known["openings"] = []
    shown = BiddingPublished.model_validate(known, from_attributes=True)
    store(session, bidding_path(tender.ocid), JSON, shown.model_dump_json().encode())


def publish_enquiry(session: Session, enquiry_id: UUID) -> None:
    """Write anew the tender that an answered question is about."""
    tender_id = procurement.tender_of_enquiry(session, enquiry_id)
    if tender_id is not None:
        publish_tender(session, tender_id)


def publish_cancellation(session: Session, cancellation_id: UUID) -> None:
    """Write anew the tender that a cancellation is of."""
    tender_id = procurement.tender_of_cancellation(session, cancellation_id)
    if tender_id is not None:
        publish_tender(session, tender_id)


def store(session: Session, path: str, media_type: str, body: bytes) -> None:
    """Keep the document of a path; the same bytes leave the row, and its time, as they are."""
    etag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
    fresh = insert(PublicDocument).values(path=path, media_type=media_type, body=body, etag=etag)
    changed = {"media_type": media_type, "body": body, "etag": etag, "updated_at": utcnow()}
    session.connection().execute(
        fresh.on_conflict_do_update(
            index_elements=["path"], set_=changed, where=col(PublicDocument.etag) != etag
        )
    )


def stored(session: Session, path: str) -> bytes:
    """The document of a path. Raises NotFound."""
    body = session.exec(
        select(PublicDocument.body).where(PublicDocument.path == path)
    ).one_or_none()
    if body is None:
        raise NotFound
    return body
