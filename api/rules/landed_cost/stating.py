"""What of the duties and taxes a price has in it, and what of its parts customs leave out."""

from collections.abc import Sequence

from api.rules.incoterms import Incoterm, vat_unpaid
from api.rules.landed_cost.inputs import Inputs
from api.rules.landed_cost.kinds import StatedKind

_DEDUCTED = (StatedKind.POST_BORDER_CARRIAGE, StatedKind.UNLOADING)


def leaves_vat(inputs: Inputs) -> bool:
    """True for "DDP VAT unpaid": duties and the fee are in the price, VAT is the buyer's."""
    return vat_unpaid(inputs.terms.incoterm, inputs.terms.deviations or ())


def taxes_in_price(inputs: Inputs) -> bool:
    """True when all duties and taxes at import are in the price."""
    return inputs.terms.incoterm is Incoterm.DDP and not leaves_vat(inputs)


def deducted_kinds(inputs: Inputs) -> Sequence[StatedKind]:
    """What comes off the customs value when it is documented; of a price that has the duty in it
    and leaves VAT to the buyer, the duty as well."""
    return (*_DEDUCTED, StatedKind.DUTIES) if leaves_vat(inputs) else _DEDUCTED
