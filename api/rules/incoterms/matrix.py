"""Who does and pays what under each rule of Incoterms 2020: the obligations matrix. Pure data.

Source: the groups and the order of ICC's chart of Incoterms 2020, in our own words. Cells that
were read in one secondary source only are in `UNVERIFIED`. Stowage goes with the contract of the
main carriage.
"""

from dataclasses import dataclass
from enum import StrEnum

from api.rules.incoterms.rules import RULES, Incoterm, NamedPlace, Point


class Obligation(StrEnum):
    """A row of the matrix: something that one side does at its own cost."""

    PACKAGING = "packaging_marking"
    LOADING = "loading_at_sellers_premises"
    PRE_CARRIAGE = "pre_carriage"
    YARD_UNLOADING = "unloading_at_fca_yard"
    EXPORT_CLEARANCE = "export_clearance"
    ORIGIN_TERMINAL = "origin_terminal"
    STOWAGE = "stowage"
    MAIN_CARRIAGE = "main_carriage"
    INSURANCE = "insurance"
    TRANSIT = "transit_formalities"
    UNLOADING = "unloading_at_destination"
    IMPORT_CLEARANCE = "import_clearance"
    IMPORT_TAXES = "import_duty_vat_fees"


class Party(StrEnum):
    """Who: `nobody` is bound where a rule leaves it open, `not_applicable` where it cannot arise."""

    SELLER = "seller"
    BUYER = "buyer"
    NOBODY = "nobody"
    NOT_APPLICABLE = "not_applicable"


class Cover(StrEnum):
    """Institute Cargo Clauses by which the seller has to insure."""

    ICC_A = "ICC(A)"
    ICC_C = "ICC(C)"


@dataclass(frozen=True, slots=True)
class Insurance:
    """What a seller who has to insure must buy: the clauses, and the part of the price insured."""

    cover: Cover
    coverage_percent: int


_ORDER = tuple(Incoterm)
_PARTIES = {"S": Party.SELLER, "B": Party.BUYER, "-": Party.NOBODY, "/": Party.NOT_APPLICABLE}
# The columns are in the order of Incoterm: EXW FCA CPT CIP DAP DPU DDP FAS FOB CFR CIF.
_ROWS = {
    Obligation.PACKAGING: "SSSSSSSSSSS",
    Obligation.LOADING: "BSSSSSSSSSS",
    Obligation.PRE_CARRIAGE: "BSSSSSSSSSS",
    Obligation.YARD_UNLOADING: "/BSSSSS////",
    Obligation.EXPORT_CLEARANCE: "BSSSSSSSSSS",
    Obligation.ORIGIN_TERMINAL: "BBSSSSSBSSS",
    Obligation.STOWAGE: "BBSSSSSBBSS",
    Obligation.MAIN_CARRIAGE: "BBSSSSSBBSS",
    Obligation.INSURANCE: "---S------S",
    Obligation.TRANSIT: "BBBBSSSBBBB",
    Obligation.UNLOADING: "BBBBBSBBBBB",
    Obligation.IMPORT_CLEARANCE: "BBBBBBSBBBB",
    Obligation.IMPORT_TAXES: "BBBBBBSBBBB",
}
MATRIX: dict[Obligation, dict[Incoterm, Party]] = {
    row: {term: _PARTIES[cell] for term, cell in zip(_ORDER, cells, strict=True)}
    for row, cells in _ROWS.items()
}
"""The whole matrix, FCA at another place than the seller's premises."""

AT_PREMISES: dict[Obligation, Party] = {
    Obligation.PRE_CARRIAGE: Party.BUYER,
    Obligation.YARD_UNLOADING: Party.NOT_APPLICABLE,
}
"""The two rows of FCA that are others when the named place is the seller's own premises: the
seller loads the buyer's vehicle there, and carriage from there on is the buyer's."""

UNLESS_IN_CARRIAGE = frozenset({Incoterm.CPT, Incoterm.CIP, Incoterm.CFR, Incoterm.CIF})
"""Rules under which unloading is the seller's when its contract of carriage has it in."""

UNVERIFIED = frozenset(
    {(row, Incoterm.FAS) for row in Obligation}
    | {(row, term) for row in (Obligation.TRANSIT, Obligation.STOWAGE) for term in Incoterm}
)
"""Cells that were not read in two sources: the column FAS and the rows of transit
formalities and of stowage."""

INSURED: dict[Incoterm, Insurance] = {
    Incoterm.CIP: Insurance(Cover.ICC_A, 110),
    Incoterm.CIF: Insurance(Cover.ICC_C, 110),
}

_RISK_AT_DESTINATION = frozenset({Point.READY_FOR_UNLOADING, Point.UNLOADED, Point.CLEARED})


def party(
    obligation: Obligation,
    term: Incoterm,
    *,
    is_seller_premises: bool = False,
    unloading_in_carriage: bool = False,
) -> Party:
    """Who does and pays for `obligation` under `term`.

    `is_seller_premises` counts under FCA alone: it says that the named place is the seller's
    premises. `unloading_in_carriage` counts under the C rules: the seller's contract of carriage
    has unloading in it, and the seller cannot recover it.
    """
    if term is Incoterm.FCA and is_seller_premises and obligation in AT_PREMISES:
        return AT_PREMISES[obligation]
    if obligation is Obligation.UNLOADING and unloading_in_carriage and term in UNLESS_IN_CARRIAGE:
        return Party.SELLER
    return MATRIX[obligation][term]


def names_delivery(term: Incoterm) -> bool:
    """True when the named place is where the seller delivers (E and F rules), not where the
    carriage that it pays ends."""
    return RULES[term].named_place in (NamedPlace.DELIVERY, NamedPlace.PORT_OF_SHIPMENT)


def buyer_insures(term: Incoterm) -> bool:
    """True when the buyer bears the risk of the main carriage and the seller need not insure it."""
    return RULES[term].risk_point not in _RISK_AT_DESTINATION and term not in INSURED
