"""The rails that there are, by name."""

from api.payments.rails import Rail, RailRefused
from api.payments.rails.bank_transfer import BankTransferRail
from api.payments.stripe_rail.rail import StripeRail
from api.rules.rails import RailName

RAILS: dict[RailName, Rail] = {
    RailName.STRIPE: StripeRail(),
    RailName.BANK_TRANSFER: BankTransferRail(),
}


def find(name: RailName) -> Rail:
    """The rail of a name. Raises RailRefused for one that moves no money."""
    rail = RAILS.get(name)
    if rail is None:
        raise RailRefused("rail_unknown", f"{name} moves no money here.")
    return rail
