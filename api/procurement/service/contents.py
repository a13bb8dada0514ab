"""What an opened envelope says: checked against its tender, and told as rows.

A fault disqualifies the bid, by name; nothing here raises for what a supplier has written.
"""

from collections.abc import Collection, Mapping, Sequence
from decimal import Decimal
from types import MappingProxyType
from typing import Any, NamedTuple
from uuid import UUID

from pydantic import BaseModel, ValidationError
from sqlalchemy.orm import selectinload
from sqlmodel import Session, SQLModel, select

from api.core import bulk, ids, patterns
from api.core.errors import Invalid
from api.procurement.models import (
    Bid,
    BidDocument,
    BidItem,
    BidLot,
    BidSecurity,
    DomesticClaim,
    Lot,
    RequirementResponse,
    SubmissionTerms,
    Tender,
)
from api.procurement.schemas import (
    BidLotIn,
    DocumentIn,
    PriceContent,
    TechnicalContent,
    content_type,
)
from api.procurement.service import importers
from api.procurement.service.submissions import criteria_of, find
from api.reference import service as reference
from api.rules import bid_terms, criteria
from api.rules.bid_terms import LotAsked, LotOffered, Party, TermsOffered
from api.rules.criteria import Criterion, Response
from api.rules.sealing import EnvelopeKind
from api.rules.tenders import Fault, LotStatus, Value

NOT_RECEIVED = "not_received"

type Rows = list[tuple[type[SQLModel], dict[str, Any]]]


class Asked(NamedTuple):
    """What a tender asks, made once for all its bids."""

    lots: Mapping[str, LotAsked]
    criteria: Sequence[Criterion]
    security: Value | None
    declaration_taken: bool
    two_envelopes: bool
    held: Collection[UUID] | None = None
    """The bids whose security is held here; None: it need not be."""
    received: Mapping[UUID, Mapping[str, UUID]] = MappingProxyType({})
    """Sealed documents by their supplier and by the name that it gave them."""


class Read(NamedTuple):
    """Rows of an opened bid and the shares of its tenderers; or faults, and then neither."""

    rows: Rows
    shares: Mapping[UUID, int | None]
    faults: list[Fault]


def asked(tender: Tender, terms: SubmissionTerms | None) -> Asked:
    """What bids of a tender are compared with."""
    lots = {
        ids.show("lot", lot.id): LotAsked(
            lot.status is LotStatus.ACTIVE,
            {ids.show("item", item.id): item.quantity for item in lot.items},
            lot.incoterms,
        )
        for lot in tender.lots
    }
    return Asked(
        lots,
        # Candidates answered them before they were invited.
        criteria_of(terms.criteria if terms and not tender.prequalification_period_end else ()),
        terms.bid_security if terms else None,
        terms.bid_security_declaration if terms else False,
        terms.two_envelopes if terms else False,
    )


def wanted(session: Session, tender_id: UUID) -> Asked:
    """What a published tender asks, for whoever hands in a bid."""
    tender = session.exec(
        select(Tender)
        .where(Tender.id == tender_id)
        .options(selectinload(Tender.lots).selectinload(Lot.items))  # type: ignore[arg-type]
    ).one()
    return asked(tender, find(session, tender_id))


def read(
    wanted: Asked, bid: Bid, kind: EnvelopeKind, content: Mapping[str, Any], joined: Sequence[UUID]
) -> Read:
    """The content of an envelope of `kind`; `joined` are the organisations that are in the bid."""
    form = content_type(kind, two_envelopes=wanted.two_envelopes)
    try:
        parsed = form.model_validate(content)
    except ValidationError as error:
        return Read([], {}, _malformed(error))
    own = wanted.received.get(bid.supplier_id, {})
    rows: Rows = [
        (BidDocument, {"envelope": kind, **_fields(each, "sealed"), **_sealed(each, own)})
        for each in {each.sha256: each for each in parsed.documents}.values()
    ]
    faults: list[Fault] = []
    shares: Mapping[UUID, int | None] = {}
    if isinstance(parsed, PriceContent):
        faults += _lot_faults(wanted, parsed, {bid.supplier_id, *joined})
        rows += _lot_rows(parsed)
    if isinstance(parsed, TechnicalContent):
        bid_for = (
            [ids.show("lot", lot.lot_id) for lot in parsed.lots]
            if isinstance(parsed, PriceContent)
            else None
        )
        faults += _technical_faults(wanted, bid, parsed, joined, bid_for)
        rows += _technical_rows(parsed)
        shares = {each.organisation_id: each.share_bp for each in parsed.tenderers}
    if faults:
        return Read([], {}, faults)
    common = {"bid_id": bid.id, "tender_id": bid.tender_id}
    return Read([(model, _new_row(model, common | row)) for model, row in rows], shares, [])


def _malformed(error: ValidationError) -> list[Fault]:
    return [
        Fault("/".join(["#", *map(str, each["loc"])]), f"content_{each['type']}", each["msg"])
        for each in error.errors(include_input=False, include_context=False, include_url=False)
    ][:_MOST_FAULTS]


_MOST_FAULTS = 50


