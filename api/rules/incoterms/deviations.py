"""Agreed changes of a rule of Incoterms 2020: "EXW loaded", "FOB stowed", "DDP VAT unpaid". Pure.

Which addition fits which rule, and which obligation of the matrix it moves to whom, in the words of
the trade and of ICC's explanatory notes (our own wording); (unverified) as to the courts' reading.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from api.rules.incoterms.matrix import Obligation, Party, party
from api.rules.incoterms.rules import RULES, Incoterm


class Deviation(StrEnum):
    """What is written after a rule to change who does what.

    `cleared`: for export under EXW, for import (without the taxes) under DAP and DPU. `vat_unpaid`:
    everything that DDP pays but the VAT at import.
    """

    LOADED = "loaded"
    CLEARED = "cleared"
    STOWED = "stowed"
    UNLOADED = "unloaded"
    VAT_UNPAID = "vat_unpaid"


@dataclass(frozen=True, slots=True)
class Moved:
    """An obligation, or a named part of it, that is another side's than the rule says."""

    obligation: Obligation
    to: Party
    part: str | None = None


@dataclass(frozen=True, slots=True)
class DeviationFault:
    """Why the deviation at `index` does not fit; `proposal` is the rule that says the same."""

    index: int
    code: str
    detail: str
    proposal: Incoterm | None = None


MOST_DEVIATIONS = len(Deviation)
VAT = "vat"
_I, _O, _S = Incoterm, Obligation, Party.SELLER
_CARRIAGE_PAID = (_I.CPT, _I.CIP, _I.CFR, _I.CIF)
DEVIATIONS: Mapping[Deviation, Mapping[Incoterm, Moved]] = {
    Deviation.LOADED: {_I.EXW: Moved(_O.LOADING, _S)},
    Deviation.CLEARED: {
        _I.EXW: Moved(_O.EXPORT_CLEARANCE, _S),
        _I.DAP: Moved(_O.IMPORT_CLEARANCE, _S),
        _I.DPU: Moved(_O.IMPORT_CLEARANCE, _S),
    },
    Deviation.STOWED: {_I.FOB: Moved(_O.STOWAGE, _S)},
    Deviation.UNLOADED: {
        _I.FCA: Moved(_O.YARD_UNLOADING, _S),
        **{term: Moved(_O.UNLOADING, _S) for term in (*_CARRIAGE_PAID, _I.DDP)},
    },
    Deviation.VAT_UNPAID: {_I.DDP: Moved(_O.IMPORT_TAXES, Party.BUYER, VAT)},
}
"""The whole table: a pair that is not in it does not fit."""

SAID_BY_RULE: Mapping[tuple[Deviation, Incoterm], Incoterm] = {
    (Deviation.UNLOADED, _I.DAP): _I.DPU,
    (Deviation.CLEARED, _I.FOB): _I.FOB,
    (Deviation.CLEARED, _I.FCA): _I.FCA,
    (Deviation.LOADED, _I.FCA): _I.FCA,
    (Deviation.UNLOADED, _I.DPU): _I.DPU,
    (Deviation.CLEARED, _I.DDP): _I.DDP,
}
"""Additions that a rule has without them: that rule, or the one that is to be named instead."""


def deviation_words(deviation: Deviation) -> str:
    """What is written after the rule in a document: "loaded", "VAT unpaid"."""
    return deviation.replace("_", " ").replace(VAT, VAT.upper())


def read_deviation(text: str, term: str | None) -> Deviation | None:
    """The deviation that a document writes, with the rule before it or without; None: none of ours."""
    said = text.lower().replace("-", " ").replace("_", " ").split()
    if said and term is not None and said[0] == term.lower():
        said = said[1:]
    code = "_".join(said)
    return Deviation(code) if code in {*Deviation} else None


def moved(term: Incoterm, deviations: Collection[Deviation]) -> Iterator[Moved]:
    """What deviations that fit `term` move, in their order."""
    for each in deviations:
        if (found := DEVIATIONS[each].get(term)) is not None:
            yield found


def moved_to(
    obligation: Obligation, term: Incoterm, deviations: Collection[Deviation]
) -> Party | None:
    """Who has the whole of an obligation by a deviation from `term`; None: as the rule says."""
    for each in moved(term, deviations):
        if each.obligation is obligation and each.part is None:
            return each.to
    return None


def agreed_party(
    obligation: Obligation,
    term: Incoterm,
    deviations: Collection[Deviation] = (),
    *,
    is_seller_premises: bool = False,
) -> Party:
    """Who does and pays for an obligation as agreed. Of one that is moved in part, the rule's side
    keeps the rest."""
    found = moved_to(obligation, term, deviations)
    return found or party(obligation, term, is_seller_premises=is_seller_premises)


def vat_unpaid(term: Incoterm, deviations: Collection[Deviation]) -> bool:
    """True when a DDP price leaves the VAT at import to the buyer."""
    return any(each.part == VAT for each in moved(term, deviations))


def deviation_faults(
    term: str | None,
    deviations: Collection[Deviation],
    *,
    is_seller_premises: bool = False,
) -> list[DeviationFault]:
    """Deviations that stand twice, have no rule to deviate from, or do not fit the rule."""
    found, seen = [], set[Deviation]()
    for index, each in enumerate(deviations):
        if each in seen:
            found.append(DeviationFault(index, "deviation_twice", "stands here twice"))
        seen.add(each)
        if term is None:
            detail = "there is no Incoterm to deviate from"
            found.append(DeviationFault(index, "incoterm_missing", detail))
        elif term in RULES:
            found += _unfit(index, each, Incoterm(term), is_seller_premises)
    return found


def exporter(term: Incoterm, deviations: Collection[Deviation]) -> Party:
    """Whose name stands in the export declaration: who has to clear the goods for export."""
    return agreed_party(Obligation.EXPORT_CLEARANCE, term, deviations)


def _unfit(
    index: int, deviation: Deviation, term: Incoterm, premises: bool
) -> Iterator[DeviationFault]:
    moves = DEVIATIONS[deviation].get(term)
    if moves is None:
        proposal = SAID_BY_RULE.get((deviation, term))
        detail = f"{term} is not agreed {deviation}"
        if proposal is not None:
            detail = f"{proposal} says so by itself"
        yield DeviationFault(
            index, "deviation_unfit", detail, None if proposal is term else proposal
        )
    elif moves.obligation is Obligation.YARD_UNLOADING and premises:
        detail = "nothing is unloaded at the seller's premises"
        yield DeviationFault(index, "deviation_unfit", detail)
