"""Files that are too large, cut off, or made to do harm: a clear answer, and nothing kept."""

import asyncio
import io
import resource
import tracemalloc
import zipfile
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlmodel import Session, select

from api.catalog.models import ImportChunk, Offer
from api.core import settings
from api.core.jobs import Job
from tests.catalog import samples
from tests.catalog.uploads import (
    CSV,
    NDJSON,
    XLSX,
    counted,
    counts,
    finished,
    posted,
    refused,
    sent,
    taken,
    workbook,
)

HEADER = [*samples.HEADER]
DESK = [samples.DESK.get(column, "") for column in HEADER]
SHEET = "xl/worksheets/sheet1.xml"


@pytest.fixture
def seller(as_org: Callable[..., Any]) -> Any:
    return as_org(["manufacturer"])


@pytest.fixture
def nothing_kept(session: Session) -> Iterator[None]:
    yield
    assert session.exec(select(Job)).all() == []
    assert session.exec(select(ImportChunk)).all() == []
    assert session.exec(select(Offer)).all() == []


def code(answer: Any) -> str:
    """The stable code of a refused file."""
    assert answer.status_code == 422, answer.text
    (error,) = answer.json()["errors"]
    found: str = error["code"]
    return found


def repacked(body: bytes, changed: dict[str, bytes | None], method: int = 8) -> bytes:
    """The workbook with other parts; None takes one away."""
    file = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(body)) as old, zipfile.ZipFile(file, "w", method) as new:
        for name in dict.fromkeys([*old.namelist(), *changed]):
            data = changed[name] if name in changed else old.read(name)
            if data is not None:
                new.writestr(name, data)
    return file.getvalue()


def sheet(*rows: str, before: str = "") -> bytes:
    """The XML of a sheet with these rows."""
    space = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    data = f'<worksheet xmlns="{space}"><sheetData>{"".join(rows)}</sheetData></worksheet>'
    return f'<?xml version="1.0"?>{before}{data}'.encode()


async def streamed(
    seller: Any, application: TestClient, chunks: Iterator[bytes | None]
) -> tuple[int, int]:
    """(status, chunks taken) of an upload without a length; None is a client that goes away."""
    messages: list[dict[str, Any]] = []
    count = 0

    async def receive() -> dict[str, Any]:
        nonlocal count
        chunk = next(chunks, b"")
        count += 1
        if chunk is None:
            return {"type": "http.disconnect"}
        return {"type": "http.request", "body": chunk, "more_body": bool(chunk)}

    async def send(message: dict[str, Any]) -> None:
        messages.append(message)

    headers = {"authorization": f"Bearer {seller.key}", "content-type": "text/csv"}
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "POST",
        "path": "/v1/imports",
        "raw_path": b"/v1/imports",
        "query_string": b"",
        "root_path": "",
        "scheme": "http",
        "client": ("127.0.0.1", 1),
        "server": ("testserver", 80),
        "headers": [(k.encode(), v.encode()) for k, v in headers.items()],
    }
    await application.app(scope, receive, send)  # type: ignore[arg-type]
    return messages[0]["status"], count


@pytest.mark.usefixtures("nothing_kept")
def test_api_09_200_megabytes_are_refused_at_the_limit_with_little_memory(
    seller: Any, application: TestClient
) -> None:
    chunk = b"x" * 1_000_000
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    tracemalloc.start()
    try:
        status, taken_chunks = asyncio.run(
            streamed(seller, application, (chunk for _ in range(200)))
        )
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert status == 413
    assert taken_chunks == settings.get().max_import_bytes // len(chunk) + 1
    assert peak < 20_000_000
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 60_000


@pytest.mark.usefixtures("nothing_kept")
def test_a_length_above_the_limit_is_refused_before_anything_is_read(
    seller: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settings.get(), "max_import_bytes", 1000)
    answer = posted(seller, b"x" * 1001)
    assert (answer.status_code, answer.json()["code"]) == (413, "payload_too_large")


@pytest.mark.usefixtures("nothing_kept")
def test_an_upload_that_breaks_off_leaves_nothing(seller: Any, application: TestClient) -> None:
    body = samples.csv_file({}, {"sku": "RX-102"})
    status, _ = asyncio.run(streamed(seller, application, iter([body[:300], None])))
    assert status == 400


