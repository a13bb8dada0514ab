"""`kerben import ocds` and `kerben import kg`: data of other publishers, for analysis."""

from itertools import batched
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from api.core import db
from api.opendata import importing, kg_portal
from api.opendata.importing import Normalise, Report

console = Console()
BATCH = 200
MAX_SHOWN = 50
Source = Annotated[
    str, typer.Option(help="Whose data it is, for example its OCID prefix.", show_default=True)
]
File = Annotated[
    Path, typer.Argument(exists=True, dir_okay=False, help="*.json or *.jsonl: packages, releases")
]


def ocds(file: File, source: Source) -> None:
    """Import OCDS releases or records of another publisher."""
    _import(file, source, lambda release: release)


def kg(file: File, source: Source = "kg-portal") -> None:
    """Import what the old Kyrgyz portal exported; its own members and codes become OCDS."""
    _import(file, source, kg_portal.normalised)


def _import(file: Path, source: str, normalise: Normalise) -> None:
    if not 0 < len(source) <= 100 or "kerben" == source:
        raise typer.BadParameter("1 to 100 characters, and not kerben", param_hint="--source")
    report = Report()
    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    with Progress(*columns, console=console) as bars:
        bar = bars.add_task(file.name)
        for batch in batched(importing.read(file, report), BATCH, strict=False):
            with db.worker_unit_of_work() as session:
                importing.take(session, source, batch, report, normalise)
            bars.update(bar, description=f"{file.name}: {report.counts.total()} releases")
    if report.errors:
        table = Table("where", "code", "detail", title="What was not taken")
        for error in report.errors[:MAX_SHOWN]:
            table.add_row(*error)
        console.print(table)
        if len(report.errors) > MAX_SHOWN:
            console.print(f"… and {len(report.errors) - MAX_SHOWN} more")
    counts = ", ".join(f"{report.counts[name]} {name}" for name in importing.COUNTS)
    console.print(f"{counts}.")
    if report.errors:
        raise typer.Exit(1)
