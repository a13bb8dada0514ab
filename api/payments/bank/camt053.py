"""Statements as camt.053 (ISO 20022, bank to customer statement), versions 001.02 to 001.14.

Elements are found by their names in the document's own namespace; what is not asked for may be there.
Entries that are not booked are left out. An entry of several transactions whose amounts are given is
one entry each.
"""

import re
from collections.abc import Iterator
from datetime import date
from decimal import Decimal

from lxml import etree

from api.core import xml_files
from api.core.xml_files import Element
from api.payments.bank.iso20022 import (
    decimal,
    every,
    first,
    given,
    need,
    need_child,
    path,
    text,
)
from api.payments.bank.problems import unreadable
from api.rules.bank_statements import BankEntryKind, Entry, Statement, StatementFormat

_NAMESPACE = re.compile(r"urn:iso:std:iso:20022:tech:xsd:camt\.053\.001\.\d\d")
_OPENING, _CLOSING = ("OPBD", "PRCD", "ITBD"), ("CLBD", "ITBD")
_CHARGES = frozenset({"CHRG", "COMM", "FEES"})
"""Sub-families of bank transaction codes (ISO 20022 external code sets) that are the bank's own."""
_RETURNS = frozenset({"RRTN", "RPCR"})
"""Reversals due to a payment return, or to a request to cancel."""
_MOST_TEXT = 1000


def read(body: bytes) -> list[Statement]:
    """The statements of a document. Raises Invalid or StatementUnreadable, which names the place."""
    root = xml_files.parse(body)
    name = etree.QName(root)
    if not (name.localname == "Document" and _NAMESPACE.fullmatch(name.namespace or "")):
        raise unreadable("/", "wrong_document", "The root must be a Document of camt.053.001.")
    found = [*every(root, "BkToCstmrStmt", "Stmt")]
    if not found:
        raise unreadable("/Document", "no_statement", "There is no statement in it.")
    return [_statement(each) for each in found]


def _statement(element: Element) -> Statement:
    account = text(element, "Acct", "Id", "IBAN") or need(element, "Acct", "Id", "Othr", "Id")
    balances: dict[str, Element] = {}
    for each in every(element, "Bal"):
        kind = text(each, "Tp", "CdOrPrtry", "Cd") or ""
        # The first interim balance opens a page, the last one closes it.
        places = [f"first {kind}", f"last {kind}"]
        balances |= {place: each for place in places if place not in balances or "last" in place}
    opening = next((balances[f"first {k}"] for k in _OPENING if f"first {k}" in balances), None)
    closing = next((balances[f"last {k}"] for k in _CLOSING if f"last {k}" in balances), None)
    if opening is None or closing is None or opening is closing:
        side = "opening" if opening is None else "closing"
        raise unreadable(path(element), "no_balance", f"There is no {side} balance.")
    money = first(closing, "Amt")
    currency = "" if money is None else money.get("Ccy", "")
    number = text(element, "ElctrncSeqNb") or text(element, "LglSeqNb")
    page = text(element, "StmtPgntn", "PgNb")
    return Statement(
        format=StatementFormat.CAMT053,
        account=account,
        currency=currency,
        id=need(element, "Id")[:35],
        closing_on=_day(need_child(closing, "Dt")),
        opening=_amount(opening, currency),
        closing=_amount(closing, currency),
        number=_count(element, number),
        page=_count(element, page) or 1,
        is_last_page=text(element, "StmtPgntn", "LastPgInd") not in ("false", "0"),
        entries=tuple(e for each in every(element, "Ntry") for e in _entries(each, currency)),
    )


def _entries(element: Element, currency: str) -> Iterator[Entry]:
    status = text(element, "Sts", "Cd") or text(element, "Sts")
    if status != "BOOK":
        return
    whole = _amount(element, currency)
    parts = [*every(element, "NtryDtls", "TxDtls")]
    amounts = [_part(each, currency) for each in parts]
    told = [each for each in amounts if each is not None]
    sign = 1 if whole > 0 else -1
    reference = text(element, "AcctSvcrRef")
    if len(parts) > 1 and len(told) == len(parts) and sum(told) == abs(whole):
        for number, (part, amount) in enumerate(zip(parts, told, strict=True), 1):
            own = text(part, "Refs", "AcctSvcrRef") or (reference and f"{reference}/{number}")
            yield _entry(element, [part], amount * sign, own)
        return
    own = reference or (text(parts[0], "Refs", "AcctSvcrRef") if len(parts) == 1 else None)
    yield _entry(element, parts, whole, own)


