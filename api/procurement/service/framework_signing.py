"""The paper of a framework agreement, and who has signed it. Never commits.

Whoever signs holds the tender's row, as whoever complains or decides an award does, and then the
agreement's: what keeps an agreement from being signed cannot appear in between.
"""

import hashlib
from collections import defaultdict
from collections.abc import Sequence
from typing import Any
from uuid import UUID

import rfc8785
from sqlmodel import Session, col, select

from api.core import db, ids
from api.core.errors import Conflict, NotFound
from api.core.signatures import paper, port
from api.core.signatures.port import Paper
from api.core.signatures.problems import AlreadySigned, DocumentDiffers
from api.identity import service as identity
from api.procurement.models import (
    FrameworkAgreement,
    FrameworkSignature,
    FrameworkSupplier,
    FrameworkTerms,
    Tender,
)
from api.procurement.schemas.frameworks import FrameworkSignIn
from api.procurement.service import agreements
from api.rules.frameworks import FrameworkStatus, ParticipantStatus
from api.rules.offers import plain
from api.rules.signatures import SignatureMethod


def freeze(
    session: Session, tender: Tender, terms: FrameworkTerms, agreement: FrameworkAgreement
) -> None:
    """Lay the paper of an agreement that is being concluded before all who are to sign it."""
    document = rfc8785.dumps(_document(session, tender, terms, agreement))
    agreement.document, agreement.sha256 = document, hashlib.sha256(document).hexdigest()
    session.add(agreement)


def paper_of(agreement: FrameworkAgreement) -> bytes:
    """The PDF of an agreement, always the same; NotFound for one without a document."""
    if agreement.document is None or agreement.sha256 is None:
        raise NotFound
    return paper.render(
        agreement.document,
        title=f"Framework agreement {ids.show('framework', agreement.id)}",
        sha256=agreement.sha256,
        at=agreement.period_start,
    )


def sign(
    session: Session,
    agreement: FrameworkAgreement,
    *,
    org_id: UUID,
    actor: str,
    data: FrameworkSignIn,
) -> FrameworkSignature:
    """Sign a locked agreement as its buyer, or as the lead of one of its suppliers.

    Raises NotFound for others, Conflict, DocumentDiffers, AlreadySigned, SignatureRefused or
    MethodUnavailable.
    """
    if agreement.status is not FrameworkStatus.ACTIVE or agreement.document is None:
        raise Conflict(f"The agreement is {agreement.status}: there is nothing to sign.")
    if org_id != agreement.buyer_id and org_id not in {
        each.supplier_id
        for each in agreements.suppliers(session, agreement.id)
        if each.status is not ParticipantStatus.TERMINATED
    }:
        raise NotFound
    if data.sha256 != agreement.sha256:
        raise DocumentDiffers
    if org_id in signed(session, agreement.id):
        raise AlreadySigned
    now = db.now(session)
    pdf = paper_of(agreement) if data.method is SignatureMethod.PADES else None
    evidence = port.verify(
        data.method,
        Paper(agreement.document, pdf),
        data.signature,
        identifier=identity.get_organisation(session, org_id).identifier_id,
        at=now,
    )
    row = FrameworkSignature(
        agreement_id=agreement.id,
        org_id=org_id,
        actor=actor,
        method=data.method,
        sha256=data.sha256,
        signature=data.signature,
        signer=evidence.signer,
        certificate_sha256=evidence.certificate_sha256,
        signed_at=now,
    )
    session.add(row)
    session.flush()
    return row


def signatures(session: Session, agreement_id: UUID) -> Sequence[FrameworkSignature]:
    """Who has signed an agreement, in order."""
    return session.exec(
        select(FrameworkSignature)
        .where(FrameworkSignature.agreement_id == agreement_id)
        .order_by(col(FrameworkSignature.signed_at), col(FrameworkSignature.id))
    ).all()


def signed(session: Session, agreement_id: UUID) -> set[UUID]:
    """The organisations that have signed an agreement."""
    query = select(FrameworkSignature.org_id).where(FrameworkSignature.agreement_id == agreement_id)
    return {*session.exec(query)}


def is_complete(session: Session, agreement: FrameworkAgreement) -> bool:
    """True when the buyer and every active supplier have signed."""
    parties = {
        each.supplier_id
        for each in agreements.suppliers(session, agreement.id)
        if each.status is ParticipantStatus.ACTIVE
    }
    return bool(parties) and parties | {agreement.buyer_id} <= signed(session, agreement.id)


def _document(
    session: Session, tender: Tender, terms: FrameworkTerms, agreement: FrameworkAgreement
) -> dict[str, Any]:
    """What everybody signs, in full: parties, period, ceiling, ways of calling off, prices."""
    prices = agreements.prices(session, agreement.id)
    by_lot: dict[UUID, list[FrameworkSupplier]] = defaultdict(list)
    for each in agreements.suppliers(session, agreement.id):
        by_lot[each.lot_id].append(each)
    return {
        "type": "framework_agreement",
        "version": 1,
        "id": ids.show("framework", agreement.id),
        "ocid": agreement.ocid,
        "buyer": _party(session, agreement.buyer_id),
        "other_buyers": [
            _party(session, each) for each in agreement.buyers if each != agreement.buyer_id
        ],
        "period": {
            "start": agreement.period_start.isoformat(),
            "end": agreement.period_end.isoformat(),
            "days": terms.duration_days,
        },
        "ceiling": {
            "amount": plain(agreement.ceiling_amount),
            "currency": agreement.ceiling_currency,
        },
        "method": agreement.method.value,
        "allocation": agreement.allocation and agreement.allocation.value,
        "within_agreed_prices": agreement.within_agreed_prices,
        "lots": [
            {
                "id": ids.show("lot", lot.id),
                "title": {**lot.title},
                "suppliers": [
                    {
                        "award_id": ids.show("award", each.award_id),
                        "rank": each.rank,
                        "suppliers": [_party(session, org_id) for org_id in each.suppliers],
                        "vat_included": each.vat_included,
                        "prices": [
                            {"item_id": ids.show("item", item), "unit_price": plain(price)}
                            for item, price in prices.get(each.id, {}).items()
                        ],
                    }
                    for each in by_lot[lot.id]
                ],
            }
            for lot in tender.lots
            if by_lot[lot.id]
        ],
    }


def _party(session: Session, org_id: UUID) -> dict[str, Any]:
    found = identity.get_organisation(session, org_id)
    return {
        "id": ids.show("organisation", org_id),
        "identifier": {"scheme": found.identifier_scheme, "id": found.identifier_id},
        "legal_name": {**found.legal_name},
    }
