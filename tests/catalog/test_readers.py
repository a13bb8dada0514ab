"""Readers of uploaded files on any bytes: rows or reasons, never anything else."""

import io
import zipfile
from datetime import date
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from api.catalog import columns, encodings, sources, xlsx
from api.catalog.columns import Header
from api.catalog.encodings import Encoding
from api.catalog.rows import Format, Record
from api.core.errors import Invalid
from tests.catalog import samples
from tests.catalog.uploads import workbook

slow = settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow], deadline=None)
chinese = st.text(
    st.sampled_from("的一是在有个材料尺寸规格颜色重量包装公斤厘米"), min_size=1, max_size=30
)
common = st.text(
    st.sampled_from("学生课桌椅套装单人可升降中小教室校培训厂家直销钢木结构双色"), min_size=4
)
russian = st.text(st.sampled_from("абвгдежзийклмнопрстуфхцчшщыьэюя"), min_size=5, max_size=30)
BOOK = workbook(["sku", "名"], ["A-1", "课桌"])
START = samples.csv_file({}).splitlines(keepends=True)[0]


def read(body: bytes, format: Format) -> list[Record]:
    with sources.opened(io.BytesIO(body), format) as source:
        return [*source.records()]


def in_small_pieces(body: bytes) -> io.BytesIO:
    """A file that gives a few bytes at a time, as cuts in a stream would."""

    class Slow(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            return super().read(size if size in (-1, 4096) else 7)

    return Slow(body)


@slow
@given(st.binary(max_size=400), st.sampled_from(Format))
@example(b"PK\x03\x04", Format.XLSX)
def test_any_bytes_are_refused_as_a_whole_or_give_rows(body: bytes, format: Format) -> None:
    try:
        records = read(body, format)
    except Invalid:
        return
    for record in records:
        row = record.read()
        assert (row.data is None) == bool(row.errors)


@slow
@given(st.binary(max_size=400))
def test_any_bytes_behind_a_header_give_offers_or_reasons(tail: bytes) -> None:
    numbers = []
    for record in read(START + tail, Format.CSV):
        row = record.read()
        assert (row.data is None) == bool(row.errors)
        numbers.append(row.number)
    assert numbers == sorted(set(numbers))


@slow
@given(
    st.lists(st.text(max_size=20), max_size=6),
    st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "gb18030"]),
)
def test_cuts_anywhere_in_the_stream_change_no_row(texts: list[str], encoding: str) -> None:
    text = samples.csv_file(
        *({"sku": f"S-{i}", "brand": t} for i, t in enumerate(texts)), {"name_zh": "课桌椅套装" * 9}
    ).decode("utf-8")
    body = text.encode(encoding)

    with sources.opened(in_small_pieces(body), Format.CSV) as source:
        records = [*source.records()]

    assert records == read(body, Format.CSV)
    assert len(records) >= 1


def is_utf_8(body: bytes) -> bool:
    try:
        body.decode()
    except UnicodeDecodeError:
        return False
    return True


@given(
    (common | chinese).map(lambda t: "产品" + t).filter(lambda t: not is_utf_8(t.encode("gb18030")))
)
def test_chinese_is_found_and_comes_out_as_it_was(text: str) -> None:
    file = io.BytesIO(f"sku,name\nA-1,{text}\n".encode("gb18030"))
    assert encodings.detect(file) is Encoding.GB18030
    assert b"".join(encodings.as_utf_8(file, Encoding.GB18030)).decode().endswith(f"{text}\n")


@given(russian)
def test_russian_is_found_and_comes_out_as_it_was(text: str) -> None:
    file = io.BytesIO(f"sku;name\nA-1;{text}\n".encode("cp1251"))
    assert encodings.detect(file) is Encoding.CP1251
    assert b"".join(encodings.as_utf_8(file, Encoding.CP1251)).decode().endswith(f"{text}\n")


@given(st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=200))
def test_utf_8_is_never_taken_for_anything_else(text: str) -> None:
    file = io.BytesIO(f"sku,name\nA-1,学生{text}\n".encode())
    assert encodings.detect(file) is Encoding.UTF_8


