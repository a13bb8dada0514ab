"""What EN 16931 asks of an invoice, as far as it can be said without its code lists. Pure.

Source: the business rules of EN 16931-1 (BR, BR-CO, BR-DEC), which Peppol BIS Billing 3.0 takes over,
in our own words. The rules of single VAT categories but those of S and O, of allowances and charges on
lines, of payment means and of the Peppol network (electronic addresses) are not checked. A finding
refuses nothing: neither side of a contract need be bound by the norm.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import NamedTuple

CENT = Decimal("0.01")
ZERO = Decimal()
STANDARD, ZERO_RATED, OUT_OF_SCOPE = "S", "Z", "O"
"""VAT categories (UNTDID 5305): a rate above zero, a rate of zero, and not subject to VAT."""


class Finding(NamedTuple):
    """A rule that an invoice does not keep; `element` is the path of the element it is about."""

    rule: str
    element: str
    detail: str


@dataclass(frozen=True, slots=True)
class Party:
    """A side as the invoice names it; None: it does not."""

    name: str | None
    has_address: bool
    country: str | None


@dataclass(frozen=True, slots=True)
class Line:
    """A line of an invoice. `category` and `rate` (per cent) are of VAT."""

    id: str | None
    quantity: Decimal | None
    unit_code: str | None
    net: Decimal | None
    item: str | None
    price: Decimal | None
    category: str | None
    rate: Decimal | None
    path: str


@dataclass(frozen=True, slots=True)
class TaxGroup:
    """What of an invoice is taxed at one rate, and with how much."""

    category: str | None
    rate: Decimal | None
    taxable: Decimal | None
    tax: Decimal | None
    path: str


@dataclass(frozen=True, slots=True)
class Totals:
    """The sums of an invoice in its currency; None: it does not state them."""

    lines: Decimal | None
    allowances: Decimal | None
    charges: Decimal | None
    exclusive: Decimal | None
    tax: Decimal | None
    inclusive: Decimal | None
    prepaid: Decimal | None
    rounding: Decimal | None
    payable: Decimal | None


@dataclass(frozen=True, slots=True)
class Invoice:
    """An invoice as far as the rules look at it."""

    specification: str | None
    number: str | None
    issued: str | None
    type_code: str | None
    currency: str | None
    seller: Party
    buyer: Party
    has_due_date: bool
    has_payment_terms: bool
    lines: tuple[Line, ...]
    groups: tuple[TaxGroup, ...]
    totals: Totals


def findings(invoice: Invoice) -> list[Finding]:
    """The rules that an invoice does not keep, in the order of the norm's parts."""
    return [
        *_header(invoice),
        *_party(invoice.seller, "AccountingSupplierParty", ("BR-06", "BR-08", "BR-09")),
        *_party(invoice.buyer, "AccountingCustomerParty", ("BR-07", "BR-10", "BR-11")),
        *(found for line in invoice.lines for found in _line(line)),
        *_totals(invoice.totals),
        *_sums(invoice),
        *_taxes(invoice),
    ]


def tax_of(taxable: Decimal, rate: Decimal) -> Decimal:
    """The VAT on an amount at a rate in per cent, to the hundredth, half up (BR-CO-17)."""
    return (taxable * rate / 100).quantize(CENT, ROUND_HALF_UP)


def _header(invoice: Invoice) -> Iterator[Finding]:
    wanted = (
        ("BR-01", "cbc:CustomizationID", invoice.specification, "the specification it follows"),
        ("BR-02", "cbc:ID", invoice.number, "a number"),
        ("BR-03", "cbc:IssueDate", invoice.issued, "the day on which it is issued"),
        ("BR-04", "cbc:InvoiceTypeCode", invoice.type_code, "its type"),
        ("BR-05", "cbc:DocumentCurrencyCode", invoice.currency, "its currency"),
    )
    for rule, name, value, what in wanted:
        if value is None:
            yield _missing(rule, f"/Invoice/{name}", what)
    if not invoice.lines:
        yield _missing("BR-16", "/Invoice/cac:InvoiceLine", "at least one line")
    due = invoice.totals.payable is not None and invoice.totals.payable > 0
    if due and not (invoice.has_due_date or invoice.has_payment_terms):
        what = "the day on which it is due, or terms of payment"
        yield _missing("BR-CO-25", "/Invoice/cbc:DueDate", what)


def _party(party: Party, name: str, rules: tuple[str, str, str]) -> Iterator[Finding]:
    at = f"/Invoice/cac:{name}/cac:Party"
    if party.name is None:
        yield _missing(
            rules[0], f"{at}/cac:PartyLegalEntity/cbc:RegistrationName", "the party's name"
        )
    address = f"{at}/cac:PostalAddress"
    if not party.has_address:
        yield _missing(rules[1], address, "the party's postal address")
    elif party.country is None:
        yield _missing(rules[2], f"{address}/cac:Country/cbc:IdentificationCode", "the country")


