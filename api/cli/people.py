"""Commands about what is known of people."""

import json
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from api.core import db
from api.core.errors import Conflict, NotFound
from api.operations import people

app = typer.Typer(help="What is known of a person: told, or forgotten.", no_args_is_help=True)
console = Console(soft_wrap=True)
errors = Console(stderr=True)
ACTOR = "cli"
Whom = Annotated[str, typer.Argument(metavar="EMAIL|USER", help="Address, person_… or member_….")]


@app.command()
def export(
    whom: Whom,
    file: Annotated[Path | None, typer.Option(help="Where to; else to standard output.")] = None,
) -> None:
    """All that is known of a person, as JSON."""
    try:
        with db.worker_unit_of_work() as session:
            found = people.export(session, people.find(session, whom))
    except NotFound:
        _refuse("Nobody is known by that.")
    text = json.dumps(found, ensure_ascii=False, indent=2, default=str)
    if file is None:
        typer.echo(text)
        return
    file.write_text(text + "\n", encoding="utf-8")
    console.print(f"Wrote {file}.")


@app.command()
def erase(
    whom: Whom,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Forget a person: what is left names them by an id alone, and nobody can log in with it."""
    if not yes:
        typer.confirm("This cannot be undone. Forget the person?", abort=True)
    try:
        with db.worker_unit_of_work() as session:
            changed = people.erase(session, people.find(session, whom), actor=ACTOR)
    except NotFound:
        _refuse("Nobody is known by that.")
    except Conflict as error:
        _refuse(str(error))
    for label, count in changed.items():
        console.print(f"{count:>6}  {label}")
    console.print("Erased. What the law wants kept is in docs/personal-data.md.")


@app.command()
def number(
    told: Annotated[str, typer.Argument(metavar="NUMBER", help="A tax number, as it is written.")],
) -> None:
    """Where a tax number is held, of a party or of an importer: table and row."""
    with db.worker_unit_of_work() as session:
        found = people.holding(session, told)
    for table, row_id in found:
        console.print(f"{table}  {row_id.hex}")
    if not found:
        _refuse("It is held nowhere.")


def _refuse(detail: str) -> None:
    errors.print(detail, markup=False)
    raise typer.Exit(1)


app.callback()(lambda: None)
