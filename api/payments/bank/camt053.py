"""Statements as camt.053 (ISO 20022, bank to customer statement), versions 001.02 to 001.14.

Elements are found by their names in the document's own namespace; what is not asked for may be there.
Entries that are not booked are left out. An entry of several transactions whose amounts are given is
one entry each.
"""

import re
from collections.abc import Iterator
from datetime import date
from decimal import Decimal, InvalidOperation

from lxml import etree

from api.core import xml_files
from api.core.xml_files import Element
from api.payments.bank.problems import unreadable
from api.rules.bank_statements import BankEntryKind, Entry, Statement, StatementFormat

_NAMESPACE = re.compile(r"urn:iso:std:iso:20022:tech:xsd:camt\.053\.001\.\d\d")
_OPENING, _CLOSING = ("OPBD", "PRCD", "ITBD"), ("CLBD", "ITBD")
_CHARGES = frozenset({"CHRG", "COMM", "FEES"})
"""Sub-families of bank transaction codes (ISO 20022 external code sets) that are the bank's own."""
_RETURNS = frozenset({"RRTN", "RPCR"})
"""Reversals due to a payment return, or to a request to cancel."""
_NOT_GIVEN = frozenset({"NOTPROVIDED", "NONREF", "NONE", ""})
_MOST_TEXT = 1000


def read(body: bytes) -> list[Statement]:
    """The statements of a document. Raises Invalid or StatementUnreadable, which names the place."""
    root = xml_files.parse(body)
    name = etree.QName(root)
    if not (name.localname == "Document" and _NAMESPACE.fullmatch(name.namespace or "")):
        raise unreadable("/", "wrong_document", "The root must be a Document of camt.053.001.")
    found = [*_all(root, "BkToCstmrStmt", "Stmt")]
    if not found:
        raise unreadable("/Document", "no_statement", "There is no statement in it.")
    return [_statement(each) for each in found]


def _statement(element: Element) -> Statement:
    account = _text(element, "Acct", "Id", "IBAN") or _need(element, "Acct", "Id", "Othr", "Id")
    balances: dict[str, Element] = {}
    for each in _all(element, "Bal"):
        kind = _text(each, "Tp", "CdOrPrtry", "Cd") or ""
        # The first interim balance opens a page, the last one closes it.
        places = [f"first {kind}", f"last {kind}"]
        balances |= {place: each for place in places if place not in balances or "last" in place}
    opening = next((balances[f"first {k}"] for k in _OPENING if f"first {k}" in balances), None)
    closing = next((balances[f"last {k}"] for k in _CLOSING if f"last {k}" in balances), None)
    if opening is None or closing is None or opening is closing:
        side = "opening" if opening is None else "closing"
        raise unreadable(_path(element), "no_balance", f"There is no {side} balance.")
    money = _first(closing, "Amt")
    currency = "" if money is None else money.get("Ccy", "")
    number = _text(element, "ElctrncSeqNb") or _text(element, "LglSeqNb")
    page = _text(element, "StmtPgntn", "PgNb")
    return Statement(
        format=StatementFormat.CAMT053,
        account=account,
        currency=currency,
        id=_need(element, "Id")[:35],
        closing_on=_day(_need_child(closing, "Dt")),
        opening=_amount(opening, currency),
        closing=_amount(closing, currency),
        number=_count(element, number),
        page=_count(element, page) or 1,
        is_last_page=_text(element, "StmtPgntn", "LastPgInd") not in ("false", "0"),
        entries=tuple(e for each in _all(element, "Ntry") for e in _entries(each, currency)),
    )


def _entries(element: Element, currency: str) -> Iterator[Entry]:
    status = _text(element, "Sts", "Cd") or _text(element, "Sts")
    if status != "BOOK":
        return
    whole = _amount(element, currency)
    parts = [*_all(element, "NtryDtls", "TxDtls")]
    amounts = [_part(each, currency) for each in parts]
    given = [each for each in amounts if each is not None]
    sign = 1 if whole > 0 else -1
    reference = _text(element, "AcctSvcrRef")
    if len(parts) > 1 and len(given) == len(parts) and sum(given) == abs(whole):
        for number, (part, amount) in enumerate(zip(parts, given, strict=True), 1):
            own = _text(part, "Refs", "AcctSvcrRef") or (reference and f"{reference}/{number}")
            yield _entry(element, [part], amount * sign, own)
        return
    own = reference or (_text(parts[0], "Refs", "AcctSvcrRef") if len(parts) == 1 else None)
    yield _entry(element, parts, whole, own)


