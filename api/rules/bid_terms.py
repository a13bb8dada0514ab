"""What an opened bid must say to be comparable with others. Pure; money is Decimal.

A fault here disqualifies the bid; it never stops the opening.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from api.rules import incoterms
from api.rules.bids import SecurityKind, TendererRole
from api.rules.incoterms import Deviation, Incoterm
from api.rules.policy import Policy, share
from api.rules.tenders import Fault, Value

MINOR = Decimal("0.01")
WHOLE_BP = 10_000


@dataclass(frozen=True, slots=True)
class LotAsked:
    """A lot of the tender: its items (id -> quantity) and the Incoterms that it takes."""

    active: bool
    items: Mapping[str, Decimal]
    incoterms: Collection[str]


@dataclass(frozen=True, slots=True)
class LotOffered:
    """A lot in a bid: its total, and (id, quantity, unit price) of its items."""

    id: str
    value: Value
    incoterm: str | None
    named_place: str | None
    items: Sequence[tuple[str, Decimal, Decimal]]


@dataclass(frozen=True, slots=True)
class TermsOffered:
    """How a lot in a bid deviates from its Incoterm, and whether it names who declares the export."""

    incoterm: Incoterm | None
    deviations: Sequence[Deviation]
    is_seller_premises: bool
    vat_included: bool
    names_exporter: bool
    exporter_in_bid: bool


@dataclass(frozen=True, slots=True)
class Party:
    """An organisation in a bid and its part of the work, in basis points, where it is said."""

    organisation: str
    role: TendererRole
    share_bp: int | None


def lot_faults(asked: Mapping[str, LotAsked], offered: Sequence[LotOffered]) -> list[Fault]:
    """Lots and items that are not those of the tender, or do not add up to the lot's value."""
    faults = []
    seen: set[str] = set()
    for index, lot in enumerate(offered):
        pointer = f"#/lots/{index}"
        wanted = asked.get(lot.id)
        if wanted is None or not wanted.active:
            faults.append(Fault(f"{pointer}/lot_id", "unknown_lot", "is no open lot of the tender"))
            continue
        if lot.id in seen:
            faults.append(Fault(f"{pointer}/lot_id", "lot_twice", "stands twice in the bid"))
        seen.add(lot.id)
        faults += _item_faults(pointer, wanted, lot)
        if wanted.incoterms and lot.incoterm not in wanted.incoterms:
            terms = ", ".join(sorted(wanted.incoterms))
            faults.append(Fault(f"{pointer}/incoterm", "incoterm_not_taken", f"must be of {terms}"))
        if lot.incoterm is not None and not lot.named_place:
            detail = "an Incoterm names its place"
            faults.append(Fault(f"{pointer}/named_place", "place_missing", detail))
    return faults


def deviation_faults(pointer: str, lot: TermsOffered) -> list[Fault]:
    """Deviations that do not fit the Incoterm of a lot, and an exporter that cannot be one.

    Who declares the export is an organisation of the bid, and only where the export is the seller's
    to clear.
    """
    faults = [
        Fault(f"{pointer}/deviations/{each.index}", each.code, each.detail)
        for each in incoterms.deviation_faults(
            lot.incoterm, lot.deviations, is_seller_premises=lot.is_seller_premises
        )
    ]
    term = lot.incoterm
    if term is not None and lot.vat_included and incoterms.vat_unpaid(term, lot.deviations):
        detail = "a price that leaves VAT unpaid has none in it"
        faults.append(Fault(f"{pointer}/vat_included", "vat_unpaid", detail))
    if not lot.names_exporter:
        return faults
    at = f"{pointer}/exporter_of_record_id"
    if term is None:
        detail = "without an Incoterm nobody is bound to clear an export"
        faults.append(Fault(at, "incoterm_missing", detail))
    elif incoterms.exporter(term, lot.deviations) is incoterms.Party.BUYER:
        detail = f"under {term} the buyer clears the export, unless it is agreed `cleared`"
        faults.append(Fault(at, "buyer_exports", detail))
    if not lot.exporter_in_bid:
        faults.append(Fault(at, "exporter_not_in_bid", "is no organisation of this bid"))
    return faults


