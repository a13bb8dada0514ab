"""Looking reference data up, and refusing codes that do not exist. Never commits."""

import os.path
import re
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

import snowballstemmer
from sqlalchemy import ColumnElement, Integer, cast, func, literal, text, tuple_
from sqlalchemy import select as columns
from sqlmodel import Session, col, select

from api.core import pages
from api.core.errors import FieldError, Invalid, NotFound, refused
from api.core.pages import PageQuery
from api.core.tables import Table
from api.reference import locales
from api.reference.fx import Rate, RateUnknown, convert, enter_rate, list_rates, quoted, rate, rates
from api.reference.loaders import load_bundled, load_demo_rates
from api.reference.models import (
    CertificateScheme,
    Classification,
    ClassificationScheme,
    Place,
    PolicySet,
    Unit,
)
from api.reference.parsing import normalised
from api.rules import classifications, units
from api.rules.classifications import Scheme

__all__ = [
    "Rate",
    "RateUnknown",
    "convert",
    "enter_rate",
    "list_rates",
    "load_bundled",
    "load_demo_rates",
    "quoted",
    "rate",
    "rates",
]
_WORD = re.compile(r"\w+")
_MAX_WORDS = 8
_KNOWN = text(
    "SELECT (SELECT count(*) FROM place WHERE code = ANY(:places))"
    " + (SELECT count(*) FROM unit WHERE code = ANY(:units))"
    " + (SELECT count(*) FROM certificate_scheme WHERE code = ANY(:certificates))"
    " + (SELECT count(*) FROM classification JOIN"
    " unnest(CAST(:schemes AS text[]), CAST(:codes AS text[])) AS wanted (scheme, code)"
    " USING (scheme, code))"
)


def ensure_bundled(session: Session) -> None:
    """Load what the package ships, unless this database has it already."""
    there = (select(ClassificationScheme.id).limit(1), select(PolicySet.id).limit(1))
    if any(session.exec(query).first() is None for query in there):
        load_bundled(session)


def classification(session: Session, scheme: Scheme, code: str) -> Classification:
    """One code of a scheme; NotFound when it does not exist or is not loaded."""
    found = session.exec(
        select(Classification).where(Classification.scheme == scheme, Classification.code == code)
    ).one_or_none()
    if found is None:
        raise NotFound(f"{scheme} has no code {code}.")
    return found


def ancestors(session: Session, found: Classification) -> Sequence[Classification]:
    """The codes above a code, from the top."""
    above = found.path.split("/")[:-1]
    return session.exec(
        select(Classification)
        .where(Classification.scheme == found.scheme, col(Classification.code).in_(above))
        .order_by(col(Classification.level))
    ).all()


def search(
    session: Session, scheme: Scheme, q: str, language: str | None = None, *, limit: int = 20
) -> Sequence[Classification]:
    """The codes that fit a text best; see `find_classifications`."""
    page = PageQuery(limit=limit)
    return find_classifications(session, page, scheme=scheme, q=q, language=language, scope="")[0]


def find_classifications(
    session: Session,
    page: PageQuery,
    *,
    scheme: Scheme,
    scope: str,
    q: str | None = None,
    parent: str | None = None,
    language: str | None = None,
) -> tuple[Sequence[Classification], str | None]:
    """Codes of a scheme and the next page's cursor.

    With `q`, those below `parent` whose code starts with it, or whose title (in `language`, else
    in any) has every word of it, whatever the inflection; best first. Without `q`, the direct
    children of `parent`, or the top, by code.
    """
    below = classification(session, scheme, parent) if parent else None
    conditions: list[ColumnElement[bool]] = [col(Classification.scheme) == scheme]
    rank: ColumnElement[int] = literal(0)
    if q is None or not q.strip():
        conditions.append(col(Classification.parent_code).is_not_distinct_from(parent))
    else:
        if below is not None:
            conditions.append(col(Classification.path).startswith(f"{below.path}/"))
        wanted, rank = _matching(normalised(q.strip()), language)
        conditions.extend(wanted)
    filters = {"scheme": scheme, "q": q, "parent": parent, "language": language}
    keys = (rank, col(Classification.code))
    if page.cursor:
        seen, code = pages.unseal(scope, filters, page.cursor)
        conditions.append(tuple_(*keys) > tuple_(literal(int(seen)), literal(code)))
    rows = session.exec(
        select(Classification, rank).where(*conditions).order_by(*keys).limit(page.limit + 1)
    ).all()
    cursor = None
    if len(rows) > page.limit:
        last, place = rows[page.limit - 1]
        cursor = pages.seal(scope, filters, [place, last.code])
    return [row for row, _ in rows[: page.limit]], cursor