def _entry(element: Element, parts: list[Element], amount: Decimal, reference: str | None) -> Entry:
    only = parts[0] if len(parts) == 1 else None
    code = _text(element, "BkTxCd", "Domn", "Fmly", "SubFmlyCd")
    if only is not None:
        code = _text(only, "BkTxCd", "Domn", "Fmly", "SubFmlyCd") or code
    reason = None
    if only is not None:
        reason = _text(only, "RtrInf", "Rsn", "Cd") or _text(only, "RtrInf", "Rsn", "Prtry")
    reverses = _text(element, "RvslInd") in ("true", "1")
    came_back = reason is not None or code in _RETURNS or reverses
    kind = BankEntryKind.PAYMENT
    if came_back:
        kind = BankEntryKind.RETURN if amount > 0 else BankEntryKind.REVERSAL
    elif amount < 0 and code in _CHARGES:
        kind = BankEntryKind.CHARGE
    texts = [t for each in parts for t in _texts(each)]
    texts += [_text(element, "NtryRef"), _text(element, "AddtlNtryInf")]
    value = _first(element, "ValDt")
    end_to_end = None if only is None else _text(only, "Refs", "EndToEndId")
    other = "Dbtr" if amount > 0 else "Cdtr"
    return Entry(
        amount=amount,
        booked_on=_day(_need_child(element, "BookgDt")),
        kind=kind,
        value_on=None if value is None else _day(value),
        reference=None if reference in _NOT_GIVEN else reference,
        end_to_end_id=None if (end_to_end or "") in _NOT_GIVEN else end_to_end,
        texts=tuple(each[:_MOST_TEXT] for each in texts if each),
        counterparty=None if only is None else _party(only, other),
        reason=reason,
    )


def _texts(part: Element) -> Iterator[str | None]:
    for each in _all(part, "RmtInf", "Ustrd"):
        yield each.text
    for each in _all(part, "RmtInf", "Strd", "CdtrRefInf", "Ref"):
        yield each.text
    yield _text(part, "AddtlTxInf")


def _party(part: Element, name: str) -> str | None:
    parties = ("RltdPties", name)
    return _text(part, *parties, "Nm") or _text(part, *parties, "Pty", "Nm")


def _part(part: Element, currency: str) -> Decimal | None:
    """The amount of one transaction of several; None where it is not given in the currency."""
    for path in (("Amt",), ("AmtDtls", "TxAmt", "Amt")):
        found = _first(part, *path)
        if found is not None and found.get("Ccy") == currency:
            return _decimal(found)
    return None


def _amount(element: Element, currency: str) -> Decimal:
    """The amount of a balance or an entry: negative for a debit."""
    found = _need_child(element, "Amt")
    if not re.fullmatch(r"[A-Z]{3}", currency) or found.get("Ccy") != currency:
        raise unreadable(_path(found), "currency", "Another currency than the closing balance's.")
    side = _need(element, "CdtDbtInd")
    if side not in ("CRDT", "DBIT"):
        raise unreadable(_path(element), "side", "CdtDbtInd is CRDT or DBIT.")
    return _decimal(found) * (1 if side == "CRDT" else -1)


def _decimal(element: Element) -> Decimal:
    """An amount as the schema has it: up to 18 digits, 5 of them decimals."""
    text = (element.text or "").strip()
    if not re.fullmatch(r"\d{1,14}(\.\d{0,5})?|\.\d{1,5}", text):
        raise unreadable(_path(element), "amount", "No amount.")
    try:
        return Decimal(text)
    except InvalidOperation as error:
        raise unreadable(_path(element), "amount", "No amount.") from error


def _day(element: Element) -> date:
    """A day, of which an instant is the beginning."""
    text = (_text(element, "Dt") or _text(element, "DtTm") or element.text or "").strip()
    try:
        return date.fromisoformat(text[:10])
    except ValueError as error:
        raise unreadable(_path(element), "date", "No date.") from error


def _count(element: Element, text: str | None) -> int | None:
    if text is None:
        return None
    if not re.fullmatch(r"[0-9]{1,9}", text):
        raise unreadable(_path(element), "number", "No number of a statement.")
    return int(text)


def _first(element: Element, *names: str) -> Element | None:
    return element.find("/".join(f"{{{etree.QName(element).namespace}}}{n}" for n in names))


def _all(element: Element, *names: str) -> list[Element]:
    steps = "/".join(f"{{{etree.QName(element).namespace}}}{n}" for n in names)
    return list(element.findall(steps))


def _text(element: Element, *names: str) -> str | None:
    found = _first(element, *names)
    text = None if found is None else found.text
    return None if text is None else text.strip() or None


def _need_child(element: Element, name: str) -> Element:
    found = _first(element, name)
    if found is None:
        raise unreadable(_path(element), "missing", f"{name} is missing.")
    return found


def _need(element: Element, *names: str) -> str:
    found = _text(element, *names)
    if found is None:
        raise unreadable(_path(element), "missing", f"{'/'.join(names)} is missing.")
    return found


def _path(element: Element) -> str:
    """Where an element is, and its line: `/Document/BkToCstmrStmt/Stmt/Ntry (line 41)`."""
    steps = [etree.QName(e).localname for e in (element, *element.iterancestors())]
    return f"/{'/'.join(reversed(steps))} (line {element.sourceline})"
