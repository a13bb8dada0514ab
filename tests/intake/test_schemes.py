import base64
import json
import time
from datetime import UTC, datetime, timedelta

import pytest
import stripe
from hypothesis import given
from hypothesis import strategies as st
from starlette.datastructures import Headers

from api.intake.schemes import (
    SharedSecret,
    SignatureHeader,
    StandardWebhooks,
    StripeSignature,
    hmac_sha256,
)
from tests.intake import signing
from tests.intake.signing import KEY, WHPK, WHSEC

NOW = datetime.now(UTC)
STANDARD, STRIPE = StandardWebhooks(), StripeSignature()
IDS = st.text("abcdefghijklmnopqrstuvwxyz0123456789_-", min_size=1, max_size=60)


def test_the_example_of_the_reference_libraries_of_standard_webhooks_fits() -> None:
    secret, body = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", b'{"test": 2432232314}'
    headers = {
        "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "webhook-timestamp": "1614265330",
        "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    }
    then = datetime.fromtimestamp(1614265330, UTC)
    assert STANDARD.fits(secret, body, headers, then)
    assert not STANDARD.fits(secret[:-1] + "x", body, headers, then)
    assert not STANDARD.fits(secret, body + b" ", headers, then)


def test_what_stripes_own_library_takes_is_taken_and_what_it_refuses_is_refused() -> None:
    body = json.dumps({"id": "evt_1", "object": "event", "note": "сом, 元"}).encode()
    fresh = signing.stripe(body, "whsec_test_1")
    old = signing.stripe(body, "whsec_test_1", at=time.time() - 400)
    for headers, secret, fits in (
        (fresh, "whsec_test_1", True),
        (fresh, "whsec_test_2", False),
        (old, "whsec_test_1", False),
    ):
        try:
            stripe.Webhook.construct_event(  # type: ignore[no-untyped-call]
                body, headers["Stripe-Signature"], secret
            )
            taken = True
        except stripe.SignatureVerificationError:
            taken = False
        now = datetime.now(UTC)
        assert (STRIPE.fits(secret, body, Headers(headers), now), taken) == (fits, fits)


@given(st.binary(max_size=300), IDS, st.integers(0, 10**6), st.booleans())
def test_one_bit_more_or_less_fits_no_longer(
    body: bytes, id: str, place: int, asymmetric: bool
) -> None:
    secret = WHPK if asymmetric else WHSEC
    headers = signing.standard(body, id, at=NOW.timestamp(), key=None if asymmetric else KEY)
    assert STANDARD.fits(secret, body, headers, NOW)
    assert not STANDARD.fits(WHSEC if asymmetric else WHPK, body, headers, NOW)
    altered = bytearray(body + b"\0")
    altered[place % len(altered)] ^= 1 << place % 8
    assert not STANDARD.fits(secret, bytes(altered), headers, NOW)
    assert not STANDARD.fits(secret, body, {**headers, "webhook-id": id + "x"}, NOW)


@pytest.mark.parametrize("seconds", [-301, -300, 0, 300, 301])
def test_a_signed_moment_is_taken_within_five_minutes_either_way(seconds: int) -> None:
    body, now = b"{}", datetime.fromtimestamp(1_800_000_000, UTC)
    moment = (now + timedelta(seconds=seconds)).timestamp()
    near = abs(seconds) <= 300
    standard = signing.standard(body, at=moment)
    assert STANDARD.fits(WHSEC, body, standard, now) is near
    header = Headers(signing.stripe(body, "whsec_a_secret", at=moment))
    assert STRIPE.fits("whsec_a_secret", body, header, now) is near


@pytest.mark.parametrize(
    "change",
    [
        {"webhook-id": ""},
        {"webhook-id": "a.b"},
        {"webhook-timestamp": ""},
        {"webhook-timestamp": "1e9"},
        {"webhook-timestamp": "-1"},
        {"webhook-timestamp": "٣٤٥"},
        {"webhook-timestamp": "9" * 400},
        {"webhook-signature": ""},
        {"webhook-signature": "v1"},
        {"webhook-signature": "v1,,"},
        {"webhook-signature": "v1,ключ"},
        {"webhook-signature": " , v2,abc"},
    ],
)
def test_headers_that_make_no_sense_are_a_wrong_signature(change: dict[str, str]) -> None:
    headers = signing.standard(b"{}", at=NOW.timestamp())
    assert STANDARD.fits(WHSEC, b"{}", headers, NOW)
    assert not STANDARD.fits(WHSEC, b"{}", {**headers, **change}, NOW)


def test_one_of_several_signatures_is_enough() -> None:
    headers = signing.standard(b"{}", at=NOW.timestamp())
    both = f"v1a,AAAA v1,{base64.b64encode(bytes(32)).decode()} {headers['webhook-signature']}"
    assert STANDARD.fits(WHSEC, b"{}", {**headers, "webhook-signature": both}, NOW)


@pytest.mark.parametrize("header", ["", "t=1", "t=1,t=2,v1=a", "v1=a", "t=x,v1=a", "=", "t=,v1="])
def test_a_stripe_header_that_makes_no_sense_is_a_wrong_signature(header: str) -> None:
    assert not STRIPE.fits("whsec_a_secret", b"{}", {STRIPE.header: header}, NOW)


def test_secrets_of_another_form_are_refused_without_being_repeated() -> None:
    for secret in ("whsk_" + base64.b64encode(bytes(64)).decode(), "whsec_c2hvcnQ=", "whpk_AAAA"):
        with pytest.raises(ValueError, match="wh") as refused:
            STANDARD.check(secret)
        assert secret.partition("_")[2] not in str(refused.value)
    for scheme in (STRIPE, SharedSecret("X-Token"), SignatureHeader("X-Signature", hmac_sha256)):
        with pytest.raises(ValueError, match="at least 8"):
            scheme.check("seven..")
