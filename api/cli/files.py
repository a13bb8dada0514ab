"""`kerben files`: the bytes of uploaded files."""

import typer
from rich.console import Console

from api.core import db
from api.core.files import service as files
from api.procurement.service import documents

app = typer.Typer(help="The bytes of uploaded files.", no_args_is_help=True)
console = Console()


@app.command()
def move() -> None:
    """Put what is still kept in the database into the store, file by file; may be repeated."""
    moved = 0
    while True:
        with db.worker_unit_of_work() as session:
            if documents.move_next(session) is None:
                break
            moved += 1
    console.print(f"{moved} moved.")


@app.command()
def verify() -> None:
    """Compare the bytes of every file with its SHA-256."""
    with db.worker_unit_of_work() as session:
        wrong = 0
        for file, what in files.verify(session):
            wrong += 1
            console.print(f"{file.id.hex} {file.sha256} {what}")
    console.print(f"{wrong} wrong.")
    if wrong:
        raise typer.Exit(1)


@app.command()
def sweep() -> None:
    """Delete what the store has had for hours and no row names."""
    with db.worker_unit_of_work() as session:
        console.print(f"{files.sweep(session)} swept.")


@app.command()
def scan() -> None:
    """Have clamd look through every file that no scanner has judged."""
    with db.worker_unit_of_work() as session:
        console.print(f"{files.ask_scans(session)} asked for.")
