"""Before the opening a price is nowhere: not in the database, logs, messages, events or answers."""

import base64
import io
import json
from collections.abc import Callable, Iterator
from typing import Any

import psycopg
import pytest

from api import registry
from api.core import db, ids, logs
from api.procurement import service as procurement
from tests.procurement import bidding, samples
from workers import relay

type AsOrg = Callable[..., Any]
CANARY = "98765.43"
NAME = "Канарейка-7315"


@pytest.fixture
def output(monkeypatch: pytest.MonkeyPatch) -> Iterator[io.StringIO]:
    """Everything that is logged, down to the debugging messages."""
    stream = io.StringIO()
    monkeypatch.setattr("sys.stderr", stream)
    logs.configure("DEBUG", "json")
    yield stream
    monkeypatch.undo()
    logs.configure("ERROR", "json")


def spellings(text: str) -> list[str]:
    """The text as it may stand in a dump: plain, escaped, in hexadecimal, in base64 at any offset."""
    raw = text.encode()
    coded = [base64.b64encode(b"\0" * pad + raw).decode()[4:-4] for pad in (0, 1, 2)]
    return [text, json.dumps(text)[1:-1], raw.hex(), *coded]


def dump(superuser: psycopg.Connection[Any]) -> str:
    """Every row of every table as text, as a backup holds them."""
    tables = [table.__tablename__ for table in registry.TABLES]
    rows = [
        row[0]
        for table in tables
        for row in superuser.execute(f'SELECT t::text FROM "{table}" t').fetchall()  # type: ignore[call-overload]
    ]
    return "\n".join(rows)


def assert_absent(text: str, place: str) -> None:
    found = [each for secret in (CANARY, NAME) for each in spellings(secret) if each in text]
    assert found == [], place


@pytest.mark.parametrize("server", [False, True], ids=["sealed", "kept by the service"])
def test_nobody_can_read_a_price_before_the_opening(
    as_org: AsOrg, superuser: psycopg.Connection[Any], output: io.StringIO, server: bool
) -> None:
    buyer, supplier = as_org(["buyer"]), as_org(["supplier"])
    made = bidding.published(as_org, buyer, server=server)
    document = {"sha256": "ab" * 32, "title": NAME}
    what = bidding.content(made.tender, CANARY, documents=[document])
    if server:
        envelope: Any = {"kind": "price", "id": "1", "content": what}
    else:
        envelope, _ = bidding.seal(made, supplier, what, id="1")
    url, again = f"/v1/tenders/{made.id}/bids", {"Idempotency-Key": "canary"}
    answers = [supplier.post(url, json={"envelopes": [envelope]}, headers=again) for _ in range(2)]
    bid = answers[0].json()
    # What is refused must not be logged either.
    wrong = {**what, "lots": [{**what["lots"][0], "named_place": CANARY * 100}]}
    bad = {"envelopes": [{"kind": "price", "id": "1", "version": 2, "content": wrong}]}
    answers.append(supplier.post(f"/v1/bids/{bid['id']}/replace", json=bad))
    events = []
    with db.worker_unit_of_work() as session:
        relay.make_jobs(session)
    with db.worker_unit_of_work() as session:
        events = relay.take_due(session)
    bidding.pass_deadline(made)
    begun = bidding.start(made)
    bidding.release(made, begun, made.openers[0])
    with db.worker_unit_of_work() as session:
        opening_id = ids.parse("opening", begun["id"])
        assert not procurement.open_ready(session, opening_id)

    assert [each.status_code for each in answers] == [201, 201, 422]
    assert answers[1].headers["idempotent-replayed"] == "true"
    assert_absent(dump(superuser), "database")
    assert_absent(output.getvalue(), "logs")
    assert_absent(repr(events), "messages")
    assert f"/v1/tenders/{made.id}/bids" in output.getvalue()
    for each in answers:
        assert_absent(each.text, "the supplier's own answers")
    everybody = [buyer, as_org(["operator"]), as_org(["auditor"]), as_org(["supplier"])]
    everybody += [opener.actor for opener in made.openers]
    for caller in everybody:
        for path in (
            f"/v1/tenders/{made.id}",
            f"/v1/tenders/{made.id}/bids",
            f"/v1/tenders/{made.id}/bidding",
            f"/v1/tenders/{made.id}/audit",
            f"/v1/tenders/{made.id}/openings",
            f"/v1/openings/{begun['id']}",
            f"/v1/bids/{bid['id']}",
            "/v1/bids",
            "/v1/tenders",
        ):
            text = caller.get(path).text
            assert_absent(text, path)
            for secret in (bid["id"], f"organisation_{supplier.org_id.hex}"):
                assert path == f"/v1/bids/{bid['id']}" or secret not in text, path

    # The search does find it once it is there.
    bidding.release(made, begun, made.openers[1])
    with db.worker_unit_of_work() as session:
        assert procurement.open_ready(session, opening_id)
    assert CANARY in dump(superuser)
    assert CANARY in buyer.get(f"/v1/bids/{bid['id']}").text


def test_other_rows_of_the_database_are_hidden_by_the_database_itself(as_org: AsOrg) -> None:
    """Without any query of ours: what the API's role sees as each organisation."""
    buyer, supplier, other = as_org(["buyer"]), as_org(["supplier"]), as_org(["supplier"])
    made = bidding.published(as_org, buyer)
    bidding.submit(made, supplier)
    tables = ("bid", "bid_tenderer", "bid_envelope")
    seen = {}
    for actor in (buyer, supplier, other, made.openers[-1].actor):
        with db.unit_of_work(actor.org_id) as session:
            seen[actor.org_id] = [
                session.connection().exec_driver_sql(f"SELECT count(*) FROM {table}").scalar()
                for table in tables
            ]
    with db.unit_of_work(as_org(["operator"]).org_id) as session:
        db.scope(session, operator="on")
        for table in tables:
            count = session.connection().exec_driver_sql(f"SELECT count(*) FROM {table}").scalar()
            assert count == 0

    assert seen.pop(supplier.org_id) == [1, 1, 1]
    assert {tuple(counts) for counts in seen.values()} == {(0, 0, 0)}


def test_the_trail_and_version_of_a_tender_do_not_move_with_its_bids(as_org: AsOrg) -> None:
    buyer = as_org(["buyer"])
    made = bidding.published(as_org, buyer)
    before = [
        buyer.get(f"/v1/tenders/{made.id}{path}").json() for path in ("", "/audit", "/bidding")
    ]

    bid = bidding.submit(made, supplier := as_org(["supplier"]))
    supplier.post(f"/v1/bids/{bid['id']}/withdraw")

    after = [
        buyer.get(f"/v1/tenders/{made.id}{path}").json() for path in ("", "/audit", "/bidding")
    ]
    assert after == before


def test_nobody_changes_what_was_received(as_org: AsOrg) -> None:
    supplier = as_org(["supplier"])
    made = bidding.published(as_org, as_org(["buyer"]))
    bidding.submit(made, supplier)
    for statement in (
        "UPDATE bid_envelope SET ciphertext = 'x'",
        "UPDATE bid_envelope SET received_at = now()",
        "DELETE FROM bid_envelope",
    ):
        with (
            db.engine("worker").connect() as connection,
            pytest.raises(Exception, match="bid_envelope is app|never altered"),
        ):
            connection.exec_driver_sql(statement)
    bidding.pass_deadline(made)
    with db.engine("worker").connect() as connection, pytest.raises(Exception, match="append-only"):
        connection.exec_driver_sql("UPDATE bid_root SET root = ''")
    assert samples.tender_id(made.tender) == made.uuid
