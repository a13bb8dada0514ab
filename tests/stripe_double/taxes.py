"""Stripe Tax: what of an inclusive amount is tax, by the customer's country and the registrations."""

from typing import Any

from tests.stripe_double.errors import invalid
from tests.stripe_double.world import World

Json = dict[str, Any]
OFF: Json = {"enabled": False, "liability": None, "disabled_reason": None}
ON: Json = {"enabled": True, "liability": {"type": "self"}, "disabled_reason": None}


def asked(given: Json) -> bool:
    """Whether a request wants `automatic_tax`."""
    return bool((given.get("automatic_tax") or {}).get("enabled"))


def require(world: World, customer: Json | None, prices: list[Json]) -> None:
    """What Stripe refuses to compute a tax of."""
    if any(price["tax_behavior"] == "unspecified" for price in prices):
        raise invalid(
            "The price has an unspecified `tax_behavior`, which automatic tax does not take.",
            param="automatic_tax",
        )
    if any(price["tax_behavior"] != "inclusive" for price in prices):
        raise invalid("the double computes inclusive taxes only", param="tax_behavior")
    if customer is not None and not (customer.get("address") or {}).get("country"):
        raise invalid(
            "The customer's location isn't recognized.",
            param="automatic_tax",
            code="customer_tax_location_invalid",
        )


def within(world: World, customer: Json, amount: int) -> Json:
    """The tax in an amount, as an invoice's `total_taxes` tells it: nothing without a registration."""
    country = customer["address"]["country"]
    rates = [
        each["_rate_bp"]
        for each in world.all("tax.registration")
        if each["country"] == country and each["status"] == "active"
    ]
    rate = rates[0] if rates else 0
    tax = amount - round(amount * 10_000 / (10_000 + rate))
    return {
        "amount": tax,
        "tax_behavior": "inclusive",
        "tax_rate_details": None,
        "taxability_reason": "standard_rated" if rates else "not_collecting",
        "taxable_amount": amount - tax if rates else 0,
        "type": "tax_rate_details",
    }
