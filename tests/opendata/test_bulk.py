"""A year as tables: made by a job or by hand, kept, and read by everybody."""

import csv
import io
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from typer.testing import CliRunner

from api.__main__ import main
from tests.procurement import samples

type AsOrg = Callable[..., Any]
CLI = CliRunner()


@pytest.fixture
def made(as_org: AsOrg) -> list[Any]:
    buyer = as_org(["buyer"])
    title = dict.fromkeys(("ru", "ky"), "=HYPERLINK(1)")
    return [samples.published(buyer, title=title) for _ in range(2)]


def year_of(client: Any) -> int:
    (listed,) = client.get("/public/ocds/bulk").json()["years"]
    found: int = listed["year"]
    return found


def test_an_operator_asks_for_the_tables_of_a_year_and_everybody_reads_them(
    as_org: AsOrg, client: Any, made: list[Any], drain: Callable[[], int]
) -> None:
    operator, year = as_org(["operator"]), year_of(client)
    assert client.get(f"/public/ocds/bulk/{year}.xlsx").status_code == 404

    asked = operator.post("/v1/opendata/exports", json={"year": year})
    drain()

    assert asked.status_code == 202
    job = operator.get(f"/v1/jobs/{asked.json()['id']}").json()
    assert (job["status"], job["progress"]) == ("succeeded", {"done": 2, "total": 2})
    (listed,) = client.get("/public/ocds/bulk").json()["years"]
    assert [url.rpartition("/")[2] for url in listed["files"]] == [
        f"{year}.jsonl.gz",
        f"{year}.csv.zip",
        f"{year}.xlsx",
    ]
    workbook = openpyxl.load_workbook(
        io.BytesIO(client.get(f"/public/ocds/bulk/{year}.xlsx").content), read_only=True
    )
    rows = [*workbook["releases"].values]
    workbook.close()
    assert {dict(zip(rows[0], row, strict=True))["tender/title"] for row in rows[1:]} == {
        "'=HYPERLINK(1)"
    }
    assert {row[0] for row in rows[1:]} == {each["ocid"] for each in made}
    packed = client.get(f"/public/ocds/bulk/{year}.csv.zip")
    with zipfile.ZipFile(io.BytesIO(packed.content)) as archive:
        items = next(name for name in archive.namelist() if "items" in name)
        table = [*csv.DictReader(io.StringIO(archive.read(items).decode()))]
    assert {row["ocid"] for row in table} == {each["ocid"] for each in made}
    assert {row["tender/items/0/quantity"] for row in table} == {"600"}
    again = client.get(
        f"/public/ocds/bulk/{year}.csv.zip", headers={"If-None-Match": packed.headers["etag"]}
    )
    assert again.status_code == 304


def test_the_command_writes_the_same_files_to_a_folder(
    client: Any, made: list[Any], tmp_path: Path
) -> None:
    year = year_of(client)
    result = CLI.invoke(main, ["opendata", "export", str(year), "--folder", str(tmp_path)])
    assert result.exit_code == 0, result.output
    for name in (f"{year}.xlsx", f"{year}.csv.zip"):
        assert (tmp_path / name).read_bytes() == client.get(f"/public/ocds/bulk/{name}").content


def test_a_year_without_processes_leaves_nothing(client: Any) -> None:
    result = CLI.invoke(main, ["opendata", "export", "2001"])
    assert (result.exit_code, "nothing to export" in result.output) == (0, True)
    assert client.get("/public/ocds/bulk/2001.xlsx").status_code == 404
    assert client.get("/public/ocds/bulk/2001.pdf").status_code == 404


def test_only_the_operator_asks_for_exports(as_org: AsOrg) -> None:
    buyer = as_org(["buyer"])
    answer = buyer.post("/v1/opendata/exports", json={"year": 2026})
    assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")
