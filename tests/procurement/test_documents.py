"""Documents: kept by their SHA-256, given to whom they may be, part of a tender's terms."""

import hashlib
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy.exc import DBAPIError
from sqlmodel import Session, func, select

from api.core import db, settings
from api.core.files import store
from api.core.files.models import File
from api.procurement.models import Document, TenderDocument
from api.rules.files import ScanState, may_be_given
from tests.opendata.test_releases import compiled, releases
from tests.procurement import samples

type AsOrg = Callable[..., Any]
BYTES = {"Content-Type": "application/octet-stream"}
LARGE = b"%PDF-1.7\n" + bytes(range(256)) * 10_000 + b"the end"
SPECIFICATION = {"title": {"ru": "Задание"}, "document_type": "technicalSpecifications"}


@pytest.fixture
def buyer(as_org: AsOrg) -> Any:
    return as_org(["buyer"])


@pytest.fixture
def supplier(as_org: AsOrg) -> Any:
    return as_org(["supplier"])


def upload(actor: Any, content: bytes = b"%PDF-1.7 terms", **headers: str) -> Any:
    return actor.post(
        "/v1/documents",
        params={"name": "задание.pdf"},
        content=content,
        headers={**BYTES, **headers},
    )


def attach(buyer: Any, made: Any, document: Any, **changed: Any) -> Any:
    body = {"document_id": document["id"], **SPECIFICATION, **changed}
    return buyer.post(f"/v1/tenders/{made['id']}/documents", json=body)


def amend(buyer: Any, made: Any, *documents: dict[str, Any]) -> Any:
    body = {"rationale": "Уточнение", "documents": [*documents]}
    return buyer.post(f"/v1/tenders/{made['id']}/amend", json=body)


def listed(actor: Any, made: Any, **params: Any) -> list[Any]:
    answer = actor.get(f"/v1/tenders/{made['id']}/documents", params=params)
    assert answer.status_code == 200, answer.text
    return [*answer.json()["items"]]


def content(actor: Any, document: Any) -> Any:
    return actor.get(f"/v1/documents/{document['id']}/content")


def count(session: Session, model: type[Any]) -> int:
    session.rollback()
    return session.exec(select(func.count()).select_from(model)).one()


def test_a_file_comes_back_byte_for_byte_under_its_digest(buyer: Any, session: Session) -> None:
    answer = upload(buyer, LARGE)

    digest = hashlib.sha256(LARGE).hexdigest()
    body = answer.json()
    assert answer.status_code == 201, answer.text
    assert (body["sha256"], body["size"]) == (digest, len(LARGE))
    assert (body["scan_state"], body["name"]) == ("skipped", "задание.pdf")
    (file,) = session.exec(select(File)).all()
    assert file.key is not None
    assert digest not in file.key
    assert b"".join(store.get().read(file.key, 0, file.size)) == LARGE
    given = content(buyer, body)
    assert given.content == LARGE
    assert given.headers["etag"] == f'"{digest}"'
    assert given.headers["content-disposition"].startswith("attachment")
    assert given.headers["x-content-type-options"] == "nosniff"


def test_the_same_bytes_are_kept_once_for_each_organisation(
    buyer: Any, supplier: Any, session: Session
) -> None:
    first, again, other = upload(buyer).json(), upload(buyer).json(), upload(supplier).json()

    assert first == again
    assert other["id"] != first["id"]
    assert count(session, Document) == 2
    keyed = [upload(buyer, b"%PDF-1.7 more", **{"Idempotency-Key": "once"}) for _ in range(2)]
    assert keyed[1].headers["idempotent-replayed"] == "true"
    assert upload(buyer, b"%PDF-1.7 else", **{"Idempotency-Key": "once"}).status_code == 422


def test_what_is_empty_too_large_or_of_another_type_is_not_kept(
    buyer: Any, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settings.get(), "max_document_bytes", 2_000)
    answers = [
        upload(buyer, b""),
        upload(buyer, b"x" * 2_001),
        upload(buyer, b"{}", **{"Content-Type": "application/json"}),
    ]

    assert [a.status_code for a in answers] == [422, 413, 415]
    assert count(session, Document) == count(session, File) == 0


def test_a_file_is_its_owners_until_a_tender_shows_it(
    buyer: Any, supplier: Any, session: Session
) -> None:
    made, document = samples.drafted(buyer), upload(buyer).json()
    url = f"/v1/documents/{document['id']}"
    assert attach(buyer, made, document).status_code == 201

    before = [supplier.get(url), content(supplier, document)]
    with db.unit_of_work(supplier.org_id) as foreign:
        assert foreign.exec(select(Document)).all() == []
        assert foreign.exec(select(File)).all() == []
    buyer.post(f"/v1/tenders/{made['id']}/publish")

    assert [a.status_code for a in before] == [404, 404]
    assert supplier.get(url).json()["sha256"] == document["sha256"]
    assert content(supplier, document).content == b"%PDF-1.7 terms"
    (shown,) = listed(supplier, made)
    assert (shown["number"], shown["document"]["id"]) == (1, document["id"])


