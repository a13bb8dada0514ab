"""What was sealed is opened as it was, for its own purpose, or not at all."""

import base64
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from api.procurement.sealing import canonical, envelopes, keys
from api.procurement.sealing.envelopes import Context, Sealed
from api.procurement.sealing.keys import Identity
from api.procurement.sealing.problems import (
    CiphertextRefused,
    CommitmentMismatch,
    ContentRefused,
    ContextMismatch,
    EnvelopeNotCanonical,
    KeyInvalid,
    PaddingWrong,
    SealedBidInvalid,
)
from api.rules import sealing
from tests.procurement.sealing.samples import CONTENT, CONTEXT, IDENTITY, KEY, contents, sealed

CLOSED = sealed()
CIPHERTEXT = CLOSED.sealed.ciphertext_bytes()


def opened(document: bytes, context: Context = CONTEXT) -> envelopes.Envelope:
    """Open what a hostile client encrypted and committed itself to."""
    ciphertext = keys.encrypt(sealing.pad(document), [KEY.recipient])
    commitment = sealing.commitment(document).hex()
    return envelopes.open_envelope(IDENTITY, ciphertext, commitment, context)


@given(contents)
@settings(deadline=None)
def test_any_json_object_comes_back(content: dict[str, Any]) -> None:
    closed = sealed(content)

    envelope = envelopes.open_envelope(
        IDENTITY, closed.sealed.ciphertext_bytes(), closed.sealed.commitment, CONTEXT
    )

    assert envelope.content == content
    assert envelope.canonical() == closed.document
    assert closed.sealed.size == sealing.bucket(len(closed.document))


def test_commitments_of_the_same_bid_differ_by_their_salt() -> None:
    commitments = {sealed().sealed.commitment for _ in range(20)}

    assert len(commitments) == 20


def test_a_supplier_can_seal_to_a_key_of_its_own_too() -> None:
    own = Identity.generate()
    closed = envelopes.seal(CONTENT, CONTEXT, KEY.recipient, also_to=[own.recipient])

    for identity in (own, IDENTITY):
        envelope = envelopes.open_envelope(
            identity, closed.sealed.ciphertext_bytes(), closed.sealed.commitment, CONTEXT
        )
        assert envelope.content == CONTENT


def test_every_flipped_byte_is_refused() -> None:
    for place in range(len(CIPHERTEXT)):
        flipped = bytearray(CIPHERTEXT)
        flipped[place] ^= 1 << place % 8
        with pytest.raises(CiphertextRefused):
            IDENTITY.decrypt(bytes(flipped))


@given(st.integers(0, len(CIPHERTEXT) - 1), st.integers(1, 255))
@settings(deadline=None)
def test_any_change_of_a_byte_is_refused(place: int, mask: int) -> None:
    changed = bytearray(CIPHERTEXT)
    changed[place] ^= mask

    with pytest.raises(CiphertextRefused):
        envelopes.open_envelope(IDENTITY, bytes(changed), CLOSED.sealed.commitment, CONTEXT)


@given(st.integers(0, len(CIPHERTEXT) - 1))
@settings(deadline=None)
def test_a_ciphertext_cut_short_is_refused(length: int) -> None:
    with pytest.raises(CiphertextRefused):
        IDENTITY.decrypt(CIPHERTEXT[:length])


def test_another_key_opens_nothing() -> None:
    with pytest.raises(CiphertextRefused):
        envelopes.open_envelope(Identity.generate(), CIPHERTEXT, CLOSED.sealed.commitment, CONTEXT)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("tender", "ocds-kerben0-0002"),
        ("tenderer", "organisation_02"),
        ("lot", None),
        ("envelope", "technical"),
        ("id", "envelope-2"),
        ("version", 2),
    ],
)
def test_an_envelope_opens_for_nothing_but_what_it_was_sealed_for(field: str, value: Any) -> None:
    other = Context.model_validate(CONTEXT.model_dump() | {field: value})

    with pytest.raises(ContextMismatch, match=f"another {field}"):
        envelopes.open_envelope(IDENTITY, CIPHERTEXT, CLOSED.sealed.commitment, other)


def test_another_commitment_is_a_mismatch() -> None:
    with pytest.raises(CommitmentMismatch):
        envelopes.open_envelope(IDENTITY, CIPHERTEXT, sealed().sealed.commitment, CONTEXT)


def test_a_document_without_its_padding_is_refused() -> None:
    for bare in (CLOSED.document, sealing.pad(CLOSED.document) + bytes(4096)):
        with pytest.raises(PaddingWrong):
            envelopes.open_envelope(
                IDENTITY,
                keys.encrypt(bare, [KEY.recipient]),
                CLOSED.sealed.commitment,
                CONTEXT,
            )


