"""The last minute before a deadline: bids a second on one tender, and the opening of all of them.

So many suppliers hand in one sealed bid each, through HTTP, at one uvicorn process with the
settings of `kerben serve`, over 16 connections. The baseline is bare inserts of the
same size: the same ciphertexts into a plain table (a primary key, no other index, no row-level
security, no foreign key) by as many psycopg connections, one transaction a bid, without HTTP,
authentication, receipt, audit entry or event. Both take turns; nothing else should run meanwhile.

Then the bids of the last round are opened as the worker does it (root, shares, decryption,
checks, rows, audit entries, events, the release and the signed record, in one transaction),
beside a loop that only decrypts them; and evaluated by one person and completed by another, each
in a transaction, beside the rules alone.

    python benchmarks/bench_bids.py [--bids 1000] [--rounds 3]
"""

import argparse
import base64
import itertools
import json
import os
import statistics
import tempfile
import time
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

_OWN = tempfile.TemporaryDirectory(prefix="kerben-bench-", ignore_cleanup_errors=True)
_DATA = Path(os.environ.get("KERBEN_DATA_DIR") or _OWN.name)
os.environ.update(
    KERBEN_DATA_DIR=str(_DATA),
    KERBEN_ENVIRONMENT="test",
    KERBEN_LOG_LEVEL="ERROR",
    KERBEN_RATE_LIMITS="{}",  # benchmarks/bench_limits.py measures those
)

import deadline_rush
import hammer
import psycopg
from rich.console import Console
from rich.table import Table
from sqlmodel import Session, select

from api.core import db, ids, logs, migrations, sandbox
from api.identity import service as identity
from api.identity.models import Organisation
from api.identity.schemas import ClientIn
from api.identity.service import Caller
from api.procurement import service as procurement
from api.procurement.evaluation import files
from api.procurement.models import Bid, BidEnvelope, Evaluation
from api.procurement.schemas import OpenerKeyIn, SubmissionTermsIn, TenderIn
from api.procurement.sealing import ceremony, envelopes, opening
from api.procurement.sealing.ceremony import Member, Scope
from api.procurement.sealing.documents import instant
from api.procurement.sealing.envelopes import Context
from api.procurement.sealing.keys import Identity
from api.procurement.service import evaluations
from api.procurement.service.envelopes import context_of
from api.reference import service as reference
from api.rules import evaluation as rules
from api.rules.bids import BidStage
from api.rules.identifiers import IdentifierScheme
from api.rules.organisations import OrganisationStatus
from api.rules.permissions import OrgRole
from api.rules.sealing import EnvelopeKind

DAYS = timedelta(days=25)


_NUMBERS = itertools.count(1)


class Rush(NamedTuple):
    """What the rounds of the deadline rush measured, in bids a second."""

    bids: int
    size: int
    bare: list[float]
    product: list[float]


class Step(NamedTuple):
    """Something done with all bids at once, and its baseline; both in seconds."""

    name: str
    baseline: str
    alone: float
    seconds: float


