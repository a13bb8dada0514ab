"""Each statement of the design papers is shown by a test that carries its id in its name."""

import ast
import re
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]
PAPERS = {
    "API.md": (("WH", "SSRF", "API", "JOB", "SEC"), 60),
    "PAYMENTS.md": (("LED", "PAY"), 20),
}
"""By paper: the kinds of its statements, and more than how many it has."""
KINDS = tuple(kind for kinds, _ in PAPERS.values() for kind in kinds)
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
@pytest.mark.parametrize("paper", PAPERS)
def test_every_statement_of_the_design_has_a_test_with_its_id(
    shared_data: Path, paper: str
) -> None:
    kinds, least = PAPERS[paper]
    text = (shared_data.parent / "design" / paper).read_text()
    found = re.findall(rf"\b({'|'.join(kinds)})-(\d\d)\b", text)
    stated = {f"{kind}-{number}" for kind, number in found}
    assert len(stated) > least
    assert stated - shown().keys() == set()
