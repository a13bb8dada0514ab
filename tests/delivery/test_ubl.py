"""ERP systems speak UBL 2.1: what goes out is valid and comes back the same; what is wrong is named."""

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlmodel import Session, select

from api.contracts.models import DeliverySchedule
from api.contracts.schemas import ScheduleRowIn
from api.contracts.schemas.schedules import OrderResponseLineIn
from api.core import ids
from api.core.errors import Invalid
from api.delivery.models import DespatchAdvice
from api.delivery.ubl import despatches, orders
from api.delivery.ubl.documents import Kind, is_valid, parse
from api.delivery.ubl.orders import Goods, Header, Party
from api.rules.incoterms import Deviation, Incoterm
from api.rules.schedules import LineResponse
from api.rules.transport import TransportMode
from tests.delivery import executing

type AsOrg = Callable[..., Any]
BUYER = Party("organisation_1", "Министерство", "KG-INN", "00000000000001", "KG")
SELLER = Party("organisation_2", "Kashi <Furniture> & Co", "CN-USCC", "91110000600037341L", "CN")
HEADER = Header(
    "contract_1-1", "contract_1", datetime(2027, 1, 5, 4, tzinfo=UTC), "KGS", BUYER, SELLER
)
ITEM = UUID(int=7)
GOODS = {ITEM: Goods("Парта", "SET")}
XML = {"Content-Type": "application/xml"}

days = st.dates(date(2000, 1, 1), date(2099, 12, 31))
words = st.text(
    st.characters(categories=("L", "N", "P", "S"), max_codepoint=0xFFFF), min_size=1, max_size=30
)
quantities = st.decimals(Decimal("0.000001"), Decimal(10**12), places=6)
rows = st.builds(
    lambda **values: ScheduleRowIn.model_validate({k: v for k, v in values.items() if v}),
    number=st.integers(1, 9999),
    item_id=st.just(ids.show("item", ITEM)),
    quantity=quantities.map(lambda value: f"{value:f}"),
    ready_by=st.none() | days.map(date.isoformat),
    ship_by=st.none() | days.map(date.isoformat),
    deliver_by=st.none() | days.map(date.isoformat),
    place_code=st.from_regex(r"[a-z]{2}-[a-z0-9]{1,20}", fullmatch=True),
    delivery_address=st.none() | words,
    tolerance_pct=st.decimals(0, 100, places=2).map(lambda value: f"{value:f}"),
    incoterm=st.sampled_from(Incoterm),
    named_place=st.none() | words,
    deviations=st.lists(st.sampled_from(Deviation), unique=True),
)


@settings(max_examples=60, deadline=None)
@given(st.lists(rows, min_size=1, max_size=4))
def test_an_order_is_valid_and_comes_back_the_same(given_rows: list[ScheduleRowIn]) -> None:
    body = orders.write_order(HEADER, given_rows, GOODS)
    assert is_valid(body, Kind.ORDER)
    assert orders.read_order(body).data == given_rows


@settings(max_examples=60, deadline=None)
@given(rows, rows, words)
def test_an_order_response_is_valid_and_comes_back_the_same(
    row: ScheduleRowIn, change: ScheduleRowIn, reason: str
) -> None:
    row, change = (
        each.model_copy(update={"number": number}) for each, number in ((row, 1), (change, 2))
    )
    parts = [row.model_copy(update={"number": number}) for number in (8, 9)]
    lines = [
        OrderResponseLineIn(row_number=1, response=LineResponse.ACCEPT),
        OrderResponseLineIn(
            row_number=2, response=LineResponse.CHANGE, reason=reason, change=change, split=parts
        ),
        OrderResponseLineIn(row_number=3, response=LineResponse.REJECT, reason=reason),
    ]
    known = {1: row, 2: row, 3: row}
    body = orders.write_response(HEADER, lines, known, GOODS, outcome="reject", note="Нет")
    assert is_valid(body, Kind.ORDER_RESPONSE)
    read = orders.read_response(body).data
    assert (read.lines, read.note) == (lines, "Нет")


