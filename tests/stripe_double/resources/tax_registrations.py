"""Registrations of Stripe Tax: where the platform collects it. `act("register_tax")` makes one."""

from typing import Any

from tests.stripe_double.operations import Call, serves
from tests.stripe_double.world import World

Json = dict[str, Any]


def register(world: World, country: str, rate_bp: int, type: str = "simplified") -> Json:
    """A registration that counts from now on, and the rate that the double computes with."""
    now = world.now()
    return world.new(
        "tax.registration",
        "taxreg",
        active_from=now,
        country=country,
        country_options={country.lower(): {"type": type}},
        status="active",
        _rate_bp=rate_bp,
    )


@serves("v1.tax.registrations.list")
def list_(call: Call) -> Json:
    held = call.world.all("tax.registration")
    filters = [] if call.get("status") in (None, "all") else ["status"]
    return call.world.listed(held, call.params, "/v1/tax/registrations", filters=filters)
