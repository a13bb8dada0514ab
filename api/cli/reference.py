"""`kerben reference`: fill the reference tables."""

from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.table import Table
from sqlmodel import Session

from api.channels.service import seeding as market_seeding
from api.core import db
from api.core.errors import Problem
from api.delivery.service import recomputing, seeding
from api.reference import loaders, policies
from api.reference.files import Progress as Report
from api.reference.locales import LANGUAGES
from api.reference.store import Loaded
from api.rules.classifications import Scheme

app = typer.Typer(
    help="Classifications, units, places, rates, work calendars, languages and policy sets.",
    no_args_is_help=True,
)
console = Console()
SHOWN_ERRORS = 20


class What(StrEnum):
    """What can be loaded; `bundled` and `hs` need no file."""

    BUNDLED = "bundled"
    CPV = "cpv"
    OKGZ = "okgz"
    HS = "hs"
    TNVED = "tnved"
    UNSPSC = "unspsc"
    UNITS = "units"
    PLACES = "places"
    FX = "fx"
    WORK_YEARS = "work-years"
    WORK_DAYS = "work-days"
    MARKET_LANGUAGES = "market-languages"
    POLICIES = "policies"
    CROSSINGS = "crossings"
    ROUTES = "routes"
    RATE_CHARGES = "rate-charges"
    TARIFF_RATES = "tariff-rates"
    TRADE_REMEDIES = "trade-remedies"
    EXCISE_RATES = "excise-rates"
    DESTINATION_TARIFFS = "destination-tariffs"
    IMPORT_PARAMETERS = "import-parameters"
    MARKET_REQUIREMENTS = "market-requirements"


_TABLES: dict[What, Callable[[Session, Path, Report], Loaded]] = {
    What.UNITS: loaders.load_units,
    What.PLACES: loaders.load_places,
    What.FX: loaders.load_rates,
    What.MARKET_LANGUAGES: loaders.load_market_languages,
    What.WORK_YEARS: loaders.load_work_years,
    What.WORK_DAYS: loaders.load_work_days,
    What.MARKET_REQUIREMENTS: market_seeding.load,
}


@app.callback()
def main() -> None:
    """Classifications, units, places, rates, work calendars and policy sets."""


@app.command()
def load(
    what: Annotated[What, typer.Argument(help="What to load.")],
    file: Annotated[
        Path | None,
        typer.Argument(
            help="TSV or CSV, UTF-8, with a header; policies: TOML.", exists=True, dir_okay=False
        ),
    ] = None,
    language: Annotated[
        str | None, typer.Option(help='Language of a column "name": ky, ru, en or zh.')
    ] = None,
    version: Annotated[str | None, typer.Option(help="Edition of the classification.")] = None,
    source: Annotated[str | None, typer.Option(help="Where the file is from.")] = None,
    licence: Annotated[str | None, typer.Option(help="Terms of use of the file.")] = None,
    complete: Annotated[
        bool | None, typer.Option("--complete/--extract", help="Is no code missing now?")
    ] = None,
) -> None:
    """Load reference data; safe to repeat. A file with a bad row changes nothing.

    Classifications: columns code and ky, ru, en, zh (or name). Units: code, languages, symbol,
    dimension, factor. Rates: day, base, quote, rate, source. Work calendars: calendar, year,
    weekend (6 7), source, reviewed; calendar, day, working, languages, source, reviewed.
    Languages of markets: market, field, language, valid_from, valid_to, source, reviewed.
    Policies: TOML, as in api/reference/policy_sets. Crossings, routes, rate cards, tariffs and
    import parameters: the columns of the files in api/delivery/data; market requirements: those of the
    file in api/channels/data.
    """
    if file is None and what not in (What.BUNDLED, What.HS):
        raise typer.BadParameter(f"{what} needs a FILE")
    if language is not None and language not in LANGUAGES:
        raise typer.BadParameter(f"language is one of {', '.join(LANGUAGES)}")
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    try:
        with Progress(*columns, console=console) as bars, db.worker_unit_of_work() as session:
            report = _reporter(bars)
            if what is What.BUNDLED:
                loaded = loaders.load_bundled(session, report)
                loaded |= seeding.load_bundled(session, report)
                loaded |= market_seeding.load_bundled(session, report)
            elif file is None:
                loaded = {what.value: loaders.load_hs(session, report)}
            elif what is What.POLICIES:
                loaded = {what.value: policies.load_file(session, file)}
            elif what.value in {*seeding.What}:
                found = seeding.load(session, seeding.What(what.value), file, report)
                loaded = {what.value: found}
            elif what in _TABLES:
                loaded = {what.value: _TABLES[what](session, file, report)}
            else:
                scheme = Scheme(what.upper())
                loaded = {
                    scheme.value: loaders.load_classification(
                        session,
                        scheme,
                        file,
                        language=language,
                        version=version,
                        source=source,
                        licence=licence,
                        complete=complete,
                        progress=report,
                    )
                }
            if what is What.FX or what.value in {*seeding.What}:
                recomputing.hasten(session)
    except Problem as problem:
        show_refusal(problem)
        raise typer.Exit(1) from None
    show(loaded)


def _reporter(bars: Progress) -> Report:
    tasks = {}

    def report(label: str, done: int, total: int) -> None:
        if label not in tasks:
            tasks[label] = bars.add_task(label, total=total)
        bars.update(tasks[label], completed=done)

    return report


def show(loaded: dict[str, Loaded]) -> None:
    """What each file brought."""
    table = Table("", "created", "changed", "unchanged", "columns not used")
    for name, counts in loaded.items():
        numbers = (str(n) for n in (counts.created, counts.changed, counts.unchanged))
        table.add_row(name, *numbers, ", ".join(counts.ignored_columns))
    console.print(table)


def show_refusal(problem: Problem) -> None:
    """Why nothing was loaded."""
    console.print(f"[red]{problem}[/red]", soft_wrap=True)
    for error in problem.errors[:SHOWN_ERRORS]:
        console.print(f"  {error.detail}", markup=False, soft_wrap=True)
    if len(problem.errors) > SHOWN_ERRORS:
        console.print("  …")
