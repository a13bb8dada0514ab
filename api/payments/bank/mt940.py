"""Statements as MT940 (SWIFT customer statement message), read by the library mt-940."""

import io
import logging
import re
from collections.abc import Mapping
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

import mt940

from api.payments.bank.problems import unreadable
from api.rules.bank_statements import BankEntryKind, Entry, Statement, StatementFormat

_OPTIONS = mt940.Options.all()
_NOT_GIVEN = frozenset({"NONREF", "NOTPROVIDED", ""})
_CHARGES = frozenset({"NCHG", "NCOM", "FCHG", "FCOM"})
"""Transaction types of field 61: charges and commissions."""
_RETURNS = frozenset({"NRTI", "FRTI", "SRTI"})
"""Returned item."""
_KINDS = {"RC": BankEntryKind.REVERSAL, "RD": BankEntryKind.RETURN}
_WRONG = (
    ArithmeticError, AttributeError, IndexError, InvalidOperation, LookupError, RuntimeError,
    TypeError, ValueError,
)  # fmt: skip
"""What the library raises for fields of another form."""
logging.getLogger("mt940").setLevel(logging.CRITICAL)


def read(body: bytes) -> list[Statement]:
    """The statements of a file, in UTF-8 or Windows-1251. Raises StatementUnreadable."""
    text = _decoded(body).replace("\r\n", "\n")
    blocks = [b for b in re.split(r"(?m)^(?=:20:)", text) if b.startswith(":20:")]
    if not blocks:
        raise unreadable("/", "wrong_document", "Neither camt.053 nor MT940 (no field 20).")
    return [_statement(number, block) for number, block in enumerate(blocks, 1)]


def _decoded(body: bytes) -> str:
    for encoding in ("utf-8-sig", "cp1251"):
        try:
            return body.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise unreadable("/", "encoding", "Send the file in UTF-8 or Windows-1251.")


def _statement(number: int, block: str) -> Statement:
    place = f"/statement {number}"
    if "\0" in block:
        raise unreadable(place, "binary", "The file has bytes that are no text.")
    try:
        # A file object: of a text the library would ask whether a file has it for a name.
        (parsed,) = mt940.parse_statements(io.StringIO(block), options=_OPTIONS)
        return _built(place, parsed, lines=len(re.findall(r"(?m)^:61:", block)))
    except _WRONG as error:
        raise unreadable(place, "field", f"{type(error).__name__}: {error}"[:300]) from error


def _built(place: str, parsed: Any, *, lines: int) -> Statement:
    data = parsed.data
    opening, closing = _balance(data, "opening_balance"), _balance(data, "closing_balance")
    if opening is None or closing is None:
        side = "opening" if opening is None else "closing"
        raise unreadable(place, "no_balance", f"There is no {side} balance.")
    currency = closing.amount.currency
    if opening.amount.currency != currency or not re.fullmatch(r"[A-Z]{3}", currency or ""):
        raise unreadable(place, "currency", "The balances have two currencies, or none.")
    entries = tuple(_entry(place, each.data) for each in parsed.transactions)
    if len(entries) != lines:
        raise unreadable(place, "field", f"{lines} lines of field 61 make {len(entries)} entries.")
    number = data.get("statement_number")
    return Statement(
        format=StatementFormat.MT940,
        account=data["account_identification"],
        currency=currency,
        id=data["transaction_reference"],
        closing_on=_day(closing.date),
        opening=opening.amount.amount,
        closing=closing.amount.amount,
        number=int(number) if number else None,
        page=int(data.get("sequence_number") or 1),
        is_last_page="intermediate_closing_balance" not in data,
        entries=entries,
    )


def _entry(place: str, data: Mapping[str, Any]) -> Entry:
    amount, mark = data["amount"].amount, data["status"].upper()
    if not isinstance(amount, Decimal) or not amount.is_finite():
        raise unreadable(place, "amount", "No amount.")
    type_ = (data.get("id") or "").strip()
    kind = _KINDS.get(mark, BankEntryKind.PAYMENT)
    if kind is BankEntryKind.PAYMENT and type_ in _RETURNS and amount > 0:
        kind = BankEntryKind.RETURN
    elif kind is BankEntryKind.PAYMENT and type_ in _CHARGES and amount < 0:
        kind = BankEntryKind.CHARGE
    said = [data.get(name) for name in ("transaction_details", "purpose", "extra_details")]
    texts = [text for text in said if isinstance(text, str) and text.strip()]
    value = _day(data["date"])
    entered = data.get("entry_date")
    reference = (data.get("bank_reference") or "").strip()
    own = (data.get("customer_reference") or "").strip()
    name = data.get("applicant_name")
    number = data.get("applicant_iban")
    return Entry(
        amount=amount,
        booked_on=_day(entered) if isinstance(entered, date) else value,
        kind=kind,
        value_on=value,
        reference=None if reference in _NOT_GIVEN else reference,
        end_to_end_id=None if own in _NOT_GIVEN else own,
        texts=tuple(text.strip()[:1000] for text in texts),
        counterparty=name[:500] if isinstance(name, str) and name else None,
        counterparty_number=number if isinstance(number, str) and number else None,
    )


def _balance(data: Mapping[str, Any], name: str) -> Any:
    """The balance, final or intermediate."""
    for prefix in ("final_", "intermediate_", ""):
        if (found := data.get(f"{prefix}{name}")) is not None:
            return found
    return None


def _day(value: date) -> date:
    return date(value.year, value.month, value.day)