def _line(line: Line) -> Iterator[Finding]:
    tax = "cac:Item/cac:ClassifiedTaxCategory"
    wanted = (
        ("BR-21", "cbc:ID", line.id, "an identifier"),
        ("BR-22", "cbc:InvoicedQuantity", line.quantity, "how much is invoiced"),
        ("BR-23", "cbc:InvoicedQuantity", line.unit_code, "the unit of the quantity"),
        ("BR-24", "cbc:LineExtensionAmount", line.net, "the amount of the line"),
        ("BR-25", "cac:Item/cbc:Name", line.item, "the name of the item"),
        ("BR-26", "cac:Price/cbc:PriceAmount", line.price, "the price of the item"),
        ("BR-CO-04", f"{tax}/cbc:ID", line.category, "the VAT category"),
    )
    for rule, name, value, what in wanted:
        if value is None:
            yield _missing(rule, f"{line.path}/{name}", what)
    if line.price is not None and line.price < 0:
        at = f"{line.path}/cac:Price/cbc:PriceAmount"
        yield Finding("BR-27", at, "A price is not negative.")
    if line.category == STANDARD and not (line.rate or 0) > 0:
        detail = "A line at the standard rate has a rate above zero."
        yield Finding("BR-S-05", f"{line.path}/{tax}/cbc:Percent", detail)
    if line.net is not None and line.net != line.net.quantize(CENT):
        at = f"{line.path}/cbc:LineExtensionAmount"
        yield Finding("BR-DEC-23", at, "An amount has at most two decimals.")


_TOTALS = "/Invoice/cac:LegalMonetaryTotal"
_NAMES = {
    "lines": ("LineExtensionAmount", "BR-12", "BR-DEC-09", "the sum of its lines"),
    "exclusive": ("TaxExclusiveAmount", "BR-13", "BR-DEC-12", "its total without VAT"),
    "inclusive": ("TaxInclusiveAmount", "BR-14", "BR-DEC-14", "its total with VAT"),
    "payable": ("PayableAmount", "BR-15", "BR-DEC-18", "what is to be paid"),
}


def _totals(totals: Totals) -> Iterator[Finding]:
    for field, (name, rule, decimals, what) in _NAMES.items():
        value, at = getattr(totals, field), f"{_TOTALS}/cbc:{name}"
        if value is None:
            yield _missing(rule, at, what)
        elif value != value.quantize(CENT):
            yield Finding(decimals, at, "An amount has at most two decimals.")


def _sums(invoice: Invoice) -> Iterator[Finding]:
    totals, nets = invoice.totals, [line.net for line in invoice.lines]
    lines = sum((net for net in nets if net is not None), ZERO)
    without = (totals.lines or ZERO) - (totals.allowances or ZERO) + (totals.charges or ZERO)
    with_tax = (totals.exclusive or ZERO) + (totals.tax or ZERO)
    payable = (totals.inclusive or ZERO) - (totals.prepaid or ZERO) + (totals.rounding or ZERO)
    for rule, field, expected in (
        ("BR-CO-10", "lines", lines),
        ("BR-CO-13", "exclusive", without),
        ("BR-CO-15", "inclusive", with_tax),
        ("BR-CO-16", "payable", payable),
    ):
        stated = getattr(totals, field)
        if stated is not None and stated != expected:
            at = f"{_TOTALS}/cbc:{_NAMES[field][0]}"
            yield Finding(rule, at, f"It is {stated:f}, and its parts come to {expected:f}.")


def _taxes(invoice: Invoice) -> Iterator[Finding]:
    at = "/Invoice/cac:TaxTotal"
    if not invoice.groups:
        yield _missing("BR-CO-18", f"{at}/cac:TaxSubtotal", "a group for each rate of VAT")
        return
    whole = sum((group.tax or ZERO for group in invoice.groups), ZERO)
    if (invoice.totals.tax or ZERO) != whole:
        detail = f"It is {invoice.totals.tax or ZERO:f}, and its groups come to {whole:f}."
        yield Finding("BR-CO-14", f"{at}/cbc:TaxAmount", detail)
    for group in invoice.groups:
        wanted = (
            ("BR-45", "cbc:TaxableAmount", group.taxable, "what is taxed"),
            ("BR-46", "cbc:TaxAmount", group.tax, "the tax"),
            ("BR-47", "cac:TaxCategory/cbc:ID", group.category, "the VAT category"),
        )
        for rule, name, value, what in wanted:
            if value is None:
                yield _missing(rule, f"{group.path}/{name}", what)
        if group.category == OUT_OF_SCOPE and group.tax:
            detail = "What is not subject to VAT has none."
            yield Finding("BR-O-09", f"{group.path}/cbc:TaxAmount", detail)
        elif group.category != OUT_OF_SCOPE and group.rate is None:
            yield _missing("BR-48", f"{group.path}/cac:TaxCategory/cbc:Percent", "the rate")
        elif group.taxable is not None and group.tax is not None and group.rate is not None:
            expected = tax_of(group.taxable, group.rate)
            if group.tax != expected:
                detail = f"It is {group.tax:f}, and the rate comes to {expected:f}."
                yield Finding("BR-CO-17", f"{group.path}/cbc:TaxAmount", detail)


def _missing(rule: str, element: str, what: str) -> Finding:
    return Finding(rule, element, f"An invoice names {what}.")
