"""Mail by SMTP: to a real server on the loopback interface."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from jinja2 import UndefinedError
from pydantic import ValidationError

from api.core import mail, messages
from api.core.mail import MailRefused, MailUnavailable
from api.core.settings import Settings
from tests.core import mailbox
from tests.core.mailbox import Mailbox

AT = datetime(2026, 11, 28, 6, 0, tzinfo=UTC)
VALUES = {
    "organisation": "Ак-Суу ЖЧК",
    "url": "https://hooks.example.kg/kerben",
    "id": "endpoint_1",
    "base_url": "https://kerben.example",
    "days": 30,
}


@pytest.fixture
def box(monkeypatch: pytest.MonkeyPatch) -> Iterator[Mailbox]:
    with mailbox.running() as box:
        mailbox.told(monkeypatch, f"smtp://127.0.0.1:{box.port}")
        yield box


def sent(**changed: Any) -> None:
    given = {"key": "abc", "to": "aigul@example.kg", "subject": "Тема", "text": "Салам, дүйнө!\n"}
    mail.send(**{**given, "language": "ky", "at": AT, **changed})


def test_a_mail_arrives_as_it_was_written_and_its_second_try_is_the_same_mail(box: Mailbox) -> None:
    sent()
    sent()
    first, second = box.mails
    assert first["To"] == "aigul@example.kg"
    assert first["From"] == "kerben@kerben.example"
    assert first["Subject"] == "Тема"
    assert first.get_content().replace("\r\n", "\n") == "Салам, дүйнө!\n"
    assert first["Message-ID"] == second["Message-ID"] == "<abc@kerben.example>"
    assert first["Date"] == second["Date"]
    assert first["Auto-Submitted"] == "auto-generated"


@pytest.mark.parametrize(
    ("answer", "error"),
    [("451 later", MailUnavailable), ("552 too large", MailRefused), ("554 no", MailRefused)],
)
def test_what_the_server_says_tells_whether_to_try_again(
    box: Mailbox, answer: str, error: type[Exception]
) -> None:
    box.answers = [answer]
    with pytest.raises(error, match=answer):
        sent()
    assert box.mails == []


def test_a_server_that_is_away_is_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    with mailbox.running() as box:
        mailbox.told(monkeypatch, f"smtp://127.0.0.1:{box.port}")
    with pytest.raises(MailUnavailable):
        sent()


def test_no_password_is_sent_without_tls(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def authenticate(*told: Any) -> Any:
        asked.append(told[3])
        raise AssertionError

    with mailbox.running(authenticator=authenticate, auth_require_tls=False) as box:
        mailbox.told(monkeypatch, f"smtp://kerben:secret@127.0.0.1:{box.port}")
        with pytest.raises(MailUnavailable, match="no TLS"):
            sent()
    assert (asked, box.mails) == ([], [])


def test_an_address_or_a_subject_cannot_add_a_header(box: Mailbox) -> None:
    with pytest.raises(ValueError, match="linefeed|newline"):
        sent(subject="Тема\nBcc: all@example.kg")
    assert box.tries == 0


@pytest.mark.parametrize("language", messages.LANGUAGES)
@pytest.mark.parametrize("reason", ["gone", "failing"])
def test_each_notice_is_written_in_each_language(language: str, reason: str) -> None:
    subject, text = mail.written("endpoint_disabled", language, {**VALUES, "reason": reason})
    assert "\n" not in subject
    assert not subject.startswith("Subject")
    assert VALUES["url"] in text
    assert VALUES["organisation"] in text
    assert ("410" in text) is (reason == "gone")
    assert "\n\n\n" not in text


def test_a_value_that_is_not_given_is_noticed_before_anything_is_sent() -> None:
    with pytest.raises(UndefinedError):
        mail.written("endpoint_disabled", "ru", {})


@pytest.mark.parametrize(
    "given",
    [
        {"smtp_url": "smtp://mail.example"},
        {"mail_from": "kerben@kerben.example"},
        {"smtp_url": "http://mail.example", "mail_from": "kerben@kerben.example"},
        {"smtp_url": "smtp://", "mail_from": "kerben@kerben.example"},
        {"smtp_url": "smtp://mail.example", "mail_from": "Kerben"},
    ],
)
def test_half_a_setting_of_mail_is_refused(given: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Settings(**given)