@pytest.mark.usefixtures("nothing_kept")
@pytest.mark.parametrize(
    ("format", "media_type"),
    [
        ("xlsx", "application/vnd.ms-excel.sheet.macroEnabled.12"),
        ("xlsx", "text/csv"),
        ("csv", "application/json"),
        ("ndjson", "application/json"),
    ],
)
def test_a_wrong_content_type_is_415(seller: Any, format: str, media_type: str) -> None:
    answer = seller.post(
        "/v1/imports",
        content=workbook(HEADER, DESK),
        headers={"Content-Type": media_type},
        params={"format": format},
    )
    assert (answer.status_code, answer.json()["code"]) == (415, "unsupported_media_type")


def test_half_a_csv_file_loses_only_the_row_that_was_cut(seller: Any) -> None:
    body = samples.csv_file(*({"sku": f"R-{i}"} for i in range(4)))
    answer = sent(seller, body[:-60])

    assert counted(finished(seller, answer)) == counts(created=3, rejected=1)
    assert refused(seller, answer) == [(5, "", "wrong_number_of_cells")]


def test_a_quote_that_never_ends_loses_only_its_row(seller: Any) -> None:
    rows = samples.csv_file(*({"sku": f"R-{i}"} for i in range(6))).splitlines(keepends=True)
    rows[2] = rows[2].replace(b"R-1", b'"R-1')
    answer = sent(seller, b"".join(rows))

    assert counted(finished(seller, answer)) == counts(created=5, rejected=1)
    assert refused(seller, answer) == [(3, "", "csv_malformed")]


def test_half_an_ndjson_file_loses_only_the_line_that_was_cut(seller: Any) -> None:
    body = samples.ndjson_file(samples.offer(), samples.offer(sku="RX-102"))
    answer = sent(seller, body[:-50], NDJSON)

    assert counted(finished(seller, answer)) == counts(created=1, rejected=1)
    assert refused(seller, answer) == [(2, "", "json_invalid")]


@pytest.mark.usefixtures("nothing_kept")
@pytest.mark.parametrize("share", [0.1, 0.5, 0.99])
def test_half_a_workbook_is_refused(seller: Any, share: float) -> None:
    body = workbook(HEADER, DESK)
    assert code(posted(seller, body[: int(len(body) * share)], XLSX)) == "xlsx_malformed"


def test_a_row_of_a_million_columns_is_one_refused_row(seller: Any) -> None:
    rows = samples.csv_file({}, {"sku": "RX-102"}).splitlines(keepends=True)
    rows.insert(2, b"," * 3_000_000 + b"\n")
    rows.insert(2, b"1," * 300_000 + b"\n")
    answer = sent(seller, b"".join(rows))

    assert counted(finished(seller, answer)) == counts(created=2, rejected=2)
    assert refused(seller, answer) == [
        (3, "", "wrong_number_of_cells"),
        (4, "", "line_too_long"),
    ]


def test_a_cell_of_absurd_length_is_one_refused_row(seller: Any) -> None:
    answer = sent(seller, samples.csv_file({"brand": "x" * 200_000}, {"sku": "RX-102"}))

    assert counted(finished(seller, answer)) == counts(created=1, rejected=1)
    assert refused(seller, answer) == [(2, "", "csv_malformed")]


def test_of_a_sku_that_comes_twice_the_last_row_stands(seller: Any) -> None:
    first, last = {"warranty_months": "12"}, {"warranty_months": "36"}
    body = samples.csv_file(first, {"sku": "RX-102"}, last)

    assert taken(seller, body) == counts(created=2, updated=1)
    assert taken(seller, body) == counts(updated=2, unchanged=1)
    found = {o["sku"]: o["warranty_months"] for o in seller.get("/v1/offers").json()["items"]}
    assert found == {"RX-101": 36, "RX-102": 24}
    # The row that stands is the one that was taken last, even where nothing of it is new.
    assert taken(seller, samples.csv_file(first, last)) == counts(updated=2)
    found = {o["sku"]: o["warranty_months"] for o in seller.get("/v1/offers").json()["items"]}
    assert found["RX-101"] == 36


@pytest.mark.usefixtures("nothing_kept")
def test_a_formula_is_refused_and_its_cell_named(seller: Any) -> None:
    answer = posted(seller, workbook(HEADER, [*DESK[:15], "=1+1", *DESK[16:]]), XLSX)

    assert code(answer) == "formula"
    assert answer.json()["errors"][0]["pointer"] == "#/cells/P2"