def main() -> None:
    """Read how many bids and rounds are wanted, and measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bids", type=int, default=1000, help="suppliers with one bid each")
    parser.add_argument("--rounds", type=int, default=3, help="of the deadline rush")
    given = parser.parse_args()
    try:
        measure(given.bids, given.rounds)
    finally:
        db.dispose()


def measure(count: int, rounds: int) -> None:
    """Print bids a second of both, their ratio, and what opening and evaluating them takes."""
    logs.configure("ERROR", "console")
    migrations.upgrade()
    with db.worker_unit_of_work() as session:
        reference.ensure_bundled(session)
        [buyer] = organisations(session, ["buyer"], 1)
        [auditor] = organisations(session, ["auditor"], 1)
        clients = [buyer, client(session, buyer[0]), client(session, buyer[0]), auditor]
        suppliers = organisations(session, ["supplier"], count)
    openers = [Identity.generate() for _ in range(4)]
    register(clients, openers)
    with psycopg.connect(db.url("owner"), autocommit=True) as owner:
        owner.execute(deadline_rush.BARE)
        owner.execute("GRANT INSERT ON bare_bid TO kerben_app")
    product, bare = [], []
    for _ in range(rounds):
        tender, key = published(buyer[0], openers)
        requests, rows = sealed(tender, key, suppliers)
        bare.append(count / deadline_rush.inserted(rows))
        product.append(count / deadline_rush.handed_in(requests, _DATA))
    rush = Rush(count, len(rows[0][3]), bare, product)
    report(rush, [opened(tender, key, openers, clients, count), *evaluated(tender, clients)])


def organisations(session: Session, roles: list[str], count: int) -> list[Any]:
    """New organisations: of each its id, a key of its own, and the id of the credentials."""
    made = [
        Organisation(
            roles=roles,
            country="KG",
            legal_name={"en": "Bench"},
            identifier_scheme=IdentifierScheme.KG_INN,
            identifier_id=f"{next(_NUMBERS):014d}",
            languages=["en"],
            status=OrganisationStatus.VERIFIED,
            verification_level=2,
        )
        for _ in range(count)
    ]
    session.add_all(made)
    session.flush()
    return [client(session, each.id) for each in made]


def client(session: Session, org_id: Any) -> Any:
    """Further credentials of an organisation."""
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
            procurement.tender_keys.register(session, caller=_caller(each[0], each[2]), data=data)


def _caller(org_id: Any, client_id: Any) -> Caller:
    return Caller(org_id, frozenset(), client_id, frozenset(), OrganisationStatus.VERIFIED)


def published(buyer_id: Any, openers: list[Identity]) -> tuple[Any, ceremony.TenderKey]:
    """A tender of one lot and one item that takes sealed bids."""
    roles = ["opener", "opener", "opener", "auditor"]
    with db.worker_unit_of_work() as session:
        end = db.now(session) + DAYS
        data = TenderIn.model_validate(
            {
                "title": {"ru": "Парты", "ky": "Парталар"},
                "tender_period_end": end.isoformat(),
                "lots": [
                    {
                        "title": {"ru": "Парты", "ky": "Парталар"},
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
            f"Host: {hammer.HOST}",
            f"Authorization: Bearer {secret}",
            "Content-Type: application/json",
            f"Idempotency-Key: {tender.ocid}-{number}",
            f"Content-Length: {len(body)}",
        ]
        requests.append("\r\n".join([*lines, "", ""]).encode() + body)
        rows.append((tender.id, org_id, closed.commitment, closed.ciphertext_bytes()))
    return requests, rows


def opened(
    tender: Any, key: ceremony.TenderKey, openers: list[Identity], clients: list[Any], count: int
) -> Step:
    """A worker opens all bids of the tender; every one must be opened. Beside decryption alone."""
    buyer_id = clients[0][0]
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
                caller=_caller(buyer_id, each[2]),
                released=base64.b64encode(released).decode(),
            )
    started = time.perf_counter()
    with db.worker_unit_of_work() as session:
        assert procurement.open_ready(session, begun.id)
    seconds = time.perf_counter() - started
    with db.worker_unit_of_work() as session:
        bids = session.exec(select(Bid).where(Bid.tender_id == tender.id)).all()
        assert [each.status_details for each in bids] == [BidStage.OPENED] * count
    return Step("opening", "decryption alone", decrypted(tender, key, openers), seconds)


def decrypted(tender: Any, key: ceremony.TenderKey, openers: list[Identity]) -> float:
    """Seconds in which the envelopes are decrypted and checked against their commitments."""
    with db.worker_unit_of_work() as session:
        rows = session.exec(select(BidEnvelope).where(BidEnvelope.tender_id == tender.id)).all()
    session_key = Identity.generate()
    document = opening.Session(
        id="opening_0",
        tender=tender.ocid,
        envelope=EnvelopeKind.PRICE,
        recipient=session_key.recipient,
        root="0" * 64,
    )
    now = datetime.fromisoformat(key.opens_at) + timedelta(seconds=1)
    shares = [
        opening.accept(session_key, document, key, opening.release(own, key, document, now=now))
        for own in openers[:2]
    ]
    private = opening.recover(shares, key)
    started = time.perf_counter()
    for row in rows:
        context = context_of(row, tender.ocid)
        envelopes.open_envelope(private, row.ciphertext, row.commitment, context)
    return time.perf_counter() - started


def evaluated(tender: Any, clients: list[Any]) -> list[Step]:
    """One person proposes the ranking of the lot, another completes it; beside the rules alone."""
    buyer_id, roles = clients[0][0], frozenset({OrgRole.BUYER})
    verified = OrganisationStatus.VERIFIED
    people = [Caller(buyer_id, roles, each[2], frozenset(), verified) for each in clients[:2]]
    started = time.perf_counter()
    with db.unit_of_work(buyer_id) as session:
        locked = procurement.lock(session, buyer_id=buyer_id, tender_id=tender.id)
        row = evaluations.propose(session, locked, locked.lots[0], caller=people[0])
    proposed = time.perf_counter() - started
    started = time.perf_counter()
    with db.unit_of_work(buyer_id) as session:
        locked = procurement.lock(session, buyer_id=buyer_id, tender_id=tender.id)
        draft = session.get_one(Evaluation, row.id)
        evaluations.complete(session, locked, draft, caller=people[1])
    completed = time.perf_counter() - started
    given = files.inputs_of(json.loads(row.file)["inputs"])
    started = time.perf_counter()
    rules.evaluate(given)
    alone = time.perf_counter() - started
    return [
        Step("evaluation proposed", "the rules alone", alone, proposed),
        Step("evaluation completed", "the rules alone", alone, completed),
    ]


def report(rush: Rush, steps: list[Step]) -> None:
    """Two tables: the rush as medians of its rounds with their ratio, and what comes after."""
    table = Table(
        title=f"{rush.bids} suppliers, {rush.size} bytes each, {hammer.CONNECTIONS} connections,"
        f" {len(rush.bare)} rounds, medians"
    )
    for column in ("", "bare inserts, 1/s", "product, 1/s", "ratio"):
        table.add_column(column, justify="right" if column else "left", no_wrap=True)
    ratio = statistics.median(b / a for a, b in zip(rush.bare, rush.product, strict=True))
    table.add_row(
        "deadline rush",
        f"{statistics.median(rush.bare):.0f}",
        f"{statistics.median(rush.product):.0f}",
        f"{ratio:.2f}",
    )
    after = Table(title=f"{rush.bids} bids after the deadline")
    for column in ("", "baseline", "baseline, s", "product, s", "bids, 1/s"):
        after.add_column(column, justify="right" if "s" in column[-1:] else "left", no_wrap=True)
    for step in steps:
        after.add_row(
            step.name,
            step.baseline,
            f"{step.alone:.2f}",
            f"{step.seconds:.2f}",
            f"{rush.bids / step.seconds:.0f}",
        )
    console = Console()
    console.print(table)
    console.print(after)


if __name__ == "__main__":
    main()
