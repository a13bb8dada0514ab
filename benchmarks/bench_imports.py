"""Importing a supplier's catalogue: rows a second of the real job, against a plain COPY by hand.

Baseline "plain COPY": the same offers' rows (product, offer, tiers) are copied by the tables' owner
into empty tables of the same columns, keys and indexes. Nothing is read from a file, checked,
audited or announced, and there is no row-level security: what PostgreSQL needs for the rows alone.
The import parses the file, checks every row, writes the same rows, and for every offer three audit
entries (hash-chained), an event and the row it came from. Embedding comes later, in worker batches.
"""

import csv
import io
import json
import os
import tempfile
import time
from collections.abc import Callable, Iterator

_DATA = tempfile.TemporaryDirectory(prefix="kerben-bench-", ignore_cleanup_errors=True)
os.environ.setdefault("KERBEN_DATA_DIR", _DATA.name)

from openpyxl import Workbook
from rich.console import Console
from rich.progress import Progress
from rich.table import Table
from sqlmodel import SQLModel, select

from api.catalog import imports
from api.catalog.imports import Options
from api.catalog.models import LeadTimeTier, Offer, PriceTier, Product
from api.catalog.rows import Format
from api.core import db, logs, migrations
from api.core.jobs import Job
from api.identity.models import Organisation
from api.reference import service as reference
from api.rules.identifiers import IdentifierScheme
from api.rules.organisations import OrganisationStatus
from workers import app as workers