def _lot_faults(wanted: Asked, content: PriceContent, parties: Collection[UUID]) -> list[Fault]:
    faults = bid_terms.lot_faults(wanted.lots, [_offered(lot) for lot in content.lots])
    for index, lot in enumerate(content.lots):
        exports = lot.exporter_of_record_id
        terms = TermsOffered(
            lot.incoterm,
            lot.deviations,
            bool(lot.is_seller_premises),
            lot.vat_included,
            names_exporter=exports is not None,
            exporter_in_bid=exports in parties,
        )
        faults += bid_terms.deviation_faults(f"#/lots/{index}", terms)
        faults += _unknown(reference.ensure_currency, lot.value.currency, f"#/lots/{index}/value")
        countries = [(lot.dispatch_country, f"#/lots/{index}/dispatch_country")]
        countries += [
            (item.country_of_origin, f"#/lots/{index}/items/{n}/country_of_origin")
            for n, item in enumerate(lot.items)
        ]
        for country, pointer in countries:
            if country is not None:
                faults += _unknown(reference.ensure_country, country, pointer)
    return faults


def _offered(lot: BidLotIn) -> LotOffered:
    return LotOffered(
        ids.show("lot", lot.lot_id),
        Value(lot.value.amount, lot.value.currency),
        lot.incoterm,
        lot.named_place,
        [(ids.show("item", i.item_id), i.quantity, i.unit_price) for i in lot.items],
    )


def _technical_faults(
    wanted: Asked,
    bid: Bid,
    content: TechnicalContent,
    joined: Sequence[UUID],
    bid_for: Sequence[str] | None,
) -> list[Fault]:
    faults = bid_terms.tenderer_faults(
        [Party(each.organisation_id.hex, each.role, each.share_bp) for each in content.tenderers],
        supplier=bid.supplier_id.hex,
        accepted={each.hex for each in joined},
    )
    faults += answer_faults(wanted, content, bid_for)
    security = content.bid_security
    value = security.value if security else None
    faults += bid_terms.security_faults(
        wanted.security,
        declaration_taken=wanted.declaration_taken,
        kind=security.kind if security else None,
        value=Value(value.amount, value.currency) if value else None,
        held=wanted.held is None or bid.id in wanted.held,
    )
    claimed = [each.lot_id for each in content.domestic_claims]
    if len({*claimed}) != len(claimed):
        faults.append(Fault("#/domestic_claims", "claimed_twice", "claim each lot once"))
    faults += [
        Fault(f"#/domestic_claims/{n}/lot_id", "unknown_lot", "is no lot of the tender")
        for n, lot in enumerate(claimed)
        if lot is not None and ids.show("lot", lot) not in wanted.lots
    ]
    return faults


def answer_faults(
    wanted: Asked, content: TechnicalContent, bid_for: Sequence[str] | None
) -> list[Fault]:
    """What is wrong with the answers to requirements, by the name of each."""
    responses = [
        Response(
            each.requirement_id,
            each.value,
            ids.show("lot", each.lot_id) if each.lot_id else None,
            ids.show("item", each.item_id) if each.item_id else None,
        )
        for each in content.requirement_responses
    ]
    items = {lot: asked.items.keys() for lot, asked in wanted.lots.items() if asked.active}
    return criteria.response_faults(
        wanted.criteria, responses, items, patterns.matches, bid_for=bid_for
    )


def _new_row(model: type[SQLModel], values: Mapping[str, Any]) -> dict[str, Any]:
    row = bulk.new_row(**values)
    if model is BidLot:
        row |= importers.sealed(row["id"], row.pop("importer_tax_id"))
    return row


def _lot_rows(content: PriceContent) -> Rows:
    rows: Rows = []
    for lot in content.lots:
        fields = _fields(lot, "value", "items", "stated_charges")
        fields["stated_charges"] = [each.model_dump(mode="json") for each in lot.stated_charges]
        fields["deviations"] = [each.value for each in lot.deviations]
        money = {"value_amount": lot.value.amount, "value_currency": lot.value.currency}
        rows.append((BidLot, fields | money))
        rows += [
            (
                BidItem,
                {
                    "lot_id": lot.lot_id,
                    "item_id": item.item_id,
                    "quantity": item.quantity,
                    "unit_price_amount": item.unit_price,
                    "country_of_origin": item.country_of_origin,
                },
            )
            for item in lot.items
        ]
    return rows


def _technical_rows(content: TechnicalContent) -> Rows:
    rows: Rows = [
        (
            RequirementResponse,
            {
                "requirement_id": each.requirement_id,
                "lot_id": each.lot_id,
                "item_id": each.item_id,
                "value": {"value": each.value},
                "documents": each.documents,
            },
        )
        for each in content.requirement_responses
    ]
    rows += [(DomesticClaim, _fields(each)) for each in content.domestic_claims]
    if content.bid_security is not None:
        fields = _fields(content.bid_security, "value")
        value = content.bid_security.value
        amount: Decimal | None = value.amount if value else None
        money = {"value_amount": amount, "value_currency": value.currency if value else None}
        rows.append((BidSecurity, fields | money))
    return rows


def _sealed(given: DocumentIn, received: Mapping[str, UUID]) -> dict[str, Any]:
    """The columns of a document that was handed in beside the envelope, or was said to be."""
    part, columns = given.sealed, dict.fromkeys(("sealed_document_id", "sealed_key", "file_name"))
    if part is None:
        return {**columns, "failure": None}
    found = received.get(part.id)
    if found is None:
        return {**columns, "file_name": part.name, "failure": NOT_RECEIVED}
    told = {"sealed_document_id": found, "sealed_key": part.key, "file_name": part.name}
    return {**told, "failure": None}


def _fields(given: BaseModel, *but: str) -> dict[str, Any]:
    """The values as they are, not as the API shows them."""
    return {name: getattr(given, name) for name in type(given).model_fields if name not in but}


def _unknown(check: Any, code: str, pointer: str) -> list[Fault]:
    try:
        check(code, pointer)
    except Invalid as problem:
        return [Fault(each.pointer, each.code, each.detail) for each in problem.errors]
    return []
