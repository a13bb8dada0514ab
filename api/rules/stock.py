"""Stock of an offer at a place: a balance that facts move. Pure.

Facts are what warehouses write down: goods are counted, received, shipped; a part of them is
reserved for somebody and released again. What was counted is true whatever was believed before;
everything else may take no more than there is, unless the seller sells what it has not yet.
"""

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from api.rules.offers import plain

ZERO = Decimal(0)


class MovementKind(StrEnum):
    """What happened to goods at a place."""

    COUNTED = "counted"
    RECEIVED = "received"
    RESERVED = "reserved"
    RELEASED = "released"
    SHIPPED = "shipped"


class Availability(StrEnum):
    """Whether the smallest order of an offer can be delivered; names as of schema.org and Google
    Merchant. `backorder`: it is made, or comes, after it was ordered."""

    IN_STOCK = "in_stock"
    BACKORDER = "backorder"
    OUT_OF_STOCK = "out_of_stock"


class StockFault(StrEnum):
    """Why a fact cannot be true of a balance."""

    INSUFFICIENT_STOCK = "insufficient_stock"
    NOT_RESERVED = "not_reserved"
    COUNT_OUTDATED = "count_outdated"
    NOT_POSITIVE = "not_positive"
    NOT_OF_A_RESERVATION = "not_of_a_reservation"


class Refused(Exception):
    """The fact contradicts the balance; `fault` says how."""

    def __init__(self, fault: StockFault, detail: str) -> None:
        super().__init__(detail)
        self.fault = fault


@dataclass(frozen=True, slots=True)
class Balance:
    """Goods at a place, in units of the offer. With `backorders` they may be short of what is
    reserved and shipped."""

    on_hand: Decimal = ZERO
    reserved: Decimal = ZERO
    backorders: bool = False

    @property
    def available(self) -> Decimal:
        """What nobody has reserved; never below zero, even where a count found less."""
        return max(self.on_hand - self.reserved, ZERO)


@dataclass(frozen=True, slots=True)
class Change:
    """By how much a fact moves a balance."""

    on_hand: Decimal
    reserved: Decimal


def change(
    balance: Balance, kind: MovementKind, quantity: Decimal, *, open_reservation: Decimal | None
) -> Change:
    """What a fact changes. `open_reservation` is what is still reserved of the reservation that it
    names, None when it names none; `quantity` of a count is what was found, zero included.

    Raises Refused.
    """
    if quantity < 0 or (quantity == 0 and kind is not MovementKind.COUNTED):
        raise Refused(StockFault.NOT_POSITIVE, "Only a count may find nothing")
    if open_reservation is not None:
        _check_reservation(kind, quantity, open_reservation)
    match kind:
        case MovementKind.COUNTED:
            return Change(quantity - balance.on_hand, ZERO)
        case MovementKind.RECEIVED:
            return Change(quantity, ZERO)
        case MovementKind.RESERVED:
            _check_free(balance, quantity)
            return Change(ZERO, quantity)
        case MovementKind.RELEASED:
            if open_reservation is None:
                detail = "Name the reservation that is released"
                raise Refused(StockFault.NOT_OF_A_RESERVATION, detail)
            return Change(ZERO, -quantity)
        case MovementKind.SHIPPED if open_reservation is None:
            _check_free(balance, quantity)
            return Change(-quantity, ZERO)
        case MovementKind.SHIPPED:
            if quantity > balance.on_hand and not balance.backorders:
                raise Refused(StockFault.INSUFFICIENT_STOCK, f"{plain(balance.on_hand)} are there")
            return Change(-quantity, -quantity)


def moved(balance: Balance, by: Change) -> Balance:
    """The balance after a change."""
    return Balance(balance.on_hand + by.on_hand, balance.reserved + by.reserved, balance.backorders)


def _check_reservation(kind: MovementKind, quantity: Decimal, left: Decimal) -> None:
    if kind not in (MovementKind.RELEASED, MovementKind.SHIPPED):
        detail = "Only what is released or shipped is of a reservation"
        raise Refused(StockFault.NOT_OF_A_RESERVATION, detail)
    if quantity > left:
        raise Refused(StockFault.NOT_RESERVED, f"{plain(left)} are still reserved")


def _check_free(balance: Balance, quantity: Decimal) -> None:
    if quantity > balance.available and not balance.backorders:
        raise Refused(StockFault.INSUFFICIENT_STOCK, f"{plain(balance.available)} are available")
