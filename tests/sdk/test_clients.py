"""The generated clients against the served API, as programs of their users. `make sdk` makes them."""

import json
import os
import shutil
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
import uvicorn

from api.core.migrations import ROOT
from api.main import create_app
from tests.procurement import samples

BUILD = ROOT / "build" / "sdk"
PAPER = b"%PDF-1.7 " + bytes(range(256)) * 8
PROGRAMS = {
    "python": [str(BUILD / "venv/bin/python"), str(BUILD / "example.py")],
    "typescript": [shutil.which("node") or "node", str(BUILD / "typescript/dist/example.js")],
}


@pytest.fixture(scope="module")
def served() -> Iterator[str]:
    config = uvicorn.Config(create_app(), port=0, log_config=None, access_log=False)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    host, port = server.servers[0].sockets[0].getsockname()[:2]
    yield f"http://{host}:{port}"
    server.should_exit = True
    thread.join()


@pytest.mark.parametrize("language", [*PROGRAMS])
def test_api_11_a_client_publishes_a_tender_with_a_document_that_a_supplier_reads(
    language: str, served: str, as_org: Callable[..., Any], tmp_path: Path
) -> None:
    if not Path(PROGRAMS[language][1]).exists():
        if "KERBEN_REQUIRE_SDK" in os.environ:
            pytest.fail("build/sdk is not there: run `make sdk`")
        pytest.skip("build/sdk is not there: run `make sdk`")
    request, paper = tmp_path / "request.json", tmp_path / "paper.pdf"
    request.write_text(json.dumps(samples.tender()))
    paper.write_bytes(PAPER)
    keys = {
        "KERBEN_URL": served,
        "KERBEN_BUYER_KEY": as_org(["buyer"]).key,
        "KERBEN_SUPPLIER_KEY": as_org(["supplier"]).key,
    }

    done = subprocess.run(
        [*PROGRAMS[language], str(request), str(paper)],
        env={"PATH": os.environ["PATH"], **keys},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )

    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert (told["status"], told["sha256"]) == ("active", sha256(PAPER).hexdigest())