def spelled(**changed: Any) -> bytes:
    return canonical.dumps(json.loads(CLOSED.document) | changed)


def without(*path: str) -> bytes:
    found = inner = json.loads(CLOSED.document)
    for name in path[:-1]:
        inner = inner[name]
    del inner[path[-1]]
    return canonical.dumps(found)


@pytest.mark.parametrize(
    "document",
    [
        CLOSED.document + b"\n",
        json.dumps(json.loads(CLOSED.document)).encode(),
        CLOSED.document.replace(b'"amount":', b'"amount":"1","amount":'),
        CLOSED.document.replace(b'"1250.50"', b"1250.50"),
        CLOSED.document.replace(b'"1250.50"', b"NaN"),
        CLOSED.document.replace(b'"1250.50"', b"-0"),
        CLOSED.document.replace(b'"1250.50"', b"9" * 5000),
        CLOSED.document.replace(b'"1250.50"', b'"\\ud800"'),
        CLOSED.document.replace(b'"1250.50"', b'"\xff"'),
        CLOSED.document.replace(b'"1250.50"', b"[" * 100_000 + b"]" * 100_000),
        CLOSED.document.replace(b'"1250.50"', b"[" * 65 + b"]" * 65),
        b"",
        b"[]",
        spelled(format="kerben-sealed-bid/2"),
        spelled(salt="00"),
        spelled(content=[]),
        spelled(more=1),
        without("format"),
        without("context", "lot"),
        without("context", "version"),
    ],
    ids=[
        "a line feed",
        "spaces",
        "a name twice",
        "a number spelled otherwise",
        "not a number",
        "minus zero",
        "digits without end",
        "half a pair",
        "not UTF-8",
        "a bomb",
        "too deep",
        "nothing",
        "an array",
        "another format",
        "a short salt",
        "content that is no object",
        "one field more",
        "no format",
        "no lot, not even null",
        "no version",
    ],
)
def test_any_other_spelling_or_shape_is_refused(document: bytes) -> None:
    with pytest.raises(EnvelopeNotCanonical):
        opened(document)


@pytest.mark.parametrize(
    "content",
    [
        {"amount": 2**53},
        {"amount": float("nan")},
        {"amount": float("inf")},
        {"name": "\ud800"},
        {1: "one"},
        {"bytes": b"x"},
        {"text": "x" * sealing.LARGEST},
    ],
    ids=["large", "nan", "infinite", "half a pair", "not a name", "bytes", "too long"],
)
def test_what_has_no_canonical_form_is_not_sealed(content: dict[Any, Any]) -> None:
    with pytest.raises(ContentRefused):
        sealed(content)


def nested(depth: int) -> dict[str, Any]:
    value: list[Any] = []
    for _ in range(depth - 1):
        value = [value]
    return {"deep": value}


def test_what_is_nested_too_deep_to_be_opened_is_not_sealed() -> None:
    deepest = canonical.MAX_DEPTH - 2

    assert opened(sealed(nested(deepest)).document).content == nested(deepest)
    with pytest.raises(ContentRefused, match="Nested more than 64"):
        sealed(nested(deepest + 1))


def test_a_private_key_in_place_of_the_public_one_is_refused_and_not_repeated() -> None:
    with pytest.raises(KeyInvalid) as refusal:
        envelopes.seal(CONTENT, CONTEXT, IDENTITY.reveal())

    assert IDENTITY.reveal()[-20:] not in str(refusal.value)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"size": 8192}, "exactly as many bytes"),
        ({"size": 5000}, "power of two"),
        ({"size": "4096"}, "#/size"),
        ({"commitment": "A" * 64}, "#/commitment"),
        ({"ciphertext": "!"}, "#/ciphertext"),
        ({"ciphertext": ""}, "#/ciphertext"),
        ({"ciphertext": base64.b64encode(b"age").decode()}, "age v1"),
        ({"format": "kerben-sealed-bid/2"}, "#/format"),
        ({"price": 1}, "#/price"),
    ],
)
def test_what_the_server_receives_is_checked_unopened(changed: dict[str, Any], said: str) -> None:
    text = canonical.dumps(CLOSED.sealed.model_dump() | changed)

    with pytest.raises(SealedBidInvalid, match=said):
        Sealed.read(text, refused=SealedBidInvalid)


def test_a_ciphertext_of_many_chunks_has_the_size_that_it_says() -> None:
    closed = sealed({"text": "x" * 200_000})

    assert closed.sealed.size == 262_144
    assert Sealed.read(closed.sealed.canonical(), refused=SealedBidInvalid) == closed.sealed
