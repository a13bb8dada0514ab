"""Delivery terms of a line: the Incoterm, its named place, and what is agreed otherwise.

An agreed change of the rule is a `cbc:SpecialTerms` in the words of the trade: `loaded`, `VAT unpaid`.
A special term that is none of ours is refused: it would bind, and here nobody would keep it.
"""

from typing import Any

from api.contracts.schemas import ScheduleRowIn
from api.core.xml_files import Element
from api.delivery.ubl.documents import cac, cbc, find, find_all, path_of, refused, text_of
from api.rules import incoterms

INCOTERMS = "INCOTERMS"


def write_terms(row: ScheduleRowIn) -> Element | None:
    """The terms of a row as cac:DeliveryTerms; None for a row without an Incoterm."""
    if row.incoterm is None:
        return None
    return cac(
        "DeliveryTerms",
        cbc("ID", row.incoterm, schemeID=INCOTERMS, schemeVersionID=row.incoterm_version),
        *(cbc("SpecialTerms", incoterms.deviation_words(each)) for each in row.deviations or ()),
        cac("DeliveryLocation", cbc("Name", row.named_place)),
    )


def read_terms(item: Element, whole: Element | None) -> tuple[dict[str, Any], dict[str, str]]:
    """What a line says about its terms, and the element behind each field; a line without
    cac:DeliveryTerms has those of the `whole` document, if it has any.

    Raises Invalid for another scheme, or a special term that is no deviation.
    """
    own = find(item, "cac:DeliveryTerms")
    terms = whole if own is None else own
    if terms is None:
        return {}, {}
    code, place = find(terms, "cbc:ID"), find(terms, "cac:DeliveryLocation", "cbc:Name")
    if code is not None and code.get("schemeID") not in (None, INCOTERMS):
        raise refused(code, "scheme", f"Delivery terms are of the scheme {INCOTERMS}.")
    special = [each for each in find_all(terms, "cbc:SpecialTerms") if text_of(each) is not None]
    values: dict[str, Any] = {
        "incoterm": text_of(code),
        "incoterm_version": None if code is None else code.get("schemeVersionID"),
        "named_place": text_of(place),
        "deviations": [_deviation(each, text_of(code)) for each in special] or None,
    }
    at = path_of(terms if code is None else code)
    places = {"incoterm": at, "incoterm_version": at, "deviations": path_of(terms)}
    if place is not None:
        places["named_place"] = path_of(place)
    places |= {f"deviations/{n}": path_of(each) for n, each in enumerate(special)}
    return values, places


def _deviation(element: Element, term: str | None) -> str:
    found = incoterms.read_deviation(text_of(element) or "", term)
    if found is None:
        known = ", ".join(map(incoterms.deviation_words, incoterms.Deviation))
        raise refused(element, "unknown_deviation", f"Special terms are one of: {known}.")
    return found.value
