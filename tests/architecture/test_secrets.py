"""No secret is in the repository but those of known_secrets.json, each of an example or a test.

To let another in, after a look at it: pytest tests/architecture/test_secrets.py --write-docs.
"""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
from detect_secrets import SecretsCollection
from detect_secrets.settings import transient_settings

from api.core import standard_webhooks
from api.core.migrations import ROOT
from api.identity import credentials
from api.rules.webhooks import SignatureScheme

BASELINE = Path(__file__).with_name("known_secrets.json")
PLUGIN = "tests/architecture/kerben_keys.py"

type Found = set[tuple[str, str, str]]


def files() -> list[str]:
    """What is kept, or would be with the next commit; without git, what lies there."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if listed.returncode == 0:
        return [name for name in listed.stdout.splitlines() if (ROOT / name).is_file()]
    places = [ROOT / name for name in ("api", "workers", "migrations", "tests", "docs", "openapi")]
    return [str(p.relative_to(ROOT)) for place in places for p in place.rglob("*") if p.is_file()]


def settings() -> dict[str, Any]:
    """The plugins and filters of the baseline, with the place of ours on this machine."""
    kept: dict[str, Any] = json.loads(BASELINE.read_text())
    plugins = [
        {**each, "path": f"file://{ROOT / PLUGIN}"} if each["name"] == "KerbenKeyDetector" else each
        for each in kept["plugins_used"]
    ]
    return {"plugins_used": plugins, "filters_used": kept["filters_used"]}


def scan(root: Path, *names: str) -> Found:
    """File, type and SHA-1 of every secret in the files."""
    with transient_settings(settings()):
        collection = SecretsCollection(root=str(root))
        collection.scan_files(*names)
        return {(name, secret.type, secret.secret_hash) for name, secret in collection}


def test_sec_22_no_secret_is_in_the_repository_that_nobody_has_looked_at(
    pytestconfig: pytest.Config,
) -> None:
    found = scan(ROOT, *files())
    kept = json.loads(BASELINE.read_text())
    if pytestconfig.getoption("--write-docs"):
        kept["results"] = sorted(found)
        BASELINE.write_text(json.dumps(kept, indent=2) + "\n")
    assert found == {tuple(each) for each in kept["results"]}


def test_sec_22_a_secret_of_any_kind_would_be_found(tmp_path: Path) -> None:
    pem = "PRIVATE KEY"
    planted = {
        "key.py": f'KEY = "{credentials.new_secret().text}"',
        "hook.md": f"Our key: {standard_webhooks.new_key(SignatureScheme.V1).secret}",
        "settings.env": f"STRIPE=sk_live_{'4eC39HqLyjWDarjtT1zdp7dc'}",
        "server.pem": f"-----BEGIN {pem}-----\nMC4CAQAwBQYDK2VwBCIEIJ\n-----END {pem}-----",
        "url.yaml": f"url: postgresql://kerben:{'h5-tulpar-Xq'}@db.example/kerben",
        "aws.txt": f"AKIA{'IOSFODNN7KHGWXYZ'}",
    }
    for name, text in planted.items():
        (tmp_path / name).write_text(text + "\n")
    assert {name for name, _, _ in scan(tmp_path, *planted)} == planted.keys()
    (tmp_path / "plain.py").write_text('KEY = "kgp_live_…"\nid = "tender_019abf2e8c1d"\n')
    assert scan(tmp_path, "plain.py") == set()
