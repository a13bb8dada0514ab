"""How single values look in OCDS: texts in several languages, money, instants, parties."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any

from api.identity.models import Organisation
from api.rules.clock import BISHKEK
from api.rules.tenders import Value

type Json = dict[str, Any]


def texts(name: str, said: Mapping[str, str], language: str) -> Json:
    """`title`, and `title_ky`, `title_en` … for the languages beside the main one.

    Without a text in the main language the first there is stands for it.
    """
    if not said:
        return {}
    main = language if said.get(language) else next(iter(said))
    others = {f"{name}_{each}": text for each, text in said.items() if each != main and text}
    return {name: said[main], **others}


def number(given: Decimal) -> int | float:
    """A JSON number; readers take it for a double, which is exact to 15 digits."""
    return int(given) if given == given.to_integral_value() else float(given)


def money(value: Value | None) -> Json | None:
    """An OCDS Value."""
    if value is None:
        return None
    return {"amount": number(value.amount), "currency": value.currency}


def instant(moment: datetime | None) -> str | None:
    """RFC 3339 in UTC, always of one length, so that texts sort as instants do."""
    if moment is None:
        return None
    return moment.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def day(given: date | None, *, end: bool = False) -> str | None:
    """The beginning of a local day, or its end, as an instant."""
    if given is None:
        return None
    return instant(datetime.combine(given, time(23, 59, 59) if end else time(), BISHKEK))


def period(start: str | None, end: str | None) -> Json | None:
    """An OCDS Period; None without a beginning and an end."""
    return compact({"startDate": start, "endDate": end}) or None


def party_id(organisation: Organisation) -> str:
    """`KG-INN-…` or `CN-USCC-…`: the register and the number in it."""
    return f"{organisation.identifier_scheme}-{organisation.identifier_id}"


def reference(organisation: Organisation, language: str) -> Json:
    """An OCDS OrganizationReference to one of the parties."""
    return {
        "id": party_id(organisation),
        "name": texts("name", organisation.legal_name, language)["name"],
    }


def compact(fields: Mapping[str, Any]) -> Json:
    """Without what is not known: None, and empty lists, texts and objects."""
    return {k: v for k, v in fields.items() if v is not None and v != [] and v != {} and v != ""}
