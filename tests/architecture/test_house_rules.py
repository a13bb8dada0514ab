import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
SOURCES = sorted([*ROOT.glob("api/**/*.py"), *ROOT.glob("workers/**/*.py")])


@cache
def trees() -> dict[Path, ast.Module]:
    return {path: ast.parse(path.read_text()) for path in SOURCES}


def _name(path: Path) -> str:
    return str(path.relative_to(ROOT))


def calls(module: ast.Module) -> Iterator[str]:
    for node in ast.walk(module):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            yield node.func.attr


def test_files_stay_under_400_lines() -> None:
    assert [_name(path) for path in SOURCES if path.read_text().count("\n") > 400] == []


def test_own_packages_are_imported_at_the_top_of_a_file() -> None:
    hidden = {
        f"{_name(path)}:{inner.lineno}"
        for path, module in trees().items()
        for node in ast.walk(module)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        for inner in ast.walk(node)
        if isinstance(inner, ast.ImportFrom) and (inner.module or "").startswith(("api", "workers"))
    }
    assert hidden == set()


def test_only_the_edge_commits() -> None:
    committing = [_name(path) for path, module in trees().items() if "commit" in set(calls(module))]
    assert committing == []


def test_every_public_function_says_what_it_means() -> None:
    silent = [
        f"{_name(path)}:{node.lineno} {node.name}"
        for path, module in trees().items()
        for node in module.body
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
        and not node.name.startswith("_")
        and ast.get_docstring(node) is None
        and not isinstance(node, ast.ClassDef)
    ]
    assert silent == []
