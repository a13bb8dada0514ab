"""A process that imports in small batches and tells of each, until it is done or killed."""

import sys

from sqlmodel import Session

from api.catalog import imports
from api.core.jobs import Job
from workers import app as workers

imports.BATCH_ROWS = 5


def step(session: Session, job: Job) -> bool:
    """One batch; its line is written before the commit, so that a kill hits any moment."""
    done = imports.step(session, job)
    sys.stdout.write(f"{job.progress_done}\n")
    sys.stdout.flush()
    return done


if __name__ == "__main__":
    workers.run_job(sys.argv[1], step)
