"""Each statement of the API's design paper is shown by a test that carries its id in its name."""

import ast
import re
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]
KINDS = ("WH", "SSRF", "API", "JOB", "SEC")
_STATED = re.compile(rf"\b({'|'.join(KINDS)})-(\d\d)\b")
_SHOWN = re.compile(rf"(?<![a-z0-9])({'|'.join(KINDS).lower()})_(\d\d)(?![0-9])")


def shown() -> dict[str, list[str]]:
    """By id of a statement: the tests that show it."""
    found: dict[str, list[str]] = {}
    for path in sorted(TESTS.rglob("test_*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
                for kind, number in _SHOWN.findall(node.name):
                    place = f"{path.relative_to(TESTS)}::{node.name}"
                    found.setdefault(f"{kind.upper()}-{number}", []).append(place)
    return found


@pytest.mark.shared
def test_every_statement_of_the_design_has_a_test_with_its_id(shared_data: Path) -> None:
    paper = (shared_data.parent / "design" / "API.md").read_text()
    stated = {f"{kind}-{number}" for kind, number in _STATED.findall(paper)}
    assert len(stated) > 60
    assert stated - shown().keys() == set()
