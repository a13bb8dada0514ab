"""The evaluation file: one text for one evaluation, recomputed from nothing but itself."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from api.__main__ import main
from api.core import migrations
from api.procurement.evaluation import files, verification
from api.procurement.evaluation.recomputing import What, part_sha256
from api.procurement.sealing import canonical
from api.rules.evaluation import Inputs, evaluate, lifecycle
from api.rules.evaluation.arithmetic import figure
from api.rules.offers import plain
from tests.procurement.evaluation.golden_inputs import NAMES, golden
from tests.procurement.evaluation.worked_example import example
from tests.rules.evaluation import samples

CLI = CliRunner()
GOLDEN = Path(__file__).parent / "golden"
SCHEMA = migrations.ROOT / "docs" / "schemas" / "kerben-evaluation-1.schema.json"


@pytest.mark.parametrize("index", range(len(NAMES)), ids=NAMES)
def test_golden_files_are_written_alike_to_the_byte(index: int) -> None:
    """A file that was published once is recomputed the same for good: these never change."""
    expected = (GOLDEN / f"{NAMES[index]}.json").read_bytes()
    assert files.write(golden(index)) == expected
    assert verification.check(expected) == []


def test_the_committed_schema_is_that_of_the_file_and_everybody_gets_it(client: Any) -> None:
    assert json.loads(SCHEMA.read_text(encoding="utf-8")) == files.json_schema()
    served = client.get("/public/schemas/kerben-evaluation-1")
    assert (served.status_code, served.json()) == (200, files.json_schema())


VALIDATOR = jsonschema.Draft202012Validator(files.json_schema())


@settings(max_examples=40)
@given(samples.evaluations())
def test_a_file_fits_its_schema_and_gives_the_same_evaluation_again(given: Inputs) -> None:
    text = files.write(given)
    document = canonical.loads(text)
    VALIDATOR.validate(document)
    again = files.inputs_of(document["inputs"])
    assert files.document(again) == document["inputs"]
    assert document["result"] == files.document(evaluate(again))
    assert verification.check(text, sha256=files.sha256(text)) == []
    assert files.write(replace(given, bids=tuple(reversed(given.bids)))) == text


@settings(max_examples=200)
@given(samples.evaluations(max_bids=3), st.data())
def test_any_changed_byte_is_found(given: Inputs, data: st.DataObject) -> None:
    text = bytearray(files.write(given))
    place = data.draw(st.integers(0, len(text) - 1))
    text[place] ^= data.draw(st.integers(1, 255))
    assert verification.check(bytes(text))


def leaves_of(value: Any, pointer: str) -> dict[str, Any]:
    """Every text, number and null of a document by its JSON Pointer."""
    if isinstance(value, dict):
        inner = {name.replace("~", "~0").replace("/", "~1"): each for name, each in value.items()}
    elif isinstance(value, list):
        inner = {str(index): each for index, each in enumerate(value)}
    else:
        return {pointer: value}
    return {
        place: leaf
        for name, each in inner.items()
        for place, leaf in leaves_of(each, f"{pointer}/{name}").items()
    }


def put(document: Any, pointer: str, value: Any) -> None:
    """Write a value at a JSON Pointer."""
    parts = pointer.removeprefix("#/").split("/")
    *path, last = [part.replace("~1", "/").replace("~0", "~") for part in parts]
    for part in path:
        document = document[int(part) if isinstance(document, list) else part]
    document[int(last) if isinstance(document, list) else last] = value


def test_every_changed_figure_of_a_result_is_named_by_its_pointer() -> None:
    text = (GOLDEN / "rated.json").read_bytes()
    places = leaves_of(canonical.loads(text)["result"], "#/result")
    assert len(places) > 100
    for place, value in [*places.items()][::3]:
        document = canonical.loads(text)
        put(document, place, "7" if value != "7" else "8")
        document["result_sha256"] = part_sha256(files.FORMAT, "result", document["result"])
        found = verification.check(canonical.dumps(document))
        assert [(each.what, each.pointer) for each in found] == [(What.CHANGED, place)]


def test_a_changed_input_is_found_by_its_hash_and_by_the_figures_that_follow() -> None:
    document = canonical.loads((GOLDEN / "lowest_price.json").read_bytes())
    document["inputs"]["bids"][0]["price"]["amount"] = "1"
    pointers = {each.pointer for each in verification.check(canonical.dumps(document))}
    assert {"#/inputs_sha256", "#/result/bids/0/price/amount"} <= pointers
    assert "#/result/ranking/0" in pointers


def test_a_file_computed_anew_from_other_inputs_is_found_by_the_published_hash() -> None:
    published = (GOLDEN / "lowest_price.json").read_bytes()
    forged = files.write(replace(golden(0), bids=golden(0).bids[1:]))
    assert verification.check(forged) == [], "it is consistent in itself"
    found = verification.check(forged, sha256=files.sha256(published))
    assert [each.what for each in found] == [What.OTHER_FILE]


def _price(document: Any) -> Any:
    return document["inputs"]["bids"][0]["price"]


@pytest.mark.parametrize(
    ("change", "what", "pointer"),
    [
        (lambda d: d.update(format="kerben-evaluation/2"), What.UNKNOWN_FORMULA, "#/format"),
        (lambda d: d.update(formula="mine"), What.UNKNOWN_FORMULA, "#/formula"),
        (lambda d: d.update(more=1), What.UNREADABLE, "#"),
        (lambda d: d["inputs"].update(more=1), What.INVALID, "#/inputs/more"),
        (lambda d: d["inputs"]["bids"][0].pop("id"), What.INVALID, "#/inputs/bids/0/id"),
        (lambda d: _price(d).update(amount="1000.0"), What.INVALID, "#/inputs/bids/0/price/amount"),
        (lambda d: _price(d).update(amount="1e99"), What.INVALID, "#/inputs/bids/0/price/amount"),
        (lambda d: _price(d).update(amount=1000), What.INVALID, "#/inputs/bids/0/price/amount"),
        (lambda d: _price(d).update(amount="NaN"), What.INVALID, "#/inputs/bids/0/price/amount"),
        (
            lambda d: d["inputs"]["rates"]["rates"]["CNY"].update(value="9" * 70),
            What.INVALID,
            "#/inputs",
        ),
        (lambda d: d["inputs"]["lot"].update(root="0" * 64), What.INVALID, "#/inputs/lot/root"),
        (lambda d: d["inputs"]["lot"].update(root="x"), What.INVALID, "#/inputs/lot/leaves"),
        (lambda d: d["inputs"]["bids"].reverse(), What.INVALID, "#/inputs/bids/0/id"),
        (lambda d: d["result"]["ranking"].reverse(), What.CHANGED, "#/result/ranking/0"),
        (lambda d: d["result"]["bids"].pop(), What.CHANGED, "#/result/bids/4"),
    ],
)
def test_what_does_not_hold_is_named(change: Any, what: What, pointer: str) -> None:
    document = canonical.loads((GOLDEN / "gross.json").read_bytes())
    change(document)
    found = verification.check(canonical.dumps(document))
    assert (what, pointer) in {(each.what, each.pointer) for each in found}


@pytest.mark.parametrize("text", [b"", b"[]", b"{}", b"\xff", b'{"a":1,"a":2}', b"NaN"])
def test_what_is_no_file_is_unreadable(text: bytes) -> None:
    assert [each.what for each in verification.check(text)] == [What.UNREADABLE]


def test_the_command_recomputes_a_file_offline_and_names_what_differs(tmp_path: Path) -> None:
    file = GOLDEN / "rated.json"
    good = CLI.invoke(main, ["verify", "evaluation", str(file)])
    assert good.exit_code == 0, good.output
    assert "recomputed alike" in good.output
    assert "--sha256" in good.output
    named = ["verify", "evaluation", str(file), "--sha256", files.sha256(file.read_bytes())]
    assert CLI.invoke(main, named).exit_code == 0
    document = canonical.loads(file.read_bytes())
    document["result"]["bids"][1]["score"] = "99"
    changed = tmp_path / "changed.json"
    changed.write_bytes(canonical.dumps(document))
    bad = CLI.invoke(main, ["verify", "evaluation", str(changed)])
    assert bad.exit_code == 1
    assert "#/result/bids/1/score: changed: says" in bad.output
    other = CLI.invoke(main, [*named[:-1], "0" * 64])
    assert (other.exit_code, "other_file" in other.output) == (1, True)


def test_the_worked_example_of_the_guide_is_what_is_computed() -> None:
    """Every figure of both tables, row by row."""
    given, guide = example(), migrations.ROOT / "docs" / "evaluation.md"
    text = guide.read_text(encoding="utf-8")
    found = evaluate(given)
    assert len(found.bids) == 4
    for number, (each, asked) in enumerate(zip(found.bids, given.bids, strict=True), start=1):
        words = {"gross": " with VAT", "net": " without VAT", "none": ""}[asked.price.vat]
        stated = f"{plain(asked.price.amount)} {asked.price.currency}{words}"
        figures = (each.figures.comparable, each.figures.margin, each.figures.ranking)
        first = [str(number), stated, *map(plain, figures)]
        assert f"| {' | '.join(first)} |\n" in text
        if each.score is None:
            assert each.reasons
            continue
        points = [value for p in each.criteria.values() for value in (p.points, p.weighted)]
        second = [str(number), *map(plain, [*points, each.score]), str(each.rank)]
        assert f"| {' | '.join(second)} |\n" in text
    factors = lifecycle.factors_of(samples.LIFE)
    assert f"A = {factors.annual} and E = {factors.end}" in text
    assert f"1300 × {factors.annual} = {figure(1300 * factors.annual)}" in text
