"""Reverse auctions through HTTP: announced, prices in the open, ended by the clock."""

import json
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from sqlalchemy.exc import DBAPIError
from sqlmodel import Session, col, select
from typer.testing import CliRunner

from api.__main__ import main
from api.core import db, ids
from api.core.audit import AuditEntry
from api.core.outbox import OutboxEvent
from api.procurement.evaluation import auction_logs
from api.procurement.evaluation.recomputing import What
from api.procurement.models import Auction, AuctionPrice
from api.procurement.service import auctions
from api.rules import auction as rules
from api.rules.auction import AuctionStatus, Price
from tests.conftest import Actor
from tests.procurement import bidding, samples
from tests.procurement.bidding import Opened
from tests.procurement.evaluation import deciding

type AsOrg = Callable[..., Any]
QUANTITY = 600
STEP = "67000"
CLI = CliRunner()


@pytest.fixture
def suppliers(as_org: AsOrg) -> list[Actor]:
    return [as_org(["supplier"]) for _ in range(3)]


@pytest.fixture
def opened(as_org: AsOrg, suppliers: list[Actor]) -> Opened:
    """A tender that announced auctions; three suppliers ask 600 times 9800, 9700 and 9600 som."""
    bids = zip(suppliers, ("9800.00", "9700.00", "9600.00"), strict=True)
    return bidding.opened(as_org, as_org(["buyer"]), [*bids], auction_step_bp=100)


def clock() -> datetime:
    with db.worker_unit_of_work() as session:
        return db.now(session).astimezone(UTC)


def wanted(opened: Opened, **changed: Any) -> dict[str, Any]:
    now = clock()
    return {
        "lot_id": opened.tender["lots"][0]["id"],
        "starts_at": (now + timedelta(hours=1)).isoformat(),
        "ends_at": (now + timedelta(hours=2)).isoformat(),
        **changed,
    }


def plan(opened: Opened, **changed: Any) -> Any:
    url = f"/v1/tenders/{opened.bidding.id}/auctions"
    return opened.bidding.buyer.post(url, json=wanted(opened, **changed))


def begun(opened: Opened) -> Any:
    """An auction at its first moment."""
    answer = plan(opened)
    assert answer.status_code == 201, answer.text
    made = answer.json()
    bidding.advance(datetime.fromisoformat(made["starts_at"]))
    return made


def go_down(auction: Any, supplier: Actor, amount: str) -> Any:
    return supplier.post(f"/v1/auctions/{auction['id']}/prices", json={"amount": amount})


def log(session: Session, auction: Any) -> list[AuctionPrice]:
    session.rollback()
    query = select(AuctionPrice).where(
        AuctionPrice.auction_id == ids.parse("auction", auction["id"])
    )
    return sorted(session.exec(query).all(), key=lambda row: row.number)


def test_prices_fall_and_the_log_gives_the_result(
    opened: Opened, suppliers: list[Actor], session: Session, as_org: AsOrg
) -> None:
    made = begun(opened)

    first = go_down(made, suppliers[0], "5690000")
    second = go_down(made, suppliers[1], "5600000.50")

    assert (first.status_code, second.status_code) == (201, 201)
    assert second.headers["ETag"] == '"3"'
    shown = as_org(["auditor"]).get(f"/v1/auctions/{made['id']}").json()
    assert made["step_amount"] == STEP
    assert [(p["place"], Decimal(p["amount"])) for p in shown["ranking"]] == [
        (1, Decimal("5600000.5")),
        (2, Decimal(5_690_000)),
        (3, Decimal(9600 * QUANTITY)),
    ]
    told = as_org(["auditor"]).get(f"/v1/auctions/{made['id']}/log").json()
    prices = [
        Price(p["bid_id"], Decimal(p["amount"]), datetime.fromisoformat(p["received_at"]))
        for p in told["prices"]
    ]
    row = session.get_one(Auction, ids.parse("auction", made["id"]))
    assert {bid: Decimal(amount) for bid, amount in told["initial"].items()} == row.terms.initial
    again = rules.replay(row.terms, prices)
    assert again == auctions.standing(session, row)
    assert again.end == row.ends_at


