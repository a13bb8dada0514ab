"""How a partner's program receives webhooks, a page of docs/recipes; its code is run as shown."""

import runpy
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import standardwebhooks

from api.core import settings
from tests.procurement import samples
from tests.scenarios.recorder import Page
from tests.scenarios.steps import INTRODUCTION, AsOrg
from tests.webhooks import receiving
from tests.webhooks.conftest import LOOPBACK
from tests.webhooks.receiving import Receiver

URL = "/v1/webhook-endpoints"
PROGRAM = """\
from standardwebhooks import Webhook, WebhookVerificationError

seen, queue = set(), []


def receive(secret, headers, body):
    \"\"\"The status to answer with; `body` is the bytes as they came.\"\"\"
    try:
        event = Webhook(secret).verify(body, headers)
    except WebhookVerificationError:
        return 400
    if headers["webhook-id"] not in seen:  # the same over all attempts
        seen.add(headers["webhook-id"])
        queue.append(event)  # answer within 15 seconds, and work afterwards
    return 204
"""


@pytest.fixture
def receiver(monkeypatch: pytest.MonkeyPatch) -> Iterator[Receiver]:
    """The partner's machine, which the installation may call."""
    changed = settings.get().model_copy(update=LOOPBACK)
    monkeypatch.setattr(settings, "get", lambda: changed)
    with receiving.receiver() as here:
        yield here


def test_a_partner_receives_webhooks(
    page: Callable[..., Page],
    as_org: AsOrg,
    drain: Callable[[], int],
    receiver: Receiver,
    tmp_path: Path,
) -> None:
    partner, buyer = as_org(["partner"]), as_org(["buyer"])
    (tmp_path / "receiver.py").write_text(PROGRAM)
    program = runpy.run_path(str(tmp_path / "receiver.py"))
    secret, down = "", False

    def answer() -> None:
        last = receiver.received[-1]
        status = 503 if down else program["receive"](secret, last.headers, last.body)
        receiver.answers = [(status, {}, b"")]

    def happens() -> receiving.Received:
        samples.published(buyer)
        receiving.deliver()
        return receiver.received[-1]

    receiver.before = answer
    told = page("partner-receives-webhooks", "A partner receives webhooks", INTRODUCTION, "recipes")
    told.alias(receiver.url, "https://hooks.example.kg/hook")

    told.say(
        "## An endpoint\n\nIt is told of the types that it asks for, as far as the credentials that"
        " make it may read them: of your own organisation and of what is public. The key is shown"
        " once."
    )
    wanted = {"url": receiver.url, "event_types": ["tender.*"]}
    made = told.call("partner", partner, "POST", URL, json=wanted, expect=201).json()
    secret, at = made["secret"], f"{URL}/{made['id']}"

    told.say("## What comes\n\nA buyer publishes a tender; your machine is called.")
    first = happens()
    told.received(receiver.url, first.headers, first.body)
    told.say(
        "The package `standardwebhooks` (or `svix`) verifies it. It reads the bytes as they came:"
        " JSON that was parsed and written again is signed by nobody."
    )
    told.code("python", PROGRAM)
    assert receiver.answers[0][0] == 204
    assert program["receive"](secret, first.headers, first.body + b" ") == 400
    told.say("The service keeps what came of each attempt.")
    told.call("partner", partner, "GET", "/v1/webhook-attempts", expect=200)

    told.say(
        "## Another key\n\nThe new one signs at once; for so many hours the old one signs too, in"
        " the same header, so that the two sides need not change at one moment."
    )
    hours = {"grace_hours": 24}
    rotated = told.call("partner", partner, "POST", f"{at}/rotate-secret", json=hours, expect=201)
    second = happens()
    told.received(receiver.url, second.headers, second.body)
    for each in (secret, rotated.json()["secret"]):
        standardwebhooks.Webhook(each).verify(second.body, second.headers)
    secret = rotated.json()["secret"]

    told.say(
        "## After an outage\n\nWhat is not answered by 2xx is attempted again for three days"
        " (`docs/webhooks.md`). The log says what failed."
    )
    down = True
    happens()
    url = "/v1/webhook-attempts?succeeded=false"
    told.call("partner", partner, "GET", url, expect=200)
    told.say(
        "When you are well again, ask for what you missed (`recover`), or, where you have lost what"
        " you took, for all of it since an instant (`replay`). Nothing is told under another"
        " `webhook-id`, so that what was worked is not worked twice."
    )
    down = False
    since = {"since": made["created_at"], "event_types": ["tender.*"]}
    job = told.call("partner", partner, "POST", f"{at}/replay", json=since, expect=202).json()
    drain()
    told.call("partner", partner, "GET", f"/v1/jobs/{job['id']}", expect=200)
    receiving.advance(1)
    receiving.deliver()
    ids = [each.headers["webhook-id"] for each in receiver.received]
    assert (len(ids), len(set(ids))) == (6, 3)
    assert [event["type"] for event in program["queue"]] == ["tender.published"] * 3
    told.finish()
