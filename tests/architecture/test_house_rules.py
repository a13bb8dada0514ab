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


OUTWARD = {
    "api/core/outbound.py": {"httpcore2", "socket"},
    "api/core/mail.py": {"smtplib"},
    "api/core/files/clamd.py": {"socket"},
}
"""What opens connections: the guarded client, and hosts that the operator alone names."""


def test_ssrf_12_only_the_guarded_client_asks_urls_over_http() -> None:
    found: dict[str, set[str]] = {}
    clients = {"httpcore2", "httpx2", "httpx", "httpcore", "aiohttp", "requests", "urllib3"}
    clients |= {"http.client", "urllib.request", "socket", "smtplib"}
    for path, module in trees().items():
        named = {
            name
            for node in ast.walk(module)
            if isinstance(node, ast.Import | ast.ImportFrom)
            for name in (
                [each.name for each in node.names]
                if isinstance(node, ast.Import)
                else [node.module or ""]
            )
        }
        if opened := named & clients:
            found[_name(path)] = opened
    assert found == OUTWARD
