"""What the programs of buyers, suppliers and a partner do while everything around them breaks."""

import json
import random
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

from api.core.ids import parse
from tests.catalog import samples as catalogue
from tests.procurement import samples
from tests.soak.journal import Caller, Journal, Line

SMALL = {"amount": "900000", "currency": "KGS"}
ROWS = 12
"""Of an import; the last one is wrong."""


@dataclass
class Market:
    """Tenders that are open for bids, by the buyers who published them."""

    tenders: list[Any] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def publish(self, tender: Any) -> None:
        with self.lock:
            self.tenders.append(tender)

    def latest(self, dice: random.Random) -> Any:
        """One of the newest, or None while there is none."""
        with self.lock:
            return dice.choice(self.tenders[-20:]) if self.tenders else None


def tender(mark: str, **changed: Any) -> dict[str, Any]:
    """A request for quotations with the mark in its title."""
    lots: list[Any] = [samples.lot(value=SMALL, items=[samples.item(quantity="60")])]
    title = {"ru": f"Мебель {mark}", "ky": f"Эмерек {mark}"}
    body = {"title": title, "procedure": "rfq", "value": SMALL, "lots": lots}
    return samples.tender(**{**body, **changed})


def bid(made: Any, price: int) -> dict[str, Any]:
    """A bid for every lot; the service keeps it closed."""
    lots = [
        {
            "lot_id": lot["id"],
            "value": {"amount": f"{60 * price}.00", "currency": "KGS"},
            "vat_included": True,
            "incoterm": "DAP",
            "named_place": "Osh",
            "dispatch_country": "KG",
            "lead_days": 30,
            "items": [
                {
                    "item_id": item["id"],
                    "quantity": item["quantity"],
                    "unit_price": f"{price}.00",
                    "country_of_origin": "KG",
                }
                for item in lot["items"]
            ],
        }
        for lot in made["lots"]
    ]
    envelope = {"kind": "price", "id": uuid4().hex, "version": 1, "content": {"lots": lots}}
    return {"envelopes": [envelope], "tenderers": []}


def buy(me: Caller, market: Market, dice: random.Random) -> None:
    """Draft and publish, read the matches of an earlier tender, and now and then be refused."""
    mark = uuid4().hex
    draft = me.act("tender", "/v1/tenders", mark=mark, json=tender(mark), twice=dice.random() < 0.2)
    if draft is None or not draft.is_success:
        return
    shown = draft.json()["id"]
    if dice.random() < 0.15:
        key, other = uuid4().hex, uuid4().hex
        headers = {"Idempotency-Key": key}
        me.act("tender", "/v1/tenders", mark=other, json=tender(other), headers=headers)
        wrong = uuid4().hex
        me.act("tender", "/v1/tenders", mark=wrong, json=tender(wrong), headers=headers)
    if dice.random() < 0.15:
        wrong = uuid4().hex
        body = tender(wrong, lots=[samples.lot(items=[samples.item(quantity="-1")])])
        me.act("tender", "/v1/tenders", mark=wrong, json=body)
    if dice.random() < 0.1:
        stale = {"If-Match": '"999"'}
        me.act("publish", f"/v1/tenders/{shown}/publish", mark=shown, headers=stale)
        return
    made = me.act("publish", f"/v1/tenders/{shown}/publish", mark=shown, twice=dice.random() < 0.2)
    if made is not None and made.is_success:
        market.publish(made.json())
    if (earlier := market.latest(dice)) is not None:
        me.get(f"/v1/tenders/{earlier['id']}/matches")
        me.get(f"/v1/tenders/{earlier['id']}")


def sell(me: Caller, market: Market, dice: random.Random, served: set[str]) -> None:
    """Ask about and bid on tenders that are open, once on each, and sometimes wrongly."""
    made = market.latest(dice)
    if made is None or made["id"] in served:
        return
    served.add(made["id"])
    url = f"/v1/tenders/{made['id']}"
    if dice.random() < 0.3:
        mark = uuid4().hex
        question = {"title": {"ru": "Размер"}, "description": {"ru": f"Высота? {mark}"}}
        me.act("enquiry", f"{url}/enquiries", mark=mark, json=question)
    if dice.random() < 0.15:
        body = bid(made, 9_000)
        body["envelopes"][0]["content"]["lots"][0]["items"][0]["quantity"] = "-1"
        who = f"{made['id']} {me.org_id.hex} wrong"
        me.act("bid", f"{url}/bids", mark=body["envelopes"][0]["id"], json=body, about=who)
    body = bid(made, dice.randrange(9_000, 12_000))
    me.act(
        "bid",
        f"{url}/bids",
        mark=body["envelopes"][0]["id"],
        json=body,
        about=f"{made['id']} {me.org_id.hex}",
        twice=dice.random() < 0.2,
    )


def offer(me: Caller, dice: random.Random) -> None:
    """Import a file whose last row is wrong; the marks are the numbers of its articles."""
    mark = uuid4().hex
    rows = [{"sku": f"{mark}-{n}"} for n in range(ROWS - 1)] + [
        {"sku": f"{mark}-wrong", "currency": "XXQ"}
    ]
    me.act(
        "import",
        "/v1/imports",
        mark=mark,
        twice=dice.random() < 0.2,
        content=catalogue.csv_file(*rows),
        headers={"Content-Type": "text/csv"},
        params={"format": "csv"},
    )


@dataclass
class Feed:
    """What a reader has got of the feed of its organisation, page by page.

    `audience`: `own`, or `all` for what is public besides, which endpoints of webhooks are told too.
    """

    reader: Caller
    audience: str = "own"
    events: list[Any] = field(default_factory=list)
    cursor: str | None = None
    before: int = 0
    """How many of the events an endpoint need not be told of, as it was made after them."""

    def read(self) -> None:
        """Follow the cursors as far as they lead now."""
        while True:
            params: dict[str, Any] = {"limit": 100, "audience": self.audience}
            if self.cursor:
                params["after"] = self.cursor
            answer = self.reader.get("/v1/events", params=params)
            if answer is None:
                return
            if answer.status_code != 200:
                self.reader.journal.complain(f"feed: {answer.status_code} {answer.text[:200]}")
                return
            page = answer.json()
            self.events += page["items"]
            self.cursor = page["next_cursor"]
            if not page["has_more"]:
                return


def keep_doing(
    what: Callable[[], None], stop: threading.Event, pause: float, dice: random.Random, of: Journal
) -> threading.Thread:
    """Do something again and again in a thread, with pauses around so many seconds."""

    def run() -> None:
        while not stop.is_set():
            try:
                what()
            except Exception as error:
                of.complain(f"a client broke: {error!r}")
                raise
            stop.wait(pause * dice.uniform(0.5, 1.5))

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    return thread


def subscribe(me: Caller, url: str, ordering: str = "best_effort") -> str:
    """Make an endpoint for all events that the caller may read; its secret."""
    body = {"url": url, "ordering": ordering, "max_in_flight": 20}
    answer = me.act("endpoint", "/v1/webhook-endpoints", mark=url, json=body)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["secret"])


def uuid_of(line: Line) -> Any:
    """The id of what an act has made."""
    return parse(line.id.rpartition("_")[0], line.id)


def payload(event: Any) -> str:
    """An envelope in one spelling, to compare."""
    return json.dumps(event, sort_keys=True, ensure_ascii=False)
