"""What is known of a person: told, and forgotten. Never commits: the caller owns the transaction.

`personal_data.csv` says which columns hold it, what for, on what ground, how long, and what an
erasure does with each:

    address, name   a mark takes their place        clear   NULL does
    delete          the row goes                    drop    so do rows that hold the address
    scrub           the address is taken out        expire  it goes after its retention, by itself
    keep            the law wants it kept

The audit log names people by id, so that it stays as it was.
"""

import csv
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import (
    JSON,
    ColumnElement,
    String,
    Table,
    cast,
    delete,
    func,
    literal,
    select,
    update,
)
from sqlmodel import Session, SQLModel, col
from sqlmodel import select as select_rows

from api.core import audit, ids
from api.core.audit import AuditEntry
from api.core.errors import NotFound
from api.identity import service as identity
from api.identity.models import Member, Organisation, Person
from api.procurement.service import importers
from api.rules.clock import utcnow

INVENTORY = Path(__file__).with_name("personal_data.csv")
ERASED = "[erased]"
_AUTHENTICATOR = "authenticator"


class Entry(NamedTuple):
    """A column with personal data. `link` is whose id its table has: a person's, a member's, none."""

    table: str
    column: str
    link: str
    what: str
    purpose: str
    ground: str
    retention: str
    erasure: str


@dataclass(frozen=True)
class Subject:
    """A person as the installation knows them: an account, memberships, addresses."""

    person: Person | None
    members: tuple[Member, ...]

    @property
    def ids(self) -> dict[str, list[UUID]]:
        """Ids by the kind of link."""
        person = [self.person.id] if self.person else []
        return {"person": person, "member": [member.id for member in self.members]}

    @property
    def addresses(self) -> list[str]:
        """Every e-mail address that is the person's."""
        person = [self.person.email] if self.person else []
        return sorted({*person, *(member.email for member in self.members)})


@cache
def inventory() -> tuple[Entry, ...]:
    """Every column with personal data."""
    with INVENTORY.open(encoding="utf-8", newline="") as file:
        return tuple(Entry(**row) for row in csv.DictReader(file))


def find(session: Session, told: str) -> Subject:
    """Whom an e-mail address, `person_…` or `member_…` means, locked. Raises NotFound."""
    people, members = select_rows(Person), select_rows(Member)
    if "@" in told:
        person = session.exec(
            people.where(func.lower(Person.email) == told.lower()).with_for_update()
        ).one_or_none()
    else:
        person_id = _person_id(session, told)
        person = session.get(Person, person_id, with_for_update=True) if person_id else None
    own: ColumnElement[bool]
    if person is not None:
        own = (col(Member.person_id) == person.id) | (
            func.lower(Member.email) == person.email.lower()
        )
    elif "@" in told:
        own = func.lower(Member.email) == told.lower()
    else:
        own = col(Member.id) == _parsed("member", told)
    found = session.exec(members.where(own).order_by(col(Member.id)).with_for_update()).all()
    if person is None and not found:
        raise NotFound
    return Subject(person, tuple(found))


def export(session: Session, subject: Subject) -> dict[str, Any]:
    """All that is known of the person, by table, with purpose, ground and retention; and their acts.

    What proves who they are is named and not shown.
    """
    tables: dict[str, list[dict[str, Any]]] = {}
    for name, entries in _linked().items():
        table = SQLModel.metadata.tables[name]
        shown = [table.c[each.column] for each in entries if each.what != _AUTHENTICATOR]
        columns = [table.c.id, table.c.created_at, *shown]
        rows = session.connection().execute(
            select(*columns).where(_of(table, entries[0], subject)).order_by(table.c.id)
        )
        tables[name] = [dict(row._mapping) for row in rows]
    actors = [f"person:{id.hex}" for id in subject.ids["person"]]
    acts = session.exec(
        select_rows(AuditEntry)
        .where(col(AuditEntry.actor).in_(actors))
        .order_by(col(AuditEntry.id))
    )
    return {
        "addresses": subject.addresses,
        "data": tables,
        "acts": [
            {"at": each.created_at, "stream": each.stream, "action": each.action} for each in acts
        ],
        "kept": [each._asdict() for each in inventory()],
    }