ROWS = int(os.environ.get("KERBEN_BENCH_ROWS", "100000"))
SAMPLE = max(ROWS // 10, 1)
TABLES = (Product, Offer, PriceTier, LeadTimeTier)
COLUMNS = [
    "sku",
    "name_zh",
    "name_en",
    "description_zh",
    "brand",
    "model",
    "hs_code",
    "cpv_code",
    "unit_code",
    "country_of_origin",
    "min_order_quantity",
    "order_multiple",
    "currency",
    "incoterm",
    "place",
    "price_tiers",
    "lead_time_tiers",
    "supply_quantity",
    "supply_period",
    "warranty_months",
    "attributes",
]
NOUNS = (
    "学生课桌椅",
    "LED路灯",
    "不锈钢保温杯",
    "激光打印机",
    "棉纱手套",
    "电动螺丝刀",
    "防水卷材",
)
ENGLISH = ("desk set", "street lamp", "flask", "laser printer", "gloves", "screwdriver", "membrane")
console = Console()


def main() -> None:
    """Print the rates of every format, first and unchanged, and their ratio to the baseline."""
    logs.configure("ERROR", "console")
    migrations.upgrade()
    with db.worker_unit_of_work() as session:
        reference.ensure_bundled(session)
    table = Table(title=f"{ROWS:,} offers a file ({SAMPLE:,} for the samples)")
    for column in ("what", "rows", "seconds", "rows/s", "ratio to COPY"):
        table.add_column(column, justify="left" if column == "what" else "right")
    measured: list[tuple[str, int, float]] = []
    with Progress(console=console) as progress:
        seller = organisation(1)
        body = csv_file(ROWS)
        for what in ("CSV, first import", "CSV, the same file again"):
            measured.append((what, ROWS, imported(progress, what, seller, body, Format.CSV)))
        measured.append(
            (
                "CSV, every price changed",
                ROWS,
                imported(
                    progress,
                    "CSV, every price changed",
                    seller,
                    csv_file(ROWS, cents=7),
                    Format.CSV,
                ),
            )
        )
        base = baseline(progress)
        for number, (what, format, made) in enumerate(SAMPLES, start=2):
            seconds = imported(progress, what, organisation(number), made(SAMPLE), format)
            measured.append((what, SAMPLE, seconds))
    table.add_row(
        "baseline: plain COPY of the same rows",
        f"{ROWS:,}",
        f"{base:.1f}",
        f"{ROWS / base:,.0f}",
        "1.00",
    )
    for what, count, seconds in measured:
        ratio = (count / seconds) / (ROWS / base)
        table.add_row(
            what, f"{count:,}", f"{seconds:.1f}", f"{count / seconds:,.0f}", f"{ratio:.2f}"
        )
    console.print(table)


def organisation(number: int) -> Organisation:
    """A seller of its own."""
    with db.worker_unit_of_work() as session:
        found = Organisation(
            roles=["supplier"],
            legal_name={"en": f"Seller {number}"},
            identifier_scheme=IdentifierScheme.KG_INN,
            identifier_id=f"{number:014d}",
            country="KG",
            languages=["ru"],
            status=OrganisationStatus.VERIFIED,
            verification_level=1,
        )
        session.add(found)
    return found


def imported(
    progress: Progress, what: str, seller: Organisation, body: bytes, format: Format
) -> float:
    """Seconds from the uploaded file to the last row, as API and worker do it."""
    task = progress.add_task(what, total=None)
    started = time.perf_counter()
    with db.worker_unit_of_work() as session:
        job = imports.submit(session, seller.id, "bench", io.BytesIO(body), Options(format))

    def step(session: object, job: Job) -> bool:
        done = imports.step(session, job)  # type: ignore[arg-type]
        progress.update(task, completed=job.progress_done, total=job.progress_total)
        return done

    workers.run_job(job.id.hex, step)
    seconds = time.perf_counter() - started
    with db.worker_unit_of_work() as session:
        result = session.get_one(Job, job.id).result or {}
    if result.get("rejected") or not result:
        raise SystemExit(f"{what}: {result}")
    return seconds


def baseline(progress: Progress) -> float:
    """Seconds to copy the rows that the import has written into tables like theirs."""
    task = progress.add_task("plain COPY", total=len(TABLES))
    with db.engine("owner").begin() as connection:
        driver = connection.connection.driver_connection
        assert driver is not None
        seconds = 0.0
        for model in TABLES:
            name = model.__tablename__
            with db.worker_unit_of_work() as session:
                found = session.connection().execute(select(*SQLModel.metadata.tables[name].c))
                rows = [tuple(row) for row in found]
            rows = [tuple(json.dumps(v) if isinstance(v, dict) else v for v in row) for row in rows]
            connection.exec_driver_sql(f'CREATE TABLE "base_{name}" (LIKE "{name}" INCLUDING ALL)')
            started = time.perf_counter()
            with driver.cursor() as cursor, cursor.copy(f'COPY "base_{name}" FROM STDIN') as copy:
                for row in rows:
                    copy.write_row(row)
            seconds += time.perf_counter() - started
            progress.advance(task)
        connection.rollback()
    return seconds


def cells(count: int, cents: int = 0) -> Iterator[list[str]]:
    """The rows of a catalogue, each a little different."""
    for i in range(count):
        kind, price = i % len(NOUNS), 20 + i % 500
        yield [
            f"K-{i:06d}",
            f"{NOUNS[kind]} 型号{i} 厂家直销 加厚 工程配套",
            f"{ENGLISH[kind]} model {i}, reinforced, for projects",
            f"规格{i}，出口品质，支持定制，{i % 90 + 10}件一箱。",
            "睿学",
            f"RX-{i}",
            "940320",
            "39160000-1",
            "SET",
            "CN",
            "100",
            "10",
            "CNY",
            "FCA",
            "cn-linyi",
            f"100={price}.{cents:02d};500={price - 2}.50;2000={price - 4}",
            "100=15;1000=28",
            "12000",
            "month",
            "24",
            f"height={i % 300} mm;material=steel",
        ]


def csv_file(count: int, cents: int = 0) -> bytes:
    """The catalogue as CSV."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(COLUMNS)
    writer.writerows(cells(count, cents))
    return text.getvalue().encode()


def gb18030_file(count: int) -> bytes:
    """The catalogue as a Chinese spreadsheet program saves CSV."""
    return csv_file(count).decode().encode("gb18030")


def xlsx_file(count: int) -> bytes:
    """The catalogue as a workbook."""
    book, file = Workbook(write_only=True), io.BytesIO()
    sheet = book.create_sheet()
    sheet.append(COLUMNS)
    for row in cells(count):
        sheet.append(row)
    book.save(file)
    return file.getvalue()


def ndjson_file(count: int) -> bytes:
    """The catalogue as the bodies of POST /v1/offers."""
    return "".join(
        json.dumps(_body(row), ensure_ascii=False) + "\n" for row in cells(count)
    ).encode()


def _body(row: list[str]) -> dict[str, object]:
    given = dict(zip(COLUMNS, row, strict=True))
    prices = [pair.split("=") for pair in given["price_tiers"].split(";")]
    leads = [pair.split("=") for pair in given["lead_time_tiers"].split(";")]
    same = (
        "sku",
        "unit_code",
        "min_order_quantity",
        "order_multiple",
        "currency",
        "incoterm",
        "supply_quantity",
        "supply_period",
    )
    return {
        **{name: given[name] for name in same},
        "place_code": given["place"],
        "warranty_months": int(given["warranty_months"]),
        "price_tiers": [{"min_quantity": k, "unit_price": v} for k, v in prices],
        "lead_time_tiers": [{"min_quantity": k, "days": int(v)} for k, v in leads],
        "product": {
            "names": {"zh": given["name_zh"], "en": given["name_en"]},
            "descriptions": {"zh": given["description_zh"]},
            **{
                name: given[name]
                for name in ("brand", "model", "hs_code", "cpv_code", "country_of_origin")
            },
            "attributes": dict(pair.split("=") for pair in given["attributes"].split(";")),
        },
    }


SAMPLES: tuple[tuple[str, Format, Callable[[int], bytes]], ...] = (
    ("CSV in GB18030, sample", Format.CSV, gb18030_file),
    ("NDJSON, sample", Format.NDJSON, ndjson_file),
    ("XLSX, sample", Format.XLSX, xlsx_file),
)

if __name__ == "__main__":
    main()
