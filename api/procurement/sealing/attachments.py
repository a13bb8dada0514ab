"""Documents of the format "kerben-sealed-document/1": encrypted beside an envelope, in a stream.

Each has a key of its own, which its envelope names together with the SHA-256 of the bytes. So a
document needs no key of the tender's to be opened, and what a replaced or withdrawn envelope named
stays closed for good. Nothing here holds more of a file in memory than a piece of it.
"""

import hashlib
from typing import BinaryIO, NamedTuple

from api.procurement.sealing.keys import Identity, decrypt_stream, encrypt_stream
from api.procurement.sealing.problems import ContentRefused, DocumentMismatch, PaddingWrong
from api.rules import sealing

PIECE_BYTES = 256 * 1024


class Attachment(NamedTuple):
    """What a supplier needs of a document that it has sealed: `key` goes into the envelope."""

    key: str
    sha256: str
    ciphertext_sha256: str
    size: int

    def __repr__(self) -> str:
        return f"Attachment({self.ciphertext_sha256!r}, {self.size})"


def seal(document: BinaryIO, out: BinaryIO) -> Attachment:
    """Write the sealed form of `document`, read from its position on, to `out`.

    Both are files on a disk or in memory. Raises ContentRefused for a document that is empty or
    fits in no bucket.
    """
    start = document.tell()
    size, digest = 0, hashlib.sha256()
    while piece := document.read(PIECE_BYTES):
        size += len(piece)
        digest.update(piece)
    if not size:
        raise ContentRefused("The document is empty")
    try:
        padded = sealing.document_bucket(size)
    except ValueError as error:
        raise ContentRefused(str(error)) from error
    document.seek(start)
    own, at = Identity.generate(), out.tell()
    encrypt_stream(_Padded(document, padded - size), out, own.recipient)
    out.seek(at)
    sealed_sha256 = hashlib.file_digest(out, "sha256").hexdigest()  # type: ignore[arg-type]
    return Attachment(own.reveal(), digest.hexdigest(), sealed_sha256, padded)


def open_document(ciphertext: BinaryIO, out: BinaryIO, key: str, sha256: str) -> int:
    """Write the bytes that were sealed to `out`, a new file; how many they are.

    Raises KeyInvalid, CiphertextRefused, PaddingWrong, or DocumentMismatch for other bytes than
    those of `sha256`. Then nothing of `out` is to be used.
    """
    decrypt_stream(ciphertext, out, key)
    size = _unpadded(out)
    out.truncate(size)
    out.seek(0)
    if hashlib.file_digest(out, "sha256").hexdigest() != sha256:  # type: ignore[arg-type]
        raise DocumentMismatch
    out.seek(0)
    return size


class _Padded:
    """A document, the mark, and zeros, as a file that is read once."""

    def __init__(self, document: BinaryIO, padding: int) -> None:
        self._document, self._left, self._marked = document, padding, False

    def read(self, most: int = PIECE_BYTES) -> bytes:
        piece = self._document.read(most)
        if piece or not self._left or not most:
            return piece
        zeros = bytes(min(self._left, most))
        piece = zeros if self._marked else sealing.MARK + zeros[1:]
        self._marked, self._left = True, self._left - len(piece)
        return piece


def _unpadded(file: BinaryIO) -> int:
    """Where the document ends, found from its end. Raises PaddingWrong."""
    padded = end = file.seek(0, 2)
    while end:
        start = max(0, end - PIECE_BYTES)
        file.seek(start)
        rest = file.read(end - start).rstrip(b"\x00")
        if rest:
            size = start + len(rest) - 1
            fits = padded in sealing.DOCUMENT_BUCKETS and sealing.document_bucket(size) == padded
            if rest.endswith(sealing.MARK) and fits:
                return size
            break
        end = start
    raise PaddingWrong("The padding of the document is wrong")
