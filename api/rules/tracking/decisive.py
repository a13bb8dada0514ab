"""Milestones that decide over the contract: what of its performance they show. Pure.

Source: ICC Incoterms 2020 (where delivery is made, in our own words). Under the sea rules goods
are handed over on board (FAS: alongside, for which no tracking code exists, so that loading is
taken); under the others with the carrier.
"""

from api.rules.incoterms import Incoterm
from api.rules.schedules import PerformanceEvent
from api.rules.tracking.milestones import Milestone

_M = Milestone
PERFORMANCE = {PerformanceEvent.ARRIVED: _M.DELIVERED}
"""What actual events prove of a contract's performance, with the quantities of the despatch advice.

That goods lie ready is told by the supplier's notice, the handing over by its despatch advice, the
receipt by the buyer: told again here, the same goods would count twice.
"""
ON_BOARD = frozenset({Incoterm.FAS, Incoterm.FOB, Incoterm.CFR, Incoterm.CIF})


def handover(incoterm: Incoterm | None) -> tuple[Milestone, ...]:
    """The milestones that show the handing over to the carrier, the first that is there counts."""
    if incoterm in ON_BOARD:
        return (_M.LOADED,)
    return (_M.PICKED_UP, _M.DEPARTED)
