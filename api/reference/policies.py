"""Policy sets: which one is in force, and entering another. Never commits.

A change of the law is a new row; a row's numbers are never altered, so that what a tender was
published under can always be read.
"""

import tomllib
from collections.abc import Iterator, Sequence
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any
from uuid import UUID

from pydantic import ValidationError as InputError
from sqlalchemy import ColumnElement, TextClause, text
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, and_, col, or_, select

from api.core import audit, db
from api.core.errors import Conflict, FieldError, Invalid, NotFound, refused
from api.identity.models import DEFAULT_REGIME
from api.reference.files import FileRefused
from api.reference.models import PolicySet
from api.reference.parameters import DATA, check_sources, completed
from api.reference.policy_schemas import PolicySetIn
from api.reference.store import Loaded
from api.rules import orders
from api.rules.clock import BISHKEK, local_date
from api.rules.policy import INTERNATIONAL, SCHEMA_VERSION, ProcurementRegime

ACTOR = "system:reference"


class PolicyMissing(Conflict):
    """No rules are in force for this buyer and procedure on this day."""

    code, title = "policy_missing", "No policy set is in force"


class PolicyOverlaps(Conflict):
    """Another set of the same jurisdiction, regime and procedure counts on some of these days."""

    code, title = "policy_overlaps", "Another policy set counts on these days"


def in_force(
    session: Session,
    *,
    jurisdiction: str,
    regime: ProcurementRegime,
    procedure: str,
    on: date,
) -> PolicySet:
    """The set that counts on a day: the country's own, else the international one.

    PolicyMissing when there is neither.
    """
    found = session.exec(
        select(PolicySet)
        .where(
            col(PolicySet.jurisdiction).in_((jurisdiction, INTERNATIONAL)),
            PolicySet.regime == regime,
            PolicySet.procedure == procedure,
            _counts_on(on),
        )
        .order_by((col(PolicySet.jurisdiction) == jurisdiction).desc())
        .limit(1)
    ).first()
    if found is None:
        raise _missing(jurisdiction, regime, procedure, on)
    return found


def ocds_method_for(session: Session, *, buyer_id: UUID, procedure: str) -> str:
    """OCDS `procurementMethod` of the set that a buyer follows today (in its zone), without the rest
    of the set: every draft asks for it, so it is one statement.

    PolicyMissing as `in_force`; NotFound for a buyer that the caller may not see.
    """
    if procedure == orders.PROCEDURE:
        raise PolicyMissing("Orders are no procedure of tenders.")
    found = (
        session.connection()
        .execute(_method(db.clock()), {"buyer": buyer_id, "procedure": procedure})
        .one_or_none()
    )
    if found is None:
        raise NotFound
    jurisdiction, regime, on, method = found
    if method is None:
        raise _missing(jurisdiction, regime, procedure, on)
    return str(method)


@cache
def _method(clock: str) -> TextClause:
    return text(
        "SELECT o.country, rule.regime, today.day, ("
        "SELECT codes ->> 'ocds' FROM policy_set"
        f" WHERE jurisdiction IN (o.country, '{INTERNATIONAL}') AND regime = rule.regime"
        " AND procedure = :procedure AND valid_from <= today.day"
        " AND (valid_to IS NULL OR valid_to > today.day)"
        " ORDER BY jurisdiction = o.country DESC LIMIT 1)"
        " FROM organisation o LEFT JOIN region ON region.country = o.country,"
        f" LATERAL (SELECT (({clock}) AT TIME ZONE coalesce(region.time_zone, '{BISHKEK}'))::date"
        " AS day) today,"
        f" LATERAL (SELECT coalesce(o.procurement_regime, '{DEFAULT_REGIME}') AS regime) rule"
        " WHERE o.id = :buyer"
    )


def _missing(jurisdiction: str, regime: str, procedure: str, on: date) -> PolicyMissing:
    return PolicyMissing(
        f"No policy set for the procedure {procedure}, regime {regime}, of {jurisdiction}"
        f" is in force on {on}."
    )


def list_sets(
    session: Session,
    *,
    jurisdiction: str | None = None,
    regime: ProcurementRegime | None = None,
    procedure: str | None = None,
    on: date | None = None,
) -> Sequence[PolicySet]:
    """Sets by jurisdiction, regime, procedure and first day; with `on`, those that count then."""
    query = select(PolicySet)
    if jurisdiction is not None:
        query = query.where(PolicySet.jurisdiction == jurisdiction)
    if regime is not None:
        query = query.where(PolicySet.regime == regime)
    if procedure is not None:
        query = query.where(PolicySet.procedure == procedure)
    if on is not None:
        query = query.where(_counts_on(on))
    keys = (PolicySet.jurisdiction, PolicySet.regime, PolicySet.procedure, PolicySet.valid_from)
    return session.exec(query.order_by(*map(col, keys))).all()


def _counts_on(day: date) -> ColumnElement[bool]:
    open_ended = col(PolicySet.valid_to).is_(None)
    return and_(col(PolicySet.valid_from) <= day, or_(open_ended, col(PolicySet.valid_to) > day))


def get(session: Session, policy_set_id: UUID) -> PolicySet:
    """A set by its id; NotFound."""
    found = session.get(PolicySet, policy_set_id)
    if found is None:
        raise NotFound
    return found


