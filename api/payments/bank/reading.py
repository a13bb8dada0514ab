"""A statement of a bank, whatever format it is in, or a report on payments: read whole and found sound,
or refused."""

from dataclasses import replace
from decimal import Decimal

from api.core.errors import FieldError
from api.payments.bank import camt053, mt940, pain002
from api.payments.bank.problems import (
    ReportUnreadable,
    StatementUnbalanced,
    StatementUnreadable,
    unreadable,
)
from api.rules import bank_statements as rules
from api.rules.bank_statements import Statement
from api.rules.payment_reports import Report

_FINEST = Decimal("0.000001")
_MOST = Decimal(10**14)


def read(body: bytes) -> list[Statement]:
    """The statements of a file, each of which adds up.

    Raises StatementUnreadable (or Invalid, for XML that is none), and StatementUnbalanced.
    """
    is_xml = body.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<")
    found = camt053.read(body) if is_xml else mt940.read(body)
    # Banks enter services that cost nothing.
    found = [replace(each, entries=tuple(e for e in each.entries if e.amount)) for each in found]
    for place, each in enumerate(found, 1):
        _check(f"/statement {place}", each)
    return found


def read_report(body: bytes) -> Report:
    """The report in a file. Raises ReportUnreadable, or Invalid for XML that is none."""
    try:
        return pain002.read(body)
    except StatementUnreadable as error:
        raise ReportUnreadable(str(error), errors=error.errors) from error


def _check(place: str, statement: Statement) -> None:
    sums = (statement.opening, statement.closing, *(each.amount for each in statement.entries))
    if any(abs(each) >= _MOST or each % _FINEST for each in sums):
        raise unreadable(place, "amount", "An amount has too many digits.")
    if off := rules.difference(statement):
        detail = f"{statement.id}: the entries are off the closing balance by {off:f}."
        raise StatementUnbalanced(
            detail, errors=[FieldError(pointer=place, code="unbalanced", detail=detail)]
        )
