"""What an evaluation is computed from, and nothing else. Pure."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Protocol

from api.rules import merkle, sealing
from api.rules.evaluation import terms as published
from api.rules.evaluation.arithmetic import HUNDRED, ZERO
from api.rules.evaluation.terms import CommissionScore, LotTerms, escaped
from api.rules.tenders import Fault

EAEU = ("AM", "BY", "KG", "KZ", "RU")
"""Members of the Eurasian Economic Union (treaty of 29 May 2014 and its accessions)."""

MAX_AMOUNT = Decimal(10**14)
_SHA256 = re.compile("[0-9a-f]{64}")


class VatStatement(StrEnum):
    """How a price is stated: without VAT that is due on it, with it, or free of it.

    `none` is a non-resident, who invoices without VAT of the buyer's country, or an exempt seller.
    """

    NET = "net"
    GROSS = "gross"
    NONE = "none"


OMITTED = "omitted_when_none"
"""Marks a field that the file leaves out when there is nothing to say."""


class Decision(StrEnum):
    """What the commission decided about the justification of an abnormally low price."""

    ACCEPTED = "accepted"
    REJECTED = "rejected"


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a bid is not ranked: a stable code, and words for people."""

    code: str
    detail: str


@dataclass(frozen=True, slots=True)
class Price:
    """The price as it was bid: it is what a contract is about, whatever the rank makes of it."""

    amount: Decimal
    currency: str
    vat: VatStatement
    vat_rate_bp: int = 0


@dataclass(frozen=True, slots=True)
class Adjustment:
    """Money, in the tender's currency, that comparison adds to a price, why, and by what source."""

    reason: str
    amount: Decimal
    source: str


@dataclass(frozen=True, slots=True)
class PreferenceClaim:
    """A claim that the goods are made in `origin` (ISO 3166-1), and whether it was accepted."""

    origin: str
    accepted: bool
    evidence: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Justification:
    """The decision about an abnormally low price, and why."""

    decision: Decision
    reason: str


@dataclass(frozen=True, slots=True)
class DeliveryTerms:
    """On which terms the price is: an Incoterm with its place, and where the goods come from."""

    incoterm: str | None
    named_place: str | None
    dispatch_country: str | None


@dataclass(frozen=True, slots=True)
class Bid:
    """A bid for the lot as it was opened. Its commitment and the hash of its sealed envelope are a
    leaf of the Merkle tree of the deadline (rules.sealing).

    `answers` are by award criterion, `costs` by cost element, `scores` by criterion and member.
    `received_at` is of the last version.
    """

    id: str
    tenderers: tuple[str, ...]
    resident: bool
    received_at: datetime
    commitment: str
    ciphertext_sha256: str
    price: Price
    answers: Mapping[str, str] = field(default_factory=dict)
    costs: Mapping[str, Decimal] = field(default_factory=dict)
    scores: Mapping[str, Mapping[str, Decimal]] = field(default_factory=dict)
    preference: PreferenceClaim | None = None
    delivery: DeliveryTerms | None = None
    adjustments: tuple[Adjustment, ...] = ()
    disqualified: tuple[Reason, ...] = ()
    justification: Justification | None = None


@dataclass(frozen=True, slots=True)
class Rate:
    """What one unit of a currency costs in the tender's, of which day, by whom."""

    value: Decimal
    day: date
    source: str


@dataclass(frozen=True, slots=True)
class RateSet:
    """The rates of one day, by currency; the tender's own needs none."""

    name: str
    day: date
    rates: Mapping[str, Rate] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class PolicyTerms:
    """Numbers of the tender's frozen policy. An origin is preferred if the list names it."""

    policy_set: str
    vat_rate_bp: int
    nonresident_price_adjustment: bool
    domestic_preference_bp: int
    preferred_origins: tuple[str, ...]
    below_mean_bp: int | None = None
    below_next_bp: int | None = None
    alert_spread_bp: int | None = None


@dataclass(frozen=True, slots=True)
class AuctionReference:
    """The reverse auction that gave the prices: `head_sha256` is the last hash of its log."""

    id: str
    head_sha256: str


