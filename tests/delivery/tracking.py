"""Shipments on their way from Kashgar to Bishkek, and what carriers send, for tests.

Rows of contracts and shipments are written as their features would leave them; everything about
tracking goes through the API and the real tasks. Signatures are computed here, not by the service.
"""

import base64
import hashlib
import hmac
import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, NamedTuple
from uuid import UUID, uuid4

import psycopg
from psycopg.types.json import Jsonb
from sqlmodel import SQLModel

from api.contracts.models import Contract, ContractAward, DeliveryScheduleRow
from api.core import ids
from api.delivery.models import (
    DespatchAdvice,
    DespatchLine,
    Package,
    Shipment,
    ShipmentEquipment,
    ShipmentLeg,
)
from api.procurement.models import Award
from api.rules.awards import AwardStatus
from api.rules.clock import local_date
from api.rules.contracts import ContractStatus
from api.rules.incoterms import Incoterm
from api.rules.schedules import contractual_event
from api.rules.transport import EquipmentType, TransportDocumentType, TransportMode
from tests.procurement import samples

NOW = datetime.now(UTC).replace(microsecond=0)
TODAY = local_date(NOW)
SECRET = "the secret of the source"
SSCC = "340123450000000000"


class Case(NamedTuple):
    """A shipment and its sides."""

    buyer: Any
    supplier: Any
    id: str
    number: str
    row_id: UUID

    @property
    def uuid(self) -> UUID:
        return ids.parse("shipment", self.id)

    @property
    def url(self) -> str:
        return f"/v1/shipments/{self.id}"


def put(superuser: psycopg.Connection[Any], row: SQLModel) -> None:
    """Write a row past policies and foreign keys; what the database computes it computes."""
    table = SQLModel.metadata.tables[str(row.__tablename__)]
    values = {
        name: Jsonb(value) if isinstance(value, dict) or name == "evidence" else value
        for name, value in row.model_dump().items()
        if table.columns[name].computed is None
    }
    values = {n: str(v) if isinstance(v, str) else v for n, v in values.items()}
    names = ", ".join(f'"{name}"' for name in values)
    places = ", ".join(["%s"] * len(values))
    superuser.execute(
        f'INSERT INTO "{row.__tablename__}" ({names}) VALUES ({places})',
        [*values.values()],
    )


def under_a_tender(superuser: psycopg.Connection[Any], case: Case) -> None:
    """Let the contract be about an award of a tender that was published through the API."""
    tender = samples.published(case.buyer)
    award = Award(
        tender_id=samples.tender_id(tender),
        lot_id=ids.parse("lot", tender["lots"][0]["id"]),
        bid_id=uuid4(),
        buyer_id=case.buyer.org_id,
        suppliers=[case.supplier.org_id],
        status=AwardStatus.ACTIVE,
        rank=1,
        value_amount=Decimal(1000),
        value_currency="KGS",
        proposed_by="one",
        proposal="Cheapest",
        decided_by="other",
        decided_at=NOW,
        decision="Approved",
    )
    put(superuser, award)
    row = superuser.execute(
        "UPDATE contract SET tender_id = %s, ocid = %s RETURNING id",
        [award.tender_id, tender["ocid"]],
    ).fetchone()
    assert row is not None
    put(superuser, ContractAward(contract_id=row[0], award_id=award.id))


