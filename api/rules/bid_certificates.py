"""Which certificates that a lot asks for have run out since its bids were made. Pure."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date
from typing import Protocol


class Held(Protocol):
    """A certificate of a tenderer; without `expires_on` it does not run out."""

    @property
    def scheme(self) -> str: ...
    @property
    def number(self) -> str: ...
    @property
    def expires_on(self) -> date | None: ...


@dataclass(frozen=True, slots=True)
class Lapsed:
    """The certificate that lasted longest, of a scheme of which none is left."""

    scheme: str
    number: str
    expired_on: date


def lapsed(required: Iterable[str], held: Collection[Held], today: date) -> list[Lapsed]:
    """For each scheme that is asked for: what the tenderers had of it, when nothing of it is in force
    today. A scheme of which they never showed a certificate is not judged here."""
    found = []
    for scheme in sorted({*required}):
        shown = [each for each in held if each.scheme == scheme]
        ends = [(each.expires_on, each.number) for each in shown if each.expires_on is not None]
        if ends and len(ends) == len(shown) and (last := max(ends))[0] < today:
            found.append(Lapsed(scheme, last[1], last[0]))
    return found
