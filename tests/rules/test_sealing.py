import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.rules import sealing
from api.rules.sealing import BUCKETS, LARGEST, SMALLEST

documents = st.binary(max_size=3 * SMALLEST)


@given(documents)
def test_what_is_padded_comes_back(document: bytes) -> None:
    assert sealing.unpad(sealing.pad(document)) == document


@given(documents, documents)
def test_the_padded_length_depends_on_the_bucket_alone(one: bytes, other: bytes) -> None:
    same_bucket = sealing.bucket(len(one)) == sealing.bucket(len(other))

    assert (len(sealing.pad(one)) == len(sealing.pad(other))) == same_bucket
    assert len(sealing.pad(one)) in BUCKETS


@pytest.mark.parametrize(
    ("size", "expected"),
    [
        (0, SMALLEST),
        (SMALLEST - 1, SMALLEST),
        (SMALLEST, 2 * SMALLEST),
        (LARGEST - 1, LARGEST),
    ],
)
def test_a_bucket_is_the_smallest_that_holds_the_document_and_its_mark(
    size: int, expected: int
) -> None:
    assert sealing.bucket(size) == expected


def test_a_document_larger_than_every_bucket_is_refused() -> None:
    with pytest.raises(ValueError, match="at most 16777215 bytes"):
        sealing.pad(bytes(LARGEST))


@pytest.mark.parametrize(
    "padded",
    [
        b"",
        b"{}\x80",
        b"{}".ljust(SMALLEST, b"\x00"),
        b"{}\x80".ljust(2 * SMALLEST, b"\x00"),
        b"{}\x80".ljust(SMALLEST - 1, b"\x00") + b"\x01",
        bytes(SMALLEST),
    ],
    ids=["nothing", "no zeros", "no mark", "a larger bucket", "not zeros", "zeros alone"],
)
def test_any_other_padding_is_refused(padded: bytes) -> None:
    with pytest.raises(ValueError, match="padding"):
        sealing.unpad(padded)


def test_a_commitment_is_the_hash_of_its_name_and_the_document() -> None:
    expected = hashlib.sha256(b"kerben-sealed-bid/1 commitment\n{}").digest()

    assert sealing.commitment(b"{}") == expected


HEADER = b"age-encryption.org/v1\n-> X25519 aaaa\nbbbb\n--- " + b"c" * 43 + b"\n"


@pytest.mark.parametrize(
    ("payload", "hidden"),
    [(16 + 17, 1), (16 + 65_552, 65_536), (16 + 65_552 + 17, 65_537), (16 + 4096 + 16, 4096)],
)
def test_the_hidden_size_is_read_from_the_length(payload: int, hidden: int) -> None:
    assert sealing.hidden_size(HEADER + bytes(payload)) == hidden


@pytest.mark.parametrize(
    "ciphertext",
    [
        b"",
        b"age",
        HEADER,
        HEADER + bytes(16 + 16),
        HEADER + bytes(16 + 65_552 + 16),
        HEADER.replace(b"X25519", b"scrypt") + bytes(100),
        HEADER.replace(b"v1", b"v2") + bytes(100),
        HEADER.replace(b"c\n", b"cc\n") + bytes(100),
        HEADER.replace(b"bbbb", b"b" * 9000) + bytes(100),
    ],
    ids=[
        "nothing",
        "no header",
        "no payload",
        "an empty chunk",
        "an empty last chunk",
        "a password",
        "another version",
        "a long MAC",
        "a long header",
    ],
)
def test_what_is_no_age_file_for_a_key_is_refused(ciphertext: bytes) -> None:
    with pytest.raises(ValueError, match=r"age|X25519"):
        sealing.hidden_size(ciphertext)


@pytest.mark.parametrize(
    ("threshold", "openers", "auditors", "problem"),
    [
        (2, 2, 1, None),
        (3, 15, 1, None),
        (1, 3, 1, "alone"),
        (3, 2, 1, "as many openers"),
        (2, 3, 0, "auditor"),
        (2, 16, 1, "at most 16"),
    ],
)
def test_nobody_opens_alone_and_one_lost_share_does_no_harm(
    threshold: int, openers: int, auditors: int, problem: str | None
) -> None:
    found = sealing.unfit_holders(threshold, openers, auditors)

    assert found is None if problem is None else problem in (found or "")


def test_a_sealed_document_is_read_from_its_beginning_and_length_alone() -> None:
    header = b"age-encryption.org/v1\n-> X25519 abc\nbody\n--- " + b"m" * 43 + b"\n"
    for size in sealing.DOCUMENT_BUCKETS:
        chunks = -(-size // (64 * 1024))
        length = len(header) + 16 + size + chunks * 16
        assert sealing.hidden_size(header, length) == size
        assert sealing.hidden_size(header, length - 1) != size
        assert length <= sealing.sealed_length(size)


@given(st.integers(0, sealing.LARGEST_DOCUMENT - 1))
def test_the_bucket_of_a_document_is_the_smallest_that_holds_it_and_its_mark(size: int) -> None:
    found = sealing.document_bucket(size)
    assert found > size
    assert found == sealing.DOCUMENT_BUCKETS[0] or found // 2 <= size


def test_leaves_of_documents_are_no_leaves_of_envelopes() -> None:
    digest = bytes(32)
    assert len(sealing.document_entry(digest)) != len(sealing.entry(digest, digest))
    with pytest.raises(ValueError, match="at most"):
        sealing.document_bucket(sealing.LARGEST_DOCUMENT)
