"""Tables that open in a spreadsheet: nothing in them runs, and nothing in them is lost."""

import ast
import csv
import io
from decimal import Decimal
from pathlib import Path
from typing import Any

import openpyxl
from hypothesis import given
from hypothesis import strategies as st

from api.core.migrations import ROOT
from api.core.spreadsheets import CsvWriter, cell, escaped, json_text, plain

TEXTS = st.text(alphabet=st.sampled_from("=+-@\t\r\n'\",;1.5aЖ价 "), max_size=8) | st.text(
    st.characters(codec="utf-8", exclude_characters="\0"), max_size=8
)
NUMBERS = st.integers(-(10**9), 10**9) | st.decimals(-1000, 1000, places=2)


@given(TEXTS)
def test_sec_20_no_text_begins_as_a_formula_unless_it_is_a_number_and_all_come_back(
    text: str,
) -> None:
    written = escaped(text)

    if written.startswith(("=", "+", "-", "@", "\t", "\r", "\n")):
        assert Decimal(written.replace(",", ".")).is_finite()
    assert plain(written) == text


@given(st.lists(st.tuples(TEXTS, NUMBERS, TEXTS), max_size=5))
def test_a_csv_file_is_read_back_as_it_was_written(rows: list[tuple[str, Any, str]]) -> None:
    writer = CsvWriter(";")
    for row in rows:
        writer.write(row)

    written = writer.taken().decode("utf-8-sig")

    found = [*csv.reader(io.StringIO(written, newline=""), delimiter=";")]
    for read, (first, number, last) in zip(found, rows, strict=True):
        assert (plain(read[0]), Decimal(read[1]), plain(read[2])) == (first, number, last)
        assert read[1] == str(number)


def test_sec_20_a_workbook_has_no_formula_and_its_numbers_are_numbers() -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append([cell(each) for each in ('=HYPERLINK("http://x")', "@SUM(1)", 5, Decimal("1.5"))])
    out = io.BytesIO()
    book.save(out)

    (row,) = openpyxl.load_workbook(out)["Sheet"].iter_rows()

    assert [each.data_type for each in row] == ["s", "s", "n", "n"]
    assert [row[2].value, row[3].value] == [5, 1.5]


def test_texts_in_json_are_escaped_and_the_digits_of_its_numbers_are_not_touched() -> None:
    told = (
        r'{"=k\"ey" : ["=1", {"a": "-x\"\\", "b": -1.50, "c": 12345678901234567.000001}], "e": ""}'
    )

    written = json_text(told)

    assert written == told.replace('"=1"', '"\'=1"').replace('"-x', "\"'-x")


def test_tables_for_others_are_written_by_the_one_helper() -> None:
    own = {
        "api/core/spreadsheets.py",
        "api/catalog/sources.py",  # rows on their way in, from the supplier's workbook
        "api/channels/service/feed_formats.py",  # each cell by `spreadsheets.cell`, line by line
    }
    writers = {
        str(path.relative_to(ROOT))
        for path in Path(ROOT, "api").rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if (isinstance(node, ast.Attribute) and node.attr in ("writer", "DictWriter"))
        or (isinstance(node, ast.Name) and node.id == "Workbook")
    }
    assert writers == own
