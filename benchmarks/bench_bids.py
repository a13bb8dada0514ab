"""The last minute before a deadline: bids a second on one tender, and the opening of all of them.

`SUPPLIERS` suppliers hand in one sealed bid each, through HTTP, at one uvicorn process with the
settings of `kerben serve`, over `CONNECTIONS` connections. The baseline is bare inserts of the
same size: the same ciphertexts into a plain table (a primary key, no other index, no row-level
security, no foreign key) by as many psycopg connections, one transaction a bid, without HTTP,
authentication, receipt, audit entry or event. Both take turns; nothing else should run meanwhile.

Then the bids of the last round are opened as the worker does it: root, shares, decryption,
checks, rows, audit entries, events and the signed record, in one transaction.
"""

import asyncio
import base64
import json
import os
import pickle
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

_DATA = Path(os.environ.get("KERBEN_DATA_DIR") or tempfile.mkdtemp(prefix="kerben-bench-"))
os.environ.update(KERBEN_DATA_DIR=str(_DATA), KERBEN_ENVIRONMENT="test", KERBEN_LOG_LEVEL="ERROR")

import psycopg
import uvicorn
from rich.console import Console
from rich.table import Table

from api.core import db, ids, logs, migrations, sandbox
from api.identity import service as identity
from api.identity.models import Organisation
from api.identity.schemas import ClientIn
from api.main import create_app
from api.procurement import service as procurement
from api.procurement.models import Bid
from api.procurement.schemas import OpenerKeyIn, SubmissionTermsIn, TenderIn
from api.procurement.sealing import ceremony, envelopes, opening
from api.procurement.sealing.ceremony import Member, Scope
from api.procurement.sealing.documents import instant
from api.procurement.sealing.envelopes import Context
from api.procurement.sealing.keys import Identity
from api.reference import service as reference
from api.rules.identifiers import IdentifierScheme
from api.rules.organisations import OrganisationStatus
from api.rules.sealing import EnvelopeKind

SUPPLIERS, CONNECTIONS, ROUNDS = 1000, 16, 3
HOST, PORT = "127.0.0.1", 18474
DAYS = timedelta(days=25)
BARE = """
CREATE TABLE bare_bid (
  id uuid PRIMARY KEY DEFAULT uuidv7(), tender_id uuid NOT NULL, supplier_id uuid NOT NULL,
  commitment text NOT NULL, ciphertext bytea NOT NULL, received_at timestamptz NOT NULL
);
ALTER TABLE bare_bid ALTER COLUMN ciphertext SET STORAGE EXTERNAL
"""
INSERT = (
    "INSERT INTO bare_bid (tender_id, supplier_id, commitment, ciphertext, received_at)"
    " VALUES (%s, %s, %s, %s, clock_timestamp())"
)


def main() -> None:
    """Print bids a second of both, their ratio, and how long the opening takes."""
    logs.configure("ERROR", "console")
    migrations.upgrade()
    with db.worker_unit_of_work() as session:
        reference.ensure_bundled(session)
    buyer, openers = organisation(["buyer"]), [Identity.generate() for _ in range(4)]
    clients = [buyer, client(buyer[0]), client(buyer[0]), organisation(["auditor"])]
    suppliers = [organisation(["supplier"]) for _ in range(SUPPLIERS)]
    register(clients, openers)
    with psycopg.connect(db.url("owner"), autocommit=True) as owner:
        owner.execute(BARE)
        owner.execute("GRANT INSERT ON bare_bid TO kerben_app")
    product, bare = [], []
    for _ in range(ROUNDS):
        tender, key = published(buyer[0], openers)
        requests, rows = sealed(tender, key, suppliers)
        bare.append(SUPPLIERS / inserted(rows))
        product.append(SUPPLIERS / handed_in(requests))
    size, seconds = len(rows[0][3]), opened(tender, key, openers, clients, buyer[0])
    report(product, bare, size, seconds)


def organisation(roles: list[str]) -> tuple[Any, str, Any]:
    """A new organisation: its id, a key of its own, and the id of the credentials."""
    with db.worker_unit_of_work() as session:
        made = Organisation(
            roles=roles,
            country="KG",
            legal_name={"en": "Bench"},
            identifier_scheme=IdentifierScheme.KG_INN,
            identifier_id=os.urandom(7).hex(),
            languages=["en"],
            status=OrganisationStatus.VERIFIED,
            verification_level=2,
        )
        session.add(made)
    return client(made.id)


