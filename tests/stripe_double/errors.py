"""Refusals in the form in which Stripe words them."""

from typing import Any


class StripeFault(Exception):
    """An error answer: HTTP status and the members of its `error` object."""

    def __init__(self, status: int, message: str, **members: Any) -> None:
        super().__init__(message)
        self.status = status
        self.headers: dict[str, str] = {}
        self.remembered = False
        """Whether a repetition under the same idempotency key is told the same."""
        members.setdefault("type", "invalid_request_error")
        self.error = {"message": message, **{k: v for k, v in members.items() if v is not None}}

    @property
    def body(self) -> dict[str, Any]:
        return {"error": self.error}


def invalid(message: str, *, param: str | None = None, code: str | None = None) -> StripeFault:
    return StripeFault(400, message, param=param, code=code)


def missing(name: str, found: str, param: str = "id") -> StripeFault:
    """A resource that is not there: 404 where the path names it, 400 where a parameter does."""
    status = 404 if param == "id" else 400
    return StripeFault(status, f"No such {name}: '{found}'", param=param, code="resource_missing")


def card_declined(code: str, decline_code: str | None, message: str, **members: Any) -> StripeFault:
    return StripeFault(
        402, message, type="card_error", code=code, decline_code=decline_code, **members
    )
