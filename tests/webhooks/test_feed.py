"""The feed of events: nothing is skipped, nothing is another's, and nothing lasts for ever."""

import json
import threading
from collections.abc import Callable, Iterator
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
from sqlalchemy import text
from sqlmodel import Session

from api.core import db, ids, settings
from api.core.outbox import emit
from api.webhooks import feed
from tests.procurement import bidding, samples
from tests.webhooks import receiving
from tests.webhooks.receiving import Receiver

type AsOrg = Callable[..., Any]
EVENTS = "/v1/events"
KEPT = "certificate.verified"


@pytest.fixture
def seller(as_org: AsOrg) -> Any:
    return as_org(["supplier"])


def told(session: Session, actor: Any, resource: UUID | None = None, **said: Any) -> None:
    emit(session, KEPT, resource or uuid4(), org_id=actor.org_id, **said)


def tell(actor: Any, count: int = 1, resource: UUID | None = None) -> None:
    """So many events, each committed by itself."""
    for number in range(count):
        with db.worker_unit_of_work() as session:
            told(session, actor, resource, version=number + 1)


def page(actor: Any, after: str | None = None, **query: Any) -> Any:
    answer = actor.get(EVENTS, params={**query, **({"after": after} if after else {})})
    assert answer.status_code == 200, answer.text
    return answer.json()


def every(actor: Any, **query: Any) -> Iterator[dict[str, Any]]:
    """All that is there, page by page."""
    found = page(actor, **query)
    yield from found["items"]
    while found["has_more"]:
        found = page(actor, found["next_cursor"], **query)
        yield from found["items"]


def types(actor: Any, **query: Any) -> list[str]:
    return [each["type"] for each in every(actor, **query)]


def test_wh_15_pages_follow_each_other_and_a_reader_goes_on_later_where_it_stopped(
    seller: Any,
) -> None:
    empty = page(seller)
    assert (empty["items"], empty["has_more"]) == ([], False)
    tell(seller, 5)

    first = page(seller, empty["next_cursor"], limit=3)
    second = page(seller, first["next_cursor"], limit=3)
    nothing = page(seller, second["next_cursor"])
    tell(seller)
    news = page(seller, nothing["next_cursor"])

    assert [len(each["items"]) for each in (first, second, nothing, news)] == [3, 2, 0, 1]
    assert [each["has_more"] for each in (first, second)] == [True, False]
    ordered = first["items"] + second["items"] + news["items"]
    assert ordered == [*every(seller, limit=2)]
    assert len({each["id"] for each in ordered}) == 6


def test_wh_15_the_feed_tells_what_a_webhook_has_told_in_the_same_envelope(
    seller: Any, receiver: Receiver
) -> None:
    receiving.endpoint(seller, receiver.url, event_types=[KEPT])
    tell(seller, 2)
    receiving.deliver()
    delivered = {each.headers["webhook-id"]: json.loads(each.body) for each in receiver.received}
    assert delivered == {each["id"]: each for each in every(seller, types=KEPT)}
    assert len(delivered) == 2


def test_api_10_an_open_transaction_withholds_what_was_committed_after_it_began(
    seller: Any,
) -> None:
    begin = page(seller)["next_cursor"]
    with Session(db.engine("worker")) as long:
        told(long, seller, early := uuid4())
        long.flush()
        long.connection().execute(text("SELECT pg_current_xact_id()"))
        tell(seller, resource=(late := uuid4()))
        withheld = page(seller, begin)
        assert withheld["items"] == []
        long.commit()
    shown = page(seller, withheld["next_cursor"])
    assert [each["resource"]["id"] for each in shown["items"]] == [
        ids.show("certificate", each) for each in (early, late)
    ]


