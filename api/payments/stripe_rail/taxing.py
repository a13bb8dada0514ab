"""Stripe Tax, where `KERBEN_STRIPE_TAX` is set: of what the platform asks for its own service (fees and
subscriptions), which part is tax. All amounts are tax included; nothing else is taxed through us.

Stripe collects tax only where the platform has a registration
(https://docs.stripe.com/tax/registering), and silently none elsewhere: who pays from a country without
one is refused, rather than invoiced without tax.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Literal, TypedDict

from stripe import StripeClient

from api.core import settings
from api.payments.rails import RailRefused
from api.rules.minor_units import from_minor

NOT_REGISTERED = "tax_not_registered"
INCLUSIVE: Literal["inclusive"] = "inclusive"
_UNION = "oss"
"""How the types of registrations begin that cover other members of the European Union too."""
_MEMBERS = frozenset({
    "AT", "BE", "BG", "CY", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GR", "HR", "HU",
    "IE", "IT", "LT", "LU", "LV", "MT", "NL", "PL", "PT", "RO", "SE", "SI", "SK",
})  # fmt: skip
"""Of the European Union; source: https://european-union.europa.eu/principles-countries-history."""


class Automatic(TypedDict):
    """`automatic_tax` of a session or a subscription."""

    enabled: bool


def is_on() -> bool:
    """Is Stripe asked to compute tax?"""
    return settings.get().stripe_tax


def require_registered(api: StripeClient, country: str) -> None:
    """Refuse a payer's country in which Stripe would collect no tax.

    Raises RailRefused(tax_not_registered) or stripe.StripeError.
    """
    listed = api.v1.tax.registrations.list({"status": "active", "limit": 100})
    for each in listed.auto_paging_iter():
        told = each.to_dict()
        options = (told.get("country_options") or {}).get(told["country"].lower()) or {}
        union = str(options.get("type", "")).startswith(_UNION) and country in _MEMBERS
        if told["country"] == country or union:
            return
    raise RailRefused(NOT_REGISTERED, f"Stripe Tax has no active registration for {country}.")


def of_invoice(told: Mapping[str, Any], currency: str) -> Decimal | None:
    """The tax in the total of Stripe's invoice; None when Stripe was not asked for it."""
    if not (told.get("automatic_tax") or {}).get("enabled"):
        return None
    units = sum(each["amount"] for each in told.get("total_taxes") or ())
    return from_minor(units, currency)


def of_session(told: Mapping[str, Any], currency: str) -> Decimal | None:
    """The tax in what was paid on a page of Stripe; None when Stripe was not asked for it."""
    if not (told.get("automatic_tax") or {}).get("enabled"):
        return None
    return from_minor((told.get("total_details") or {}).get("amount_tax") or 0, currency)
