"""Who pays each charge of a route under the terms of a price: the matrix, laid along the way."""

from api.rules.incoterms import (
    RESTATED_FOR_LAND,
    RULES,
    WITHOUT_SEA_ACCESS,
    Incoterm,
    Mode,
    Obligation,
    Party,
    moved_to,
    names_delivery,
    party,
)
from api.rules.incoterms.checking import SEA_LEGS
from api.rules.landed_cost.inputs import Charge, Inputs, Route, Terms
from api.rules.landed_cost.kinds import ChargeKind

_AS_IN_MATRIX = {
    ChargeKind.LOADING: Obligation.LOADING,
    ChargeKind.EXPORT_CLEARANCE: Obligation.EXPORT_CLEARANCE,
    ChargeKind.TRANSIT: Obligation.TRANSIT,
    ChargeKind.IMPORT_CLEARANCE: Obligation.IMPORT_CLEARANCE,
}


def evaluated_as(inputs: Inputs) -> Incoterm:
    """The rule by which a price is taken: its own, or the land rule in place of a sea rule."""
    term = inputs.terms.incoterm
    by_land = inputs.destination_country in WITHOUT_SEA_ACCESS or (
        inputs.route is not None and inputs.route.mode.value not in SEA_LEGS
    )
    if RULES[term].mode is Mode.SEA and by_land:
        return RESTATED_FOR_LAND[term]
    return term


def at_premises(term: Incoterm, terms: Terms) -> bool:
    """True when the goods are taken over at the seller's own premises."""
    return term is Incoterm.EXW or (term is Incoterm.FCA and bool(terms.is_seller_premises))


def payer(charge: Charge, route: Route, term: Incoterm, terms: Terms) -> Party:
    """Who pays a charge. `term` is the rule by which the price is taken.

    Under E and F rules, carriage up to the named place is the seller's pre-carriage, and from there
    on the buyer's; under EXW, and FCA at the seller's premises, the goods are at the named place to
    begin with, and nothing arises before it. Under C and D rules carriage is the seller's up to the
    named place. Handling at the yard that FCA names is the buyer's (unloading of the seller's
    truck), unless the seller unloads or stows. The bank's charges are always the buyer's. What a
    deviation from the price's own rule moves is paid by whom it is moved to.
    """
    premises = at_premises(term, terms)
    if charge.kind is ChargeKind.PAYMENT:
        return Party.BUYER
    if (agreed := _agreed(charge, route, terms)) is not None:
        return agreed
    if charge.kind in _AS_IN_MATRIX:
        return party(_AS_IN_MATRIX[charge.kind], term, is_seller_premises=premises)
    if charge.kind is ChargeKind.UNLOADING:
        if not names_delivery(term) and terms.place_code != route.places[-1]:
            return Party.BUYER
        return party(Obligation.UNLOADING, term, unloading_in_carriage=terms.unloading_in_carriage)
    if _before_named_place(charge, route, terms.place_code):
        return Party.NOT_APPLICABLE if premises else Party.SELLER
    return Party.BUYER


def _agreed(charge: Charge, route: Route, terms: Terms) -> Party | None:
    """Who pays a charge by a deviation; None where there is none for it."""
    if not terms.deviations:
        return None
    rows: tuple[Obligation, ...] = ()
    if charge.kind in _AS_IN_MATRIX:
        rows = (_AS_IN_MATRIX[charge.kind],)
    elif charge.kind is ChargeKind.UNLOADING and terms.place_code == route.places[-1]:
        rows = (Obligation.UNLOADING,)
    elif charge.kind is ChargeKind.HANDLING and charge.from_place == terms.place_code:
        rows = (Obligation.YARD_UNLOADING, Obligation.STOWAGE)
    found = (moved_to(row, terms.incoterm, terms.deviations) for row in rows)
    return next((each for each in found if each is not None), None)


def splits(charge: Charge, route: Route, place: str) -> bool:
    """True when the named place lies within the stage that a charge is for."""
    if charge.to_place is None:
        return False
    named = route.places.index(place)
    return route.places.index(charge.from_place) < named < route.places.index(charge.to_place)


def _before_named_place(charge: Charge, route: Route, place: str) -> bool:
    named = route.places.index(place)
    if charge.to_place is None:
        return route.places.index(charge.from_place) < named
    return route.places.index(charge.to_place) <= named