def test_api_10_from_the_cursor_of_a_delivery_a_reader_misses_nothing_still_open_then(
    seller: Any, receiver: Receiver
) -> None:
    """Nor the delivered event itself, and nothing that was committed after it was sent."""
    receiving.endpoint(seller, receiver.url, event_types=[KEPT])
    resources = early, sent, later = [uuid4() for _ in range(3)]
    tell(seller, resource=(first := uuid4()))
    with Session(db.engine("worker")) as long:
        told(long, seller, early)
        long.flush()
        long.connection().execute(text("SELECT pg_current_xact_id()"))
        tell(seller, resource=sent)
        receiving.deliver()
        long.commit()
    tell(seller, resource=later)
    cursors = {
        json.loads(each.body)["resource"]["id"]: each.headers["kerben-cursor"]
        for each in receiver.received
    }

    shown = page(seller, cursors[ids.show("certificate", sent)], types=KEPT)["items"]

    assert [each["resource"]["id"] for each in shown] == [
        ids.show("certificate", each) for each in resources
    ]
    before = cursors[ids.show("certificate", first)]
    assert len(page(seller, before, types=KEPT)["items"]) == 4
    answer = seller.get(EVENTS, params={"after": before + "x"})
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_cursor")


def test_api_10_of_four_parallel_writers_a_reader_sees_every_event_once_and_in_its_order(
    seller: Any, session: Session
) -> None:
    resources, each_writes = [uuid4() for _ in range(2)], 15
    done = threading.Event()

    def write(number: int) -> None:
        for n in range(each_writes):
            with db.worker_unit_of_work() as unit:
                # In both orders: the counters are locked in one.
                for resource in resources if n % 2 else resources[::-1]:
                    told(unit, seller, resource, version=number)

    seen: list[dict[str, Any]] = []

    def follow() -> None:
        cursor, finished = None, False
        while True:
            found = page(seller, cursor, limit=7)
            seen.extend(found["items"])
            cursor = found["next_cursor"]
            if finished and not found["items"]:
                return
            finished = done.is_set()

    reader = threading.Thread(target=follow)
    writers = [threading.Thread(target=write, args=(n,)) for n in range(4)]
    for thread in (reader, *writers):
        thread.start()
    for thread in writers:
        thread.join()
    done.set()
    reader.join()

    assert len(seen) == 4 * each_writes * 2
    assert len({each["id"] for each in seen}) == len(seen)
    for resource in resources:
        shown = ids.show("certificate", resource)
        numbers = [e["resource"]["sequence"] for e in seen if e["resource"]["id"] == shown]
        assert sorted(numbers) == [*range(1, 4 * each_writes + 1)]


def test_wh_16_events_of_a_resource_are_numbered_across_transactions(
    seller: Any, superuser: Any
) -> None:
    one, other = uuid4(), uuid4()
    tell(seller, 2, one)
    with db.worker_unit_of_work() as session:
        for resource in (one, other, one):
            told(session, seller, resource, version=9)
        savepoint = session.begin_nested()
        told(session, seller, one)
        savepoint.rollback()

    found = [(e["resource"]["id"], e["resource"]["sequence"]) for e in every(seller)]
    shown = [ids.show("certificate", each) for each in (one, other)]
    assert found == [
        *((shown[0], 1), (shown[0], 2), (shown[0], 3)),
        *((shown[1], 1), (shown[0], 4)),
    ]
    assert [e["resource"]["version"] for e in every(seller)] == [1, 2, 9, 9, 9]


def test_wh_01_what_is_rolled_back_leaves_no_envelope_and_no_number(
    seller: Any, superuser: psycopg.Connection[Any]
) -> None:
    with Session(db.engine("worker")) as session:
        told(session, seller)
        session.flush()
        session.rollback()
        session.commit()
    for table in ("event_envelope", "event_counter", "outbox_event"):
        assert superuser.execute(f"SELECT count(*) FROM {table}").fetchone() == (0,)  # type: ignore[arg-type]


def test_what_does_not_fit_the_catalogue_undoes_its_act(
    seller: Any, superuser: psycopg.Connection[Any]
) -> None:
    with pytest.raises(ValueError, match="verdict"), db.worker_unit_of_work() as session:
        emit(session, "match.judged", uuid4(), org_id=seller.org_id)
    assert superuser.execute("SELECT count(*) FROM outbox_event").fetchone() == (0,)