def client(org_id: Any) -> tuple[Any, str, Any]:
    """Further credentials of an organisation."""
    with db.worker_unit_of_work() as session:
        scopes = identity.full_scopes(session.get_one(Organisation, org_id))
        data = ClientIn(name="bench", scopes=scopes)
        row, key = identity.create_client(
            session, org_id=org_id, actor="bench", data=data, grantable=scopes
        )
    return org_id, key, row.id


def register(clients: list[Any], openers: list[Identity]) -> None:
    """The public keys of three openers and an auditor."""
    roles = ["opener", "opener", "opener", "auditor"]
    with db.worker_unit_of_work() as session:
        for n, (each, own) in enumerate(zip(clients, openers, strict=True)):
            data = OpenerKeyIn.model_validate(
                {"name": f"Holder {n}", "role": roles[n], "recipient": own.recipient}
            )
            procurement.tender_keys.register(
                session, org_id=each[0], client_id=each[2], actor="bench", data=data
            )


def published(buyer_id: Any, openers: list[Identity]) -> tuple[Any, ceremony.TenderKey]:
    """A tender of one lot and one item that takes sealed bids."""
    roles = ["opener", "opener", "opener", "auditor"]
    with db.worker_unit_of_work() as session:
        end = db.now(session) + DAYS
        data = TenderIn.model_validate(
            {
                "title": {"ru": "Парты"},
                "tender_period_end": end.isoformat(),
                "lots": [
                    {
                        "title": {"ru": "Парты"},
                        "value": {"amount": "6700000", "currency": "KGS"},
                        "delivery_place_code": "kg-osh",
                        "delivery_period_end": (end + DAYS * 4).date().isoformat(),
                        "items": [
                            {
                                "description": {"ru": "Парта"},
                                "classification": {"scheme": "CPV", "id": "39160000-1"},
                                "quantity": "600",
                                "unit_code": "SET",
                            }
                        ],
                    }
                ],
            }
        )
        tender = procurement.create(session, buyer_id=buyer_id, actor="bench", data=data)
        procurement.submissions.put(session, tender, actor="bench", data=SubmissionTermsIn())
        scope = Scope(tender=tender.ocid, envelope=EnvelopeKind.PRICE, opens_at=instant(end))
        members = [
            Member.model_validate({"name": f"Holder {n}", "role": role, "recipient": own.recipient})
            for n, (role, own) in enumerate(zip(roles, openers, strict=True))
        ]
        key = ceremony.perform(scope, 2, members)
        procurement.tender_keys.attach(session, tender, actor="bench", document=key)
        procurement.publish(session, tender, actor="bench")
    return tender, key


def sealed(
    tender: Any, key: ceremony.TenderKey, suppliers: list[Any]
) -> tuple[list[bytes], list[Any]]:
    """Of every supplier: its whole HTTP request, and the row for the bare insert."""
    lot = tender.lots[0]
    requests, rows = [], []
    for number, (org_id, secret, _) in enumerate(suppliers):
        price = 9000 + number
        content = {
            "lots": [
                {
                    "lot_id": ids.show("lot", lot.id),
                    "value": {"amount": f"{price * 600}.00", "currency": "KGS"},
                    "vat_included": True,
                    "items": [
                        {
                            "item_id": ids.show("item", lot.items[0].id),
                            "quantity": "600",
                            "unit_price": str(price),
                        }
                    ],
                }
            ]
        }
        context = Context(
            tender=tender.ocid,
            tenderer=ids.show("organisation", org_id),
            envelope=EnvelopeKind.PRICE,
            id=str(number),
        )
        closed = envelopes.seal(content, context, key.recipient).sealed
        envelope = {"kind": "price", "id": str(number), "sealed": closed.model_dump(mode="json")}
        body = json.dumps({"envelopes": [envelope]}).encode()
        lines = [
            f"POST /v1/tenders/{ids.show('tender', tender.id)}/bids HTTP/1.1",
            f"Host: {HOST}",
            f"Authorization: Bearer {secret}",
            "Content-Type: application/json",
            f"Idempotency-Key: {tender.ocid}-{number}",
            f"Content-Length: {len(body)}",
        ]
        requests.append("\r\n".join([*lines, "", ""]).encode() + body)
        rows.append((tender.id, org_id, closed.commitment, closed.ciphertext_bytes()))
    return requests, rows


def inserted(rows: list[Any]) -> float:
    """Seconds of the bare inserts: each in a transaction of its own."""
    local = threading.local()
    links: list[psycopg.Connection[Any]] = []

    def one(row: Any) -> None:
        if not hasattr(local, "link"):
            local.link = psycopg.connect(db.url("app"), autocommit=True)
            links.append(local.link)
        local.link.execute(INSERT, row)

    with ThreadPoolExecutor(CONNECTIONS) as pool:
        started = time.perf_counter()
        list(pool.map(one, rows))
        seconds = time.perf_counter() - started
    for link in links:
        link.close()
    return seconds


