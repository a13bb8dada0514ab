"""Commands for the keeper of the audit log: `kerben audit`."""

import json
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from api.audit import checking, log, origins, service
from api.audit.service import Reader
from api.core import db, ids
from api.core.errors import NotFound

app = typer.Typer(help="The log of all audit entries.", no_args_is_help=True)
console = Console(stderr=True)
NOBODY = ids.parse("organisation", f"organisation_{'0' * 32}")


@app.command()
def export(
    stream: Annotated[str, typer.Argument(help="For example tender:019abf2e…")],
    file: Annotated[Path, typer.Argument(dir_okay=False, help="Where to write it.")],
    head: Annotated[int | None, typer.Option(min=1, help="By default the newest.")] = None,
) -> None:
    """Write a stream with its proofs, as GET /v1/audit/streams/{stream}/export answers."""
    try:
        with db.worker_unit_of_work() as session:
            found = service.get_head(session, head)
            made = service.export(session, Reader(NOBODY, audits=True), stream, found)
    except NotFound:
        console.print("No such stream or head.")
        raise typer.Exit(1) from None
    document = {"format": "kerben-audit-1", **made}
    file.write_text(json.dumps(document, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    console.print(f"Wrote {len(made['entries'])} entries against head {found.number}.")


@app.command("origins")
def origins_of(
    stream: Annotated[str, typer.Argument(help="For example tender:019abf2e…")],
) -> None:
    """Say from which address and by which key the changes of a stream were asked, one JSON a line."""
    with db.worker_unit_of_work() as session:
        found = origins.of_stream(session, stream)
    for each in found:
        typer.echo(json.dumps({**each._asdict(), "at": each.at.isoformat()}))


@app.command()
def check(
    head: Annotated[
        list[Path] | None,
        typer.Option(exists=True, dir_okay=False, help="A head kept outside; may be repeated."),
    ] = None,
) -> None:
    """Check the whole log in the database against every head; the first wrong place is named."""
    kept = [json.loads(path.read_text(encoding="utf-8"))["content"] for path in head or ()]
    with db.worker_unit_of_work() as session:
        found = checking.first_finding(session, kept)
        size = log.log_size(session)
    if found:
        console.print(f"{found.where}: {found.what}: {found.detail}", markup=False, soft_wrap=True)
        raise typer.Exit(1)
    console.print(f"The log holds: {size} entries.")


@app.command()
def head() -> None:
    """Place every committed entry and sign a head now, without waiting for the hour."""
    with db.worker_unit_of_work() as session:
        signed = log.sign_now(session)
    if signed is None:
        console.print("Another process is at work on the log; try again.")
        raise typer.Exit(1)
    console.print(f"Signed head {signed.number} over {signed.tree_size} entries.")
