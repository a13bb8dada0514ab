"""DespatchAdvice: what has left with a shipment, line by line.

A line names its row of the delivery schedule by `cac:OrderLineReference/cbc:LineID`; when the goods
left is ActualDespatchDate and ActualDespatchTime of the shipment's despatch.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from api.core.ids import show
from api.core.xml_files import Element
from api.delivery.schemas.despatches import DespatchAdviceIn
from api.delivery.ubl.documents import (
    Kind,
    built,
    cac,
    cbc,
    date_in_bishkek,
    document,
    find,
    find_all,
    instant_of,
    number_of,
    parse,
    path_of,
    refused,
    text_of,
    time_in_bishkek,
)
from api.delivery.ubl.orders import Goods, Header, goods_item, party, quantity
from api.rules.transport import TransportMode

MODE_CODE: Mapping[TransportMode, str] = {
    TransportMode.VESSEL: "1",
    TransportMode.RAIL: "2",
    TransportMode.ROAD: "3",
    TransportMode.AIR: "4",
    TransportMode.BARGE: "8",
}
"""UN/ECE Recommendation 19."""


@dataclass(frozen=True, slots=True)
class Line:
    """A despatched line: so much of a row of the schedule, which is of an item."""

    number: int
    row_number: int
    item_id: UUID
    quantity: Decimal


@dataclass(slots=True)
class ReadAdvice:
    """What was read; the rows are still numbers. `places` tells the element behind each pointer."""

    number: str | None
    despatched_at: datetime
    lines: list[tuple[str, str | None, Element, Element]]
    root: Element
    order: Element | None
    shipment: Element | None
    places: dict[str, str] = field(default_factory=dict)


def write_advice(
    header: Header,
    number: str,
    shipment: str,
    despatched_at: datetime,
    modes: Sequence[TransportMode],
    lines: Sequence[Line],
    goods: Mapping[UUID, Goods],
) -> bytes:
    """A despatch advice as a DespatchAdvice; `modes` are those of the legs, in order."""
    stages = [
        cac("ShipmentStage", cbc("ID", str(seq)), cbc("TransportModeCode", MODE_CODE[mode]))
        for seq, mode in enumerate(modes, start=1)
    ]
    left = cac(
        "Despatch",
        cbc("ActualDespatchDate", date_in_bishkek(despatched_at)),
        cbc("ActualDespatchTime", time_in_bishkek(despatched_at)),
    )
    return document(
        Kind.DESPATCH_ADVICE,
        cbc("UBLVersionID", "2.1"),
        cbc("ID", number),
        cbc("IssueDate", date_in_bishkek(header.at)),
        cbc("IssueTime", time_in_bishkek(header.at)),
        cbc("LineCountNumeric", str(len(lines))),
        cac("OrderReference", cbc("ID", header.contract)),
        cac("DespatchSupplierParty", party(header.seller)),
        cac("DeliveryCustomerParty", party(header.buyer)),
        cac("Shipment", cbc("ID", shipment), *stages, cac("Delivery", left)),
        *(_line(line, goods[line.item_id]) for line in lines),
    )


def read_advice(body: bytes) -> ReadAdvice:
    """A DespatchAdvice. Raises Invalid, which names the elements."""
    root = parse(body, Kind.DESPATCH_ADVICE)
    shipment = find(root, "cac:Shipment")
    despatch = find(shipment, "cac:Delivery", "cac:Despatch")
    day = find(despatch, "cbc:ActualDespatchDate")
    if day is None:
        detail = "Say in cac:Shipment/cac:Delivery/cac:Despatch when the goods left."
        raise refused(root, "despatch_date_missing", detail)
    found = ReadAdvice(
        number=text_of(find(root, "cbc:ID")),
        despatched_at=instant_of(day, find(despatch, "cbc:ActualDespatchTime")),
        lines=[],
        root=root,
        order=find(root, "cac:OrderReference", "cbc:ID"),
        shipment=find(shipment, "cbc:ID"),
    )
    found.places = {
        "#/number": path_of(find(root, "cbc:ID")),
        "#/despatched_at": path_of(day),
        "#/lines": path_of(root),
    }
    for index, line in enumerate(find_all(root, "cac:DespatchLine")):
        references = find_all(line, "cac:OrderLineReference")
        if len(references) > 1:
            raise refused(references[1], "several_references", "A line is of one row.")
        reference = find(line, "cac:OrderLineReference", "cbc:LineID")
        amount = find(line, "cbc:DeliveredQuantity")
        if amount is None:
            raise refused(line, "quantity_missing", "Say what of it has left: DeliveredQuantity.")
        found.lines.append((text_of(reference) or "", number_of(amount), amount, reference))
        found.places |= {
            f"#/lines/{index}": path_of(line),
            f"#/lines/{index}/schedule_row_id": path_of(reference),
            f"#/lines/{index}/quantity": path_of(amount),
        }
    return found


def advice_in(read: ReadAdvice, rows: Mapping[str, tuple[UUID, str]]) -> DespatchAdviceIn:
    """The input that a document makes. `rows` are id and unit of the rows in force, by number.

    Raises Invalid for a line that is no row, in another unit, or with a quantity that is none.
    """
    lines = []
    for number, amount, element, reference in read.lines:
        if number not in rows:
            detail = "The contract has no row of this number in force."
            raise refused(reference, "unknown_line", detail)
        row_id, unit = rows[number]
        if element.get("unitCode") not in (None, unit):
            raise refused(element, "unit_differs", f"The contract counts in {unit}.")
        if amount is None or Decimal(amount) <= 0:
            raise refused(element, "greater_than", "Input should be greater than 0")
        lines.append({"schedule_row_id": show("schedule_row", row_id), "quantity": amount})
    values = {
        "number": read.number,
        "despatched_at": read.despatched_at.isoformat(),
        "lines": lines,
    }
    mine = {"number": read.places["#/number"], "despatched_at": read.places["#/despatched_at"]}
    return built(DespatchAdviceIn, values, mine, read.root)


def _line(line: Line, found: Goods) -> Element | None:
    return cac(
        "DespatchLine",
        cbc("ID", str(line.number)),
        quantity("DeliveredQuantity", line.quantity, found.unit_code),
        cac("OrderLineReference", cbc("LineID", str(line.row_number))),
        goods_item(line.item_id, found),
    )
