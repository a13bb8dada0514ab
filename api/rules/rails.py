"""Ways by which money comes and goes: which there are, and what each cannot carry. Pure.

Which countries a rail reaches is its provider's word, on the day that is named beside it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from api.rules.ledger import AccountKind
from api.rules.states import Machine


class RailName(StrEnum):
    """A way of moving money."""

    STRIPE = "stripe"
    BANK_TRANSFER = "bank_transfer"
    GUARANTEE = "guarantee"


class Purpose(StrEnum):
    """What money is for."""

    CONTRACT_FUNDING = "contract_funding"
    BID_SECURITY = "bid_security"
    PERFORMANCE_SECURITY = "performance_security"
    FEE = "fee"
    SUBSCRIPTION = "subscription"
    RELEASE = "release"
    REFUND = "refund"
    SECURITY_RETURN = "security_return"
    PAYOUT = "payout"


_P = Purpose
INCOMING = frozenset(
    {_P.CONTRACT_FUNDING, _P.BID_SECURITY, _P.PERFORMANCE_SECURITY, _P.FEE, _P.SUBSCRIPTION}
)
"""What payers pay; the rest goes out."""
SECURITIES = frozenset({_P.BID_SECURITY, _P.PERFORMANCE_SECURITY})
BACK = frozenset({_P.REFUND, _P.SECURITY_RETURN})
"""Money that goes back to who paid it: by Stripe to what it was paid with, without an account."""

CLEARING = {
    RailName.STRIPE: AccountKind.STRIPE_CLEARING,
    RailName.BANK_TRANSFER: AccountKind.BANK_CLEARING,
}
"""On which account the money of a rail is."""


class CollectionStatus(StrEnum):
    """How far money that is expected has come."""

    REQUESTED = "requested"
    PARTIALLY_RECEIVED = "partially_received"
    RECEIVED = "received"
    CANCELLED = "cancelled"
    REFUNDED = "refunded"


class OrderStatus(StrEnum):
    """How far money that goes out has come. A returned payment is no settled one."""

    CREATED = "created"
    APPROVED = "approved"
    SENT = "sent"
    SETTLED = "settled"
    FAILED = "failed"
    RETURNED = "returned"
    CANCELLED = "cancelled"


class PayeeState(StrEnum):
    """Whether an account can be paid to."""

    SUBMITTED = "submitted"
    VERIFIED = "verified"
    SUSPENDED = "suspended"
    REFUSED = "refused"
    RETIRED = "retired"


class SuspenseStatus(StrEnum):
    """Money that came and is nobody's yet, and what two people made of it."""

    OPEN = "open"
    PROPOSED = "proposed"
    ASSIGNED = "assigned"
    RETURNED = "returned"
    REVERSED = "reversed"
    """The bank has taken it back."""


class BatchStatus(StrEnum):
    """A file of payments for a bank: made by one, released by another."""

    CREATED = "created"
    RELEASED = "released"
    CANCELLED = "cancelled"


_C, _O, _Y, _S = CollectionStatus, OrderStatus, PayeeState, SuspenseStatus
UNPAID = frozenset({_O.FAILED, _O.RETURNED, _O.CANCELLED})
"""An order that came to nothing: its money is where it was."""
COLLECTION = Machine(
    {
        "receive_part": (
            frozenset({_C.REQUESTED, _C.PARTIALLY_RECEIVED}),
            _C.PARTIALLY_RECEIVED,
        ),
        "receive": (frozenset({_C.REQUESTED, _C.PARTIALLY_RECEIVED}), _C.RECEIVED),
        "cancel": (frozenset({_C.REQUESTED}), _C.CANCELLED),
        "refund": (frozenset({_C.PARTIALLY_RECEIVED, _C.RECEIVED}), _C.REFUNDED),
        "take_back": (frozenset({_C.PARTIALLY_RECEIVED, _C.RECEIVED}), _C.REQUESTED),
        "take_back_part": (
            frozenset({_C.PARTIALLY_RECEIVED, _C.RECEIVED}),
            _C.PARTIALLY_RECEIVED,
        ),
    }
)
ORDER = Machine(
    {
        "approve": (frozenset({_O.CREATED}), _O.APPROVED),
        "send": (frozenset({_O.APPROVED}), _O.SENT),
        "settle": (frozenset({_O.APPROVED, _O.SENT}), _O.SETTLED),
        "fail": (frozenset({_O.APPROVED, _O.SENT}), _O.FAILED),
        "return": (frozenset({_O.SENT, _O.SETTLED}), _O.RETURNED),
        "cancel": (frozenset({_O.CREATED, _O.APPROVED}), _O.CANCELLED),
    }
)
PAYEE = Machine(
    {
        "verify": (frozenset({_Y.SUBMITTED, _Y.SUSPENDED}), _Y.VERIFIED),
        "refuse": (frozenset({_Y.SUBMITTED}), _Y.REFUSED),
        "suspend": (frozenset({_Y.VERIFIED}), _Y.SUSPENDED),
        "retire": (frozenset({_Y.SUBMITTED, _Y.VERIFIED, _Y.SUSPENDED}), _Y.RETIRED),
    }
)
BATCH = Machine(
    {
        "release": (frozenset({BatchStatus.CREATED}), BatchStatus.RELEASED),
        "cancel": (frozenset({BatchStatus.CREATED}), BatchStatus.CANCELLED),
    }
)
SUSPENSE = Machine(
    {
        "propose": (frozenset({_S.OPEN}), _S.PROPOSED),
        "refuse": (frozenset({_S.PROPOSED}), _S.OPEN),
        "assign": (frozenset({_S.PROPOSED}), _S.ASSIGNED),
        "return": (frozenset({_S.PROPOSED}), _S.RETURNED),
        "reopen": (frozenset({_S.RETURNED}), _S.OPEN),
        "take_back": (frozenset({_S.OPEN, _S.PROPOSED}), _S.REVERSED),
    }
)

