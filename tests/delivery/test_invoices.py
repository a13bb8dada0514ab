"""An Invoice is checked against its contract, named by its elements, and kept byte by byte."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import psycopg
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlmodel import Session, select

from api.core.errors import Invalid
from api.core.outbox import OutboxEvent
from api.delivery.models import Invoice
from api.delivery.ubl.documents import Kind, is_valid
from api.delivery.ubl.invoices import read_invoice
from tests.delivery import executing

type AsOrg = Callable[..., Any]
XML = {"Content-Type": "application/xml"}
UNITS = {"1": "SET"}
amounts = st.decimals(Decimal("0.000001"), Decimal(10**10), places=6)


def an_invoice(*lines: str, order: str = "contract_1", payable: str = "900000") -> str:
    urn = "urn:oasis:names:specification:ubl:schema:xsd:"
    each = [
        f"""<cac:InvoiceLine><cbc:ID>{n}</cbc:ID>
      <cbc:InvoicedQuantity unitCode="SET">2</cbc:InvoicedQuantity>
      <cbc:LineExtensionAmount currencyID="KGS">{amount}</cbc:LineExtensionAmount>
      <cac:OrderLineReference><cbc:LineID>1</cbc:LineID></cac:OrderLineReference>
      <cac:Item/></cac:InvoiceLine>"""
        for n, amount in enumerate(lines, start=1)
    ]
    total = sum(map(Decimal, lines), Decimal())
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<Invoice xmlns="{urn}Invoice-2" xmlns:cac="{urn}CommonAggregateComponents-2"
    xmlns:cbc="{urn}CommonBasicComponents-2">
  <cbc:ID>INV-7</cbc:ID><cbc:IssueDate>2027-03-02</cbc:IssueDate>
  <cbc:DueDate>2027-04-01</cbc:DueDate>
  <cbc:DocumentCurrencyCode>KGS</cbc:DocumentCurrencyCode>
  <cac:OrderReference><cbc:ID>{order}</cbc:ID></cac:OrderReference>
  <cac:AccountingSupplierParty/><cac:AccountingCustomerParty/>
  <cac:LegalMonetaryTotal>
    <cbc:LineExtensionAmount currencyID="KGS">{total:f}</cbc:LineExtensionAmount>
    <cbc:PayableAmount currencyID="KGS">{payable}</cbc:PayableAmount>
  </cac:LegalMonetaryTotal>
  {"".join(each)}
</Invoice>"""


@settings(max_examples=60, deadline=None)
@given(st.lists(amounts, min_size=1, max_size=5), amounts)
def test_lines_that_add_up_are_read_to_the_last_digit(
    lines: list[Decimal], payable: Decimal
) -> None:
    body = an_invoice(*(f"{line:f}" for line in lines), payable=f"{payable:f}").encode()
    read = read_invoice(body, currency="KGS", units=UNITS)
    assert (read.payable, read.number) == (payable, "INV-7")


LINE, TOTALS = "/Invoice/cac:InvoiceLine[2]", "/Invoice/cac:LegalMonetaryTotal"


@pytest.mark.parametrize(
    ("wanted", "given_instead", "pointer", "code"),
    [
        (">900000<", ">0<", f"{TOTALS}/cbc:PayableAmount", "greater_than"),
        (">900000<", ">1.0000001<", f"{TOTALS}/cbc:PayableAmount", "out_of_bounds"),
        (">900000.00<", ">899999<", f"{TOTALS}/cbc:LineExtensionAmount", "sum_differs"),
        (">400000.00<", ">-1<", f"{LINE}/cbc:LineExtensionAmount", "greater_than"),
        (">KGS<", ">CNY<", "/Invoice/cbc:DocumentCurrencyCode", "currency_differs"),
        (
            '"KGS">400000.00<',
            '"CNY">400000.00<',
            f"{LINE}/cbc:LineExtensionAmount",
            "currency_differs",
        ),
        (
            "<cbc:LineID>1</cbc:LineID>",
            "<cbc:LineID>8</cbc:LineID>",
            "/Invoice/cac:InvoiceLine[1]/cac:OrderLineReference/cbc:LineID",
            "unknown_line",
        ),
        (
            'unitCode="SET"',
            'unitCode="KGM"',
            "/Invoice/cac:InvoiceLine[1]/cbc:InvoicedQuantity",
            "unit_differs",
        ),
        (">2<", ">-2<", "/Invoice/cac:InvoiceLine[1]/cbc:InvoicedQuantity", "greater_than"),
        ("<cbc:ID>INV-7</cbc:ID>", "", "/Invoice/cbc:IssueDate", "schema"),
    ],
)
def test_what_is_wrong_with_an_invoice_is_named_by_its_element(
    wanted: str, given_instead: str, pointer: str, code: str
) -> None:
    whole = an_invoice("500000.00", "400000.00")
    damaged = whole.replace(wanted, given_instead, 1)
    assert damaged != whole
    with pytest.raises(Invalid) as refused:
        read_invoice(damaged.encode(), currency="KGS", units=UNITS)
    assert (refused.value.errors[0].pointer, refused.value.errors[0].code) == (pointer, code)


