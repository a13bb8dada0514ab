"""Countries and currencies with their names, from ISO (pycountry) and Unicode CLDR (babel)."""

from dataclasses import dataclass
from functools import cache

import pycountry
from babel import Locale
from babel.core import get_global
from babel.numbers import get_currency_precision

LANGUAGES = ("ky", "ru", "en", "zh")


@dataclass(frozen=True, slots=True)
class Country:
    """A country of ISO 3166-1."""

    code: str
    alpha_3: str
    names: dict[str, str]


@dataclass(frozen=True, slots=True)
class Currency:
    """A currency of ISO 4217 in circulation; `minor_units` are the decimals of its coins."""

    code: str
    minor_units: int
    names: dict[str, str]


@cache
def countries() -> dict[str, Country]:
    """Every country by its alpha-2 code, in the order of the codes."""
    found = sorted(pycountry.countries, key=lambda country: str(country.alpha_2))
    return {
        c.alpha_2: Country(c.alpha_2, c.alpha_3, _names("territories", c.alpha_2, c.name))
        for c in found
    }


@cache
def currencies() -> dict[str, Currency]:
    """Every currency that is legal tender somewhere today; no funds, metals or test codes."""
    tender = {
        code
        for used in get_global("territory_currencies").values()
        for code, _, until, legal in used
        if until is None and legal
    }
    return {
        c.alpha_3: Currency(
            c.alpha_3,
            get_currency_precision(c.alpha_3),
            _names("currencies", c.alpha_3, c.name),
        )
        for c in sorted(pycountry.currencies, key=lambda currency: str(currency.alpha_3))
        if c.alpha_3 in tender
    }


def _names(kind: str, code: str, otherwise: str) -> dict[str, str]:
    """The names that CLDR has; English falls back to ISO's own."""
    names = {lang: getattr(Locale.parse(lang), kind).get(code) for lang in LANGUAGES}
    names["en"] = names["en"] or otherwise
    return {lang: name for lang, name in names.items() if name}