def _entry(element: Element, parts: list[Element], amount: Decimal, reference: str | None) -> Entry:
    only = parts[0] if len(parts) == 1 else None
    code = text(element, "BkTxCd", "Domn", "Fmly", "SubFmlyCd")
    if only is not None:
        code = text(only, "BkTxCd", "Domn", "Fmly", "SubFmlyCd") or code
    reason = None
    if only is not None:
        reason = text(only, "RtrInf", "Rsn", "Cd") or text(only, "RtrInf", "Rsn", "Prtry")
    reverses = text(element, "RvslInd") in ("true", "1")
    came_back = reason is not None or code in _RETURNS or reverses
    kind = BankEntryKind.PAYMENT
    if came_back:
        kind = BankEntryKind.RETURN if amount > 0 else BankEntryKind.REVERSAL
    elif amount < 0 and code in _CHARGES:
        kind = BankEntryKind.CHARGE
    texts = [t for each in parts for t in _texts(each)]
    texts += [text(element, "NtryRef"), text(element, "AddtlNtryInf")]
    value = first(element, "ValDt")
    end_to_end = None if only is None else text(only, "Refs", "EndToEndId")
    other = "Dbtr" if amount > 0 else "Cdtr"
    return Entry(
        amount=amount,
        booked_on=_day(need_child(element, "BookgDt")),
        kind=kind,
        value_on=None if value is None else _day(value),
        reference=given(reference),
        end_to_end_id=given(end_to_end),
        texts=tuple(each[:_MOST_TEXT] for each in texts if each),
        counterparty=None if only is None else _party(only, other),
        reason=reason,
        **({} if only is None else _account(only, other)),
    )


def _texts(part: Element) -> Iterator[str | None]:
    for each in every(part, "RmtInf", "Ustrd"):
        yield each.text
    for each in every(part, "RmtInf", "Strd", "CdtrRefInf", "Ref"):
        yield each.text
    yield text(part, "AddtlTxInf")


def _party(part: Element, name: str) -> str | None:
    parties = ("RltdPties", name)
    return text(part, *parties, "Nm") or text(part, *parties, "Pty", "Nm")


def _account(part: Element, name: str) -> dict[str, str | None]:
    """The other side's account and its bank, as far as they are told."""
    account, bank = ("RltdPties", f"{name}Acct", "Id"), ("RltdAgts", f"{name}Agt", "FinInstnId")
    number = text(part, *account, "IBAN")
    country = number[:2] if number else None
    for party in ((name,), (name, "Pty")):
        country = country or text(part, "RltdPties", *party, "PstlAdr", "Ctry")
    return {
        "counterparty_number": number or text(part, *account, "Othr", "Id"),
        "counterparty_bic": text(part, *bank, "BICFI") or text(part, *bank, "BIC"),
        "counterparty_bank": text(part, *bank, "Nm"),
        "counterparty_country": country,
    }


def _part(part: Element, currency: str) -> Decimal | None:
    """The amount of one transaction of several; None where it is not given in the currency."""
    for steps in (("Amt",), ("AmtDtls", "TxAmt", "Amt")):
        found = first(part, *steps)
        if found is not None and found.get("Ccy") == currency:
            return decimal(found)
    return None


def _amount(element: Element, currency: str) -> Decimal:
    """The amount of a balance or an entry: negative for a debit."""
    found = need_child(element, "Amt")
    if not re.fullmatch(r"[A-Z]{3}", currency) or found.get("Ccy") != currency:
        raise unreadable(path(found), "currency", "Another currency than the closing balance's.")
    side = need(element, "CdtDbtInd")
    if side not in ("CRDT", "DBIT"):
        raise unreadable(path(element), "side", "CdtDbtInd is CRDT or DBIT.")
    return decimal(found) * (1 if side == "CRDT" else -1)


def _day(element: Element) -> date:
    """A day, of which an instant is the beginning."""
    said = (text(element, "Dt") or text(element, "DtTm") or element.text or "").strip()
    try:
        return date.fromisoformat(said[:10])
    except ValueError as error:
        raise unreadable(path(element), "date", "No date.") from error


def _count(element: Element, said: str | None) -> int | None:
    if said is None:
        return None
    if not re.fullmatch(r"[0-9]{1,9}", said):
        raise unreadable(path(element), "number", "No number of a statement.")
    return int(said)
