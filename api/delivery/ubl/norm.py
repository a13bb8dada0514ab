"""An Invoice as the rules of EN 16931 look at it. It was read before, so its schema accepts it."""

from decimal import Decimal

from api.core.xml_files import Element
from api.delivery.ubl.documents import (
    Kind,
    find,
    find_all,
    number_of,
    parse,
    path_of,
    text_of,
)
from api.rules import invoicing
from api.rules.invoicing import Finding, Invoice, Line, Party, TaxGroup, Totals


def findings(body: bytes) -> list[Finding]:
    """The business rules of EN 16931 that a UBL Invoice does not keep, as far as they are checked."""
    return invoicing.findings(_invoice(parse(body, Kind.INVOICE)))


def _invoice(root: Element) -> Invoice:
    totals = find(root, "cac:LegalMonetaryTotal")
    tax = find(root, "cac:TaxTotal")
    groups = [] if tax is None else find_all(tax, "cac:TaxSubtotal")
    return Invoice(
        specification=text_of(find(root, "cbc:CustomizationID")),
        number=text_of(find(root, "cbc:ID")),
        issued=text_of(find(root, "cbc:IssueDate")),
        type_code=text_of(find(root, "cbc:InvoiceTypeCode")),
        currency=text_of(find(root, "cbc:DocumentCurrencyCode")),
        seller=_party(find(root, "cac:AccountingSupplierParty", "cac:Party")),
        buyer=_party(find(root, "cac:AccountingCustomerParty", "cac:Party")),
        has_due_date=find(root, "cbc:DueDate") is not None,
        has_payment_terms=find(root, "cac:PaymentTerms") is not None,
        lines=tuple(_line(each) for each in find_all(root, "cac:InvoiceLine")),
        groups=tuple(_group(each) for each in groups),
        totals=Totals(
            lines=_amount(totals, "cbc:LineExtensionAmount"),
            allowances=_amount(totals, "cbc:AllowanceTotalAmount"),
            charges=_amount(totals, "cbc:ChargeTotalAmount"),
            exclusive=_amount(totals, "cbc:TaxExclusiveAmount"),
            tax=_amount(tax, "cbc:TaxAmount"),
            inclusive=_amount(totals, "cbc:TaxInclusiveAmount"),
            prepaid=_amount(totals, "cbc:PrepaidAmount"),
            rounding=_amount(totals, "cbc:PayableRoundingAmount"),
            payable=_amount(totals, "cbc:PayableAmount"),
        ),
    )


def _party(element: Element | None) -> Party:
    address = find(element, "cac:PostalAddress")
    return Party(
        name=text_of(find(element, "cac:PartyLegalEntity", "cbc:RegistrationName")),
        has_address=address is not None,
        country=text_of(find(address, "cac:Country", "cbc:IdentificationCode")),
    )


def _line(element: Element) -> Line:
    counted = find(element, "cbc:InvoicedQuantity")
    tax = _of_vat(find(element, "cac:Item", "cac:ClassifiedTaxCategory"))
    return Line(
        id=text_of(find(element, "cbc:ID")),
        quantity=_amount(element, "cbc:InvoicedQuantity"),
        unit_code=None if counted is None else counted.get("unitCode"),
        net=_amount(element, "cbc:LineExtensionAmount"),
        item=text_of(find(element, "cac:Item", "cbc:Name")),
        price=_amount(element, "cac:Price", "cbc:PriceAmount"),
        category=text_of(find(tax, "cbc:ID")),
        rate=_amount(tax, "cbc:Percent"),
        path=path_of(element),
    )


def _group(element: Element) -> TaxGroup:
    tax = _of_vat(find(element, "cac:TaxCategory"))
    return TaxGroup(
        category=text_of(find(tax, "cbc:ID")),
        rate=_amount(tax, "cbc:Percent"),
        taxable=_amount(element, "cbc:TaxableAmount"),
        tax=_amount(element, "cbc:TaxAmount"),
        path=path_of(element),
    )


def _of_vat(category: Element | None) -> Element | None:
    """A category of tax, if the tax is VAT."""
    scheme = text_of(find(category, "cac:TaxScheme", "cbc:ID"))
    return category if scheme is not None and scheme.upper() == "VAT" else None


def _amount(element: Element | None, *names: str) -> Decimal | None:
    told = number_of(find(element, *names))
    return None if told is None else Decimal(told)
