"""A seller at a channel: what tests ask, and what they let happen."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from api.core import db
from api.rules.clock import local_date
from tests.alibaba_double.app import CODE, Platform
from tests.catalog import samples
from tests.channels import selling
from tests.procurement import bidding
from tests.tenancy.world import ok
from workers import clock

TIERS = [
    {"min_quantity": "10", "unit_price": "9.50"},
    {"min_quantity": "500", "unit_price": "8.25"},
]
CONNECTION = {
    "name": "Our shop",
    "channel": "alibaba",
    "market": "CN",
    "settings": {"rfq_keywords": "honey"},
    "credentials": {"code": CODE},
}


def offered(exporter: Any, sku: str = "HONEY-1", **changed: Any) -> dict[str, Any]:
    """An active offer of honey, as channels take it; `changed` are fields of the offer."""
    fields: dict[str, Any] = {
        "sku": sku,
        "product": {
            **selling.HONEY,
            "media": ["https://pictures.example.kg/honey.jpg"],
            "descriptions": {"zh": "来自天山的蜂蜜"},
        },
        "unit_code": "KGM",
        "currency": "USD",
        "place_code": "kg-bishkek",
        "min_order_quantity": "10",
        "order_multiple": "10",
        "price_tiers": TIERS,
        "lead_time_tiers": [{"min_quantity": "10", "days": 14}],
        **changed,
    }
    return samples.activated(exporter, **fields)


@dataclass
class Shop:
    """A seller, the operator, the platform, and the worker that stands between."""

    platform: Platform
    seller: Any
    operator: Any
    drain: Callable[[], int]
    connection: dict[str, Any] = field(default_factory=dict)
    last: date = date.max
    """The last day of the first permission that lapses."""

    def __post_init__(self) -> None:
        selling.verified(self.seller, self.operator)
        with db.worker_unit_of_work() as session:
            self.last = local_date(db.now(session)) + timedelta(days=60)
        vet = {
            "authority": "KG_VET",
            "registration_no": "KG-VET-77",
            "valid_to": self.last.isoformat(),
        }
        selling.verified(self.seller, self.operator, **vet)
        self.connection = ok(self.seller.post("/v1/channel-connections", json=CONNECTION))
        self.drain()

    @property
    def url(self) -> str:
        return f"/v1/channel-connections/{self.connection['id']}"

    def goods(self, sku: str = "HONEY-1", **changed: Any) -> dict[str, Any]:
        """An offer with its label, which the market lets in."""
        made = offered(self.seller, sku, **changed)
        selling.labelled(self.seller, made["product"]["id"])
        self.drain()
        return made

    def asked(self, offer: dict[str, Any], **changed: Any) -> dict[str, Any]:
        """A listing as it is asked for; no worker has seen it yet."""
        body = {
            "connection_id": self.connection["id"],
            "offer_id": offer["id"],
            "keywords": "mountain honey",
            "stock": "500",
            **changed,
        }
        found: dict[str, Any] = ok(self.seller.post("/v1/channel-listings", json=body))
        return found

    def live(self, sku: str = "HONEY-1") -> dict[str, Any]:
        """A listing that the channel shows."""
        made = self.asked(self.goods(sku))
        self.drain()
        self.looked_through()
        found = self.told(made)
        assert found["status"] == "live", found
        return found

    def looked_through(self, status: str = "online", why: str | None = None) -> None:
        """The platform looks everything through that waits, and is asked about it."""
        for product in self.platform.products.values():
            if product["status"] == "pending":
                product["status"], product["why"] = status, why
        self.wait()

    def wait(self, span: timedelta = timedelta(minutes=11)) -> None:
        """Let time pass, and everything happen that is due then."""
        with db.worker_unit_of_work() as session:
            until = db.now(session) + span
        self.wait_until(until)

    def wait_until(self, until: datetime) -> None:
        bidding.advance(until)
        clock.tick()
        self.drain()

    def told(self, listing: dict[str, Any]) -> dict[str, Any]:
        """How a listing stands now."""
        found: dict[str, Any] = ok(self.seller.get(f"/v1/channel-listings/{listing['id']}"))
        return found

    def act(self, listing: dict[str, Any], what: str) -> None:
        """One of the seller's acts, and what the worker makes of it."""
        ok(self.seller.post(f"/v1/channel-listings/{listing['id']}/{what}"))
        self.drain()

    def events(self, prefix: str) -> list[str]:
        """Types of the seller's events that begin so, the oldest first."""
        page = ok(self.seller.get("/v1/events", params={"types": f"{prefix}.*", "limit": 100}))
        return [each["type"] for each in page["items"]]
