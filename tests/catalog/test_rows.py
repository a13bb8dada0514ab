"""Reading import files, whatever is in them."""

import csv
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from api.catalog import columns, rows
from api.catalog.rows import Lines
from tests.catalog import samples

column_names = st.sampled_from([*columns.REQUIRED, *columns.OPTIONAL])


@given(st.lists(st.binary(max_size=40)), st.integers(0, 200))
def test_lines_are_those_of_the_file_however_it_is_cut(chunks: list[bytes], start: int) -> None:
    whole = b"".join(chunks)
    if whole.startswith(b"\xef\xbb\xbf"):
        return
    lines = Lines(iter(chunk for chunk in chunks if chunk))
    assert list(lines) == [line + b"\n" for line in whole.split(b"\n")[:-1]] + (
        [whole.rsplit(b"\n", 1)[-1]] if whole and not whole.endswith(b"\n") else []
    )
    assert lines.offset == len(whole)


@given(st.lists(st.tuples(st.text(max_size=30), st.text(max_size=30)), max_size=8), st.data())
def test_reading_goes_on_at_any_row(texts: list[tuple[str, str]], data: st.DataObject) -> None:
    body = samples.csv_file(
        *({"sku": f"S-{i}", "brand": a, "model": b} for i, (a, b) in enumerate(texts))
    )
    lines = Lines(iter([body]))
    head, number = rows.header(lines)
    places = []
    for row in rows.read(lines, head, number):
        places.append((lines.offset, row))
    if not places:
        return
    offset, last = data.draw(st.sampled_from(places))
    rest = rows.read(Lines(iter([body[offset:]]), offset), head, last.number)
    assert list(rest) == [row for at, row in places if at > offset]


@given(st.dictionaries(column_names, st.text(max_size=60)))
def test_any_cells_give_an_offer_or_reasons(cells: dict[str, str]) -> None:
    row = rows.from_csv(7, {**samples.DESK, **cells})
    assert (row.data is None) == bool(row.errors)
    for error in row.errors:
        assert error.row == 7
        assert error.detail
        assert "\0" not in (error.value or "")
        (error.value or "").encode()


@given(st.binary(max_size=200))
def test_any_bytes_give_an_offer_or_reasons(line: bytes) -> None:
    row = rows.from_json(7, line)
    assert (row.data is None) == bool(row.errors)


def test_prices_keep_all_their_decimals() -> None:
    row = rows.from_csv(2, {**samples.DESK, "price_tiers": "100=0.0125;200=0.012345"})
    assert row.data is not None
    assert [t.unit_price for t in row.data.price_tiers] == [Decimal("0.0125"), Decimal("0.012345")]


def test_a_line_without_end_does_not_fill_the_memory() -> None:
    pieces = list(Lines(b"x" * 100_000 for _ in range(25)))
    assert [len(piece) for piece in pieces] == [1_000_000, 1_000_000, 500_000]


def test_the_known_columns_are_those_of_the_documented_format() -> None:
    assert set(samples.HEADER) <= {*columns.REQUIRED, *columns.OPTIONAL}
    assert next(csv.reader([",".join(samples.HEADER)])) == samples.HEADER


def test_weight_volume_and_packages_of_a_unit_are_read_by_the_words_of_three_languages() -> None:
    words = (
        ("Вес брутто (кг)", "Объём, м³", "Количество мест"),
        ("毛重(KG)", "体积(m³)", "件数"),
        ("Gross Weight", "CBM", "packages"),
    )
    for named in words:
        head = columns.named([*columns.REQUIRED, "name_en", *named])
        assert head.columns[-3:] == ("gross_weight_kg", "volume_m3", "packages")
    desk = {**samples.DESK, "gross_weight_kg": "28.5", "volume_m3": "0.14", "packages": "0.5"}
    row = rows.from_csv(2, desk)
    assert row.data is not None
    assert (row.data.gross_weight_kg, row.data.packages) == (Decimal("28.5"), Decimal("0.5"))
    (error,) = rows.from_csv(2, {**desk, "gross_weight_kg": "0"}).errors
    assert (error.column, error.code, error.value) == ("gross_weight_kg", "greater_than", "0")
