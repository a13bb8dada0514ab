"""Scenarios that write what they do: requests, answers and commands become a page of docs.

What differs from run to run is named instead of shown: an id by its kind and number, an instant or
a key by its field. So the page stays the same as long as the product does.
"""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from fastapi.testclient import TestClient
from typer.testing import CliRunner

from api.__main__ import main
from api.core.migrations import ROOT
from tests.identity.people import Somebody

DOCS = ROOT / "docs"
PROCEDURES = "procedures"
_ID = re.compile(r"\b([a-z]+(?:_[a-z]+)*)_([0-9a-f]{32})\b")
_OCID = re.compile(r"\b(ocds-[a-z0-9]+)-(\d{6,})\b")
_DAY = re.compile(r"\d{4}-\d\d-\d\d")
_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")
_UNREADABLE = re.compile(
    r"\bRF\d\d[0-9A-Z]{16}\b|[A-Za-z0-9+/]{43}=|[0-9a-f]{32,}|[A-Za-z0-9+/=_-]{60,}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"
)
_LONGEST_LIST = 3
_SECRETS = {"token", "secret", "session", "csrf_token", "webhook-signature"}
_MEASURED = {"duration_ms"}
_DRAWN_AT_RANDOM = 10**12
"""No figure of a scenario is as large."""


class Page:
    """A page in the making: `say` adds prose, `call` a request that is made and its answer, `run` a
    command."""

    def __init__(
        self, name: str, title: str, introduction: str, *, write: bool, folder: str = PROCEDURES
    ) -> None:
        self.write = write
        self.file = DOCS / folder / f"{name}.md"
        self.parts = [f"# {title}", introduction]
        self.known: dict[str, str] = {}
        self.counts: dict[str, int] = {}
        self.aliases: dict[str, str] = {}

    def say(self, text: str) -> None:
        """A paragraph."""
        self.parts.append(text)

    def call(
        self, who: str, actor: Any, method: str, url: str, *, expect: int, **kwargs: Any
    ) -> Any:
        """Make a request as `who`, show it with its answer, and give the answer back."""
        answer = actor.request(method, url, **kwargs)
        assert answer.status_code == expect, answer.text
        lines = [f"{method} {self._named(url)}"]
        if not isinstance(actor, TestClient):
            credentials = "session" if isinstance(actor, Somebody) else "key"
            lines.append(f"Authorization: Bearer <{credentials} of the {who}>")
        lines += [
            f"{key}: {self._value(key, value)}" for key, value in self._headers(answer, kwargs)
        ]
        if "json" in kwargs:
            lines += ["", self._json(kwargs["json"])]
        elif "content" in kwargs:
            lines += ["", "<the bytes of the file>"]
        shown = [f"HTTP/1.1 {answer.status_code}"]
        if answer.headers.get("content-type", "").endswith("json"):
            shown += ["", self._json(answer.json())]
        self.parts += [_fenced(lines), _fenced(shown)]
        return answer

    def received(self, url: str, headers: Mapping[str, str], body: bytes) -> None:
        """Show a webhook as it came; of its signatures, how many there are."""
        lines = [f"POST {self._named(url)}"]
        for key in ("content-type", "webhook-id", "webhook-timestamp"):
            lines.append(f"{key}: {self._value(key, headers[key])}")
        signatures = re.sub(r",\S+", ",<signature>", headers["webhook-signature"])
        lines += [f"webhook-signature: {signatures}", "", self._json(json.loads(body))]
        self.parts.append(_fenced(lines))

    def paper(self, name: str) -> None:
        """Show a JSON file of the present folder."""
        content = json.loads(Path(name).read_text(encoding="utf-8"))
        self.parts += [f"`{name}`:", "\n".join(("```json", self._json(content), "```"))]

    def code(self, language: str, text: str) -> None:
        """Show a program."""
        self.parts.append(f"```{language}\n{text.rstrip()}\n```")

    def alias(self, text: str, shown: str) -> None:
        """Show something that differs from run to run by another name."""
        self.aliases[text] = shown

    def run(self, *arguments: str, exit_code: int = 0) -> None:
        """Run a command of `kerben` in the present folder, and show it with what it prints."""
        result = CliRunner().invoke(main, arguments, env={"COLUMNS": "100"})
        assert result.exit_code == exit_code, result.output
        printed = [self._value("…", line) for line in result.output.rstrip().splitlines()]
        command = " ".join(self._value("…", each) for each in ("kerben", *arguments))
        self.parts.append("\n".join(("```console", f"$ {command}", *printed, "```")))

    def finish(self) -> None:
        """Compare the page with the one in docs, or write it."""
        text = "\n\n".join(self.parts) + "\n"
        if self.write:
            self.file.parent.mkdir(exist_ok=True)
            self.file.write_text(text)
        assert self.file.read_text() == text, "pytest tests/scenarios --write-docs writes it anew"

    def _headers(self, answer: Any, kwargs: Mapping[str, Any]) -> list[tuple[str, Any]]:
        """Those of the step, and those that the route insists on."""
        sent, given = answer.request.headers, dict(kwargs.get("headers") or {})
        if "Idempotency-Key" in sent and "Idempotency-Key" not in given:
            given = {"Idempotency-Key": "<a new one for each act>", **given}
        if "If-Match" in sent and "If-Match" not in given:
            given = {"If-Match": sent["If-Match"], **given}
        return list(given.items())

    def _json(self, content: Any) -> str:
        return json.dumps(self._shown("", content), indent=2, ensure_ascii=False)

    def _shown(self, key: str, content: Any) -> Any:
        if isinstance(content, dict):
            return {self._named(name): self._shown(name, value) for name, value in content.items()}
        if isinstance(content, list):
            rest = len(content) - _LONGEST_LIST
            more = [f"… {rest} more"] if rest > 0 else []
            return [self._shown(key, value) for value in content[:_LONGEST_LIST]] + more
        drawn = isinstance(content, int) and content > _DRAWN_AT_RANDOM
        if drawn or key in _MEASURED:
            return f"<{key}>"
        return self._value(key, content) if isinstance(content, str) else content

    def _value(self, key: str, value: str) -> str:
        if _DAY.fullmatch(value) or key in _SECRETS or key == "webhook-timestamp":
            return f"<{key}>"
        value = _INSTANT.sub(f"<{key}>", self._named(value))
        return _UNREADABLE.sub(f"<{key}>", value)

    def _named(self, value: str) -> str:
        for text, shown in self.aliases.items():
            value = value.replace(text, shown)
        value = _ID.sub(lambda found: self._number(found[1] + "_", found[0]), value)
        return _OCID.sub(lambda found: self._number(found[1] + "-", found[0]), value)

    def _number(self, prefix: str, value: str) -> str:
        if value not in self.known:
            self.counts[prefix] = self.counts.get(prefix, 0) + 1
            self.known[value] = f"{prefix}{self.counts[prefix]}"
        return self.known[value]


def _fenced(lines: list[str]) -> str:
    return "\n".join(("```http", *lines, "```"))
