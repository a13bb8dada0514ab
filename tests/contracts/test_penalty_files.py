"""The file of liquidated damages: its example, its form, and what a reader finds wrong in one."""

import json
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from typer.testing import CliRunner

from api.cli import verify
from api.contracts.penalty import files, verification
from api.core import migrations
from api.procurement.sealing import canonical
from api.rules.incoterms import Incoterm
from api.rules.penalties import (
    DueRow,
    Excuse,
    ExcuseEvidence,
    ExcuseKind,
    PenaltyInputs,
    PenaltyTerms,
    Performed,
)
from api.rules.periods import DayUnit
from api.rules.policy import PenaltyBasis

DOCS = migrations.ROOT / "docs"
EXAMPLE, PAGE = DOCS / "examples" / "penalty.json", DOCS / "penalties.md"
SCHEMA = DOCS / "schemas" / "kerben-penalty-1.schema.json"
PUMPS = PenaltyInputs(
    contract="contract_019abf2e8c1d7c3fa9b04b4c6f0d2e11",
    ocid="ocds-kerben0-000042",
    currency="CNY",
    as_of=datetime(2026, 4, 20, 6, 0, tzinfo=UTC),
    excusable_from=date(2026, 1, 15),
    terms=PenaltyTerms(
        rate_bp_per_day=10,
        cap_bp=1000,
        grace_days=2,
        unit=DayUnit.CALENDAR,
        basis=PenaltyBasis.LATE_QUANTITY,
        calendar="KG",
        reviewed=False,
        source="Common in contracts of the CIS; the law was not read for it",
    ),
    rows=(
        DueRow(
            id="schedule_row_019abf2e8c1d7c3fa9b04b4c6f0d2e11",
            line="1",
            incoterm=Incoterm.DAP,
            due_date=date(2026, 3, 20),
            quantity=Decimal(100),
            unit_code="C62",
            unit_price=Decimal(6600),
            tolerance_pct=Decimal(),
            performed=tuple(
                Performed(
                    f"performance_019abf2e8c1d7c3fa9b04b4c6f0d2e1{n}",
                    Decimal(quantity),
                    datetime(2026, month, day, 8, 30, tzinfo=UTC),
                )
                for n, (quantity, month, day) in enumerate([(60, 3, 18), (25, 3, 30), (15, 4, 19)])
            ),
        ),
    ),
    excuses=(
        Excuse(
            id="excuse_019abf2e8c1d7c3fa9b04b4c6f0d2e11",
            kind=ExcuseKind.BORDER_CLOSURE,
            first_date=date(2026, 3, 23),
            last_date=date(2026, 3, 25),
            evidence=ExcuseEvidence.OFFICIAL_NOTICE,
            issuer="State Customs Service",
            number="12-3/456",
            document_sha256="9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
            rows=(),
        ),
    ),
    days_off=(),
)


def test_the_example_of_the_page_is_what_the_rules_say() -> None:
    assert files.write(PUMPS) == EXAMPLE.read_bytes()
    assert verification.check(EXAMPLE.read_bytes()) == []
    (row,) = files.result_of(EXAMPLE.read_bytes()).rows
    page = PAGE.read_text("utf-8")
    figures = [row.basis, row.cap, row.amount, *(part.amount for part in row.parts)]
    for figure in figures:
        assert f"{figure:,.2f}" in page
    assert files.sha256(EXAMPLE.read_bytes()) in page


def test_the_schema_of_the_file_is_published_and_the_example_obeys_it() -> None:
    assert json.loads(SCHEMA.read_text("utf-8")) == files.json_schema()
    Draft202012Validator(files.json_schema()).validate(json.loads(EXAMPLE.read_bytes()))


def test_the_order_in_which_facts_were_told_does_not_change_the_file() -> None:
    (row,) = PUMPS.rows
    mixed = replace(PUMPS, rows=(replace(row, performed=row.performed[::-1]),))
    assert files.write(mixed) == files.write(PUMPS)


def _leaves(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    if isinstance(value, dict):
        return [leaf for name, each in value.items() for leaf in _leaves(each, (*path, name))]
    if isinstance(value, list) and value:
        return [leaf for n, each in enumerate(value) for leaf in _leaves(each, (*path, n))]
    return [path]


LEAVES = _leaves(json.loads(files.write(PUMPS)))


@given(
    st.sampled_from(LEAVES),
    st.none() | st.booleans() | st.integers(-1, 10**6) | st.text(max_size=8) | st.just([]),
)
def test_whatever_is_changed_in_a_file_is_found_and_nothing_breaks_its_reader(
    path: tuple[Any, ...], value: Any
) -> None:
    told = json.loads(files.write(PUMPS))
    place = told
    for step in path[:-1]:
        place = place[step]
    before, place[path[-1]] = place[path[-1]], value
    changed = type(before) is not type(value) or before != value

    assert bool(verification.check(canonical.dumps(told))) == changed


@pytest.mark.parametrize("text", [b"", b"[]", b"{", b'{"format":1}', b"\xff"])
def test_what_is_no_such_file_is_called_unreadable(text: bytes) -> None:
    assert [found.what for found in verification.check(text)] == ["unreadable"]


def test_the_command_says_what_differs_and_ends_with_one(tmp_path: Path) -> None:
    told = json.loads(EXAMPLE.read_bytes())
    told["result"]["rows"][0]["cap"] = "1"
    file = tmp_path / "forged.json"
    file.write_bytes(canonical.dumps(told))

    forged = CliRunner().invoke(verify.app, ["penalty", str(file)])
    true = CliRunner().invoke(
        verify.app, ["penalty", str(EXAMPLE), "--sha256", files.sha256(EXAMPLE.read_bytes())]
    )

    assert (forged.exit_code, true.exit_code) == (1, 0)
    assert '#/result/rows/0/cap: changed: says "1"; computed: "26400"' in forged.output
    assert "3300 CNY, recomputed alike" in true.output
