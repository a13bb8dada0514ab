"""What codes are called, for documents that must be read without this service."""

from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import select as columns
from sqlalchemy import tuple_
from sqlmodel import Session, col

from api.reference.models import Classification, Unit


def of_units(session: Session, codes: Iterable[str]) -> dict[str, Mapping[str, str]]:
    """Names of units by language, by code; a code that is not known is left out."""
    fields: tuple[Any, ...] = (Unit.code, Unit.names)
    rows = session.connection().execute(columns(*fields).where(col(Unit.code).in_({*codes})))
    return {code: names for code, names in rows}


def of_classifications(
    session: Session, codes: Iterable[tuple[str, str]]
) -> dict[tuple[str, str], Mapping[str, str]]:
    """Titles by language of pairs of scheme and code; a pair that is not known is left out."""
    fields: tuple[Any, ...] = (Classification.scheme, Classification.code, Classification.titles)
    pair = tuple_(col(Classification.scheme), col(Classification.code))
    wanted = sorted({*codes})
    if not wanted:
        return {}
    rows = session.connection().execute(columns(*fields).where(pair.in_(wanted)))
    return {(scheme, code): titles for scheme, code, titles in rows}