@settings(max_examples=60, deadline=None)
@given(
    st.lists(quantities, min_size=1, max_size=4),
    st.integers(0, 10**13),
    st.integers(-12, 12),
)
def test_a_despatch_advice_is_valid_and_comes_back_the_same(
    amounts: list[Decimal], microseconds: int, hours: int
) -> None:
    at = datetime(2027, 1, 1, tzinfo=UTC) + timedelta(microseconds=microseconds)
    left = at.astimezone(timezone(timedelta(hours=hours)))
    lines = [despatches.Line(n, n, ITEM, amount) for n, amount in enumerate(amounts, start=1)]
    body = despatches.write_advice(HEADER, "DA-1", "SH-1", left, [*TransportMode], lines, GOODS)
    assert is_valid(body, Kind.DESPATCH_ADVICE)
    read = despatches.read_advice(body)
    found = despatches.advice_in(read, {str(line.number): (ITEM, "SET") for line in lines})
    assert found.despatched_at == left
    assert [line.quantity for line in found.lines] == amounts


def an_order(**changed: Any) -> str:
    row = ScheduleRowIn.model_validate(
        {
            "number": 1,
            "item_id": ids.show("item", ITEM),
            "quantity": "600",
            "deliver_by": "2027-03-01",
            "place_code": "kg-osh",
            "tolerance_pct": "5",
            "incoterm": "DAP",
            **changed,
        }
    )
    second = row.model_copy(update={"number": 2})
    return orders.write_order(HEADER, [row, second], GOODS).decode()


BOMB = '<!DOCTYPE o [<!ENTITY a "aa"><!ENTITY b "&a;&a;">]>'
LINE = "/Order/cac:OrderLine[1]/cac:LineItem"
SPECIAL = "<cbc:SpecialTerms>cleared</cbc:SpecialTerms><cbc:SpecialTerms>gate 4</cbc:SpecialTerms>"
TERMS = (
    '<cac:DeliveryTerms><cbc:ID schemeID="INCOTERMS">FCA</cbc:ID>'
    "<cbc:SpecialTerms>FCA Unloaded</cbc:SpecialTerms></cac:DeliveryTerms>"
)
_FIRST = re.compile(r'(<cbc:Quantity unitCode="SET">)600')


@pytest.mark.parametrize(
    ("damage", "pointer", "code"),
    [
        (lambda xml: xml.replace("?>", f"?>{BOMB}", 1), "/", "doctype"),
        (lambda xml: xml.replace("</Order>", ""), "/", "not_xml"),
        (lambda xml: xml.replace("xsd:Order-2", "xsd:Order-3"), "/Order", "wrong_document"),
        (lambda xml: _FIRST.sub(r"\g<1>-5", xml, count=1), f"{LINE}/cbc:Quantity", "greater_than"),
        (lambda xml: _FIRST.sub(r"\g<1>six", xml, count=1), f"{LINE}/cbc:Quantity", "schema"),
        (
            lambda xml: xml.replace(">630<", ">600.0001<", 1),
            f"{LINE}/cbc:MaximumQuantity",
            "tolerance_inexact",
        ),
        (
            lambda xml: xml.replace(">DAP<", ">DAT<", 1),
            f"{LINE}/cac:DeliveryTerms/cbc:ID",
            "enum",
        ),
        (
            lambda xml: xml.replace('"INCOTERMS"', '"OTHER"', 1),
            f"{LINE}/cac:DeliveryTerms/cbc:ID",
            "scheme",
        ),
        (
            lambda xml: xml.replace(">DAP</cbc:ID>", f">DAP</cbc:ID>{SPECIAL}", 1),
            f"{LINE}/cac:DeliveryTerms/cbc:SpecialTerms[2]",
            "unknown_deviation",
        ),
        (
            lambda xml: xml.replace("<cac:OrderLine>", f"{TERMS * 2}<cac:OrderLine>", 1),
            "/Order/cac:DeliveryTerms[2]",
            "several_terms",
        ),
        (
            lambda xml: xml.replace("<cac:OrderLine>", "<cac:OrderLine><cbc:Colour/>", 1),
            "/Order/cac:OrderLine[1]/cbc:Colour",
            "schema",
        ),
    ],
)
def test_what_is_wrong_with_a_document_is_named_by_its_element(
    damage: Callable[[str], str], pointer: str, code: str
) -> None:
    body = damage(an_order())
    assert body != an_order()
    with pytest.raises(Invalid) as refused:
        orders.read_order(body.encode())
    assert (refused.value.errors[0].pointer, refused.value.errors[0].code) == (pointer, code)


