"""The port to whoever moves money: what a rail is asked, and what it may answer.

A rail is called by a job, in a step that holds nothing but the job's row. What it does is done once
for each key, however often it is asked, and whatever becomes of its answers.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Protocol
from uuid import UUID

from api.rules.rails import Purpose, RailName


class RailRefused(Exception):
    """The rail did not do it and never will; `code` is its own word for why."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code, self.detail = code, detail


class RailUnavailable(Exception):
    """Nobody knows whether it was done: to be asked again, with the same key."""


@dataclass(frozen=True, slots=True)
class ToCollect:
    """Money that a payer is to be told how to pay."""

    id: UUID
    payer_id: UUID
    payer_country: str
    purpose: Purpose
    resource_id: UUID
    currency: str
    amount: Decimal
    reference: str


@dataclass(frozen=True, slots=True)
class Instructions:
    """How the payer pays: what to write, to which accounts (holder_name, bank_name, bic, number),
    or on which page, and the provider's id where there is one."""

    reference: str
    provider_id: str | None = None
    url: str | None = None
    accounts: Sequence[Mapping[str, str | None]] = ()


@dataclass(frozen=True, slots=True)
class OrderToSend:
    """Money to be sent; `key` is the provider's idempotency key."""

    id: UUID
    key: str
    rail: RailName
    purpose: Purpose
    resource_id: UUID
    currency: str
    amount: Decimal
    beneficiary_id: UUID
    end_to_end_id: str
    attempts: int
    """How often the rail was asked, this time included."""
    provider_account_id: str | None = None
    """The payee's account at the provider, where the rail has such."""
    held_for: UUID | None = None
    """What its money was held for: a contract, a security."""


@dataclass(frozen=True, slots=True)
class Sent:
    """What the rail took over. `settled`: the money is there already."""

    provider_id: str | None
    settled: bool = False


class Rail(Protocol):
    """A way of moving money."""

    @property
    def name(self) -> RailName:
        """Under which it is registered."""

    def instructions(self, collection: ToCollect) -> Instructions:
        """How a payer pays. Raises RailRefused or RailUnavailable."""

    def send(self, order: OrderToSend) -> Sent:
        """Send money, once for each key. Raises RailRefused or RailUnavailable."""
