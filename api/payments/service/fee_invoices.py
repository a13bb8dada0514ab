"""Invoices of the platform: numbered without gaps, frozen, and taken back by credit notes alone.

Never commits. The row of the series is locked from the number on, so that the number of an invoice
that is rolled back is the next one's.
"""

import hashlib
from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

import rfc8785
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session, col, select

from api.core import audit, bulk, db, pages, rows, settings
from api.core.errors import NotFound
from api.core.outbox import emit
from api.core.pages import PageQuery
from api.identity.models import Organisation
from api.payments.models import FeeInvoice, FeeInvoiceSeries
from api.payments.problems import AlreadyCredited, SellerUnknown
from api.payments.service import posting
from api.payments.service.posting import Posting
from api.reference import locales
from api.rules import fees
from api.rules.clock import local_date
from api.rules.fees import FeePurpose, InvoiceKind, Line
from api.rules.ledger import AccountKey, AccountKind, transfer
from api.rules.offers import plain

_REVENUE, _TAX = AccountKind.PLATFORM_FEE_REVENUE, AccountKind.TAX_PAYABLE


def issue(
    session: Session,
    *,
    key: str,
    org_id: UUID,
    purpose: FeePurpose,
    lines: Sequence[Line],
    currency: str,
    actor: str,
    details: Sequence[Mapping[str, Any]] | None = None,
    resource_id: UUID | None = None,
    due_date: date | None = None,
    withheld: bool = False,
    provider_tax: Decimal | None = None,
) -> FeeInvoice:
    """Issue an invoice, and book its tax; told again with the same key, the one of the first time.

    `details` are what the words of each line name besides (rate_bp, period). `withheld`: it was kept
    of a payment, tax included, so that nothing is owed; else the amount is owed from now on. `provider_tax`: the
    provider that asks for the money computed the tax, at whichever rates. Raises SellerUnknown.
    """
    known = select(FeeInvoice).where(FeeInvoice.idempotency_key == key)
    if (found := session.exec(known).one_or_none()) is not None:
        return found
    config = settings.get()
    places = locales.currencies()[currency].minor_units
    rate = config.fee_tax_rate_bp
    if provider_tax is not None:
        sums = fees.taxed(lines, provider_tax, places)
        rate = fees.rate_of(sums)
    elif withheld:
        whole = sum((line.amount for line in lines), Decimal(0))
        sums = fees.within(whole, rate, places)
    else:
        sums = fees.totals(lines, rate, places)
    more = details or [{} for _ in lines]
    content = {
        "lines": [
            {
                "code": line.code,
                "about": line.about,
                "quantity": plain(line.quantity),
                "unit_price": plain(line.unit_price),
                "amount": plain(line.amount),
                **extra,
            }
            for line, extra in zip(lines, more, strict=True)
        ],
        "withheld": withheld,
        "credits": None,
        "reason": None,
    }
    invoice = _made(
        session,
        key=key,
        org_id=org_id,
        kind=InvoiceKind.INVOICE,
        purpose=purpose,
        resource_id=resource_id,
        currency=currency,
        sums=sums,
        tax_rate_bp=rate,
        provider_tax=provider_tax,
        due_date=due_date,
        content=content,
        actor=actor,
    )
    if withheld:
        invoice.paid_at = db.now(session)
    else:
        _book(
            session, invoice, transfer(_owed(invoice), _account(_REVENUE, invoice), invoice.gross)
        )
    if invoice.tax:
        entries = transfer(_account(_REVENUE, invoice), _account(_TAX, invoice), invoice.tax)
        _book(session, invoice, entries, what="tax")
    session.flush()
    return invoice


def credit(session: Session, invoice: FeeInvoice, *, actor: str, reason: str) -> FeeInvoice:
    """Take an invoice back by a credit note, whose row is locked. Raises AlreadyCredited.

    What was owed is owed no more; what was paid already is what the platform owes.
    """
    known = select(FeeInvoice).where(FeeInvoice.credits_id == invoice.id)
    if invoice.kind is InvoiceKind.CREDIT_NOTE or session.exec(known).one_or_none() is not None:
        raise AlreadyCredited
    content = {
        **{name: invoice.content[name] for name in ("lines", "withheld")},
        "credits": invoice.number,
        "reason": reason,
    }
    note = _made(
        session,
        key=f"credit:{invoice.id}",
        org_id=invoice.org_id,
        kind=InvoiceKind.CREDIT_NOTE,
        purpose=invoice.purpose,
        resource_id=invoice.resource_id,
        currency=invoice.currency,
        sums=fees.Totals(invoice.net, invoice.tax, invoice.gross),
        tax_rate_bp=invoice.tax_rate_bp,
        provider_tax=invoice.provider_tax,
        due_date=None,
        content=content,
        actor=actor,
        credits_id=invoice.id,
    )
    revenue = _account(_REVENUE, note)
    back = _owed(note) if invoice.paid_at is None else _owing(note)
    _book(session, note, transfer(revenue, back, note.gross))
    if kept := note.tax if note.provider_tax is None else note.provider_tax:
        _book(session, note, transfer(_account(_TAX, note), revenue, kept), what="tax")
    session.flush()
    return note


def keep_provider_tax(session: Session, invoice: FeeInvoice, tax: Decimal) -> None:
    """Keep what a provider computed to be the tax in an invoice that was issued before, whose row is
    locked: it is what the platform owes as tax, so what differs is moved between the accounts of
    revenue and tax. Told again, nothing."""
    if invoice.provider_tax is not None:
        return
    invoice.provider_tax, invoice.version = tax, invoice.version + 1
    session.add(invoice)
    session.flush()
    if more := tax - invoice.tax:
        entries = transfer(_account(_REVENUE, invoice), _account(_TAX, invoice), more)
        _book(session, invoice, entries, what="provider_tax")


