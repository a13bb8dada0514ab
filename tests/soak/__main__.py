"""`make soak`: mixed load on an installation of its own while its parts are broken, then a count.

Exit code 1 when anything that was promised is missing, double or altered.
"""

import random
import shutil
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated, Any
from uuid import UUID

import psycopg
import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.table import Table

from api.core import db
from api.identity import service as identity
from api.identity.models import Organisation
from api.identity.schemas import ClientIn
from api.matching import service as matching
from api.rules.organisations import OrganisationStatus
from tests.soak import clients, reconciling
from tests.soak.clients import Feed, Market, keep_doing
from tests.soak.faults import Faults
from tests.soak.installation import Installation, wait_until
from tests.soak.journal import Caller, Journal
from tests.soak.receivers import Mood, listening
from tests.soak.reconciling import Check

console = Console()
BUYERS, SUPPLIERS = 2, 3
DRAIN_SECONDS = 300.0
"""How long what is left to do may stay as it is: a slow machine works off a heap, too."""
STILL_SECONDS = 10.0
"""After so long without a change, what is left waits for a moment that is to come."""
QUARTER = 16 * 60
"""Longer than any circuit stays open: the sandbox's clock is moved by so much to end the waits."""
LEFT = (
    "SELECT (SELECT count(*) FROM outbox_event WHERE dispatched_at IS NULL),"
    " (SELECT count(*) FROM job WHERE done_at IS NULL AND failed_at IS NULL),"
    " (SELECT count(*) FROM webhook_delivery WHERE status = 'pending')"
)


def organisation(number: int, role: str) -> tuple[UUID, str]:
    """A verified organisation and a key with all its scopes."""
    with db.worker_unit_of_work() as session:
        made = Organisation(
            roles=[role],
            legal_name={"ru": f"{role} {number}"},
            identifier_scheme="KG-INN",
            identifier_id=f"{number:014d}",
            country="KG",
            languages=["ru"],
            status=OrganisationStatus.VERIFIED,
            verification_level=2,
        )
        session.add(made)
        session.flush()
        scopes = identity.full_scopes(made)
        _, key = identity.create_client(
            session,
            org_id=made.id,
            actor="soak",
            data=ClientIn(name="soak", scopes=scopes),
            grantable=scopes,
        )
        return made.id, key


def settled(database: psycopg.Connection[Any], advance: Caller) -> str:
    """Wait until nothing is left to do; what is left, if it no longer becomes less.

    The clock is moved when what is left waits for it: each move makes work of its own.
    """
    now = time.monotonic()
    end, moved, fewest = now + DRAIN_SECONDS, now, None
    while any(left := database.execute(LEFT).fetchone() or ()) and now < end:
        if fewest is None or sum(left) < fewest:
            fewest, end, moved = sum(left), now + DRAIN_SECONDS, now
        if now - moved > STILL_SECONDS:
            moved = now
            advance.act("clock", "/v1/test-clock/advance", mark="", json={"seconds": QUARTER})
        time.sleep(0.3)
        now = time.monotonic()
    return f"{left} events, jobs and deliveries are left" if any(left) else ""


def show(checks: list[Check], faults: Faults, journal: Journal, problems: list[str]) -> None:
    """One table of what was promised and found, then what is wrong."""
    table = Table("Promise", "Expected", "Found", "", title="Reconciliation")
    for each in checks:
        verdict = "[green]holds" if each.holds else "[red]BROKEN"
        table.add_row(each.name, f"{each.expected:,}", f"{each.found:,}", verdict)
    console.print(table)
    asked = ", ".join(f"{n:,} {name}" for name, n in sorted(journal.asked.items()))
    struck = ", ".join(f"{n} × {name}" for name, n in sorted(faults.counts.items()))
    console.print(f"Load: {asked}.\nFaults: {struck}.", highlight=False)
    for each in checks:
        for wrong in each.wrong[: reconciling.SHOWN]:
            console.print(f"  {each.name}: {wrong}", markup=False)
    for problem in problems:
        console.print(f"  {problem}", markup=False)


def soak(
    minutes: Annotated[float, typer.Option(min=0.1, help="Of load and faults.")] = 15,
    seed: Annotated[int, typer.Option(help="Of the faults and the load.")] = 1,
    keep: Annotated[Path | None, typer.Option(help="Keep data and logs in this folder.")] = None,
) -> None:
    """Put an installation under load, break its parts, and count what is left of each promise."""
    folder = keep or Path(tempfile.mkdtemp(prefix="kerben-soak-"))
    folder.mkdir(parents=True, exist_ok=True)
    folder = folder.resolve()
    try:
        with Installation(folder).running() as here:
            failed = _soak(here, minutes * 60, random.Random(seed))
    finally:
        if keep is None:
            shutil.rmtree(folder, ignore_errors=True)
    if failed:
        raise typer.Exit(1)