def test_the_exported_log_replays_offline_and_the_evaluation_names_it(
    opened: Opened, suppliers: list[Actor], tmp_path: Path, drain: Callable[[], int]
) -> None:
    buyer = opened.bidding.buyer
    made = begun(opened)
    go_down(made, suppliers[0], "5690000")
    go_down(made, suppliers[1], "5600000.50")
    bidding.advance(datetime.fromisoformat(made["ends_at"]))
    with db.worker_unit_of_work() as unit:
        assert auctions.end_due(unit, ids.parse("auction", made["id"]))
    draft = deciding.propose(opened, buyer)
    assert deciding.complete(draft, bidding.another_client(buyer)).status_code == 200
    log, evaluation = tmp_path / "log.json", tmp_path / "evaluation.json"
    answer = suppliers[2].get(f"/v1/auctions/{made['id']}/log")
    log.write_bytes(answer.content)
    evaluation.write_bytes(buyer.get(f"/v1/evaluations/{draft['id']}/file").content)
    schema = buyer.get("/public/schemas/kerben-auction-1").json()

    good = CLI.invoke(main, ["verify", "auction", str(log), "--evaluation", str(evaluation)])
    alone = CLI.invoke(main, ["verify", "auction", str(log)])
    again = CLI.invoke(main, ["verify", "auction", str(log), "--evaluation", str(evaluation)])

    Draft202012Validator(schema).validate(answer.json())
    (first, second, third) = answer.json()["ranking"]
    assert (good.exit_code, good.stdout.splitlines()) == (
        0,
        [
            (
                f"{opened.tender['ocid']}, {made['lot_id']}: 2 prices, replayed alike."
                f" Head {answer.json()['head_sha256']}"
            ),
            f"1. {first['bid_id']} 5600000.5 KGS",
            f"2. {second['bid_id']} 5690000 KGS",
            f"3. {third['bid_id']} 5760000 KGS",
        ],
    )
    assert (again.exit_code, again.stdout) == (0, good.stdout)
    assert suppliers[1].get(f"/v1/auctions/{made['id']}/log").content == answer.content
    assert "Not checked" in alone.stdout
    inputs = json.loads(evaluation.read_bytes())["inputs"]
    assert inputs["lot"]["auction"] == {
        "head_sha256": answer.json()["head_sha256"],
        "id": made["id"],
    }
    assert CLI.invoke(main, ["verify", "evaluation", str(evaluation)]).exit_code == 0
    # A log that was made up afterwards holds by itself, and is not the one that was evaluated.
    shorter = auction_logs.check(
        tampered(answer.json(), drop=1), evaluation=evaluation.read_bytes()
    )
    assert [each.what for each in shorter] == [What.OTHER_FILE, What.CHANGED]


def tampered(said: dict[str, Any], *, drop: int = 0) -> bytes:
    """The log without its last prices, all hashes and the result computed anew."""
    told = {name: said[name] for name in ("auction_id", "tender", "lot_id", "currency")}
    terms = rules.Terms(
        datetime.fromisoformat(said["starts_at"]),
        datetime.fromisoformat(said["announced_end"]),
        Decimal(said["step_amount"]),
        timedelta(seconds=said["pause_seconds"]),
        {bid: Decimal(amount) for bid, amount in said["initial"].items()},
    )
    prices = [
        Price(each["bid_id"], Decimal(each["amount"]), datetime.fromisoformat(each["received_at"]))
        for each in said["prices"][: len(said["prices"]) - drop]
    ]
    log, standing = auction_logs.entries(prices), rules.replay(terms, prices)
    announced = auction_logs.announced(terms, **told)
    whole = auction_logs.document(announced, log, standing, AuctionStatus(said["status"]))
    return json.dumps(whole).encode()


