"""Imports from the command line, in this process."""

from itertools import batched
from pathlib import Path
from typing import Annotated
from uuid import UUID

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from api.catalog import imports, sources
from api.catalog.imports import BATCH_ROWS, Options, Report
from api.catalog.rows import Format, RowError
from api.core import db
from api.core.errors import Invalid, NotFound
from api.core.ids import parse
from api.identity import service as identity

app = typer.Typer(help="Bring in data from files.", no_args_is_help=True)
console = Console()
ACTOR = "cli"
MAX_SHOWN = 50
FORMATS = {
    ".csv": Format.CSV,
    ".tsv": Format.CSV,
    ".ndjson": Format.NDJSON,
    ".jsonl": Format.NDJSON,
    ".xlsx": Format.XLSX,
}


@app.command()
def offers(
    file: Annotated[
        Path, typer.Argument(exists=True, dir_okay=False, help="*.csv, *.ndjson or *.xlsx")
    ],
    org: Annotated[str, typer.Option(help="The seller, organisation_….")],
    dry_run: Annotated[bool, typer.Option(help="Check everything, keep nothing.")] = False,
    activate: Annotated[bool, typer.Option(help="Show the offers to buyers at once.")] = True,
) -> None:
    """Create and change a seller's offers by sku: good rows are kept, bad rows are listed."""
    format = FORMATS.get(file.suffix.lower())
    if format is None:
        raise typer.BadParameter(
            f"expected a file ending in {', '.join(FORMATS)}", param_hint="FILE"
        )
    org_id = _seller(org)
    try:
        report = run(file, org_id, Options(format, dry_run, activate))
    except Invalid as problem:
        console.print(f"[red]{problem}[/red]")
        for error in problem.errors:
            console.print(f"  {error.detail}")
        raise typer.Exit(2) from problem
    if report.errors:
        console.print(_table(report.errors))
    counts = ", ".join(f"{report.counts[name]} {name}" for name in imports.COUNTS)
    console.print(f"{'Would be: ' if dry_run else ''}{counts}.")
    if report.errors:
        raise typer.Exit(1)


def run(file: Path, org_id: UUID, options: Options) -> Report:
    """Take a file in batches, each in its own transaction, with a progress bar."""
    whole = Report()
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with (
        file.open("rb") as binary,
        sources.opened(binary, options.format) as source,
        Progress(*columns, console=console) as progress,
    ):
        task = progress.add_task(file.name, total=source.lines())
        for batch in batched(source.records(), BATCH_ROWS, strict=False):
            with db.worker_unit_of_work() as session:
                report = imports.take(session, org_id, ACTOR, batch, options)
            whole.counts += report.counts
            whole.errors += report.errors
            progress.advance(task, len(batch))
        progress.update(task, total=whole.counts.total())
    return whole


def _seller(shown: str) -> UUID:
    try:
        org_id = parse("organisation", shown)
        with db.worker_unit_of_work() as session:
            return identity.get_organisation(session, org_id).id
    except (ValueError, NotFound) as error:
        raise typer.BadParameter(f"no such organisation: {shown}", param_hint="--org") from error


def _table(errors: list[RowError]) -> Table:
    table = Table("row", "column", "code", "detail", "value", title="Rows that were not taken")
    for error in errors[:MAX_SHOWN]:
        table.add_row(str(error.row), error.column, error.code, error.detail, error.value or "")
    if len(errors) > MAX_SHOWN:
        table.add_row("…", "", "", f"and {len(errors) - MAX_SHOWN} more", "")
    return table


app.callback()(lambda: None)