def test_an_invoice_is_sent_once_kept_as_it_came_and_read_by_both_sides_only(
    session: Session, as_org: AsOrg
) -> None:
    made, stranger = executing.scheduled(session, as_org), as_org(["supplier"])
    url = f"{made.url}/ubl/invoices"
    other = an_invoice("900000.00").encode()
    refused = made.supplier.post(url, content=other, headers=XML)
    assert refused.status_code == 422
    assert refused.json()["errors"][0]["pointer"] == "/Invoice/cac:OrderReference/cbc:ID"
    body = an_invoice("900000.00", order=made.contract["id"]).encode()
    assert made.buyer.post(url, content=body, headers=XML).status_code == 403
    assert stranger.post(url, content=body, headers=XML).status_code == 404
    session.rollback()
    assert session.exec(select(Invoice)).all() == []
    sent = made.supplier.post(url, content=body, headers=XML)
    assert sent.status_code == 201, sent.text
    assert (sent.json()["payable_amount"], sent.json()["due_date"]) == ("900000", "2027-04-01")
    again = made.supplier.post(url, content=body, headers=XML)
    assert (again.status_code, again.json()["code"]) == (409, "already_exists")
    (listed,) = made.buyer.get(f"{made.url}/invoices").json()["items"]
    rules = {each["rule"] for each in listed["findings"]}
    assert {"BR-01", "BR-06", "BR-13", "BR-26", "BR-CO-18"} <= rules
    assert "BR-CO-10" not in rules
    kept = made.buyer.get(f"/v1/invoices/{listed['id']}/ubl")
    assert kept.content == body
    assert is_valid(kept.content, Kind.INVOICE)
    assert stranger.get(f"/v1/invoices/{listed['id']}/ubl").status_code == 404
    assert stranger.get(f"{made.url}/invoices").status_code == 404
    told = session.exec(select(OutboxEvent).where(OutboxEvent.type == "invoice.received")).one()
    assert told.payload["payable"] == "900000"


def test_an_invoice_told_in_json_goes_out_as_ubl_that_reads_back_the_same(
    session: Session, as_org: AsOrg
) -> None:
    made, stranger = executing.scheduled(session, as_org), as_org(["supplier"])
    url = f"{made.url}/invoices"
    line = {"row_number": 1, "quantity": "3", "unit_price": "1666.666667"}
    body = {"number": "I-1", "issue_date": "2027-03-02", "tax_rate": "12", "lines": [line, line]}
    wrong = made.supplier.post(url, json={**body, "tax_amount": "600"})
    assert wrong.json()["errors"][0]["pointer"] == "#/tax_amount"
    unknown = made.supplier.post(url, json={**body, "lines": [line, {**line, "row_number": 9}]})
    assert unknown.json()["errors"][0]["pointer"] == "#/lines/1/row_number"
    early = made.supplier.post(url, json={**body, "due_date": "2027-03-01"})
    assert early.status_code == 422
    assert made.buyer.post(url, json=body).status_code == 403
    assert stranger.post(url, json=body).status_code == 404
    session.rollback()
    assert session.exec(select(Invoice)).all() == []

    sent = made.supplier.post(url, json=body)

    assert (sent.status_code, sent.json()["payable_amount"]) == (201, "11200"), sent.text
    assert sent.json()["findings"] == []
    document = made.buyer.get(f"/v1/invoices/{sent.json()['id']}/ubl").content
    assert is_valid(document, Kind.INVOICE)
    read = read_invoice(document, currency="KGS", units=UNITS)
    assert (read.number, read.payable, read.due_date) == ("I-1", Decimal(11200), None)
    assert made.supplier.post(url, json=body).json()["code"] == "already_exists"


def test_rows_of_others_are_hidden_by_the_database(
    session: Session, as_org: AsOrg, superuser: psycopg.Connection[Any]
) -> None:
    made, stranger = executing.scheduled(session, as_org), as_org(["supplier"])
    body = an_invoice("900000.00", order=made.contract["id"]).encode()
    url = f"{made.url}/ubl/invoices"
    assert made.supplier.post(url, content=body, headers=XML).status_code == 201
    seen = []
    with superuser.transaction():
        superuser.execute("SET LOCAL ROLE kerben_app")
        for actor in (made.buyer, made.supplier, stranger):
            superuser.execute("SELECT set_config('kerben.org_id', %s, true)", (str(actor.org_id),))
            row = superuser.execute("SELECT count(*) FROM invoice").fetchone()
            seen.append(row and row[0])
    assert seen == [1, 1, 0]