def test_what_is_the_buyers_only_stays_so_and_is_added_at_any_time(
    buyer: Any, supplier: Any
) -> None:
    made, document = samples.published(buyer), upload(buyer).json()

    open_one = attach(buyer, made, document)
    internal = attach(buyer, made, document, confidentiality="buyerOnly")

    assert (open_one.status_code, open_one.json()["code"]) == (409, "not_draft")
    assert internal.status_code == 201, internal.text
    assert listed(supplier, made) == []
    assert len(listed(buyer, made)) == 1
    assert content(supplier, document).status_code == 404


def test_only_what_is_there_and_ones_own_is_attached(
    buyer: Any, supplier: Any, session: Session
) -> None:
    made, other = samples.drafted(buyer), samples.drafted(buyer)
    own, foreign = upload(buyer).json(), upload(supplier, b"%PDF-1.7 foreign").json()
    there = attach(buyer, other, own).json()
    lot = other["lots"][0]["id"]

    answers = [
        attach(buyer, made, foreign),
        attach(buyer, made, own, lot_ids=[lot]),
        attach(buyer, made, own, replaces=there["id"]),
    ]

    assert [a.status_code for a in answers] == [422] * 3
    pointers = [samples.pointers(a) for a in answers]
    assert pointers == [["#/document_id"], ["#/lot_ids/0"], ["#/replaces"]]
    assert count(session, TenderDocument) == 1


def test_another_version_after_publication_is_a_material_amendment(
    buyer: Any, supplier: Any, session: Session
) -> None:
    made, first, second = (
        samples.drafted(buyer),
        upload(buyer).json(),
        upload(buyer, b"%PDF-1.7 stricter terms").json(),
    )
    old = attach(buyer, made, first).json()
    buyer.post(f"/v1/tenders/{made['id']}/publish")
    new = {"document_id": second["id"], **SPECIFICATION, "replaces": old["id"]}

    answer = amend(buyer, made, new)
    again = amend(buyer, made, new)

    assert answer.status_code == 200, answer.text
    assert samples.pointers(again) == ["#/documents/0/replaces"]
    (found,) = buyer.get(f"/v1/tenders/{made['id']}/amendments").json()["items"]
    assert (found["material"], found["needs_confirmation"]) == (True, True)
    (change,) = [c for c in found["changes"] if c["pointer"].endswith("/content")]
    assert change["before"]["sha256"] == first["sha256"]
    assert change["after"]["sha256"] == second["sha256"]
    assert [each["number"] for each in listed(supplier, made)] == [2]
    assert [each["number"] for each in listed(supplier, made, history=True)] == [1, 2]
    for statement in (
        "UPDATE document SET sha256 = 'x'",
        "UPDATE tender_document SET number = 7",
        "UPDATE file SET size = 1",
        "UPDATE file SET key = 'elsewhere'",
        "DELETE FROM file",
        "DELETE FROM tender_document",
    ):
        with pytest.raises(DBAPIError, match="never altered|append-only"):
            session.connection().exec_driver_sql(statement)
        session.rollback()


def test_sec_20_what_a_scanner_has_not_cleared_nobody_gets_and_nothing_shows(
    buyer: Any, supplier: Any, as_org: AsOrg, monkeypatch: pytest.MonkeyPatch, session: Session
) -> None:
    operator, made, document = as_org(["operator"]), samples.drafted(buyer), upload(buyer).json()
    attach(buyer, made, document)
    url = f"/v1/documents/{document['id']}"
    monkeypatch.setattr(settings.get(), "documents_scanned", True)

    forbidden = buyer.post(f"{url}/clear")
    unscanned = [
        content(buyer, document),
        buyer.post(f"{url}/link"),
        attach(buyer, samples.drafted(buyer), document),
        buyer.post(f"/v1/tenders/{made['id']}/publish"),
    ]
    assert count(session, TenderDocument) == 1
    cleared = operator.post(f"{url}/clear")
    assert buyer.post(f"/v1/tenders/{made['id']}/publish").status_code == 200
    clean = content(supplier, document)
    operator.post(f"{url}/condemn")
    infected = content(supplier, document), content(buyer, document)

    assert forbidden.status_code == 403
    assert [(a.status_code, a.json()["code"]) for a in unscanned] == [
        (409, "document_withheld")
    ] * 4
    assert (cleared.status_code, cleared.json()["scan_state"]) == (200, "clean")
    assert clean.status_code == 200
    assert [a.status_code for a in infected] == [409, 409]
    assert operator.post(f"{url}/clear").status_code == 409