def _soak(here: Installation, seconds: float, dice: random.Random) -> bool:
    with db.worker_unit_of_work() as session:
        matching.ensure_model(session)
    journal, stop, give_up = Journal(), threading.Event(), threading.Event()
    names = [f"buyer {n}" for n in range(1, BUYERS + 1)]
    names += [f"supplier {n}" for n in range(1, SUPPLIERS + 1)] + ["operator"]

    def caller(name: str, of: tuple[UUID, str]) -> Caller:
        return Caller(name, *of, here.url, journal, give_up)

    orgs = [organisation(n, name.split()[0]) for n, name in enumerate(names, start=1)]
    db.dispose()
    with ExitStack() as stack:
        receivers = stack.enter_context(listening("healthy", "flapping", "flapping in order"))
        owners = [orgs[0], orgs[1], orgs[1]]
        told = [Feed(caller(r.name, of), "all") for r, of in zip(receivers, owners, strict=True)]
        _follow(receivers, told)
        feeds = [Feed(caller(n, of)) for n, of in zip(names[:-1], orgs[:-1], strict=True)]
        faults = Faults(here, random.Random(dice.random()))
        market = Market()
        threads = [*_work(names, orgs, caller, market, feeds, dice, stop, journal)]
        flapper = threading.Thread(target=faults.flap, args=(receivers[1:], stop), daemon=True)
        striker = threading.Thread(target=faults.strike, args=(seconds, (2, 8), stop), daemon=True)
        flapper.start()
        striker.start()
        _watch(seconds, journal, faults, striker)
        stop.set()
        for thread in (striker, flapper, *threads):
            thread.join(120)
        return _count(here, receivers, told, feeds, journal, faults, caller("clock", orgs[-1]))


def _follow(receivers: list[Any], told: list[Feed]) -> None:
    """Let the receivers be told from here on; the feeds know what was there before."""
    for receiver, feed in zip(receivers, told, strict=True):
        feed.read()
        feed.before = len(feed.events)
        ordering = "fifo" if "order" in receiver.name else "best_effort"
        receiver.secret = clients.subscribe(feed.reader, receiver.url, ordering)


def _work(
    names: list[str],
    orgs: list[tuple[UUID, str]],
    caller: Any,
    market: Market,
    feeds: list[Feed],
    dice: random.Random,
    stop: threading.Event,
    journal: Journal,
) -> Iterator[threading.Thread]:
    for name, org in zip(names[:-1], orgs[:-1], strict=True):
        own, me = random.Random(dice.random()), caller(name, org)
        if name.startswith("buyer"):
            yield keep_doing(lambda m=me, o=own: clients.buy(m, market, o), stop, 0.8, own, journal)
            continue
        served: set[str] = set()
        yield keep_doing(
            lambda m=me, o=own, s=served: clients.sell(m, market, o, s), stop, 0.4, own, journal
        )
        other = caller(name, org)
        yield keep_doing(lambda m=other, o=own: clients.offer(m, o), stop, 6, own, journal)
    for feed in feeds:
        yield keep_doing(feed.read, stop, 1.5, random.Random(dice.random()), journal)


def _watch(seconds: float, journal: Journal, faults: Faults, striker: threading.Thread) -> None:
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console) as progress:
        step, begun = progress.add_task("Load and faults", total=seconds), time.monotonic()
        while (passed := time.monotonic() - begun) < seconds and not faults.broken:
            acts, broken = len(journal.lines), sum(faults.counts.values())
            progress.update(step, completed=passed, description=f"{acts:,} acts, {broken} faults")
            time.sleep(0.5)


def _count(
    here: Installation,
    receivers: list[Any],
    told: list[Feed],
    feeds: list[Feed],
    journal: Journal,
    faults: Faults,
    clock: Caller,
) -> bool:
    for receiver in receivers:
        receiver.turn(Mood.HEALTHY)
        receiver.hurry.set()
    wait_until(here.ready, "the API is ready again")
    console.print("Everything is well again; what waits is worked off.")
    with here.superuser() as database:
        problems = [*journal.wrong, *faults.broken]
        if left := settled(database, clock):
            problems.append(left)
        for feed in (*feeds, *told):
            feed.read()
        time.sleep(1)
        checks = [
            *reconciling.acts(database, journal),
            *reconciling.published(database, journal),
            *reconciling.bids(database, journal),
            *reconciling.imports(database, journal),
            *reconciling.events(database, feeds),
            *reconciling.work(database),
        ]
        for receiver, feed in zip(receivers, told, strict=True):
            ordered = "order" in receiver.name
            checks += reconciling.deliveries(receiver, feed, ordered)
    for name, command in {"audit check": ("audit", "check"), "check": ("check",)}.items():
        ran = here.kerben(*command)
        wrong = [ran.stdout + ran.stderr] if ran.returncode else []
        checks.append(Check(f"kerben {name}", 0, ran.returncode, wrong))
    codes = {name: code for name, code in here.stop().items() if code}
    checks.append(Check("processes end well", 0, len(codes), [f"{codes}"] if codes else []))
    show(checks, faults, journal, problems)
    return bool(problems) or not all(each.holds for each in checks)


if __name__ == "__main__":
    typer.run(soak)
