"""Statements of banks for tests, as camt.053 and as MT940."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any
from xml.sax.saxutils import escape

from tests.payments.treasury import NUMBER

DAY = date(2026, 11, 27)


@dataclass(frozen=True)
class Line:
    """An entry; `code` is the sub-family of its bank transaction code, `account` and `bank` are the
    other side's."""

    amount: Decimal
    text: str = ""
    end_to_end: str = ""
    reference: str = ""
    code: str = ""
    reason: str = ""
    name: str = ""
    status: str = "BOOK"
    reverses: bool = False
    account: str = ""
    bank: str = ""


def line(amount: str, text: str = "", **more: Any) -> Line:
    """An entry of so much."""
    return Line(Decimal(amount), text, **more)


def camt(
    *lines: Line,
    opening: str = "0",
    number: int | None = 1,
    account: str = NUMBER,
    currency: str = "KGS",
    closing: str | None = None,
    id: str | None = None,
) -> bytes:
    """A camt.053.001.08 of one statement that adds up, unless `closing` says otherwise."""
    booked = sum((each.amount for each in lines if each.status == "BOOK"), Decimal(opening))
    end = booked if closing is None else Decimal(closing)
    entries = "".join(_entry(each, currency) for each in lines)
    numbered = "" if number is None else f"<ElctrncSeqNb>{number}</ElctrncSeqNb>"
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.08"><BkToCstmrStmt>
<GrpHdr><MsgId>M{number}</MsgId><CreDtTm>{DAY}T20:00:00+06:00</CreDtTm></GrpHdr>
<Stmt><Id>{id or f"S{number}"}</Id>{numbered}
<Acct><Id><Othr><Id>{account}</Id></Othr></Id></Acct>
{_balance("OPBD", Decimal(opening), currency)}{_balance("CLBD", end, currency)}{entries}
</Stmt></BkToCstmrStmt></Document>""".encode()


def _balance(kind: str, amount: Decimal, currency: str) -> str:
    return (
        f"<Bal><Tp><CdOrPrtry><Cd>{kind}</Cd></CdOrPrtry></Tp>{_money(amount, currency)}"
        f"<Dt><Dt>{DAY}</Dt></Dt></Bal>"
    )


def _money(amount: Decimal, currency: str) -> str:
    side = "DBIT" if amount < 0 else "CRDT"
    return f'<Amt Ccy="{currency}">{abs(amount):f}</Amt><CdtDbtInd>{side}</CdtDbtInd>'


def _entry(told: Line, currency: str) -> str:
    party = "Dbtr" if told.amount > 0 else "Cdtr"
    name = f"<{party}><Pty><Nm>{escape(told.name)}</Nm></Pty></{party}>"
    if told.account:
        name += f"<{party}Acct><Id><Othr><Id>{told.account}</Id></Othr></Id></{party}Acct>"
    name = f"<RltdPties>{name}</RltdPties>"
    bank = f"<FinInstnId><Nm>{escape(told.bank)}</Nm></FinInstnId>"
    bank = f"<RltdAgts><{party}Agt>{bank}</{party}Agt></RltdAgts>"
    code = f"<BkTxCd><Domn><Cd>PMNT</Cd><Fmly><Cd>RCDT</Cd><SubFmlyCd>{told.code}</SubFmlyCd></Fmly></Domn></BkTxCd>"
    return (
        f"<Ntry>{_money(told.amount, currency)}"
        + ("<RvslInd>true</RvslInd>" if told.reverses else "")
        + f"<Sts><Cd>{told.status}</Cd></Sts>"
        f"<BookgDt><Dt>{DAY}</Dt></BookgDt>"
        + (f"<AcctSvcrRef>{told.reference}</AcctSvcrRef>" if told.reference else "")
        + (code if told.code else "")
        + "<NtryDtls><TxDtls>"
        + (f"<Refs><EndToEndId>{told.end_to_end}</EndToEndId></Refs>" if told.end_to_end else "")
        + (name if told.name else "")
        + (bank if told.bank else "")
        + (f"<RmtInf><Ustrd>{escape(told.text)}</Ustrd></RmtInf>" if told.text else "")
        + (f"<RtrInf><Rsn><Cd>{told.reason}</Cd></Rsn></RtrInf>" if told.reason else "")
        + "</TxDtls></NtryDtls></Ntry>"
    )


def mt940(
    lines: Sequence[Line], *, opening: str = "0", number: int = 1, account: str = NUMBER
) -> bytes:
    """An MT940 of one statement that adds up."""
    end = sum((each.amount for each in lines), Decimal(opening))
    day = f"{DAY:%y%m%d}"
    rows = [f":20:S{number}", f":25:{account}", f":28C:{number}/1"]
    rows.append(f":60F:{_swift(Decimal(opening), day)}")
    for each in lines:
        side = "D" if each.amount < 0 else "C"
        own = each.end_to_end or "NONREF"
        bank = f"//{each.reference}" if each.reference else ""
        rows.append(
            f":61:{day}{day[2:]}{side}{_comma(abs(each.amount))}{each.code or 'NTRF'}{own}{bank}"
        )
        rows += [f":86:{each.text}"] if each.text else []
    rows.append(f":62F:{_swift(end, day)}")
    return "\r\n".join([*rows, "-", ""]).encode()


def _swift(amount: Decimal, day: str) -> str:
    return f"{'D' if amount < 0 else 'C'}{day}KGS{_comma(abs(amount))}"


def _comma(amount: Decimal) -> str:
    text = f"{amount:f}".replace(".", ",")
    return text if "," in text else f"{text},"


@dataclass(frozen=True)
class Said:
    """What a bank says of one payment: its end-to-end id, a status, and why."""

    end_to_end: str
    status: str
    reason: str = ""
    text: str = ""
    amount: str = ""


def pain002(
    original: str,
    *payments: Said,
    of_file: str = "",
    reason: str = "",
    id: str = "R1",
    version: str = "10",
) -> bytes:
    """A report on the file of payments whose message id is `original`."""
    status = f"<GrpSts>{of_file}</GrpSts>{_why(reason, '')}" if of_file else ""
    said = "".join(_payment(each) for each in payments)
    group = (
        f"<OrgnlPmtInfAndSts><OrgnlPmtInfId>{original}</OrgnlPmtInfId>{said}</OrgnlPmtInfAndSts>"
    )
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<Document xmlns="urn:iso:std:iso:20022:tech:xsd:pain.002.001.{version}"><CstmrPmtStsRpt>
<GrpHdr><MsgId>{id}</MsgId><CreDtTm>{DAY}T20:00:00+06:00</CreDtTm></GrpHdr>
<OrgnlGrpInfAndSts><OrgnlMsgId>{original}</OrgnlMsgId><OrgnlMsgNmId>pain.001.001.09</OrgnlMsgNmId>
{status}</OrgnlGrpInfAndSts>{group if payments else ""}
</CstmrPmtStsRpt></Document>""".encode()


def _payment(told: Said) -> str:
    amount = f'<Amt><InstdAmt Ccy="KGS">{told.amount}</InstdAmt></Amt>'
    return (
        f"<TxInfAndSts><OrgnlEndToEndId>{told.end_to_end}</OrgnlEndToEndId>"
        f"<TxSts>{told.status}</TxSts>{_why(told.reason, told.text)}"
        + (f"<OrgnlTxRef>{amount}</OrgnlTxRef>" if told.amount else "")
        + "</TxInfAndSts>"
    )


def _why(reason: str, text: str) -> str:
    said = f"<AddtlInf>{escape(text)}</AddtlInf>" if text else ""
    return f"<StsRsnInf><Rsn><Cd>{reason}</Cd></Rsn>{said}</StsRsnInf>" if reason else ""
