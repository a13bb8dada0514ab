"""Migrations that the release before can live with: its code runs while they do, and for a while
after. They are run one by one in a transaction that is undone, and the schemas are compared, so that
it does not matter how a migration is written.

`RELEASED` is the newest revision of the last release. A later one may only add, unless it says
`step = "contract"` and, in its docstring, since when nothing uses what it takes away.
"""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import pytest
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from api.core import db, migrations
from tests.contracts.test_downgrade import migrate

RELEASED = "0052"
SCRIPT = ScriptDirectory.from_config(migrations.config())
COLUMNS = """
    SELECT c.relname, a.attname, format_type(a.atttypid, a.atttypmod), NOT a.attnotnull,
      a.atthasdef OR a.attidentity <> ''
    FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
    WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND a.attnum > 0
      AND NOT a.attisdropped
"""


class Column(NamedTuple):
    """What a statement that is prepared for another schema may stumble over."""

    type: str
    nullable: bool
    default: bool


type Schema = Mapping[tuple[str, str], Column]


def schema(connection: Connection) -> dict[tuple[str, str], Column]:
    """The columns of every table."""
    rows = connection.exec_driver_sql(COLUMNS).all()
    return {(table, name): Column(*rest) for table, name, *rest in rows}


def faults(before: Schema, after: Schema) -> list[str]:
    """What code that was written for `before` cannot do any more, or does wrongly."""
    found = []
    for (table, name), old in before.items():
        new = after.get((table, name))
        if new is None:
            found.append(f"{table}.{name} is dropped or renamed")
        elif new.type != old.type:
            found.append(f"{table}.{name} is {new.type}, no longer {old.type}")
        elif old.nullable and not new.nullable:
            found.append(f"{table}.{name} must not be null any more")
        elif old.default and not (new.default or new.nullable):
            found.append(f"{table}.{name} has lost its default")
    known = {table for table, _ in before}
    found += [
        f"{table}.{name} is demanded of code that does not know it"
        for (table, name), new in after.items()
        if table in known and (table, name) not in before and not (new.nullable or new.default)
    ]
    return sorted(found)


def steps(since: str, until: str) -> Iterator[tuple[Any, list[str]]]:
    """Each revision between, with what it breaks; nothing of it remains."""
    revisions = [
        each
        for each in SCRIPT.iterate_revisions(until, since)  # the newest first
        if each.revision != since
    ]
    with db.engine("owner").connect() as connection:
        migrate(connection, lambda script, now: script._downgrade_revs(since, now))
        before = schema(connection)
        for each in reversed(revisions):
            to = each.revision
            migrate(connection, lambda script, now, to=to: script._upgrade_revs(to, now))
            after = schema(connection)
            yield each, faults(before, after)
            before = after
        connection.rollback()


def test_a_migration_takes_nothing_away_that_the_last_release_may_use() -> None:
    for revision, broken in steps(RELEASED, "head"):
        if getattr(revision.module, "step", "expand") == "contract":
            assert "since" in revision.doc.lower(), f"{revision.revision}: unused since when?"
        else:
            assert broken == [], revision.revision


def test_the_rule_judges_real_migrations() -> None:
    below = SCRIPT.get_revision("0040").down_revision
    found = {each.revision: broken for each, broken in steps(str(below), "0041")}
    assert found["0041"] == [], "a column with a default, and indexes"
    assert "tracking_source.secret is dropped or renamed" in found["0040"]
    assert not [fault for fault in found["0040"] if "intake_" in fault], "new tables are its own"


TEXT = Column("text", nullable=True, default=False)
NEEDED = Column("text", nullable=False, default=False)
FILLED = Column("text", nullable=False, default=True)


@pytest.mark.parametrize(
    ("before", "after", "count"),
    [
        ({"a": TEXT}, {"a": TEXT, "b": TEXT}, 0),
        ({"a": TEXT}, {"a": TEXT, "b": FILLED}, 0),
        ({"a": TEXT}, {"a": TEXT, "b": NEEDED}, 1),
        ({"a": TEXT}, {"b": TEXT}, 1),
        ({"a": TEXT, "b": TEXT}, {"a": TEXT}, 1),
        ({"a": TEXT}, {"a": NEEDED}, 1),
        ({"a": FILLED}, {"a": NEEDED}, 1),
        ({"a": NEEDED}, {"a": TEXT}, 0),
        ({"a": TEXT}, {"a": Column("bigint", nullable=True, default=False)}, 1),
    ],
)
def test_the_rule_finds_what_it_is_for(
    before: dict[str, Column], after: dict[str, Column], count: int
) -> None:
    old = {("job", name): column for name, column in before.items()}
    new = {("job", name): column for name, column in after.items()}
    assert len(faults(old, new)) == count
    assert faults({}, new) == []
