import io
import json
import logging

import pytest
import structlog

from api.core import logs
from api.identity import credentials


@pytest.fixture
def output(monkeypatch: pytest.MonkeyPatch) -> io.StringIO:
    stream = io.StringIO()
    monkeypatch.setattr("sys.stderr", stream)
    logs.configure("INFO", "json")
    return stream


def test_sec_22_known_secrets_never_reach_the_log(output: io.StringIO) -> None:
    key = credentials.new_secret().text
    log = structlog.get_logger("test")
    log.info("event", authorization=f"Bearer {key}", nested={"deep": [f"key is {key}"]})
    log.info("url postgresql://user:hunter2@host/db", password="hunter2")
    logging.getLogger("other").warning("token %s", key)

    text = output.getvalue()
    assert key not in text
    assert "hunter2" not in text
    assert text.count(logs.HIDDEN) >= 5


def test_sec_24_an_address_of_a_person_never_reaches_the_log(output: io.StringIO) -> None:
    structlog.get_logger("test").info("no answer from aigul@example.kg", to=["a.b+c@mail.example"])
    logging.getLogger("other").warning("to %s", "Aigul@Example.KG")

    text = output.getvalue()
    assert "aigul@" not in text.lower()
    assert "a.b+c@" not in text
    assert text.count(logs.HIDDEN) == 3


def test_every_line_is_json_with_the_request_id(output: io.StringIO) -> None:
    with structlog.contextvars.bound_contextvars(request_id="req_1"):
        structlog.get_logger("test").info("событие")

    line = json.loads(output.getvalue().splitlines()[-1])
    assert (line["event"], line["request_id"], line["level"]) == ("событие", "req_1", "info")
