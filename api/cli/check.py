"""Commands for developers: the OpenAPI document, and everything that CI runs."""

import gzip
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from api.cli import compatibility
from api.core.migrations import ROOT
from api.main import create_app

console = Console()
DOCUMENT = ROOT / "openapi" / "openapi.json"
RELEASED = DOCUMENT.with_name("released.json.gz")
"""The document of the last release."""
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
    release: Annotated[
        bool, typer.Option("--release", help="Also keep it as what clients rely on from now on.")
    ] = False,
) -> None:
    """Write openapi/openapi.json from the routes."""
    text = json.dumps(create_app().openapi(), indent=2, ensure_ascii=False) + "\n"
    if not check:
        DOCUMENT.write_text(text)
        console.print(f"Wrote {DOCUMENT.relative_to(ROOT)}.")
    elif not DOCUMENT.exists() or DOCUMENT.read_text() != text:
        console.print("openapi/openapi.json is stale: run `make openapi` and commit it.")
        raise typer.Exit(1)
    if release:
        RELEASED.write_bytes(gzip.compress(text.encode(), mtime=0))


def require_compatible() -> None:
    """Fail when the committed document breaks what the last released one promised."""
    released = json.loads(gzip.decompress(RELEASED.read_bytes()))
    found = compatibility.breaks(released, json.loads(DOCUMENT.read_text()))
    for line in found:
        console.print(line, markup=False)
    if found:
        console.print(
            "Clients of the last release would break. Keep the old way and mark it `deprecated`,"
            " or release a new version: CHANGELOG.md, then `kerben openapi --release`."
        )
        raise typer.Exit(1)


def ci() -> None:
    """Run everything that CI runs, stopping at the first failure; pytest comes last."""
    openapi(check=True)
    require_compatible()
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
