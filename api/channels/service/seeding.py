"""Filling the table of what markets ask of goods.

A load is repeatable and refuses a file with a bad row as a whole. What the package ships never
replaces a row that is there; a file of the operator's does.
"""

import re
from datetime import date
from pathlib import Path
from typing import Any

from sqlmodel import Session, select

from api.channels.models import MarketRequirement
from api.reference import locales
from api.reference.files import BadValue, Progress, Row, read
from api.reference.locales import LANGUAGES
from api.reference.store import Loaded, one_at_a_time, store, store_new
from api.rules.markets import RequirementKind

WHAT = "market-requirements"
FILE = Path(__file__).parents[1] / "data" / "market_requirements.tsv"
COLUMNS = (
    *("market", "code", "kind", "hs_prefix", "required", "blocking", "accepted", *LANGUAGES),
    *("valid_from", "valid_to", "source", "reviewed"),
)
_KEY = ("market", "code", "hs_prefix", "valid_from")
_CODE = re.compile(r"[a-z][a-z0-9_]{0,59}")
_PREFIX = re.compile(r"([0-9]{2}|[0-9]{4}|[0-9]{6})?")
_ACCEPTED = re.compile(r"[A-Z0-9][A-Z0-9_-]{0,39}|[a-z]{2}")
_KINDS = {each.value for each in RequirementKind} - {RequirementKind.CLASSIFICATION}


def ensure_bundled(session: Session) -> None:
    """Load what the package ships, unless this database has requirements already."""
    if session.exec(select(MarketRequirement.id).limit(1)).first() is None:
        load_bundled(session)


def load_bundled(session: Session, progress: Progress | None = None) -> dict[str, Loaded]:
    """Load what the package ships; each row says where it is from, and whether anybody has
    compared it with that."""
    return {WHAT: load(session, FILE, progress, only_new=True)}


def load(
    session: Session, file: Path, progress: Progress | None = None, *, only_new: bool = False
) -> Loaded:
    """Load a file (TSV or CSV with the columns of the one in the package). FileRefused names every
    bad row."""
    sheet = read(file, COLUMNS)
    rows = sheet.parse(_requirement, lambda row: tuple(row[name] for name in _KEY))
    one_at_a_time(session)
    keep = store_new if only_new else store
    return keep(session, MarketRequirement, _KEY, rows, progress)


def _requirement(row: Row) -> dict[str, Any]:
    kind = row.required("kind", max_length=32)
    if kind not in _KINDS:
        raise BadValue("kind", "unknown", f"{kind!r} is none of {', '.join(sorted(_KINDS))}")
    accepted = row.get("accepted").split()
    if any(_ACCEPTED.fullmatch(each) is None for each in accepted):
        raise BadValue("accepted", "form", "must be codes of authorities, schemes or languages")
    if (kind == RequirementKind.PROHIBITED) == bool(accepted):
        raise BadValue(
            "accepted", "contradiction", "nothing meets a prohibition, only a prohibition"
        )
    market = row.required("market", max_length=2)
    if market not in locales.countries():
        raise BadValue("market", "unknown", f"{market!r} is not a country of ISO 3166-1")
    texts = row.texts(LANGUAGES)
    if len(texts) != len(LANGUAGES):
        raise BadValue("ky", "missing", "must be told in ky, ru, en and zh")
    valid_from = _day(row, "valid_from")
    valid_to = _day(row, "valid_to") if row.get("valid_to") else None
    if valid_to is not None and valid_to <= valid_from:
        raise BadValue("valid_to", "range", "is not after valid_from")
    return {
        "market": market,
        "code": _formed(row, "code", _CODE),
        "kind": RequirementKind(kind),
        "hs_prefix": _formed(row, "hs_prefix", _PREFIX),
        "required": _flag(row, "required"),
        "blocking": _flag(row, "blocking"),
        "accepted": accepted,
        "texts": texts,
        "valid_from": valid_from,
        "valid_to": valid_to,
        "source": row.required("source", max_length=500),
        "reviewed": _flag(row, "reviewed"),
    }


def _formed(row: Row, column: str, form: re.Pattern[str]) -> str:
    value = row.get(column)
    if form.fullmatch(value) is None:
        raise BadValue(column, "form", f"{value!r} does not have the form {form.pattern}")
    return value


def _day(row: Row, column: str) -> date:
    try:
        return date.fromisoformat(row.required(column, max_length=10))
    except ValueError as error:
        raise BadValue(column, "form", "is not a day like 2026-11-24") from error


def _flag(row: Row, column: str) -> bool:
    value = row.required(column, max_length=3)
    if value not in ("yes", "no"):
        raise BadValue(column, "form", f"{value!r} is neither yes nor no")
    return value == "yes"
