"""Files sent to the API and taken by the real task."""

import io
from typing import Any

from openpyxl import Workbook

from api.catalog import imports
from api.core.ids import parse
from workers import app as workers

CSV = {"Content-Type": "text/csv"}
NDJSON = {"Content-Type": "application/x-ndjson; charset=utf-8"}
XLSX = {"Content-Type": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"}
FORMATS = {
    CSV["Content-Type"]: "csv",
    NDJSON["Content-Type"]: "ndjson",
    XLSX["Content-Type"]: "xlsx",
}


def posted(seller: Any, body: bytes, headers: dict[str, str] = CSV, **options: Any) -> Any:
    """The answer to an upload, whatever it is."""
    options = {"format": FORMATS[headers["Content-Type"]], **options}
    return seller.post("/v1/imports", content=body, headers=headers, params=options)


def sent(seller: Any, body: bytes, headers: dict[str, str] = CSV, **options: Any) -> Any:
    answer = posted(seller, body, headers, **options)
    assert answer.status_code == 202, answer.text
    return answer


def finished(seller: Any, answer: Any) -> dict[str, Any]:
    """The job after the worker has run it."""
    workers.run_job(parse("job", answer.json()["id"]).hex, imports.step)
    job: dict[str, Any] = seller.get(answer.headers["Location"]).json()
    assert job["status"] == "succeeded", job
    return job


def taken(seller: Any, body: bytes, headers: dict[str, str] = CSV, **options: Any) -> Any:
    return counted(finished(seller, sent(seller, body, headers, **options)))


def counted(job: dict[str, Any]) -> dict[str, int]:
    """The counts of a job's result, without how its file was read."""
    told = job["result"].keys() - counts().keys()
    assert told in ({"encoding"}, {"encoding", "delimiter", "columns"})
    return {name: job["result"][name] for name in counts()}


def refused(seller: Any, answer: Any) -> list[tuple[int, str, str]]:
    url = f"/v1/imports/{answer.json()['id']}/errors"
    return [(e["row"], e["column"], e["code"]) for e in seller.get(url).json()["items"]]


def counts(**named: int) -> dict[str, int]:
    return {"created": 0, "updated": 0, "unchanged": 0, "rejected": 0, **named}


def workbook(*rows: list[Any]) -> bytes:
    """A workbook of one sheet, as openpyxl writes it."""
    book, file = Workbook(), io.BytesIO()
    sheet = book.active
    assert sheet is not None
    for row in rows:
        sheet.append(row)
    book.save(file)
    return file.getvalue()