STRIPE_CROSS_BORDER = frozenset(
    [
        "US",
        "CA",
        "CH",
        "GB",
        "IS",
        "LI",
        "NO",
        "AT",
        "BE",
        "BG",
        "CY",
        "CZ",
        "DE",
        "DK",
        "EE",
        "ES",
        "FI",
        "FR",
        "GR",
        "HR",
        "HU",
        "IE",
        "IT",
        "LT",
        "LU",
        "LV",
        "MT",
        "NL",
        "PL",
        "PT",
        "RO",
        "SE",
        "SI",
        "SK",
    ]
)
"""Among which Connect transfers across borders by self-service (Stripe, "Cross-border payouts",
read on 2026-11-24)."""
STRIPE_PAYOUTS = STRIPE_CROSS_BORDER | {"CN", "KZ"}
"""Which Global Payouts reach from a sender in the US or the UK; China since 2026-04-22, Kazakhstan
since 2026-05-27 (Stripe's changelog). Kyrgyzstan was not among them."""
GLOBAL_PAYOUT_SENDERS = frozenset({"US", "GB"})
CHARGE_DIGITS = 8
"""How many digits a charge has at most, in coins (Stripe, "Create a PaymentIntent": `amount`)."""
CARD_HOLD_DAYS = 7
"""How long an authorisation of a card holds money at most (Stripe, "Place a hold on a payment
method"; Visa 5 days where the customer is not present)."""


@dataclass(frozen=True, slots=True)
class Route:
    """What is to be moved: ISO 3166-1 countries, ISO 4217 currency, for how many days it is held.

    `platform_country` is where the platform's account at Stripe is; None when it has none.
    `global_payouts`: it has a financial account there, from which banks are paid that no transfer
    reaches.
    """

    payer_country: str
    payee_country: str
    currency: str
    purpose: Purpose
    valid_days: int = 0
    platform_country: str | None = None
    global_payouts: bool = True
    bank_currencies: frozenset[str] = frozenset()
    """In which the platform has an account at a bank."""
    amount: Decimal | None = None
    places: int = 2
    """Decimals of the currency's coin."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a rail does not carry a route: a stable code, and the words for a person."""

    code: str
    detail: str


def refusals(rail: RailName, route: Route) -> list[Refusal]:
    """Every reason for which `rail` does not carry `route`; empty when it does."""
    return [*_REFUSALS[rail](route)]


def choose(route: Route) -> RailName | None:
    """The first rail that carries the route, in the order of their names here; None: none does."""
    return next((rail for rail in RailName if not refusals(rail, route)), None)


def paid_by_transfer(country: str, home: str) -> bool:
    """Whether payees in `country` are paid by transfers of a platform whose account is in `home`; by
    Global Payouts otherwise, if at all."""
    return country == home or (home in STRIPE_CROSS_BORDER and country in STRIPE_CROSS_BORDER)


def _stripe(route: Route) -> Sequence[Refusal]:
    home = route.platform_country
    if home is None:
        return [Refusal("stripe_off", "The platform has no account at Stripe.")]
    found = [*_coins(route)]
    if route.purpose in INCOMING and _in_coins(route) >= 10**CHARGE_DIGITS:
        most = Decimal(10**CHARGE_DIGITS - 1).scaleb(-route.places)
        found.append(
            Refusal("amount_too_large", f"A charge is of {most} {route.currency} at most.")
        )
    if route.purpose in SECURITIES and route.valid_days > CARD_HOLD_DAYS:
        found.append(
            Refusal(
                "authorisation_too_short",
                f"A card holds money for {CARD_HOLD_DAYS} days, needed are {route.valid_days}.",
            )
        )
    if route.purpose in INCOMING:
        return found
    if paid_by_transfer(route.payee_country, home):
        return found
    reached = STRIPE_PAYOUTS if home in GLOBAL_PAYOUT_SENDERS else frozenset()
    if route.payee_country not in reached:
        detail = f"Stripe pays nobody in {route.payee_country} from an account in {home}."
        found.append(Refusal("payee_country_not_reached", detail))
    elif not route.global_payouts:
        detail = f"{route.payee_country} takes a financial account, which the platform has not."
        found.append(Refusal("global_payouts_off", detail))
    return found


def _bank_transfer(route: Route) -> Sequence[Refusal]:
    if route.currency in route.bank_currencies:
        return _coins(route)
    return [
        *_coins(route),
        Refusal("no_bank_account", f"The platform has no account at a bank in {route.currency}."),
    ]


def _guarantee(route: Route) -> Sequence[Refusal]:
    if route.purpose in SECURITIES:
        return []
    return [Refusal("no_money", "A guarantee secures a claim; it moves no money.")]


def _in_coins(route: Route) -> Decimal:
    return (route.amount or Decimal()).scaleb(route.places)


def _coins(route: Route) -> Sequence[Refusal]:
    if _in_coins(route) % 1 == 0:
        return []
    detail = f"{route.currency} has {route.places} decimals."
    return [Refusal("finer_than_coin", detail)]


_REFUSALS = {
    RailName.STRIPE: _stripe,
    RailName.BANK_TRANSFER: _bank_transfer,
    RailName.GUARANTEE: _guarantee,
}
