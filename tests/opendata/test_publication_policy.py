"""What the law of a buyer withholds is in nothing that the public reads, and is said to be so."""

import gzip
import json
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from sqlmodel import Session, select
from uuid_utils.compat import uuid7

from api.core import db, ids
from api.core.outbox import emit
from api.opendata.models import OcdsRelease
from api.opendata.ocds import merging
from api.procurement.models import Award
from api.rules.awards import AwardStatus
from api.rules.clock import local_date, utcnow
from tests.conftest import Actor
from tests.opendata import standard
from tests.opendata.test_later_releases import record_of, releases_of
from tests.procurement import bidding, samples
from tests.procurement.law import policy_set
from tests.procurement.test_documents import amend, upload

type AsOrg = Callable[..., Any]
FIELDS = ("bids", "tender/lots/value", "tender/documents")
WITHHELD = [{"field": each, "rationale": "Law on secrets, article 1"} for each in FIELDS]
SPECIFICATION = {"title": {"ru": "Задание"}, "document_type": "technicalSpecifications"}


def decide(over: bidding.Opened, supplier: Actor, bid: Any, status: AwardStatus) -> None:
    """Award a lot to a bid, or refuse it, as its service would leave the row."""
    with db.worker_unit_of_work() as worker:
        award = Award(
            id=uuid7(),
            tender_id=over.bidding.uuid,
            lot_id=ids.parse("lot", over.tender["lots"][0]["id"]),
            bid_id=ids.parse("bid", bid["id"]),
            buyer_id=over.bidding.buyer.org_id,
            suppliers=[supplier.org_id],
            rank=1,
            value_amount=Decimal(5910000),
            value_currency="KGS",
            proposed_by="one",
            status=status,
            decided_by="two",
            decided_at=datetime.now(UTC),
            decision="Решение",
        )
        worker.add(award)
        emit(
            worker,
            "award.approved" if status is AwardStatus.ACTIVE else "award.rejected",
            award.id,
            org_id=award.buyer_id,
            tender_id=award.tender_id.hex,
            lot_id=award.lot_id.hex,
            status=status,
        )


def test_what_the_law_withholds_is_read_nowhere_and_a_later_law_alters_no_process(
    as_org: AsOrg, client: Any, drain: Callable[[], int], session: Session, shared_data: Any
) -> None:
    operator = as_org(["operator"])
    law = operator.post("/v1/policy-sets", json=policy_set(min_bids=1)).json()
    buyer = as_org(["buyer"], country="KZ")
    old = samples.published(buyer)
    (first,) = session.exec(select(OcdsRelease).where(OcdsRelease.ocid == old["ocid"])).all()
    kept = bytes(first.body)
    secret = policy_set(withheld_information=WITHHELD, publish_evaluation=False)
    today = local_date(utcnow()).isoformat()
    later = {**secret, "valid_from": today, "replaces": law["id"]}
    assert operator.post("/v1/policy-sets", json=later).status_code == 201

    supplier = as_org(["supplier"], identifier_id="01234567890123")
    rival = as_org(["supplier"], identifier_id="09999999999999")
    made = bidding.published(as_org, buyer, server=True)
    document = upload(buyer).json()
    for tender in (old, made.tender):
        assert amend(buyer, tender, {"document_id": document["id"], **SPECIFICATION}).is_success
    handed = [bidding.submit(made, supplier, "9850.00"), bidding.submit(made, rival, "9700.25")]
    over = bidding.finished(made, handed)
    ocid = made.tender["ocid"]
    before = len(releases_of(session, ocid))
    decide(over, rival, handed[1], AwardStatus.UNSUCCESSFUL)
    assert len(releases_of(session, ocid)) == before, "a refusal would count a bid"
    decide(over, supplier, handed[0], AwardStatus.ACTIVE)
    drain()

    *earlier, awarded = releases_of(session, ocid)
    record = record_of(session, ocid)
    told = [{"id": each, "field": each, "rationale": WITHHELD[0]["rationale"]} for each in FIELDS]
    for each in (*earlier, awarded, record):
        assert each["withheldInformation"] == told
        assert "bids" not in each
        assert "documents" not in each["tender"]
        assert "value" not in each["tender"]["lots"][0]
    assert standard.load(shared_data / "ocds").faults(awarded) == []
    assert record == merging.compiled([*earlier, awarded])
    assert awarded["tag"] == ["award"]
    assert [each["suppliers"][0]["id"] for each in record["awards"]] == ["KG-INN-01234567890123"]
    year = client.get(f"/public/ocds/bulk/{today[:4]}.jsonl.gz").content
    bidding_page = client.get(f"/public/tenders/{ocid}/bidding").text
    pages = [
        *(json.dumps(each) for each in (*earlier, awarded)),
        client.get(f"/public/ocds/records/{ocid}").text,
        client.get(f"/public/tenders/{ocid}").text,
        bidding_page,
        *(line for line in gzip.decompress(year).decode().splitlines() if ocid in line),
    ]
    assert len(pages) == len(earlier) + 5
    for page in pages:
        assert ocid in page
        assert "09999999999999" not in page
        assert handed[1]["id"] not in page
        assert document["sha256"] not in page
    assert "01234567890123" not in "".join([*pages[: len(earlier)], bidding_page])
    assert client.get(f"/public/tenders/{ocid}").json()["lots"][0]["value"] is None
    for part in (f"/documents/{document['sha256']}", "/commission"):
        assert client.get(f"/public/tenders/{ocid}{part}").status_code == 404
    read = supplier.get(f"/v1/documents/{document['id']}/content")
    assert read.status_code == 200, "who bids reads the terms"
    one, two, *_ = releases_of(session, old["ocid"])
    assert merging.encoded(one) == kept
    assert "withheldInformation" not in two
    assert two["tender"]["documents"][0]["sha256"] == document["sha256"]
    assert client.get(f"/public/tenders/{old['ocid']}/documents/{document['sha256']}").is_success


def test_a_law_that_withholds_bids_and_publishes_their_evaluation_is_refused(
    as_org: AsOrg, session: Session
) -> None:
    operator = as_org(["operator"])
    unknown = [{"field": "parties", "rationale": "Law"}]

    answers = [
        operator.post("/v1/policy-sets", json=policy_set(withheld_information=given))
        for given in (WITHHELD, unknown)
    ]

    assert [samples.pointers(each) for each in answers] == [
        ["#/parameters/publish_evaluation"],
        ["#/parameters/withheld_information/0/field"],
    ]
    sets = operator.get("/public/policy-sets", params={"jurisdiction": "KZ"}).json()["items"]
    assert sets == []
