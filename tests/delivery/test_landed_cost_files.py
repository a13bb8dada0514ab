"""Files of landed costs that were written once: whoever has one recomputes it for good."""

import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from api.delivery.landed_cost import files, verification
from api.procurement.evaluation.recomputing import What
from api.procurement.sealing import canonical
from tests.rules.landed_cost import worked

GOLDEN = Path(__file__).parent / "golden"
SCHEMA = Path(__file__).parents[2] / "docs/schemas/kerben-landed-cost-1.schema.json"


@pytest.mark.parametrize("term", [*worked.BIDS])
def test_a_golden_file_is_recomputed_alike_and_written_alike(term: str) -> None:
    text = (GOLDEN / f"{term.lower()}.json").read_bytes()
    assert verification.check(text, sha256=files.sha256(text)) == []
    assert files.write(worked.BIDS[term]) == text
    assert files.inputs_of(json.loads(text)["inputs"]) == worked.BIDS[term]


def test_the_schema_that_is_told_describes_every_golden_file() -> None:
    assert json.loads(SCHEMA.read_text("utf-8")) == files.json_schema()
    form = Draft202012Validator(files.json_schema())
    for each in GOLDEN.iterdir():
        form.validate(json.loads(each.read_bytes()))
    assert not form.is_valid({**json.loads((GOLDEN / "fca.json").read_bytes()), "more": 1})


def changed(path: str, value: Any) -> bytes:
    """The golden FCA file with one value changed, canonical again."""
    document = json.loads((GOLDEN / "fca.json").read_bytes())
    *way, last = path.split("/")
    at = document
    for step in way:
        at = at[int(step)] if isinstance(at, list) else at[step]
    at[int(last) if isinstance(at, list) else last] = value
    return canonical.dumps(document)


@pytest.mark.parametrize(
    ("path", "value", "pointers"),
    [
        ("result/duty", "1", {"#/result_sha256", "#/result/duty"}),
        ("result/lines/0/vat", "0", {"#/result_sha256", "#/result/lines/0/vat"}),
        ("inputs/rates/rates/CNY/value", "12.31", {"#/inputs_sha256", "#/result/total_gross"}),
        ("inputs/route/charges/1/rate", "-1", {"#/inputs/route/charges/1/rate"}),
        ("inputs/terms/incoterm", "DAT", {"#/inputs/terms/incoterm"}),
        ("inputs/currency", "JPY", {"#/inputs/currency"}),
        ("inputs/route/charges/1/rate", "26000.0", {"#/inputs/route/charges/1/rate"}),
        ("formula", "another/1", {"#/formula"}),
    ],
)
def test_a_changed_file_is_found_by_the_place_of_the_change(
    path: str, value: Any, pointers: set[str]
) -> None:
    found = verification.check(changed(path, value))
    assert pointers <= {each.pointer for each in found}, found


def test_a_file_that_is_none_or_was_exchanged_is_told() -> None:
    text = (GOLDEN / "exw.json").read_bytes()
    assert [each.what for each in verification.check(b"{")] == [What.UNREADABLE]
    assert [each.what for each in verification.check(b"[]")] == [What.UNREADABLE]
    spaced = json.dumps(json.loads(text)).encode()
    assert What.NOT_CANONICAL in [each.what for each in verification.check(spaced)]
    other = verification.check(text, sha256="0" * 64)
    assert [each.what for each in other] == [What.OTHER_FILE]