def get(session: Session, invoice_id: UUID, *, org_id: UUID | None) -> FeeInvoice:
    """An invoice to the organisation; any, for the operator. NotFound."""
    query = select(FeeInvoice).where(FeeInvoice.id == invoice_id)
    if org_id is not None:
        query = query.where(FeeInvoice.org_id == org_id)
    found = session.exec(query).one_or_none()
    if found is None:
        raise NotFound
    return found


def lock(session: Session, invoice_id: UUID) -> FeeInvoice:
    """Any invoice, its row locked. NotFound."""
    return rows.locked(session, FeeInvoice, invoice_id)


def list_invoices(
    session: Session, page: PageQuery, *, org_id: UUID | None, purpose: FeePurpose | None
) -> tuple[Sequence[FeeInvoice], str | None]:
    """Invoices to the organisation, or all, the newest first, and the next cursor."""
    query = select(FeeInvoice)
    if org_id is not None:
        query = query.where(FeeInvoice.org_id == org_id)
    if purpose is not None:
        query = query.where(FeeInvoice.purpose == purpose)
    return pages.newest_first(
        session,
        query,
        FeeInvoice,
        page,
        scope=f"fee_invoices:{org_id}",
        filters={"purpose": purpose},
    )


def _made(
    session: Session,
    *,
    key: str,
    org_id: UUID,
    kind: InvoiceKind,
    purpose: FeePurpose,
    resource_id: UUID | None,
    currency: str,
    sums: fees.Totals,
    tax_rate_bp: int,
    provider_tax: Decimal | None,
    due_date: date | None,
    content: dict[str, Any],
    actor: str,
    credits_id: UUID | None = None,
) -> FeeInvoice:
    today = local_date(db.now(session))
    series = settings.get().invoice_series
    buyer = session.get_one(Organisation, org_id)
    told = {
        **content,
        "seller": _seller(),
        "buyer": {
            "names": buyer.legal_name,
            "identifier": f"{buyer.identifier_scheme} {buyer.identifier_id}",
            "address": None,
        },
        "kind": kind,
        "issue_date": today.isoformat(),
        "due_date": due_date and due_date.isoformat(),
        "currency": currency,
        "tax_rate_bp": tax_rate_bp,
        "net": plain(sums.net),
        "tax": plain(sums.tax),
        "gross": plain(sums.gross),
    }
    sequence = _next(session, series, today.year)
    number = told["number"] = fees.number(series, today.year, sequence)
    invoice = FeeInvoice(
        idempotency_key=key,
        org_id=org_id,
        kind=kind,
        purpose=purpose,
        resource_id=resource_id,
        series=series,
        year=today.year,
        sequence=sequence,
        number=number,
        credits_id=credits_id,
        issue_date=today,
        due_date=due_date,
        currency=currency,
        net=sums.net,
        tax_rate_bp=tax_rate_bp,
        tax=sums.tax,
        gross=sums.gross,
        provider_tax=provider_tax,
        content=told,
        sha256=hashlib.sha256(rfc8785.dumps(told)).hexdigest(),
    )
    session.add(invoice)
    session.flush()
    audit.record(
        session,
        f"fee_invoice:{invoice.id.hex}",
        "issue",
        actor=actor,
        org_id=org_id,
        change={"number": number, "sha256": invoice.sha256},
    )
    emit(
        session,
        "fee_invoice.issued",
        invoice.id,
        org_id=org_id,
        number=number,
        kind=kind,
        purpose=purpose,
        gross=plain(sums.gross),
        currency=currency,
    )
    return invoice


def _next(session: Session, series: str, year: int) -> int:
    """The next number; whoever asks next waits until this transaction has ended."""
    row = bulk.new_row(series=series, year=year, last=1)
    statement = insert(FeeInvoiceSeries).values(row)
    counted = statement.on_conflict_do_update(
        index_elements=["series", "year"], set_={"last": col(FeeInvoiceSeries.last) + 1}
    )
    last: int = (
        session.connection().execute(counted.returning(col(FeeInvoiceSeries.last))).scalar_one()
    )
    return last


def _seller() -> dict[str, Any]:
    config = settings.get()
    if config.invoice_seller_name is None or config.invoice_seller_identifier is None:
        raise SellerUnknown
    return {
        "names": {"en": config.invoice_seller_name},
        "identifier": config.invoice_seller_identifier,
        "address": config.invoice_seller_address,
    }


def _account(kind: AccountKind, invoice: FeeInvoice) -> AccountKey:
    return AccountKey(kind, invoice.currency)


def _owed(invoice: FeeInvoice) -> AccountKey:
    return AccountKey(AccountKind.SUPPLIER_RECEIVABLE, invoice.currency, invoice.org_id)


def _owing(invoice: FeeInvoice) -> AccountKey:
    return AccountKey(AccountKind.SUPPLIER_PAYABLE, invoice.currency, invoice.org_id)


def _book(session: Session, invoice: FeeInvoice, entries: Any, *, what: str = "fee") -> None:
    if not invoice.gross:
        return
    posting.post(
        session,
        Posting(
            key=f"fee_invoice:{invoice.id}:{what}",
            kind=f"fee_invoice.{what}",
            entries=entries,
            actor="fees",
            resource_id=invoice.id,
        ),
        {invoice.org_id: [invoice.org_id]},
    )
