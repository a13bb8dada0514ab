"""Mail as a port: plain text by SMTP, off until `KERBEN_SMTP_URL` names a server.

A mail is sent by a job, at least once; its Message-ID stays the same over all tries, so that a
mailbox that gets it twice can tell. Texts are templates in `messages/mails`, by language.
"""

import smtplib
import ssl
from collections.abc import Mapping
from datetime import datetime
from email.message import EmailMessage
from email.utils import format_datetime
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from api.core import messages, settings

TIMEOUT_SECONDS = 15.0
_FOLDER = Path(messages.__file__).parent / "mails"
_PORTS = {"smtp": 587, "smtps": 465}
_TRY_AGAIN = range(400, 500)


class MailUnavailable(Exception):
    """The server did not take the mail now, and may later."""


class MailRefused(Exception):
    """The server will not take the mail, however often it is asked."""


def enabled() -> bool:
    """True when the installation has a server for mail."""
    return settings.get().smtp_url is not None


def written(template: str, language: str, values: Mapping[str, Any]) -> tuple[str, str]:
    """(subject, text) of a mail in a language of ours. Raises jinja2's UndefinedError for a value
    that is not given."""
    text = _templates().get_template(f"{template}.{language}.txt").render(values)
    subject, _, body = text.partition("\n\n")
    return subject.removeprefix("Subject: "), body


def send(
    *,
    key: str,
    to: str,
    subject: str,
    text: str,
    language: str,
    at: datetime,
    unsubscribe: str | None = None,
) -> None:
    """Hand a mail to the server. The same `key` gives the same Message-ID; `unsubscribe` is the
    address by which its reader stops such mails with one click (RFC 8058).

    Raises MailUnavailable or MailRefused.
    """
    sender = settings.get().mail_from
    assert sender is not None, "settings have both or none"
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = sender, to, subject
    mail["Date"] = format_datetime(at)
    mail["Message-ID"] = f"<{key}@{sender.rpartition('@')[2]}>"
    mail["Auto-Submitted"] = "auto-generated"  # RFC 3834: nobody's holiday answers it
    if unsubscribe is not None:
        mail["List-Unsubscribe"] = f"<{unsubscribe}>"
        mail["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    mail.set_content(text)
    mail["Content-Language"] = language
    try:
        with _connected() as server:
            server.send_message(mail)
    except smtplib.SMTPRecipientsRefused as error:
        (code, said) = next(iter(error.recipients.values()))
        raise _failure(code, said) from error
    except smtplib.SMTPResponseException as error:
        raise _failure(error.smtp_code, error.smtp_error) from error
    except (smtplib.SMTPException, OSError) as error:
        raise MailUnavailable(type(error).__name__) from error


def _failure(code: int, said: bytes | str) -> MailUnavailable | MailRefused:
    told = said.decode("utf-8", "replace") if isinstance(said, bytes) else said
    kind = MailUnavailable if code in _TRY_AGAIN else MailRefused
    return kind(f"{code} {told}"[:300])


def _connected() -> smtplib.SMTP:
    """A connection by TLS wherever the server offers it; a password is sent by nothing else."""
    url = settings.get().smtp_url
    assert url is not None, "asked for only when mail is on"
    parts = urlsplit(url.get_secret_value())
    host, port = parts.hostname or "", parts.port or _PORTS[parts.scheme]
    context = ssl.create_default_context()
    server: smtplib.SMTP
    if parts.scheme == "smtps":
        server = smtplib.SMTP_SSL(host, port, timeout=TIMEOUT_SECONDS, context=context)
    else:
        server = smtplib.SMTP(host, port, timeout=TIMEOUT_SECONDS)
    try:
        server.ehlo()
        if parts.scheme == "smtp" and server.has_extn("starttls"):
            server.starttls(context=context)
            server.ehlo()
        elif parts.scheme == "smtp" and parts.username:
            raise MailUnavailable("the server offers no TLS, without which no password is sent")
        if parts.username:
            server.login(unquote(parts.username), unquote(parts.password or ""))
    except BaseException:
        server.close()
        raise
    return server


@cache
def _templates() -> Environment:
    return Environment(
        loader=FileSystemLoader(_FOLDER), undefined=StrictUndefined, trim_blocks=True
    )
