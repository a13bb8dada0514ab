"""`kerben opendata`: files by the year, red flags, OCDS's schema, releases of older tenders."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from api.core import db
from api.core.errors import Invalid
from api.opendata import bulk, indicators, service
from api.opendata.ocds import publishing, schemas

app = typer.Typer(help="Open data: OCDS releases, files, red flags.", no_args_is_help=True)
console = Console()


@app.command()
def export(
    year: Annotated[int, typer.Argument(min=2000, max=2200)],
    folder: Annotated[
        Path | None, typer.Option(exists=True, file_okay=False, help="Write the files here too.")
    ] = None,
) -> None:
    """Make the tables of a year (XLSX, CSV) and keep them for /public/ocds/bulk."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console) as bars, db.worker_unit_of_work() as session:
        bar = bars.add_task(f"Processes of {year}", total=None)
        made = bulk.export_year(
            session, year, lambda done, total: bars.update(bar, completed=done, total=total)
        )
        for path in made.paths:
            if folder is not None:
                (folder / Path(path).name).write_bytes(service.stored(session, path))
    console.print(f"{made.processes} processes: {', '.join(made.paths) or 'nothing to export'}")


@app.command("indicators")
def show_indicators(
    code: Annotated[str | None, typer.Argument(help="One of them; all by default.")] = None,
) -> None:
    """Ask the red-flag indicators anew and show how many processes each points at."""
    if code is not None and code not in indicators.all():
        raise typer.BadParameter(f"one of {', '.join(indicators.all())}")
    with db.worker_unit_of_work() as session:
        found = indicators.refresh(session, code)
    table = Table("indicator", "flags", "meaning")
    for name, count in found.items():
        table.add_row(name, str(count), indicators.all()[name].title)
    console.print(table)


@app.command()
def schema(
    folder: Annotated[
        Path,
        typer.Argument(exists=True, file_okay=False, help="With OCDS's release-schema.json."),
    ],
) -> None:
    """Load OCDS's release schema: from now on every release must satisfy it too."""
    try:
        with db.worker_unit_of_work() as session:
            digest = schemas.load(session, folder)
    except Invalid as problem:
        console.print(f"[red]{problem}[/red]", soft_wrap=True)
        raise typer.Exit(1) from None
    console.print(f"Loaded; digest {digest[:12]}.")


@app.command()
def backfill() -> None:
    """Publish tenders that were published before there were releases, as they stand now."""
    with db.worker_unit_of_work() as session:
        missing = publishing.unpublished(session)
    for tender_id in missing:
        with db.worker_unit_of_work() as session:
            publishing.publish_now(session, tender_id)
    console.print(f"{len(missing)} tenders published.")


app.callback()(lambda: None)