def test_terms_of_the_whole_document_are_those_of_lines_that_have_none() -> None:
    own = an_order(incoterm="DDP", deviations=["vat_unpaid", "unloaded"])
    assert own.count("<cbc:SpecialTerms>VAT unpaid</cbc:SpecialTerms>") == 2
    bare = re.sub(r"<cac:DeliveryTerms>.*?</cac:DeliveryTerms>", "", own, count=1, flags=re.DOTALL)
    whole = bare.replace("<cac:OrderLine>", f"{TERMS}<cac:OrderLine>", 1)
    read = orders.read_order(whole.encode())
    assert [(row.incoterm, row.deviations) for row in read.data] == [
        (Incoterm.FCA, [Deviation.UNLOADED]),
        (Incoterm.DDP, [Deviation.VAT_UNPAID, Deviation.UNLOADED]),
    ]
    assert read.places["#/rows/0/deviations/0"] == "/Order/cac:DeliveryTerms/cbc:SpecialTerms"


def test_another_encoding_hides_no_entity() -> None:
    hidden = an_order().replace("?>", f"?>{BOMB}", 1).replace("UTF-8", "UTF-16")
    with pytest.raises(Invalid) as refused:
        orders.read_order(hidden.encode("utf-16"))
    assert refused.value.errors[0].code == "not_utf8"
    commented = an_order().replace("?>", "?><!-- <!DOCTYPE --> ", 1).encode()
    assert len(orders.read_order(commented).data) == 2


