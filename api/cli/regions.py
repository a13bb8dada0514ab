"""`kerben region`: switch a country on, by data alone."""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from sqlmodel import Session

from api.channels.service import seeding as market_seeding
from api.cli.reference import show, show_refusal
from api.core import db
from api.core.errors import Invalid, Problem
from api.delivery.service import recomputing, seeding
from api.identity import regions
from api.reference import loaders, policies
from api.reference.store import Loaded

app = typer.Typer(help="Countries that are served.", no_args_is_help=True)
console = Console()
REGION = "region.toml"
SHIPPED = Path(policies.__file__).with_name("regions")
"""Regions that come with the product: its own reading of each law, unreviewed."""


def _seeding(what: seeding.What) -> Callable[[Session, Path], Loaded]:
    return lambda session, file: seeding.load(session, what, file)


_FILES: dict[str, Callable[[Session, Path], Loaded]] = {
    "places.tsv": loaders.load_places,
    "fx.tsv": loaders.load_rates,
    "work_years.tsv": loaders.load_work_years,
    "work_days.tsv": loaders.load_work_days,
    "market_languages.tsv": loaders.load_market_languages,
    "policies.toml": policies.load_file,
    **{f"{what.value.replace('-', '_')}.tsv": _seeding(what) for what in seeding.What},
    "market_requirements.tsv": market_seeding.load,
}
"""What a folder may hold besides its region, in the order in which it is loaded."""


@app.callback()
def main() -> None:
    """Countries that are served: their hours, money, registers, law, routes and taxes."""


@app.command()
def load(
    folder: Annotated[
        Path, typer.Argument(help="A folder as docs/regions.md describes it, or `kz`.")
    ],
) -> None:
    """Switch a country on, or change what is known of it; safe to repeat. One bad row, and nothing
    is loaded."""
    try:
        with db.worker_unit_of_work() as session:
            loaded = load_folder(session, folder if folder.exists() else SHIPPED / folder)
    except Problem as problem:
        show_refusal(problem)
        raise typer.Exit(1) from None
    show(loaded)


def load_folder(session: Session, folder: Path) -> dict[str, Loaded]:
    """Load the region of a folder and all files beside it. Raises Invalid."""
    region = folder / REGION
    if not region.is_file():
        raise Invalid(f"{folder} is no region: it has no {REGION}.")
    there = {each.name for each in folder.iterdir() if not each.name.startswith(".")}
    unknown = sorted(there - {REGION, *_FILES})
    if unknown:
        raise Invalid(f"{folder.name}: {unknown[0]} is not known; files are {', '.join(_FILES)}.")
    changed = regions.put(session, regions.read(region))
    loaded = {REGION: Loaded(changed=int(changed), unchanged=int(not changed))}
    for name, load_file in _FILES.items():
        if name in there:
            loaded[name] = load_file(session, folder / name)
    recomputing.hasten(session)
    return loaded