def add(session: Session, *, actor: str, org_id: UUID | None, data: PolicySetIn) -> PolicySet:
    """Enter a set, and end the one it replaces on the day on which it begins.

    Raises Invalid for bad parameters, PolicyOverlaps, or NotFound for an unknown `replaces`.
    """
    values = completed(data.parameters)
    sources = {name: source.model_dump() for name, source in data.sources.items()}
    check_sources(values, data.parameters, sources)
    unread = {"text": f"Default of the parameters, version {SCHEMA_VERSION}", "reviewed": False}
    row = PolicySet(
        jurisdiction=data.jurisdiction,
        regime=data.regime,
        procedure=data.procedure,
        valid_from=data.valid_from,
        valid_to=data.valid_to,
        title={str(language): text for language, text in data.title.items()},
        codes=data.codes.model_dump(mode="json", exclude_none=True),
        schema_version=SCHEMA_VERSION,
        parameters=values,
        sources={name: sources.get(name, unread) for name in values},
        legal_source=data.legal_source,
    )
    if data.replaces is not None:
        old = _locked(session, data.replaces)
        if (old.jurisdiction, old.regime, old.procedure) != (
            row.jurisdiction,
            row.regime,
            row.procedure,
        ):
            raise refused("#/replaces", "other_procedure", "It is a set of another procedure.")
        _end(session, old, row.valid_from, "#/valid_from", actor=actor, org_id=org_id)
    try:
        with session.begin_nested():
            session.add(row)
    except IntegrityError as error:
        if error.orig is None or "ex_policy_set_in_force" not in str(error.orig):
            raise
        raise PolicyOverlaps(
            f"From {row.valid_from} to {row.valid_to or 'further notice'} another set counts;"
            " name it in `replaces`, or end it first."
        ) from error
    _record(session, row, "enter", actor, org_id, data.model_dump(mode="json"))
    return row


def end(
    session: Session, *, actor: str, org_id: UUID | None, policy_set_id: UUID, on: date
) -> PolicySet:
    """Let a set count no longer from a day on; Invalid for a day before today or its first day."""
    row = _locked(session, policy_set_id)
    _end(session, row, on, "#/valid_to", actor=actor, org_id=org_id)
    return row


def load_bundled(session: Session) -> Loaded:
    """Enter the sets that the package ships, unless those of their first day are there already."""
    loaded = Loaded()
    for file in sorted(DATA.glob("*.toml")):
        loaded += load_file(session, file)
    return loaded


def load_file(session: Session, file: Path) -> Loaded:
    """Enter the sets of a TOML file; FileRefused names what is wrong, and nothing is entered.

    A set that begins on the same day as one that is there is left alone: it is never altered.
    """
    loaded = Loaded()
    for data in _read(file):
        known = session.exec(
            select(PolicySet.id).where(
                PolicySet.jurisdiction == data.jurisdiction,
                PolicySet.regime == data.regime,
                PolicySet.procedure == data.procedure,
                PolicySet.valid_from == data.valid_from,
            )
        ).first()
        if known is None:
            try:
                add(session, actor=ACTOR, org_id=None, data=data)
            except Invalid as problem:
                where = f"{file.name}: {data.procedure}"
                raise FileRefused(f"{where}: {problem}", errors=problem.errors) from problem
        loaded += Loaded(created=known is None, unchanged=known is not None)
    return loaded


def _read(file: Path) -> Iterator[PolicySetIn]:
    """The sets of a file: each procedure has the common parameters, its own, less `without`."""
    try:
        with file.open("rb") as stream:
            document = tomllib.load(stream)
        for procedure, own in document.pop("procedures", {}).items():
            common = {k: v for k, v in document.items() if k not in ("parameters", "sources")}
            without = own.pop("without", ())
            merged = {
                kind: {
                    name: value
                    for name, value in {**document.get(kind, {}), **own.pop(kind, {})}.items()
                    if name not in without
                }
                for kind in ("parameters", "sources")
            }
            sources = {
                name: {"text": source} if isinstance(source, str) else source
                for name, source in merged["sources"].items()
            }
            yield PolicySetIn.model_validate(
                {
                    **common,
                    **own,
                    "procedure": procedure,
                    "parameters": merged["parameters"],
                    "sources": sources,
                }
            )
    except (UnicodeDecodeError, tomllib.TOMLDecodeError, AttributeError) as error:
        raise FileRefused(f"{file.name} is not a file of policy sets: {error}") from error
    except InputError as error:
        errors = [
            FieldError(pointer="#/" + "/".join(map(str, e["loc"])), code=e["type"], detail=e["msg"])
            for e in error.errors()
        ]
        raise FileRefused(f"{file.name}: a set is not valid.", errors=errors) from error


def _end(
    session: Session, row: PolicySet, on: date, pointer: str, *, actor: str, org_id: UUID | None
) -> None:
    """The one place that writes a set again: its end, today or later, within its time."""
    if on < local_date(db.now(session)):
        raise refused(pointer, "in_past", "What has counted until now cannot be changed.")
    if on <= row.valid_from or (row.valid_to is not None and on > row.valid_to):
        raise refused(pointer, "outside", f"The set counts from {row.valid_from} on.")
    row.valid_to = on
    session.add(row)
    session.flush()
    _record(session, row, "end", actor, org_id, {"valid_to": on.isoformat()})


def _locked(session: Session, policy_set_id: UUID) -> PolicySet:
    query = select(PolicySet).where(PolicySet.id == policy_set_id).with_for_update()
    row = session.exec(query).one_or_none()
    if row is None:
        raise NotFound
    return row


def _record(
    session: Session,
    row: PolicySet,
    action: str,
    actor: str,
    org_id: UUID | None,
    change: dict[str, Any],
) -> None:
    stream = f"policy_set:{row.id.hex}"
    audit.record(session, stream, action, actor=actor, org_id=org_id, change=change)