@settings(deadline=None)
@given(st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_no_bytes_are_more_than_refused(body: bytes) -> None:
    with pytest.raises(Invalid):
        parse(body, Kind.DESPATCH_ADVICE)


def test_a_schedule_is_ordered_answered_and_despatched_by_xml(
    session: Session, as_org: AsOrg
) -> None:
    made = executing.started(session, as_org)
    proposed = made.buyer.post(
        f"{made.url}/schedules", json={"rows": [executing.row(made, tolerance_pct="0")]}
    )
    assert proposed.status_code == 201, proposed.text
    order = made.supplier.get(f"{made.url}/schedules/1/ubl/order")
    assert (order.status_code, order.headers["content-type"]) == (200, "application/xml")
    assert is_valid(order.content, Kind.ORDER)
    # The supplier proposes the same on its own, once the buyer has taken its proposal back.
    assert made.buyer.post(f"{made.url}/schedules/1/withdraw").status_code == 200
    other = order.text.replace(made.contract["id"], "contract_" + "0" * 32)
    refused = made.supplier.post(f"{made.url}/ubl/orders", content=other.encode(), headers=XML)
    assert refused.status_code == 422
    assert refused.json()["errors"][0]["pointer"] == "/Order/cac:Contract/cbc:ID"
    less = re.sub(r">600(\.0+)?<", ">599<", order.text)
    refused = made.supplier.post(f"{made.url}/ubl/orders", content=less.encode(), headers=XML)
    assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (422, "/Order")
    wrong = order.text.replace('unitCode="', 'unitCode="X', 1)
    refused = made.supplier.post(f"{made.url}/ubl/orders", content=wrong.encode(), headers=XML)
    assert refused.json()["errors"][0]["code"] == "unit_differs"
    session.rollback()
    assert len(session.exec(select(DeliverySchedule)).all()) == 1
    taken = made.supplier.post(f"{made.url}/ubl/orders", content=order.content, headers=XML)
    assert (taken.status_code, taken.json()["schedule_number"]) == (201, 2), taken.text

    url = f"{made.url}/schedules/2/ubl"
    assert made.buyer.get(f"{url}/order-response").status_code == 404
    answer = _answer(f"{made.contract['id']}-2", "5")
    unknown = _answer(f"{made.contract['id']}-2", "5", row="9")
    refused = made.buyer.post(f"{url}/order-responses", content=unknown, headers=XML)
    assert refused.status_code == 422, refused.text
    assert refused.json()["errors"][0]["pointer"].startswith("/OrderResponse")
    added = _answer(f"{made.contract['id']}-2", "1")
    alone = made.buyer.post(f"{url}/order-responses", content=added, headers=XML)
    assert alone.json()["errors"][0]["code"] == "unknown_line", "it is a part of no changed row"
    agreed = made.buyer.post(f"{url}/order-responses", content=answer, headers=XML)
    assert agreed.status_code == 200, agreed.text
    response = made.supplier.get(f"{url}/order-response")
    assert is_valid(response.content, Kind.ORDER_RESPONSE)
    assert "<cbc:OrderResponseCode>AP<" in response.text

    (row,) = made.rows()
    sent = executing.shipped(made)
    url = f"/v1/shipments/{sent['id']}/ubl/despatch-advices"
    advice = _advice(made, row, "600")
    for damaged, pointer in (
        (advice.replace("<cbc:LineID>1<", "<cbc:LineID>9<"), "cac:OrderLineReference/cbc:LineID"),
        (advice.replace(">600<", ">-1<"), "cbc:DeliveredQuantity"),
        (advice.replace(">600<", ">601<"), "cbc:DeliveredQuantity"),
    ):
        refused = made.supplier.post(url, content=damaged.encode(), headers=XML)
        assert refused.status_code in (409, 422), refused.text
        expected = f"/DespatchAdvice/cac:DespatchLine/{pointer}"
        assert refused.json()["errors"][0]["pointer"] == expected
    zoneless = re.sub(r"(ActualDespatchTime>[^<+Z]*)[^<]*<", r"\1<", advice, count=1)
    refused = made.supplier.post(url, content=zoneless.encode(), headers=XML)
    assert refused.json()["errors"][0]["code"] == "no_zone", refused.text
    session.rollback()
    assert session.exec(select(DespatchAdvice)).all() == []
    taken = made.supplier.post(url, content=advice.encode(), headers=XML)
    assert taken.status_code == 201, taken.text
    back = made.buyer.get(f"/v1/despatch-advices/{taken.json()['despatch_advice_id']}/ubl")
    assert is_valid(back.content, Kind.DESPATCH_ADVICE)
    read = despatches.read_advice(back.content)
    assert [(number, Decimal(amount or 0)) for number, amount, *_ in read.lines] == [
        ("1", Decimal(600))
    ]


def test_json_is_not_xml_and_strangers_find_nothing(session: Session, as_org: AsOrg) -> None:
    made, stranger = executing.scheduled(session, as_org), as_org(["supplier"])
    url = f"{made.url}/ubl/orders"
    assert made.buyer.post(url, json={}).status_code == 415
    assert stranger.post(url, content=b"<a/>", headers=XML).status_code == 404
    assert stranger.get(f"{made.url}/schedules/1/ubl/order").status_code == 404


def _answer(order: str, status: str, row: str = "1") -> bytes:
    urn = "urn:oasis:names:specification:ubl:schema:xsd:"
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<OrderResponse xmlns="{urn}OrderResponse-2" xmlns:cac="{urn}CommonAggregateComponents-2"
    xmlns:cbc="{urn}CommonBasicComponents-2">
  <cbc:ID>OR-7</cbc:ID><cbc:IssueDate>2027-01-06</cbc:IssueDate>
  <cac:OrderReference><cbc:ID>{order}</cbc:ID></cac:OrderReference>
  <cac:SellerSupplierParty/><cac:BuyerCustomerParty/>
  <cac:OrderLine><cac:LineItem><cbc:ID>{row}</cbc:ID>
    <cbc:LineStatusCode>{status}</cbc:LineStatusCode><cac:Item/></cac:LineItem></cac:OrderLine>
</OrderResponse>""".encode()


def _advice(made: Any, row: Any, quantity: str) -> str:
    header = Header("", made.contract["id"], datetime.now(UTC), "KGS", BUYER, SELLER)
    item_id = ids.parse("item", row["item_id"])
    return despatches.write_advice(
        header,
        "DA-1",
        "SH-1",
        datetime.fromisoformat(executing.now()),
        [TransportMode.ROAD],
        [despatches.Line(1, row["number"], item_id, Decimal(quantity))],
        {item_id: Goods("Desk", row["unit_code"])},
    ).decode()