@dataclass(frozen=True, slots=True)
class Lot:
    """Which lot of which tender is evaluated, and the Merkle root that its bids are bound to.

    `leaves` are the hashes of all sealed prices of the tender in the order of the tree, those of
    other lots and those that were replaced or withdrawn too. Without an auction the file does not
    speak of one.
    """

    ocid: str
    tender: str
    lot: str
    root: str
    leaves: tuple[str, ...]
    auction: AuctionReference | None = field(default=None, metadata={OMITTED: True})


@dataclass(frozen=True, slots=True)
class Inputs:
    """All that an evaluation is computed from."""

    lot: Lot
    terms: LotTerms
    policy: PolicyTerms
    rates: RateSet
    bids: tuple[Bid, ...]


class ComparablePrice(Protocol):
    """The port by which costs of delivery enter the comparison: duties, taxes, transport.

    It is asked once for each bid, when the inputs are gathered; what it says is written into the
    inputs, so that an evaluation is recomputed without it. Adjustments are in the tender's
    currency; each names its reason and where its amount comes from.
    """

    def __call__(self, bid: Bid, terms: LotTerms, policy: PolicyTerms) -> tuple[Adjustment, ...]:
        """What is added to the stated price of a bid, or taken from it when negative."""


def stated_price(bid: Bid, terms: LotTerms, policy: PolicyTerms) -> tuple[Adjustment, ...]:
    """The price as stated: nothing is added."""
    return ()


def faults(inputs: Inputs) -> list[Fault]:
    """Inputs that cannot be evaluated; pointers are into them."""
    found = [
        Fault(f"#/terms{each.pointer.removeprefix('#')}", each.code, each.detail)
        for each in published.faults(inputs.terms)
    ]
    found += _root_faults(inputs)
    seen = set[str]()
    for index, bid in enumerate(inputs.bids):
        pointer = f"#/bids/{index}"
        if bid.id in seen:
            found.append(Fault(f"{pointer}/id", "duplicate", "stands here twice"))
        seen.add(bid.id)
        found += _bid_faults(pointer, bid, inputs)
    return found


def _bid_faults(pointer: str, bid: Bid, inputs: Inputs) -> list[Fault]:
    found, price = [], bid.price
    if not (price.amount.is_finite() and 0 < price.amount <= MAX_AMOUNT):
        said = f"must be above 0, and at most {MAX_AMOUNT:f}"
        found.append(Fault(f"{pointer}/price/amount", "out_of_range", said))
    if price.currency != inputs.terms.currency and price.currency not in inputs.rates.rates:
        said = f"no rate of {price.currency} is given"
        found.append(Fault(f"{pointer}/price/currency", "rate_missing", said))
    if price.vat is VatStatement.NONE and price.vat_rate_bp:
        found.append(Fault(f"{pointer}/price/vat_rate_bp", "out_of_range", "no VAT has no rate"))
    judged = {
        each.id for each in inputs.terms.criteria if isinstance(each.scoring, CommissionScore)
    }
    for criterion, by_member in bid.scores.items():
        where = f"{pointer}/scores/{escaped(criterion)}"
        if criterion not in judged:
            found.append(Fault(where, "unknown_criterion", "is not scored by the commission"))
        for member, points in by_member.items():
            if not ZERO <= points <= HUNDRED:
                said = "points go from 0 to 100"
                found.append(Fault(f"{where}/{escaped(member)}", "out_of_range", said))
    return found


def _root_faults(inputs: Inputs) -> list[Fault]:
    """The published root must be that of the leaves, and every bid one of them."""
    lot, found = inputs.lot, []
    own = [(each.commitment, each.ciphertext_sha256) for each in inputs.bids]
    hashes = [lot.root, *lot.leaves, *(part for both in own for part in both)]
    if not all(map(_SHA256.fullmatch, hashes)):
        return [Fault("#/lot/leaves", "hash_malformed", "a hash is 64 hexadecimal digits")]
    if merkle.root([bytes.fromhex(leaf) for leaf in lot.leaves]).hex() != lot.root:
        found.append(Fault("#/lot/root", "root_mismatch", "is not the root over the leaves"))
    known = {*lot.leaves}
    for index, (commitment, ciphertext_sha256) in enumerate(own):
        entry = sealing.entry(bytes.fromhex(commitment), bytes.fromhex(ciphertext_sha256))
        if merkle.leaf_hash(entry).hex() not in known:
            said = "the published tree has no leaf of this commitment"
            found.append(Fault(f"#/bids/{index}/commitment", "not_committed", said))
    return found