def test_a_cursor_is_its_organisations_own_and_cannot_be_altered(
    seller: Any, as_org: AsOrg
) -> None:
    cursor = page(seller)["next_cursor"]
    altered = ("A" if cursor[0] != "A" else "B") + cursor[1:]
    for actor, given in ((as_org(["supplier"]), cursor), (seller, altered), (seller, "x")):
        answer = actor.get(EVENTS, params={"after": given})
        assert (answer.status_code, answer.json()["code"]) == (400, "invalid_cursor")


def test_api_10_old_events_are_deleted_and_a_cursor_before_them_is_gone(
    seller: Any, superuser: psycopg.Connection[Any], drain: Callable[[], int]
) -> None:
    tell(seller, 3)
    old = page(seller, limit=2)["next_cursor"]
    superuser.execute("UPDATE event_envelope SET created_at = created_at - interval '91 days'")
    tell(seller)
    current = page(seller, limit=3)["next_cursor"]
    with db.worker_unit_of_work() as session:
        emit(session, "audit.head_published", uuid4(), org_id=None)
    drain()

    gone = seller.get(EVENTS, params={"after": old})
    assert (gone.status_code, gone.json()["code"]) == (410, "cursor_expired")
    assert len([*every(seller)]) == 1
    assert seller.get(EVENTS, params={"after": current}).status_code == 410
    assert page(seller, page(seller)["next_cursor"])["items"] == []
    with db.worker_unit_of_work() as session:
        assert not feed.prune(session, days=settings.get().events_keep_days)


def test_nothing_is_deleted_that_another_transaction_may_still_precede(
    seller: Any, superuser: psycopg.Connection[Any]
) -> None:
    with Session(db.engine("worker")) as long:
        long.connection().execute(text("SELECT pg_current_xact_id()"))
        tell(seller)
        superuser.execute("UPDATE event_envelope SET created_at = created_at - interval '91 days'")
        with db.worker_unit_of_work() as session:
            assert not feed.prune(session, days=90)
    with db.worker_unit_of_work() as session:
        assert feed.prune(session, days=90)


def test_the_cursor_of_a_reader_who_finds_nothing_moves_on(
    seller: Any, superuser: psycopg.Connection[Any]
) -> None:
    """Else its next read would begin again with all that its filter leaves out, and grow old."""
    tell(seller, 2)
    idle = page(seller, types="offer.*")
    assert idle["items"] == []
    xid, _ = feed.taken(seller.org_id, idle["next_cursor"])
    last = superuser.execute("SELECT max(xid) FROM event_envelope").fetchone()
    assert last is not None
    assert xid >= last[0]


def test_wh_10_filters_name_types_prefixes_and_ids(seller: Any, as_org: AsOrg) -> None:
    offer, certificate = uuid4(), uuid4()
    with db.worker_unit_of_work() as session:
        emit(session, "offer.suspended", offer, org_id=seller.org_id, before="active")
        emit(session, "offer.expired", offer, org_id=seller.org_id, before="suspended")
        told(session, seller, certificate)

    assert types(seller, types="offer.*") == ["offer.suspended", "offer.expired"]
    assert types(seller, types=["offer.expired", KEPT]) == ["offer.expired", KEPT]
    channels = [ids.show("certificate", certificate), "tender_none"]
    assert types(seller, channels=channels) == [KEPT]
    refused = seller.get(EVENTS, params={"types": ["offer.*", "offer.sold", "off"]})
    assert (refused.status_code, refused.json()["code"]) == (422, "unknown_event_type")
    assert samples.pointers(refused) == ["#?query/types/1", "#?query/types/2"]
    assert "offer.suspended" in refused.json()["detail"]


def test_a_page_has_only_the_fields_that_were_asked_for(seller: Any) -> None:
    refused = seller.get(EVENTS, params={"fields": "id,price"})
    assert (refused.status_code, refused.json()["code"]) == (422, "invalid")
    tell(seller, 2)
    whole, narrow = page(seller), page(seller, fields="type,id")
    assert narrow["items"] == [
        {name: each[name] for name in ("id", "type")} for each in whole["items"]
    ]
    assert (len(narrow["items"]), narrow["has_more"]) == (2, False)
    assert page(seller, narrow["next_cursor"])["items"] == []


