"""Incoterms 2020: the rules, the matrix of obligations, and what does not fit. Pure.

`rules.py` is data, `matrix.py` says who does and pays what, `checking.py` holds the validators.
"""

from api.rules.incoterms.checking import (
    DeliveryTerms,
    Finding,
    Severity,
    check,
    check_terms,
    withdrawn,
)
from api.rules.incoterms.matrix import (
    AT_PREMISES,
    INSURED,
    MATRIX,
    Insurance,
    Obligation,
    Party,
    buyer_insures,
    names_delivery,
    party,
)
from api.rules.incoterms.rules import (
    RESTATED_FOR_LAND,
    RULES,
    VERSION,
    WITHDRAWN,
    WITHOUT_SEA_ACCESS,
    Incoterm,
    Mode,
    NamedPlace,
    Point,
    Rule,
)

__all__ = [
    "AT_PREMISES",
    "INSURED",
    "MATRIX",
    "RESTATED_FOR_LAND",
    "RULES",
    "VERSION",
    "WITHDRAWN",
    "WITHOUT_SEA_ACCESS",
    "DeliveryTerms",
    "Finding",
    "Incoterm",
    "Insurance",
    "Mode",
    "NamedPlace",
    "Obligation",
    "Party",
    "Point",
    "Rule",
    "Severity",
    "buyer_insures",
    "check",
    "check_terms",
    "names_delivery",
    "party",
    "withdrawn",
]
