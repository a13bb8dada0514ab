"""Refused rows come back as a file; repaired, it is sent again as it is."""

import csv
import io
from collections.abc import Callable
from typing import Any

import pytest
from sqlmodel import Session, col, select

from api.catalog.models import ImportRow, Offer
from api.core import db, jobs
from tests.catalog import samples
from tests.catalog.uploads import (
    NDJSON,
    XLSX,
    counted,
    counts,
    finished,
    refused,
    sent,
    taken,
    workbook,
)

HEADER = ["货号", *samples.HEADER[1:]]
ERRORS = ["error_row", "error_column", "error_code", "error_detail"]


@pytest.fixture
def seller(as_org: Callable[..., Any]) -> Any:
    return as_org(["manufacturer"])


def row(**changed: str) -> list[str]:
    cells = {**samples.DESK, **changed}
    return [cells.get(column, "") for column in samples.HEADER]


def table(*rows: list[str], delimiter: str = ",") -> bytes:
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter).writerows([HEADER, *rows])
    return text.getvalue().encode()


def downloaded(seller: Any, answer: Any) -> bytes:
    got = seller.get(f"/v1/imports/{answer.json()['id']}/errors.csv")
    assert got.status_code == 200, got.text
    assert got.headers["content-type"] == "text/csv; charset=utf-8"
    assert got.headers["content-disposition"] == 'attachment; filename="errors.csv"'
    body: bytes = got.content
    return body


def lines(body: bytes, delimiter: str = ",") -> list[list[str]]:
    assert body.startswith(b"\xef\xbb\xbf"), "Excel takes it for UTF-8 by this mark only"
    return [*csv.reader(io.StringIO(body.decode("utf-8-sig"), newline=""), delimiter=delimiter)]


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_the_refused_rows_are_repaired_and_sent_again(
    seller: Any, session: Session, delimiter: str
) -> None:
    bad = {"sku": "B-1", "currency": "ABC", "unit_code": "?"}
    body = table(
        row(),
        row(**bad),
        row(sku="B-2", price_tiers="100:5", name_zh='桌 "大"\n第二行'),
        row(sku="RX-102"),
        delimiter=delimiter,
    )
    answer = sent(seller, body)
    assert counted(finished(seller, answer)) == counts(created=2, rejected=2)

    header, first, second = lines(downloaded(seller, answer), delimiter)
    assert header == [*HEADER, *ERRORS]
    assert first[:-4] == row(**bad)
    assert first[-4:-1] == ["3", "unit_code", "string_pattern_mismatch"]
    assert second[-4:-1] == ["4", "price_tiers", "pairs_expected"]
    assert second[-1].startswith("Expected key=value")

    text = downloaded(seller, answer).decode("utf-8-sig")
    repaired = text.replace("ABC", "CNY").replace("?", "SET").replace("100:5", "100=5")
    again = sent(seller, b"\xef\xbb\xbf" + repaired.encode())
    assert counted(finished(seller, again)) == counts(created=2)
    assert lines(downloaded(seller, again), delimiter) == [[*HEADER, *ERRORS]]
    skus = session.exec(select(Offer.sku).order_by(col(Offer.sku))).all()
    assert skus == ["B-1", "B-2", "RX-101", "RX-102"]


def test_several_errors_of_a_row_are_told_in_one_line(seller: Any) -> None:
    answer = sent(seller, table(row(currency="ABC", hs_code="999998")))
    finished(seller, answer)

    (_, only) = lines(downloaded(seller, answer))
    assert sorted(only[-3].split("; ")) == ["currency", "hs_code"]
    assert sorted(only[-2].split("; ")) == ["unknown_currency", "unknown_hs_code"]


def test_no_cell_is_a_formula_and_the_way_back_is_the_same(seller: Any, session: Session) -> None:
    texts = ['=HYPERLINK("http://x")', "+cmd", "-5 °C", "@SUM(A1)"]
    body = table(*(row(sku=f"B-{i}", brand=t, currency="ABC") for i, t in enumerate(texts)))
    answer = sent(seller, body)
    finished(seller, answer)

    _, *found = lines(downloaded(seller, answer))
    place = HEADER.index("brand")
    assert [cells[place] for cells in found] == [f"'{text}" for text in texts]
    assert not [cell for cells in found for cell in cells if cell[:1] in "=+@-" and cell]

    repaired = downloaded(seller, answer).replace(b"ABC", b"CNY")
    assert taken(seller, repaired) == counts(created=4)
    items = seller.get("/v1/offers").json()["items"]
    assert {o["product"]["brand"] for o in items} == set(texts)


def test_a_number_below_zero_comes_back_as_it_was(seller: Any) -> None:
    answer = sent(seller, table(row(warranty_months="-5")))
    finished(seller, answer)

    assert lines(downloaded(seller, answer))[1][HEADER.index("warranty_months")] == "-5"


def test_rows_of_a_workbook_come_back_under_its_columns(seller: Any) -> None:
    body = workbook(HEADER, row(), [], row(sku="B-1", currency="ABC"))
    answer = sent(seller, body, XLSX)
    finished(seller, answer)

    header, only = lines(downloaded(seller, answer))
    assert header == [*HEADER, *ERRORS]
    assert (only[0], only[-4]) == ("B-1", "4")
    assert taken(seller, downloaded(seller, answer).replace(b"ABC", b"CNY")) == counts(created=1)


def test_rows_that_are_no_rows_come_back_as_they_stood(seller: Any) -> None:
    body = table(row()) + b'"x" y,1\r\n' + b"a,b\r\n" + b"c," * 40 + b"\r\n"
    answer = sent(seller, body)
    finished(seller, answer)

    _, *found = lines(downloaded(seller, answer))
    width = len(HEADER)
    assert [cells[:2] for cells in found] == [['"x" y,1', ""], ["a", "b"], ["c", "c"]]
    assert {len(cells) for cells in found} == {width + 4}


def test_lines_of_ndjson_come_back_in_one_column(seller: Any) -> None:
    bad = samples.ndjson_file(samples.offer(currency="ABC"))
    answer = sent(seller, bad, NDJSON)
    finished(seller, answer)

    header, only = lines(downloaded(seller, answer))
    assert header == ["line", *ERRORS]
    assert only[0] == bad.decode().rstrip("\n")
    assert only[1:4] == ["1", "currency", "unknown_currency"]


def test_a_dry_run_has_the_same_error_file(seller: Any, session: Session) -> None:
    body = table(row(), row(sku="B-1", currency="ABC"))
    files = []
    for dry_run in (True, False):
        answer = sent(seller, body, dry_run=dry_run)
        finished(seller, answer)
        files.append(downloaded(seller, answer))

    assert files[0] == files[1]


def test_refused_rows_are_their_sellers_alone(seller: Any, as_org: Callable[..., Any]) -> None:
    answer = sent(seller, table(row(currency="ABC")))
    finished(seller, answer)
    stranger = as_org(["supplier"])

    with db.worker_unit_of_work() as unit:
        other = jobs.enqueue(unit, "matching.reindex", {}, org_id=seller.org_id)
    assert seller.get(f"/v1/imports/job_{other.id.hex}/errors.csv").status_code == 404
    got = stranger.get(f"/v1/imports/{answer.json()['id']}/errors.csv")
    assert (got.status_code, got.json()["code"]) == (404, "not_found")
    assert refused(seller, answer) == [(2, "currency", "unknown_currency")]
    for org_id, count in ((stranger.org_id, 0), (seller.org_id, 1)):
        with db.unit_of_work(org_id) as unit:
            assert len(unit.exec(select(ImportRow)).all()) == count
