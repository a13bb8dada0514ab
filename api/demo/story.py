"""The demonstration, told through the same services that the API calls: no row is put in aside."""

import csv
import io
import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import timedelta
from importlib import resources
from typing import Any
from uuid import UUID

from sqlmodel import Session, select

from api.catalog import certificates, columns, imports
from api.catalog.imports import Options
from api.catalog.product_schemas import CertificateIn
from api.catalog.rows import Format, Record
from api.core import db
from api.identity import service as identity
from api.identity.models import Organisation
from api.identity.schemas import ClientIn, IdentifierIn, OrganisationIn
from api.procurement import service as procurement
from api.procurement.models import Tender
from api.procurement.schemas import TenderIn
from api.rules.clock import local_date

ACTOR = "demo"
ORGANISATIONS = ("organisations_cn_1.json", "organisations_cn_2.json", "organisations_kg.json")
OFFERS = ("offers_cn_1.csv", "offers_cn_2.csv", "offers_kg.csv")

type Progress = Callable[[int], object]


class DemoDataError(Exception):
    """The shipped demonstration data do not pass the product's own checks."""


def organisations() -> list[dict[str, Any]]:
    """The demonstration's suppliers, manufacturers and buyers, as in its JSON files."""
    return [entry for name in ORGANISATIONS for entry in json.loads(_text(name))]


def offers_by_seller() -> dict[str, list[Record]]:
    """Seller's key -> rows in the format of `kerben import offers`."""
    found: dict[str, list[Record]] = defaultdict(list)
    for name in OFFERS:
        (_, *names), *table = csv.reader(io.StringIO(_text(name)))
        head = columns.named(names)
        for number, (seller, *cells) in enumerate(table, start=2):
            found[seller].append(Record(number, head, tuple(cells)))
    return found


def requests() -> list[dict[str, Any]]:
    """The five public requests, their days counted from publication."""
    found: list[dict[str, Any]] = json.loads(_text("requests.json"))
    return found


def load_organisations(
    session: Session, entries: Iterable[Mapping[str, Any]], done: Progress
) -> dict[str, UUID]:
    """Enter the organisations that are not there yet, verified with their certificates."""
    today, ids = local_date(db.now(session)), {}
    for entry in entries:
        data = OrganisationIn(
            roles=entry["roles"],
            legal_name=entry["legal_name"],
            identifier=IdentifierIn(**entry["identifier"]),
            place_code=entry["place"],
            languages=entry["languages"],
        )
        organisation = session.exec(
            select(Organisation).where(Organisation.identifier_id == data.identifier.id)
        ).one_or_none()
        if organisation is None:
            organisation = identity.create_organisation(session, actor=ACTOR, data=data)
            if entry["status"] == "verified":
                level = max(1, entry["verification_level"])
                identity.verify(session, actor=ACTOR, org_id=organisation.id, level=level)
            for shown in entry.get("certificates", ()):
                certificate = CertificateIn(
                    scheme=shown["scheme"],
                    number=shown["number"],
                    issued_by=shown["issued_by"],
                    expires_on=today + timedelta(days=shown["expires_in_days"]),
                )
                certificates.create(session, organisation.id, ACTOR, certificate)
        ids[entry["key"]] = organisation.id
        done(1)
    return ids


def load_offers(session: Session, seller_id: UUID, offers: list[Record]) -> int:
    """Import one seller's offers; how many were new or changed. DemoDataError for a bad row."""
    report = imports.take(session, seller_id, ACTOR, offers, Options(Format.CSV))
    if report.errors:
        raise DemoDataError("; ".join(map(str, report.errors)))
    return report.counts["created"] + report.counts["updated"]


def publish(session: Session, buyer_id: UUID, request: Mapping[str, Any]) -> Tender:
    """Draft and publish one public request."""
    return procurement.publish(session, draft(session, buyer_id, request), actor=ACTOR)


def draft(session: Session, buyer_id: UUID, request: Mapping[str, Any]) -> Tender:
    """Draft one public request."""
    now = db.now(session)
    today, language = local_date(now), request["language"]
    data = {
        "language": language,
        "title": request["title"],
        "description": request.get("description", {}),
        "tender_period_end": now + timedelta(days=request["closes_in_days"]),
        "lots": [
            {
                "title": lot["title"],
                "value": lot["budget"],
                "delivery_place_code": lot["delivery_place"],
                "delivery_address": lot["delivery_address"],
                "delivery_period_start": today + timedelta(days=lot["delivery_start_in_days"]),
                "delivery_period_end": today + timedelta(days=lot["delivery_end_in_days"]),
                "incoterms": lot["incoterms"],
                "required_certificates": lot["required_certificates"],
                "items": [_item(item, language) for item in lot["items"]],
            }
            for lot in request["lots"]
        ],
    }
    return procurement.create(
        session, buyer_id=buyer_id, actor=ACTOR, data=TenderIn.model_validate(data)
    )


def new_key(session: Session, org_id: UUID) -> str:
    """An API key with every scope of the organisation, for the tour."""
    scopes = identity.full_scopes(identity.get_organisation(session, org_id))
    data = ClientIn(name="demonstration", scopes=scopes)
    _, secret = identity.create_client(
        session, org_id=org_id, actor=ACTOR, data=data, grantable=scopes
    )
    return secret


def _item(item: Mapping[str, Any], language: str) -> dict[str, Any]:
    code, specification = item.get("cpv_code"), item.get("specification")
    return {
        "description": item["description"],
        "specification": {language: specification} if specification else {},
        "classification": {"scheme": "CPV", "id": code} if code else None,
        "quantity": item["quantity"],
        "unit_code": item["unit_code"],
    }


def _text(name: str) -> str:
    return resources.files("api.demo").joinpath(name).read_text(encoding="utf-8")


def each_seller(ids: Mapping[str, UUID]) -> Iterator[tuple[UUID, list[Record]]]:
    """(seller's id, its rows) of the demonstration catalogue."""
    for key, offers in offers_by_seller().items():
        yield ids[key], offers
