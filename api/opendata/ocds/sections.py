"""The sections of a release, one function each; a new section is one more entry of `SECTIONS`.

A section is told of the tender what everybody may know of it now, whole, and whom it names as
parties. What is gone since the release before is made null by `publishing`.
"""

from collections.abc import Callable, Iterable, Mapping
from uuid import UUID

from api.core import ids
from api.identity.models import Organisation
from api.opendata.ocds import documents, evaluation, frameworks
from api.opendata.ocds.bids import bids, criteria
from api.opendata.ocds.contracts import contracts
from api.opendata.ocds.decisions import awards, complaints
from api.opendata.ocds.prequalification import prequalification
from api.opendata.ocds.process import Process, Section
from api.opendata.ocds.values import (
    Json,
    compact,
    day,
    instant,
    money,
    number,
    period,
    reference,
    texts,
)
from api.procurement import service as procurement
from api.procurement.models import Amendment, Cancellation, Enquiry, Item, Lot
from api.procurement.service import opened
from api.reference import service as reference_data
from api.reference import titles
from api.reference.locales import countries
from api.reference.models import Place
from api.rules.evaluation import LotTerms

type Titles = Mapping[tuple[str, str], Mapping[str, str]]


def tender(process: Process) -> Section:
    """`tender` and `buyer`: the terms, the lots and items, the amendments, the end."""
    row, language = process.tender, process.language
    buyer = process.reference(row.buyer_id)
    questions = [
        _enquiry(each, language) for each in procurement.answered_enquiries(process.session, row.id)
    ]
    openings = opened.openings(process.session, row.id)
    techniques, roles = frameworks.techniques(process)
    related = frameworks.related(process)
    ranked = evaluation.lots_terms(process)
    facts = {
        "id": ids.show("tender", row.id),
        **texts("title", row.title, language),
        **texts("description", row.description, language),
        "status": row.status.value,
        "statusDetails": row.status_details.value,
        "procuringEntity": buyer,
        "procurementMethod": row.procurement_method.value,
        "procurementMethodDetails": row.procurement_method_details or row.procedure,
        "procurementMethodRationale": row.procurement_method_ground,
        "mainProcurementCategory": row.main_procurement_category.value,
        "submissionMethod": ["electronicSubmission"],
        "value": money(row.value),
        "tenderPeriod": period(instant(row.tender_period_start), instant(row.tender_period_end)),
        "enquiryPeriod": row.enquiry_period_end
        and period(instant(row.published_at), instant(row.enquiry_period_end)),
        "awardCriteria": evaluation.of_tender(ranked),
        "lots": [_lot(lot, ranked[lot.id], language) for lot in row.lots],
        "items": _items(process),
        "amendments": [
            _amendment(each) for each in procurement.amendments_of(process.session, row.id)
        ],
        "enquiries": questions,
        "hasEnquiries": True if questions else None,
        "criteria": criteria(process),
        "documents": documents.of_tender(process),
        "techniques": techniques,
        "bidOpening": openings and {"date": instant(openings[0].opened_at)},
        "cancellation": row.cancelled_at
        and {"date": instant(row.cancelled_at), "rationale": row.cancellation_reason},
        "cancellations": [
            _cancellation(each) for each in procurement.cancellations_of(process.session, row.id)
        ],
    }
    members = {"buyer": buyer, "tender": compact(facts), "relatedProcesses": related}
    roles[row.buyer_id] = {"buyer", "procuringEntity"}
    return Section(compact(members), roles)


def parties(process: Process, roles: Mapping[UUID, Iterable[str]]) -> list[Json]:
    """The organisations that the sections name, with their roles in this process."""
    return [
        _party(process.organisation(org_id), sorted(held), process.language)
        for org_id, held in roles.items()
    ]


SECTIONS: Mapping[str, Callable[[Process], Section]] = {
    "tender": tender,
    "prequalification": prequalification,
    "bids": bids,
    "awards": awards,
    "complaints": complaints,
    "contracts": contracts,
}


def _party(organisation: Organisation, roles: list[str], language: str) -> Json:
    named = texts("legalName", organisation.legal_name, language)
    country = countries()[organisation.country].names
    return {
        **reference(organisation, language),
        **texts("name", organisation.legal_name, language),
        "identifier": {
            "scheme": organisation.identifier_scheme,
            "id": organisation.identifier_id,
            **named,
        },
        "address": texts("countryName", country, language),
        "roles": roles,
    }


