"""Whatever the parties do in whatever order, from the draft on: nobody signs during a standstill or
while a complaint is open, no bid is lost or counted twice, a tender's status is that of its lots,
money conserves, every audit trail holds, and no tender is stuck.

How far the examples come is counted by `seen`; docs/procedures.md says it of a run.
"""

import json
from collections import Counter
from collections.abc import Callable
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test
from sqlmodel import Session

from tests.procurement.life.kinds import KINDS, Kind
from tests.procurement.life.machine import Life

type AsOrg = Callable[..., Any]


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_no_path_breaks_what_holds_of_every_tender(
    kind: Kind, as_org: AsOrg, session: Session, superuser: psycopg.Connection[Any]
) -> None:
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
            max_examples=3,
            phases=(Phase.generate,),
            stateful_step_count=12,
            deadline=None,
            derandomize=True,
            database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
    print(json.dumps({kind.name: seen}, sort_keys=True))  # noqa: T201  (pytest -s)
    assert seen["submit"] >= 2
    assert seen["sign"] >= 2, "no path came to a signed contract: the test proves nothing"
