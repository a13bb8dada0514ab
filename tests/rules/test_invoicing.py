"""Business rules of EN 16931 that an invoice keeps, and each by what breaks it."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.rules import invoicing
from api.rules.invoicing import Invoice, Line, Party, TaxGroup, Totals

D = Decimal
AMOUNTS = st.decimals(D("0.01"), D(10**7), places=2)


def invoice(*nets: Decimal, rate: Decimal = D(12)) -> Invoice:
    """An invoice that keeps every rule."""
    whole = sum(nets, D())
    tax = invoicing.tax_of(whole, rate)
    side = Party("ОсОО", has_address=True, country="KG")
    return Invoice(
        specification="urn:cen.eu:en16931:2017",
        number="1",
        issued="2027-03-02",
        type_code="380",
        currency="KGS",
        seller=side,
        buyer=side,
        has_due_date=True,
        has_payment_terms=False,
        lines=tuple(
            Line(
                str(n), D(1), "C62", net, "Парта", net, "S", rate, f"/Invoice/cac:InvoiceLine[{n}]"
            )
            for n, net in enumerate(nets, start=1)
        ),
        groups=(TaxGroup("S", rate, whole, tax, "/Invoice/cac:TaxTotal/cac:TaxSubtotal"),),
        totals=Totals(whole, None, None, whole, tax, whole + tax, None, None, whole + tax),
    )


@given(st.lists(AMOUNTS, min_size=1, max_size=5), st.decimals(D("0.01"), 100, places=2))
def test_an_invoice_whose_figures_follow_from_each_other_keeps_every_rule(
    nets: list[Decimal], rate: Decimal
) -> None:
    assert invoicing.findings(invoice(*nets, rate=rate)) == []


GOOD = invoice(D("500.00"), D("400.00"))


def line(**changed: Any) -> dict[str, Any]:
    return {"lines": (replace(GOOD.lines[0], **changed), GOOD.lines[1])}


def totals(**changed: Any) -> dict[str, Any]:
    return {"totals": replace(GOOD.totals, **changed)}


def group(**changed: Any) -> dict[str, Any]:
    return {"groups": (replace(GOOD.groups[0], **changed),)}


@pytest.mark.parametrize(
    ("changed", "rule"),
    [
        ({"specification": None}, "BR-01"),
        ({"number": None}, "BR-02"),
        ({"issued": None}, "BR-03"),
        ({"type_code": None}, "BR-04"),
        ({"currency": None}, "BR-05"),
        ({"seller": replace(GOOD.seller, name=None)}, "BR-06"),
        ({"buyer": replace(GOOD.buyer, name=None)}, "BR-07"),
        ({"seller": replace(GOOD.seller, has_address=False)}, "BR-08"),
        ({"seller": replace(GOOD.seller, country=None)}, "BR-09"),
        ({"buyer": replace(GOOD.buyer, has_address=False)}, "BR-10"),
        ({"buyer": replace(GOOD.buyer, country=None)}, "BR-11"),
        (totals(lines=None), "BR-12"),
        (totals(exclusive=None), "BR-13"),
        (totals(inclusive=None), "BR-14"),
        (totals(payable=None), "BR-15"),
        ({"lines": ()}, "BR-16"),
        (line(id=None), "BR-21"),
        (line(quantity=None), "BR-22"),
        (line(unit_code=None), "BR-23"),
        (line(net=None), "BR-24"),
        (line(item=None), "BR-25"),
        (line(price=None), "BR-26"),
        (line(price=D(-1)), "BR-27"),
        (group(taxable=None), "BR-45"),
        (group(tax=None), "BR-46"),
        (group(category=None), "BR-47"),
        (group(rate=None), "BR-48"),
        (line(category=None), "BR-CO-04"),
        (totals(lines=D("899.99")), "BR-CO-10"),
        (totals(charges=D(1)), "BR-CO-13"),
        (totals(tax=D("108.01")), "BR-CO-14"),
        (totals(inclusive=D(1007)), "BR-CO-15"),
        (totals(prepaid=D(8)), "BR-CO-16"),
        (group(tax=D("107.99")), "BR-CO-17"),
        ({"groups": ()}, "BR-CO-18"),
        ({"has_due_date": False}, "BR-CO-25"),
        (totals(payable=D("1008.001")), "BR-DEC-18"),
        (line(net=D("500.001")), "BR-DEC-23"),
        (line(rate=None), "BR-S-05"),
        (group(category="O"), "BR-O-09"),
    ],
)
def test_each_rule_is_told_when_it_is_not_kept(changed: dict[str, Any], rule: str) -> None:
    found = invoicing.findings(replace(GOOD, **changed))
    assert rule in {each.rule for each in found}
    assert all(each.element.startswith("/Invoice/") for each in found)
