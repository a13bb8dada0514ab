"""The npm packages `standardwebhooks` and `svix` verify what we sign, where they are installed."""

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from api.core import standard_webhooks
from api.core.migrations import ROOT
from api.rules.clock import utcnow
from api.rules.webhooks import SignatureScheme

MODULES = ROOT / "openapi" / "node_modules"
BODY = json.dumps({"type": "tender.published", "data": {"title": "Сатып алуу 采购"}})


def test_wh_02_the_receivers_of_npm_verify_our_signature_and_refuse_altered_bytes() -> None:
    program = shutil.which("node")
    missing = [name for name in ("standardwebhooks", "svix") if not (MODULES / name).is_dir()]
    if program is None or missing:
        reason = f"npm ci in openapi/ gives them: Node.js, {', '.join(missing)}"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    key = standard_webhooks.new_key(SignatureScheme.V1)
    now = int(utcnow().timestamp())
    headers = {
        "webhook-id": "event_1",
        "webhook-timestamp": str(now),
        "webhook-signature": standard_webhooks.header([key.secret], "event_1", now, BODY.encode()),
    }
    asked = {"secret": key.secret, "headers": headers, "body": BODY}
    done = subprocess.run(
        [program, str(Path(__file__).with_name("receiver.mjs"))],
        input=json.dumps(asked),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {
        "standardwebhooks": ["verified", "refused"],
        "svix": ["verified", "refused"],
    }
