"""Types of packages (UN/ECE Recommendation 21) and templates of attributes, which the package ships.

Codes are those of the recommendation; the wording of titles is ours, and the list an extract of
what trade by land uses. Both are read once a process: nobody changes them but a release.
"""

import csv
from collections.abc import Mapping, Sequence
from datetime import date
from functools import cache
from pathlib import Path

from api.reference.locales import LANGUAGES
from api.rules.attributes import Attribute, AttributeType, Template

DATA = Path(__file__).parent / "data"


@cache
def package_types() -> Mapping[str, Mapping[str, str]]:
    """The codes with their names by language."""
    rows = _rows("package_types.tsv")
    return {row["code"]: {lang: row[lang] for lang in LANGUAGES} for row in rows}


@cache
def attribute_templates() -> Sequence[Template]:
    """Every template, whatever day it is for."""
    found: dict[tuple[str, str, str, str], list[Attribute]] = {}
    for row in _rows("attribute_templates.tsv"):
        key = row["scheme"], row["prefix"], row["valid_from"], row["valid_to"]
        attribute = Attribute(
            row["name"],
            AttributeType(row["type"]),
            row["required"] == "yes",
            tuple(row["units"].split()),
            tuple(row["choices"].split()),
        )
        found.setdefault(key, []).append(attribute)
    return [
        Template(
            scheme,
            prefix,
            date.fromisoformat(begins),
            date.fromisoformat(ends) if ends else None,
            tuple(attributes),
        )
        for (scheme, prefix, begins, ends), attributes in found.items()
    ]


def _rows(name: str) -> list[dict[str, str]]:
    with (DATA / name).open(encoding="utf-8", newline="") as file:
        return [
            {key: value or "" for key, value in row.items()}
            for row in csv.DictReader(file, delimiter="\t")
        ]
