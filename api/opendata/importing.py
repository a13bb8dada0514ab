"""Releases of other publishers, kept apart from live procedures for analysis and for lists.

A release is taken as it is, if its identity, dates and amounts can be read; what cannot is listed
with a stable code and leaves the others alone. Read again, it changes nothing. The record of each
process is merged anew from all its releases, under the standard's own rules if the operator has
loaded its schema (see ocds/schemas.py). Never commits.
"""

import hashlib
import json
import warnings
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

from ocdsmerge.exceptions import OCDSMergeError
from sqlmodel import Session, col, select

from api.core import bulk
from api.opendata.models import ForeignRecord, ForeignRelease
from api.opendata.ocds import merging, schemas
from api.opendata.ocds.values import Json

DATES = frozenset(
    {
        *("date", "startDate", "endDate", "maxExtentDate", "dateSigned", "dateModified"),
        *("datePublished", "dateAnswered", "dateMet", "dueDate"),
    }
)
MAX_NUMBER = 10**15
COUNTS = ("created", "unchanged", "refused")


class Refused(NamedTuple):
    """Something that was not taken: where it stood, a stable code, and why."""

    where: str
    code: str
    detail: str


class Report:
    """What became of the releases of an import."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self.errors: list[Refused] = []

    def refuse(self, where: str, code: str, detail: str) -> None:
        """Note one that was not taken."""
        self.counts["refused"] += 1
        self.errors.append(Refused(where, code, detail))


class Found(NamedTuple):
    """A release in a file, and where."""

    where: str
    release: Any


type Normalise = Callable[[Json], Json]


class Malformed(ValueError):
    """A release that cannot be taken."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code


def read(file: Path, report: Report) -> Iterator[Found]:
    """The releases in a file of JSON, or of JSON Lines (`.jsonl`, `.ndjson`): packages of releases
    or of records, or bare releases, one or a list of them."""
    if file.suffix.lower() in (".jsonl", ".ndjson"):
        with file.open(encoding="utf-8") as lines:
            for number, line in enumerate(lines, start=1):
                if line.strip():
                    yield from _parsed(line, f"line {number}", report)
        return
    yield from _parsed(file.read_bytes(), "", report)


def take(
    session: Session,
    source: str,
    found: Iterable[Found],
    report: Report,
    normalise: Normalise = lambda release: release,
) -> None:
    """Keep the releases of a source that can be read, and merge the processes they are about."""
    changed: set[str] = set()
    for where, given in found:
        try:
            release = normalise(given) if isinstance(given, dict) else given
            _check(release)
            _refuse_oddities(release, "")
            created = _keep(session, source, release)
        except Malformed as error:
            report.refuse(where, error.code, str(error))
            continue
        report.counts["created" if created else "unchanged"] += 1
        if created:
            changed.add(release["ocid"])
    _merge(session, source, changed, report)


def _parsed(text: str | bytes, where: str, report: Report) -> Iterator[Found]:
    try:
        document = json.loads(text)
    except ValueError as error:
        report.refuse(where or "file", "not_json", str(error))
        return
    yield from _releases(document, where, report)


def _releases(document: Any, where: str, report: Report) -> Iterator[Found]:
    """The releases in a package, in a list, or alone."""
    if isinstance(document, list):
        for index, each in enumerate(document):
            yield from _releases(each, f"{where}/{index}", report)
    elif isinstance(document, dict) and isinstance(document.get("releases"), list):
        for index, each in enumerate(document["releases"]):
            yield Found(f"{where}/releases/{index}", each)
    elif isinstance(document, dict) and isinstance(document.get("records"), list):
        for index, record in enumerate(document["records"]):
            yield from _of_record(record, f"{where}/records/{index}", report)
    elif isinstance(document, dict) and ("ocid" in document or "tender" in document):
        yield Found(where or "/", document)
    else:
        report.refuse(where or "/", "not_a_package", "Neither a package nor a release.")


