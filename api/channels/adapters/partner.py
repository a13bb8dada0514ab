"""A marketplace here without an API of its own: told by events, and answers by our API.

What is to be done leaves as an event to the partner's organisation, in the transaction that notes
it, and reaches the partner's endpoint as a signed Standard Webhook, with all that the webhooks of
this installation do about retries and order. The partner answers each item with accept or reject.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from pydantic import BaseModel

from api.channels.adapters.port import (
    Account,
    Batch,
    Condition,
    Credentials,
    Inquiry,
    Item,
    Mark,
    Order,
    Unavailable,
)
from api.rules.channel_listings import ListingStatus, Part


class PartnerSettings(BaseModel, extra="forbid"):
    """Nothing is chosen."""


class Partner:
    """The adapter (`port.Channel`)."""

    name, title = "partner", "A partner marketplace"
    settings = PartnerSettings
    credentials = None
    of_partner, polled = True, False

    def available(self) -> bool:
        """Always: it is a matter of two organisations here."""
        return True

    def authorise(self, account: Account) -> Credentials:
        """Nothing is needed; the partner's own endpoint has its secret."""
        return Credentials({})

    def parts(self, item: Item) -> Mapping[str, Any]:
        """The item in the words of our own API."""
        measures = item.measures_mm
        return {
            Part.CONTENT.value: {
                "reference": item.reference,
                "title": item.title,
                "language": item.language,
                "description": item.description,
                "images": [*item.images],
                "brand": item.brand,
                "category": item.category,
                "keywords": item.keywords,
                "attributes": dict(item.attributes),
                "hs_code": item.hs_code,
                "country_of_origin": item.country_of_origin,
                "unit_code": item.unit_code,
                "min_order_quantity": f"{item.moq.normalize():f}",
                "lead_times": [
                    {"min_quantity": f"{quantity.normalize():f}", "days": days}
                    for quantity, days in item.lead_times
                ],
                "weight_kg": None if item.weight_kg is None else f"{item.weight_kg.normalize():f}",
                "measures_mm": None
                if measures is None
                else [f"{m.normalize():f}" for m in measures],
            },
            Part.PRICE.value: {
                "currency": item.currency,
                "price_tiers": [
                    {"min_quantity": f"{q.normalize():f}", "unit_price": f"{p.normalize():f}"}
                    for q, p in item.tiers
                ],
            },
            Part.STOCK.value: None if item.stock is None else f"{item.stock.normalize():f}",
        }

    def look_up(self, account: Account, reference: str) -> str | None:
        """Nothing that was told may have been lost: event and note are committed together."""
        return None

    def add(self, account: Account, parts: Mapping[str, Any], reference: str) -> Condition:
        """Offer the item; the partner's answer makes it live, under our reference until then."""
        account.tell("offered", parts)
        return Condition(ListingStatus.SUBMITTED, external_id=reference)

    def revise(self, account: Account, external_id: str, parts: Mapping[str, Any]) -> Condition:
        """Offer all of it anew."""
        account.tell("offered", parts)
        return Condition(ListingStatus.SUBMITTED, external_id=external_id)

    def price(self, account: Account, external_id: str, price: Any) -> None:
        """Tell the price alone."""
        account.tell("price_changed", {Part.PRICE.value: price})

    def stock(self, account: Account, external_id: str, stock: Any) -> None:
        """Tell the stock alone."""
        account.tell("stock_changed", {Part.STOCK.value: stock})

    def show(self, account: Account, external_id: str, *, shown: bool) -> None:
        """Ask that it is shown, or not any more."""
        account.tell("shown" if shown else "hidden", {})

    def condition(self, account: Account, external_id: str) -> Condition:
        """The partner tells by itself."""
        return Condition(None)

    def orders(self, account: Account, since: datetime, page: int) -> Batch[Mark]:
        """A partner is not asked."""
        return Batch([], more=False)

    def order(self, account: Account, mark: Mark) -> Order:
        """A partner is not asked."""
        raise Unavailable("a partner is not asked for orders")

    def inquiries(self, account: Account, page: int) -> Batch[Inquiry]:
        """A partner is not asked."""
        return Batch([], more=False)
