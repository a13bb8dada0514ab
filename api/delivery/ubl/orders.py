"""Order and OrderResponse: delivery schedules of contracts, and the answers to them.

A row is an OrderLine: `cbc:MaximumQuantity` is the quantity with its tolerance, its terms stand in
`cac:DeliveryTerms` (`terms.py`), of the line or else of the whole document, ready_by, ship_by and deliver_by are
EstimatedDespatchDate, RequestedDespatchDate and LatestDeliveryDate.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal, localcontext
from typing import Any
from uuid import UUID

from api.contracts.schemas import OrderResponseIn, ScheduleRowIn
from api.contracts.schemas.schedules import OrderResponseLineIn
from api.core import ids
from api.core.errors import FieldError, Invalid
from api.core.xml_files import Element
from api.delivery.ubl.documents import (
    Kind,
    built,
    cac,
    cbc,
    date_in_bishkek,
    day_of,
    document,
    find,
    find_all,
    number_of,
    parse,
    path_of,
    refused,
    text_of,
    time_in_bishkek,
)
from api.delivery.ubl.terms import read_terms, write_terms
from api.rules.schedules import HUNDRED, LINE_STATUS_CODE, LineResponse, most

PLACES = "KERBEN"
_RESPONSE = {code: response for response, code in LINE_STATUS_CODE.items()}
ADDED = "1"
"""UN/CEFACT 1229: the line is added; here a part of a row that is split."""
_CODE = {"agree": "AP", "counter": "CA", "reject": "RE"}
"""UN/CEFACT 4343: accepted, conditionally accepted, rejected."""
_HUNDREDTH = Decimal("0.01")


@dataclass(frozen=True, slots=True)
class Party:
    """An organisation as a document names it."""

    id: str
    name: str
    scheme: str
    number: str
    country: str


@dataclass(frozen=True, slots=True)
class Header:
    """What every document begins with. `order` is the number of the order that it is about."""

    order: str
    contract: str
    at: datetime
    currency: str
    buyer: Party
    seller: Party


@dataclass(frozen=True, slots=True)
class Goods:
    """An item of the contract: its name and its unit (UN/ECE Recommendation 20)."""

    name: str
    unit_code: str


@dataclass(slots=True)
class Read[T]:
    """What was read; `places` tells the element behind each pointer into it."""

    data: T
    contract: Element | None = None
    order: Element | None = None
    units: dict[UUID, Element] = field(default_factory=dict)
    places: dict[str, str] = field(default_factory=dict)


def write_order(
    header: Header, rows: Sequence[ScheduleRowIn], goods: Mapping[UUID, Goods]
) -> bytes:
    """The schedule as an Order."""
    return document(
        Kind.ORDER,
        cbc("UBLVersionID", "2.1"),
        cbc("ID", header.order),
        cbc("IssueDate", date_in_bishkek(header.at)),
        cbc("IssueTime", time_in_bishkek(header.at)),
        cbc("DocumentCurrencyCode", header.currency),
        cbc("LineCountNumeric", str(len(rows))),
        cac("Contract", cbc("ID", header.contract)),
        cac("BuyerCustomerParty", party(header.buyer)),
        cac("SellerSupplierParty", party(header.seller)),
        *(cac("OrderLine", _line(row, goods[row.item_id])) for row in rows),
    )


def read_order(body: bytes) -> Read[list[ScheduleRowIn]]:
    """The rows of an Order. Raises Invalid, which names the elements."""
    root = parse(body, Kind.ORDER)
    found: Read[list[ScheduleRowIn]] = Read([], contract=find(root, "cac:Contract", "cbc:ID"))
    found.places["#/rows"] = path_of(root)
    whole = _of_whole(root)
    for index, line in enumerate(find_all(root, "cac:OrderLine")):
        row, places = _row(find(line, "cac:LineItem"), whole)
        found.data.append(row)
        found.units[row.item_id] = find(line, "cac:LineItem", "cbc:Quantity")
        found.places |= {f"#/rows/{index}/{name}": path for name, path in places.items()}
        found.places[f"#/rows/{index}"] = path_of(line)
    return found


def write_response(
    header: Header,
    answers: Sequence[OrderResponseLineIn],
    rows: Mapping[int, ScheduleRowIn],
    goods: Mapping[UUID, Goods],
    *,
    outcome: str,
    note: str | None,
) -> bytes:
    """The answer to a schedule as an OrderResponse; `outcome` is an action of its machine."""
    lines = []
    for answer in answers:
        row = answer.change or rows[answer.row_number]
        status = LINE_STATUS_CODE[answer.response]
        item = _line(
            row.model_copy(update={"number": answer.row_number}),
            goods[row.item_id],
            note=answer.reason,
            status=status,
        )
        lines.append(cac("OrderLine", item))
        lines += [
            cac(
                "OrderLine",
                _line(part, goods[part.item_id], status=ADDED),
                cac("OrderLineReference", cbc("LineID", str(answer.row_number))),
            )
            for part in answer.split
        ]
    return document(
        Kind.ORDER_RESPONSE,
        cbc("UBLVersionID", "2.1"),
        cbc("ID", f"{header.order}-response"),
        cbc("IssueDate", date_in_bishkek(header.at)),
        cbc("IssueTime", time_in_bishkek(header.at)),
        cbc("OrderResponseCode", _CODE[outcome]),
        cbc("Note", note),
        cbc("DocumentCurrencyCode", header.currency),
        cbc("LineCountNumeric", str(len(lines))),
        cac("OrderReference", cbc("ID", header.order)),
        cac("Contract", cbc("ID", header.contract)),
        cac("SellerSupplierParty", party(header.seller)),
        cac("BuyerCustomerParty", party(header.buyer)),
        *lines,
    )


def read_response(body: bytes) -> Read[OrderResponseIn]:
    """An OrderResponse as an answer to every row. Raises Invalid, which names the elements.

    A line that is added (status 1) is a part of the row that its `cac:OrderLineReference` names, and
    which is answered as changed. An accepted line is accepted as it stands: what it repeats of the row is not looked at here.
    """
    root = parse(body, Kind.ORDER_RESPONSE)
    lines: list[dict[str, Any]] = []
    places: dict[str, str] = {"#/lines": path_of(root)}
    parts: list[Element] = []
    whole = _of_whole(root)
    for line in find_all(root, "cac:OrderLine"):
        index, item = len(lines), find(line, "cac:LineItem")
        status = find(item, "cbc:LineStatusCode")
        if text_of(status) == ADDED:
            parts.append(line)
            continue
        response = _RESPONSE.get(text_of(status) or "")
        if response is None:
            detail = (
                "Say 5 (accepted), 3 (changed), 1 (added) or 7 (not accepted) as LineStatusCode."
            )
            raise refused(line if status is None else status, "line_status", detail)
        change = None
        if response is LineResponse.CHANGE:
            change, inner = _row(item, whole)
            places |= {f"#/lines/{index}/change/{k}": path for k, path in inner.items()}
        values = {
            "row_number": text_of(find(item, "cbc:ID")),
            "response": response,
            "reason": text_of(find(item, "cbc:Note")),
            "change": change,
        }
        mine = {
            "row_number": path_of(find(item, "cbc:ID")),
            "response": path_of(status),
            "change": path_of(item),
        }
        built(OrderResponseLineIn, _whole(values), mine, item)
        lines.append(_whole(values))
        places |= {f"#/lines/{index}/{k}": path for k, path in mine.items()}
        places[f"#/lines/{index}"] = path_of(line)
    for line in parts:
        _add_part(line, whole, lines, places)
    note = find(root, "cbc:Note")
    data = built(OrderResponseIn, {"lines": lines, "note": text_of(note)}, {}, root)
    return Read(data, order=find(root, "cac:OrderReference", "cbc:ID"), places=places)


def _of_whole(root: Element) -> Element | None:
    """The terms of every line that has none of its own; which of several is not told."""
    found = find_all(root, "cac:DeliveryTerms")
    if len(found) > 1:
        raise refused(found[1], "several_terms", "A document has one set of delivery terms.")
    return found[0] if found else None


def _add_part(
    line: Element, whole: Element | None, lines: list[dict[str, Any]], places: dict[str, str]
) -> None:
    """Put an added line to the answer about the row that it is a part of."""
    item, reference = find(line, "cac:LineItem"), find(line, "cac:OrderLineReference", "cbc:LineID")
    number = text_of(reference)
    index = next((n for n, each in enumerate(lines) if str(each["row_number"]) == number), None)
    if index is None or lines[index]["response"] is not LineResponse.CHANGE:
        detail = "An added line names a changed one by its OrderLineReference."
        raise refused(line if reference is None else reference, "unknown_line", detail)
    row, inner = _row(item, whole)
    split = lines[index].setdefault("split", [])
    at = f"#/lines/{index}/split"
    places.setdefault(at, path_of(line))
    places |= {f"{at}/{len(split)}/{k}": path for k, path in inner.items()}
    places[f"{at}/{len(split)}"] = path_of(line)
    split.append(row)


def party(found: Party, *more: Element | None, schemes: bool = True) -> Element | None:
    """A cac:Party, with more of its elements after its address.

    `schemes` names those of its numbers, which are ours: EN 16931 takes those of ISO/IEC 6523 alone.
    """
    ours = {"schemeID": PLACES} if schemes else {}
    theirs = {"schemeID": found.scheme} if schemes else {}
    return cac(
        "Party",
        cac("PartyIdentification", cbc("ID", found.id, **ours)),
        cac("PartyName", cbc("Name", found.name)),
        cac("PostalAddress", cac("Country", cbc("IdentificationCode", found.country))),
        *more,
        cac(
            "PartyLegalEntity",
            cbc("RegistrationName", found.name),
            cbc("CompanyID", found.number, **theirs),
        ),
    )


def goods_item(item_id: UUID, found: Goods, *more: Element | None) -> Element | None:
    """A cac:Item, with more of its elements after its number."""
    own = cac("BuyersItemIdentification", cbc("ID", ids.show("item", item_id)))
    return cac("Item", cbc("Name", found.name), own, *more)


def quantity(name: str, value: Decimal, unit_code: str) -> Element | None:
    """A quantity with its unit."""
    return cbc(name, f"{value:f}", unitCode=unit_code)


def _line(
    row: ScheduleRowIn, found: Goods, *, note: str | None = None, status: str | None = None
) -> Element | None:
    with localcontext(prec=60):
        largest = most(row.quantity, row.tolerance_pct)
    return cac(
        "LineItem",
        cbc("ID", str(row.number)),
        cbc("Note", note),
        cbc("LineStatusCode", status),
        quantity("Quantity", row.quantity, found.unit_code),
        quantity("MaximumQuantity", largest, found.unit_code) if row.tolerance_pct else None,
        cac(
            "Delivery",
            cbc("LatestDeliveryDate", _iso(row.deliver_by)),
            cac("DeliveryAddress", cac("AddressLine", cbc("Line", row.delivery_address))),
            cac("DeliveryLocation", cbc("ID", row.place_code, schemeID=PLACES)),
            cac(
                "Despatch",
                cbc("RequestedDespatchDate", _iso(row.ship_by)),
                cbc("EstimatedDespatchDate", _iso(row.ready_by)),
            ),
        ),
        write_terms(row),
        goods_item(row.item_id, found),
    )


def _row(item: Element, whole: Element | None) -> tuple[ScheduleRowIn, dict[str, str]]:
    delivery = find(item, "cac:Delivery")
    despatch = find(delivery, "cac:Despatch")
    amount, largest = find(item, "cbc:Quantity"), find(item, "cbc:MaximumQuantity")
    terms, said = read_terms(item, whole)
    sources = {
        "number": find(item, "cbc:ID"),
        "item_id": find(item, "cac:Item", "cac:BuyersItemIdentification", "cbc:ID"),
        "quantity": amount,
        "tolerance_pct": largest,
        "ready_by": find(despatch, "cbc:EstimatedDespatchDate"),
        "ship_by": find(despatch, "cbc:RequestedDespatchDate"),
        "deliver_by": find(delivery, "cbc:LatestDeliveryDate"),
        "place_code": find(delivery, "cac:DeliveryLocation", "cbc:ID"),
        "delivery_address": find(delivery, "cac:DeliveryAddress", "cac:AddressLine", "cbc:Line"),
    }
    values: dict[str, Any] = {name: text_of(source) for name, source in sources.items()}
    for name in ("ready_by", "ship_by", "deliver_by"):
        values[name] = day_of(sources[name])
    values["quantity"] = number_of(amount)
    values["tolerance_pct"] = None if largest is None else _tolerance(amount, largest)
    values |= terms
    places = {name: path_of(source) for name, source in sources.items() if source is not None}
    places |= said
    number = values["number"]
    if number is not None and number.isascii() and number.isdigit():
        values["number"] = int(number)
    return built(ScheduleRowIn, values, places, item), places


def _tolerance(amount: Element | None, largest: Element) -> str:
    """How much more than the quantity the largest is, in whole hundredths of a per cent."""
    wanted, most_of = number_of(amount), number_of(largest)
    if amount is None or wanted is None or most_of is None or Decimal(wanted) <= 0:
        raise refused(
            largest if amount is None else amount, "greater_than", "Give a quantity above zero."
        )
    with localcontext(prec=60):
        tolerance = Decimal(most_of) * HUNDRED / Decimal(wanted) - HUNDRED
        rounded = tolerance.quantize(_HUNDREDTH)
    if rounded != tolerance:
        detail = "It must exceed the quantity by whole hundredths of a per cent."
        raise refused(largest, "tolerance_inexact", detail)
    return f"{rounded:f}"


def _whole(values: Mapping[str, Any]) -> dict[str, Any]:
    given = {name: value for name, value in values.items() if value is not None}
    if str(given.get("row_number", "")).isdigit():
        given["row_number"] = int(given["row_number"])
    return given


def unit_faults(units: Mapping[UUID, Element], goods: Mapping[UUID, Goods]) -> list[FieldError]:
    """Quantities in another unit than the contract's; items that are not its, are told elsewhere."""
    return [
        FieldError(
            pointer=path_of(element),
            code="unit_differs",
            detail=f"The contract counts in {goods[item_id].unit_code}.",
        )
        for item_id, element in units.items()
        if item_id in goods and element.get("unitCode") not in (None, goods[item_id].unit_code)
    ]


def require_same(element: Element | None, expected: str) -> None:
    """Raise Invalid when a reference of the document is not that of the address it was sent to."""
    if element is not None and text_of(element) != expected:
        raise refused(element, "other_reference", f"It was sent to {expected}.")


def require_units(units: Mapping[UUID, Element], goods: Mapping[UUID, Goods]) -> None:
    """Raise Invalid when a quantity is in another unit than the contract's."""
    faults = unit_faults(units, goods)
    if faults:
        raise Invalid(faults[0].detail, errors=faults)


def _iso(day: Any) -> str | None:
    return None if day is None else day.isoformat()
