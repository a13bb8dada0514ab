"""Regions: the countries that are served, and what of each is data. Never commits."""

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Self
from zoneinfo import ZoneInfo, available_timezones

from pydantic import AfterValidator, Field, StringConstraints, ValidationError, model_validator
from sqlmodel import Session, select

from api.core import audit
from api.core.errors import FieldError, Invalid, refused
from api.identity.models import Region
from api.identity.schemas.base import Country, Input, ShortText
from api.rules.clock import BISHKEK
from api.rules.identifiers import COUNTRY, Register

ACTOR = "system:regions"
_MOST_DIGITS = 40


def _zone(name: str) -> str:
    if name not in available_timezones():
        raise ValueError("no time zone of the IANA database")
    return name


class RegisterIn(Input):
    """A register of organisations: `KZ-BIN`, twelve digits, the last of them a check digit."""

    code: Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}-[A-Z0-9]{2,20}$")]
    digits: int = Field(ge=1, le=_MOST_DIGITS)
    weights: list[list[int]] = Field(default=[], max_length=5)

    @model_validator(mode="after")
    def _as_long(self) -> Self:
        if any(len(each) != self.digits - 1 for each in self.weights):
            raise ValueError("weights are one fewer than the digits")
        return self


class RegionIn(Input):
    """A region as its file describes it."""

    country: Country
    time_zone: Annotated[str, AfterValidator(_zone)]
    currency: Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")]
    identifier_schemes: list[RegisterIn] = Field(default=[], max_length=10)
    source: ShortText
    reviewed: bool = False

    @model_validator(mode="after")
    def _its_own(self) -> Self:
        codes = [each.code for each in self.identifier_schemes]
        if len({*codes}) != len(codes):
            raise ValueError("an identifier scheme stands here twice")
        if any(not code.startswith(f"{self.country}-") for code in codes):
            raise ValueError(f"identifier schemes of {self.country} begin with {self.country}-")
        if {*codes} & {*COUNTRY}:
            raise ValueError("an identifier scheme is known already")
        return self


def find(session: Session, country: str) -> Region | None:
    """A region by its country, ISO 3166-1 alpha-2; None where it is not loaded."""
    return session.exec(select(Region).where(Region.country == country)).one_or_none()


def zone(session: Session, country: str) -> ZoneInfo:
    """The zone in which a country's law counts its days; that of Bishkek where it is not loaded,
    as for buyers of international rules."""
    found = find(session, country)
    return BISHKEK if found is None else ZoneInfo(found.time_zone)


def currency(session: Session, country: str) -> str | None:
    """The currency of a country's delivered costs; None where it is not loaded."""
    found = find(session, country)
    return None if found is None else found.currency


def require_identifier(session: Session, scheme: str, number: str) -> None:
    """Refuse a number that a loaded register does not give out, and a register that is not loaded.

    Invalid with `unknown_scheme` or `identifier_invalid`.
    """
    if scheme in {*COUNTRY}:
        return  # its schema has looked at it
    found = register(session, scheme)
    if found is None:
        detail = f"{scheme} is no register that is known: its region is not loaded"
        raise refused("#/identifier/scheme", "unknown_scheme", detail)
    if not found.accepts(number):
        detail = f"no number of {scheme}: {found.digits} digits"
        if found.weights:
            detail += ", the last of them a check digit"
        raise refused("#/identifier/id", "identifier_invalid", detail)


def register(session: Session, scheme: str) -> Register | None:
    """A register of a loaded region by its code; None for an unknown one."""
    region = find(session, scheme.partition("-")[0])
    for each in region.identifier_schemes if region else ():
        if each["code"] == scheme:
            return Register(each["code"], each["digits"], each["weights"])
    return None


def read(file: Path) -> RegionIn:
    """The region of a TOML file. Raises Invalid with every field that is wrong."""
    try:
        document: Mapping[str, Any] = tomllib.loads(file.read_text("utf-8"))
        return RegionIn.model_validate(document)
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise Invalid(f"{file.name} is no TOML: {error}") from error
    except ValidationError as error:
        errors = [
            FieldError(pointer="#/" + "/".join(map(str, e["loc"])), code=e["type"], detail=e["msg"])
            for e in error.errors(include_input=False, include_context=False, include_url=False)
        ]
        raise Invalid(f"{file.name}: the region is not valid.", errors=errors) from error


def put(session: Session, data: RegionIn) -> bool:
    """Enter a region, or change it to what is given; False when it is so already."""
    values = data.model_dump(mode="json")
    row = find(session, data.country)
    if row is not None and row.model_dump(include={*values}, mode="json") == values:
        return False
    row = row or Region(**values)
    for name, value in values.items():
        setattr(row, name, value)
    session.add(row)
    session.flush()
    stream = f"region:{data.country}"
    audit.record(session, stream, "load", actor=ACTOR, org_id=None, change=values)
    return True
