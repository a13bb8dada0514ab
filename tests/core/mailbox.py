"""A mail server on the loopback interface, which keeps what it gets and answers as it is told."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP
from pydantic import SecretStr

from api.core import settings


@dataclass
class Mailbox:
    """Answers in turn, the last one for ever; `mails` are those that were taken."""

    answers: list[str] = field(default_factory=lambda: ["250 OK"])
    tries: int = 0
    mails: list[EmailMessage] = field(default_factory=list)
    port: int = 0

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        self.tries += 1
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if answer.startswith("250"):
            self.mails.append(message_from_bytes(envelope.content, policy=policy.default))  # type: ignore[arg-type]
        return answer


@contextmanager
def running(**options: Any) -> Iterator[Mailbox]:
    """A mailbox that listens; options are those of aiosmtpd's SMTP."""
    box = Mailbox()

    class Own(Controller):
        def factory(self) -> SMTP:
            return SMTP(box, **options)

        def _trigger_server(self) -> None:
            """As in aiosmtpd, which does not know that port 0 has become another."""
            self.port = box.port = self.server.sockets[0].getsockname()[1]
            super()._trigger_server()

    controller = Own(box, hostname="127.0.0.1", port=0)
    controller.start()
    try:
        yield box
    finally:
        controller.stop()


def told(monkeypatch: Any, url: str | None, **changed: Any) -> None:
    """Let the installation send its mail there, or nowhere."""
    given = {"smtp_url": url and SecretStr(url), "mail_from": "kerben@kerben.example", **changed}
    here = settings.get().model_copy(update=given)
    monkeypatch.setattr(settings, "get", lambda: here)