START = datetime(2027, 3, 10, 4, tzinfo=UTC)
TERMS = rules.Terms(
    START,
    START + timedelta(hours=1),
    Decimal("10.50"),
    timedelta(minutes=15),
    {"bid_a": Decimal(1000), "bid_b": Decimal(900), "bid_c": Decimal("950.25")},
)


@settings(max_examples=60)
@given(
    st.lists(st.tuples(st.sampled_from(sorted(TERMS.initial)), st.integers(1, 8)), max_size=6),
    st.data(),
)
def test_any_change_of_a_log_is_found(falls: list[tuple[str, int]], data: st.DataObject) -> None:
    standing, prices = rules.opened(TERMS), []
    for n, (bid, steps) in enumerate(falls):
        amount = standing.prices[bid] - steps * TERMS.step
        price = Price(bid, amount, START + timedelta(minutes=10 * n, microseconds=n))
        standing = rules.place(TERMS, standing, price)
        prices.append(price)
    names = {"auction_id": "auction_1", "tender": "ocds-kerben0-000001"}
    announced = auction_logs.announced(TERMS, **names, lot_id="lot_1", currency="KGS")
    log = auction_logs.entries(prices)
    whole = auction_logs.document(announced, log, standing, AuctionStatus.COMPLETE)
    assert auction_logs.check(json.dumps(whole).encode()) == []

    changed = json.loads(json.dumps(whole))
    places = ["currency", "step_amount", "starts_at", "head_sha256", "ends_at", "lot_id", "removed"]
    place = data.draw(st.sampled_from([*places, "price", "order"] if len(log) > 1 else places))
    match place:
        case "removed":
            changed["ranking"].pop()
        case "price":
            entry = data.draw(st.sampled_from(changed["prices"]))
            entry["amount"] = str(int(entry["amount"].partition(".")[0]) + 1)
        case "order":
            changed["prices"].reverse()
        case "head_sha256":
            changed[place] = "0" * 64
        case "starts_at" | "ends_at":
            changed[place] = "2027-03-10T04:30:00.000001Z"
        case "step_amount":
            changed[place] = "10"
        case _:
            changed[place] = "USD"
    assert auction_logs.check(json.dumps(changed).encode()) != []


def test_a_last_minute_price_leaves_the_others_the_pause_to_answer(
    opened: Opened, suppliers: list[Actor], session: Session
) -> None:
    made = begun(opened)
    bidding.advance(datetime.fromisoformat(made["ends_at"]) - timedelta(minutes=2))

    answer = go_down(made, suppliers[0], "5600000")

    (entry,) = log(session, made)
    assert datetime.fromisoformat(answer.json()["ends_at"]) == entry.received_at + timedelta(
        minutes=15
    )


def test_the_clock_ends_it_only_when_the_moved_end_has_come(
    opened: Opened, suppliers: list[Actor], session: Session, drain: Callable[[], int]
) -> None:
    made = begun(opened)
    announced = datetime.fromisoformat(made["ends_at"])
    bidding.advance(announced - timedelta(minutes=2))
    moved = go_down(made, suppliers[0], "5600000").json()["ends_at"]
    bidding.advance(announced)
    auction_id, lot_id = ids.parse("auction", made["id"]), ids.parse("lot", made["lot_id"])
    with db.worker_unit_of_work() as unit:
        assert not auctions.end_due(unit, auction_id)
        assert auctions.unfinished(unit, lot_id)
    bidding.advance(datetime.fromisoformat(moved))

    late = go_down(made, suppliers[1], "5500000")
    with db.worker_unit_of_work() as unit:
        assert auctions.end_due(unit, auction_id)
    with db.worker_unit_of_work() as unit:
        assert not auctions.end_due(unit, auction_id)
        assert not auctions.unfinished(unit, lot_id)
        found = auctions.result(unit, lot_id)
    assert late.status_code == 409
    assert late.json()["errors"][0]["code"] == "auction_ended"
    assert found is not None
    assert found.currency == "KGS"
    assert sorted(found.prices.values()) == [5_600_000, 9600 * QUANTITY, 9700 * QUANTITY]
    ended = session.exec(select(OutboxEvent).where(OutboxEvent.type == "auction.ended")).all()
    assert [event.resource_id for event in ended] == [auction_id]


