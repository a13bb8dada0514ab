"""Milestones that decide over the contract: what of its performance an actual event shows. Pure.

Source: ICC Incoterms 2020 (where delivery is made, in our own words). Under the sea rules goods
are handed over on board (FAS: alongside, for which no tracking code exists, so that loading is
taken); under the others with the carrier.
"""

from api.rules.incoterms import Incoterm
from api.rules.tracking.milestones import Milestone

_M = Milestone
ON_BOARD = frozenset({Incoterm.FAS, Incoterm.FOB, Incoterm.CFR, Incoterm.CIF})


def handover(incoterm: Incoterm | None) -> tuple[Milestone, ...]:
    """The milestones that show the handing over to the carrier, the first that is there counts."""
    if incoterm in ON_BOARD:
        return (_M.LOADED,)
    return (_M.PICKED_UP, _M.DEPARTED)
