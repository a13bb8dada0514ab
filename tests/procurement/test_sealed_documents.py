"""Documents of a real size go sealed beside a bid's envelope, and are read after its opening."""

import io
import os
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from sqlmodel import Session, select

from api.core import db, ids, settings, signing
from api.core.files import store
from api.core.outbox import OutboxEvent
from api.procurement.models import SealedDocument
from api.procurement.sealing import attachments, receipts
from api.procurement.sealing.attachments import Attachment
from api.procurement.sealing.receipts import SignedDocumentReceipt
from api.procurement.service import sealed_documents
from api.rules import merkle, sealing
from tests.procurement import bidding
from tests.procurement.bidding import Bidding
from tests.procurement.test_bid_secrecy import CANARY, assert_absent, dump

type AsOrg = Callable[..., Any]
PDF = b"%PDF-1.7\n" + CANARY.encode() + os.urandom(4_000_000)
ID = "a-drawing"


def sealed(content: bytes = PDF) -> tuple[Attachment, bytes]:
    out = io.BytesIO()
    found = attachments.seal(io.BytesIO(content), out)
    return found, out.getvalue()


def hand_in(actor: Any, made: Bidding, body: bytes, **query: str) -> Any:
    return actor.post(
        f"/v1/tenders/{made.id}/sealed-documents",
        params={"envelope": "price", "id": ID, **query},
        content=body,
        headers={"Content-Type": "application/octet-stream"},
    )


def naming(made: Bidding, *found: tuple[str, Attachment, dict[str, Any]]) -> dict[str, Any]:
    """The content of a bid that names documents, each with what is different in its naming."""
    documents = []
    for id, attachment, changed in found:
        part = {"id": id, "key": attachment.key, "name": "чертёж.pdf", **changed.pop("part", {})}
        documents.append(
            {"sha256": attachment.sha256, "title": "Чертёж", "sealed": part, **changed}
        )
    return bidding.content(made.tender, documents=documents)


def opened(made: Bidding, bid: Any) -> Any:
    """The bid as its buyer reads it, once workers have gone through its documents."""
    bidding.pass_deadline(made)
    over = bidding.open_all(made)
    assert over["status"] == "opened", over["failure"]
    with db.worker_unit_of_work() as session:
        sealed_documents.open_due(session, ids.parse("bid", bid["id"]))
    return made.buyer.get(f"/v1/bids/{bid['id']}").json()


def test_bid_01_a_large_document_is_read_after_the_opening_and_by_nobody_before(
    as_org: AsOrg, session: Session, superuser: psycopg.Connection[Any]
) -> None:
    buyer, supplier, other = as_org(["buyer"]), as_org(["supplier"]), as_org(["supplier"])
    made = bidding.published(as_org, buyer)
    attachment, body = sealed()
    assert len(body) > settings.get().max_bid_bytes

    answer = hand_in(supplier, made, body)
    assert answer.status_code == 201, answer.text
    again = hand_in(supplier, made, body, id="another name")
    assert (again.status_code, again.json()["errors"][0]["code"]) == (422, "sealed_document_used")
    signed = SignedDocumentReceipt.model_validate(answer.json()["receipt"])
    receipts.verify(signed, signing.own_public_key().public_key)
    assert signed.content.ciphertext_sha256 == attachment.ciphertext_sha256
    assert signed.content.size == attachment.size == 1 << 22
    envelope, _ = bidding.seal(made, supplier, naming(made, (ID, attachment, {})))
    handed = supplier.post(
        f"/v1/tenders/{made.id}/bids", json={"envelopes": [{**envelope, "documents": [ID]}]}
    )
    assert handed.status_code == 201, handed.text
    bid = handed.json()

    assert_absent(dump(superuser), "database")
    kept = b"".join(b"".join(store.get().read(o.key, 0, o.size)) for o in store.get().objects())
    assert CANARY.encode() not in kept
    assert body in kept
    own = supplier.get(f"/v1/tenders/{made.id}/sealed-documents").json()["items"]
    assert [each["name"] for each in own] == [ID]
    everybody = [buyer, other, as_org(["operator"]), *(each.actor for each in made.openers)]
    for who in everybody:
        with db.unit_of_work(who.org_id) as their, db.worker_unit_of_work():
            rows = "SELECT count(*) FROM sealed_document"
            files = "SELECT count(*) FROM file WHERE media_type = 'application/vnd.kerben.age'"
            for query in (rows, files):
                assert their.connection().exec_driver_sql(query).scalar() == 0
        seen = who.get(f"/v1/tenders/{made.id}/sealed-documents")
        assert seen.status_code == 403 or seen.json()["items"] == []

    read = opened(made, bid)
    assert "bid.documents_due" in session.exec(select(OutboxEvent.type)).all()
    [document] = read["contents"]["documents"]
    assert (document["state"], document["failure"]) == ("opened", None)
    at = f"/v1/bids/{bid['id']}/documents/{attachment.sha256}"
    for who in (buyer, supplier):
        assert who.get(at).content == PDF
    assert buyer.get(at, headers={"Range": "bytes=0-3"}).content == b"%PDF"
    assert buyer.post(f"{at}/link").status_code == 201
    assert other.get(at).status_code == 404
    record = buyer.get(f"/v1/tenders/{made.id}/openings").json()["items"][0]["record"]["content"]
    leaves = [bytes.fromhex(each["leaf"]) for each in record["leaves"]]
    entry = sealing.document_entry(bytes.fromhex(attachment.ciphertext_sha256))
    assert merkle.leaf_hash(entry) in leaves
    assert merkle.root(leaves).hex() == record["root"]
    assert [each["bid"] for each in record["leaves"]].count(None) == 1


