"""Tracking: intake of events against bare inserts, and a timeline against the bare driver.

Baseline "bare inserts": the same rows, ready-made, written by psycopg's `executemany` as the
workers' role into the same table with the same indexes and policies, one transaction a batch. The
service reads the lines (JSON, pydantic), finds shipments and places, reads clocks and codes, looks
for duplicates, and writes the audit entry and the event of each shipment beside the rows.

Baseline "bare driver": the statement that reads the events of a shipment, and nothing else, on a
connection of psycopg. The service authenticates a request, folds the events and writes JSON; its
middle figure is without HTTP, so that what HTTP costs can be told from what the timeline costs.
Shipments, events and organisations are synthetic.
"""

import json
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

_DATA = tempfile.TemporaryDirectory(prefix="kerben-bench-", ignore_cleanup_errors=True)
os.environ.setdefault("KERBEN_DATA_DIR", _DATA.name)
os.environ["KERBEN_RATE_LIMITS"] = "{}"
os.environ.setdefault("KERBEN_ENVIRONMENT", "test")

import psycopg
from fastapi.testclient import TestClient
from psycopg.types.json import Jsonb
from rich.console import Console
from rich.table import Table
from sqlmodel import SQLModel, select

from api.contracts.models import Contract
from api.core import db, embedded, ids, jobs, logs, migrations, settings
from api.delivery.models import Shipment, ShipmentLeg, TrackingEvent
from api.delivery.service import timelines, tracking_events, tracking_messages
from api.delivery.service.tracking_facts import TOLD
from api.delivery.service.tracking_files import FileFormat
from api.identity import service as identity
from api.identity.models import Organisation
from api.identity.schemas import ClientIn
from api.intake import service as intake
from api.main import create_app
from api.reference import service as reference
from api.rules.contracts import ContractStatus
from api.rules.identifiers import IdentifierScheme
from api.rules.organisations import OrganisationStatus
from api.rules.transport import TransportMode

EVENTS = int(os.environ.get("KERBEN_BENCH_EVENTS", "20000"))
SHIPMENTS = 500
READS = 300
ROUNDS = 3
NOW = datetime.now(UTC)
STEPS = ("goods_ready", "picked_up", "export_cleared", "departed", "at_border", "border_crossed")
console = Console()


def main() -> None:
    """Print both comparisons with their ratios."""
    logs.configure("ERROR", "console")
    migrations.upgrade()
    with db.worker_unit_of_work() as session:
        reference.ensure_bundled(session)
    org, key, shipments = prepared()
    taking_in(org, shipments)
    reading(key, org, shipments)
    db.dispose()


def taking_in(org: UUID, shipments: list[UUID]) -> None:
    """Medians of `ROUNDS` files of `EVENTS` events, each told once, and of the same rows bare."""
    served, bare = [], []
    for round_ in range(ROUNDS):
        body = b"\n".join(line(f"{round_}-{n}", shipments[n % SHIPMENTS], n) for n in range(EVENTS))
        with db.worker_unit_of_work() as session:
            source = tracking_events.source_of_files(session, org, None)
            job = tracking_messages.submit(session, source, body, FileFormat.NDJSON, actor="bench")
            job_id = job.id
        started = time.perf_counter()
        finished = False
        while not finished:
            with db.worker_unit_of_work() as session:
                held = session.get_one(jobs.Job, job_id)
                finished = intake.work(session, held)
                session.add(held)
        served.append(EVENTS / (time.perf_counter() - started))
        if held.result != {"created": EVENTS, "duplicate": 0, "rejected": 0}:
            raise SystemExit(f"not every event was taken: {held.result}")
        bare.append(EVENTS / inserted())
    table = Table(title=f"Intake of {EVENTS:,} events of {SHIPMENTS} shipments, events a second")
    for name in ("bare inserts", "service", "service / bare"):
        table.add_column(name, justify="right")
    slow, fast = statistics.median(served), statistics.median(bare)
    table.add_row(f"{fast:,.0f}", f"{slow:,.0f}", f"{slow / fast:.2f}")
    console.print(table)


def inserted() -> float:
    """Seconds in which rows like those of the service are written by the driver alone."""
    with db.worker_unit_of_work() as session:
        kept = session.exec(select(TrackingEvent).limit(EVENTS)).all()
        rows = [{**row.model_dump(), "id": uuid4(), "event_id": f"bare-{uuid4()}"} for row in kept]
    names = [*rows[0]]
    values = [[str(v) if isinstance(v, str) else v for v in row.values()] for row in rows]
    columns, places = ", ".join(names), ", ".join(["%s"] * len(names))
    statement = f"INSERT INTO tracking_event ({columns}) VALUES ({places})"
    with psycopg.connect(db.url("worker")) as connection:
        started = time.perf_counter()
        for begin in range(0, len(values), tracking_messages.BATCH):
            with connection.cursor() as cursor:
                cursor.executemany(statement, values[begin : begin + tracking_messages.BATCH])
            connection.commit()
        return time.perf_counter() - started


