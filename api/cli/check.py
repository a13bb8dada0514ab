"""Commands for developers: the OpenAPI document, and everything that CI runs."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from api.core.migrations import ROOT
from api.main import create_app

console = Console()
DOCUMENT = ROOT / "openapi" / "openapi.json"
STEPS = (
    ("ruff", "check", "."),
    ("ruff", "format", "--check", "."),
    ("mypy",),
    ("lint-imports",),
)
LINTERS = ("spectral", "redocly")
_QUIET = {
    "REDOCLY_TELEMETRY": "off",
    "REDOCLY_SUPPRESS_UPDATE_NOTICE": "true",
    "SCARF_ANALYTICS": "false",
}
"""The linters of the document speak to nobody."""


def openapi(
    check: Annotated[bool, typer.Option("--check", help="Only compare, fail when stale.")] = False,
) -> None:
    """Write openapi/openapi.json from the routes."""
    text = json.dumps(create_app().openapi(), indent=2, ensure_ascii=False) + "\n"
    if not check:
        DOCUMENT.write_text(text)
        console.print(f"Wrote {DOCUMENT.relative_to(ROOT)}.")
    elif not DOCUMENT.exists() or DOCUMENT.read_text() != text:
        console.print("openapi/openapi.json is stale: run `make openapi` and commit it.")
        raise typer.Exit(1)


def ci() -> None:
    """Run everything that CI runs, stopping at the first failure; pytest comes last."""
    openapi(check=True)
    lint_document()
    for step in (*STEPS, ("pytest", "-n", "auto")):
        _run(Path(sys.executable).with_name(step[0]), *step[1:])


def lint_document() -> None:
    """Spectral and Redocly on the committed document; without npm, left out except in CI."""
    npm = shutil.which("npm")
    if npm is None:
        console.print("Left out: Spectral and Redocly need npm and Node.js 20.19 or newer.")
        if os.environ.get("CI") == "true":
            raise typer.Exit(1)
        return
    folder = DOCUMENT.parent
    wanted, installed = folder / "package-lock.json", folder / "node_modules" / ".package-lock.json"
    if not installed.exists() or installed.stat().st_mtime < wanted.stat().st_mtime:
        _run(npm, "ci", "--no-audit", "--no-fund", folder=folder)
    for linter in LINTERS:
        _run(npm, "run", "--silent", linter, folder=folder)


def _run(program: str | Path, *arguments: str, folder: Path = ROOT) -> None:
    console.rule(" ".join((Path(program).name, *arguments)))
    environment = {**os.environ, **_QUIET}
    done = subprocess.run([program, *arguments], cwd=folder, env=environment, check=False)
    if done.returncode:
        raise typer.Exit(done.returncode)
