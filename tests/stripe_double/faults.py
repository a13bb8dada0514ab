"""Failures of the wire and of the service, which a test asks for.

After `error_500_after_commit` a repetition under the same key is told of the success; after
`error_500_remembered` it is told the same 500 again, as Stripe documents of its keys.
"""

import asyncio
from dataclasses import dataclass, field
from typing import Literal

from fastapi import Request

from tests.stripe_double import transports
from tests.stripe_double.errors import StripeFault

Kind = Literal[
    "timeout_after_commit",
    "error_500_after_commit",
    "error_500",
    "error_500_remembered",
    "reset",
    "reset_after_commit",
    "rate_limit",
    "pause",
]


@dataclass
class Fault:
    """What strikes the next `times` requests whose verb and path begin so."""

    kind: Kind
    verb: str = "post"
    path: str = "/v"
    times: int = 1
    seconds: float = 0.0

    @property
    def commits(self) -> bool:
        """Whether the operation has its effect before the caller sees the failure."""
        return self.kind.endswith(("_after_commit", "_remembered"))

    async def strike(self, request: Request) -> None:
        if self.kind.startswith("timeout"):
            while not await request.is_disconnected():
                await asyncio.sleep(0.005)
        elif self.kind.startswith("reset"):
            transports.abort(request)
            raise StripeFault(500, "The connection was cut.")
        elif self.kind == "rate_limit":
            problem = StripeFault(
                429, "Request rate limit exceeded.", type="invalid_request_error", code="rate_limit"
            )
            problem.headers["Stripe-Rate-Limited-Reason"] = "global-rate"
            raise problem
        elif self.kind.startswith("error_500"):
            problem = StripeFault(500, "An unknown error occurred", type="api_error")
            problem.remembered = self.kind.endswith("_remembered")
            raise problem


@dataclass
class Faults:
    waiting: list[Fault] = field(default_factory=list)

    def take(self, verb: str, path: str) -> Fault | None:
        """The failure that this request meets, used up once."""
        return self._next(verb, path, paused=False)

    def pause(self, verb: str, path: str) -> float:
        """How long this request is in progress, in seconds, before it has its effect."""
        fault = self._next(verb, path, paused=True)
        return fault.seconds if fault else 0.0

    def _next(self, verb: str, path: str, *, paused: bool) -> Fault | None:
        for fault in self.waiting:
            if (
                fault.verb == verb
                and path.startswith(fault.path)
                and (fault.kind == "pause") == paused
            ):
                fault.times -= 1
                if not fault.times:
                    self.waiting.remove(fault)
                return fault
        return None
