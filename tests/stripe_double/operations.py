"""The operations that the double serves, each named by the SDK's method that calls it.

Verb, path and parameters are read from that method, so that neither can differ from the SDK's.
"""

import importlib
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import reduce
from typing import Any, ForwardRef, get_args

from stripe import StripeClient

from tests.stripe_double.errors import StripeFault
from tests.stripe_double.world import World

Json = dict[str, Any]
_VERBS = ("get", "post", "delete")
_SDK = StripeClient("sk_test_double")


@dataclass
class Call:
    """A request that passed its checks."""

    world: World
    params: Json
    ids: tuple[str, ...]
    request_id: str
    account: str | None = None
    """The connected account on whose behalf it is made; None is the platform itself."""
    idempotency_key: str | None = None
    path: str = ""

    @property
    def id(self) -> str:
        return self.ids[0]

    def get(self, name: str, default: Any = None) -> Any:
        """A parameter; one that was unset by an empty string reads as None."""
        value = self.params.get(name, default)
        return None if value == "" else value


@dataclass(frozen=True)
class Operation:
    name: str
    verb: str
    path: re.Pattern[str]
    params: type | None
    handler: Callable[[Call], Json]
    v2: bool


@dataclass
class Registry:
    operations: list[Operation] = field(default_factory=list)

    def find(self, verb: str, path: str) -> tuple[Operation, tuple[str, ...]]:
        """The operation of a request and the ids in its path, or Stripe's 404."""
        for operation in self.operations:
            if operation.verb == verb and (match := operation.path.fullmatch(path)):
                return operation, match.groups()
        raise StripeFault(404, f"Unrecognized request URL ({verb.upper()}: {path}).")


REGISTRY = Registry()


def serves(name: str) -> Callable[[Callable[[Call], Json]], Callable[[Call], Json]]:
    """Answer to the SDK's `client.<name>(…)`."""

    def register(handler: Callable[[Call], Json]) -> Callable[[Call], Json]:
        method = reduce(getattr, name.split("."), _SDK).__func__  # type: ignore[attr-defined]
        texts = [text for text in method.__code__.co_consts if isinstance(text, str)]
        path = next(text for text in texts if re.match(r"/v\d/", text))
        pattern = re.compile(re.sub(r"\{\w+\}", "([^/]+)", path))
        verb = next(text for text in texts if text in _VERBS)
        REGISTRY.operations.append(
            Operation(name, verb, pattern, _params(method), handler, path.startswith("/v2/"))
        )
        return handler

    return register


def _params(method: Any) -> type | None:
    """The TypedDict that the method takes: it stands in `stripe.params`, folder by folder."""
    annotation = method.__annotations__.get("params")
    if annotation is None:
        return None
    reference = next(iter(get_args(annotation)), annotation)
    name = reference.__forward_arg__ if isinstance(reference, ForwardRef) else reference
    folder = method.__module__.removeprefix("stripe").rpartition(".")[0]
    return getattr(importlib.import_module(f"stripe.params{folder}"), name)
