"""What clients read, in Kyrgyz, Russian, English and Chinese: one catalogue of three tables.

`titles.csv` has the title of each problem code, `details.csv` each detail by its English text,
`fields.csv` what is wrong with a field by the code of its error. Names in braces are values.
"""

import csv
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from babel import negotiate_locale

ENGLISH = "en"
LANGUAGES = ("en", "ky", "ru", "zh")
_FOLDER = Path(__file__).parent


def negotiate(accept_language: str | None) -> str:
    """The language of ours that `Accept-Language` (RFC 9110, section 12.5.4) prefers, else English.

    A region or script after the language, as in `zh-Hans-CN`, makes no difference.
    """
    wanted: list[tuple[float, str]] = []
    for part in (accept_language or "")[:500].split(","):
        tag, _, parameters = part.partition(";")
        try:
            quality = float(parameters.strip().removeprefix("q=") or 1)
        except ValueError:
            quality = 0.0
        if 0 < quality <= 1 and tag.strip():
            wanted.append((-quality, tag.strip()))
    preferred = [tag for _, tag in sorted(wanted, key=lambda each: each[0])]
    return negotiate_locale(preferred, LANGUAGES, sep="-") or ENGLISH


def title(language: str, code: str) -> str | None:
    """The title of a problem code; None when it has none in this language."""
    return _table("titles", language).get(code)


def detail(language: str, template: str, values: Mapping[str, object] | None) -> str | None:
    """A detail by its English text, with its values; None when it is not translated."""
    found = _table("details", language).get(template)
    return found.format_map(values) if found is not None and values else found


def field(language: str, code: str, values: Mapping[str, object] | None) -> str | None:
    """What is wrong with a field, by the code of the error; None when it is not translated."""
    found = _table("fields", language).get(code)
    try:
        return found.format_map(values or {}) if found is not None else None
    except KeyError:
        return None


@cache
def _table(name: str, language: str) -> Mapping[str, str]:
    with (_FOLDER / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        rows = csv.DictReader(file)
        key = (rows.fieldnames or ("",))[0]
        return {row[key]: row[language] for row in rows if language in row}
