"""Envelopes of the format "kerben-sealed-bid/1": sealed by a supplier, opened with a tender's key."""

import base64
import hashlib
import os
from collections.abc import Mapping, Sequence
from typing import Any, Literal, NamedTuple, Self

from pydantic import Field, JsonValue, model_validator

from api.procurement.sealing import canonical, keys
from api.procurement.sealing.documents import Base64, Document, Kind, Name, Sha256, unbase64
from api.procurement.sealing.keys import Identity
from api.procurement.sealing.problems import (
    CommitmentMismatch,
    ContentRefused,
    ContextMismatch,
    EnvelopeNotCanonical,
    PaddingWrong,
)
from api.rules import sealing

_MOST_BASE64 = (sealing.LARGEST + sealing.MAX_AGE_HEADER) * 3 // 2


class Context(Document):
    """What an envelope is for; sealed inside, so that it cannot be handed in for anything else.

    `id` is made by the supplier's client, one for each envelope of a bid; `version` counts the
    times that the supplier has sealed it anew.
    """

    tender: Name
    tenderer: Name
    lot: Name | None = None
    envelope: Kind
    id: Name
    version: int = Field(default=1, ge=1, le=1_000_000)


class Sealed(Document):
    """What the server receives: it learns the size, out of thirteen, and nothing else."""

    format: Literal["kerben-sealed-bid/1"] = "kerben-sealed-bid/1"
    commitment: Sha256
    size: int = Field(description="Bytes of the padded envelope: a power of two from 4096.")
    ciphertext: Base64 = Field(max_length=_MOST_BASE64, repr=False)

    @model_validator(mode="after")
    def _fit(self) -> Self:
        if self.size not in sealing.BUCKETS:
            raise ValueError("size must be a power of two from 4096 to 16777216")
        if sealing.hidden_size(self.ciphertext_bytes()) != self.size:
            raise ValueError("ciphertext must hide exactly as many bytes as size says")
        return self

    def ciphertext_bytes(self) -> bytes:
        """The binary age file."""
        return unbase64(self.ciphertext)

    def ciphertext_sha256(self) -> str:
        """The hash of the binary age file."""
        return hashlib.sha256(self.ciphertext_bytes()).hexdigest()

    def entry(self) -> bytes:
        """The data of this envelope's leaf in the tree that is published at the deadline."""
        return sealing.entry(
            bytes.fromhex(self.commitment), bytes.fromhex(self.ciphertext_sha256())
        )


class Envelope(Document):
    """What is encrypted. Its canonical text is what the commitment binds."""

    format: Literal["kerben-sealed-bid/1"] = "kerben-sealed-bid/1"
    context: Context
    content: dict[str, JsonValue] = Field(repr=False)
    salt: Sha256 = Field(repr=False)


class Closed(NamedTuple):
    """A sealed envelope, and the document in it, which the supplier keeps to itself.

    Should every key be lost, the document opens the envelope as well: see `check_document`.
    """

    sealed: Sealed
    document: bytes

    def __repr__(self) -> str:
        return f"Closed({self.sealed!r})"


def seal(
    content: Mapping[str, Any],
    context: Context,
    recipient: str,
    *,
    also_to: Sequence[str] = (),
    salt: bytes | None = None,
) -> Closed:
    """Seal `content`, any JSON object, for the holders of the tender's key, age1… `recipient`.

    `also_to` are keys of the supplier's own. `salt` is 32 new random bytes unless a test gives
    one. Raises ContentRefused or KeyInvalid.
    """
    salt = os.urandom(sealing.SALT_BYTES) if salt is None else salt
    try:
        document = canonical.dumps(
            {
                "format": sealing.FORMAT,
                "context": context.model_dump(mode="json"),
                "content": content,
                "salt": salt.hex(),
            }
        )
        padded = sealing.pad(document)
    except ValueError as error:
        message = str(error)
    else:
        ciphertext = keys.encrypt(padded, [recipient, *also_to])
        sealed = Sealed(
            commitment=sealing.commitment(document).hex(),
            size=len(padded),
            ciphertext=base64.b64encode(ciphertext).decode(),
        )
        return Closed(sealed, document)
    raise ContentRefused(message[0].upper() + message[1:])


def open_envelope(
    identity: Identity, ciphertext: bytes, commitment: str, context: Context
) -> Envelope:
    """What a supplier sealed, after every check that can be made.

    Raises CiphertextRefused, PaddingWrong, or as `check_document` does.
    """
    try:
        document = sealing.unpad(identity.decrypt(ciphertext))
    except ValueError:
        document = None
    if document is None:
        raise PaddingWrong
    return check_document(document, commitment, context)


def check_document(document: bytes, commitment: str, context: Context) -> Envelope:
    """The envelope in `document`, from an opening or shown by the supplier itself.

    Raises CommitmentMismatch, EnvelopeNotCanonical or ContextMismatch.
    """
    if sealing.commitment(document).hex() != commitment:
        raise CommitmentMismatch
    try:
        envelope = Envelope.model_validate(canonical.loads(document))
        spelled = envelope.canonical()
    except ValueError:
        spelled = None
    if spelled != document:
        raise EnvelopeNotCanonical
    different = [
        name
        for name in Context.model_fields
        if getattr(envelope.context, name) != getattr(context, name)
    ]
    if different:
        raise ContextMismatch(f"The envelope was sealed for another {', '.join(different)}")
    return envelope
