"""Our reading of EN 16931 against the rules that CEN publishes (Schematron, EUPL 1.2), run by Saxon.

The rules are of mcp-einvoicing-core, compiled from CEN-EN16931-UBL.sch 1.3.15; nothing else of that
package is used, and the product has neither.
"""

import importlib.metadata
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import cache
from typing import Any
from uuid import UUID

import pytest
from lxml import etree
from saxonche import PySaxonProcessor

from api.core.errors import Invalid
from api.delivery.ubl import invoices, norm
from api.delivery.ubl.documents import Kind, is_valid
from api.delivery.ubl.invoices import Asked, Vat
from api.delivery.ubl.orders import Goods, Header, Party
from api.rules import invoicing

D = Decimal
FAILED = "{http://purl.oclc.org/dsdl/svrl}failed-assert"
BUYER = Party("organisation_1", "Министерство", "KG-INN", "00000000000001", "KG")
SELLER = Party("organisation_2", "Kashi & Co", "CN-USCC", "91110000600037341L", "CN")
HEADER = Header(
    "contract_1-1", "contract_1", datetime(2027, 1, 5, tzinfo=UTC), "KGS", BUYER, SELLER
)
ITEM = UUID(int=7)
LINES = [
    Asked(1, ITEM, D(2), D("250.00"), D("500.00")),
    Asked(2, ITEM, D(1), D("400.00"), D("400.00")),
]
CHECKED = {
    *(f"BR-{n:02}" for n in (*range(1, 17), *range(21, 28), *range(45, 49))),
    *(f"BR-CO-{n:02}" for n in (4, 10, 13, 14, 15, 16, 17, 18, 25)),
    *(f"BR-DEC-{n:02}" for n in (9, 12, 14, 18, 23)),
    "BR-S-05",
    "BR-O-09",
}


@cache
def _rules() -> tuple[Any, Any]:
    files = importlib.metadata.files("mcp-einvoicing-core") or []
    (path,) = [each for each in files if each.name == "CEN-EN16931-UBL.xslt"]
    saxon = PySaxonProcessor(license=False)
    compiled = saxon.new_xslt30_processor().compile_stylesheet(stylesheet_file=str(path.locate()))
    return saxon, compiled


def official(body: bytes) -> set[str]:
    """The rules of CEN that an invoice does not keep, its warnings among them."""
    saxon, compiled = _rules()
    told = compiled.transform_to_string(xdm_node=saxon.parse_xml(xml_text=body.decode()))
    return {each.get("id") for each in etree.fromstring(told.encode()).iter(FAILED)}


def own(body: bytes) -> set[str]:
    """The rules that we find broken."""
    return {each.rule for each in norm.findings(body)}


def written(vat: Vat, due: date | None = date(2027, 4, 1)) -> bytes:
    return invoices.write_invoice(
        HEADER, "I-1", date(2027, 3, 2), due, LINES, vat, {ITEM: Goods("Парта", "SET")}
    )


STANDARD = Vat("S", D(12), D("108.00"))
VATS = [STANDARD, Vat("Z", D(0), D("0.00")), Vat("O", None, D("0.00"))]


@pytest.mark.parametrize("due", [date(2027, 4, 1), None], ids=["due", "by the contract"])
@pytest.mark.parametrize("vat", VATS, ids=lambda vat: vat.category)
def test_an_invoice_that_we_write_keeps_every_official_rule(vat: Vat, due: date | None) -> None:
    body = written(vat, due)
    assert is_valid(body, Kind.INVOICE)
    assert official(body) == set() == own(body)


def damaged(change: Callable[[Any], bool]) -> Iterator[tuple[str, bytes]]:
    """The invoice with each of its elements changed once; what the change does not fit is left out."""
    for n in range(1, len([*etree.fromstring(written(STANDARD)).iter()])):
        root = etree.fromstring(written(STANDARD))
        element = [*root.iter()][n]
        path = root.getroottree().getpath(element)
        if change(element):
            yield path, etree.tostring(root, encoding="UTF-8", xml_declaration=True)


def removed(element: Any) -> bool:
    element.getparent().remove(element)
    return True


def more(element: Any) -> bool:
    """Fifty more of every amount: what CEN lets pass for rounding is less."""
    if element.text is None or "currencyID" not in element.attrib:
        return False
    element.text = str(D(element.text) + 50)
    return True


def finer(element: Any) -> bool:
    """A third decimal."""
    if "currencyID" not in element.attrib or "Price" in element.tag:
        return False
    element.text = str(D(element.text) + D("0.001"))
    return True


@pytest.mark.parametrize("change", [removed, more])
def test_what_we_find_broken_is_broken_officially_and_what_we_check_is_not_missed(
    change: Callable[[Any], bool],
) -> None:
    compared = 0
    for path, body in damaged(change):
        try:
            found = own(body)
        except Invalid:  # it is refused by the schema before any rule
            continue
        told = official(body)
        assert found <= told, path
        assert bool(found) == bool(told & CHECKED), (path, told)
        compared += 1
    assert compared >= 10


def test_a_third_decimal_is_found_where_it_is_officially() -> None:
    decimals = {rule for rule in CHECKED if rule.startswith("BR-DEC")}
    seen = set()
    for path, body in damaged(finer):
        found = own(body) & decimals
        assert found == official(body) & decimals, path
        seen |= found
    assert seen == decimals


def test_the_rules_that_are_compared_are_those_that_we_check() -> None:
    source = invoicing.__file__
    with open(source, encoding="utf-8") as file:
        text = file.read()
    assert all(rule in text for rule in CHECKED)
