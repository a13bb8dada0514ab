"""`kerben sdk`: clients in Python and TypeScript and a Postman collection, from openapi.json.

They are made in build/sdk and checked there: pyright and tsc, both strict about whoever uses them.
"""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import typer
from rich.console import Console

from api.core.migrations import ROOT

console = Console()
OPENAPI = ROOT / "openapi"
DOCUMENT, SOURCES, BUILD = OPENAPI / "openapi.json", OPENAPI / "sdk", ROOT / "build" / "sdk"
GENERATOR = "openapi-python-client==0.29.1"
PYTHON = BUILD / "python"


def sdk() -> None:
    """Make the clients and the collection in build/sdk, and compile them; needs npm and uv."""
    npm, uv = _found("npm"), os.environ.get("UV") or _found("uv")
    BUILD.mkdir(parents=True, exist_ok=True)
    if not (OPENAPI / "node_modules" / "openapi-typescript").exists():
        _run(npm, "ci", "--no-audit", "--no-fund", folder=OPENAPI)
    _python(uv)
    _typescript(OPENAPI / "node_modules" / ".bin")
    _postman(OPENAPI / "node_modules" / ".bin")
    console.print(f"Made {BUILD.relative_to(ROOT)}: python, typescript, postman.")


def _python(uv: str) -> None:
    """An installable package, installed beside the build, and the example that uses it."""
    done = _run(
        *(uv, "tool", "run", "--from", GENERATOR, "openapi-python-client", "generate"),
        *("--path", str(DOCUMENT), "--config", str(SOURCES / "python.yaml")),
        *("--meta", "uv", "--output-path", str(PYTHON), "--overwrite"),
    )
    if "WARNING" in done or "ERROR" in done:
        raise typer.Exit(1)
    venv = BUILD / "venv"
    _run(uv, "venv", "--quiet", "--clear", "--python", sys.executable, str(venv))
    python = venv / "bin" / "python"
    _run(uv, "pip", "install", "--quiet", "--python", str(python), str(PYTHON))
    shutil.copy(SOURCES / "example.py", BUILD / "example.py")
    settings = {"pythonVersion": "3.12", "venvPath": ".", "venv": "venv"}
    for name, mode, included in (
        ("client", "standard", "python/kerben_client"),
        ("example", "strict", "example.py"),
    ):
        project = BUILD / f"pyright-{name}.json"
        checked = {**settings, "typeCheckingMode": mode, "include": [included]}
        project.write_text(json.dumps(checked))
        pyright = Path(sys.executable).with_name("pyright")
        _run(str(pyright), "--project", str(project))


def _typescript(programs: Path) -> None:
    """Types of every operation, for `openapi-fetch`, and the example that uses them."""
    folder = BUILD / "typescript"
    folder.mkdir(exist_ok=True)
    for name in ("example.ts", "tsconfig.json"):
        shutil.copy(SOURCES / name, folder / name)
    (folder / "package.json").write_text('{"type": "module", "private": true}\n')
    modules = folder / "node_modules"
    if not modules.exists():
        modules.symlink_to(OPENAPI / "node_modules")
    _run(str(programs / "openapi-typescript"), str(DOCUMENT), "-o", str(folder / "schema.d.ts"))
    _run(str(programs / "tsc"), "--project", str(folder))


def _postman(programs: Path) -> None:
    """A Postman collection, which Bruno and Insomnia import too."""
    out = BUILD / "postman" / "kerben.postman_collection.json"
    out.parent.mkdir(exist_ok=True)
    _run(
        *(str(programs / "openapi2postmanv2"), "-s", str(DOCUMENT), "-o", str(out), "-p"),
        *("-O", "folderStrategy=Tags,requestParametersResolution=Example"),
    )
    if not json.loads(out.read_text())["item"]:
        raise typer.Exit(1)


def _found(program: str) -> str:
    found = shutil.which(program)
    if found is None:
        console.print(f"{program} is needed.")
        raise typer.Exit(1)
    return found


def _run(*command: str, folder: Path = ROOT) -> str:
    """What a command says; the end when it fails."""
    console.rule(" ".join((Path(command[0]).name, *command[1:3])))
    done = subprocess.run(command, cwd=folder, check=False, capture_output=True, text=True)
    said = done.stdout + done.stderr
    if done.returncode or "WARNING" in said:
        console.print(said[-6_000:], markup=False)
    if done.returncode:
        raise typer.Exit(done.returncode)
    return said
