"""OpenID providers from packages, as processes on loopback, and a browser that logs in there."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from subprocess import PIPE
from typing import Any
from urllib.parse import urljoin

import httpx2
import pytest

from api.core.migrations import ROOT

CALLBACK = "http://127.0.0.1:8000/auth/oidc/callback"
PACKAGE = ROOT / "openapi" / "node_modules" / "oidc-provider"
_PLAIN = """
import sys
from oidc_provider_mock import User, run_server_in_thread
people = [
    User(sub="aigul", claims={"email": "aigul@example.kg", "email_verified": True, "amr": ["otp"]}),
    User(sub="other", claims={"email": "aigul@example.kg", "email_verified": True}),
    User(sub="bakyt", claims={"email": "bakyt@example.kg", "email_verified": True}),
    User(sub="doubtful", claims={"email": "doubtful@example.kg", "email_verified": False}),
]
with run_server_in_thread(port=0, user_claims=people) as server:
    print(f"http://localhost:{server.server_port}", flush=True)
    sys.stdin.read()
"""


@contextmanager
def plain() -> Iterator[str]:
    """The provider of oidc-provider-mock (on Authlib): the address of its issuer."""
    with _running([sys.executable, "-W", "ignore", "-c", _PLAIN]) as url:
        yield url


@contextmanager
def certified() -> Iterator[str]:
    """The OpenID-certified provider of npm's oidc-provider; CI must have it."""
    node, reason = shutil.which("node"), None
    if node is None:
        reason = "Node.js is not installed"
    elif not PACKAGE.is_dir():
        reason = "the packages of openapi/package.json are not installed: npm ci in openapi/"
    if reason and os.environ.get("CI") == "true":
        pytest.fail(reason)
    if reason or node is None:
        pytest.skip(str(reason))
    script = Path(__file__).with_name("certified.mjs")
    with _running([node, "--no-warnings", str(script), CALLBACK]) as url:
        yield url


@contextmanager
def _running(command: list[str]) -> Iterator[str]:
    with subprocess.Popen(command, stdin=PIPE, stdout=PIPE, stderr=subprocess.DEVNULL) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        yield process.stdout.readline().decode().strip()
        process.stdin.close()


def signed_in(url: str, who: str) -> str:
    """Follow an authorization request as `who`, page by page: where it leads back to."""
    with httpx2.Client() as browser:
        answer: Any = browser.get(url)
        while True:
            target = urljoin(url, answer.headers.get("location", ""))
            if answer.is_redirect and target.startswith(CALLBACK):
                return target
            if answer.is_redirect:
                answer = browser.get(target)
                continue
            assert answer.status_code == 200, answer.text
            form = re.search(r'<form[^>]*action="([^"]+)"', answer.text)
            step = re.search(r'name="prompt" value="(\w+)"', answer.text)
            fields = {"sub": who, "login": who, "password": "x", "prompt": step[1] if step else ""}
            answer = browser.post(form[1] if form else str(answer.url), data=fields)