def list_by_code[T: Table](
    session: Session,
    model: type[T],
    page: PageQuery,
    *,
    scope: str,
    filters: Mapping[str, Any],
) -> tuple[Sequence[T], str | None]:
    """Rows of a small table by their code; `filters` are column values, None to leave out."""
    code = model.__table__.c.code  # type: ignore[attr-defined]
    query = select(model).order_by(code)
    for name, value in filters.items():
        if value is not None:
            query = query.where(model.__table__.c[name] == value)  # type: ignore[attr-defined]
    if page.cursor:
        (last,) = pages.unseal(scope, filters, page.cursor)
        query = query.where(code > last)
    rows = session.exec(query.limit(page.limit + 1)).all()
    if len(rows) <= page.limit:
        return rows, None
    rows = rows[: page.limit]
    return rows, pages.seal(scope, filters, [rows[-1].code])  # type: ignore[attr-defined]


def all_known(
    session: Session,
    *,
    places: Iterable[str],
    units: Iterable[str],
    certificates: Iterable[str],
    classified: Sequence[tuple[str, str]],
) -> bool:
    """True when every code exists, by one statement; the `ensure_` functions say which does not.

    Each code is given once; `classified` are pairs of scheme and code.
    """
    wanted: dict[str, list[str]] = {
        "places": [*places],
        "units": [*units],
        "certificates": [*certificates],
        "schemes": [str(scheme) for scheme, _ in classified],
        "codes": [code for _, code in classified],
    }
    count = sum(map(len, wanted.values())) - len(classified)
    return not count or session.connection().scalar(_KNOWN, wanted) == count


def ensure_codes(session: Session, scheme: str, codes: Mapping[str, str]) -> None:
    """Raise Invalid unless every code exists; `codes` maps each to the pointer of its field."""
    wanted = {*codes}
    found = {
        *session.exec(
            select(Classification.code).where(
                Classification.scheme == scheme, col(Classification.code).in_(wanted)
            )
        )
    }
    if unknown := {code: pointer for code, pointer in codes.items() if code not in found}:
        _refuse(unknown, f"{scheme} code", _why_unknown(session, scheme, unknown))


def ensure_units(session: Session, codes: Mapping[str, str]) -> None:
    """Raise Invalid unless every unit code (Rec 20) exists; `codes` maps code to pointer."""
    _ensure(session, Unit, codes, "unit", " Units are of UN/ECE Rec 20, for example C62 or KGM.")


def ensure_places(session: Session, codes: Mapping[str, str]) -> None:
    """Raise Invalid unless every place code exists; `codes` maps code to pointer."""
    _ensure(session, Place, codes, "place", " See GET /v1/places.")


def country_of_place(session: Session, code: str | None) -> str | None:
    """The country (ISO 3166-1 alpha-2) of a place; None when there is no such place."""
    if code is None:
        return None
    return session.exec(select(Place.country).where(Place.code == code)).one_or_none()


def ensure_certificate_schemes(session: Session, codes: Mapping[str, str]) -> None:
    """Raise Invalid unless every certificate scheme exists; `codes` maps code to pointer."""
    _ensure(session, CertificateScheme, codes, "certificate scheme", "")


def ensure_currency(code: str, pointer: str) -> None:
    """Raise Invalid unless `code` is a currency in circulation (ISO 4217)."""
    if code not in locales.currencies():
        raise refused(pointer, "unknown_currency", f"{code} is not a currency in circulation.")


def ensure_country(code: str, pointer: str) -> None:
    """Raise Invalid unless `code` is a country (ISO 3166-1 alpha-2)."""
    if code not in locales.countries():
        raise refused(pointer, "unknown_country", f"{code} is not a country of ISO 3166-1.")


def places(session: Session, codes: Iterable[str]) -> dict[str, Place]:
    """The places with these codes, by code."""
    rows = session.exec(select(Place).where(col(Place.code).in_({*codes})))
    return {place.code: place for place in rows}


