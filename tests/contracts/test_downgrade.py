"""Migrations back and forth with rows in the tables: what a downgrade cannot keep must not stop it."""

from collections.abc import Callable, Iterable
from typing import Any

import psycopg
from alembic.autogenerate import compare_metadata
from alembic.operations import Operations
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection
from sqlmodel import Session

from api import registry
from api.core import db, migrations
from api.procurement.models import Award
from tests.contracts import signing
from tests.procurement import awarding, bidding, samples

type AsOrg = Callable[..., Any]
OLDEST = "0008"
COMPARED = {
    "target_metadata": registry.metadata,
    "compare_type": True,
    "compare_server_default": True,
}


def migrate(connection: Connection, steps: Callable[[ScriptDirectory, Any], Iterable[Any]]) -> None:
    """Run revisions within the connection's own transaction, which the test rolls back."""
    script = ScriptDirectory.from_config(migrations.config())
    opts = {"fn": lambda revision, _: steps(script, revision), **COMPARED}
    context = MigrationContext.configure(connection, opts=opts)
    with Operations.context(context):
        context.run_migrations()


def filled(session: Session, as_org: AsOrg) -> None:
    """Rows that the newest revisions alone can hold, and a procedure that came to its contract."""
    requirement = {"id": "months", "title": {"ru": "Месяцев"}, "data_type": "integer"}
    criterion = {
        "id": "warranty",
        "title": {"ru": "Гарантия"},
        "relates_to": "lot",
        "requirement_groups": [{"id": "group", "requirements": [requirement]}],
    }
    made = bidding.published(
        as_org, as_org(["buyer"]), server=True, terms={"criteria": [criterion]}
    )
    complaint = awarding.submitted(as_org(["supplier"]), made.tender)
    reviewer = as_org(["reviewer"])
    awarding.accepted(reviewer, complaint)
    awarding.reviewed(reviewer, complaint, "satisfy", effects=["extend_period"])
    answer = {"requirement_id": "months", "value": 24, "lot_id": made.tender["lots"][0]["id"]}
    what = bidding.content(made.tender, requirement_responses=[answer])
    bidding.finished(made, [bidding.submit(made, as_org(["supplier"]), what)])
    case = awarding.ranked(session, as_org, suppliers=2, tender_period_end=samples.in_days(50))
    samples.planned(case.parties.buyer)
    first = awarding.proposed(case)
    session.rollback()
    winner = session.get_one(Award, bidding.ids.parse("award", first["id"]))
    lower = Award(
        **winner.model_dump(include={"tender_id", "lot_id", "buyer_id", "value_currency"}),
        bid_id=awarding.bids_of(session, case)[1],
        suppliers=[case.parties.suppliers[1].org_id],
        rank=2,
        value_amount=winner.value_amount * 2,
    )
    session.add(lower)
    session.commit()
    signing.in_force(case, awarding.decided(case, first))
    assert (
        awarding.award_row(session, {"id": bidding.ids.show("award", lower.id)}).status
        == "cancelled"
    )


def test_a_filled_database_goes_back_and_comes_forth(
    session: Session, as_org: AsOrg, superuser: psycopg.Connection[Any]
) -> None:
    filled(session, as_org)
    session.close()

    with db.engine("owner").connect() as connection:
        migrate(connection, lambda script, now: script._downgrade_revs(OLDEST, now))
        back = MigrationContext.configure(connection).get_current_revision()
        left = connection.exec_driver_sql("SELECT to_regclass('award') IS NULL").scalar()
        migrate(connection, lambda script, now: script._upgrade_revs("head", now))
        context = MigrationContext.configure(connection, opts=COMPARED)
        differs = compare_metadata(context, registry.metadata)
        forth = context.get_current_revision()
        connection.rollback()

    assert (back, left) == (OLDEST, True)
    assert (forth, differs) == (migrations.head(), [])
    kept = superuser.execute("SELECT count(*) FROM award").fetchone()
    assert kept == (2,)
