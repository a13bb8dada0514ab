"""Commands for developers: the OpenAPI document, and everything that CI runs."""

import json
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
    ("pytest",),
)


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


def check() -> None:
    """Run everything that CI runs, stopping at the first failure; pytest comes last."""
    openapi(check=True)
    for step in STEPS:
        console.rule(" ".join(step))
        program = Path(sys.executable).with_name(step[0])
        done = subprocess.run([program, *step[1:]], cwd=ROOT, check=False)
        if done.returncode:
            raise typer.Exit(done.returncode)
