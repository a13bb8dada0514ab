"""`kerben demo`: the main job from an empty machine to ranked suppliers."""

import importlib.util
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from typing import Annotated
from uuid import UUID

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table
from sqlmodel import Session, col, func, select

from api.cli.server import prepare
from api.core import db, logs, migrations, settings
from api.core.jobs import Job
from api.core.outbox import OutboxEvent
from api.demo import story
from api.matching import explain
from api.matching import service as matching
from api.matching.models import Match, MatchingModel
from api.matching.text.language import Language
from api.procurement.models import Item, Tender
from api.reference import service as reference
from api.rules.matching import FEATURES, NEUTRAL
from workers import embedded

console = Console()
SHOWN = 3
DOUBLE = ("tests/stripe_double/server.py", "tests/demo/__main__.py")


def demo(
    with_payments: Annotated[
        bool,
        typer.Option(
            "--with-payments",
            help="Then pay a contract on a double of Stripe (not Stripe; needs a checkout).",
        ),
    ] = False,
) -> None:
    """Load the demonstration, publish five requests, let the workers match them, show why."""
    if with_payments:
        _require_double()
    logs.configure("ERROR", settings.get().log_format)
    with _progress() as progress:
        step = progress.add_task("Database and reference data", total=1)
        prepare()
        with db.worker_unit_of_work() as session:
            matching.ensure_model(session)
            reference.load_demo_rates(session)
        progress.advance(step)

        entries = story.organisations()
        step = progress.add_task("Organisations", total=len(entries))
        with db.worker_unit_of_work() as session:
            ids = story.load_organisations(session, entries, lambda n: progress.advance(step, n))

        sellers = list(story.each_seller(ids))
        step = progress.add_task("Offers", total=sum(len(offers) for _, offers in sellers))
        for seller, offers in sellers:
            with db.worker_unit_of_work() as session:
                story.load_offers(session, seller, offers)
            progress.advance(step, len(offers))

        with embedded.running():
            _wait(progress, "Workers index the offers")
            tenders = []
            for request in story.requests():
                with db.worker_unit_of_work() as session:
                    tenders.append(story.publish(session, ids[request["buyer"]], request))
            _wait(progress, "Workers match the requests")

    with db.worker_unit_of_work() as session:
        for tender in tenders:
            _show(session, tender)
        buyer = story.new_key(session, tenders[0].buyer_id)
        supplier = story.new_key(session, sellers[0][0])
    if with_payments:
        _pay()
    _farewell(tenders[0].id, buyer, supplier)


def _require_double() -> None:
    """Refuse at once where the tests are not: no wheel and no image has them."""
    missing = [name for name in DOUBLE if not (migrations.ROOT / name).is_file()]
    if missing or importlib.util.find_spec("pytest") is None:
        console.print(
            "--with-payments needs the double of Stripe, which is with the tests"
            f" ({DOUBLE[0]}), and their packages: run it in a checkout, by"
            " make demo ARGS=--with-payments.",
            markup=False,
        )
        raise typer.Exit(1)


def _pay() -> None:
    """The payments are told by a process of its own, on a database of its own: with no setting of this
    installation, and so none of its keys."""
    own = {name: value for name, value in os.environ.items() if not name.startswith("KERBEN_")}
    command = [sys.executable, "-m", "tests.demo"]
    ran = subprocess.run(command, cwd=migrations.ROOT, env=own, check=False)
    if ran.returncode:
        raise typer.Exit(ran.returncode)


@contextmanager
def _progress() -> Iterator[Progress]:
    columns = (
        TextColumn("{task.description:<26}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console) as progress:
        yield progress


def _wait(progress: Progress, description: str) -> None:
    """Show the jobs' progress until none is left."""
    step = progress.add_task(description, total=None)
    pause = threading.Event()
    while True:
        with db.worker_unit_of_work() as session:
            open_jobs, all_jobs, events = _counts(session)
        progress.update(step, total=all_jobs, completed=all_jobs - open_jobs)
        if not open_jobs and not events:
            return
        pause.wait(0.1)


def _counts(session: Session) -> tuple[int, int, int]:
    unfinished = col(Job.done_at).is_(None) & col(Job.failed_at).is_(None)
    jobs = select(func.count().filter(unfinished), func.count()).select_from(Job)
    events = select(func.count()).select_from(OutboxEvent)
    waiting = session.exec(events.where(col(OutboxEvent.dispatched_at).is_(None))).one()
    open_jobs, all_jobs = session.exec(jobs).one()
    return open_jobs, all_jobs, waiting


def _show(session: Session, tender: Tender) -> None:
    language = Language(tender.language)
    console.rule(f"[bold]{tender.ocid}[/]  {tender.title[language]}")
    for lot in tender.lots:
        for item in lot.items:
            console.print(_table(session, item, language))


def _table(session: Session, item: Item, language: Language) -> Table:
    title = f"{item.description[language]}: {item.quantity.normalize():f} {item.unit_code}"
    table = Table(
        title=title, title_justify="left", title_style="bold", expand=True, show_lines=True
    )
    table.add_column("#", width=2)
    table.add_column("Score", width=5)
    table.add_column("Supplier, offer, why, and the parts of the score", ratio=5)
    table.add_column("Blockers", ratio=2)
    rows = session.exec(
        select(Match).where(Match.item_id == item.id, Match.rank <= SHOWN).order_by(col(Match.rank))
    ).all()
    for match in rows:
        model = session.get_one(MatchingModel, match.model_id)
        table.add_row(
            str(match.rank),
            f"{match.score:.3f}",
            f"{_named(match)}\n{escape(explain.explain(match, model, language))}\n"
            f"[dim]{_parts(match)}[/]",
            "; ".join(explain.blocker(entry, language) for entry in match.blockers) or "–",
        )
    if not rows:
        table.add_row("", "", "no offer answers this item")
    return table


def _named(match: Match) -> str:
    seller, offer = match.matched["seller_names"], match.matched["offer_names"]
    mark = " [green](domestic)[/]" if match.domestic else ""
    return f"[bold]{_first(seller)}[/]{mark}\n{_first(offer)}"


def _first(names: dict[str, str]) -> str:
    return escape(next((names[lang] for lang in ("zh", "ru", "ky", "en") if lang in names), ""))


def _parts(match: Match) -> str:
    """The parts that say something: one half is neutral."""
    told = {name: Decimal(value) for name, value in match.parts.items()}
    names = (name for name in FEATURES if told.get(name, NEUTRAL) != NEUTRAL)
    return " · ".join(f"{name} {told[name]:.2f}" for name in names)


def _farewell(tender_id: UUID, buyer: str, supplier: str) -> None:
    config = settings.get()
    url = f"http://{config.host}:{config.port}"
    console.print(
        f"\nGo on: [bold]make serve[/] starts the API at {url}, its documentation at {url}/docs\n"
        f"  buyer's key     {buyer}\n"
        f"  supplier's key  {supplier}\n"
        f"  curl -H 'Authorization: Bearer {buyer}' {url}/v1/tenders/tender_{tender_id.hex}/matches",
        highlight=False,
        soft_wrap=True,
    )
