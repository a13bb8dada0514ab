"""Statements of banks: read as they were written, refused whole when something is wrong."""

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from api.core.errors import Problem
from api.payments.bank import pain001, reading
from api.payments.bank.pain001 import Account, Initiation, Transfer
from api.rules import bank_statements as rules
from api.rules.bank_statements import BankEntryKind, StatementFormat
from tests.payments import banking
from tests.payments.banking import DAY, Line, line

COINS = st.integers(-(10**11), 10**11).filter(bool).map(lambda n: Decimal(n).scaleb(-2))
WORDS = st.text(st.characters(whitelist_categories=("Lu", "Ll", "Nd")), max_size=30)
SWIFT = st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789", min_size=1, max_size=16)
LINES = st.lists(st.builds(Line, COINS, WORDS.filter(bool), SWIFT, SWIFT), max_size=8)
XML = banking.camt(line("1000", "RF18", reference="B1"), line("-5", code="CHRG"))
SWIFT_FILE = banking.mt940([line("1000", "RF18", reference="B1"), line("-5", code="NCHG")])


def refusal(body: bytes) -> tuple[str, str]:
    """The code of the problem, and of its place."""
    with pytest.raises(Problem) as caught:
        reading.read(body)
    assert caught.value.status == 422
    return caught.value.code, caught.value.errors[0].code


@settings(max_examples=60)
@given(LINES, COINS)
def test_what_is_written_as_camt053_or_mt940_is_read_the_same(
    lines: list[Line], opening: Decimal
) -> None:
    for body, format in (
        (banking.camt(*lines, opening=f"{opening:f}"), StatementFormat.CAMT053),
        (banking.mt940(lines, opening=f"{opening:f}"), StatementFormat.MT940),
    ):
        (found,) = reading.read(body)
        assert (found.format, found.number, found.opening) == (format, 1, opening)
        assert [each.amount for each in found.entries] == [each.amount for each in lines]
        not_given = {"NONREF", "NOTPROVIDED", "NONE"}
        assert [each.reference for each in found.entries] == [
            None if each.reference in not_given else each.reference for each in lines
        ]
        assert all(
            each.text in entry.texts for each, entry in zip(lines, found.entries, strict=True)
        )
        assert rules.difference(found) == 0


@settings(max_examples=60)
@given(st.integers(0, len(XML) - 2), st.integers(0, len(SWIFT_FILE) - 30))
def test_half_a_file_is_refused(in_xml: int, in_swift: int) -> None:
    assert refusal(XML[:in_xml])[0] in ("statement_unreadable", "invalid")
    assert refusal(SWIFT_FILE[:in_swift])[0] in ("statement_unreadable", "statement_unbalanced")


@settings(max_examples=80)
@given(st.binary(max_size=300), st.sampled_from([b"", b"<", b":20:", b":20:A\n:25:1\n:60F:C2"]))
def test_whatever_comes_is_refused_and_nothing_breaks(tail: bytes, head: bytes) -> None:
    assert refusal(head + tail)[0] in ("statement_unreadable", "invalid")


def test_hostile_xml_is_refused_before_anything_is_expanded() -> None:
    bomb = b'<!DOCTYPE a [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;">]>'
    head, _, rest = XML.partition(b"\n")
    assert refusal(head + bomb + rest) == ("invalid", "doctype")
    outside = b'<!DOCTYPE a SYSTEM "file:///etc/passwd">'
    assert refusal(head + outside + rest) == ("invalid", "doctype")
    hidden = b"<?x <!-- ?>" + bomb + b"<?x --> ?>"
    assert refusal(head + hidden + rest) == ("invalid", "doctype")
    assert refusal(XML.decode().encode("utf-16"))[0] in ("invalid", "statement_unreadable")
    deep = b"<a>" * 5000
    assert refusal(deep) == ("invalid", "not_xml")
    other = XML.replace(b"camt.053", b"camt.054")
    assert refusal(other) == ("statement_unreadable", "wrong_document")
    assert refusal(banking.camt(line("10"), closing="11")) == ("statement_unbalanced", "unbalanced")
    assert refusal(XML.replace(b'Ccy="KGS">5', b'Ccy="USD">5')) == (
        "statement_unreadable",
        "currency",
    )