def test_wh_10_a_caller_is_told_only_what_its_scopes_may_read(as_org: AsOrg) -> None:
    buyer = as_org(["buyer"])
    narrow = bidding.another_client(buyer)
    with db.worker_unit_of_work() as session:
        emit(session, "bid.opened", uuid4(), org_id=buyer.org_id, tender_id=uuid4().hex)
        told(session, buyer)
    # A buyer reads no bids in its own name, whatever was addressed to it.
    assert types(narrow) == [KEPT]
    refused = narrow.get(EVENTS, params={"types": "bid.opened"})
    assert refused.status_code == 422
    assert narrow.get(EVENTS, params={"types": "bid.*"}).json()["items"] == []


def test_wh_10_of_others_everybody_reads_what_is_public_and_nothing_else(as_org: AsOrg) -> None:
    buyer, stranger = as_org(["buyer"]), as_org(["supplier"])
    draft = samples.drafted(buyer)
    samples.cancelled(buyer, draft)
    made = samples.published(buyer)
    with db.worker_unit_of_work() as session:
        told(session, buyer)

    assert types(stranger) == []
    seen = [*every(stranger, audience="all", types="tender.*")]
    assert [each["type"] for each in seen] == ["tender.published"]
    assert seen[0]["resource"]["id"] == made["id"]
    assert seen[0]["data"]["buyer_id"] == f"organisation_{buyer.org_id.hex}"
    own = [*every(buyer, types="tender.*")]
    assert [each["type"] for each in own] == [
        *("tender.created", "tender.cancelled", "tender.created", "tender.published")
    ]
    assert [*every(buyer, audience="all", types="tender.*", limit=1)] == own
    with db.unit_of_work(stranger.org_id) as session:
        rows = session.connection().exec_driver_sql("SELECT org_id FROM event_envelope").all()
    assert {row[0] for row in rows} == {None}


def test_wh_17_of_a_sealed_bid_only_its_supplier_is_told_and_never_what_is_in_it(
    as_org: AsOrg, superuser: psycopg.Connection[Any]
) -> None:
    buyer, supplier, rival = as_org(["buyer"]), as_org(["supplier"]), as_org(["supplier"])
    made = bidding.published(as_org, buyer)
    content = bidding.content(made.tender, unit_price="98765.43")
    bid = bidding.submit(made, supplier, content)

    assert types(supplier, types="bid.*") == ["bid.submitted"]
    for other in (buyer, rival, *(opener.actor for opener in made.openers)):
        text_ = str([*every(other, audience="all")])
        assert bid["id"] not in text_
        assert supplier.org_id.hex not in text_
    stored = superuser.execute("SELECT body, org_id FROM event_envelope").fetchall()
    assert len(stored) > 1
    assert all(b"98765" not in bytes(body) for body, _ in stored)
    about = [org_id for body, org_id in stored if bid["id"].encode() in bytes(body)]
    assert about == [supplier.org_id]


def test_a_page_reads_both_indexes_in_their_order_and_sorts_nothing_that_comes_later(
    seller: Any,
) -> None:
    """With row-level security, which may take the order of the index away."""
    with db.unit_of_work(seller.org_id) as session:
        for way in ("seqscan", "bitmapscan", "sort"):
            session.connection().exec_driver_sql(f"SET LOCAL enable_{way} = off")
        asked = {"org_id": seller.org_id, "xid": 1, "id": uuid4(), "types": [KEPT], "count": 9}
        rows = db.rows(session, f"EXPLAIN (COSTS OFF) {feed._PAGE_OF_ALL}", channels=None, **asked)
    plan = "\n".join(row[0] for row in rows)
    assert "Index Scan using ix_event_envelope_feed" in plan
    assert "Index Scan using ix_event_envelope_public" in plan
    assert "->  Sort" not in plan, plan


def test_events_are_kept_for_thirty_days_at_least() -> None:
    assert settings.Settings().events_keep_days >= 30
    with pytest.raises(ValueError, match="events_keep_days"):
        settings.Settings(events_keep_days=29)
