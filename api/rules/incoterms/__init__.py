"""Incoterms 2020: the rules, the matrix of obligations, and what does not fit. Pure.

`rules.py` is data, `matrix.py` says who does and pays what, `deviations.py`
what may be agreed otherwise, `checking.py` holds the validators.
"""

from api.rules.incoterms.checking import (
    DeliveryTerms,
    Finding,
    Severity,
    check,
    check_terms,
    withdrawn,
)
from api.rules.incoterms.deviations import (
    DEVIATIONS,
    MOST_DEVIATIONS,
    Deviation,
    agreed_party,
    deviation_faults,
    deviation_words,
    exporter,
    moved,
    moved_to,
    read_deviation,
    vat_unpaid,
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
    "DEVIATIONS",
    "INSURED",
    "MATRIX",
    "MOST_DEVIATIONS",
    "RESTATED_FOR_LAND",
    "RULES",
    "VERSION",
    "WITHDRAWN",
    "WITHOUT_SEA_ACCESS",
    "DeliveryTerms",
    "Deviation",
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
    "agreed_party",
    "buyer_insures",
    "check",
    "check_terms",
    "deviation_faults",
    "deviation_words",
    "exporter",
    "moved",
    "moved_to",
    "names_delivery",
    "party",
    "read_deviation",
    "vat_unpaid",
    "withdrawn",
]