@pytest.mark.usefixtures("nothing_kept")
@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({"xl/vbaProject.bin": b"macro"}, "xlsx_macros"),
        (
            {
                "[Content_Types].xml": b'<Types><Override PartName="/xl/workbook.xml" ContentType='
                b'"application/vnd.ms-excel.sheet.macroEnabled.main+xml"/></Types>'
            },
            "xlsx_macros",
        ),
        ({SHEET: None}, "xlsx_malformed"),
        ({SHEET: b"<worksheet><sheetData><row>"}, "xlsx_malformed"),
        ({SHEET: sheet('<row r="2"/><row r="1"/>')}, "xlsx_malformed"),
        ({SHEET: sheet('<row r="1"><c r="ZZZZ1"/></row>')}, "xlsx_malformed"),
        ({SHEET: sheet('<row r="1"><c t="s"><v>9999</v></c></row>')}, "xlsx_malformed"),
        ({SHEET: sheet('<row r="1048577"/>')}, "xlsx_malformed"),
        ({SHEET: sheet("<row>" + "<a>" * 100 + "</a>" * 100 + "</row>")}, "xlsx_malformed"),
        ({SHEET: sheet("<row>" + "<c/>" * 1_000 + "</row>")}, "too_many_columns"),
        ({SHEET: sheet(f'<row><c t="str"><v>{"x" * 40_000}</v></c></row>')}, "text_too_long"),
        ({f"junk/{i}.xml": b"<a/>" for i in range(1001)}, "xlsx_bomb"),
        ({SHEET: sheet("<row/>" * 1_000_000)}, "xlsx_bomb"),
        (
            {
                SHEET: sheet(
                    '<row><c t="inlineStr"><is><t>&a;</t></is></c></row>',
                    before='<!DOCTYPE w [<!ENTITY a SYSTEM "file:///etc/passwd">]>',
                )
            },
            "xlsx_malformed",
        ),
        (
            {
                SHEET: sheet(
                    "<row><c><v>&b;</v></c></row>",
                    before='<!DOCTYPE w [<!ENTITY a "1111111111"><!ENTITY b "&a;&a;&a;&a;">]>',
                )
            },
            "xlsx_malformed",
        ),
    ],
)
def test_a_workbook_made_to_do_harm_is_refused(
    seller: Any, changed: dict[str, bytes | None], expected: str
) -> None:
    assert code(posted(seller, repacked(workbook(HEADER, DESK), changed), XLSX)) == expected


@pytest.mark.usefixtures("nothing_kept")
def test_a_workbook_that_hides_its_size_is_refused(seller: Any) -> None:
    """The directory says 10 bytes; what is unpacked is more, and never more than was said."""
    body = bytearray(repacked(workbook(HEADER, DESK), {SHEET: sheet("<row/>" * 100_000)}))
    place = body.index(b"PK\x01\x02")
    while not bytes(body[place + 46 :]).startswith(SHEET.encode()):
        place = body.index(b"PK\x01\x02", place + 1)
    body[place + 24 : place + 28] = (10).to_bytes(4, "little")

    assert code(posted(seller, bytes(body), XLSX)) == "xlsx_malformed"


@pytest.mark.usefixtures("nothing_kept")
def test_an_element_without_end_is_refused_before_it_fills_the_memory(seller: Any) -> None:
    body = repacked(
        workbook(HEADER, DESK), {SHEET: sheet(f'<row a="{"x" * 5_000_000}"/>')}, method=0
    )
    assert code(posted(seller, body, XLSX)) == "xlsx_malformed"


def test_a_link_to_the_outside_is_never_followed(seller: Any) -> None:
    with zipfile.ZipFile(io.BytesIO(workbook(HEADER, DESK))) as book:
        relations = book.read("xl/_rels/workbook.xml.rels").decode()
    link = '<Relationship Id="x1" Type="a/externalLink" Target="http://127.0.0.1:9/" TargetMode="External"/>'
    changed = relations.replace("</Relationships>", f"{link}</Relationships>").encode()
    body = repacked(workbook(HEADER, DESK), {"xl/_rels/workbook.xml.rels": changed})

    assert taken(seller, body, XLSX) == counts(created=1)


def test_two_cells_far_apart_cost_nothing(seller: Any) -> None:
    header = "".join(f'<c t="str"><v>{name}</v></c>' for name in HEADER)
    far = sheet(f"<row>{header}</row>", '<row r="1048576"><c r="AA1048576"><v>2</v></c></row>')
    answer = sent(seller, repacked(workbook(HEADER), {SHEET: far}), XLSX)

    assert counted(finished(seller, answer)) == counts(rejected=1)
    assert refused(seller, answer)[0][0] == 1_048_576


def test_an_empty_workbook_has_no_columns(seller: Any) -> None:
    assert posted(seller, workbook(), XLSX).status_code == 422
    assert posted(seller, b"", CSV).status_code == 422
