"""Invoice: what a supplier asks for, line by line. It is read to be checked, and kept as it came."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from uuid import UUID

from api.core.xml_files import Element
from api.delivery.ubl.documents import (
    Kind,
    cac,
    cbc,
    day_of,
    document,
    find,
    find_all,
    number_of,
    parse,
    refused,
    text_of,
)
from api.delivery.ubl.orders import Goods, Header, goods_item, party, quantity
from api.rules.invoicing import OUT_OF_SCOPE

COMMERCIAL_INVOICE = "380"
"""UN/CEFACT 1001."""
EN_16931 = "urn:cen.eu:en16931:2017"
NOT_SUBJECT = "Not subject to VAT"
_LARGEST, _PLACES, _NUMBER_LENGTH = Decimal(10**12), 6, 100


@dataclass(frozen=True, slots=True)
class ReadInvoice:
    """What an Invoice asks for. Amounts are in its currency."""

    number: str
    issue_date: date
    due_date: date | None
    currency: str
    payable: Decimal
    order: Element | None
    currency_at: Element


@dataclass(frozen=True, slots=True)
class Vat:
    """The VAT on all lines: its category (UNTDID 5305), the rate in per cent, and the amount."""

    category: str
    rate: Decimal | None
    tax: Decimal


@dataclass(frozen=True, slots=True)
class Asked:
    """A line of an invoice about a row of the schedule; `amount` is of the whole line."""

    row: int
    item_id: UUID
    quantity: Decimal
    unit_price: Decimal
    amount: Decimal


def write_invoice(
    header: Header,
    number: str,
    issued: date,
    due: date | None,
    lines: Sequence[Asked],
    vat: Vat,
    goods: Mapping[UUID, Goods],
) -> bytes:
    """An Invoice about rows of a contract, by EN 16931; the tax comes on the lines.

    Without a day on which it is due it is due by the terms of the contract.
    """

    def money(name: str, amount: Decimal) -> Element | None:
        return cbc(name, f"{amount:f}", currencyID=header.currency)

    def category(name: str, *more: Element | None) -> Element | None:
        rate = None if vat.rate is None else f"{vat.rate:f}"
        scheme = cac("TaxScheme", cbc("ID", "VAT"))
        return cac(name, cbc("ID", vat.category), cbc("Percent", rate), *more, scheme)

    whole = sum((line.amount for line in lines), Decimal())
    reason = NOT_SUBJECT if vat.category == OUT_OF_SCOPE else None
    registration = cac(
        "PartyTaxScheme", cbc("CompanyID", header.seller.number), cac("TaxScheme", cbc("ID", "TAX"))
    )
    group = cac(
        "TaxSubtotal",
        money("TaxableAmount", whole),
        money("TaxAmount", vat.tax),
        category("TaxCategory", cbc("TaxExemptionReason", reason)),
    )
    return document(
        Kind.INVOICE,
        cbc("UBLVersionID", "2.1"),
        cbc("CustomizationID", EN_16931),
        cbc("ID", number),
        cbc("IssueDate", issued.isoformat()),
        cbc("DueDate", due.isoformat() if due else None),
        cbc("InvoiceTypeCode", COMMERCIAL_INVOICE),
        cbc("DocumentCurrencyCode", header.currency),
        cac("OrderReference", cbc("ID", header.contract)),
        cac("AccountingSupplierParty", party(header.seller, registration, schemes=False)),
        cac("AccountingCustomerParty", party(header.buyer, schemes=False)),
        None if due else cac("PaymentTerms", cbc("Note", f"By the contract {header.contract}")),
        cac("TaxTotal", money("TaxAmount", vat.tax), group),
        cac(
            "LegalMonetaryTotal",
            money("LineExtensionAmount", whole),
            money("TaxExclusiveAmount", whole),
            money("TaxInclusiveAmount", whole + vat.tax),
            money("PayableAmount", whole + vat.tax),
        ),
        *(
            cac(
                "InvoiceLine",
                cbc("ID", str(n)),
                quantity("InvoicedQuantity", line.quantity, goods[line.item_id].unit_code),
                money("LineExtensionAmount", line.amount),
                cac("OrderLineReference", cbc("LineID", str(line.row))),
                goods_item(line.item_id, goods[line.item_id], category("ClassifiedTaxCategory")),
                cac("Price", money("PriceAmount", line.unit_price)),
            )
            for n, line in enumerate(lines, start=1)
        ),
    )


def read_invoice(body: bytes, *, currency: str, units: Mapping[str, str]) -> ReadInvoice:
    """An Invoice in the contract's currency. `units` are those of the rows in force, by number.

    Raises Invalid, which names the element: an amount in another currency, negative or more exact
    than money is kept; lines that do not add up to their sum; a line of no row of the contract.
    """
    root = parse(body, Kind.INVOICE)
    code = find(root, "cbc:DocumentCurrencyCode")
    if text_of(code) != currency:
        detail = f"The contract is in {currency}."
        raise refused(root if code is None else code, "currency_differs", detail)
    number, issued = find(root, "cbc:ID"), find(root, "cbc:IssueDate")
    told = text_of(number) or ""
    if not told or len(told) > _NUMBER_LENGTH:
        raise refused(number, "number", f"Give a number of at most {_NUMBER_LENGTH} characters.")
    lines = [_line(line, currency, units) for line in find_all(root, "cac:InvoiceLine")]
    totals = find(root, "cac:LegalMonetaryTotal")
    total = find(totals, "cbc:LineExtensionAmount")
    if total is not None and _amount(total, currency) != sum(lines, Decimal()):
        detail = f"The lines add up to {sum(lines, Decimal()):f}."
        raise refused(total, "sum_differs", detail)
    payable = find(totals, "cbc:PayableAmount")
    amount = _amount(payable, currency)
    if amount == 0:
        raise refused(payable, "greater_than", "There is nothing to pay.")
    due = day_of(find(root, "cbc:DueDate"))
    return ReadInvoice(
        number=told,
        issue_date=date.fromisoformat(day_of(issued) or ""),
        due_date=None if due is None else date.fromisoformat(due),
        currency=currency,
        payable=amount,
        order=find(root, "cac:OrderReference", "cbc:ID"),
        currency_at=code,
    )


def _line(line: Element, currency: str, units: Mapping[str, str]) -> Decimal:
    reference = find(line, "cac:OrderLineReference", "cbc:LineID")
    counted = find(line, "cbc:InvoicedQuantity")
    if counted is not None and Decimal(number_of(counted) or 0) < 0:
        raise refused(counted, "greater_than", "A quantity is not negative.")
    if reference is not None:
        row = text_of(reference) or ""
        if row not in units:
            detail = "The contract has no row of this number in force."
            raise refused(reference, "unknown_line", detail)
        if counted is not None and counted.get("unitCode") not in (None, units[row]):
            raise refused(counted, "unit_differs", f"The contract counts in {units[row]}.")
    return _amount(find(line, "cbc:LineExtensionAmount"), currency)


def _amount(element: Element, currency: str) -> Decimal:
    if element.get("currencyID") != currency:
        raise refused(element, "currency_differs", f"The contract is in {currency}.")
    amount = Decimal(number_of(element) or 0)
    if amount < 0:
        raise refused(
            element, "greater_than", "A negative amount is a credit note, not an invoice."
        )
    exponent = amount.as_tuple().exponent
    if amount > _LARGEST or not isinstance(exponent, int) or -exponent > _PLACES:
        raise refused(element, "out_of_bounds", f"At most {_LARGEST}, with {_PLACES} decimals.")
    return amount