@pytest.mark.parametrize(
    ("amount", "code"),
    [("5813000.01", "step_too_small"), ("5900000", "step_too_small"), ("5.001", "not_in_cents")],
)
def test_a_price_by_less_than_the_step_changes_nothing(
    opened: Opened, suppliers: list[Actor], session: Session, amount: str, code: str
) -> None:
    made = begun(opened)

    answer = go_down(made, suppliers[0], amount)

    assert answer.status_code == 409
    assert answer.json()["code"] == "price_refused"
    assert answer.json()["errors"][0]["code"] == code
    assert samples.pointers(answer) == ["#/amount"]
    assert log(session, made) == []
    shown = suppliers[0].get(f"/v1/auctions/{made['id']}").json()
    assert (shown["version"], shown["ends_at"]) == (1, made["ends_at"])


def test_before_the_start_nothing_counts(opened: Opened, suppliers: list[Actor]) -> None:
    made = plan(opened).json()

    answer = go_down(made, suppliers[0], "5000000")

    assert answer.json()["errors"][0]["code"] == "auction_not_started"


def test_only_bids_of_the_lot_take_part(opened: Opened, session: Session, as_org: AsOrg) -> None:
    made = begun(opened)

    stranger = go_down(made, as_org(["supplier"]), "5000000")
    buyer = go_down(made, opened.bidding.buyer, "5000000")

    assert (stranger.status_code, buyer.status_code) == (404, 403)
    assert log(session, made) == []