def _item_faults(pointer: str, wanted: LotAsked, lot: LotOffered) -> list[Fault]:
    ids = [id for id, _, _ in lot.items]
    if sorted(ids) != sorted(wanted.items):
        detail = "must name every item of the lot once"
        return [Fault(f"{pointer}/items", "items_differ", detail)]
    faults = [
        Fault(f"{pointer}/items/{n}/quantity", "quantity_differs", "must be the tender's")
        for n, (id, quantity, _) in enumerate(lot.items)
        if quantity != wanted.items[id]
    ]
    total = sum((quantity * price for _, quantity, price in lot.items), Decimal())
    if not faults and _rounded(total) != _rounded(lot.value.amount):
        detail = "must be the sum of quantities by unit prices, to two decimals"
        faults.append(Fault(f"{pointer}/value/amount", "value_mismatch", detail))
    return faults


def tenderer_faults(
    parties: Sequence[Party], *, supplier: str, accepted: Collection[str]
) -> list[Fault]:
    """A consortium that does not name its supplier as lead, or a member that has not accepted.

    A bid that names nobody is its supplier's alone.
    """
    if not parties:
        return []
    faults = []
    names = [party.organisation for party in parties]
    leads = [party.organisation for party in parties if party.role is TendererRole.LEAD]
    if leads != [supplier]:
        faults.append(Fault("#/tenderers", "lead_differs", "must name the supplier as its lead"))
    if len(set(names)) != len(names):
        faults.append(Fault("#/tenderers", "tenderer_twice", "must name everybody once"))
    for index, party in enumerate(parties):
        if party.organisation not in accepted:
            detail = "has not joined this bid before the deadline"
            faults.append(Fault(f"#/tenderers/{index}", "tenderer_not_joined", detail))
    shares = [party.share_bp for party in parties if party.share_bp is not None]
    if shares and (len(shares) != len(parties) or sum(shares) != WHOLE_BP):
        detail = f"shares must be given for all and come to {WHOLE_BP}"
        faults.append(Fault("#/tenderers", "shares_incomplete", detail))
    return faults


def security_faults(
    required: Value | None,
    *,
    declaration_taken: bool,
    kind: SecurityKind | None,
    value: Value | None,
    held: bool = True,
) -> list[Fault]:
    """A bid security that is missing, too small, or not `held` here where the rules of the tender
    want it; a declaration has no amount and is not held."""
    if required is None:
        return []
    if kind is None:
        return [Fault("#/bid_security", "security_missing", "is required by the tender")]
    if kind is SecurityKind.DECLARATION:
        if declaration_taken:
            return []
        detail = "a declaration does not stand for it in this tender"
        return [Fault("#/bid_security/kind", "declaration_not_taken", detail)]
    if value is None or value.currency != required.currency or value.amount < required.amount:
        detail = f"must be at least {required.amount.normalize():f} {required.currency}"
        return [Fault("#/bid_security/value", "security_too_small", detail)]
    if not held:
        return [Fault("#/bid_security", "security_not_held", "is not here, or came too late")]
    return []


def security_terms_faults(
    policy: Policy, *, required: Value | None, declaration: bool, worth: Value | None
) -> list[Fault]:
    """A bid security that the law does not allow a buyer to ask for.

    `worth` is the tender's value, or its lots' together.
    """
    faults = []
    if declaration and not policy.bid_security_declaration:
        detail = "the rules of the procedure take no declaration"
        faults.append(Fault("#/bid_security_declaration", "declaration_not_allowed", detail))
    if required is None:
        return faults
    if worth is None or worth.currency != required.currency:
        detail = "needs a tender with a value in the same currency"
        faults.append(Fault("#/bid_security/currency", "value_missing", detail))
    elif required.amount > worth.amount * share(policy.bid_security_max_bp):
        detail = f"must be at most {policy.bid_security_max_bp} basis points of the value"
        faults.append(Fault("#/bid_security/amount", "security_too_large", detail))
    return faults


def _rounded(amount: Decimal) -> Decimal:
    return amount.quantize(MINOR, ROUND_HALF_UP)