def test_a_document_that_cannot_be_read_says_why_and_stops_no_bid(as_org: AsOrg) -> None:
    buyer, supplier = as_org(["buyer"]), as_org(["supplier"])
    made = bidding.published(as_org, buyer)
    wrong = {}
    for name, content in (("key", b"%PDF-1 a"), ("hash", b"%PDF-1 b"), ("kind", b"MZ program")):
        wrong[name], body = sealed(content)
        assert hand_in(supplier, made, body, id=name).status_code == 201
    absent, _ = sealed(b"%PDF-1 c")
    key = {"part": {"key": wrong["hash"].key}}
    bid = bidding.submit(
        made,
        supplier,
        naming(
            made,
            ("key", wrong["key"], key),
            ("hash", wrong["hash"], {"sha256": "ab" * 32}),
            ("kind", wrong["kind"], {}),
            ("absent", absent, {}),
        ),
    )

    read = opened(made, bid)

    assert read["status_details"] == "opened"
    found = {
        each["sha256"]: (each["state"], each["failure"]) for each in read["contents"]["documents"]
    }
    assert found == {
        wrong["key"].sha256: ("failed", "ciphertext_refused"),
        "ab" * 32: ("failed", "document_mismatch"),
        wrong["kind"].sha256: ("failed", "format_mismatch"),
        absent.sha256: ("failed", "not_received"),
    }
    for sha256 in found:
        assert buyer.get(f"/v1/bids/{bid['id']}/documents/{sha256}").status_code == 404


def test_what_is_no_sealed_document_or_comes_late_is_refused_and_nothing_is_kept(
    as_org: AsOrg, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    buyer, supplier = as_org(["buyer"]), as_org(["supplier"])
    made = bidding.published(as_org, buyer)
    _, body = sealed(b"%PDF-1.7")
    unpadded = bytearray(body)
    del unpadded[-100:]

    def refused(answer: Any) -> tuple[int, str]:
        return answer.status_code, answer.json()["code"]

    assert refused(hand_in(supplier, made, b"%PDF-1.7 in the clear")) == (422, "sealed_bid_invalid")
    assert refused(hand_in(supplier, made, bytes(unpadded))) == (422, "sealed_bid_invalid")
    assert refused(hand_in(supplier, made, body, envelope="technical")) == (
        409,
        "bidding_not_set_up",
    )
    assert hand_in(buyer, made, body).status_code == 403
    with monkeypatch.context() as patched:
        patched.setattr(settings.get(), "max_document_bytes", 4_000)
        assert refused(hand_in(supplier, made, body + bytes(20_000))) == (413, "payload_too_large")
    with monkeypatch.context() as patched:
        patched.setattr(sealing, "MAX_DOCUMENTS", 0)
        assert refused(hand_in(supplier, made, body)) == (409, "documents_too_many")
    envelope, _ = bidding.seal(made, supplier, bidding.content(made.tender))
    answer = supplier.post(
        f"/v1/tenders/{made.id}/bids", json={"envelopes": [{**envelope, "documents": ["x"]}]}
    )
    assert answer.json()["errors"][0]["pointer"] == "#/envelopes/0/documents/0"
    bidding.submit(made, as_org(["supplier"]))
    bidding.pass_deadline(made)
    assert refused(hand_in(supplier, made, body)) == (409, "tender_period_ended")
    assert session.exec(select(SealedDocument)).all() == []


def test_what_a_replaced_envelope_named_stays_closed(as_org: AsOrg) -> None:
    supplier = as_org(["supplier"])
    made = bidding.published(as_org, as_org(["buyer"]))
    first, body = sealed(b"%PDF-1.7 first")
    second, other = sealed(b"%PDF-1.7 second")
    assert hand_in(supplier, made, body, id="1").status_code == 201
    assert hand_in(supplier, made, other, id="2").status_code == 201
    id = str(uuid4())
    bid = bidding.submit(made, supplier, naming(made, ("1", first, {})), id=id)
    newer, _ = bidding.seal(made, supplier, naming(made, ("2", second, {})), id=id, version=2)
    assert (
        supplier.post(f"/v1/bids/{bid['id']}/replace", json={"envelopes": [newer]}).status_code
        == 200
    )

    read = opened(made, bid)

    assert [each["sha256"] for each in read["contents"]["documents"]] == [second.sha256]
    with db.worker_unit_of_work() as session:
        keys = session.connection().exec_driver_sql("SELECT sealed_key FROM bid_document")
        assert keys.scalars().all() == [second.key]
