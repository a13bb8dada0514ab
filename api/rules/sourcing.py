"""Sourcing without a tender: who may, how requests for quotation and quotes live, what is compared.

Pure.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from itertools import pairwise
from typing import Protocol
from uuid import UUID

from api.rules.incoterms import Incoterm
from api.rules.permissions import OrgRole
from api.rules.policy import ProcurementRegime
from api.rules.states import Machine

MAX_ITEMS = 200
MAX_LINES = 400
MAX_FURTHER = 4
"""Other quantities of an item that prices are asked for."""
LAW_OF = "KG"
"""The country whose law binds its public bodies here."""
_DELIVERED = frozenset({Incoterm.DAP, Incoterm.DPU, Incoterm.DDP})
_PUBLIC = frozenset({ProcurementRegime.STATE, ProcurementRegime.STATE_ENTERPRISE})


class RfqStatus(StrEnum):
    """How a request for quotation stands."""

    DRAFT = "draft"
    PUBLISHED = "published"
    CLOSED = "closed"
    ORDERED = "ordered"
    CANCELLED = "cancelled"


class QuoteStatus(StrEnum):
    """How a quote stands: `ordered` from it, refused by its own seller (`declined`), or another was
    ordered from (`passed_over`)."""

    SUBMITTED = "submitted"
    ORDERED = "ordered"
    DECLINED = "declined"
    PASSED_OVER = "passed_over"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"


class Audience(StrEnum):
    """Who may answer a request: any seller, or the invited alone."""

    OPEN = "open"
    INVITED = "invited"


_R, _Q = RfqStatus, QuoteStatus
ORDERABLE_RFQ = frozenset({_R.PUBLISHED, _R.CLOSED})
"""Requests by which can be ordered."""
RFQ = Machine(
    {
        "publish": (frozenset({_R.DRAFT}), _R.PUBLISHED),
        "amend": (frozenset({_R.PUBLISHED}), _R.PUBLISHED),
        "close": (frozenset({_R.PUBLISHED}), _R.CLOSED),
        "order": (ORDERABLE_RFQ, _R.ORDERED),
        "reopen": (frozenset({_R.ORDERED}), _R.CLOSED),
        "cancel": (frozenset({_R.DRAFT, _R.PUBLISHED, _R.CLOSED}), _R.CANCELLED),
    }
)
ORDERABLE = frozenset({_Q.SUBMITTED, _Q.PASSED_OVER})
"""Quotes that bind their seller while they are valid, and can be ordered from."""
QUOTE = Machine(
    {
        "revise": (ORDERABLE, _Q.SUBMITTED),
        "withdraw": (ORDERABLE, _Q.WITHDRAWN),
        "order": (ORDERABLE, _Q.ORDERED),
        "release": (frozenset({_Q.ORDERED}), _Q.SUBMITTED),
        "decline": (frozenset({_Q.ORDERED}), _Q.DECLINED),
        "pass_over": (frozenset({_Q.SUBMITTED}), _Q.PASSED_OVER),
        "expire": (ORDERABLE | {_Q.ORDERED}, _Q.EXPIRED),
    }
)


def must_tender(roles: Collection[str], country: str, regime: ProcurementRegime | None) -> bool:
    """True for a public body, whose purchases follow the law on public procurement: it tenders.

    A buyer of Kyrgyzstan is one unless the operator entered it as buying by general rules
    (`generic`); one of another country only when it was entered as a public body.
    """
    if OrgRole.BUYER not in roles:
        return False
    return regime in _PUBLIC or (regime is None and country == LAW_OF)


def quantity_at(quantities: Sequence[Decimal], volume: int) -> Decimal:
    """The quantity of an item in a volume, counted from 0; beyond its last it stays the last."""
    return quantities[min(volume, len(quantities) - 1)]


def is_ascending(quantities: Sequence[Decimal]) -> bool:
    """True when each quantity is greater than the one before."""
    return all(one < other for one, other in pairwise(quantities))


def is_delivered(incoterm: Incoterm, place_code: str, destination: str) -> bool:
    """True when a price is for the destination itself: under a D rule, at that place."""
    return incoterm in _DELIVERED and place_code == destination


class Line(Protocol):
    """A line of a quote: for which item, and whether it offers something else instead."""

    @property
    def item_id(self) -> UUID: ...
    @property
    def is_alternative(self) -> bool: ...


@dataclass(frozen=True, slots=True)
class Option[L]:
    """Lines of a quote that are compared together, by item; with `alternative_of`, the item for
    which something else than asked is offered."""

    lines: Mapping[UUID, L]
    alternative_of: UUID | None = None


def options[L: Line](lines: Iterable[L], items: Collection[UUID]) -> list[Option[L]]:
    """What a quote offers, to be compared: everything as asked, and with each alternative once.

    An alternative takes the place of the line of its item and leaves the others as asked. Lines for
    what is not among `items` (any more) are left out; a quote of alternatives alone has no option
    as asked.
    """
    known = [line for line in lines if line.item_id in items]
    asked = {line.item_id: line for line in known if not line.is_alternative}
    found = [Option(asked)] if asked else []
    return found + [
        Option({**asked, line.item_id: line}, line.item_id) for line in known if line.is_alternative
    ]


def order_key(
    total: Decimal | None, *, complete: bool, valid: bool, tie: str
) -> tuple[bool, bool, bool, Decimal, str]:
    """By which compared options are sorted: those that can be accepted as a whole first, the
    cheapest of them first; what is incomplete, then what has lapsed, then what has no total."""
    return (total is None, not valid, not complete, total or Decimal(), tie)