@pytest.mark.parametrize("state", [*ScanState])
def test_who_is_given_what(state: ScanState) -> None:
    given = {scanned for scanned in (True, False) if may_be_given(state, scanned=scanned)}

    expected = {ScanState.CLEAN: {True, False}, ScanState.SKIPPED: {False}}
    assert given == expected.get(state, set())


def test_a_release_has_every_public_document_with_its_digest_and_last_version(
    buyer: Any, session: Session
) -> None:
    made = samples.drafted(buyer)
    bodies = [b"%PDF-1.7 terms", b"%PDF-1.7 inner", b"%PDF-1.7 corrected"]
    first, inner, second = (upload(buyer, body).json() for body in bodies)
    lot = made["lots"][0]["id"]
    attach(buyer, made, first, lot_ids=[lot])
    attach(buyer, made, inner, confidentiality="buyerOnly")
    assert buyer.post(f"/v1/tenders/{made['id']}/publish").status_code == 200
    old = listed(buyer, made)[0]
    new = {"document_id": second["id"], **SPECIFICATION, "replaces": old["id"], "lot_ids": [lot]}
    assert amend(buyer, made, {**new, "title": {"ru": "Задание", "ky": "Тапшырма"}}).is_success

    before, after = (each["tender"]["documents"] for each in releases(session))

    [told] = before
    assert (told["sha256"], told["relatedLots"]) == (hashlib.sha256(bodies[0]).hexdigest(), [lot])
    assert "dateModified" not in told
    [changed] = compiled(session)["tender"]["documents"]
    assert [changed] == after
    assert (changed["id"], changed["datePublished"]) == (told["id"], told["datePublished"])
    assert (changed["title_ky"], changed["format"]) == ("Тапшырма", "application/pdf")
    assert changed["sha256"] == hashlib.sha256(bodies[2]).hexdigest()
    assert changed["dateModified"] >= changed["datePublished"]


def test_everybody_downloads_the_public_documents_of_a_published_tender_and_their_old_versions(
    buyer: Any, client: Any, session: Session
) -> None:
    made = samples.drafted(buyer)
    bodies = [b"%PDF-1.7 draft", b"%PDF-1.7 terms", b"%PDF-1.7 inner", b"%PDF-1.7 corrected"]
    draft, terms, inner, corrected = (upload(buyer, body).json() for body in bodies)
    begun = attach(buyer, made, draft).json()
    attach(buyer, made, terms, replaces=begun["id"])
    attach(buyer, made, inner, confidentiality="buyerOnly")

    def read(document: Any, **headers: str) -> Any:
        path = f"/public/tenders/{made['ocid']}/documents/{document['sha256']}"
        return client.get(path, headers=headers)

    assert [read(each).status_code for each in (draft, terms, inner)] == [404, 404, 404]
    assert buyer.post(f"/v1/tenders/{made['id']}/publish").status_code == 200
    old = listed(buyer, made)[0]
    new = {"document_id": corrected["id"], **SPECIFICATION, "replaces": old["id"]}
    assert amend(buyer, made, new).is_success

    named = [each["tender"]["documents"][0] for each in releases(session)]
    for told, body in zip(named, bodies[1::2], strict=True):
        given = client.get(told["url"].removeprefix(settings.get().base_url))
        assert (given.status_code, given.content) == (200, body)
        assert hashlib.sha256(given.content).hexdigest() == told["sha256"]
        assert given.headers["etag"] == f'"{told["sha256"]}"'
        assert given.headers["cache-control"] == "public, max-age=31536000, immutable, no-transform"
        assert given.headers["content-disposition"].startswith("attachment; filename*=UTF-8''%")
        assert given.headers["x-content-type-options"] == "nosniff"
    part = read(terms, Range="bytes=0-3")
    assert (part.status_code, part.content) == (206, b"%PDF")
    kept = read(terms, **{"If-None-Match": f'"{terms["sha256"]}"'})
    assert (kept.status_code, kept.content, kept.headers["etag"]) == (
        304,
        b"",
        part.headers["etag"],
    )
    hidden = [read(each) for each in (draft, inner, {"sha256": "ab" * 32}, {"sha256": "AB"})]
    assert [each.status_code for each in hidden] == [404, 404, 404, 422]


def test_what_a_scanner_has_not_cleared_the_public_does_not_get_either(
    buyer: Any, as_org: AsOrg, client: Any
) -> None:
    made, document = samples.drafted(buyer), upload(buyer).json()
    attach(buyer, made, document)
    assert buyer.post(f"/v1/tenders/{made['id']}/publish").status_code == 200
    path = f"/public/tenders/{made['ocid']}/documents/{document['sha256']}"
    assert client.get(path).status_code == 200
    answer = as_org(["operator"]).post(f"/v1/documents/{document['id']}/condemn")
    assert answer.status_code == 200, answer.text

    tag = {"If-None-Match": f'"{document["sha256"]}"'}
    answers = [client.get(path), client.get(path, headers=tag)]

    assert [each.json()["code"] for each in answers] == ["document_withheld"] * 2
