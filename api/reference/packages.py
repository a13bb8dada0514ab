"""Types of packages (UN/ECE Recommendation 21), templates of attributes, what certificates are
never about, and which changes are reviewed: what the package ships.

Codes are those of the recommendation; the wording of titles is ours, and the list an extract of
what trade by land uses. All are read once a process: nobody changes them but a release.
"""

import csv
from collections.abc import Mapping, Sequence
from datetime import date
from functools import cache
from pathlib import Path

from api.reference.locales import LANGUAGES
from api.rules.attributes import Attribute, AttributeType, Template
from api.rules.product_changes import Reviewed

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


@cache
def certificate_exclusions() -> Mapping[str, Sequence[str]]:
    """By scheme, the prefixes of the HS of goods that it is never about."""
    found: dict[str, list[str]] = {}
    for row in _rows("certificate_exclusions.tsv"):
        found.setdefault(row["scheme"], []).append(row["hs_prefix"])
    return found


@cache
def reviewed_fields() -> Sequence[Reviewed]:
    """Fields of products that somebody else looks through before they change, by category."""
    return [
        Reviewed(
            row["scheme"],
            row["prefix"],
            date.fromisoformat(row["valid_from"]),
            date.fromisoformat(row["valid_to"]) if row["valid_to"] else None,
            frozenset(row["fields"].split()),
        )
        for row in _rows("reviewed_fields.tsv")
    ]


def _rows(name: str) -> list[dict[str, str]]:
    with (DATA / name).open(encoding="utf-8", newline="") as file:
        return [
            {key: value or "" for key, value in row.items()}
            for row in csv.DictReader(file, delimiter="\t")
        ]
