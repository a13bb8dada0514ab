"""A canary in a bid, and every private key, are seen nowhere but in an opened envelope."""

import base64
import copy
import logging
import pickle
import traceback
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from api.core.errors import Problem
from api.procurement.sealing import canonical, ceremony, envelopes, keys, opening
from api.procurement.sealing.ceremony import Share, TenderKey
from api.procurement.sealing.envelopes import Envelope, Sealed
from api.procurement.sealing.keys import Identity
from api.procurement.sealing.problems import SealedBidInvalid, TenderKeyInvalid
from api.procurement.sealing.receipts import Receipt
from api.rules import sealing
from api.rules.policy import SealingMode
from tests.procurement.sealing.samples import (
    CONTEXT,
    HOLDERS,
    IDENTITY,
    KEY,
    OPENS_AT,
    sealed,
    session,
    signed_receipt,
)

CANARY = "canary-918273645.11"
CONTENT = {"amount": CANARY}
CLOSED = sealed(CONTENT)
SHARES = [ceremony.own_share(each, KEY) for each in HOLDERS]
SECRETS = [
    CANARY,
    base64.b64encode(CANARY.encode()).decode()[:-4],
    CANARY.encode().hex(),
    IDENTITY.reveal(),
    IDENTITY.secret().hex(),
    *(each.reveal() for each in HOLDERS),
    *(share.words for share in SHARES),
    *(" ".join(share.words.split()[3:8]) for share in SHARES),
]


def assert_silent(text: str) -> None:
    for number, secret in enumerate(SECRETS):
        assert secret.lower() not in text.lower(), f"secret {number} was shown"


def test_the_canary_would_be_found() -> None:
    with pytest.raises(AssertionError, match="secret 0"):
        assert_silent(CLOSED.document.decode())


def test_nothing_that_leaves_the_supplier_shows_the_bid() -> None:
    receipt = Receipt(
        context=CONTEXT,
        commitment=CLOSED.sealed.commitment,
        ciphertext_sha256=CLOSED.sealed.ciphertext_sha256(),
        size=CLOSED.sealed.size,
        received_at="2026-12-01T05:00:00.000000Z",
        sealing=SealingMode.CLIENT,
        sequence=1,
    )
    signed = signed_receipt(receipt, Ed25519PrivateKey.generate())

    for sent in (CLOSED.sealed.canonical(), CLOSED.sealed.ciphertext_bytes(), signed.canonical()):
        assert_silent(sent.decode("latin-1"))


def test_nothing_that_leaves_a_ceremony_or_a_holder_shows_a_key() -> None:
    to = session(Identity.generate())

    for sent in (
        KEY.canonical(),
        to.canonical(),
        opening.release(HOLDERS[0], KEY, to, now=OPENS_AT),
    ):
        assert_silent(sent.decode("latin-1"))


def test_no_representation_shows_a_secret() -> None:
    opened = envelopes.check_document(CLOSED.document, CLOSED.sealed.commitment, CONTEXT)
    release = opening.Release(session="1", root="0" * 64, share=SHARES[0])

    for thing in (IDENTITY, HOLDERS, CLOSED, opened, SHARES, release, KEY):
        assert_silent(f"{thing!r} {thing}")
    assert repr(IDENTITY) == f"Identity({IDENTITY.recipient})"


@pytest.mark.parametrize("write", [pickle.dumps, copy.copy, copy.deepcopy])
def test_a_private_key_is_not_written_or_copied(write: Callable[[object], object]) -> None:
    with pytest.raises(TypeError, match="not written anywhere"):
        write(IDENTITY)


def _encrypted(document: bytes) -> bytes:
    return keys.encrypt(sealing.pad(document), [KEY.recipient])


def _opened(document: bytes) -> object:
    commitment = sealing.commitment(document).hex()
    return envelopes.open_envelope(IDENTITY, _encrypted(document), commitment, CONTEXT)


def refusals() -> Iterator[tuple[str, Callable[[], Any]]]:
    """Ways to be refused with secrets in hand."""
    document, other = CLOSED.document, CONTEXT.model_copy(update={"version": 2})
    words = SHARES[0].model_copy(update={"words": SHARES[0].words + " academic"})
    yield "not canonical", lambda: _opened(document + b" ")
    yield "not JSON", lambda: _opened(document[:-1])
    yield (
        "a wrong field",
        lambda: _opened(canonical.dumps({**canonical.loads(document), "salt": CANARY})),
    )
    yield (
        "no padding",
        lambda: envelopes.open_envelope(
            IDENTITY, keys.encrypt(document, [KEY.recipient]), CLOSED.sealed.commitment, CONTEXT
        ),
    )
    yield "another commitment", lambda: envelopes.check_document(document, "0" * 64, CONTEXT)
    yield (
        "another context",
        lambda: envelopes.check_document(document, CLOSED.sealed.commitment, other),
    )
    yield "no canonical form", lambda: sealed({CANARY: float("nan")})
    yield "a lone surrogate", lambda: sealed({"x": CANARY + "\ud800"})
    yield "a large number", lambda: sealed({CANARY: 2**60})
    yield "no sealed bid", lambda: Sealed.read(document, refused=SealedBidInvalid)
    yield (
        "a bid in the size",
        lambda: Sealed.read(
            canonical.dumps({**CLOSED.sealed.model_dump(), "size": CANARY}),
            refused=SealedBidInvalid,
        ),
    )
    yield (
        "a key in a key",
        lambda: TenderKey.read(
            canonical.dumps({**KEY.model_dump(mode="json"), "recipient": IDENTITY.reveal()}),
            refused=TenderKeyInvalid,
        ),
    )
    yield "no identity", lambda: Identity(IDENTITY.reveal()[:-1] + "!")
    yield "a private recipient", lambda: keys.encrypt(b"x", [IDENTITY.reveal().lower()])
    yield "words of another share", lambda: ceremony.combine([SHARES[0].words, words.words])
    yield "a changed share", lambda: ceremony.check_share(words, KEY)
    yield "too few shares", lambda: opening.recover(SHARES[:2], KEY)
    yield "shares twice", lambda: opening.recover([SHARES[0]] * 3, KEY)
    yield "not a share", lambda: ceremony.checked_share(SHARES[0].canonical()[:-1], KEY)


@pytest.mark.parametrize("refused", [pytest.param(call, id=name) for name, call in refusals()])
def test_no_refusal_shows_a_secret(
    refused: Callable[[], Any],
    caplog: pytest.LogCaptureFixture,
    capsys: pytest.CaptureFixture[str],
) -> None:
    caplog.set_level(logging.DEBUG)

    with pytest.raises(Problem) as refusal:
        refused()

    problem = refusal.value
    assert problem.__cause__ is None
    assert problem.__context__ is None
    assert_silent(problem.body().model_dump_json())
    assert_silent("".join(traceback.format_exception_only(problem)))
    assert_silent(caplog.text)
    assert_silent("".join(capsys.readouterr()))


def test_what_pydantic_refuses_shows_no_value_either() -> None:
    for kind, fields in ((Share, SHARES[0].model_dump()), (Envelope, {"salt": CANARY})):
        with pytest.raises(ValueError, match="validation error") as refusal:
            kind.model_validate({**fields, "unknown": CANARY})
        assert_silent(str(refusal.value))
