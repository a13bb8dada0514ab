"""What a quoted price comes to, delivered: asked here, told by the feature of delivery above.

Delivery plugs its computation in (api/registry.py), as it does for the evaluation of tenders.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from sqlmodel import Session

from api.rules.incoterms import Incoterm
from api.rules.landed_cost.inputs import Line, Stated

NOT_SERVED = "destination_not_served"
"""The fault of a destination that no delivered cost is known for."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A price under terms of delivery, for goods to a destination, by the numbers of a day.

    The rates of exchange are the latest that are known on that day.
    """

    subject: str
    destination: str
    dispatch_country: str
    incoterm: Incoterm
    place_code: str
    is_seller_premises: bool | None
    importer_of_record: str | None
    importer_tax_id: str | None
    vat_recovered_by: str | None
    currency: str
    price_includes_vat: bool
    lines: Sequence[Line]
    stated: Sequence[Stated]
    day: date


@dataclass(frozen=True, slots=True)
class Cost:
    """A delivered cost in `currency`; `figures` are those of the landed cost by their names there,
    `lines` the whole of each line, gross."""

    currency: str
    total_gross: Decimal
    total_net: Decimal | None
    figures: Mapping[str, Decimal | None]
    lines: Mapping[str, Decimal]
    route_code: str | None
    notices: Sequence[Mapping[str, Any]]
    unreviewed: Sequence[str]
    inputs_sha256: str


type Costing = Callable[[Asked], Cost]
"""Raises api.rules.landed_cost.NotComputable, whose faults name what is missing."""
type Port = Callable[[Session], Costing]

_ports: list[Port] = []


def plug(port: Port) -> None:
    """Let `port` compute from now on, in this process."""
    _ports[:] = [port]


def costing(session: Session) -> Costing:
    """The computation for one comparison: what counts is looked up once for all its quotes."""
    return _ports[-1](session)
