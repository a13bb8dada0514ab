"""The words of invoices in four languages, and how dates, shares and amounts are written."""

import csv
import string
from datetime import date
from decimal import Decimal
from functools import cache
from pathlib import Path

from babel import dates, numbers

_NARROW_SPACE = "\N{NARROW NO-BREAK SPACE}"
"""Divides thousands in some languages; the font of invoices has none."""
LANGUAGES = ("ky", "ru", "en", "zh")


def told(language: str, key: str, **values: str) -> str:
    """What is said for a key; KeyError for one that is not in words.csv."""
    return _table(language)[key].format_map(values)


def day(language: str, value: date) -> str:
    """A date as it is written in the language."""
    return _printable(dates.format_date(value, format="long", locale=language))


def money(language: str, value: Decimal, currency: str) -> str:
    """An amount with its currency's code."""
    return f"{amount(language, value)} {currency}"


def amount(language: str, value: Decimal) -> str:
    """A number with the language's separators and all its decimals, two at least."""
    places = max(2, -int(value.normalize().as_tuple().exponent))
    written = numbers.format_decimal(
        value, format=f"#,##0.{'0' * places}", locale=language, decimal_quantization=False
    )
    return _printable(written)


def share(language: str, basis_points: int) -> str:
    """A share of so many basis points, in percent."""
    written = numbers.format_percent(
        Decimal(basis_points) / 10_000, format="0.##%", locale=language
    )
    return _printable(written)


@cache
def alphabet(language: str) -> frozenset[str]:
    """Every character that the words, dates and numbers of a language may have."""
    dates_ = [day(language, date(2023, month, 1)) for month in range(1, 13)]
    numbers_ = [amount(language, Decimal("-1234567890.12")), share(language, 1250)]
    return frozenset("".join([*_table(language).values(), *dates_, *numbers_, string.printable]))


def _printable(text: str) -> str:
    return text.replace(_NARROW_SPACE, "\N{NO-BREAK SPACE}")


@cache
def _table(language: str) -> dict[str, str]:
    with Path(__file__).with_name("words.csv").open(encoding="utf-8", newline="") as file:
        return {row["key"]: row[language] for row in csv.DictReader(file)}