def test_two_prices_at_once_come_one_after_the_other(
    opened: Opened, suppliers: list[Actor], session: Session
) -> None:
    made = begun(opened)
    answers: list[Any] = []
    barrier = threading.Barrier(8)

    def race(supplier: Actor) -> None:
        barrier.wait()
        answers.append(go_down(made, supplier, "5500000"))

    threads = [threading.Thread(target=race, args=(suppliers[n % 2],)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(answer.status_code for answer in answers) == [201, 201] + [409] * 6
    entries = log(session, made)
    assert [entry.number for entry in entries] == [1, 2]
    assert len({entry.bid_id for entry in entries}) == 2


def test_one_key_places_one_price(opened: Opened, suppliers: list[Actor], session: Session) -> None:
    made = begun(opened)
    url = f"/v1/auctions/{made['id']}/prices"
    headers = {"Idempotency-Key": "a-flaky-line"}

    answers = [
        suppliers[0].post(url, json={"amount": "5500000"}, headers=headers) for _ in range(3)
    ]

    assert [answer.status_code for answer in answers] == [201, 201, 201]
    assert len({answer.text for answer in answers}) == 1
    assert len(log(session, made)) == 1


def test_called_off_the_prices_of_the_opening_count_again(
    opened: Opened, suppliers: list[Actor], session: Session
) -> None:
    made = begun(opened)
    go_down(made, suppliers[0], "5500000")
    buyer, url = opened.bidding.buyer, f"/v1/auctions/{made['id']}/cancel"

    stale = buyer.post(url, json={"reason": "Свет"}, headers={"If-Match": '"1"'})
    others = suppliers[0].post(url, json={"reason": "Свет"})
    answer = buyer.post(url, json={"reason": "Отключение света"})
    late = go_down(made, suppliers[1], "5400000")

    assert (stale.status_code, others.status_code, late.status_code) == (412, 403, 409)
    assert answer.json()["status"] == "cancelled"
    with db.worker_unit_of_work() as unit:
        assert auctions.result(unit, ids.parse("lot", made["lot_id"])) is None
        assert not auctions.end_due(unit, ids.parse("auction", made["id"]))
    assert plan(opened).status_code == 201


@pytest.mark.parametrize(
    ("changed", "pointer"),
    [
        ({"starts_at": "2026-01-01T00:00:00Z"}, "#/starts_at"),
        ({"ends_at": "2026-01-01T00:00:00Z"}, "#/ends_at"),
        ({"lot_id": "lot_" + "0" * 32}, "#/lot_id"),
    ],
)
def test_bad_times_and_lots_are_named(
    opened: Opened, session: Session, changed: dict[str, Any], pointer: str
) -> None:
    answer = plan(opened, **changed)

    assert answer.status_code == 422
    assert samples.pointers(answer) == [pointer]
    assert session.exec(select(Auction)).all() == []


def test_a_lot_has_one_auction(opened: Opened, session: Session) -> None:
    assert (plan(opened).status_code, plan(opened).status_code) == (201, 409)
    assert len(session.exec(select(Auction)).all()) == 1


def test_a_tender_that_did_not_announce_it_has_no_auction(
    as_org: AsOrg, suppliers: list[Actor], session: Session
) -> None:
    bids = [(supplier, "9800.00") for supplier in suppliers]
    opened = bidding.opened(as_org, as_org(["buyer"]), bids)

    answer = plan(opened)

    assert (answer.status_code, answer.json()["code"]) == (409, "auction_not_possible")
    assert session.exec(select(Auction)).all() == []


def test_one_bid_makes_no_auction(as_org: AsOrg, suppliers: list[Actor]) -> None:
    opened = bidding.opened(
        as_org, as_org(["buyer"]), [(suppliers[0], "9800.00")], auction_step_bp=100
    )

    assert plan(opened).json()["code"] == "auction_not_possible"


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"auction_step_bp": 49}, "step_out_of_bounds"),
        ({"auction_step_bp": 301}, "step_out_of_bounds"),
        ({"auction_step_bp": 100, "procedure": "rfq"}, "no_auction"),
    ],
)
def test_the_policy_bounds_what_is_announced(
    as_org: AsOrg, session: Session, changed: dict[str, Any], code: str
) -> None:
    buyer, value = as_org(["buyer"]), {"amount": "900000", "currency": "KGS"}
    draft = samples.drafted(buyer, value=value, lots=[samples.lot(value=value)], **changed)

    answer = buyer.post(f"/v1/tenders/{draft['id']}/publish")

    assert (answer.status_code, answer.json()["code"]) == (409, "procedure_not_allowed")
    assert [(e["pointer"], e["code"]) for e in answer.json()["errors"]] == [
        ("#/auction_step_bp", code)
    ]
    assert samples.row(session, draft).published_at is None


def test_announced_terms_and_the_log_cannot_be_altered(
    opened: Opened, suppliers: list[Actor]
) -> None:
    made = begun(opened)
    go_down(made, suppliers[0], "5500000")

    for statement in (
        "UPDATE auction SET step_amount = 1",
        "UPDATE auction_price SET amount = 1",
        "DELETE FROM auction_price",
    ):
        with pytest.raises(DBAPIError), db.worker_unit_of_work() as unit:
            unit.connection().exec_driver_sql(statement)
    shown = suppliers[0].get(f"/v1/auctions/{made['id']}").json()
    assert (shown["step_amount"], shown["entries"]) == (STEP, 1)
    assert shown["ranking"][0]["amount"] == "5500000"


def test_every_step_stands_in_the_audit_trail_of_the_tender(
    opened: Opened, suppliers: list[Actor], session: Session
) -> None:
    made = begun(opened)
    go_down(made, suppliers[0], "5500000")

    actions = [
        entry.action
        for entry in session.exec(select(AuditEntry).order_by(col(AuditEntry.seq))).all()
        if entry.stream == f"tender:{opened.bidding.uuid.hex}"
    ]

    assert actions[-2:] == ["auction_plan", "auction_price"]
