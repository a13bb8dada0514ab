"""Reports on files of payments as pain.002 (ISO 20022, customer payment status report), versions 001.03
to 001.14.

A file of ours has one group of payments (PmtInf), so that what is said of the group is said of the
file.
"""

import re
from collections.abc import Iterator

from lxml import etree

from api.core import xml_files
from api.core.xml_files import Element
from api.payments.bank import iso20022
from api.payments.bank.iso20022 import every, first, given, need, need_child, text
from api.payments.bank.problems import unreadable
from api.rules.payment_reports import PaymentWord, Report, Word

_NAMESPACE = re.compile(r"urn:iso:std:iso:20022:tech:xsd:pain\.002\.001\.\d\d")
_STATUS = re.compile(r"[A-Z0-9]{4}")
_MOST_TEXT = 500


def is_report(body: bytes) -> bool:
    """Whether bytes say that they are such a report, so that nothing else is looked for in them."""
    return b"tech:xsd:pain.002.001." in body[:2000]


def read(body: bytes) -> Report:
    """The report in a document. Raises Invalid or StatementUnreadable, which names the place."""
    root = xml_files.parse(body)
    name = etree.QName(root)
    if not (name.localname == "Document" and _NAMESPACE.fullmatch(name.namespace or "")):
        raise unreadable("/", "wrong_document", "The root must be a Document of pain.002.001.")
    report = need_child(root, "CstmrPmtStsRpt")
    original = need_child(report, "OrgnlGrpInfAndSts")
    groups = every(report, "OrgnlPmtInfAndSts")
    of_file = _word(original, "GrpSts")
    for group in groups:
        of_file = _word(group, "PmtInfSts") or of_file
    payments = tuple(each for group in groups for each in _payments(group))
    if of_file is None and not payments:
        raise unreadable(iso20022.path(report), "no_status", "There is no status in it.")
    return Report(
        id=need(report, "GrpHdr", "MsgId")[:35],
        original_id=need(original, "OrgnlMsgId")[:35],
        of_file=of_file,
        payments=payments,
    )


def _payments(group: Element) -> Iterator[PaymentWord]:
    for each in every(group, "TxInfAndSts"):
        id = given(text(each, "OrgnlEndToEndId")) or given(text(each, "OrgnlInstrId"))
        if id is None:
            raise unreadable(iso20022.path(each), "missing", "OrgnlEndToEndId is missing.")
        word = _word(each, "TxSts")
        if word is None:
            raise unreadable(iso20022.path(each), "missing", "TxSts is missing.")
        told = first(each, "OrgnlTxRef", "Amt", "InstdAmt")
        yield PaymentWord(
            id[:35],
            word,
            amount=None if told is None else iso20022.decimal(told),
            currency=None if told is None else told.get("Ccy"),
        )


def _word(element: Element, name: str) -> Word | None:
    status = text(element, name)
    if status is None:
        return None
    if not _STATUS.fullmatch(status):
        raise unreadable(iso20022.path(element), "status", f"{name} is no code of four letters.")
    why = ("StsRsnInf", "Rsn")
    said = [e.text for e in every(element, "StsRsnInf", "AddtlInf") if e.text]
    return Word(
        status,
        reason=(text(element, *why, "Cd") or text(element, *why, "Prtry") or None),
        text=" ".join(" ".join(said).split())[:_MOST_TEXT] or None,
    )
