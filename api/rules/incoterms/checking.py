"""What does not fit between terms of delivery, their place and the destination. Pure.

The validators of a landlocked lane: a sea rule cannot work for a country that no ship reaches.
"""

from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum

from api.rules.incoterms.deviations import Deviation, deviation_faults, exporter, vat_unpaid
from api.rules.incoterms.matrix import Party
from api.rules.incoterms.rules import (
    RESTATED_FOR_LAND,
    RULES,
    VERSION,
    WITHDRAWN,
    WITHOUT_SEA_ACCESS,
    Incoterm,
    Mode,
    NamedPlace,
    Rule,
)

SEA_LEGS = frozenset({"VESSEL", "BARGE"})
"""Legs of transport by ship, in the words of the DCSA."""


class Severity(StrEnum):
    """A blocker stops the use of the terms as they stand; a warning is shown and kept."""

    BLOCKER = "blocker"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that does not fit; `proposal` is the rule to restate the offer in, if there is.

    `field` is the part of the terms that is to be changed.
    """

    code: str
    severity: Severity
    proposal: Incoterm | None
    detail: str
    field: str = "incoterm"


@dataclass(frozen=True, slots=True)
class DeliveryTerms:
    """Terms of delivery as somebody has written them.

    `place_code` is the place in our register and `place_country` its country (ISO 3166-1);
    `named_place` is free text. `is_seller_premises` is None where it was not said. `legs` are the
    modes of the transport that is planned, empty where it is not known.
    """

    incoterm: str
    version: str = VERSION
    place_code: str | None = None
    place_country: str | None = None
    named_place: str | None = None
    is_seller_premises: bool | None = None
    importer_of_record: str | None = None
    importer_tax_id: str | None = None
    vat_recovered_by: str | None = None
    legs: Collection[str] = ()
    deviations: Collection[Deviation] = ()


def check(
    term: str,
    place_country: str | None,
    destination_country: str,
    *,
    importer_of_record: bool = False,
    deviations: Collection[Deviation] = (),
) -> list[Finding]:
    """What a buyer in `destination_country` must know of an offer "`term` (named place)".

    Countries are ISO 3166-1 alpha-2; `place_country` is that of the named place, None when it is
    not known. `importer_of_record` says that the seller has named a party registered for import
    in the destination, as DDP needs. An empty list means that nothing speaks against the terms.
    """
    term = term.strip().upper()
    unusable = _unusable(term)
    if unusable is not None:
        return [unusable]
    rule = RULES[Incoterm(term)]
    conflict = _mode_conflict(rule, place_country, destination_country)
    if conflict is not None:
        return [conflict]
    crosses = place_country is not None and place_country != destination_country
    found = []
    buyer_exports = exporter(rule.code, deviations) is Party.BUYER
    if rule.code is Incoterm.EXW and crosses and buyer_exports:
        detail = (
            "Under EXW the foreign buyer has to clear the goods for export itself, and the seller"
            " may lose the rebate of VAT that is in its price."
        )
        found.append(Finding("EXW_CROSS_BORDER", Severity.WARNING, Incoterm.FCA, detail))
    if rule.code is Incoterm.DDP and not importer_of_record:
        detail = "DDP needs an importer registered for tax in the country of destination."
        found.append(
            Finding(
                "DDP_WITHOUT_IMPORTER",
                Severity.WARNING,
                Incoterm.DAP,
                detail,
                "importer_of_record",
            )
        )
    if rule.named_place is NamedPlace.DESTINATION and crosses:
        detail = f"{term} ends abroad: carriage from there on is the buyer's."
        found.append(
            Finding("ENDS_BEFORE_DESTINATION", Severity.WARNING, None, detail, "place_code")
        )
    if rule.risk_passes_before_cost:
        detail = (
            f"Under {term} the buyer bears the risk from the first carrier on"
            f" ({rule.risk_point.value}); the seller's costs end later ({rule.cost_point.value})."
        )
        found.append(Finding("RISK_PASSES_AT_ORIGIN", Severity.WARNING, None, detail))
    return found


def check_terms(terms: DeliveryTerms, destination_country: str) -> list[Finding]:
    """Everything that does not fit in terms as they are written, the worst first.

    Beside what `check` finds: an edition other than 2020; a place that is text alone; FCA that
    does not say whether the place is the seller's premises; DDP whose importer of record, tax
    number or recovery of VAT is not named; a sea rule without a leg by ship; and deviations that do
    not fit the rule.
    """
    found = []
    if terms.version != VERSION:
        detail = f"Only Incoterms {VERSION} is used, not {terms.version}."
        found.append(
            Finding("INCOTERM_VERSION", Severity.BLOCKER, None, detail, "incoterm_version")
        )
    importer = bool(terms.importer_of_record and terms.importer_tax_id)
    basic = check(
        terms.incoterm,
        terms.place_country,
        destination_country,
        importer_of_record=importer,
        deviations=terms.deviations,
    )
    found += basic
    term = terms.incoterm.strip().upper()
    if term not in RULES:
        return found
    rule = RULES[Incoterm(term)]
    by_land = terms.legs and SEA_LEGS.isdisjoint(terms.legs)
    told = any(each.code == "MODE_CONFLICT" for each in basic)
    if rule.mode is Mode.SEA and by_land and not told:
        detail = f"{term} is for ships only, and no leg of the transport is by ship."
        proposal = RESTATED_FOR_LAND[rule.code]
        found.append(Finding("MODE_CONFLICT", Severity.BLOCKER, proposal, detail))
    if terms.place_code is None:
        said = "is text alone" if terms.named_place else "is missing"
        detail = f"The place after {term} {said}: name it by its code."
        found.append(Finding("PLACE_UNKNOWN", Severity.BLOCKER, None, detail, "place_code"))
    if rule.code is Incoterm.FCA and terms.is_seller_premises is None:
        detail = "FCA must say whether the named place is the seller's premises."
        found.append(
            Finding("PREMISES_UNSTATED", Severity.BLOCKER, None, detail, "is_seller_premises")
        )
    premises = bool(terms.is_seller_premises)
    for each in deviation_faults(term, terms.deviations, is_seller_premises=premises):
        code = each.code.upper()
        found.append(Finding(code, Severity.BLOCKER, each.proposal, each.detail, "deviations"))
    paid = not vat_unpaid(rule.code, terms.deviations)
    if rule.code is Incoterm.DDP and importer and paid and not terms.vat_recovered_by:
        detail = "It is not said who recovers the VAT paid at import."
        found.append(
            Finding("DDP_VAT_UNSTATED", Severity.WARNING, None, detail, "vat_recovered_by")
        )
    return sorted(found, key=lambda each: each.severity is not Severity.BLOCKER)


def withdrawn(term: str) -> Finding | None:
    """Why a text is no rule of Incoterms 2020, with what took its place; None when it is one."""
    return _unusable(term.strip().upper())


def _unusable(term: str) -> Finding | None:
    if term in WITHDRAWN:
        proposal = WITHDRAWN[term]
        detail = f"{term} is not in Incoterms {VERSION}; {proposal} took its place."
        return Finding("INCOTERM_WITHDRAWN", Severity.BLOCKER, proposal, detail)
    if term not in RULES:
        detail = f"{term} is not a rule of Incoterms {VERSION}."
        return Finding("INCOTERM_UNKNOWN", Severity.BLOCKER, None, detail)
    return None


def _mode_conflict(
    rule: Rule, place_country: str | None, destination_country: str
) -> Finding | None:
    """A sea rule for a country that no ship reaches, or from a "port" in such a country."""
    if rule.mode is not Mode.SEA:
        return None
    for country in (destination_country, place_country):
        if country in WITHOUT_SEA_ACCESS:
            proposal = RESTATED_FOR_LAND[rule.code]
            detail = (
                f"{rule.code} is for ships only, and {country} has no sea; use {proposal}, or take"
                f" it as {proposal} at that port."
            )
            return Finding("MODE_CONFLICT", Severity.BLOCKER, proposal, detail)
    return None
