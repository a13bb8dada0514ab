from pathlib import Path

import pytest
from sqlmodel import Session, select
from typer.testing import CliRunner, Result

from api.cli.reference import app
from api.reference.models import FxRate

HEADER = "day,base,quote,rate,source\n"


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["load", *arguments])


def test_a_file_of_rates_is_loaded_and_counted(session: Session, tmp_path: Path) -> None:
    file = tmp_path / "rates.csv"
    file.write_text(f"{HEADER}2026-11-20,CNY,KGS,12.31,Bank\n2026-11-20,USD,KGS,87.1,Bank\n")

    result = run("fx", str(file))

    assert result.exit_code == 0, result.output
    assert "created" in result.output
    assert len(session.exec(select(FxRate)).all()) == 2


def test_a_bad_file_is_explained_line_by_line_and_changes_nothing(
    session: Session, tmp_path: Path
) -> None:
    file = tmp_path / "rates.csv"
    file.write_text(f"{HEADER}2026-11-20,CNY,KGS,12.31,Bank\n2026-11-20,USD,KGS,no,Bank\n")

    result = run("fx", str(file))

    assert result.exit_code == 1
    assert "rates.csv: 1 row cannot be loaded; nothing was." in result.output
    assert "line 3, column rate: 'no' is not a number like 87.50" in result.output
    assert session.exec(select(FxRate)).all() == []


@pytest.mark.parametrize(
    "arguments", [["cpv"], ["gold"], ["fx", "/nowhere.csv"], ["hs", "--language", "de"]]
)
def test_a_wrong_call_is_a_usage_error(arguments: list[str]) -> None:
    assert run(*arguments).exit_code == 2


def test_the_bundled_data_can_be_loaded_again() -> None:
    result = run("bundled")

    assert result.exit_code == 0, result.output
    assert "OKGZ" in result.output
