"""Two at once, on real connections: the deadline, repeats, shares, and no bid lost or counted twice."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text
from sqlmodel import Session, select

from api.core import db, ids
from api.core.outbox import OutboxEvent
from api.procurement import service as procurement
from api.procurement.models import Bid, BidEnvelope, BidOpening, BidRoot, OpeningShare, Tender
from api.procurement.schemas import BidIn
from api.procurement.service import envelopes, roots
from api.procurement.service.problems import TenderPeriodEnded
from api.rules.tenders import TenderStage
from tests.procurement import bidding, samples
from tests.procurement.test_tender_races import at_once

type AsOrg = Callable[..., Any]


@pytest.fixture
def made(as_org: AsOrg) -> bidding.Bidding:
    return bidding.published(as_org, as_org(["buyer"]))


def rows(session: Session, model: Any) -> list[Any]:
    session.rollback()
    session.expire_all()
    return [*session.exec(select(model))]


def ends_now(session: Session, made: bidding.Bidding, after: timedelta = timedelta()) -> None:
    """Let the period of a tender end so long from now."""
    row = samples.row(session, made.tender)
    row.tender_period_start = row.created_at
    row.tender_period_end = db.now(session) + after
    session.commit()


def test_closing_waits_for_a_bid_that_was_in_time_and_counts_it(
    as_org: AsOrg, made: bidding.Bidding, session: Session
) -> None:
    supplier = as_org(["supplier"])
    envelope, _ = bidding.seal(made, supplier, bidding.content(made.tender))
    closed: list[bool] = []

    def close() -> None:
        with db.worker_unit_of_work() as worker:
            closed.append(procurement.close_due(worker, made.uuid))

    with db.unit_of_work(supplier.org_id) as first:
        held = envelopes.hold_open(first, made.uuid)
        # The deadline passes while the bid is being taken: what counts is when it came.
        moved = db.now(first)
        closer = threading.Thread(target=close)
        bidding.advance(moved + timedelta(days=30))
        closer.start()
        waits_for_the_row(session)
        assert closed == []
        data = BidIn.model_validate({"envelopes": [envelope]})
        bid = Bid(tender_id=made.uuid, supplier_id=supplier.org_id, received_at=held.now)
        keys = envelopes.keys_of(first, made.uuid)
        rows_in = envelopes.received(first, held, bid, data.envelopes, keys)
        first.add(bid)
        first.flush()
        first.add_all(rows_in)
    closer.join(10)

    assert closed == [True]
    [row] = rows(session, BidEnvelope)
    [root] = rows(session, BidRoot)
    assert root.root == row.leaf.hex()
    with pytest.raises(TenderPeriodEnded), db.unit_of_work(supplier.org_id) as late:
        envelopes.hold_open(late, made.uuid)


def waits_for_the_row(session: Session) -> None:
    """Return once another connection waits for a lock."""
    waiting = text(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
        " AND wait_event_type = 'Lock' AND query LIKE '%FOR UPDATE%'"
    )
    deadline = threading.Event()
    for _ in range(500):
        session.rollback()
        if session.connection().scalar(waiting):
            return
        deadline.wait(0.01)
    raise AssertionError("nobody waits")


def test_at_the_deadline_every_bid_is_either_refused_or_in_the_root(
    as_org: AsOrg, made: bidding.Bidding, session: Session
) -> None:
    suppliers = [as_org(["supplier"]) for _ in range(8)]
    bodies = [bidding.seal(made, each, bidding.content(made.tender))[0] for each in suppliers]
    ends_now(session, made, timedelta(milliseconds=120))
    url = f"/v1/tenders/{made.id}/bids"

    def close() -> bool:
        while True:
            with db.worker_unit_of_work() as worker:
                if procurement.close_due(worker, made.uuid):
                    return True

    calls = [
        lambda s=s, b=b: s.post(url, json={"envelopes": [b]})
        for s, b in zip(suppliers, bodies, strict=True)
    ]
    *answers, closed = at_once([*calls, close])

    assert closed
    taken = [each.json() for each in answers if each.status_code == 201]
    late = [each for each in answers if each.status_code != 201]
    assert {each.json()["code"] for each in late} <= {"tender_period_ended"}
    end = samples.row(session, made.tender).tender_period_end
    stored = rows(session, Bid)
    assert len(stored) == len(taken)
    assert all(bid.received_at < end for bid in stored)
    [root] = rows(session, BidRoot)
    with db.worker_unit_of_work() as worker:
        tender = worker.get_one(Tender, made.uuid)
        assert roots.computed(worker, tender, bidding.PRICE) == root.root


def test_bids_of_several_suppliers_go_in_side_by_side(as_org: AsOrg, made: bidding.Bidding) -> None:
    """While one holds the tender, another one is not kept waiting."""
    supplier, other = as_org(["supplier"]), as_org(["supplier"])
    with db.unit_of_work(supplier.org_id) as first:
        envelopes.hold_open(first, made.uuid)
        with ThreadPoolExecutor(1) as pool:
            bid = pool.submit(bidding.submit, made, other).result(timeout=10)
    assert bid["status"] == "pending"


def test_a_storm_with_one_key_makes_one_bid(
    as_org: AsOrg, made: bidding.Bidding, session: Session
) -> None:
    supplier = as_org(["supplier"])
    envelope, _ = bidding.seal(made, supplier, bidding.content(made.tender))
    url, headers = f"/v1/tenders/{made.id}/bids", {"Idempotency-Key": "storm"}

    def send() -> Any:
        return supplier.post(url, json={"envelopes": [envelope]}, headers=headers)

    answers = [*at_once([send for _ in range(10)]), send()]

    done = [each for each in answers if each.status_code == 201]
    waiting = {each.json()["code"] for each in answers if each.status_code != 201}
    assert len({each.content for each in done}) == 1
    assert waiting <= {"idempotency_in_flight"}
    assert len(rows(session, Bid)) == len(rows(session, BidEnvelope)) == 1
    types = [*session.exec(select(OutboxEvent.type))]
    assert types.count("bid.submitted") == 1


def test_a_storm_without_a_key_makes_one_bid_too(
    as_org: AsOrg, made: bidding.Bidding, session: Session
) -> None:
    supplier = as_org(["supplier"])
    bodies = [bidding.seal(made, supplier, bidding.content(made.tender))[0] for _ in range(6)]
    url = f"/v1/tenders/{made.id}/bids"

    answers = at_once([lambda b=b: supplier.post(url, json={"envelopes": [b]}) for b in bodies])

    assert sorted(each.status_code for each in answers) == [201, *[409] * 5]
    assert {each.json()["code"] for each in answers if each.status_code == 409} == {"bid_exists"}
    assert len(rows(session, Bid)) == len(rows(session, BidEnvelope)) == 1


def test_replace_and_withdraw_at_once_leave_one_truth(
    as_org: AsOrg, made: bidding.Bidding, session: Session
) -> None:
    supplier = as_org(["supplier"])
    bid = bidding.submit(made, supplier, id="mine")
    envelope, _ = bidding.seal(
        made, supplier, bidding.content(made.tender, "9000.00"), id="mine", version=2
    )
    url = f"/v1/bids/{bid['id']}"

    replaced, withdrawn = at_once(
        [
            lambda: supplier.post(f"{url}/replace", json={"envelopes": [envelope]}),
            lambda: supplier.post(f"{url}/withdraw"),
        ]
    )

    assert withdrawn.status_code == 200
    assert replaced.status_code in (200, 409)
    [row] = rows(session, Bid)
    assert row.status_details == "withdrawn"
    assert len(rows(session, BidEnvelope)) == 1 + (replaced.status_code == 200)


def test_openers_at_once_open_once(as_org: AsOrg, made: bidding.Bidding, session: Session) -> None:
    bid = bidding.submit(made, as_org(["supplier"]))
    bidding.pass_deadline(made)
    begun = bidding.start(made)
    url = f"/v1/openings/{begun['id']}/shares"
    bodies = [(opener, bidding.share(made, begun, opener)) for opener in made.openers]

    answers = at_once([lambda o=o, b=b: o.actor.post(url, json=b) for o, b in bodies])
    opening_id = ids.parse("opening", begun["id"])

    def opens() -> bool:
        with db.worker_unit_of_work() as worker:
            return procurement.open_ready(worker, opening_id)

    opened = at_once([opens, opens, opens])

    assert sorted(each.status_code for each in answers) == [201, 201, 409, 409]
    assert len(rows(session, OpeningShare)) == 2
    assert sorted(opened) == [False, False, True]
    types = [*session.exec(select(OutboxEvent.type))]
    assert types.count("opening.ready") == types.count("tender.bids_opened") == 1
    [row] = rows(session, Bid)
    assert (row.id, row.status_details) == (ids.parse("bid", bid["id"]), "opened")
    assert samples.row(session, made.tender).status_details is TenderStage.BIDS_OPENED


def test_two_openings_begun_at_once_are_one(made: bidding.Bidding, session: Session) -> None:
    bidding.pass_deadline(made)
    url = f"/v1/tenders/{made.id}/openings"

    answers = at_once([lambda: made.buyer.post(url, json={}) for _ in range(4)])

    assert sorted(each.status_code for each in answers) == [201, 409, 409, 409]
    assert len(rows(session, BidOpening)) == 1


def test_one_member_asked_by_two_leads_joins_one(
    as_org: AsOrg, made: bidding.Bidding, session: Session
) -> None:
    member = as_org(["supplier"])
    bids = [bidding.submit(made, as_org(["supplier"]), tenderers=[member]) for _ in range(3)]

    answers = at_once([lambda b=b: member.post(f"/v1/bids/{b['id']}/join") for b in bids])

    assert sorted(each.status_code for each in answers) == [200, 409, 409]