def handed_in(requests: list[bytes]) -> float:
    """Seconds until every bid is answered with its receipt, sent by a process of its own."""
    plan = _DATA / "requests.pickle"
    plan.write_bytes(pickle.dumps(requests))
    server = subprocess.Popen([sys.executable, __file__, "serve"])
    try:
        done = subprocess.run(
            [sys.executable, __file__, "load", str(plan)],
            check=True,
            capture_output=True,
            text=True,
        )
    finally:
        server.terminate()
        server.wait()
    return float(done.stdout)


async def rush(requests: list[bytes]) -> float:
    """Send every request once, over `CONNECTIONS` connections; the seconds it took."""
    for _ in range(200):
        try:
            _, writer = await asyncio.open_connection(HOST, PORT)
        except OSError:
            await asyncio.sleep(0.1)
        else:
            writer.close()
            break
    waiting = iter(requests)

    async def one() -> None:
        reader, writer = await asyncio.open_connection(HOST, PORT)
        for raw in waiting:
            writer.write(raw)
            head = (await reader.readuntil(b"\r\n\r\n")).lower()
            length = int(head.partition(b"content-length:")[2].partition(b"\r\n")[0])
            body = await reader.readexactly(length)
            assert head[9:12] == b"201", body
        writer.close()

    started = time.perf_counter()
    await asyncio.gather(*(one() for _ in range(CONNECTIONS)))
    return time.perf_counter() - started


def opened(
    tender: Any, key: ceremony.TenderKey, openers: list[Identity], clients: list[Any], buyer_id: Any
) -> float:
    """Seconds in which a worker opens all bids of the tender; every one must be opened."""
    with db.worker_unit_of_work() as session:
        ahead = tender.tender_period_end - db.now(session)
        sandbox.advance(session, actor="bench", seconds=int(ahead.total_seconds()) + 1)
    with db.worker_unit_of_work() as session:
        assert procurement.close_due(session, tender.id)
    with db.unit_of_work(buyer_id) as session:
        locked = procurement.lock(session, buyer_id=buyer_id, tender_id=tender.id)
        begun = procurement.openings.start(session, locked, actor="bench", kind=EnvelopeKind.PRICE)
        document = procurement.openings.session_document(begun, tender.ocid)
    assert document is not None
    for own, each in list(zip(openers, clients, strict=True))[:2]:
        now = datetime.fromisoformat(key.opens_at) + timedelta(seconds=1)
        released = opening.release(own, key, document, now=now)
        with db.unit_of_work(buyer_id) as session:
            procurement.openings.release(
                session,
                opening_id=begun.id,
                org_id=buyer_id,
                client_id=each[2],
                actor="bench",
                released=base64.b64encode(released).decode(),
            )
    started = time.perf_counter()
    with db.worker_unit_of_work() as session:
        assert procurement.open_ready(session, begun.id)
    seconds = time.perf_counter() - started
    with db.worker_unit_of_work() as session:
        table = Bid.__tablename__
        count = session.connection().exec_driver_sql(
            f"SELECT count(*) FROM {table} WHERE status_details = 'opened'"
        )
        assert count.scalar() == SUPPLIERS
    return seconds


def report(product: list[float], bare: list[float], size: int, seconds: float) -> None:
    """One table: medians of the rounds, the median of their ratios, and the opening."""
    table = Table(
        title=f"{SUPPLIERS} suppliers, {size} bytes each, {CONNECTIONS} connections,"
        f" {ROUNDS} rounds, medians"
    )
    for column in ("", "bare inserts, 1/s", "product, 1/s", "ratio"):
        table.add_column(column, justify="right" if column else "left")
    ratio = statistics.median(b / a for a, b in zip(bare, product, strict=True))
    table.add_row(
        "deadline rush",
        f"{statistics.median(bare):.0f}",
        f"{statistics.median(product):.0f}",
        f"{ratio:.2f}",
    )
    console = Console()
    console.print(table)
    console.print(
        f"Opening of {SUPPLIERS} bids: {seconds:.2f} s, {SUPPLIERS / seconds:.0f} bids a second."
    )


if __name__ == "__main__":
    match sys.argv[1:]:
        case []:
            main()
            shutil.rmtree(_DATA, ignore_errors=True)
        case ["load", plan]:
            requests = pickle.loads(Path(plan).read_bytes())
            print(asyncio.run(rush(requests)))  # noqa: T201
        case ["serve"]:
            logs.configure("ERROR", "json")
            uvicorn.run(create_app(), host=HOST, port=PORT, log_config=None, access_log=False)