@given(st.binary(max_size=300), st.sampled_from(Encoding))
def test_any_bytes_come_out_of_any_encoding(body: bytes, encoding: Encoding) -> None:
    found = b"".join(encodings.as_utf_8(io.BytesIO(body), encoding))
    if encoding is Encoding.UTF_8:
        assert found == body.removeprefix(b"\xef\xbb\xbf")
    else:
        found.decode("utf-8", "surrogatepass")


@pytest.mark.parametrize("cut", [1, 3])
def test_half_a_character_of_utf_16_marks_its_row_only(cut: int) -> None:
    body = samples.csv_file({}, {"sku": "B-1", "attributes": "height=桌"}).decode().strip()
    records = read(body.encode("utf-16")[:-cut], Format.CSV)

    assert [record.read().data is not None for record in records] == [True, False]


cells = st.one_of(
    st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), min_size=1, max_size=20)
    .map(str.strip)
    .filter(lambda t: t and not t.startswith("=")),
    st.integers(-(10**14), 10**14),
    st.floats(-1e9, 1e9, allow_nan=False).map(lambda x: round(x, 6)),
    st.booleans(),
    st.dates(date(1900, 3, 1), date(2100, 1, 1)),
)


def as_text(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, float):
        return f"{value:.6f}".rstrip("0").rstrip(".").replace("-0", "0", value == 0)
    return value.isoformat() if isinstance(value, date) else str(value)


@slow
@given(st.lists(st.lists(cells, min_size=1, max_size=5), min_size=1, max_size=5))
def test_a_workbook_says_what_was_written_into_it(rows: list[list[Any]]) -> None:
    found = [*xlsx.rows(io.BytesIO(workbook(*rows)))]
    assert found == [(i, [as_text(v) for v in row]) for i, row in enumerate(rows, start=1)]


@slow
@given(st.data())
def test_a_damaged_workbook_is_refused_or_still_gives_texts(data: st.DataObject) -> None:
    body = bytearray(BOOK)
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, len(body) - 1))
        body[place] = data.draw(st.integers(0, 255))
    try:
        rows = [*xlsx.rows(io.BytesIO(bytes(body)))]
    except Invalid:
        return
    assert all(isinstance(cell, str) for _, row in rows for cell in row)


@slow
@given(st.binary(max_size=300))
def test_any_xml_of_a_sheet_is_refused_or_gives_texts(tail: bytes) -> None:
    file = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(workbook(["sku"]))) as old,
        zipfile.ZipFile(file, "w") as new,
    ):
        for name in old.namelist():
            data = old.read(name)
            new.writestr(name, b"<worksheet>" + tail if "sheet1" in name else data)
    with pytest.raises(Invalid):
        [*xlsx.rows(file)]


@given(st.sampled_from([*columns.REQUIRED, *columns.OPTIONAL]), st.data())
def test_every_word_for_a_column_names_it(column: str, data: st.DataObject) -> None:
    words = [word.strip() for word in columns.ALIASES.get(column, column).split(",")]
    word = data.draw(st.sampled_from(words))
    shown = data.draw(st.sampled_from([word, word.upper(), f" {word}: ", word.replace(" ", "_")]))
    others = [name for name in (*columns.REQUIRED, "name_zh") if name != column]

    head = columns.named([shown, *others])

    assert head == Header((shown.strip(), *others), (column, *others))


def test_a_workbook_with_a_hidden_first_sheet_is_read_from_the_shown_one() -> None:
    body = io.BytesIO(workbook(["sku"]))
    with zipfile.ZipFile(body) as old, zipfile.ZipFile(changed := io.BytesIO(), "w") as new:
        for name in old.namelist():
            data = old.read(name)
            if name == "xl/workbook.xml":
                data = data.replace(b'state="visible"', b'state="hidden"')
            new.writestr(name, data)
    with pytest.raises(Invalid, match="no visible sheet"):
        [*xlsx.rows(changed)]
