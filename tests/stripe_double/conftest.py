"""The double's own suite: the real SDK against the double, or against Stripe's test mode.

With `KERBEN_TEST_STRIPE_KEY` (`sk_test_…`) the same tests speak to Stripe; those that play a payer,
a bank or the clock need the double and are skipped there. No test here needs the database.
"""

import os
from collections.abc import Callable, Iterator
from typing import Any
from uuid import uuid4

import pytest
from stripe import StripeClient

from tests.stripe_double import server, shapes
from tests.stripe_double.server import Double

KEY = os.environ.get("KERBEN_TEST_STRIPE_KEY")


@pytest.fixture(scope="session", autouse=True)
def _database() -> None:
    """In place of the database of the other tests."""


@pytest.fixture(autouse=True)
def _empty_tables() -> None:
    """In place of the cleaning of the other tests."""


@pytest.fixture(scope="session")
def _running() -> Iterator[Double]:
    with server.running() as double:
        yield double


@pytest.fixture
def double(_running: Double) -> Iterator[Double]:
    """The double, empty; whatever a test makes there has the shape that the SDK promises."""
    if KEY:
        pytest.skip("plays what happens outside Stripe's API: needs the double")
    _running.reset()
    yield _running
    assert [fault for made in _running.act("objects") for fault in shapes.differences(made)] == []


@pytest.fixture
def client(request: pytest.FixtureRequest) -> StripeClient:
    """The SDK, speaking to Stripe's test mode when there is a key, else to the double."""
    if KEY:
        return StripeClient(KEY, max_network_retries=0)
    double: Double = request.getfixturevalue("double")
    return double.client()


@pytest.fixture
def paid(client: StripeClient) -> Callable[..., Any]:
    """Take a payment by card: `paid(7000, method="pm_card_visa", **more)`."""

    def pay(amount: int, method: str = "pm_card_bypassPending", **more: Any) -> Any:
        return client.v1.payment_intents.create(
            {
                "amount": amount,
                "currency": "usd",
                "payment_method": method,
                "allowed_payment_method_types": ["card"],
                "confirm": True,
                "expand": ["latest_charge"],
                **more,
            }
        )

    return pay


@pytest.fixture
def unique() -> str:
    return f"kerben-{uuid4().hex}"
