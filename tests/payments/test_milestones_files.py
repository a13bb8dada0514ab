"""The file of a payment: its example, its form, and what a reader finds wrong in one."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from typer.testing import CliRunner

from api.cli import verify
from api.core import migrations
from api.payments.due import files, verification
from api.procurement.sealing import canonical
from api.rules.disputes import MilestoneKind
from api.rules.payment_milestones import Fact, Ordered, Owed, PaymentInputs, Settlement

DOCS = migrations.ROOT / "docs"
EXAMPLE, PAGE = DOCS / "examples" / "payment.json", DOCS / "payments-milestones.md"
SCHEMA = DOCS / "schemas" / "kerben-payment-1.schema.json"
_ID = "019abf2e8c1d7c3fa9b04b4c6f0d2e1"
PUMPS = PaymentInputs(
    contract=f"contract_{_ID}1",
    number=2,
    kind=MilestoneKind.ON_ACCEPTANCE,
    lot=None,
    settlement=Settlement.ESCROW,
    currency="CNY",
    places=2,
    amount=Decimal(594_000),
    term_days=5,
    as_of=datetime(2026, 4, 24, 8, 30, tzinfo=UTC),
    ordered=(Ordered(f"schedule_row_{_ID}1", Decimal(100), Decimal(6600)),),
    facts=tuple(
        Fact(
            f"acceptance_{_ID}{n}",
            f"schedule_row_{_ID}1",
            Decimal(quantity),
            datetime(2026, month, day, 8, 30, tzinfo=UTC),
        )
        for n, (quantity, month, day) in enumerate([(60, 3, 18), (25, 3, 30), (15, 4, 19)])
    ),
    called=Decimal(504_900),
    owed=(Owed(f"ld_claim_{_ID}1", Decimal(3_300)),),
    netted=Decimal(),
    commission=Decimal(858),
)


def test_the_example_of_the_page_is_what_the_rules_say() -> None:
    assert files.write(PUMPS) == EXAMPLE.read_bytes()
    assert verification.check(EXAMPLE.read_bytes()) == []
    result = files.result_of(EXAMPLE.read_bytes())
    page = PAGE.read_text("utf-8")
    for figure in (result.gross, result.penalty, result.commission, result.net):
        assert f"{figure:,.2f}" in page
    assert files.sha256(EXAMPLE.read_bytes()) in page


def test_the_schema_of_the_file_is_published_and_the_example_obeys_it() -> None:
    assert json.loads(SCHEMA.read_text("utf-8")) == files.json_schema()
    Draft202012Validator(files.json_schema()).validate(json.loads(EXAMPLE.read_bytes()))


def test_the_order_in_which_facts_were_told_does_not_change_the_file() -> None:
    assert files.write(replace(PUMPS, facts=PUMPS.facts[::-1])) == files.write(PUMPS)


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


def test_the_command_says_what_differs_and_ends_with_one(tmp_path: Path) -> None:
    told = json.loads(EXAMPLE.read_bytes())
    told["result"]["penalty"] = "0"
    file = tmp_path / "forged.json"
    file.write_bytes(canonical.dumps(told))

    forged = CliRunner().invoke(verify.app, ["payment", str(file)])
    true = CliRunner().invoke(
        verify.app, ["payment", str(EXAMPLE), "--sha256", files.sha256(EXAMPLE.read_bytes())]
    )

    assert (forged.exit_code, true.exit_code) == (1, 0)
    assert '#/result/penalty: changed: says "0"; computed: "3300"' in forged.output
    assert "recomputed alike" in true.output
