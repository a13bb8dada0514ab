"""Sealed bids: sizes, padding, commitments, and how many openers a key needs.

The format "kerben-sealed-bid/1" is told, with test vectors, in docs/sealing.md. Nothing here
encrypts: these are the parts that a portal in a browser must compute byte for byte alike.
"""

import hashlib
from enum import StrEnum


class EnvelopeKind(StrEnum):
    """What an envelope of a bid holds; a bid in one envelope is a price envelope."""

    TECHNICAL = "technical"
    PRICE = "price"


class DocumentState(StrEnum):
    """Of a document that an opened bid names: `named` alone, or handed in beside the envelope."""

    NAMED = "named"
    OPENING = "opening"
    OPENED = "opened"
    FAILED = "failed"


FORMAT = "kerben-sealed-bid/1"
COMMITMENT_PREFIX = f"{FORMAT} commitment\n".encode()
SALT_BYTES = 32

SMALLEST, LARGEST = 1 << 12, 1 << 24
BUCKETS = tuple(1 << power for power in range(12, 25))
"""Sizes, in bytes, of a padded envelope: powers of two from 4 KiB to 16 MiB.

A ciphertext is as long as what it hides. Among thirteen sizes a bid for one lorry and one for a
thousand look alike; finer steps (PADMÉ) save at most half of a few kilobytes and tell more.
"""
DOCUMENT_FORMAT = "kerben-sealed-document/1"
DOCUMENT_PREFIX = f"{DOCUMENT_FORMAT}\n".encode()
LARGEST_DOCUMENT = 1 << 27
DOCUMENT_BUCKETS = tuple(1 << power for power in range(12, 28))
"""Sizes, in bytes, of a padded document beside an envelope: to 128 MiB."""
MAX_DOCUMENTS = 40
"""Documents that a supplier may hand in beside its envelopes of one kind, in one tender."""
MARK = b"\x80"

MIN_THRESHOLD = 2
MAX_HOLDERS = 16
"""SLIP-39 counts the members of a group in four bits."""

_AGE = b"age-encryption.org/v1\n"
_AGE_MAC = b"\n--- "
_AGE_MAC_CHARACTERS = 43
_AGE_NONCE, _AGE_CHUNK, _AGE_TAG = 16, 64 * 1024, 16
MAX_AGE_HEADER = 8 * 1024


def bucket(size: int) -> int:
    """The smallest bucket for an envelope of `size` bytes and the mark at its end.

    Raises ValueError when there is none.
    """
    for each in BUCKETS:
        if size < each:
            return each
    raise ValueError(f"an envelope has at most {LARGEST - 1} bytes, this one has {size}")


def document_bucket(size: int) -> int:
    """The smallest bucket for a document of `size` bytes beside an envelope, and its mark.

    Raises ValueError when there is none.
    """
    for each in DOCUMENT_BUCKETS:
        if size < each:
            return each
    raise ValueError(f"a document has at most {LARGEST_DOCUMENT - 1} bytes, this one has {size}")


def pad(document: bytes) -> bytes:
    """`document`, the mark 0x80, and zeros up to its bucket (ISO/IEC 7816-4)."""
    return (document + MARK).ljust(bucket(len(document)), b"\x00")


def unpad(padded: bytes) -> bytes:
    """What was padded. Raises ValueError unless `pad` gives exactly these bytes for it."""
    document = padded.rstrip(b"\x00").removesuffix(MARK)
    if len(padded) not in BUCKETS or pad(document) != padded:
        raise ValueError("the padding is not that of the smallest bucket")
    return document


def commitment(document: bytes) -> bytes:
    """What binds a supplier to its canonical document and tells nothing of it.

    The document holds a salt of 256 random bits, without which prices could be tried one by one.
    """
    return hashlib.sha256(COMMITMENT_PREFIX + document).digest()


def entry(commitment: bytes, ciphertext_sha256: bytes) -> bytes:
    """One received envelope as a leaf's data in the Merkle tree that is published at the deadline.

    With the hash of the ciphertext, so that neither can be exchanged afterwards.
    """
    return commitment + ciphertext_sha256


def document_entry(ciphertext_sha256: bytes) -> bytes:
    """A sealed document as a leaf's data in the same tree: 57 bytes, so that it is no envelope's.

    What is in it is bound by the envelope that names it, with the SHA-256 of the bytes.
    """
    return DOCUMENT_PREFIX + ciphertext_sha256


def sealed_length(size: int) -> int:
    """The most bytes of an age v1 file that hides `size` bytes."""
    chunks = -(-size // _AGE_CHUNK)
    return MAX_AGE_HEADER + _AGE_NONCE + size + chunks * _AGE_TAG


def hidden_size(ciphertext: bytes, length: int | None = None) -> int:
    """How many bytes an age v1 file hides: read from its length, without a key.

    `length` is that of the whole file where `ciphertext` is only its beginning. Raises ValueError
    when it is no binary age file with a stanza for an X25519 key.
    """
    total = len(ciphertext) if length is None else length
    end = ciphertext.find(_AGE_MAC, 0, MAX_AGE_HEADER)
    payload = end + len(_AGE_MAC) + _AGE_MAC_CHARACTERS
    if not ciphertext.startswith(_AGE) or end < 0 or ciphertext[payload : payload + 1] != b"\n":
        raise ValueError("not a binary age v1 file with a header of at most 8 KiB")
    if b"\n-> X25519 " not in ciphertext[:end]:
        raise ValueError("not encrypted to an X25519 key")
    length = total - payload - 1 - _AGE_NONCE
    chunks = -(-length // (_AGE_CHUNK + _AGE_TAG))
    size = length - chunks * _AGE_TAG
    if size <= 0 or chunks != -(-size // _AGE_CHUNK):
        raise ValueError("the age file is cut short")
    return size


def unfit_holders(threshold: int, openers: int, auditors: int) -> str | None:
    """Why a key cannot be shared so, or None.

    Nobody opens alone; the openers can open without the auditor; one lost share does no harm.
    """
    if threshold < MIN_THRESHOLD:
        return f"at least {MIN_THRESHOLD} shares must be needed, or one person could open alone"
    if openers < threshold:
        return "there must be as many openers as shares are needed"
    if auditors < 1:
        return "an auditor must hold a share too, so that one lost share does no harm"
    if openers + auditors > MAX_HOLDERS:
        return f"at most {MAX_HOLDERS} may hold a share"
    return None
