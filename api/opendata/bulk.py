"""The records of a year as tables, by OCP's flatten-tool: a workbook, and CSV files in a ZIP.

The whole year is flattened at once, in a folder of its own on the disk (flatten-tool keeps its
rows in a file there), and the results are kept as public documents. Texts that a spreadsheet would
run begin with an apostrophe; the records and releases themselves are as they are.
"""

import io
import tempfile
import warnings
import zipfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from sqlalchemy import text
from sqlmodel import Session

from api.core import spreadsheets
from api.opendata import service

BATCH = 500
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
ZIP = "application/zip"
_COUNT = text("SELECT count(*) FROM ocds_record WHERE date >= :start AND date < :end")
_NEXT = text(
    "SELECT ocid, compiled::text FROM ocds_record"
    " WHERE date >= :start AND date < :end AND ocid > :last ORDER BY ocid LIMIT :batch"
)

type Progress = Callable[[int, int], None]


class Exported(NamedTuple):
    """What was made: how many processes, and where the files are read."""

    processes: int
    paths: tuple[str, ...]


def count(session: Session, year: int) -> int:
    """How many records there are of a year, by the date of their newest release (UTC)."""
    found: int = session.connection().scalar(_COUNT, _bounds(year))
    return found


def export_year(session: Session, year: int, progress: Progress) -> Exported:
    """Make the tables of a year anew; a year without records leaves nothing.

    `progress` is told how many records were read, of how many.
    """
    total = count(session, year)
    if total == 0:
        return Exported(0, ())
    with tempfile.TemporaryDirectory(prefix="kerben-export-") as folder:
        whole, made = Path(folder) / "year.json", Path(folder) / "tables"
        done = 0
        with whole.open("w", encoding="utf-8") as out:
            out.write('{"releases":[')
            for line in _lines(session, year):
                out.write(f"{',' if done else ''}{spreadsheets.json_text(line)}")
                done += 1
                progress(done, total)
            out.write("]}")
        # Its databases and spreadsheets take long to load, which only this job should wait for.
        import flattentool

        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # its remarks about names of sheets
            flattentool.flatten(
                str(whole),
                output_name=str(made),
                output_format="all",
                main_sheet_name="releases",
                root_list_path="releases",
                root_id="ocid",
                line_terminator="LF",
            )
        workbook = made.with_suffix(".xlsx").read_bytes()
        tables = _zipped(made)
    paths = (f"{service.BULK}/{year}.xlsx", f"{service.BULK}/{year}.csv.zip")
    service.store(session, paths[0], XLSX, workbook)
    service.store(session, paths[1], ZIP, tables)
    return Exported(done, paths)


def _lines(session: Session, year: int) -> Iterator[str]:
    last = ""
    while True:
        values = {**_bounds(year), "last": last, "batch": BATCH}
        rows = session.connection().execute(_NEXT, values).all()
        if not rows:
            return
        last = rows[-1][0]
        for _, line in rows:
            yield line


def _zipped(folder: Path) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(folder.glob("*.csv")):
            archive.write(path, path.name)
    return packed.getvalue()


def _bounds(year: int) -> dict[str, datetime]:
    return {
        "start": datetime(year, 1, 1, tzinfo=UTC),
        "end": datetime(year + 1, 1, 1, tzinfo=UTC),
    }
