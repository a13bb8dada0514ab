"""Feeds of offers for marketplaces of others: what a format asks for, what texts it can hold. Pure.

Sources: the product data specification of Google Merchant Center (required attributes, lengths),
BMEcat 2005 final (lengths of fields), XML 1.0 section 2.2 (characters), schema.org.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Literal, NamedTuple, Protocol
from urllib.parse import quote

from api.rules.stock import Availability

type Change = Literal["added", "changed", "removed"]


class Digested(Protocol):
    """An item by its id, and the digest of what is told of it."""

    @property
    def key(self) -> bytes: ...
    @property
    def digest(self) -> bytes: ...


class FeedFormat(StrEnum):
    """What a feed is written in."""

    MERCHANT = "google_merchant"
    SCHEMA_ORG = "schema_org"
    BMECAT = "bmecat_2005"
    CSV = "csv"


_F = FeedFormat
NEEDS_LINK = frozenset({_F.MERCHANT})
"""Formats whose items must lead to a page of the shop."""
PLACEHOLDERS = ("{sku}", "{offer_id}")
_TITLE: Mapping[FeedFormat, int] = {_F.MERCHANT: 150, _F.BMECAT: 150}
_TEXT: Mapping[FeedFormat, int] = {_F.MERCHANT: 5_000, _F.BMECAT: 64_000}
_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class Price(NamedTuple):
    """The price of one unit from a quantity on."""

    min_quantity: Decimal
    unit_price: Decimal


@dataclass(frozen=True, slots=True)
class FeedItem:
    """An offer in one language. An origin is `source`, `human` or `machine`; prices ascend by
    quantity; `lead_days` are those of the least quantity. `availability` is None where the seller
    tells nothing of it; `available_on` is the day from which goods come that are not there yet."""

    id: str
    sku: str
    seller: str
    name: str | None
    name_origin: str
    description: str | None
    description_origin: str
    brand: str | None
    model: str | None
    mpn: str | None
    gtin: str | None
    hs_code: str | None
    country_of_origin: str
    images: Sequence[str]
    attributes: Mapping[str, str]
    unit_code: str
    min_order_quantity: Decimal
    order_multiple: Decimal
    currency: str
    prices: Sequence[Price]
    incoterm: str
    place_code: str
    valid_through: str | None
    lead_days: int | None
    net_weight_kg: Decimal | None
    availability: Availability | None = None
    available_on: str | None = None


class Omission(NamedTuple):
    """Why an item is not in a feed, or not whole: the field, a stable code, words."""

    field: str
    code: str
    detail: str


class Counts(NamedTuple):
    """How a build differs from the one before."""

    added: int
    changed: int
    removed: int
    unchanged: int


SCHEMA_AVAILABILITY: Mapping[Availability | None, str] = {
    None: "https://schema.org/InStock",
    Availability.IN_STOCK: "https://schema.org/InStock",
    Availability.BACKORDER: "https://schema.org/BackOrder",
    Availability.OUT_OF_STOCK: "https://schema.org/OutOfStock",
}
"""What is told nothing of can be ordered."""


def merchant_availability(item: FeedItem) -> Iterator[tuple[str, str]]:
    """Attributes of the Merchant specification, which asks a day of a backorder."""
    if item.availability is Availability.BACKORDER and item.available_on is not None:
        yield "availability", "backorder"
        yield "availability_date", f"{item.available_on}T00:00Z"
    elif item.availability in (None, Availability.IN_STOCK):
        yield "availability", "in_stock"
    else:
        yield "availability", "out_of_stock"


def omissions(item: FeedItem, format: FeedFormat) -> list[Omission]:
    """What the format asks for and the item has not; with any, it is left out."""
    found = []
    if item.name is None:
        found.append(Omission("name", "absent", "There is no name in the language of the feed"))
    if not item.prices:
        found.append(Omission("price_tiers", "absent", "There is no price"))
    if format is FeedFormat.MERCHANT:
        if item.description is None:
            detail = "There is no description in the language of the feed"
            found.append(Omission("description", "absent", detail))
        if not item.images:
            found.append(Omission("media", "absent", "There is no address of an image"))
    return found


def shortenings(item: FeedItem, format: FeedFormat) -> list[Omission]:
    """Texts that are longer than the format holds, and are cut there."""
    texts = (("name", item.name, _TITLE), ("description", item.description, _TEXT))
    return [
        Omission(field, "shortened", f"Only {limits[format]} of {len(text)} characters fit")
        for field, text, limits in texts
        if text is not None and format in limits and len(text) > limits[format]
    ]


def title(text: str, format: FeedFormat) -> str:
    """A name as the format holds it."""
    return _cut(text, _TITLE.get(format))


def paragraph(text: str, format: FeedFormat) -> str:
    """A description as the format holds it."""
    return _cut(text, _TEXT.get(format))


def xml_text(text: str) -> str:
    r"""The text as the content of an element: a parser reads it back as it was, less the characters
    that XML 1.0 cannot hold in any way.

    >>> xml_text("a<b & ]]>\r\x00")
    'a&lt;b &amp; ]]&gt;&#13;'
    """
    text = _NOT_XML.sub("", text)
    text = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return text.replace("\r", "&#13;")


def xml_characters(text: str) -> str:
    """The text without what XML 1.0 cannot hold."""
    return _NOT_XML.sub("", text)


def number(value: Decimal, least: int = 0) -> str:
    """A decimal in plain digits, with at least so many places.

    >>> number(Decimal("118.100000"), 2), number(Decimal("1E+2"))
    ('118.10', '100')
    """
    digits = f"{value.normalize():f}"
    whole, _, places = digits.partition(".")
    places = places.ljust(least, "0")
    return f"{whole}.{places}" if places else whole


def link(template: str, item: FeedItem) -> str:
    """The page of an item: the template with its placeholders filled (RFC 6570, simple strings)."""
    filled = {"{sku}": quote(item.sku, safe=""), "{offer_id}": quote(item.id, safe="")}
    return re.sub(r"\{sku\}|\{offer_id\}", lambda found: filled[found[0]], template)


def compared[T: Digested](
    before: Iterable[Digested], after: Iterable[T]
) -> Iterator[tuple[bytes, T | None, Change | None]]:
    """Each id of either, ascending: what it is now, and what has become of it (None: nothing).

    Both are read once and side by side, so that neither has to fit into memory.
    """
    old, new = iter(before), iter(after)
    left, right = next(old, None), next(new, None)
    while left is not None or right is not None:
        if left is None or (right is not None and right.key < left.key):
            assert right is not None
            yield right.key, right, "added"
            right = next(new, None)
        elif right is None or left.key < right.key:
            yield left.key, None, "removed"
            left = next(old, None)
        else:
            yield right.key, right, None if left.digest == right.digest else "changed"
            left, right = next(old, None), next(new, None)


def _cut(text: str, limit: int | None) -> str:
    return text if limit is None or len(text) <= limit else text[: limit - 1] + "…"
