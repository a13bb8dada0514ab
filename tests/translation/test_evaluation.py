"""chrF as its reference implementation has it, and the table that the command prints."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sacrebleu.metrics.chrf import CHRF
from typer.testing import CliRunner

from api.cli import translation
from api.translation import evaluation

TEXT = st.text(alphabet="парта课桌 ab", max_size=20)


@settings(max_examples=60)
@given(st.lists(st.tuples(TEXT, TEXT), min_size=1, max_size=4))
def test_chrf_is_that_of_sacrebleu(pairs: list[tuple[str, str]]) -> None:
    made, wanted = [each for each, _ in pairs], [each for _, each in pairs]
    reference = CHRF().corpus_score(made, [wanted]).score
    assert evaluation.chrf(made, wanted) == pytest.approx(reference, abs=1e-6)


def test_figures_are_printed_pair_by_pair(tmp_path: Path) -> None:
    rows = "ky\tru\ten\tzh\nпарта\tШкольная парта\tSchool desk\t课桌\nx\tБез сахара\tx\t无糖\n"
    (tmp_path / "handmade_terms.tsv").write_text(rows, encoding="utf-8")
    done = CliRunner().invoke(translation.app, ["evaluate", "--data", str(tmp_path), "--markdown"])
    assert done.exit_code == 0, done.output
    assert "| handmade | ru→zh | 2 | 1.000 | 55.6 | 0.500 | 100.0 | 1.000 |" in done.output
    plain = CliRunner().invoke(translation.app, ["evaluate", "--data", str(tmp_path)])
    assert plain.exit_code == 0


@pytest.mark.shared
def test_names_of_goods_are_known_and_tags_of_a_map_are_left_out(shared_data: Path) -> None:
    found = {
        (each.dataset, each.pair): each
        for each in evaluation.evaluate(shared_data / "matching" / "dev", limit=60)
    }
    assert found["handmade", "ru→zh"].chrf_kept > 40
    assert found["handmade", "ky→ru"].kept > 0.5
    assert found["osm", "ru→en"].kept < 0.4
