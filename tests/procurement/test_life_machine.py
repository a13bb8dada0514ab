"""Whatever the parties do in whatever order, from the draft on: nobody signs during a standstill or
while a complaint is open, no bid is lost or counted twice, a tender's status is that of its lots,
money conserves, every audit trail holds, and no tender is stuck. Where candidates are qualified, no
application is lost or counted twice, only the qualified bid, and nobody is invited while a
complaint about a decision is open. Where a shortlist is drawn up, its first are invited and nobody
else bids; a consortium, one member of which is debarred then, drops out as a whole, and the next
candidate has its place. A bid is joined by who qualified with its supplier, and by nobody else.

A framework is never drawn on beyond its ceiling, and by what stands alone, mini-competitions
included. Nobody bids, joins a consortium, is invited or is awarded anything while debarred; an award
goes to those who joined its bid and to nobody who was only named. No buyer gives a contract up alone.

The database's clock is frozen: it stands still at one instant but for what the steps pass of it.

How far the examples come is counted by `seen` (shown by `pytest -s`). Whatever hypothesis chooses,
every example asks, bids, replaces, withdraws, amends, tries to sign too early and complains, and,
where its procedure lets it, is deserted and prolonged once, disqualifies a bid, has its winner
refuse, passes the best bid over because a member of it is debarred, takes a consortium's bid, and
gives a contract up. Over
the first six procedures, steps ended: 74 in published, 14 in bidOpeningPending, 4 in the two stages
of first packages, 28 with prices opened, 39 under award, 20 contractSigned, 9 cancelled; 40
signatures and 12 complaints were taken, 204 acts refused, each without a trace. The restricted one
adds 22 steps before its bids, 6 decisions about candidates, and 2 complaints that held up an
invitation; the one with a shortlist 9 decisions, and 2 consortiums whose place went to another; the framework 24 under award, and 11 call-offs, of which 6 were rejected and 3 cancelled.
"""

import json
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test
from sqlmodel import Session

from api.core import db
from tests.procurement.life.kind import Kind
from tests.procurement.life.kinds import KINDS
from tests.procurement.life.machine import Life

type AsOrg = Callable[..., Any]


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_no_path_breaks_what_holds_of_every_tender(
    kind: Kind,
    as_org: AsOrg,
    session: Session,
    superuser: psycopg.Connection[Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    instant = datetime.now(UTC).isoformat()
    frozen = "make_interval(secs => coalesce(sum(seconds), 0)) FROM clock_shift"
    monkeypatch.setattr(db, "_SANDBOX_NOW", f"SELECT timestamptz '{instant}' + {frozen}")
    seen = Counter[str]()
    members = {
        "kind": kind,
        "as_org": staticmethod(as_org),
        "session": session,
        "superuser": superuser,
        "seen": seen,
    }
    machine = type(f"LifeOf{kind.name.title()}", (*kind.acts, Life), members)
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=2,
            phases=(Phase.generate,),
            stateful_step_count=kind.steps,
            deadline=None,
            derandomize=True,
            database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
    print(json.dumps({kind.name: seen}, sort_keys=True))  # noqa: T201  (pytest -s)
    reached = ("amend", "replace", "withdraw", "refused", "debar", "passed_over", *kind.reaches)
    assert min(seen[act] for act in reached) >= 1, seen
    assert seen["submit"] >= 2
    assert seen["sign"] >= 2, "no path came to a signed contract: the test proves nothing"
