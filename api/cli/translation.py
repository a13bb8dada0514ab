"""`kerben translation`: how good the engine without a network is."""

import os
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from api.translation import evaluation

app = typer.Typer(help="Machine translation of products' texts.", no_args_is_help=True)
console = Console()
SHARED = "KERBEN_SHARED_DATA"
_COLUMNS = ("set", "pair", "texts", "coverage", "chrF2", "kept", "chrF2 of kept", "exact of kept")


@app.callback()
def main() -> None:
    """Machine translation of products' texts."""


@app.command()
def evaluate(
    data: Annotated[
        Path | None, typer.Option(help=f"Folder of sets; else ${SHARED}/matching/dev.")
    ] = None,
    markdown: Annotated[bool, typer.Option("--markdown", help="For a page.")] = False,
    limit: Annotated[int | None, typer.Option(min=1, help="Texts a pair at most.")] = None,
) -> None:
    """chrF2 and coverage of the glossary as an engine, pair by pair."""
    folder = data or _shared()
    if not folder.is_dir():
        raise typer.BadParameter(f"{folder} is not a folder", param_hint="--data")
    rows = [
        (
            each.dataset,
            each.pair,
            str(each.texts),
            f"{each.coverage:.3f}",
            f"{each.chrf:.1f}",
            f"{each.kept:.3f}",
            f"{each.chrf_kept:.1f}",
            f"{each.exact:.3f}",
        )
        for each in evaluation.evaluate(folder, limit)
    ]
    if markdown:
        lines = [_COLUMNS, ("---", "---", *["--:"] * (len(_COLUMNS) - 2)), *rows]
        typer.echo("\n".join(f"| {' | '.join(line)} |" for line in lines))
        return
    table = Table(*_COLUMNS)
    for row in rows:
        table.add_row(*row)
    console.print(table)


def _shared() -> Path:
    root = os.environ.get(SHARED)
    if root is None:
        raise typer.BadParameter(f"give a folder, or set {SHARED}", param_hint="--data")
    return Path(root) / "matching" / "dev"
