"""`kerben match` as an operator uses it."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from sqlalchemy import update
from sqlmodel import Session, select
from typer.testing import CliRunner

from api.cli import match
from api.core.jobs import Job
from api.matching.models import Match
from tests.matching import samples

runner = CliRunner()


def test_a_match_is_explained_and_replayed(
    as_org: Callable[..., Any], drain: Callable[[], int], session: Session
) -> None:
    buyer, seller = as_org(["buyer"]), as_org(["supplier"], country="CN")
    samples.stock(seller)
    tender = samples.desks(buyer)
    drain()
    (found,) = samples.matches(buyer, tender)
    done = runner.invoke(match.app, ["explain", found["id"], "--language", "zh"])
    assert done.exit_code == 0, done.output
    assert "第1名" in done.output
    assert f"Stored score {found['score']}, computed again {found['score']}" in done.output
    session.exec(update(Match).values(score=0.5))
    session.commit()
    tampered = runner.invoke(match.app, ["explain", found["id"]])
    assert (tampered.exit_code, "NOT the same" in tampered.output) == (1, True)


def test_an_unknown_match_is_refused() -> None:
    for wrong in ("match_1", "match_019abf2e8c1d7c3fa9b04b4c6f0d2e11"):
        assert runner.invoke(match.app, ["explain", wrong]).exit_code == 2


def test_the_index_is_written_anew_with_progress(
    as_org: Callable[..., Any], drain: Callable[[], int], session: Session
) -> None:
    samples.stock(as_org(["supplier"], country="CN"))
    drain()
    done = runner.invoke(match.app, ["reindex"])
    assert done.exit_code == 0, done.output
    assert "4/4" in done.output
    job = session.exec(select(Job).where(Job.name == "matching.reindex")).one()
    assert job.status == "succeeded"


def test_figures_are_printed_for_each_engine(tmp_path: Path) -> None:
    header = "ky\tru\ten\tzh\tky_tender\tru_tender\ten_title\tzh_title\n"
    row = (
        "парта\tпарта\tdesk\t课桌\tпарта сатып алуу\tЗакупка парт\tSchool desk\t学生课桌 厂家直销\n"
    )
    (tmp_path / "handmade_terms.tsv").write_text(header + row, encoding="utf-8")
    done = runner.invoke(match.app, ["evaluate", "--data", str(tmp_path), "--markdown"])
    assert done.exit_code == 0, done.output
    assert "| handmade | ru_tender->zh_title | full | 1 | 1 | 1.000 |" in done.output
    assert runner.invoke(match.app, ["evaluate", "--data", str(tmp_path)]).exit_code == 0


def test_what_each_ingredient_is_worth_is_printed(tmp_path: Path) -> None:
    rows = (("ряд", "row", "行"), ("труба", "pipe", "管子"), ("мост", "bridge", "桥梁"))
    lines = ["id\tru\ten\tzh", *(f"{i}\t{ru}\t{en}\t{zh}" for i, (ru, en, zh) in enumerate(rows))]
    (tmp_path / "osm_presets_ru_en_zh.tsv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    asked = ["evaluate", "--data", str(tmp_path), "--ablation"]
    done = runner.invoke(match.app, [*asked, "--markdown", "--limit", "2", "--documents", "3"])
    assert done.exit_code == 0, done.output
    assert "| engine | ru→en | ru→zh | all | R@1, all | R@10, all |\n|---|--:|" in done.output
    for name in ("full", "without the glossary", "without Kyrgyz stemming", "vectors alone"):
        assert f"\n| {name} | " in done.output
    assert runner.invoke(match.app, asked).exit_code == 0


def test_an_ablation_of_nothing_is_an_empty_table(tmp_path: Path) -> None:
    done = runner.invoke(
        match.app, ["evaluate", "--data", str(tmp_path), "--ablation", "--markdown"]
    )
    assert (done.exit_code, done.output.split("\n")[-3:-1]) == (0, ["| engine |", "|---|"])


def test_a_folder_is_needed(tmp_path: Path) -> None:
    missing = runner.invoke(match.app, ["evaluate", "--data", str(tmp_path / "none")])
    assert missing.exit_code == 2
