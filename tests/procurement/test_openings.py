"""The opening: who may open, when, with which shares; and bids that cannot be opened."""

import base64
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import psycopg
import pytest
from sqlmodel import Session, select

from api.core import db, ids, signing
from api.core.outbox import OutboxEvent
from api.procurement import service as procurement
from api.procurement.models import Bid, BidOpening, BidRoot, OpeningShare, TenderKey
from api.procurement.sealing import installation
from api.procurement.sealing.keys import Identity
from api.rules.sealing import EnvelopeKind
from tests.procurement import bidding, samples
from workers import relay
from workers.app import app as celery

type AsOrg = Callable[..., Any]


@pytest.fixture
def buyer(as_org: AsOrg) -> Any:
    return as_org(["buyer"])


@pytest.fixture
def supplier(as_org: AsOrg) -> Any:
    return as_org(["supplier"])


@pytest.fixture
def made(as_org: AsOrg, buyer: Any) -> bidding.Bidding:
    return bidding.published(as_org, buyer)


def code(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


def opens(begun: Any) -> bool:
    """Whether the worker's task opens the bids now."""
    with db.worker_unit_of_work() as session:
        return procurement.open_ready(session, ids.parse("opening", begun["id"]))


def run_jobs(*features: str) -> None:
    """Relay the events and run the real tasks of some features, until there are none left."""
    celery.loader.import_default_modules()
    while True:
        with db.worker_unit_of_work() as session:
            relay.make_jobs(session)
        with db.worker_unit_of_work() as session:
            due = [each for each in relay.take_due(session) if each[0].startswith(features)]
        if not due:
            return
        for name, job_id in due:
            celery.tasks[name].run(job_id)


def count(session: Session, model: Any) -> int:
    session.rollback()
    session.expire_all()
    return len(session.exec(select(model)).all())


def test_a_tender_tells_its_key_and_its_fingerprint(made: bidding.Bidding, supplier: Any) -> None:
    shown = supplier.get(f"/v1/tenders/{made.id}/bidding").json()

    key = made.keys[EnvelopeKind.PRICE]
    assert shown["keys"][0]["fingerprint"] == key.sha256()
    assert shown["keys"][0]["document"] == key.model_dump(mode="json")
    assert made.tender["sealing_mode"] == "client"
    trail = supplier.get(f"/v1/tenders/{made.id}/audit").json()["items"]
    assert trail[-1]["change"]["sealing_keys"] == {"price": key.sha256()}


@pytest.mark.parametrize(
    ("breaks", "pointer", "reason"),
    [
        ({"threshold": 3}, None, None),
        ({"opens_at": samples.in_days(21)}, "#/opens_at", "opens_too_early"),
    ],
    ids=["stricter", "too early"],
)
def test_a_key_must_fit_the_tender_that_is_published(
    as_org: AsOrg, buyer: Any, breaks: Any, pointer: str | None, reason: str | None
) -> None:
    draft, holders = samples.drafted(buyer), bidding.openers(as_org, buyer)
    key = bidding.ceremony_of(draft, holders, **breaks)
    url = f"/v1/tenders/{draft['id']}"
    assert buyer.post(f"{url}/keys", json=key.model_dump(mode="json")).status_code == 201

    answer = buyer.post(f"{url}/publish")

    if reason is None:
        assert answer.status_code == 200
        return
    assert code(answer) == (409, "sealing_key_unfit")
    assert [(e["pointer"], e["code"]) for e in answer.json()["errors"]] == [(pointer, reason)]
    assert buyer.get(url).json()["status"] == "draft"


def test_a_ceremony_of_strangers_is_refused(as_org: AsOrg, buyer: Any, session: Session) -> None:
    draft, stranger = samples.drafted(buyer), as_org(["buyer"])
    holders = bidding.openers(as_org, stranger)
    unknown = [*holders[:2], bidding.Opener(buyer, "opener", "Nobody"), holders[-1]]
    url = f"/v1/tenders/{draft['id']}/keys"

    foreign = bidding.ceremony_of(draft, holders).model_dump(mode="json")
    other = bidding.ceremony_of({**draft, "ocid": "ocds-kerben0-999999"}, unknown)
    answers = [buyer.post(url, json=each) for each in (foreign, other.model_dump(mode="json"))]
    not_own = stranger.post(url, json=foreign)

    assert [code(each)[1] for each in answers] == ["sealing_key_unfit"] * 2
    assert {e["code"] for e in answers[0].json()["errors"]} == {"opener_of_another"}
    found = {e["code"] for e in answers[1].json()["errors"]}
    assert found == {"opener_of_another", "opener_not_registered", "tender_differs"}
    assert not_own.status_code == 404
    assert count(session, TenderKey) == 0


def test_after_publication_the_key_stays(as_org: AsOrg, made: bidding.Bidding) -> None:
    another = bidding.ceremony_of(made.tender, made.openers).model_dump(mode="json")

    answer = made.buyer.post(f"/v1/tenders/{made.id}/keys", json=another)
    terms = made.buyer.request(
        "PUT", f"/v1/tenders/{made.id}/submission-terms", json={"two_envelopes": True}
    )

    assert code(answer) == code(terms) == (409, "not_draft")
    [key] = made.buyer.get(f"/v1/tenders/{made.id}/bidding").json()["keys"]
    assert key["fingerprint"] == made.keys[EnvelopeKind.PRICE].sha256()


def test_an_opening_begins_after_the_deadline_and_the_root_only(
    made: bidding.Bidding, supplier: Any, session: Session
) -> None:
    bidding.submit(made, supplier)
    url = f"/v1/tenders/{made.id}/openings"
    early = made.buyer.post(url, json={})
    end = datetime.fromisoformat(made.tender["tender_period_end"])
    bidding.advance(end + timedelta(seconds=1))
    unclosed = made.buyer.post(url, json={})
    assert count(session, BidRoot) == 0
    with db.worker_unit_of_work() as worker:
        assert procurement.close_due(worker, made.uuid)

    assert early.status_code == unclosed.status_code == 409
    assert made.openers[-1].actor.post(url, json={}).status_code == 404
    assert supplier.post(url, json={}).status_code == 403
    [root] = session.exec(select(BidRoot)).all()
    begun = bidding.start(made)
    assert begun["session"]["root"] == root.root
    assert code(made.buyer.post(url, json={})) == (409, "opening_exists")


def test_a_key_that_opens_later_is_waited_for(as_org: AsOrg, buyer: Any) -> None:
    draft, holders = samples.drafted(buyer), bidding.openers(as_org, buyer)
    key = bidding.ceremony_of(draft, holders, opens_at=samples.in_days(30))
    url = f"/v1/tenders/{draft['id']}"
    buyer.post(f"{url}/keys", json=key.model_dump(mode="json"))
    published = buyer.post(f"{url}/publish").json()
    made = bidding.Bidding(buyer, published, holders, {EnvelopeKind.PRICE: key})
    bidding.pass_deadline(made)

    answer = buyer.post(f"{url}/openings", json={})

    assert code(answer) == (409, "opening_too_early")


def test_fewer_shares_than_needed_open_nothing(
    made: bidding.Bidding, supplier: Any, session: Session
) -> None:
    bidding.submit(made, supplier)
    bidding.pass_deadline(made)
    begun = bidding.start(made)

    answer = bidding.release(made, begun, made.openers[0])

    assert answer.json()["status"] == "collecting"
    assert not opens(begun)
    assert count(session, OpeningShare) == 1
    [bid] = session.exec(select(Bid)).all()
    assert (bid.status_details, bid.opened_at) == ("pending", None)
    assert "opening.ready" not in session.exec(select(OutboxEvent.type)).all()


def test_an_auditor_of_another_organisation_stands_in_for_an_opener(
    made: bidding.Bidding, supplier: Any
) -> None:
    bid = bidding.submit(made, supplier)
    bidding.pass_deadline(made)
    begun = bidding.start(made)

    for opener in (made.openers[2], made.openers[-1]):
        assert bidding.release(made, begun, opener).status_code == 201

    assert opens(begun)
    assert not opens(begun)
    assert supplier.get(f"/v1/bids/{bid['id']}").json()["status_details"] == "opened"


def test_replayed_duplicated_foreign_and_late_shares_are_refused(
    as_org: AsOrg, made: bidding.Bidding, supplier: Any, session: Session
) -> None:
    bidding.submit(made, supplier)
    bidding.pass_deadline(made)
    begun = bidding.start(made)
    url = f"/v1/openings/{begun['id']}/shares"
    first, second, third, auditor = made.openers
    mine = bidding.share(made, begun, first)
    assert first.actor.post(url, json=mine).status_code == 201

    again = first.actor.post(url, json=mine)
    fresh = bidding.release(made, begun, first)
    stolen = second.actor.post(url, json=mine)
    buyers = made.buyer.post(url, json=mine)
    outsider = supplier.post(url, json=mine)
    stranger = as_org(["auditor"]).post(url, json=mine)
    nothing = second.actor.post(url, json={})
    flipped = bytearray(base64.b64decode(bidding.share(made, begun, second)["released"]))
    flipped[-1] ^= 1
    broken = second.actor.post(url, json={"released": base64.b64encode(flipped).decode()})

    assert code(again) == code(fresh) == (409, "share_duplicated")
    assert code(stolen) == (409, "share_not_yours")
    assert code(buyers) == (409, "not_a_holder")
    assert outsider.status_code == 403
    assert stranger.status_code == 404
    assert code(nothing) == code(broken) == (409, "ciphertext_refused")
    assert count(session, OpeningShare) == 1
    assert bidding.release(made, begun, second).json()["status"] == "ready"
    assert code(bidding.release(made, begun, third)) == (409, "opening_over")
    assert opens(begun)
    assert code(bidding.release(made, begun, auditor)) == (409, "opening_over")


def test_a_share_for_another_opening_is_of_no_use(
    as_org: AsOrg, made: bidding.Bidding, supplier: Any, session: Session
) -> None:
    """The same openers, another tender: its session, and its key, are others."""
    other = bidding.published(as_org, made.buyer, holders=made.openers)
    bidding.pass_deadline(made)
    bidding.pass_deadline(other)
    here, there = bidding.start(made), bidding.start(other)

    share = bidding.share(other, there, made.openers[0])
    answer = made.openers[0].actor.post(f"/v1/openings/{here['id']}/shares", json=share)

    assert code(answer) == (409, "ciphertext_refused")
    assert count(session, OpeningShare) == 0


def test_the_shares_in_the_database_do_not_open_without_the_installations_key(
    made: bidding.Bidding, supplier: Any, session: Session
) -> None:
    """A copy of every table, while an opening lasts, and all of it afterwards."""
    bidding.submit(made, supplier)
    bidding.pass_deadline(made)
    begun = bidding.start(made)
    for opener in made.openers[:2]:
        bidding.release(made, begun, opener)
    row = session.exec(select(BidOpening)).one()
    assert row.identity is not None
    stranger = Identity.generate()
    for blob in [row.identity, *(s.released for s in session.exec(select(OpeningShare)))]:
        with pytest.raises(Exception, match="cannot be decrypted"):
            stranger.decrypt(blob)
    assert installation.unwrap(row.identity).recipient == begun["session"]["recipient"]
    session.rollback()

    assert opens(begun)

    session.expire_all()
    assert session.exec(select(BidOpening)).one().identity is None


def test_rotated_credentials_still_release_their_share(made: bidding.Bidding) -> None:
    bidding.pass_deadline(made)
    begun = bidding.start(made)
    opener = made.openers[0]
    key = opener.actor.get("/v1/opener-keys").json()["items"][0]
    rotated = made.buyer.post(f"/v1/clients/{key['client_id']}/rotate", json={}).json()
    successor = bidding.Actor(opener.actor.org_id, rotated["secret"], opener.actor.client)

    answer = successor.post(
        f"/v1/openings/{begun['id']}/shares", json=bidding.share(made, begun, opener)
    )

    assert answer.status_code == 201, answer.text


def test_an_envelope_that_was_altered_after_the_root_fails_the_opening_and_names_it(
    made: bidding.Bidding, supplier: Any, superuser: psycopg.Connection[Any], session: Session
) -> None:
    bidding.submit(made, supplier)
    bidding.pass_deadline(made)
    [[leaf]] = superuser.execute("SELECT encode(leaf, 'hex') FROM bid_envelope").fetchall()
    superuser.execute("UPDATE bid_envelope SET leaf = sha256(leaf)")
    begun = bidding.start(made)
    for opener in made.openers[:2]:
        bidding.release(made, begun, opener)

    assert not opens(begun)

    over = made.buyer.get(f"/v1/openings/{begun['id']}").json()
    assert (over["status"], over["record"]) == ("failed", None)
    assert "not those of the published root" in over["failure"]
    assert made.buyer.get(f"/v1/tenders/{made.id}").json()["status_details"] == "bidOpeningPending"
    assert session.exec(select(Bid.opened_at)).all() == [None]
    # Once the rows are what they were, another opening opens them.
    superuser.execute("UPDATE bid_envelope SET leaf = decode(%s, 'hex')", (leaf,))
    assert bidding.open_all(made)["status"] == "opened"


def test_a_flipped_byte_or_a_wrong_key_disqualifies_one_bid_and_stops_no_other(
    as_org: AsOrg, made: bidding.Bidding, superuser: psycopg.Connection[Any]
) -> None:
    suppliers = [as_org(["supplier"]) for _ in range(5)]
    good, flipped, foreign, copied, committed = suppliers
    stray = Identity.generate().recipient
    bids = [
        bidding.submit(made, good),
        bidding.submit(made, flipped, id="flipped"),
        bidding.submit(made, foreign, recipient=stray),
        bidding.submit(made, copied, tenderer=ids.show("organisation", good.org_id)),
    ]
    envelope, _ = bidding.seal(made, committed, bidding.content(made.tender))
    envelope["sealed"]["commitment"] = "0" * 64
    answer = committed.post(f"/v1/tenders/{made.id}/bids", json={"envelopes": [envelope]})
    bids.append(answer.json())
    superuser.execute(
        "UPDATE bid_envelope SET ciphertext = set_byte(ciphertext, length(ciphertext) - 1,"
        " get_byte(ciphertext, length(ciphertext) - 1) # 1) WHERE envelope_id = 'flipped'"
    )

    opened = bidding.finished(made, bids)

    assert [bid["status"] for bid in opened.bids] == ["pending", *["disqualified"] * 4]
    reasons = [[each["code"] for each in bid["disqualification"] or ()] for bid in opened.bids]
    assert reasons == [
        [],
        ["ciphertext_refused"],
        ["ciphertext_refused"],
        ["context_mismatch"],
        ["commitment_mismatch"],
    ]


def test_the_record_is_signed_and_tells_every_bid_once(
    as_org: AsOrg, made: bidding.Bidding, supplier: Any
) -> None:
    bid = bidding.submit(made, supplier)
    bidding.pass_deadline(made)
    over = bidding.open_all(made)

    record = over["record"]
    public = signing.own_public_key().public_key
    assert signing.verify(record["content"], record["signature"], public)
    changed = {**record["content"], "bids": []}
    assert not signing.verify(changed, record["signature"], public)
    [told] = record["content"]["bids"]
    assert told["bid"] == bid["id"]
    assert told["lots"] == [
        {"lot": made.tender["lots"][0]["id"], "amount": "5910000", "currency": "KGS"}
    ]
    assert told["tenderers"][0]["organisation"] == f"organisation_{supplier.org_id.hex}"
    stranger = as_org(["supplier"])
    assert stranger.get(f"/v1/openings/{over['id']}").json()["record"] == record


def test_without_a_ceremony_access_is_controlled_and_the_label_says_so(
    as_org: AsOrg, buyer: Any, supplier: Any, session: Session
) -> None:
    holders = bidding.openers(as_org, buyer)
    made = bidding.published(as_org, buyer, holders=holders, server=True)
    bid = bidding.submit(made, supplier, "9100.00")
    shown = supplier.get(f"/v1/tenders/{made.id}/bidding").json()
    bidding.pass_deadline(made)
    begun = bidding.start(made)
    auditor = bidding.release(made, begun, holders[-1])
    outsider = made.buyer.post(f"/v1/openings/{begun['id']}/shares", json={})

    first = bidding.release(made, begun, holders[0])
    assert not opens(begun)
    second = bidding.release(made, begun, holders[1])

    assert made.tender["sealing_mode"] == "server"
    assert (shown["sealing_modes"], shown["keys"][0]["mode"]) == (["server"], "server")
    assert bid["receipts"][0]["content"]["sealing"] == "server"
    assert (begun["mode"], begun["session"]) == ("server", None)
    assert auditor.status_code == 404
    assert code(outsider) == (409, "not_a_holder")
    assert (first.json()["status"], second.json()["status"]) == ("collecting", "ready")
    assert opens(begun)
    value = supplier.get(f"/v1/bids/{bid['id']}").json()["contents"]["lots"][0]["value"]
    assert value["amount"] == "5460000"


def test_what_the_service_seals_for_a_key_of_openers_is_labelled_too(
    made: bidding.Bidding, supplier: Any
) -> None:
    envelope = {"kind": "price", "id": "1", "content": bidding.content(made.tender)}

    answer = supplier.post(f"/v1/tenders/{made.id}/bids", json={"envelopes": [envelope]})

    assert answer.json()["receipts"][0]["content"]["sealing"] == "server"
    opened = bidding.finished(made, [answer.json()])
    assert opened.bids[0]["status_details"] == "opened"
    assert opened.record["bids"][0]["sealing"] == "server"


def test_a_cancelled_tender_is_not_opened(made: bidding.Bidding, supplier: Any) -> None:
    bid = bidding.submit(made, supplier)
    bidding.pass_deadline(made)
    begun = bidding.start(made)
    for opener in made.openers[:2]:
        bidding.release(made, begun, opener)
    made.buyer.post(f"/v1/tenders/{made.id}/cancel", json={"reason": "Нет средств"})

    assert not opens(begun)

    assert made.buyer.get(f"/v1/openings/{begun['id']}").json()["status"] == "failed"
    assert supplier.get(f"/v1/bids/{bid['id']}").json()["contents"] is None


def test_the_workers_open_when_the_last_share_is_in(made: bidding.Bidding, supplier: Any) -> None:
    bid = bidding.submit(made, supplier)
    bidding.pass_deadline(made)
    begun = bidding.start(made)
    for opener in made.openers[:2]:
        bidding.release(made, begun, opener)

    run_jobs("procurement.", "opendata.")

    assert supplier.get(f"/v1/bids/{bid['id']}").json()["status_details"] == "opened"
    answer = supplier.get(f"/public/tenders/{made.tender['ocid']}").json()
    assert (answer["status_details"], answer["sealing_mode"]) == ("bidsOpened", "client")
    told = supplier.get(f"/public/tenders/{made.tender['ocid']}/bidding").json()
    assert told["keys"][0]["fingerprint"] == made.keys[EnvelopeKind.PRICE].sha256()
    assert told["roots"][0]["content"]["root"] == begun["session"]["root"]
    assert [each["bid"] for each in told["openings"][0]["content"]["bids"]] == [bid["id"]]
