"""What a channel is: an adapter behind this port lists, changes and withdraws items of a seller.

An adapter keeps nothing: what it needs comes with each call, and what the channel says goes back.
It tells apart what the channel refuses for good (`Refused`, with the fields of ours that are at
fault), what may be tried again (`Unavailable`) and that the seller's consent is gone
(`Unauthorised`). After `Unavailable` nobody knows whether the channel has done it.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any, Protocol

from pydantic import BaseModel

from api.rules.channel_listings import ListingStatus, OrderState


@dataclass(frozen=True, slots=True)
class Fault:
    """Why a channel refuses: a JSON pointer into the listing, our code, and the channel's own.

    Pointers begin with `#/product`, `#/offer` or name a field of the listing; `#` is the whole.
    """

    pointer: str
    code: str
    detail: str
    channel_code: str | None = None


class Refused(Exception):
    """The channel does not take it, and would not take it later."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        super().__init__("; ".join(each.detail for each in faults))
        self.faults = [*faults]


class Unavailable(Exception):
    """No answer, or one that says later; `retry_after` in seconds, where the channel names it."""

    def __init__(self, detail: str, retry_after: float | None = None) -> None:
        super().__init__(detail)
        self.retry_after = retry_after


class Unauthorised(Exception):
    """The channel does not let us act for the seller with these credentials."""


@dataclass(frozen=True, slots=True)
class Credentials:
    """What a seller's consent is worth: kept encrypted, until its last moment if it has one."""

    values: Mapping[str, str]
    until: datetime | None = None
    account: str | None = None
    """The seller's name at the channel."""


@dataclass(frozen=True, slots=True)
class Account:
    """On whose behalf a channel is called. `tell` emits an event to the channel's organisation."""

    settings: Mapping[str, Any]
    credentials: Mapping[str, str]
    now: datetime
    tell: Callable[[str, Mapping[str, Any]], None] = field(default=lambda what, told: None)


@dataclass(frozen=True, slots=True)
class Item:
    """A product as it is listed. Decimals are plain; measures are of one unit, in mm and kg."""

    reference: str
    """Our name of it, by which the channel is asked whether it has it."""
    title: str
    language: str
    description: str | None
    images: Sequence[str]
    brand: str | None
    category: str | None
    keywords: str | None
    attributes: Mapping[str, str]
    hs_code: str | None
    country_of_origin: str
    unit_code: str
    moq: Decimal
    currency: str
    tiers: Sequence[tuple[Decimal, Decimal]]
    """From this quantity on, this price of one unit."""
    lead_times: Sequence[tuple[Decimal, int]]
    stock: Decimal | None
    weight_kg: Decimal | None
    measures_mm: tuple[Decimal, Decimal, Decimal] | None


@dataclass(frozen=True, slots=True)
class Condition:
    """How the channel says that an item stands; None: it will tell by itself."""

    status: ListingStatus | None
    faults: Sequence[Fault] = ()
    external_id: str | None = None


@dataclass(frozen=True, slots=True)
class Order:
    """What buyers have ordered there. `status` is the channel's own word, `raw` what it said,
    without names and addresses of people."""

    external_id: str
    status: str
    state: OrderState
    modified_at: datetime | None
    currency: str | None = None
    amount: Decimal | None = None
    buyer_country: str | None = None
    lines: Sequence[Mapping[str, Any]] = ()
    raw: Mapping[str, Any] = field(default_factory=dict)
    whole: bool = True
    """False: only the state was told; the rest is asked for."""


@dataclass(frozen=True, slots=True)
class Inquiry:
    """A request for quotations, or a buyer's question, at the channel."""

    external_id: str
    kind: str
    subject: str
    detail: str | None
    quantity: Decimal | None
    unit: str | None
    country: str | None
    posted_at: datetime | None
    expires_at: datetime | None
    raw: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Mark:
    """An order that has changed, and when."""

    external_id: str
    modified_at: datetime | None


@dataclass(frozen=True, slots=True)
class Batch[T]:
    """A page of what came back, and whether there may be another."""

    items: Sequence[T]
    more: bool


class Channel(Protocol):
    """A marketplace elsewhere. Each call may raise Refused, Unavailable and Unauthorised."""

    @property
    def name(self) -> str:
        """Its key."""

    @property
    def title(self) -> str:
        """Its name, as people know it."""

    @property
    def settings(self) -> type[BaseModel]:
        """What the seller chooses about a connection."""

    @property
    def credentials(self) -> type[BaseModel] | None:
        """What the seller gives once; None: nothing."""

    @property
    def of_partner(self) -> bool:
        """The channel is an organisation here, which answers by our API."""

    @property
    def polled(self) -> bool:
        """It is asked how items stand, and for orders and inquiries."""

    def available(self) -> bool:
        """Whether this installation can speak to it."""

    def authorise(self, account: Account) -> Credentials:
        """Turn what the seller gave, or what is about to end, into credentials."""

    def parts(self, item: Item) -> Mapping[str, Any]:
        """What would be sent, by part (rules.channel_listings.Part). Raises Refused."""

    def look_up(self, account: Account, reference: str) -> str | None:
        """The channel's id of what we may have sent; None when it has nothing of that name."""

    def add(self, account: Account, parts: Mapping[str, Any], reference: str) -> Condition:
        """List an item that the channel does not have."""

    def revise(self, account: Account, external_id: str, parts: Mapping[str, Any]) -> Condition:
        """Change all of an item."""

    def price(self, account: Account, external_id: str, price: Any) -> None:
        """Change the price alone."""

    def stock(self, account: Account, external_id: str, stock: Any) -> None:
        """Change the stock alone."""

    def show(self, account: Account, external_id: str, *, shown: bool) -> None:
        """Put an item online, or take it offline. Done twice it is done once."""

    def condition(self, account: Account, external_id: str) -> Condition:
        """How an item stands there."""

    def orders(self, account: Account, since: datetime, page: int) -> Batch[Mark]:
        """Orders that were modified since; pages begin at 0."""

    def order(self, account: Account, mark: Mark) -> Order:
        """One of them."""

    def inquiries(self, account: Account, page: int) -> Batch[Inquiry]:
        """Requests for quotations that are open; pages begin at 0."""
