"""Imports: whole files through the API and the worker, good rows kept, bad rows named."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import Session, col, select
from typer.testing import CliRunner

from api.catalog import imports
from api.catalog.models import ImportChunk, ImportFailure, Offer, PriceTier, Product
from api.cli.imports import app as cli
from api.core import db, settings
from api.core.ids import parse
from api.core.jobs import Job
from api.core.outbox import OutboxEvent
from api.rules.offers import OfferStatus
from tests.catalog import samples
from tests.catalog.uploads import (
    CSV,
    NDJSON,
    counted,
    counts,
    finished,
    refused,
    sent,
    taken,
    workbook,
)
from workers import app as workers


@pytest.fixture
def seller(as_org: Callable[..., Any]) -> Any:
    return as_org(["manufacturer"])


def test_api_09_a_csv_file_becomes_active_offers(seller: Any, session: Session) -> None:
    seller.post("/v1/certificates", json=samples.CERTIFICATE)
    body = samples.csv_file({"certificates": "CN25Q31807R2M"}, {"sku": "RX-102", "cpv_code": ""})

    answer = sent(seller, body)
    assert answer.json()["status"] == "queued"
    assert answer.json()["progress"] == {"done": 0, "total": 2}
    job = finished(seller, answer)

    assert counted(job) == counts(created=2)
    assert job["progress"] == {"done": 2, "total": 2}
    first = seller.get("/v1/offers", params={"cpv": "39160000-1"}).json()["items"][0]
    assert (first["sku"], first["status"]) == ("RX-101", "active")
    assert [t["unit_price"] for t in first["price_tiers"]] == ["118", "109.1234", "102"]
    assert [t["days"] for t in first["lead_time_tiers"]] == [15, 28]
    assert first["product"]["attributes"] == {"height": "620-760 mm", "seats": "1"}
    assert first["product"]["names"]["zh"] == "学生课桌椅套装 单人可升降"
    assert [c["number"] for c in first["certificates"]] == ["CN25Q31807R2M"]
    assert session.exec(select(ImportChunk)).all() == []


def test_api_09_an_ndjson_file_becomes_draft_offers_if_so_asked(seller: Any) -> None:
    body = samples.ndjson_file(samples.offer(), samples.offer(sku="RX-102"))

    assert taken(seller, body, NDJSON, activate=False) == counts(created=2)
    assert {o["status"] for o in seller.get("/v1/offers").json()["items"]} == {"draft"}
    assert taken(seller, body, NDJSON) == counts(updated=2)
    assert {o["status"] for o in seller.get("/v1/offers").json()["items"]} == {"active"}


def test_api_09_the_same_file_again_changes_nothing(seller: Any, session: Session) -> None:
    body = samples.csv_file({}, {"sku": "RX-102"})
    taken(seller, body)
    events = len(session.exec(select(OutboxEvent)).all())
    before = seller.get("/v1/offers").json()

    assert taken(seller, body) == counts(unchanged=2)
    assert seller.get("/v1/offers").json() == before
    assert len(session.exec(select(OutboxEvent)).all()) == events


def test_a_changed_row_updates_its_offer(seller: Any, session: Session) -> None:
    taken(seller, samples.csv_file({}, {"sku": "RX-102"}))
    body = samples.csv_file(
        {"price_tiers": "100=117;2000=101.5", "name_en": "School desk"}, {"sku": "RX-102"}
    )

    assert taken(seller, body) == counts(updated=1, unchanged=1)
    items = seller.get("/v1/offers", params={"q": "desk"}).json()["items"]
    offer = next(each for each in items if each["sku"] == "RX-101")
    assert [t["unit_price"] for t in offer["price_tiers"]] == ["117", "101.5"]
    assert offer["product"]["names"]["en"] == "School desk"
    assert len(session.exec(select(Product)).all()) == 2


def test_api_09_good_rows_are_kept_and_bad_rows_named(seller: Any) -> None:
    answer = sent(
        seller,
        samples.csv_file(
            {},
            {"sku": "B-1", "hs_code": "999998", "currency": "ABC"},
            {"sku": "B-2", "price_tiers": "100:5"},
            {"sku": "B-3", "price_tiers": "1=5", "name_zh": "", "name_en": ""},
            {"sku": "B-4", "min_order_quantity": "12,5"},
            {"sku": "B-5", "attributes": "height"},
            {"sku": "B-6", "certificates": "NOT-MINE"},
            {"sku": "B-7", "price_tiers": "100=5;200=6"},
            {"sku": "RX-102"},
        ),
    )

    assert counted(finished(seller, answer)) == counts(created=2, rejected=7)
    assert refused(seller, answer) == [
        (3, "currency", "unknown_currency"),
        (3, "hs_code", "unknown_hs_code"),
        (4, "price_tiers", "pairs_expected"),
        (5, "name_en", "too_short"),
        (6, "min_order_quantity", "decimal_parsing"),
        (7, "attributes", "pairs_expected"),
        (8, "certificates", "unknown_certificate"),
        (9, "price_tiers", "price_rises"),
    ]
    assert {o["sku"] for o in seller.get("/v1/offers").json()["items"]} == {"RX-101", "RX-102"}


def test_errors_are_paged_in_the_order_of_the_file_and_private(
    seller: Any, as_org: Callable[..., Any]
) -> None:
    answer = sent(
        seller, samples.csv_file(*({"sku": f"B-{i}", "unit_code": "?"} for i in range(5)))
    )
    finished(seller, answer)
    url = f"/v1/imports/{answer.json()['id']}/errors"

    pages, cursor = [], None
    while True:
        page = seller.get(url, params={"limit": 2, **({"cursor": cursor} if cursor else {})}).json()
        pages.append([(e["row"], e["value"]) for e in page["items"]])
        cursor = page["next_cursor"]
        if not page["has_more"]:
            break

    assert pages == [[(2, "?"), (3, "?")], [(4, "?"), (5, "?")], [(6, "?")]]
    stranger = as_org(["supplier"])
    assert stranger.get(url).status_code == 404
    assert stranger.get(answer.headers["Location"]).status_code == 404
    for org_id, count in ((stranger.org_id, 0), (seller.org_id, 5)):
        with db.unit_of_work(org_id) as session:
            assert len(session.exec(select(ImportFailure)).all()) == count


def test_api_09_a_dry_run_reports_the_same_and_keeps_nothing(seller: Any, session: Session) -> None:
    taken(seller, samples.csv_file({}))
    before = seller.get("/v1/offers").json()
    body = samples.csv_file(
        {"warranty_months": "36"}, {"sku": "RX-102"}, {"sku": "RX-103", "currency": "ABC"}
    )

    answer = sent(seller, body, dry_run=True)

    assert counted(finished(seller, answer)) == counts(created=1, updated=1, rejected=1)
    assert refused(seller, answer) == [(4, "currency", "unknown_currency")]
    assert seller.get("/v1/offers").json() == before
    assert len(session.exec(select(Product)).all()) == 1


def test_api_09_of_a_file_that_is_all_or_nothing_one_bad_row_keeps_the_others_out(
    seller: Any, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(imports, "BATCH_ROWS", 2)
    good = [{"sku": f"R-{i}"} for i in range(5)]
    bad = samples.csv_file(*good, {"sku": "R-5", "currency": "ABC"})

    answer = sent(seller, bad, all_or_nothing=True)
    job = finished(seller, answer)

    assert counted(job) == counts(rejected=1)
    assert job["progress"] == {"done": 6, "total": 6}
    assert refused(seller, answer) == [(7, "currency", "unknown_currency")]
    assert seller.get("/v1/offers").json()["items"] == []
    assert session.exec(select(ImportChunk)).all() == []

    answer = sent(seller, samples.csv_file(*good), all_or_nothing=True)
    assert answer.json()["progress"] == {"done": 0, "total": 10}
    job = finished(seller, answer)
    assert counted(job) == counts(created=5)
    assert job["progress"] == {"done": 10, "total": 10}
    assert len(seller.get("/v1/offers").json()["items"]) == 5


def test_bytes_that_are_no_utf8_and_broken_quotes_reject_their_rows_only(seller: Any) -> None:
    good = samples.csv_file({}, {"sku": "RX-102"}, {"sku": "RX-103"}).splitlines(keepends=True)
    good[2] = good[2].replace("睿学".encode(), b"\xc8\xf0\xd1\xa7")
    broken = good[1].replace(b"RX-101", b'"RX-104" x')
    answer = sent(seller, b"\xef\xbb\xbf" + b"".join([*good, broken, b"just,three,cells\r\n"]))

    assert counted(finished(seller, answer)) == counts(created=2, rejected=3)
    assert refused(seller, answer) == [
        (3, "brand", "string_unicode"),
        (5, "", "csv_malformed"),
        (6, "", "wrong_number_of_cells"),
    ]


def test_lines_that_are_no_offers_reject_their_rows_only(seller: Any) -> None:
    good = samples.ndjson_file(samples.offer())
    bad = [b"{not json}\n", b"\xff\xfe\n", b"[]\n", b"\n", b'{"sku": "A\\u0000"}\n']
    answer = sent(seller, b"".join([*bad, good]), NDJSON)

    assert counted(finished(seller, answer)) == counts(created=1, rejected=4)
    assert {row for row, _, _ in refused(seller, answer)} == {1, 2, 3, 5}


def test_quoted_line_breaks_and_the_chunk_border_lose_nothing(
    seller: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(imports, "CHUNK_BYTES", 1000)
    monkeypatch.setattr(imports, "BATCH_ROWS", 3)
    rows = [
        {"sku": f"R-{i}", "description_zh": f"第一行\n第二行，“{i}”" * (i + 1)} for i in range(10)
    ]

    assert taken(seller, samples.csv_file(*rows)) == counts(created=10)
    items = seller.get("/v1/offers", params={"limit": 50}).json()["items"]
    assert {o["sku"]: o["product"]["descriptions"]["zh"] for o in items} == {
        row["sku"]: row["description_zh"] for row in rows
    }


def test_api_09_a_worker_that_dies_between_batches_goes_on_where_it_was(
    seller: Any, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(imports, "BATCH_ROWS", 2)
    answer = sent(seller, samples.csv_file(*({"sku": f"R-{i}"} for i in range(5))))
    job_id = parse("job", answer.json()["id"])
    calls = 0

    def dies(session: Session, job: Job) -> bool:
        nonlocal calls
        calls += 1
        done = imports.step(session, job)
        if calls == 2:
            raise RuntimeError("killed after its writes, before the commit")
        return done

    workers.run_job(job_id.hex, dies)
    assert len(session.exec(select(Offer)).all()) == 2
    job = session.get_one(Job, job_id)
    assert (job.progress_done, counted({"result": job.result})) == (2, counts(created=2))
    job.run_at = job.created_at
    session.commit()

    assert counted(finished(seller, answer)) == counts(created=5)
    assert len(session.exec(select(Offer)).all()) == len(session.exec(select(Product)).all()) == 5


@pytest.mark.parametrize(
    ("body", "pointers"),
    [
        (b"", {"#/"}),
        (b"sku|price\n", {"#/columns/sku|price"}),
        (samples.csv_file(header=[*samples.HEADER, "colour"]), {"#/columns/colour"}),
        (samples.csv_file(header=[*samples.HEADER, "sku"]), {"#/columns/sku"}),
        (
            samples.csv_file(header=[c for c in samples.HEADER if c != "currency"]),
            {"#/columns/currency"},
        ),
    ],
)
def test_a_file_without_the_right_columns_is_refused_at_once(
    seller: Any, session: Session, body: bytes, pointers: set[str]
) -> None:
    answer = seller.post("/v1/imports", content=body, headers=CSV)

    assert answer.status_code == 422
    assert pointers <= {error["pointer"] for error in answer.json()["errors"]}
    assert session.exec(select(Job)).all() == []
    assert session.exec(select(ImportChunk)).all() == []


def test_a_file_of_another_kind_or_size_is_refused(
    seller: Any, as_org: Callable[..., Any], monkeypatch: pytest.MonkeyPatch, session: Session
) -> None:
    body = samples.csv_file({})
    assert seller.post("/v1/imports", json={}).status_code == 415
    assert seller.post("/v1/imports", content=body, headers=NDJSON).status_code == 415
    assert seller.post("/v1/imports?format=xls", content=body, headers=CSV).status_code == 422
    assert as_org(["buyer"]).post("/v1/imports", content=body, headers=CSV).status_code == 403
    monkeypatch.setattr(settings.get(), "max_import_bytes", len(body) - 1)
    assert seller.post("/v1/imports", content=body, headers=CSV).status_code == 413
    assert session.exec(select(Job)).all() == []
    assert session.exec(select(ImportChunk)).all() == []


def test_a_repeated_upload_with_one_key_is_one_job(seller: Any, session: Session) -> None:
    body, key = samples.csv_file({}), {**CSV, "Idempotency-Key": "upload-1"}

    first = seller.post("/v1/imports", content=body, headers=key)
    again = seller.post("/v1/imports", content=body, headers=key)
    other = seller.post("/v1/imports", content=body + b"\n", headers=key)
    dry = seller.post("/v1/imports", content=body, headers=key, params={"dry_run": True})

    assert first.json() == again.json()
    assert other.json()["code"] == dry.json()["code"] == "idempotency_key_reused"
    assert len(session.exec(select(Job)).all()) == 1


def test_another_sellers_sku_is_another_offer(seller: Any, as_org: Callable[..., Any]) -> None:
    other = as_org(["supplier"])
    taken(seller, samples.csv_file({}))

    assert taken(other, samples.csv_file({"warranty_months": "1"})) == counts(created=1)
    mine = seller.get("/v1/offers", params={"seller": f"organisation_{seller.org_id.hex}"})
    assert [o["warranty_months"] for o in mine.json()["items"]] == [24]


def test_a_suspended_offer_is_changed_but_stays_hidden(seller: Any, session: Session) -> None:
    taken(seller, samples.csv_file({}))
    offer = seller.get("/v1/offers").json()["items"][0]
    seller.post(f"/v1/offers/{offer['id']}/suspend")

    assert taken(seller, samples.csv_file({"warranty_months": "36"})) == counts(updated=1)
    assert session.exec(select(Offer.status)).all() == [OfferStatus.SUSPENDED]


def test_a_row_that_comes_twice_is_taken_twice(seller: Any, session: Session) -> None:
    body = samples.csv_file({}, {"price_tiers": "100=100"}, {"price_tiers": "100=100"})

    assert taken(seller, body) == counts(created=1, updated=1, unchanged=1)
    assert len(session.exec(select(PriceTier)).all()) == 1


def test_hundreds_of_offers_are_created_once_and_found_unchanged(seller: Any) -> None:
    body = samples.csv_file(*({"sku": f"R-{i}"} for i in range(360)))

    assert counted(finished(seller, sent(seller, body))) == counts(created=360)
    assert taken(seller, body) == counts(unchanged=360)


def test_the_command_imports_in_process_and_lists_errors(
    seller: Any, session: Session, tmp_path: Path
) -> None:
    file = tmp_path / "offers.csv"
    file.write_bytes(samples.csv_file({}, {"sku": "B-1", "currency": "ABC"}))
    org = f"organisation_{seller.org_id.hex}"

    dry = CliRunner().invoke(cli, ["offers", str(file), "--org", org, "--dry-run"])
    assert session.exec(select(Offer)).all() == []
    real = CliRunner().invoke(cli, ["offers", str(file), "--org", org])
    stranger = CliRunner().invoke(cli, ["offers", str(file), "--org", f"organisation_{'0' * 32}"])

    assert "Would be: 1 created, 0 updated, 0 unchanged, 1 rejected." in dry.output
    assert (real.exit_code, stranger.exit_code) == (1, 2)
    assert "unknown_currency" in real.output
    with db.worker_unit_of_work() as fresh:
        assert fresh.exec(select(Offer.sku, Offer.status)).all() == [("RX-101", OfferStatus.ACTIVE)]


def test_the_command_takes_every_format_and_tells_by_its_exit_code(
    seller: Any, session: Session, tmp_path: Path
) -> None:
    org = f"organisation_{seller.org_id.hex}"
    values = [samples.DESK.get(column, "") for column in samples.HEADER]
    files = {
        "offers.csv": samples.csv_file({}).decode().encode("utf-16"),
        "offers.ndjson": samples.ndjson_file(samples.offer(sku="RX-102")),
        "offers.xlsx": workbook(samples.HEADER, ["RX-103", *values[1:]]),
    }
    for name, body in files.items():
        (tmp_path / name).write_bytes(body)
        done = CliRunner().invoke(cli, ["offers", str(tmp_path / name), "--org", org])
        assert (done.exit_code, "1 created, 0 updated" in done.output) == (0, True), done.output
    (tmp_path / "half.xlsx").write_bytes(files["offers.xlsx"][:2000])
    (tmp_path / "offers.ods").write_bytes(b"")
    for name in ("half.xlsx", "offers.ods"):
        assert (
            CliRunner().invoke(cli, ["offers", str(tmp_path / name), "--org", org]).exit_code == 2
        )

    skus = session.exec(select(Offer.sku).order_by(col(Offer.sku))).all()
    assert skus == ["RX-101", "RX-102", "RX-103"]
