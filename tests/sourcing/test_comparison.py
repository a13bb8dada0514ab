"""Quotes compared: at the quantities asked, in the buyer's currency, delivered and duty paid."""

from collections.abc import Callable
from decimal import Decimal
from io import BytesIO
from typing import Any

from openpyxl import load_workbook

from tests.delivery import landed
from tests.sourcing import samples

type AsOrg = Callable[..., Any]


def test_quotes_in_three_currencies_are_compared_at_the_delivered_cost_of_the_one_engine(
    as_org: AsOrg,
) -> None:
    samples.know_rates()
    buyer = samples.private(as_org)
    chinese, trader, local = (
        as_org(["supplier"], country="CN"),
        *(as_org(["supplier"]) for _ in "ab"),
    )
    rfq = samples.published(
        buyer, items=[samples.item(further_quantities=["500"], target_price="95000")]
    )
    fca = samples.quoted(chinese, rfq, samples.line(rfq, ("1", "6320"), ("500", "6000")))
    samples.quoted(
        trader,
        rfq,
        samples.line(rfq, ("200", "880"), lead_time_days=20),
        currency="USD",
        incoterm="DAP",
        place_code="kg-bishkek",
    )
    samples.quoted(
        local,
        rfq,
        samples.line(rfq, ("1", "98000"), origin="KG", lead_time_days=5),
        currency="KGS",
        incoterm="DAP",
        place_code="kg-bishkek",
        dispatch_country="KG",
        vat_included=True,
    )
    table = samples.compared(buyer, rfq)
    small, large = table["volumes"]
    # The same goods under the same terms cost what POST /v1/landed-costs says.
    told = landed.landed(buyer, term="FCA", route_code=None)
    first, second, third = small["quotes"]
    assert [(each["currency"], each["rank"]) for each in small["quotes"]] == [
        ("CNY", 1),
        ("KGS", 2),
        ("USD", None),
    ]
    assert (first["quote_id"], first["total_gross"]) == (fca["id"], told["total_gross"])
    assert first["price"] == "632000"
    assert (first["route_code"], first["duty"]) == (told["route_code"], told["result"]["duty"])
    above = Decimal(first["total_gross"]) / 100 - 95000
    assert abs(Decimal(first["lines"][0]["above_target"]) - above) < Decimal("0.00001")
    assert (second["total_gross"], second["lead_time_days"]) == ("9800000", 5)
    # What is missing is named: the trader sells from 200 on.
    assert (third["complete"], third["faults"][0]["code"]) == (False, "below_minimum_quantity")
    # At 500 the right price break counts, and everybody quotes.
    prices = {each["currency"]: each["lines"][0]["unit_price"] for each in large["quotes"]}
    assert prices == {"CNY": "6000", "USD": "880", "KGS": "98000"}
    assert [each["rank"] for each in large["quotes"]] == [1, 2, 3]
    totals = [Decimal(each["total_gross"]) for each in large["quotes"]]
    assert totals == sorted(totals)

    answer = buyer.get(f"/v1/rfqs/{rfq['id']}/comparison/workbook")
    book = load_workbook(BytesIO(answer.content))
    assert book.sheetnames == ["1", "2"]
    rows = list(book["1"].iter_rows(min_row=3, values_only=True))
    header = [cell.value for cell in book["1"][2]]
    assert [row[header.index("Валюта")] for row in rows] == ["CNY", "KGS", "USD"]
    assert rows[0][header.index("Всего с доставкой")] == float(told["total_gross"])
    assert "it is sold from 200 on" in rows[2][header.index("Чего нет, замечания")]


def test_an_alternative_is_compared_beside_what_was_asked_and_labelled(as_org: AsOrg) -> None:
    samples.know_rates()
    buyer, seller = samples.private(as_org), as_org(["supplier"], country="CN")
    rfq = samples.published(buyer, items=[samples.item(), samples.item(quantity="10")])
    one, two = (each["id"] for each in rfq["items"])
    samples.quoted(
        seller,
        rfq,
        samples.line(rfq, ("1", "6320")),
        samples.line(rfq, ("1", "6000"), item_id=two),
        samples.line(rfq, ("1", "5000"), alternative={"en": "Pump 0.9 kW"}),
    )
    ((best, asked),) = [each["quotes"] for each in samples.compared(buyer, rfq)["volumes"]]
    assert (best["alternative_of"], asked["alternative_of"]) == (one, None)
    assert [each["alternative"] for each in best["lines"]] == [{"en": "Pump 0.9 kW"}, None]
    assert (best["price"], asked["price"]) == ("560000", "692000")
    assert (best["rank"], asked["rank"]) == (1, 2)


def test_where_no_delivered_cost_is_known_a_price_at_the_destination_counts_as_stated(
    as_org: AsOrg,
) -> None:
    samples.know_rates()
    buyer, seller = as_org(["buyer"], country="CN"), as_org(["manufacturer"])
    rfq = samples.published(buyer, destination_place_code="kz-almaty", currency="CNY")
    there = {"incoterm": "DAP", "place_code": "kz-almaty", "currency": "KGS"}
    samples.quoted(seller, rfq, samples.line(rfq, ("1", "1230")), **there, dispatch_country="KG")
    far = samples.quoted(as_org(["manufacturer"]), rfq, incoterm="FCA", place_code="kg-osh")
    ((best, other),) = [each["quotes"] for each in samples.compared(buyer, rfq)["volumes"]]
    assert (best["basis"], best["rank"]) == ("stated", 1)
    assert abs(Decimal(best["total_gross"]) - 10_000) < Decimal("0.01")
    assert (other["quote_id"], other["total_gross"], other["rank"]) == (far["id"], None, None)
    assert other["faults"][0]["code"] == "destination_not_served"
