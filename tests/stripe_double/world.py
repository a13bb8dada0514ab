"""What the double remembers: objects by id, the clock, money, and the events that were told."""

import copy
import secrets
import time
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Any

from stripe import api_version

from tests.stripe_double import shapes
from tests.stripe_double.errors import invalid, missing

Json = dict[str, Any]
PLATFORM = "acct_platform"
DAY = 86_400

EXPANDABLE: dict[tuple[str, str], Callable[["World", Json], Any]] = {}
"""Fields that an answer has only when they are expanded, and what makes them."""
TIMERS: list[Callable[["World"], None]] = []
"""What happens by itself when the clock has moved on."""


class World:
    """One Stripe account with its connected accounts."""

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        self.objects: dict[str, Json] = {}
        self.owners: dict[str, str] = {}
        self.offset = 0
        self.request: Json | None = None
        self.told: list[tuple[Json, str]] = []

    def now(self) -> int:
        return int(time.time()) + self.offset

    def now_text(self, shift: int = 0) -> str:
        """The instant as v2 writes it."""
        at = datetime.fromtimestamp(self.now() + shift, UTC)
        return at.strftime("%Y-%m-%dT%H:%M:%S.000Z")

    def advance(self, seconds: int) -> None:
        self.offset += seconds
        for timer in TIMERS:
            timer(self)

    def new(self, name: str, prefix: str, account: str | None = None, /, **values: Any) -> Json:
        """Remember a new object; fields that may be null and are not given are null."""
        values.setdefault("id", f"{prefix}_{secrets.token_hex(12)}")
        created: Any = self.now_text() if name.startswith("v2.") else self.now()
        made = shapes.filled(name, {"created": created, **values})
        self.objects[made["id"]] = made
        self.owners[made["id"]] = account or PLATFORM
        return made

    def find(self, name: str, found: str, *, param: str = "id", account: str | None = None) -> Json:
        """An object of that kind which the account owns, or Stripe's `resource_missing`."""
        held = self.objects.get(found)
        if held is None or held["object"] != name or self.owners[found] != (account or PLATFORM):
            raise missing(name.rpartition(".")[2], found, param)
        return held

    def all(self, name: str, account: str | None = None) -> list[Json]:
        """Objects of a kind, the newest first."""
        owner = account or PLATFORM
        held = [o for o in self.objects.values() if o["object"] == name]
        return [each for each in reversed(held) if self.owners[each["id"]] == owner]

    def render(self, held: Json, expand: Iterable[str] = ()) -> Json:
        """An answer: a copy without what is internal, with references expanded as asked."""
        shown: Json = copy.deepcopy({k: v for k, v in held.items() if not k.startswith("_")})
        if shown.get("object") == "balance_transaction":
            due = shown["available_on"] <= self.now()
            shown["status"] = "available" if due else "pending"
        for path in expand:
            self._expand(shown, path.split("."), path)
        return shown

    def _expand(self, shown: Any, parts: list[str], path: str) -> None:
        head, *rest = parts
        if isinstance(shown, list):
            for item in shown:
                self._expand(item, parts, path)
            return
        if make := EXPANDABLE.get((shown.get("object", ""), head)):
            shown.setdefault(head, make(self, shown))
        value = shown.get(head)
        if isinstance(value, str) and value in self.objects:
            shown[head] = self.render(self.objects[value])
        elif head not in shown or isinstance(value, str):
            raise invalid(f"This property cannot be expanded ({path}).", param="expand")
        if rest and shown[head] is not None:
            self._expand(shown[head], rest, path)

    def listed(
        self, held: list[Json], params: Json, url: str, *, filters: Iterable[str] = ()
    ) -> Json:
        """A page of v1: `limit`, `starting_after`, `ending_before`, `created` and equal fields."""
        for name in filters:
            if name in params:
                held = [each for each in held if each.get(name) == params[name]]
        held = [each for each in held if _within(each.get("created"), params.get("created"))]
        limit = params.get("limit", 10)
        if not 1 <= limit <= 100:
            raise invalid("Invalid integer: limit must be between 1 and 100", param="limit")
        ids = [each["id"] for each in held]
        for bound in ("starting_after", "ending_before"):
            if bound in params and params[bound] not in ids:
                raise missing("object", params[bound], bound)
        if "ending_before" in params:
            before = held[: ids.index(params["ending_before"])]
            page, more = before[-limit:], len(before) > limit
        else:
            start = ids.index(params["starting_after"]) + 1 if "starting_after" in params else 0
            page, more = held[start : start + limit], len(held) > start + limit
        return {"object": "list", "data": page, "has_more": more, "url": url}

    def listed_v2(self, held: list[Json], params: Json, url: str) -> Json:
        """A page of v2: its successor is a URL."""
        limit, start = params.get("limit", 20), int(params.get("page") or 0)
        following = (
            f"{url}?page={start + limit}&limit={limit}" if len(held) > start + limit else None
        )
        return {
            "data": held[start : start + limit],
            "next_page_url": following,
            "previous_page_url": None,
        }

    def tell(
        self,
        kind: str,
        held: Json,
        *,
        account: str | None = None,
        previous: Json | None = None,
    ) -> Json:
        """Record a v1 event: a snapshot of the object as it is now."""
        data: Json = {"object": self.render(held)}
        if previous:
            data["previous_attributes"] = previous
        request = self.request or {"id": None, "idempotency_key": None}
        event = self.new(
            "event",
            "evt",
            account,
            api_version=api_version,
            data=data,
            pending_webhooks=0,
            request=request,
            type=kind,
        )
        if account:
            event["account"] = account
        else:
            del event["account"]
        del event["context"]
        self.told.append((event, account or PLATFORM))
        return event

    def tell_v2(
        self, kind: str, held: Json, url: str, data: Json | None = None, changes: Json | None = None
    ) -> Json:
        """Record a v2 event; its notification carries no more than a reference to the object."""
        reason = {"type": "request", "request": self.request} if self.request else None
        event = self.new(
            "v2.core.event",
            "evt_test",
            type=kind,
            reason=reason,
            changes=changes,
            _data=data,
            _related={"id": held["id"], "type": held["object"], "url": url},
        )
        self.told.append((event, PLATFORM))
        return event


def _within(created: Any, bounds: Any) -> bool:
    if not bounds:
        return True
    if isinstance(bounds, int):
        return bool(created == bounds)
    compare = {"gt": int.__gt__, "gte": int.__ge__, "lt": int.__lt__, "lte": int.__le__}
    return all(compare[name](created, bound) for name, bound in bounds.items())
