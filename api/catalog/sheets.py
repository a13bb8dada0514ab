"""What the XML of a workbook's parts means: texts, formats of numbers, cells (ECMA-376 part 1)."""

import re
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from math import isfinite

from api.core.errors import refused

MAX_ROWS = 1_048_576
MAX_COLUMNS = 200
MAX_TEXT = 32_767
MAX_STRINGS = 2_000_000
_REFERENCE = re.compile(r"([A-Z]{1,3})([0-9]{1,7})")
_QUOTED = re.compile(r'"[^"]*"|\[[^\]]*\]|\\.')
_DATES = frozenset([*range(14, 23), *range(27, 37), *range(50, 59)])
_FALSE_LEAP_DAY = 60

type Attributes = Mapping[str, str]


class Texts:
    """The texts that cells share (`sst`); what tells how to pronounce them is left out."""

    def __init__(self) -> None:
        self.found: list[str] = []
        self._pieces: list[str] = []
        self._length, self._spoken, self._kept = 0, False, False

    def start(self, name: str, _: Attributes) -> None:
        if name == "si":
            self._pieces, self._length = [], 0
        elif name == "rPh":
            self._spoken = True
        self._kept = name == "t" and not self._spoken

    def text(self, data: str) -> None:
        if self._kept:
            self._length += len(data)
            if self._length > MAX_TEXT:
                raise refused("#/", "text_too_long", f"A text has more than {MAX_TEXT} characters.")
            self._pieces.append(data)

    def end(self, name: str) -> None:
        self._kept = False
        if name == "rPh":
            self._spoken = False
        elif name == "si":
            if len(self.found) >= MAX_STRINGS:
                detail = f"The workbook has more than {MAX_STRINGS} texts; send CSV."
                raise refused("#/", "xlsx_bomb", detail)
            self.found.append("".join(self._pieces))


class Styles:
    """Which styles of cells show their number as a day."""

    def __init__(self, *, is_1904: bool) -> None:
        self.is_1904 = is_1904
        self._formats: dict[str, bool] = {}
        self._dates: list[bool] = []
        self._inside = False

    def start(self, name: str, attributes: Attributes) -> None:
        if name == "numFmt":
            code = _QUOTED.sub("", attributes.get("formatCode", "")).casefold()
            self._formats[attributes.get("numFmtId", "")] = "y" in code or "d" in code
        elif name == "cellXfs":
            self._inside = True
        elif name == "xf" and self._inside and len(self._dates) < MAX_ROWS:
            number = attributes.get("numFmtId", "0")
            known = number.isdecimal() and int(number) in _DATES
            self._dates.append(self._formats.get(number, known))

    def text(self, data: str) -> None:
        pass

    def end(self, name: str) -> None:
        if name == "cellXfs":
            self._inside = False

    def shown(self, value: str, style: str) -> str:
        """A number as its style shows it: a day, or plain digits."""
        try:
            number = float(value)
        except ValueError:
            return value
        if not isfinite(number):
            return value
        if style.isdecimal() and int(style) < len(self._dates) and self._dates[int(style)]:
            return self._day(number) or value
        return f"{Decimal(repr(number + 0.0)):f}".removesuffix(".0")

    def _day(self, number: float) -> str | None:
        """The ISO day of a serial number; 1900 counts a 29 February that never was."""
        origin = date(1904, 1, 1) if self.is_1904 else date(1899, 12, 30)
        if not self.is_1904 and number < _FALSE_LEAP_DAY:
            origin = date(1899, 12, 31)
        try:
            return (origin + timedelta(days=int(number))).isoformat()
        except OverflowError:
            return None


class Sheet:
    """The rows of a sheet while its XML is told element by element."""

    def __init__(self, texts: Sequence[str], styles: Styles) -> None:
        self._texts, self._styles = texts, styles
        self._rows: list[tuple[int, list[str]]] = []
        self._number, self._cells = 0, list[str]()
        self._place, self._kind, self._style = "", "n", ""
        self._pieces: list[str] = []
        self._length, self._spoken, self._kept = 0, False, False

    def taken(self) -> list[tuple[int, list[str]]]:
        """The filled rows that were finished since the last call."""
        rows, self._rows = self._rows, []
        return rows

    def start(self, name: str, attributes: Attributes) -> None:
        if name == "c":
            self._begin_cell(attributes)
        elif name == "row":
            number = int(attributes.get("r", self._number + 1))
            if not self._number < number <= MAX_ROWS:
                raise refused("#/", "xlsx_malformed", f"Row {number} cannot stand where it stands.")
            self._number, self._cells = number, []
        elif name == "f":
            detail = f"Cell {self._place} has a formula; save values instead."
            raise refused(f"#/cells/{self._place}", "formula", detail)
        elif name == "rPh":
            self._spoken = True
        self._kept = name == "v" or (name == "t" and not self._spoken)

    def text(self, data: str) -> None:
        if self._kept:
            self._length += len(data)
            if self._length > MAX_TEXT:
                detail = f"Cell {self._place} has more than {MAX_TEXT} characters."
                raise refused(f"#/cells/{self._place}", "text_too_long", detail)
            self._pieces.append(data)

    def end(self, name: str) -> None:
        self._kept = False
        if name == "c":
            self._cells.append(self._value("".join(self._pieces)))
        elif name == "row":
            if any(self._cells):
                self._rows.append((self._number, self._cells))
        elif name == "rPh":
            self._spoken = False

    def _begin_cell(self, attributes: Attributes) -> None:
        place = attributes.get("r")
        column = len(self._cells) if place is None else _column(place)
        if column >= MAX_COLUMNS:
            detail = f"Row {self._number} has more than {MAX_COLUMNS} columns."
            raise refused(f"#/rows/{self._number}", "too_many_columns", detail)
        if column < len(self._cells):
            raise refused("#/", "xlsx_malformed", f"Cell {place} cannot stand where it stands.")
        self._cells += [""] * (column - len(self._cells))
        self._place = place or f"{column + 1} of row {self._number}"
        self._kind, self._style = attributes.get("t", "n"), attributes.get("s", "")
        self._pieces, self._length = [], 0

    def _value(self, text: str) -> str:
        match self._kind:
            case "s":
                place = int(text) if text else -1
                if not 0 <= place < len(self._texts):
                    raise refused("#/", "xlsx_malformed", f"Cell {self._place} has no text.")
                return self._texts[place]
            case "n":
                return self._styles.shown(text, self._style) if text else ""
            case "b":
                return "TRUE" if text == "1" else "FALSE"
            case _:
                return text


def _column(place: str) -> int:
    """A1 -> 0, AB7 -> 27."""
    found = _REFERENCE.fullmatch(place)
    if found is None:
        raise refused("#/", "xlsx_malformed", f"{place[:20]} is no place of a cell.")
    number = 0
    for letter in found[1]:
        number = number * 26 + ord(letter) - ord("A") + 1
    return number - 1