def measures(session: Session, codes: Iterable[str]) -> dict[str, units.Measure]:
    """Dimension and factor of units, by code, for `rules.units.converted`."""
    fields: tuple[Any, ...] = (Unit.code, Unit.dimension, Unit.factor)
    rows = session.connection().execute(columns(*fields).where(col(Unit.code).in_({*codes})))
    return {row[0]: units.Measure(*row) for row in rows}


def convert_quantity(
    session: Session, quantity: Decimal, source: str, target: str
) -> Decimal | None:
    """`quantity` of unit `source` in unit `target`; None when they cannot be compared."""
    found = measures(session, (source, target))
    if len(found) < len({source, target}):
        return None
    return units.converted(quantity, found[source], found[target])


def _matching(
    q: str, language: str | None
) -> tuple[Sequence[ColumnElement[bool]], ColumnElement[int]]:
    """Conditions for a normalised query, and its rank: 0 is best, 1000 worst."""
    if re.fullmatch(r"[0-9][0-9 -]*", q):
        starts = col(Classification.code).startswith(q.replace(" ", ""), autoescape=True)
        return [starts], literal(0)
    texts: list[Any] = [Classification.search_text]
    if language is not None:
        title = col(Classification.titles)[language].astext
        texts.append(func.replace(func.lower(title), "ё", "е"))
    words = [_stem(word, language) for word in _WORD.findall(q)[:_MAX_WORDS]] or [q]
    conditions = [text.contains(word, autoescape=True) for text in texts for word in words]
    likeness = 700 * func.word_similarity(q, texts[-1]) + 300 * func.similarity(q, texts[-1])
    return conditions, 1000 - cast(func.round(likeness), Integer)


def _stem(word: str, language: str | None) -> str:
    """The part of a word that its forms share, roughly: Kyrgyz endings are cut blindly."""
    if not word.isascii() and re.fullmatch(r"[а-яңөү]+", word) and language != "ru":
        return word[: max(4, len(word) - 3)]
    if not word.isascii() and language != "ru":
        return word
    stem = snowballstemmer.stemmer("english" if word.isascii() else "russian").stemWord(word)
    return os.path.commonprefix([word, stem]) or word


def _ensure(
    session: Session,
    model: type[Unit] | type[Place] | type[CertificateScheme],
    codes: Mapping[str, str],
    what: str,
    hint: str,
) -> None:
    if not codes:
        return
    found = {*session.exec(select(model.code).where(col(model.code).in_({*codes})))}
    if unknown := {code: pointer for code, pointer in codes.items() if code not in found}:
        _refuse(unknown, what, dict.fromkeys(unknown, hint))


def _refuse(unknown: Mapping[str, str], what: str, hints: Mapping[str, str]) -> None:
    kind = f"unknown_{what.lower().replace(' ', '_')}"
    errors = [
        FieldError(pointer=pointer, code=kind, detail=f"There is no {what} {code}.{hints[code]}")
        for code, pointer in unknown.items()
    ]
    raise Invalid(errors[0].detail if len(errors) == 1 else None, errors=errors)


def _why_unknown(session: Session, scheme: str, codes: Iterable[str]) -> dict[str, str]:
    """A sentence for each unknown code: its form, the code that was meant, or what is loaded."""
    if scheme not in {*Scheme}:
        return dict.fromkeys(codes, f" Schemes are {', '.join(Scheme)}.")
    kind = Scheme(scheme)
    complete = session.exec(
        select(ClassificationScheme.complete).where(ClassificationScheme.code == scheme)
    ).one_or_none()
    why = {None: f" {scheme} is not loaded.", False: f" The {scheme} loaded here is an extract."}
    hints = dict.fromkeys(codes, why.get(complete, ""))
    others = {
        f"{classifications.key(kind, code)}-{digit}": code
        for code in hints
        if kind in (Scheme.CPV, Scheme.OKGZ) and classifications.well_formed(kind, code)
        for digit in range(10)
    }
    meant = session.exec(
        select(Classification.code).where(
            Classification.scheme == scheme, col(Classification.code).in_(others)
        )
    )
    hints |= {others[code]: f" Is {code} meant?" for code in meant}
    form = classifications.FORMS[kind][1]
    bad = [code for code in hints if not classifications.well_formed(kind, code)]
    return hints | dict.fromkeys(bad, f" Its codes have {form}.")
