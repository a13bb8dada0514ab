"""What the documents of sealing have in common: form, hashes, and how they are read and written."""

import base64
import binascii
import hashlib
from datetime import UTC, datetime
from typing import Annotated, Any, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from api.core.errors import FieldError, Invalid
from api.core.inputs import printable
from api.procurement.sealing import canonical
from api.procurement.sealing.keys import checked_recipient
from api.procurement.sealing.problems import KeyInvalid
from api.rules.sealing import EnvelopeKind


def unbase64(text: str) -> bytes:
    """The bytes of RFC 4648 base64. Raises ValueError unless it is spelled as `base64` spells."""
    try:
        found = base64.b64decode(text, validate=True)
    except binascii.Error:
        found = b""
    if not found or base64.b64encode(found).decode() != text:
        raise ValueError("must be base64 (RFC 4648, section 4) of at least one byte")
    return found


def _base64(text: str) -> str:
    unbase64(text)
    return text


def _recipient(text: str) -> str:
    try:
        return checked_recipient(text)
    except KeyInvalid as error:
        message = str(error)
    raise ValueError(message)


def _instant(text: str) -> str:
    if instant(datetime.fromisoformat(text)) != text:
        raise ValueError("must be written as 2026-11-25T12:00:00.000000Z")
    return text


def instant(at: datetime) -> str:
    """An instant as documents write it: UTC, with six digits after the second."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


Base64 = Annotated[
    str, AfterValidator(_base64), Field(json_schema_extra={"contentEncoding": "base64"})
]
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Recipient = Annotated[str, AfterValidator(_recipient), Field(max_length=100)]
Instant = Annotated[
    str, AfterValidator(_instant), Field(pattern=r"^[0-9T:.-]{26}Z$", examples=[
        "2026-11-25T12:00:00.000000Z"
    ]),
]  # fmt: skip
Name = Annotated[str, AfterValidator(printable), Field(min_length=1, max_length=200)]
Kind = Annotated[EnvelopeKind, Field(strict=False)]


class Document(BaseModel):
    """Base: nothing unknown, nothing converted, nothing changed later, no value in an error."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, hide_input_in_errors=True)

    @classmethod
    def read(cls, text: bytes, *, refused: type[Invalid]) -> Self:
        """Of JSON text. Raises `refused`, which names the fields and repeats no value."""
        try:
            return cls.model_validate(canonical.loads(text))
        except ValidationError as error:
            errors = [
                FieldError(
                    pointer="#" + "".join(f"/{part}" for part in each["loc"]),
                    code=each["type"],
                    detail=each["msg"],
                )
                for each in error.errors(include_input=False, include_context=False)
            ]
        except ValueError as error:
            errors = [FieldError(pointer="#", code="json", detail=str(error))]
        said = "; ".join(f"{each.pointer} {each.detail}" for each in errors)
        raise refused(f"{refused.title}: {said}", errors=errors)

    def canonical(self) -> bytes:
        """The text of which hashes and signatures are made."""
        return canonical.dumps(self.model_dump(mode="json"))

    def sha256(self) -> str:
        """The hash of the document, begun by its format, so that no two kinds share one."""
        fields: dict[str, Any] = self.model_dump(mode="json")
        prefix = f"{fields['format']}\n".encode()
        return hashlib.sha256(prefix + canonical.dumps(fields)).hexdigest()
