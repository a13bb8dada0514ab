"""Statements of banks for tests, as camt.053 and as MT940."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from xml.sax.saxutils import escape

from tests.payments.treasury import NUMBER

DAY = date(2026, 11, 27)


@dataclass(frozen=True)
class Line:
    """An entry; `code` is the sub-family of its bank transaction code."""

    amount: Decimal
    text: str = ""
    end_to_end: str = ""
    reference: str = ""
    code: str = ""
    reason: str = ""
    name: str = ""
    status: str = "BOOK"


def line(amount: str, text: str = "", **more: str) -> Line:
    """An entry of so much."""
    return Line(Decimal(amount), text, **more)


def camt(
    *lines: Line,
    opening: str = "0",
    number: int = 1,
    account: str = NUMBER,
    currency: str = "KGS",
    closing: str | None = None,
    id: str | None = None,
) -> bytes:
    """A camt.053.001.08 of one statement that adds up, unless `closing` says otherwise."""
    booked = sum((each.amount for each in lines if each.status == "BOOK"), Decimal(opening))
    end = booked if closing is None else Decimal(closing)
    entries = "".join(_entry(each, currency) for each in lines)
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.08"><BkToCstmrStmt>
<GrpHdr><MsgId>M{number}</MsgId><CreDtTm>{DAY}T20:00:00+06:00</CreDtTm></GrpHdr>
<Stmt><Id>{id or f"S{number}"}</Id><ElctrncSeqNb>{number}</ElctrncSeqNb>
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
    name = f"<RltdPties><{party}><Pty><Nm>{escape(told.name)}</Nm></Pty></{party}></RltdPties>"
    code = f"<BkTxCd><Domn><Cd>PMNT</Cd><Fmly><Cd>RCDT</Cd><SubFmlyCd>{told.code}</SubFmlyCd></Fmly></Domn></BkTxCd>"
    return (
        f"<Ntry>{_money(told.amount, currency)}<Sts><Cd>{told.status}</Cd></Sts>"
        f"<BookgDt><Dt>{DAY}</Dt></BookgDt>"
        + (f"<AcctSvcrRef>{told.reference}</AcctSvcrRef>" if told.reference else "")
        + (code if told.code else "")
        + "<NtryDtls><TxDtls>"
        + (f"<Refs><EndToEndId>{told.end_to_end}</EndToEndId></Refs>" if told.end_to_end else "")
        + (name if told.name else "")
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
