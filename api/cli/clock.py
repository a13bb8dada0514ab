"""`kerben clock`: the clock of a sandbox."""

from datetime import timedelta
from typing import Annotated

import typer
from rich.console import Console

from api.core import db, sandbox
from api.core.errors import Problem

app = typer.Typer(help="The clock of a sandbox.", no_args_is_help=True)
console = Console()
ACTOR = "cli"


@app.command()
def show() -> None:
    """Print the time by which deadlines are judged."""
    with db.worker_unit_of_work() as session:
        console.print(db.now(session).isoformat())


@app.command()
def advance(
    days: Annotated[int, typer.Option(min=0, max=366)] = 0,
    hours: Annotated[int, typer.Option(min=0, max=23)] = 0,
    minutes: Annotated[int, typer.Option(min=0, max=59)] = 0,
) -> None:
    """Move the clock forward, for everybody and for good; refused in production."""
    seconds = int(timedelta(days=days, hours=hours, minutes=minutes).total_seconds())
    if not 1 <= seconds <= sandbox.LONGEST_SHIFT:
        raise typer.BadParameter("say how far: from a minute to 366 days")
    try:
        with db.worker_unit_of_work() as session:
            moment = sandbox.advance(session, actor=ACTOR, seconds=seconds)
    except Problem as problem:
        console.print(f"[red]{problem}[/red]")
        raise typer.Exit(1) from None
    console.print(moment.isoformat())
