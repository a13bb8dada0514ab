"""What is installed is what was locked, byte by byte, and can be listed."""

import json
import os
import re
import shutil
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
LOCK: dict[str, Any] = tomllib.loads((ROOT / "uv.lock").read_text())
PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text())
_SHA256 = re.compile(r"sha256:[0-9a-f]{64}")
_NAME = re.compile(r"[A-Za-z0-9._-]+")


def _names(requirements: list[str]) -> set[str]:
    return {_NAME.match(each)[0].lower() for each in requirements}  # type: ignore[index]


def test_sec_26_every_file_of_the_lock_has_its_hash() -> None:
    packages = [each for each in LOCK["package"] if "editable" not in each["source"]]
    assert len(packages) > 100
    for package in packages:
        files = [*package.get("wheels", ()), *([package["sdist"]] if "sdist" in package else ())]
        assert files, package["name"]
        assert package["source"] == {"registry": "https://pypi.org/simple"}, package["name"]
        for file in files:
            assert _SHA256.fullmatch(file["hash"]), (package["name"], file)


def test_sec_26_the_lock_is_of_this_project() -> None:
    (own,) = [each for each in LOCK["package"] if each["name"] == PROJECT["project"]["name"]]
    locked = {each["name"] for each in own["dependencies"]}
    assert locked == _names(PROJECT["project"]["dependencies"])
    dev = {each["name"] for each in own["dev-dependencies"]["dev"]}
    assert dev == _names(PROJECT["dependency-groups"]["dev"])


def test_sec_26_the_bill_of_materials_names_every_package_that_runs(tmp_path: Path) -> None:
    uv = os.environ.get("UV") or shutil.which("uv") or str(ROOT / ".uv" / "bin" / "uv")
    if not Path(uv).exists():
        pytest.skip("uv is not installed; `make sbom` installs it")
    recipe = (ROOT / "Makefile").read_text()
    command = re.search(r"^\t@\$\(UV\) (export --format cyclonedx1\.5.*?) -o", recipe, re.MULTILINE)
    assert command is not None
    file = tmp_path / "sbom.json"
    offline = {**os.environ, "UV_OFFLINE": "1", "UV_PROJECT_ENVIRONMENT": ".venv"}
    arguments = [uv, *command[1].split(), "-o", str(file)]
    subprocess.run(arguments, cwd=ROOT, env=offline, check=True, capture_output=True)
    bill = json.loads(file.read_text())
    assert bill["bomFormat"] == "CycloneDX"
    named = {each["name"] for each in bill["components"]}
    assert _names(PROJECT["project"]["dependencies"]) <= named
    assert "pytest" not in named
    assert all(each["version"] for each in bill["components"])
