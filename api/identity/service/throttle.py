"""Failed attempts to prove who one is, counted before the proof is looked at.

Of one account from one address few are free, of an account or an address alone more; then each
one makes the next wait twice as long. Never commits: the caller owns the transaction, and lets the
count stand when the attempt fails.
"""

from datetime import timedelta

from sqlalchemy import text
from sqlmodel import Session
from uuid_utils.compat import uuid7

from api.core.errors import Problem, Unauthorized
from api.identity import credentials
from api.rules.clock import utcnow
from api.rules.logins import FREE_OF_BOTH, FREE_OF_ONE, wait_after

# The application has no access to the table: who cannot name a subject can neither read nor reset
# its failures.
_LOOK = text("SELECT * FROM kerben_throttled(CAST(:subjects AS text[]))")
_COUNT = text("SELECT kerben_throttle(CAST(:ids AS uuid[]), CAST(:subjects AS text[]), :moment)")
_FORGET = text("SELECT kerben_unthrottle(CAST(:subjects AS text[]), :lessened)")


class TooManyAttempts(Problem):
    """Too many failed attempts; `Retry-After` says when the next one is looked at."""

    status, code, title = 429, "too_many_attempts", "Too many failed attempts; wait"


class AttemptFailed(Unauthorized):
    """A password, a code or a passkey was wrong. The failure is counted."""

    code, title = "attempt_failed", "That did not prove who you are"


def begin(session: Session, account: str, ip: str | None) -> None:
    """Count an attempt as failed until `succeeded` says otherwise, so that attempts at the same
    time are not free. Raises TooManyAttempts while earlier failures make it wait."""
    now = utcnow()
    limits = _limits(account, ip)
    subjects = [*limits]
    connection = session.connection()
    known = {row.subject: row for row in connection.execute(_LOOK, {"subjects": subjects})}
    for subject, free in limits.items():
        row = known.get(subject)
        if row is None:
            continue
        left = row.last_failed_at + wait_after(row.failures, free) - now
        if left > timedelta(0):
            seconds = int(left.total_seconds()) + 1
            raise TooManyAttempts(headers={"Retry-After": str(seconds)})
    ids = [uuid7() for _ in subjects]
    connection.execute(_COUNT, {"ids": ids, "subjects": subjects, "moment": now})


def succeeded(session: Session, account: str, ip: str | None) -> None:
    """Forget the failures of the account; those of the address stay, but for this attempt."""
    subjects = [each for each, free in _limits(account, ip).items() if free == FREE_OF_BOTH]
    session.connection().execute(
        _FORGET,
        {
            "subjects": [*subjects, credentials.hashed(f"throttle|{account}|")],
            "lessened": credentials.hashed(f"throttle||{ip}"),
        },
    )


def _limits(account: str, ip: str | None) -> dict[str, int]:
    return {
        credentials.hashed(f"throttle|{account}|{ip}"): FREE_OF_BOTH,
        credentials.hashed(f"throttle|{account}|"): FREE_OF_ONE,
        credentials.hashed(f"throttle||{ip}"): FREE_OF_ONE,
    }
