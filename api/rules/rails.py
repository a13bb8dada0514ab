"""Rails that money is moved on."""

from enum import StrEnum


class RailName(StrEnum):
    """What carries money, or a promise of it."""

    STRIPE = "stripe"
    BANK_TRANSFER = "bank_transfer"
    GUARANTEE = "guarantee"
