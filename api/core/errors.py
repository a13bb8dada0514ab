"""Every expected failure is a `Problem` (RFC 9457) with a stable code. Knows nothing of HTTP."""

from collections.abc import Mapping
from typing import Any, ClassVar

from pydantic import BaseModel, Field, PrivateAttr


class FieldError(BaseModel):
    """One field that was refused; `pointer` is a JSON Pointer (RFC 6901) into the input."""

    pointer: str = Field(examples=["#/items/0/quantity"])
    code: str = Field(examples=["greater_than"])
    detail: str = Field(examples=["Input should be greater than 0"])
    _language: str = PrivateAttr(default="en")


class ProblemOut(BaseModel):
    """What the client sees for every response that is not 2xx (RFC 9457)."""

    type: str = Field(examples=["/problems/not_found"])
    title: str
    status: int
    detail: str
    instance: str | None = None
    code: str = Field(examples=["not_found"])
    request_id: str | None = None
    errors: list[FieldError] = []


class Problem(Exception):
    """Base of the catalogue: subclasses name their status, stable code and title."""

    status: ClassVar[int] = 500
    code: ClassVar[str] = "internal"
    title: ClassVar[str] = "Internal error"
    catalogue: ClassVar[dict[str, type["Problem"]]] = {}

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        Problem.catalogue[cls.code] = cls

    def __init__(
        self,
        detail: str | None = None,
        *,
        values: Mapping[str, object] | None = None,
        errors: list[FieldError] | None = None,
        headers: dict[str, str] | None = None,
    ) -> None:
        """`detail` may name `values` in braces; then it can be told in other languages as well."""
        self.template = detail or self.title
        self.values = values
        super().__init__(self.template.format_map(values) if values else self.template)
        self.errors = errors or []
        self.headers = headers or {}

    def body(self, *, instance: str | None = None, request_id: str | None = None) -> ProblemOut:
        return ProblemOut(
            type=f"/problems/{self.code}",
            title=self.title,
            status=self.status,
            detail=str(self),
            instance=instance,
            code=self.code,
            request_id=request_id,
            errors=self.errors,
        )


def refused(pointer: str, code: str, detail: str) -> "Invalid":
    """An `Invalid` about one field."""
    return Invalid(detail, errors=[FieldError(pointer=pointer, code=code, detail=detail)])


class BadRequest(Problem):
    """The request cannot be read at all."""

    status, code, title = 400, "bad_request", "The request cannot be read"


class InvalidCursor(Problem):
    """The cursor was not issued for this list, these filters and this caller."""

    status, code, title = 400, "invalid_cursor", "The cursor does not belong to this list"


class Unauthorized(Problem):
    """No valid credentials."""

    status, code, title = 401, "unauthorized", "Credentials are missing or not valid"


class Forbidden(Problem):
    """The credentials are valid but do not allow this."""

    status, code, title = 403, "forbidden", "Not allowed with these credentials"


class NotFound(Problem):
    """It does not exist, or the caller may not know that it does."""

    status, code, title = 404, "not_found", "Not found"


class MethodNotAllowed(Problem):
    """The path exists, but not with this method."""

    status, code, title = 405, "method_not_allowed", "Method not allowed"


class Conflict(Problem):
    """The request is well formed, but a rule or the current state forbids it."""

    status, code, title = 409, "conflict", "Conflicts with the current state"


class IdempotencyInFlight(Conflict):
    """Another request with the same Idempotency-Key is being worked on."""

    code, title = "idempotency_in_flight", "The same request is still being processed"


class AlreadyExists(Conflict):
    """Something with this unique property exists already."""

    code, title = "already_exists", "It exists already"


class IdempotencyKeyRequired(BadRequest):
    """The command moves money, a bid or an award: only with an Idempotency-Key is it safe to repeat
    when its answer does not arrive.
    """

    code, title = "idempotency_key_required", "An Idempotency-Key is needed"


class RequestTimeout(Problem):
    """The body did not arrive in time. Nothing was changed."""

    status, code, title = 408, "request_timeout", "The request took too long to arrive"


class PreconditionRequired(Problem):
    """The change must name, in If-Match, the version that it was decided on; `*` names any."""

    status, code, title = 428, "precondition_required", "If-Match is needed"


class TooManyRequests(Problem):
    """A limit of the plan is used up; `Retry-After` says for how long."""

    status, code, title = 429, "too_many_requests", "Too many requests"


class DeadlineExceeded(Problem):
    """The service could not finish in its time. Nothing was changed; a narrower request may pass."""

    status, code, title = 504, "deadline_exceeded", "The request took too long"


class PreconditionFailed(Problem):
    """The resource has changed since the version named in If-Match."""

    status, code, title = 412, "precondition_failed", "The resource has changed meanwhile"


class PayloadTooLarge(Problem):
    """The body is larger than the limit."""

    status, code, title = 413, "payload_too_large", "The body is too large"


class UnsupportedMediaType(Problem):
    """The Content-Type is not one that the route takes."""

    status, code, title = 415, "unsupported_media_type", "Unsupported media type"


class Invalid(Problem):
    """The input was read but is not valid; `errors` names the fields."""

    status, code, title = 422, "invalid", "The request is not valid"


class IdempotencyKeyReused(Problem):
    """The Idempotency-Key was used before with a different request."""

    status, code, title = 422, "idempotency_key_reused", "The Idempotency-Key was used differently"


class Internal(Problem):
    """A defect of the service. It is logged under the request id; nothing was changed."""

    status, code, title = 500, "internal_error", "Internal error"


class PublicationInvalid(Problem):
    """What the public would read of this is not valid open data. Nothing was changed.

    A defect of the service or of its data: `errors` says where in the document.
    """

    status, code, title = 500, "publication_invalid", "What would be published is not valid"


class Unavailable(Problem):
    """The database cannot be reached. Nothing was changed; try again."""

    status, code, title = 503, "unavailable", "The service is not available at the moment"
