"""Bids through the API: handed in, replaced, withdrawn, confirmed, and what of them is opened."""

import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlmodel import Session, select

from api.core import db, ids, signing
from api.core.audit import AuditEntry, first_broken
from api.procurement import service as procurement
from api.procurement.models import Bid, BidEnvelope, BidTenderer
from api.procurement.sealing import receipts
from api.procurement.sealing.receipts import SignedReceipt
from api.rules import merkle
from tests.procurement import bidding, samples
from tests.procurement.law import policy_set

type AsOrg = Callable[..., Any]


@pytest.fixture
def buyer(as_org: AsOrg) -> Any:
    return as_org(["buyer"])


@pytest.fixture
def supplier(as_org: AsOrg) -> Any:
    return as_org(["supplier"])


@pytest.fixture
def other(as_org: AsOrg) -> Any:
    return as_org(["manufacturer"])


@pytest.fixture
def made(as_org: AsOrg, buyer: Any) -> bidding.Bidding:
    return bidding.published(as_org, buyer)


def rows(session: Session, model: Any) -> list[Any]:
    session.rollback()
    session.expire_all()
    return [*session.exec(select(model).order_by(model.id))]


def code(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


def test_sealed_bids_are_opened_by_enough_openers(
    as_org: AsOrg, buyer: Any, supplier: Any, other: Any
) -> None:
    opened = bidding.opened(as_org, buyer, [(supplier, "9850.00"), (other, "9700.00")])

    assert opened.tender["status_details"] == "bidsOpened"
    first, second = opened.bids
    assert (first["status"], first["status_details"]) == ("pending", "opened")
    assert first["contents"]["lots"][0]["value"] == {"amount": "5910000", "currency": "KGS"}
    assert second["contents"]["lots"][0]["items"][0]["unit_price_amount"] == "9700"
    assert {each["bid"] for each in opened.record["bids"]} == {first["id"], second["id"]}
    assert [each["name"] for each in opened.record["openers"]] == ["Opener 1", "Opener 2"]
    assert other.get(f"/v1/bids/{first['id']}").json()["contents"] == first["contents"]


def test_a_receipt_is_signed_and_its_envelope_stands_in_the_published_root(
    made: bidding.Bidding, supplier: Any, session: Session
) -> None:
    envelope, closed = bidding.seal(made, supplier, bidding.content(made.tender))
    answer = supplier.post(f"/v1/tenders/{made.id}/bids", json={"envelopes": [envelope]})

    [receipt] = [SignedReceipt.model_validate(each) for each in answer.json()["receipts"]]
    receipts.verify(receipt, signing.own_public_key().public_key)
    receipts.check_receipt(receipt.content, closed.sealed)
    assert receipt.content.context.id == envelope["id"]
    assert receipt.content.sealing == "client"

    record = bidding.finished(made, []).record
    [root] = supplier.get(f"/v1/tenders/{made.id}/bidding").json()["roots"]
    leaves = [bytes.fromhex(each["leaf"]) for each in record["leaves"]]
    assert merkle.root(leaves).hex() == root["content"]["root"] == record["root"]
    assert merkle.leaf_hash(closed.sealed.entry()) in leaves
    assert receipt.content.sequence in [each["sequence"] for each in record["leaves"]]
    assert signing.verify(root["content"], root["signature"], signing.own_public_key().public_key)


def test_before_the_opening_a_bid_is_seen_by_its_supplier_alone(
    as_org: AsOrg, made: bidding.Bidding, supplier: Any, other: Any
) -> None:
    bid = bidding.submit(made, supplier)
    url = f"/v1/bids/{bid['id']}"

    assert supplier.get(url).json()["receipts"] == bid["receipts"]
    assert [each["id"] for each in supplier.get("/v1/bids").json()["items"]] == [bid["id"]]
    strangers = [
        made.buyer,
        other,
        as_org(["operator"]),
        as_org(["auditor"]),
        made.openers[0].actor,
    ]
    for stranger in strangers:
        assert stranger.get(url).status_code == 404
        assert stranger.get(f"/v1/tenders/{made.id}/bids").json()["items"] == []
        shown = stranger.get(f"/v1/tenders/{made.id}/bidding").json()
        assert (shown["bid_count"], shown["bidders"]) == (None, None)
    assert other.post(f"{url}/withdraw").status_code == 404
    assert other.post(f"{url}/join").status_code == 404
    stream = f"bid:{ids.parse('bid', bid['id']).hex}"
    for stranger in (as_org(["operator"]), as_org(["auditor"])):
        answer = stranger.get(f"/v1/audit/streams/{stream}/export")
        assert answer.status_code == 404


def test_a_sequence_does_not_tell_how_many_came_before(
    as_org: AsOrg, made: bidding.Bidding, supplier: Any, other: Any
) -> None:
    first, second = bidding.submit(made, supplier), bidding.submit(made, other)

    numbers = [each["receipts"][0]["content"]["sequence"] for each in (first, second)]
    assert min(numbers) > 1000
    assert abs(numbers[0] - numbers[1]) > 1


def test_of_a_replaced_bid_the_last_version_alone_counts_and_is_opened(
    made: bidding.Bidding, supplier: Any, session: Session
) -> None:
    bid = bidding.submit(made, supplier, "9900.00", id="mine")
    for version, price in ((2, "9800.00"), (5, "9600.00")):
        envelope, _ = bidding.seal(
            made, supplier, bidding.content(made.tender, price), id="mine", version=version
        )
        answer = supplier.post(f"/v1/bids/{bid['id']}/replace", json={"envelopes": [envelope]})
        assert answer.status_code == 200, answer.text

    opened = bidding.finished(made, [bid])

    assert opened.bids[0]["contents"]["lots"][0]["value"]["amount"] == "5760000"
    envelopes = rows(session, BidEnvelope)
    assert sorted(each.envelope_version for each in envelopes) == [1, 2, 5]
    assert [each.envelope_version for each in envelopes if each.document] == [5]
    assert [each["bid"] for each in opened.record["leaves"]].count(bid["id"]) == 1
    assert len(opened.record["leaves"]) == 3


@pytest.mark.parametrize(("id", "version"), [("mine", 1), ("mine", 3), ("another", 4)])
def test_an_older_version_or_another_id_replaces_nothing(
    made: bidding.Bidding, supplier: Any, session: Session, id: str, version: int
) -> None:
    bid = bidding.submit(made, supplier, id="mine", version=3)
    envelope, _ = bidding.seal(made, supplier, bidding.content(made.tender), id=id, version=version)

    answer = supplier.post(f"/v1/bids/{bid['id']}/replace", json={"envelopes": [envelope]})

    assert code(answer) == (422, "envelopes_differ")
    [row] = rows(session, BidEnvelope)
    assert (row.envelope_version, row.replaced_at) == (3, None)
    assert rows(session, Bid)[0].version == 1


def test_a_withdrawn_bid_is_never_opened_and_frees_its_supplier(
    made: bidding.Bidding, supplier: Any, session: Session
) -> None:
    first = bidding.submit(made, supplier, "9900.00")
    withdrawn = supplier.post(f"/v1/bids/{first['id']}/withdraw").json()
    second = bidding.submit(made, supplier, "9500.00")

    opened = bidding.finished(made, [second])

    assert (withdrawn["status"], withdrawn["status_details"]) == ("withdrawn", "withdrawn")
    assert opened.bids[0]["status_details"] == "opened"
    assert [each["bid"] for each in opened.record["bids"]] == [second["id"]]
    kept = {each.bid_id: each.document for each in rows(session, BidEnvelope)}
    assert kept[ids.parse("bid", first["id"])] is None
    assert made.buyer.get(f"/v1/bids/{first['id']}").status_code == 404
    again = supplier.post(f"/v1/bids/{first['id']}/withdraw")
    assert again.status_code == 409


def test_one_organisation_has_one_bid_in_a_tender(
    made: bidding.Bidding, supplier: Any, session: Session
) -> None:
    bidding.submit(made, supplier)
    envelope, _ = bidding.seal(made, supplier, bidding.content(made.tender))

    answer = supplier.post(f"/v1/tenders/{made.id}/bids", json={"envelopes": [envelope]})

    assert code(answer) == (409, "bid_exists")
    assert len(rows(session, Bid)) == len(rows(session, BidEnvelope)) == 1


def test_what_comes_at_the_end_of_the_period_is_late(
    made: bidding.Bidding, supplier: Any, other: Any, session: Session, monkeypatch: Any
) -> None:
    end = samples.row(session, made.tender).tender_period_end
    assert end is not None
    early, _ = bidding.seal(made, supplier, bidding.content(made.tender))
    late, _ = bidding.seal(made, other, bidding.content(made.tender))
    url = f"/v1/tenders/{made.id}/bids"

    monkeypatch.setattr("api.core.db.clock", lambda: at(end - timedelta(microseconds=1)))
    in_time = supplier.post(url, json={"envelopes": [early]})
    monkeypatch.setattr("api.core.db.clock", lambda: at(end))
    too_late = other.post(url, json={"envelopes": [late]})
    withdrawal = supplier.post(f"/v1/bids/{in_time.json()['id']}/withdraw")

    assert in_time.status_code == 201
    assert code(too_late) == code(withdrawal) == (409, "tender_period_ended")
    [bid] = rows(session, Bid)
    assert (bid.supplier_id, bid.status_details) == (supplier.org_id, "pending")


def at(moment: datetime) -> str:
    """What `db.clock` is when the database's clock stands at a moment."""
    return f"SELECT timestamptz '{moment.isoformat()}'"


def test_bids_wait_for_the_beginning_of_the_period(
    as_org: AsOrg, buyer: Any, supplier: Any, session: Session
) -> None:
    made = bidding.published(as_org, buyer, tender_period_start=samples.in_days(1))
    envelope, _ = bidding.seal(made, supplier, bidding.content(made.tender))

    answer = supplier.post(f"/v1/tenders/{made.id}/bids", json={"envelopes": [envelope]})

    assert code(answer) == (409, "tender_period_not_started")
    assert rows(session, Bid) == []


def test_the_debarred_and_the_buyer_itself_cannot_bid(
    as_org: AsOrg, supplier: Any, session: Session
) -> None:
    both = as_org(["buyer", "supplier"])
    made = bidding.published(as_org, both)
    entry = {"until": samples.day(30), "source": "Приказ № 1", "reason": "Отказ от договора"}
    answer = as_org(["operator"]).post(
        f"/v1/organisations/{ids.show('organisation', supplier.org_id)}/debar", json=entry
    )
    assert answer.status_code == 200, answer.text

    for bidder, reason in ((both, "own_tender"), (supplier, "supplier_debarred")):
        envelope, _ = bidding.seal(made, bidder, bidding.content(made.tender))
        answer = bidder.post(f"/v1/tenders/{made.id}/bids", json={"envelopes": [envelope]})
        assert code(answer) == (409, reason)
    assert rows(session, Bid) == []


def test_what_is_not_sealed_is_refused_where_the_rules_want_it_sealed(
    as_org: AsOrg, supplier: Any, session: Session
) -> None:
    law = policy_set(sealing_modes=["client"])
    assert as_org(["operator"]).post("/v1/policy-sets", json=law).status_code == 201
    buyer = as_org(["buyer"], country="KZ")
    draft = samples.drafted(buyer)

    without = buyer.post(f"/v1/tenders/{draft['id']}/publish")
    made = bidding.published(as_org, buyer)
    body = {"kind": "price", "id": "1", "content": bidding.content(made.tender)}
    answer = supplier.post(f"/v1/tenders/{made.id}/bids", json={"envelopes": [body]})

    assert code(without) == (409, "sealing_key_missing")
    assert samples.row(session, draft).published_at is None
    assert code(answer) == (409, "sealing_required")
    assert rows(session, Bid) == []


def test_a_bid_too_large_for_one_request_is_refused(made: bidding.Bidding, supplier: Any) -> None:
    answer = supplier.post(f"/v1/tenders/{made.id}/bids", json={"envelopes": "x" * 3_000_000})

    assert code(answer) == (413, "payload_too_large")
    large = bidding.content(made.tender, documents=[]) | {"x": "y" * 600_000}
    envelope, _ = bidding.seal(made, supplier, large)
    taken = supplier.post(f"/v1/tenders/{made.id}/bids", json={"envelopes": [envelope]})
    assert taken.status_code == 201


AMENDMENT = {"rationale": "Количество уточнено"}


def materially_amended(made: bidding.Bidding) -> None:
    lot = made.tender["lots"][0]
    change = {"id": lot["id"], "items": [{"id": lot["items"][0]["id"], "quantity": "650"}]}
    answer = made.buyer.post(f"/v1/tenders/{made.id}/amend", json={**AMENDMENT, "lots": [change]})
    assert answer.status_code == 200, answer.text


def test_after_a_material_amendment_unconfirmed_bids_lapse_and_confirmed_ones_count(
    as_org: AsOrg, made: bidding.Bidding, supplier: Any, other: Any, session: Session
) -> None:
    third = as_org(["supplier"])
    silent, confirmed = bidding.submit(made, supplier), bidding.submit(made, other)
    replaced = bidding.submit(made, third, id="third")
    with db.worker_unit_of_work() as worker:
        assert procurement.bids.live_count(worker, made.uuid) == 3
    materially_amended(made)
    with db.worker_unit_of_work() as worker:
        assert procurement.bids.live_count(worker, made.uuid) == 0
        assert procurement.ask_confirmation(worker, made.uuid) == 3
        assert procurement.ask_confirmation(worker, made.uuid) == 0
    tender = made.buyer.get(f"/v1/tenders/{made.id}").json()

    asked = supplier.get(f"/v1/bids/{silent['id']}").json()
    answer = other.post(f"/v1/bids/{confirmed['id']}/confirm")
    envelope, _ = bidding.seal(made, third, bidding.content(tender), id="third", version=2)
    third.post(f"/v1/bids/{replaced['id']}/replace", json={"envelopes": [envelope]})
    with db.worker_unit_of_work() as worker:
        assert procurement.bids.live_count(worker, made.uuid) == 2
    opened = bidding.finished(made, [confirmed, replaced])

    assert (asked["status"], asked["status_details"]) == ("pending", "needs_confirmation")
    assert (answer.json()["status_details"], answer.json()["amendment"]) == ("pending", 1)
    lapsed = supplier.get(f"/v1/bids/{silent['id']}").json()
    assert (lapsed["status"], lapsed["status_details"]) == ("withdrawn", "lapsed")
    # The confirmed one still names the old quantity: opened, and told so.
    assert [bid["status_details"] for bid in opened.bids] == ["disqualified", "opened"]
    assert opened.bids[0]["disqualification"][0]["code"] == "quantity_differs"
    stream = f"bid:{ids.parse('bid', silent['id']).hex}"
    entries = session.exec(select(AuditEntry).where(AuditEntry.stream == stream)).all()
    ordered = sorted(entries, key=lambda entry: entry.seq)
    assert [each.action for each in ordered] == ["submit", "require_confirmation", "lapse"]
    assert first_broken(ordered) is None


def test_a_bid_that_came_before_an_unnoticed_amendment_lapses_at_the_deadline(
    made: bidding.Bidding, supplier: Any, other: Any, session: Session
) -> None:
    """No worker asked for the confirmation; the deadline itself decides by the amendment."""
    bidding.submit(made, supplier)
    materially_amended(made)
    bidding.submit(made, other)

    bidding.pass_deadline(made)

    before, after = rows(session, Bid)
    assert (before.status, before.status_details) == ("withdrawn", "lapsed")
    assert (after.status, after.status_details) == ("pending", "pending")


def test_confirming_needs_a_reason(made: bidding.Bidding, supplier: Any) -> None:
    bid = bidding.submit(made, supplier)

    answer = supplier.post(f"/v1/bids/{bid['id']}/confirm")
    stale = supplier.post(f"/v1/bids/{bid['id']}/withdraw", headers={"If-Match": '"9"'})

    assert (answer.status_code, stale.status_code) == (409, 412)
    assert supplier.get(f"/v1/bids/{bid['id']}").json()["status_details"] == "pending"


def test_a_member_of_a_consortium_is_in_one_bid(
    as_org: AsOrg, made: bidding.Bidding, supplier: Any, other: Any, session: Session
) -> None:
    third = as_org(["supplier"])
    parties = [
        {"organisation_id": ids.show("organisation", supplier.org_id), "role": "lead",
         "share_bp": 6000},
        {"organisation_id": ids.show("organisation", other.org_id), "role": "member",
         "share_bp": 4000},
    ]  # fmt: skip
    bid = bidding.submit(
        made, supplier, bidding.content(made.tender, tenderers=parties), tenderers=[other]
    )
    rival = bidding.submit(made, third, tenderers=[other])

    joined = other.post(f"/v1/bids/{bid['id']}/join")
    twice = other.post(f"/v1/bids/{rival['id']}/join")
    envelope, _ = bidding.seal(made, other, bidding.content(made.tender))
    own = other.post(f"/v1/tenders/{made.id}/bids", json={"envelopes": [envelope]})

    assert joined.json()["role"] == "member"
    assert code(twice) == code(own) == (409, "bid_exists")
    opened = bidding.finished(made, [bid, rival])
    assert [each["status_details"] for each in opened.bids] == ["opened", "opened"]
    shares = {row.organisation_id: row.share_bp for row in rows(session, BidTenderer)
              if row.bid_id == ids.parse("bid", bid["id"])}  # fmt: skip
    assert shares == {supplier.org_id: 6000, other.org_id: 4000}
    named = {each["bid"]: len(each["tenderers"]) for each in opened.record["bids"]}
    assert named == {bid["id"]: 2, rival["id"]: 1}


def test_naming_somebody_who_has_not_joined_hurts_only_who_named(
    made: bidding.Bidding, supplier: Any, other: Any
) -> None:
    parties = [
        {"organisation_id": ids.show("organisation", each.org_id), "role": role}
        for each, role in ((supplier, "lead"), (other, "member"))
    ]
    content = bidding.content(made.tender, tenderers=parties)
    bid = bidding.submit(made, supplier, content, tenderers=[other])
    own = bidding.submit(made, other)

    opened = bidding.finished(made, [bid, own])

    assert [each["status_details"] for each in opened.bids] == ["disqualified", "opened"]
    assert [each["code"] for each in opened.bids[0]["disqualification"]] == ["tenderer_not_joined"]


def test_a_member_may_leave_and_bid_by_itself(
    made: bidding.Bidding, supplier: Any, other: Any
) -> None:
    bid = bidding.submit(made, supplier, tenderers=[other])
    assert other.post(f"/v1/bids/{bid['id']}/join").status_code == 200

    left = other.post(f"/v1/bids/{bid['id']}/leave")

    assert left.json()["accepted_at"] is None
    assert bidding.submit(made, other)["status"] == "pending"


def test_the_count_is_told_where_the_rules_do_not_hide_it(
    as_org: AsOrg, supplier: Any, other: Any
) -> None:
    law = policy_set(hide_bidder_count=False, hide_bidder_names=True)
    assert as_org(["operator"]).post("/v1/policy-sets", json=law).status_code == 201
    made = bidding.published(as_org, as_org(["buyer"], country="KZ"))
    bid = bidding.submit(made, supplier)

    shown = other.get(f"/v1/tenders/{made.id}/bidding").json()

    assert (shown["bid_count"], shown["bidders"]) == (1, None)
    assert other.get(f"/v1/bids/{bid['id']}").status_code == 404
    assert other.get(f"/v1/tenders/{made.id}/bids").json()["items"] == []


def test_a_bid_keeps_its_time_by_the_databases_clock(
    made: bidding.Bidding, supplier: Any, session: Session
) -> None:
    before = db.now(session)
    bid = bidding.submit(made, supplier)
    session.rollback()
    received = datetime.fromisoformat(bid["received_at"]).astimezone(UTC)

    assert before <= received <= db.now(session)
    assert bid["receipts"][0]["content"]["received_at"].startswith(
        received.strftime("%Y-%m-%dT%H:%M:%S.%f")
    )


def test_no_bid_is_lost_or_counted_twice_whatever_suppliers_do(
    as_org: AsOrg, made: bidding.Bidding, session: Session
) -> None:
    """Many acts in a fixed random order, refused ones among them, against a plain model."""
    chance = random.Random(20261127)
    suppliers = [as_org(["supplier"]) for _ in range(6)]
    stands: dict[int, tuple[str, int, str]] = {}
    received = 0
    for step in range(50):
        who = chance.randrange(len(suppliers))
        supplier, price = suppliers[who], f"{9000 + step}.00"
        bid = stands.get(who)
        act = chance.choice(["submit", "replace", "replace", "withdraw"])
        version = 1 if bid is None else bid[1] + 1
        envelope, _ = bidding.seal(
            made, supplier, bidding.content(made.tender, price), id=f"of {who}", version=version
        )
        url = f"/v1/bids/{bid[0]}" if bid else "/v1/bids/bid_" + "0" * 32
        if act == "submit":
            answer = supplier.post(f"/v1/tenders/{made.id}/bids", json={"envelopes": [envelope]})
            expected = 409 if bid else 201
        elif act == "replace":
            answer = supplier.post(f"{url}/replace", json={"envelopes": [envelope]})
            expected = 200 if bid else 404
        else:
            answer = supplier.post(f"{url}/withdraw")
            expected = 200 if bid else 404
        assert answer.status_code == expected, answer.text
        if expected not in (200, 201):
            continue
        if act == "withdraw":
            del stands[who]
        else:
            stands[who], received = (answer.json()["id"], version, price), received + 1
    with db.worker_unit_of_work() as worker:
        assert procurement.bids.live_count(worker, made.uuid) == len(stands)

    record = bidding.finished(made, []).record

    assert len(record["leaves"]) == received == len(rows(session, BidEnvelope))
    counted = [each["bid"] for each in record["leaves"] if each["bid"]]
    assert sorted(counted) == sorted(bid for bid, _, _ in stands.values())
    amounts = {each["bid"]: Decimal(each["lots"][0]["amount"]) for each in record["bids"]}
    assert amounts == {bid: Decimal(price) * 600 for bid, _, price in stands.values()}
    opened = [row for row in rows(session, BidEnvelope) if row.document is not None]
    assert len(opened) == len(stands) >= 2