def shipment(
    superuser: psycopg.Connection[Any],
    buyer: Any,
    supplier: Any,
    *,
    number: str = "SHP-1",
    document: str = "CMR-417",
    incoterm: Incoterm | None = Incoterm.DAP,
    crossing: str | None = "kg-torugart",
    mode: TransportMode = TransportMode.ROAD,
    quantity: Decimal = Decimal(100),
) -> Case:
    """A shipment of one leg by lorry, with a despatch advice of one row of the schedule."""
    contract = Contract(
        tender_id=uuid4(),
        ocid="ocds-kerben0-1",
        buyer_id=buyer.org_id,
        suppliers=[supplier.org_id],
        status=ContractStatus.ACTIVE,
        original_amount=Decimal(1000),
        value_amount=Decimal(1000),
        value_currency="KGS",
        document=b"{}",
        sha256="0" * 64,
        signed_at=NOW,
    )
    row = DeliveryScheduleRow(
        contract_id=contract.id,
        schedule_id=uuid4(),
        number=1,
        item_id=uuid4(),
        quantity=quantity,
        unit_code="C62",
        ready_by=TODAY - timedelta(days=20),
        ship_by=TODAY - timedelta(days=10),
        deliver_by=TODAY + timedelta(days=1),
        place_code="kg-bishkek",
        incoterm=incoterm,
        incoterm_version=None if incoterm is None else "2020",
        contractual_event=contractual_event(incoterm),
        despatched_quantity=quantity,
    )
    party = {"name": "Party", "address": "Street 1", "organisation_id": None}
    shipped = Shipment(
        contract_id=contract.id,
        buyer_id=buyer.org_id,
        supplier_id=supplier.org_id,
        number=number,
        consignor={**party, "country": "CN"},
        consignee={**party, "country": "KG"},
    )
    leg = ShipmentLeg(
        shipment_id=shipped.id,
        seq=1,
        mode=mode,
        from_place_code="cn-kashi",
        to_place_code="kg-bishkek",
        crossing_code=crossing,
        document_type=TransportDocumentType.CMR,
        document_number=document,
    )
    trailer = ShipmentEquipment(
        shipment_id=shipped.id,
        leg_id=leg.id,
        type=EquipmentType.TE,
        number=f"TR{document[-3:]}",
        seals=[],
    )
    package = Package(
        shipment_id=shipped.id, sscc=SSCC, type="PX", gross_weight=Decimal(8600), marks=None
    )
    advice = DespatchAdvice(
        shipment_id=shipped.id,
        contract_id=contract.id,
        number="DA-1",
        issued_by=supplier.org_id,
        actor="test",
        issued_at=NOW,
        despatched_at=NOW,
    )
    line = DespatchLine(advice_id=advice.id, schedule_row_id=row.id, number=1, quantity=quantity)
    for each in (contract, row, shipped, leg, trailer, package, advice, line):
        put(superuser, each)
    return Case(buyer, supplier, ids.show("shipment", shipped.id), number, row.id)


def at(hours: float) -> str:
    """An instant so many hours from now, as our own events write it."""
    return (NOW + timedelta(hours=hours)).isoformat()


def event(key: str, milestone: str, hours: float, **more: Any) -> dict[str, Any]:
    """An event of our own."""
    return {"event_id": key, "milestone": milestone, "event_time": at(hours), **more}


def told(by: Any, case: Case, key: str, milestone: str, hours: float, **more: Any) -> Any:
    """Tell one event, as it is answered."""
    answer = by.post(f"{case.url}/tracking-events", json=event(key, milestone, hours, **more))
    assert answer.status_code == 201, answer.text
    return answer.json()


def source(by: Any, kind: str, **more: Any) -> Any:
    """Connect a source."""
    body = {"name": f"Our {kind}", "kind": kind, "secret": SECRET, **more}
    if kind == "api":
        del body["secret"]
    answer = by.post("/v1/tracking-sources", json=body)
    assert answer.status_code == 201, answer.text
    return answer.json()


def signed(kind: str, body: bytes, secret: str = SECRET) -> dict[str, str]:
    """The header in which each kind signs, by its own documentation."""
    mac = hmac.new(secret.encode(), body, hashlib.sha256)
    return {
        "track17": {"sign": hashlib.sha256(body + b"/" + secret.encode()).hexdigest()},
        "aftership": {"aftership-hmac-sha256": base64.b64encode(mac.digest()).decode()},
        "dcsa": {"Notification-Signature": f"sha256={mac.hexdigest()}"},
        "epcis": {"GS1-Signature": f"sha256={mac.hexdigest()}"},
    }[kind]


def post(client: Any, source: Any, document: Any, **headers: Any) -> Any:
    """Post a webhook, signed unless headers are given."""
    body = document if isinstance(document, bytes) else json.dumps(document, indent=1).encode()
    return client.post(
        source["webhook_path"],
        content=body,
        headers={"Content-Type": "application/json", **(headers or signed(source["kind"], body))},
    )


def track17(*events: dict[str, Any], number: str = "CMR-417", **info: Any) -> dict[str, Any]:
    """A message of 17TRACK."""
    tracking = {"providers": [{"provider": {"key": 3011}, "events": [*events]}]}
    return {
        "event": "TRACKING_UPDATED",
        "data": {
            "number": number,
            "carrier": 3011,
            "track_info": {
                "latest_status": {"status": "InTransit"},
                "tracking": tracking,
                **info,
            },
        },
    }


def timeline(by: Any, case: Case) -> Any:
    """The timeline as one side sees it."""
    answer = by.get(f"{case.url}/timeline")
    assert answer.status_code == 200, answer.text
    return answer.json()


def steps(found: Any) -> dict[str, Any]:
    """The steps of a timeline by milestone."""
    return {step["milestone"]: step for step in found["steps"]}