def _of_record(record: Any, where: str, report: Report) -> Iterator[Found]:
    """The releases in a record; its compiled release where they are only linked."""
    releases = record.get("releases") if isinstance(record, dict) else None
    whole = [*(releases if isinstance(releases, list) else [])]
    if whole and all(isinstance(each, dict) and "tag" in each and "id" in each for each in whole):
        for index, each in enumerate(whole):
            yield Found(f"{where}/releases/{index}", each)
    elif isinstance(record, dict) and isinstance(record.get("compiledRelease"), dict):
        yield Found(f"{where}/compiledRelease", record["compiledRelease"])
    else:
        report.refuse(where, "record_empty", "It has neither whole releases nor a compiled one.")


def _check(release: Any) -> None:
    """Raise Malformed unless it is clear which release this is, and of when."""
    if not isinstance(release, dict):
        raise Malformed("release_malformed", "Not an object.")
    for name, longest in (("ocid", 100), ("id", 200)):
        value = release.get(name)
        if not isinstance(value, str) or not 0 < len(value) <= longest:
            raise Malformed(f"{name}_missing", f"`{name}` must be a text of 1 to {longest}.")
    if not isinstance(release.get("date"), str):
        raise Malformed("date_missing", "`date` must be an instant.")
    if "\x00" in json.dumps(release, ensure_ascii=False) or "\\u0000" in json.dumps(release):
        raise Malformed("text_malformed", "A text has a NUL character.")


def _refuse_oddities(value: Any, path: str) -> None:
    """Raise Malformed for a date or an amount, anywhere, that nobody could count with."""
    if isinstance(value, list):
        for index, each in enumerate(value):
            _refuse_oddities(each, f"{path}/{index}")
    elif isinstance(value, dict):
        for name, inner in value.items():
            here = f"{path}/{name}"
            if name in DATES and inner is not None and not _is_instant(inner):
                raise Malformed("date_malformed", f"{here}: {inner!r} is not an instant.")
            if name == "amount" and not isinstance(inner, dict | None) and not _is_amount(inner):
                raise Malformed("amount_malformed", f"{here}: {inner!r} is not an amount.")
            _refuse_oddities(inner, here)


def _is_instant(value: Any) -> bool:
    try:
        return isinstance(value, str) and datetime.fromisoformat(value).tzinfo is not None
    except ValueError:
        return False


def _is_amount(value: Any) -> bool:
    return (
        isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < MAX_NUMBER
    )


def _keep(session: Session, source: str, release: Json) -> bool:
    """True when it is new. Raises Malformed when another one has its id."""
    digest = hashlib.sha256(json.dumps(release, sort_keys=True).encode()).hexdigest()
    known = session.exec(
        select(ForeignRelease.digest).where(
            ForeignRelease.source == source,
            ForeignRelease.ocid == release["ocid"],
            ForeignRelease.release_id == release["id"],
        )
    ).one_or_none()
    if known == digest:
        return False
    if known is not None:
        raise Malformed("release_id_reused", f"{release['id']} was another release before.")
    row = bulk.new_row(
        source=source,
        ocid=release["ocid"],
        release_id=release["id"],
        date=release["date"][:40],
        digest=digest,
        content=release,
    )
    bulk.insert(session, ForeignRelease, [row])
    return True


def _merge(session: Session, source: str, ocids: Iterable[str], report: Report) -> None:
    loaded = schemas.loaded(session)
    rules = merging.rules_of(loaded) if loaded else merging.own_rules()
    for ocid in sorted(ocids):
        query = select(ForeignRelease.content).where(
            ForeignRelease.source == source, ForeignRelease.ocid == ocid
        )
        releases = session.exec(query.order_by(col(ForeignRelease.id))).all()
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # ids that are not unique: the last one stands
                compiled = merging.compiled(map(dict, releases), rules)
        except OCDSMergeError as error:
            report.errors.append(Refused(ocid, "merge_failed", str(error)))
            continue
        row = bulk.new_row(source=source, ocid=ocid, compiled=compiled)
        bulk.insert(session, ForeignRecord, [row], key=("source", "ocid"))
