"""Delivery of webhooks: signed by the SDK, to endpoints on loopback only."""

import asyncio
import json
import random
from dataclasses import asdict, dataclass, field
from fnmatch import fnmatchcase
from typing import Any
from urllib.parse import urlsplit

import httpx2
from stripe import WebhookSignature

from tests.stripe_double.world import PLATFORM, World

Json = dict[str, Any]
ATTEMPTS = 3
"""How often a sandbox tries."""
_LOOPBACK = ("127.0.0.1", "localhost", "::1")


@dataclass
class Delivery:
    """One event for one endpoint. `status` is the last answer, 0 where there was none."""

    event: str
    type: str
    endpoint: str
    url: str
    secret: str
    body: str
    attempts: int = 0
    status: int | None = None

    def signed(self) -> Json:
        header = WebhookSignature.generate_signature_header(self.body, self.secret)
        return {**asdict(self), "signature": header}


@dataclass
class Habits:
    """How deliveries misbehave: `copies` of each, in an order shuffled by `seed`, late."""

    automatic: bool = False
    copies: int = 1
    seed: int | None = None
    delay: float = 0.0


@dataclass
class Post:
    """What waits to be delivered. `always` are the habits that a reset comes back to."""

    world: World
    always: Habits = field(default_factory=Habits)
    habits: Habits = field(default_factory=Habits)
    waiting: list[Delivery] = field(default_factory=list)
    _running: set[asyncio.Task[Any]] = field(default_factory=set)

    def reset(self) -> None:
        self.habits = self.always
        self.waiting.clear()

    async def after_answer(self) -> None:
        """Queue what has been told since; send it when deliveries are automatic."""
        self.collect()
        if self.habits.automatic and self.waiting:
            task = asyncio.create_task(self.send_all(self.habits))
            self._running.add(task)
            task.add_done_callback(self._running.discard)

    def collect(self) -> None:
        for event, account in self.world.told:
            for endpoint_id, url, secret in _endpoints(self.world, event, account):
                if event["object"] == "event":
                    event["pending_webhooks"] += 1
                body = json.dumps(notification(self.world, event), indent=2)
                self.waiting.append(
                    Delivery(event["id"], event["type"], endpoint_id, url, secret, body)
                )
        self.world.told.clear()

    async def send_all(self, habits: Habits) -> list[Json]:
        """Try each waiting delivery once; what is refused waits for its next attempt."""
        batch, self.waiting = self.waiting, []
        letters = [each for each in batch for _ in range(habits.copies)]
        if habits.seed is not None:
            random.Random(habits.seed).shuffle(letters)
        await asyncio.sleep(habits.delay)
        async with httpx2.AsyncClient(verify=False, trust_env=False, timeout=10) as client:
            reports = [await self._send(client, each) for each in letters]
        self.waiting = [d for d in batch if not _done(d) and d.attempts < ATTEMPTS] + self.waiting
        return reports

    async def _send(self, client: httpx2.AsyncClient, delivery: Delivery) -> Json:
        signed = delivery.signed()
        delivery.attempts += 1
        delivery.status = 0
        if urlsplit(delivery.url).hostname in _LOOPBACK:
            headers = {
                "Content-Type": "application/json; charset=utf-8",
                "Stripe-Signature": signed["signature"],
                "User-Agent": "Stripe/1.0 (+https://stripe.com/docs/webhooks)",
            }
            try:
                answer = await client.post(delivery.url, content=delivery.body, headers=headers)
                delivery.status = answer.status_code
            except httpx2.HTTPError:
                delivery.status = 0
        event = self.world.objects.get(delivery.event, {})
        if _done(delivery) and event.get("pending_webhooks"):
            event["pending_webhooks"] -= 1
        return {"event": delivery.event, "type": delivery.type, "status": delivery.status}


def notification(world: World, event: Json) -> Json:
    """The body of a webhook: a snapshot of v1, or a thin notification of v2."""
    if event["object"] == "event":
        return world.render(event)
    thin = ("id", "object", "type", "created", "livemode", "context", "reason")
    return {**{name: event[name] for name in thin}, "related_object": event["_related"]}


def _done(delivery: Delivery) -> bool:
    return delivery.status is not None and 200 <= delivery.status < 300


def _endpoints(world: World, event: Json, account: str) -> list[tuple[str, str, str]]:
    """Who is told: endpoints of v1, and event destinations of v2 by the payload they asked for."""
    snapshot, connected = event["object"] == "event", account != PLATFORM
    found = []
    for each in world.all("webhook_endpoint") if snapshot else []:
        wants = _wants(each["enabled_events"], event["type"]) and each["status"] == "enabled"
        if wants and each["_connect"] == connected:
            found.append((each["id"], each["url"], each["_secret"]))
    for each in world.all("v2.core.event_destination"):
        wants = _wants(each["enabled_events"], event["type"]) and each["status"] == "enabled"
        source = "@accounts" if connected else "@self"
        if (
            wants
            and (each["event_payload"] == "snapshot") == snapshot
            and source in each["events_from"]
        ):
            found.append((each["id"], each["_url"], each["_secret"]))
    return found


def _wants(enabled: list[str], kind: str) -> bool:
    return kind in enabled or any(
        "*" in e and "[" not in e and fnmatchcase(kind, e) for e in enabled
    )
