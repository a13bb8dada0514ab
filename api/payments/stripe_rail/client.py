"""The SDK's client of this process, and what its errors mean for money."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

import stripe
from stripe import RequestsClient, StripeClient

from api.core import settings
from api.payments.rails import RailRefused, RailUnavailable

TIMEOUT_SECONDS = (5.0, 20.0)
RETRIES = 2
_LATER = frozenset({"balance_insufficient", "insufficient_funds", "lock_timeout", "rate_limit"})
"""Codes of refusals that time may lift: a charge's money is pending for some days."""

logging.getLogger("stripe").setLevel(logging.WARNING)  # its debug lines hold bodies


class StripeOff(RailUnavailable):
    """No key is configured."""


def is_on() -> bool:
    """True when there is a key."""
    return settings.get().stripe_key is not None


def get() -> StripeClient:
    """The client, pinned to the configured API version. Raises StripeOff."""
    config = settings.get()
    if config.stripe_key is None:
        raise StripeOff("KERBEN_STRIPE_KEY is not set.")
    return _client(
        config.stripe_key.get_secret_value(), config.stripe_version, config.stripe_api_url
    )


def is_live() -> bool:
    """True when the key moves real money."""
    key = settings.get().stripe_key
    return key is not None and key.get_secret_value().startswith("rk_live_")


@contextmanager
def calls() -> Iterator[None]:
    """Say of a failed call whether nothing was done, finally (RailRefused), or that nobody knows.

    A key used for another request, or one that may do nothing, is our own fault and proves nothing
    about the money: it is RailUnavailable, to be looked into, and never a failed payment.
    """
    try:
        yield
    except (
        stripe.APIConnectionError,
        stripe.APIError,
        stripe.RateLimitError,
        stripe.IdempotencyError,
        stripe.AuthenticationError,
        stripe.PermissionError,
        stripe.InsufficientFundsError,
    ) as error:
        raise RailUnavailable(_told(error)) from error
    except stripe.StripeError as error:
        if error.code in _LATER:
            raise RailUnavailable(_told(error)) from error
        raise RailRefused(error.code or type(error).__name__, _told(error)) from error


def _told(error: stripe.StripeError) -> str:
    """For logs and operators: what happened and which request, and nothing that was sent."""
    told = f"{type(error).__name__} {error.code or ''} {error.request_id or ''}"
    return " ".join(told.split())


@cache
def _client(key: str, version: str, url: str | None) -> StripeClient:
    return StripeClient(
        key,
        stripe_version=version,
        max_network_retries=RETRIES,
        base_addresses={"api": url, "connect": url, "files": url} if url else None,
        http_client=RequestsClient(timeout=TIMEOUT_SECONDS),
    )
