"""What the reader of a landed cost must know beside its figures."""

from api.rules.incoterms import WITHOUT_SEA_ACCESS, Incoterm, check
from api.rules.incoterms.checking import Severity
from api.rules.landed_cost.inputs import Inputs
from api.rules.landed_cost.results import Notice
from api.rules.landed_cost.stating import deducted_kinds, leaves_vat

DEEMED = "DEEMED_FOR_LAND"
UNDOCUMENTED = "STATED_UNDOCUMENTED"


def notices(inputs: Inputs, term: Incoterm) -> tuple[Notice, ...]:
    """Warnings about the terms, and that a sea rule was taken for a land rule."""
    terms = inputs.terms
    found = []
    if term is not terms.incoterm:
        why = (
            "has no sea"
            if inputs.destination_country in WITHOUT_SEA_ACCESS
            else "is reached by land"
        )
        detail = (
            f"{terms.incoterm.value} {terms.place_code} is taken for {term.value} at that place:"
            f" {inputs.destination_country} {why}."
        )
        found.append(Notice(DEEMED, Severity.WARNING, detail, term))
    importer = bool(terms.importer_of_record and terms.importer_tax_id)
    for each in check(
        term.value,
        terms.place_country,
        inputs.destination_country,
        importer_of_record=importer,
        deviations=terms.deviations or (),
    ):
        if each.severity is Severity.WARNING:
            found.append(Notice(each.code, each.severity, each.detail, each.proposal))
    if term is Incoterm.DDP and not (terms.vat_recovered_by or leaves_vat(inputs)):
        detail = "It is not said who recovers the VAT paid at import."
        found.append(Notice("DDP_VAT_UNSTATED", Severity.WARNING, detail))
    undocumented = (each.kind for each in inputs.stated if not each.documented)
    if any(kind in deducted_kinds(inputs) for kind in undocumented):
        detail = "A part of the price that is stated but not documented stays in the customs value."
        found.append(Notice(UNDOCUMENTED, Severity.WARNING, detail))
    return tuple(found)


def unreviewed(inputs: Inputs) -> tuple[str, ...]:
    """The numbers that nobody has read in their source."""
    found = [name for name, each in inputs.parameters.sources.items() if not each.reviewed]
    if inputs.route is not None:
        found += [
            f"charge {each.code}" for each in inputs.route.charges if not each.sourced.reviewed
        ]
    codes = {
        line.tnved_code
        for line in inputs.lines
        for each in (line.duty, line.excise, line.vat, *line.remedies)
        if each is not None and not each.sourced.reviewed
    }
    return tuple(sorted({*found, *(f"tariff {code}" for code in codes)}))
