"""Commands for who runs an installation: jobs, outbox, keys, and whether the data still hold."""

from typing import Annotated

import typer
from rich.console import Console
from rich.table import Column, Table
from sqlmodel import Session

from api.core import db, ids, jobs
from api.core.encryption import Undecipherable
from api.core.errors import Conflict, NotFound
from api.core.pages import MAX_LIMIT, PageQuery
from api.operations import checks, reencryption, service
from api.operations.schemas import OperatedJobOut
from api.rules.jobs import JobState
from api.webhooks.service import troubles
from api.webhooks.service.troubles import EndpointTrouble

job_commands = typer.Typer(help="Background work of everybody.", no_args_is_help=True)
webhook_commands = typer.Typer(help="Endpoints of everybody.", no_args_is_help=True)
key_commands = typer.Typer(help="Credentials of everybody.", no_args_is_help=True)
console = Console(soft_wrap=True)
errors = Console(stderr=True)
ACTOR = "cli"


@job_commands.command("list")
def list_jobs(
    state: Annotated[JobState, typer.Option(help="Given up, open, or of those stuck.")] = (
        JobState.FAILED
    ),
    name: Annotated[str | None, typer.Option(help="Of one task.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=MAX_LIMIT)] = 20,
) -> None:
    """The newest jobs in a state; those that were given up, unless asked otherwise."""
    with db.worker_unit_of_work() as session:
        rows, cursor = jobs.list_jobs(session, PageQuery(limit=limit), state=state, name=name)
    table = Table(
        Column("job", no_wrap=True, min_width=36), "task", "attempts", "due", "last error"
    )
    for job in rows:
        due = f"{job.run_at:%Y-%m-%dT%H:%M:%SZ}"
        table.add_row(
            ids.show("job", job.id), job.name, str(job.attempts), due, job.last_error or ""
        )
    console.print(table)
    if cursor:
        console.print("There are more.")


@job_commands.command("show")
def show_job(job: Annotated[str, typer.Argument(help="job_…")]) -> None:
    """A job with its arguments and last error, as JSON."""
    with db.worker_unit_of_work() as session:
        console.print_json(OperatedJobOut.of(_found(session, job)).model_dump_json())


@job_commands.command("requeue")
def requeue(
    job: Annotated[str | None, typer.Argument(help="job_…")] = None,
    failed: Annotated[bool, typer.Option("--failed", help="All that were given up.")] = False,
    name: Annotated[str | None, typer.Option(help="With --failed: of one task.")] = None,
) -> None:
    """Give a job, or all that were given up, all tries again, at once."""
    if (job is None) != failed:
        raise typer.BadParameter("name a job, or say --failed")
    if job is not None:
        with db.worker_unit_of_work() as session:
            try:
                jobs.requeue(session, _found(session, job).id, actor=ACTOR)
            except Conflict as error:
                _refuse(str(error))
        console.print("Requeued 1 job.")
        return
    count, more = 0, True
    while more:
        with db.worker_unit_of_work() as session:
            some, more = jobs.requeue_failed(session, actor=ACTOR, name=name)
        count += some
    console.print(f"Requeued {count} jobs.")


def outbox() -> None:
    """How far the relay is behind: events that it has not taken, and the age of the oldest."""
    with db.worker_unit_of_work() as session:
        found = service.outbox(session)
    console.print(f"{found.pending} events wait, the oldest for {found.lag_seconds:.1f} s.")
    console.print(f"The oldest deadline not fired is {found.overdue_seconds:.1f} s over.")
    for each in found.types:
        console.print(f"{each.pending:>8}  {each.type}")


@webhook_commands.command("list")
def list_endpoints(
    trouble: Annotated[
        EndpointTrouble, typer.Option(help="Disabled by the service, failing, or behind.")
    ] = EndpointTrouble.DISABLED,
    limit: Annotated[int, typer.Option(min=1, max=MAX_LIMIT)] = 20,
) -> None:
    """The newest endpoints in trouble; those that were disabled, unless asked otherwise."""
    with db.worker_unit_of_work() as session:
        rows, cursor = troubles.list_troubled(session, PageQuery(limit=limit), trouble=trouble)
    table = Table(
        Column("endpoint", no_wrap=True, min_width=41),
        "url",
        "why",
        "failing since",
        "waiting",
        "lag",
    )
    for row in rows:
        since = row["failing_since"]
        table.add_row(
            ids.show("endpoint", row["id"]),
            row["url"],
            row["disabled_reason"] or "",
            f"{since:%Y-%m-%dT%H:%M:%SZ}" if since else "",
            str(row["waiting"]),
            f"{row['lag_seconds']:.0f} s",
        )
    console.print(table)
    if cursor:
        console.print("There are more.")


@key_commands.command("revoke")
def revoke(key: Annotated[str, typer.Argument(help="The key, or its prefix.")]) -> None:
    """End credentials at once, because their key was seen where it should not be."""
    whole = key.startswith("kgp_")
    try:
        with db.worker_unit_of_work() as session:
            client = service.revoke_key(
                session, actor=ACTOR, key=key if whole else None, prefix=None if whole else key
            )
    except NotFound as error:
        _refuse(str(error))
    owner = ids.show("organisation", client.org_id)
    console.print(f"Revoked {client.prefix} ({client.name}) of {owner}.")


def check() -> None:
    """Prove the audit log, and every file against its hash; what is wrong is named."""
    wrong = 0
    with db.worker_unit_of_work() as session:
        for name, findings in checks.run(session):
            console.print(f"{name}: {f'{len(findings)} wrong' if findings else 'holds'}")
            for each in findings:
                console.print(f"  {each}", markup=False)
            wrong += len(findings)
    if wrong:
        raise typer.Exit(1)


@key_commands.command("reencrypt")
def reencrypt() -> None:
    """Encrypt with KERBEN_SECRET_KEY what KERBEN_FORMER_SECRET_KEYS still reads, all or nothing."""
    try:
        with db.worker_unit_of_work() as session:
            changed = reencryption.renew(session)
    except Undecipherable as error:
        _refuse(f"Nothing is changed: {error}")
    for name, count in changed.items():
        console.print(f"{count:>8}  {name}")


def _found(session: Session, job: str) -> jobs.Job:
    try:
        return jobs.find(session, ids.parse("job", job))
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error
    except NotFound:
        _refuse("No such job.")
        raise


def _refuse(detail: str) -> None:
    errors.print(detail, markup=False)
    raise typer.Exit(1)


key_commands.callback()(lambda: None)
webhook_commands.callback()(lambda: None)