def test_an_entry_says_what_it_is() -> None:
    lines = [
        line("10", "x", end_to_end="E1", reason="AC04", name="ACME"),
        line("20", "x", code="RRTN"),
        line("-3", code="CHRG"),
        line("-4", "x", code="RRTN"),
        line("99", "later", status="PDNG"),
    ]
    (found,) = reading.read(banking.camt(*lines))
    assert [(e.kind, e.reason, e.counterparty) for e in found.entries] == [
        (BankEntryKind.RETURN, "AC04", "ACME"),
        (BankEntryKind.RETURN, None, None),
        (BankEntryKind.CHARGE, None, None),
        (BankEntryKind.REVERSAL, None, None),
    ]
    swift = banking.mt940([line("-1", code="NCHG"), line("2", code="NRTI")])
    (other,) = reading.read(swift.replace(b"C2,NRTI", b"RD2,NTRF"))
    assert [e.kind for e in other.entries] == [BankEntryKind.CHARGE, BankEntryKind.RETURN]


@given(LINES)
def test_entries_are_known_again_and_never_taken_for_each_other(lines: list[Line]) -> None:
    assume(len({each.reference for each in lines}) == len(lines))
    (once,) = reading.read(banking.camt(*lines, number=1))
    (again,) = reading.read(banking.camt(*lines, number=2))
    assert rules.keys(once) == rules.keys(again)
    assert rules.identity(once) != rules.identity(again)
    bare = replace(once, entries=(*once.entries, *once.entries))
    assert len({*rules.keys(bare)}) == 2 * len(lines)
    nameless = [replace(each, reference="") for each in lines]
    (first,) = reading.read(banking.camt(*nameless, number=1))
    (second,) = reading.read(banking.camt(*nameless, number=2))
    assert not {*rules.keys(first)} & {*rules.keys(second)}


def test_a_gap_is_found_between_two_numbers_of_a_year() -> None:
    assert rules.gap(None, (2026, 17, 1)) is None
    assert rules.gap((2026, 17, 1), (2026, 17, 2)) is None
    assert rules.gap((2026, 17, 1), (2026, 18, 1)) is None
    assert rules.gap((2026, 17, 1), (2026, 20, 1)) == (18, 19)
    assert rules.gap((2025, 360, 1), (2026, 1, 1)) is None
    assert rules.gap((2025, 360, 1), (2026, 3, 1)) == (1, 2)


@given(
    st.lists(
        st.tuples(st.integers(1, 10**12).map(lambda n: Decimal(n).scaleb(-2)), WORDS.filter(bool)),
        min_size=1,
        max_size=5,
    )
)
@settings(max_examples=30)
def test_a_file_of_payments_is_what_isos_schema_accepts_and_the_same_each_time(
    payments: list[tuple[Decimal, str]],
) -> None:
    accounts = (
        Account("ОсОО «Ткань»", "KG", "1180000012345678", "Бакай Банк", "BAKAKG22"),
        Account("纺织有限公司", "CN", "6222021234567890123", "中国银行", "102100099996"),
        Account("Tuch GmbH", "DE", "DE89370400440532013000", None, None),
    )
    told = Initiation(
        message_id="KERBEN0123456789ABCDEF",
        created_at=datetime(2026, 11, 27, 12, tzinfo=UTC),
        execution_on=DAY,
        currency="KGS",
        debtor=accounts[0],
        transfers=[
            Transfer(f"E2E{number}", amount, accounts[number % 3], text)
            for number, (amount, text) in enumerate(payments)
        ],
    )
    body = pain001.write(told)
    assert pain001.is_valid(body)
    assert body == pain001.write(told)
    total = sum(amount for amount, _ in payments)
    assert f"<CtrlSum>{total.normalize():f}</CtrlSum>".encode() in body