def holding(session: Session, number: str) -> list[tuple[str, UUID]]:
    """The rows that hold a tax number, by their table: of parties, and of importers named in bids.

    Numbers of importers are encrypted and found by their blind index.
    """
    parties = select_rows(Organisation).where(Organisation.identifier_id == number)
    found = [("organisation", each.id) for each in session.exec(parties)]
    return [*found, *(("bid_lot", each.id) for each in importers.naming(session, number))]


def erase(session: Session, subject: Subject, *, actor: str) -> dict[str, int]:
    """Forget the person; how many rows of each `table.column` that changed.

    Memberships and sessions end and nobody can log in with the account. Raises Conflict while the
    person is the last owner of an organisation.
    """
    for member in subject.members:
        identity.remove(session, org_id=member.org_id, actor=actor, member_id=member.id)
    if subject.person is not None:
        subject.person.disabled_at = subject.person.disabled_at or utcnow()
        subject.person.totp_confirmed_at = None
    session.flush()
    addresses, connection = subject.addresses, session.connection()
    changed: dict[str, int] = {}
    for entry in inventory():
        for statement in _erasing(entry, subject, addresses):
            label = f"{entry.table}.{entry.column}"
            changed[label] = changed.get(label, 0) + connection.execute(statement).rowcount
    changed = {label: count for label, count in changed.items() if count}
    for kind, whose in subject.ids.items():
        for id in whose:
            audit.record(session, f"{kind}:{id.hex}", "erase", actor=actor, change=changed)
    session.expire_all()
    return changed


def _erasing(entry: Entry, subject: Subject, addresses: Iterable[str]) -> Iterator[Any]:
    table = SQLModel.metadata.tables[entry.table]
    column = table.c[entry.column]
    text: ColumnElement[Any]
    match entry.erasure:
        case "address":
            mark = literal("erased-") + cast(table.c.id, String) + literal("@erased.invalid")
            yield update(table).where(_of(table, entry, subject)).values({column: mark})
        case "name":
            yield update(table).where(_of(table, entry, subject)).values({column: ERASED})
        case "clear":
            known = column.is_not(None)
            yield update(table).where(_of(table, entry, subject), known).values({column: None})
        case "delete":
            yield delete(table).where(_of(table, entry, subject))
        case "drop":
            text = func.encode(column, "escape")  # what is ASCII, as an address, stays readable
            yield from (delete(table).where(_holds(text, each)) for each in addresses)
        case "scrub":
            text = cast(column, String)
            for address in addresses:
                clean: ColumnElement[Any] = func.regexp_replace(
                    text, _pattern(address), ERASED, "gi"
                )
                if isinstance(column.type, JSON):
                    clean = cast(clean, column.type)
                yield update(table).where(_holds(text, address)).values({column: clean})


def _holds(text: ColumnElement[Any], address: str) -> ColumnElement[bool]:
    return text.regexp_match(_pattern(address), flags="i")


def _pattern(address: str) -> str:
    """An address as a whole: not the end or the beginning of somebody else's."""
    return rf"(?<![\w.+-]){re.escape(address)}(?![\w-]|\.\w)"


def _of(table: Table, entry: Entry, subject: Subject) -> ColumnElement[bool]:
    """The rows of a table that are the person's."""
    own = table.c.id if entry.table == entry.link else table.c[f"{entry.link}_id"]
    return own.in_(subject.ids[entry.link])


def _linked() -> dict[str, list[Entry]]:
    tables: dict[str, list[Entry]] = {}
    for entry in inventory():
        if entry.link:
            tables.setdefault(entry.table, []).append(entry)
    return tables


def _person_id(session: Session, told: str) -> UUID | None:
    if told.startswith("member_"):
        member = session.get(Member, _parsed("member", told))
        return member.person_id if member else None
    return _parsed("person", told)


def _parsed(prefix: str, told: str) -> UUID:
    try:
        return ids.parse(prefix, told)
    except ValueError as error:
        raise NotFound from error