def _lot(lot: Lot, terms: LotTerms, language: str) -> Json:
    return compact(
        {
            "id": ids.show("lot", lot.id),
            **texts("title", lot.title, language),
            "status": lot.status.value,
            "value": money(lot.value),
            "contractPeriod": period(
                day(lot.delivery_period_start), day(lot.delivery_period_end, end=True)
            ),
            "deliveryTerms": [{"incoterms": rule} for rule in lot.incoterms],
            "requiredCertificates": [*lot.required_certificates],
            "awardCriteria": evaluation.of_lot(terms, language),
        }
    )


def _items(process: Process) -> list[Json]:
    pairs = [(lot, item) for lot in process.tender.lots for item in lot.items]
    session = process.session
    places = reference_data.places(session, {lot.delivery_place_code for lot, _ in pairs})
    units = titles.of_units(session, {item.unit_code for _, item in pairs})
    codes = {
        (each["scheme"], each["id"])
        for _, item in pairs
        for each in (item.classification, *item.additional_classifications)
        if each
    }
    named = titles.of_classifications(session, codes)
    return [
        _item(item, lot, places.get(lot.delivery_place_code), units, named, process.language)
        for lot, item in pairs
    ]


def _item(
    item: Item,
    lot: Lot,
    place: Place | None,
    units: Mapping[str, Mapping[str, str]],
    named: Titles,
    language: str,
) -> Json:
    return compact(
        {
            "id": ids.show("item", item.id),
            **texts("description", item.description, language),
            "relatedLot": ids.show("lot", lot.id),
            "classification": _classification(item.classification, named, language),
            "additionalClassifications": [
                _classification(each, named, language) for each in item.additional_classifications
            ],
            "quantity": number(item.quantity),
            "unit": {
                "scheme": "UNCEFACT",
                "id": item.unit_code,
                **texts("name", units.get(item.unit_code, {}), language),
            },
            "deliveryAddress": place and _address(lot, place, language),
            "deliveryLocation": place
            and {
                "geometry": {
                    "type": "Point",
                    "coordinates": [number(place.longitude), number(place.latitude)],
                }
            },
        }
    )


def _classification(
    given: Mapping[str, str] | None,
    named: Titles,
    language: str,
) -> Json | None:
    if given is None:
        return None
    title = named.get((given["scheme"], given["id"]), {})
    return {
        "scheme": given["scheme"],
        "id": given["id"],
        **texts("description", title, language),
    }


def _address(lot: Lot, place: Place, language: str) -> Json:
    return compact(
        {
            "streetAddress": lot.delivery_address,
            "locality": texts("name", place.names, language).get("name"),
            **texts("countryName", countries()[place.country].names, language),
        }
    )


def _enquiry(enquiry: Enquiry, language: str) -> Json:
    """An answered question; who asked is not published."""
    return compact(
        {
            "id": ids.show("enquiry", enquiry.id),
            "date": instant(enquiry.asked_at),
            **texts("title", enquiry.title, language),
            **texts("description", enquiry.description, language),
            **texts("answer", enquiry.answer or {}, language),
            "dateAnswered": instant(enquiry.answered_at),
            "relatedLot": enquiry.lot_id and ids.show("lot", enquiry.lot_id),
        }
    )


def _cancellation(cancellation: Cancellation) -> Json:
    """A wish to cancel the tender or some of its lots, and what became of it."""
    return compact(
        {
            "id": ids.show("cancellation", cancellation.id),
            "status": cancellation.status.value,
            "date": instant(cancellation.requested_at),
            "dateEnded": instant(cancellation.ended_at),
            "rationale": cancellation.reason,
            "relatedLots": [ids.show("lot", each) for each in cancellation.lot_ids],
            "complaintPeriod": cancellation.complaint_period_end
            and period(
                instant(cancellation.requested_at), instant(cancellation.complaint_period_end)
            ),
        }
    )


def _amendment(amendment: Amendment) -> Json:
    return {
        "id": str(amendment.number),
        "date": instant(amendment.amended_at),
        "rationale": amendment.rationale,
        "description": ", ".join(change["pointer"] for change in amendment.changes),
    }
