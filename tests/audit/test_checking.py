"""Whoever can change the rows past every right and trigger is still found out."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
import pytest
from typer.testing import CliRunner

from api.__main__ import main
from api.audit import checking, log
from api.core import audit, db
from api.core.audit import AuditEntry
from api.rules import merkle

CLI = CliRunner()


@pytest.fixture
def heads() -> list[dict[str, Any]]:
    """Two heads, over 4 and over 7 entries, as somebody outside has kept them."""
    kept = []
    for size in (4, 3):
        with db.worker_unit_of_work() as session:
            for number in range(size):
                audit.record(session, f"a:{number}", "act", actor="test")
        with db.worker_unit_of_work() as session:
            head = log.sign_now(session)
            assert head is not None
            kept.append(head.content)
    return kept


def found(*kept: dict[str, Any]) -> tuple[str, str] | None:
    with db.worker_unit_of_work() as session:
        finding = checking.first_finding(session, kept)
    return finding and (finding.what.value, finding.where)


def test_an_untouched_log_holds(heads: list[dict[str, Any]], monkeypatch: Any) -> None:
    assert found(*heads) is None
    monkeypatch.setattr(checking, "BATCH", 2)
    assert found(*heads) is None


@pytest.mark.parametrize(
    ("tampering", "what", "where"),
    [
        (
            "UPDATE audit_entry SET actor = 'x' WHERE stream = 'a:2' AND seq = 1",
            "changed",
            "entry 1 of a:2 (place 2)",
        ),
        (
            "UPDATE audit_entry SET hash = repeat('0', 64) WHERE stream = 'a:3'",
            "changed",
            "entry 1 of a:3 (place 3)",
        ),
        ("DELETE FROM audit_entry WHERE stream = 'a:1' AND seq = 1", "removed", "place 1"),
        ("DELETE FROM audit_leaf WHERE leaf_index = 5", "removed", "place 5"),
        ("DELETE FROM audit_leaf WHERE leaf_index > 5", "truncated", "place 6"),
        ("DELETE FROM audit_leaf", "truncated", "place 0"),
        ("DELETE FROM audit_head WHERE number = 1", "removed", "head 1"),
        ("UPDATE audit_head SET content = content || '{\"tree_size\": 3}'", "signature", "head 1"),
        ("DELETE FROM signing_key", "signature", "head 1"),
    ],
)
def test_sec_12_tampering_is_named(
    heads: list[dict[str, Any]],
    superuser: psycopg.Connection[Any],
    tampering: str,
    what: str,
    where: str,
) -> None:
    superuser.execute(tampering.encode())
    assert found() == (what, where)


def rewrite(superuser: psycopg.Connection[Any]) -> None:
    """Change an entry and everything that is computed from it."""
    with db.worker_unit_of_work() as session:
        for leaf, entry in checking._leaves(session):
            assert entry is not None
            if (entry.stream, entry.seq) == ("a:0", 2):
                values = {**entry.model_dump(), "actor": "somebody else"}
                changed = AuditEntry(**values).computed_hash()
                superuser.execute(
                    "UPDATE audit_entry SET actor = 'somebody else', hash = %s WHERE id = %s",
                    [changed, entry.id],
                )
                superuser.execute(
                    "UPDATE audit_leaf SET hash = %s WHERE leaf_index = %s",
                    [merkle.leaf_hash(bytes.fromhex(changed)), leaf.leaf_index],
                )


def cut_off(superuser: psycopg.Connection[Any]) -> None:
    superuser.execute("DELETE FROM audit_leaf WHERE leaf_index > 3")
    superuser.execute("DELETE FROM audit_head WHERE number = 2")


@pytest.mark.parametrize(
    ("tamper", "within", "outside"),
    [
        (rewrite, ("changed", "places 4 to 6"), ("changed", "places 4 to 6")),
        (cut_off, None, ("truncated", "place 4")),
    ],
)
def test_sec_12_what_was_made_consistent_within_differs_from_a_head_kept_outside(
    heads: list[dict[str, Any]],
    superuser: psycopg.Connection[Any],
    tamper: Callable[[psycopg.Connection[Any]], None],
    within: tuple[str, str] | None,
    outside: tuple[str, str],
) -> None:
    tamper(superuser)
    assert found() == within
    assert found(heads[1]) == outside


def test_the_command_names_the_place(
    heads: list[dict[str, Any]], superuser: psycopg.Connection[Any], tmp_path: Path
) -> None:
    file = tmp_path / "head.json"
    file.write_text(json.dumps({"content": heads[1]}))
    good = CLI.invoke(main, ["audit", "check", "--head", str(file)])
    assert (good.exit_code, good.output) == (0, "The log holds: 7 entries.\n")
    cut_off(superuser)
    cut = CLI.invoke(main, ["audit", "check", "--head", str(file)])
    assert (cut.exit_code, cut.output) == (1, "place 4: truncated: head 2 is over 7 entries\n")
