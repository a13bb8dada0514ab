"""`kerben match`: how good the engine is, the index anew, one match in words."""

import os
from pathlib import Path
from typing import Annotated, Any
from uuid import UUID

import typer
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
)
from rich.table import Table

from api.cli import evaluations
from api.core import db, jobs
from api.core.errors import NotFound
from api.core.ids import parse
from api.core.jobs import Job
from api.matching import reindex as reindexing
from api.matching import service
from api.matching.models import Match
from api.matching.text import encoder, evaluation
from api.matching.text.language import Language

app = typer.Typer(help="The matching engine.", no_args_is_help=True)
console = Console()
ACTOR = "cli"
SHARED = "KERBEN_SHARED_DATA"


@app.command()
def evaluate(
    data: Annotated[
        Path | None, typer.Option(help=f"Folder of sets; else ${SHARED}/matching/dev.")
    ] = None,
    markdown: Annotated[bool, typer.Option("--markdown", help="For a README.")] = False,
    limit: Annotated[int | None, typer.Option(min=1, help="Queries a pair at most.")] = None,
    documents: Annotated[
        int | None, typer.Option(min=1, help="Documents of a large set at most.")
    ] = None,
    ablation: Annotated[
        bool, typer.Option("--ablation", help="What each ingredient is worth instead.")
    ] = False,
) -> None:
    """Recall, MRR and nDCG for words alone, vectors alone and the full engine, pair by pair.

    With --ablation: how much of the engine is left without each of its ingredients.
    """
    folder = data or _shared()
    if not folder.is_dir():
        raise typer.BadParameter(f"{folder} is not a folder", param_hint="--data")
    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        step = progress.add_task("Loading the encoder")

        def say(name: str) -> None:
            progress.update(step, description=name)

        model, most = encoder.default_encoder(), (limit, say, documents)
        if ablation:
            table = evaluations.ablation(evaluation.ablate(folder, model, *most))
        else:
            table = evaluations.figures(evaluation.evaluate(folder, model, *most))
    if markdown:
        typer.echo(table.markdown())
    else:
        console.print(table.rich())


@app.command()
def reindex() -> None:
    """Embed all offers and open requests anew with the current encoder; can be broken off."""
    with db.worker_unit_of_work() as session:
        asked = service.start_reindex(session, org_id=None, actor=ACTOR)
        session.flush()
        claimed = jobs.claim(session, asked.id)
        assert claimed is not None, "the job was entered in this transaction"
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console) as progress:
        step = progress.add_task("Offers and open requests", total=None)
        while not _one_step(claimed, progress, step):
            pass
    console.print("The index is complete and in use.")


@app.command()
def explain(
    match_id: Annotated[str, typer.Argument(help="match_…")],
    language: Annotated[Language, typer.Option(help="Language of the sentence.")] = Language.RU,
) -> None:
    """One match in words, with its parts, and the score computed again from what is stored."""
    with db.worker_unit_of_work() as session:
        match = session.get(Match, _uuid(match_id))
        if match is None:
            raise typer.BadParameter(str(NotFound()), param_hint="MATCH_ID")
        text = service.explained(session, match, language)
        again = service.replay(session, match)
        weights = service.model_of(session, match).weights
    console.print(text, highlight=False, soft_wrap=True)
    table = Table("Feature", "Value", "Weight", title="Parts of the score")
    for name, value in match.parts.items():
        table.add_row(name, value, weights.get(name, "0"))
    console.print(table)
    verdict = "the same" if again.score == match.score else "NOT the same"
    console.print(f"Stored score {match.score}, computed again {again.score}: {verdict}.")
    if again.score != match.score:
        raise typer.Exit(1)


def _one_step(claimed: Job, progress: Progress, step: Any) -> bool:
    """A batch in its own transaction, which holds the job as a worker would."""
    with db.worker_unit_of_work() as session:
        job = jobs.hold(session, claimed.id, claimed.attempts)
        if job is None:
            raise typer.BadParameter("A worker has taken over this job.")
        finished = reindexing.step(session, job)
        if finished:
            jobs.finish(session, job, job.result)
        else:
            jobs.move_on(session, job)
        progress.update(step, completed=job.progress_done, total=job.progress_total)
        return finished


def _shared() -> Path:
    root = os.environ.get(SHARED)
    if root is None:
        raise typer.BadParameter(f"give a folder, or set {SHARED}", param_hint="--data")
    return Path(root) / "matching" / "dev"


def _uuid(shown: str) -> UUID:
    try:
        return parse("match", shown)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="MATCH_ID") from error