def reading(key: str, org: UUID, shipments: list[UUID]) -> None:
    """Medians of reading timelines in turn, the three ways mixed in one loop."""
    taken: dict[str, list[float]] = {"driver": [], "service": [], "http": []}
    with (
        TestClient(create_app()) as client,
        psycopg.connect(db.url("worker"), autocommit=True) as connection,
        connection.cursor(binary=True) as cursor,
    ):
        count = 0
        for number in range(READS):
            shipment_id = shipments[number % SHIPMENTS]
            url = f"/v1/shipments/{ids.show('shipment', shipment_id)}/timeline"
            ways: dict[str, Callable[[], Any]] = {
                "driver": lambda s=shipment_id: cursor.execute(  # type: ignore[misc]
                    TOLD, {"shipment_id": s}
                ).fetchall(),
                "service": lambda s=shipment_id: served(org, s),  # type: ignore[misc]
                "http": lambda u=url: client.get(u, headers={"Authorization": f"Bearer {key}"}),  # type: ignore[misc]
            }
            for name, way in ways.items():
                started = time.perf_counter()
                answer = way()
                taken[name].append(time.perf_counter() - started)
            count = answer.json()["events"]
    table = Table(title=f"Timeline of a shipment with {count} events, median ms")
    for name in ("bare driver", "service", "over HTTP", "service / driver", "HTTP / driver"):
        table.add_column(name, justify="right")
    driver, service, http = (statistics.median(taken[n]) * 1000 for n in taken)
    table.add_row(
        f"{driver:.2f}",
        f"{service:.2f}",
        f"{http:.2f}",
        f"{service / driver:.1f}",
        f"{http / driver:.1f}",
    )
    console.print(table)


def served(org: UUID, shipment_id: UUID) -> str:
    """A timeline as JSON, as the route makes it."""
    with db.unit_of_work(org) as session:
        return timelines.timeline(session, session.get_one(Shipment, shipment_id)).model_dump_json()


def line(key: str, shipment_id: UUID, number: int) -> bytes:
    """One event of a file."""
    return json.dumps(
        {
            "event_id": key,
            "shipment_id": ids.show("shipment", shipment_id),
            "milestone": STEPS[number // SHIPMENTS % len(STEPS)],
            "event_time": (NOW - timedelta(seconds=60 * 86_400 - number)).isoformat(),
            "place_code": "kg-torugart",
        }
    ).encode()


def prepared() -> tuple[UUID, str, list[UUID]]:
    """A supplier with its key, and its shipments; written past policies and foreign keys."""
    with db.worker_unit_of_work() as session:
        organisation = Organisation(
            roles=["supplier"],
            legal_name={"en": "Bench"},
            identifier_scheme=IdentifierScheme.KG_INN,
            identifier_id="00000000000001",
            country="KG",
            languages=["en"],
            status=OrganisationStatus.VERIFIED,
            verification_level=2,
        )
        session.add(organisation)
        session.flush()
        scopes = identity.full_scopes(organisation)
        _, key = identity.create_client(
            session,
            org_id=organisation.id,
            actor="bench",
            data=ClientIn(name="bench", scopes=scopes),
            grantable=scopes,
        )
    host = embedded.server_host(settings.get().data_dir.resolve())
    made = []
    with psycopg.connect(
        host=host, user="postgres", dbname=embedded.DATABASE, autocommit=True
    ) as connection:
        connection.execute("SET session_replication_role = replica")
        for number in range(SHIPMENTS):
            contract = Contract(
                tender_id=uuid4(),
                ocid="ocds-bench",
                buyer_id=organisation.id,
                suppliers=[organisation.id],
                status=ContractStatus.ACTIVE,
                original_amount=Decimal(1),
                value_amount=Decimal(1),
                value_currency="KGS",
                document=b"{}",
                sha256="0" * 64,
                signed_at=NOW,
            )
            shipment = Shipment(
                contract_id=contract.id,
                buyer_id=organisation.id,
                supplier_id=organisation.id,
                number=f"S{number}",
                consignor={"country": "CN"},
                consignee={"country": "KG"},
            )
            leg = ShipmentLeg(
                shipment_id=shipment.id,
                seq=1,
                mode=TransportMode.ROAD,
                from_place_code="cn-kashi",
                to_place_code="kg-bishkek",
                crossing_code="kg-torugart",
            )
            for row in (contract, shipment, leg):
                put(connection, row)
            made.append(shipment.id)
    return organisation.id, key, made


def put(connection: psycopg.Connection[Any], row: SQLModel) -> None:
    """Write a row as it is."""
    values = {n: Jsonb(v) if isinstance(v, dict) else v for n, v in row.model_dump().items()}
    values = {n: str(v) if isinstance(v, str) else v for n, v in values.items()}
    names, places = ", ".join(values), ", ".join(["%s"] * len(values))
    connection.execute(
        f"INSERT INTO {row.__tablename__} ({names}) VALUES ({places})", [*values.values()]
    )


if __name__ == "__main__":
    main()
