"""Idempotency keys: the answer that was given once is given again."""

import hashlib
import json
from dataclasses import dataclass, field
from typing import Any

from tests.stripe_double.errors import StripeFault

Json = dict[str, Any]


@dataclass
class _Entry:
    fingerprint: str
    answer: tuple[int, Json, str] | None = None


@dataclass
class Store:
    """Answers by account and key. A refusal before the operation began is not remembered."""

    entries: dict[tuple[str | None, str], _Entry] = field(default_factory=dict)

    def begin(
        self, account: str | None, key: str, verb: str, path: str, body: Json
    ) -> tuple[int, Json, str] | None:
        """The remembered answer (status, body, request id), or None: then the key is in use now."""
        text = json.dumps([verb, path, body], sort_keys=True)
        fingerprint = hashlib.sha256(text.encode()).hexdigest()
        entry = self.entries.get((account, key))
        if entry is None:
            self.entries[account, key] = _Entry(fingerprint)
            return None
        if entry.fingerprint != fingerprint:
            raise StripeFault(
                400,
                "Keys for idempotent requests can only be used with the same parameters they were"
                f" first used with. Try using a key other than '{key}' if you meant to execute a"
                " different request.",
                type="idempotency_error",
            )
        if entry.answer is None:
            raise StripeFault(
                409,
                "There is currently another in-progress request using this Stripe-Idempotent-Key"
                f" ('{key}'). Please try again later.",
                type="idempotency_error",
                code="idempotency_key_in_use",
            )
        return entry.answer

    def finish(self, account: str | None, key: str, answer: tuple[int, Json, str]) -> None:
        self.entries[account, key].answer = answer

    def overwrite(self, key: str | None, status: int, body: Json) -> None:
        """Tell every repetition under this key of a failure that hid a success."""
        for (_, held), entry in self.entries.items():
            if held == key and entry.answer:
                entry.answer = (status, body, entry.answer[2])

    def forget(self, account: str | None, key: str) -> None:
        self.entries.pop((account, key), None)
