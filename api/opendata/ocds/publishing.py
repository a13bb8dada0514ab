"""A release at each public event, in the transaction of the event itself (core/outbox).

What is committed is published, and what cannot be published is not committed: the act that led to
an invalid release fails as a whole. One transaction makes one release of a process, with the tags
of all that happened in it.

The writers of one process wait in turn for a lock, which is taken last of all locks of a
transaction and before anything is read of the process: who acts on it without holding its row
would else tell, after the wait, what another has changed meanwhile.
"""

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from operator import attrgetter
from typing import NamedTuple
from uuid import UUID

import structlog
from sqlalchemy import text
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session, col, select

from api.core import bulk, db, settings
from api.core.errors import PublicationInvalid
from api.core.outbox import Event, Recorded
from api.opendata.models import OcdsRecord, OcdsRelease
from api.opendata.ocds import merging, schemas
from api.opendata.ocds.process import Process, act_as_publisher
from api.opendata.ocds.sections import SECTIONS, parties
from api.opendata.ocds.values import Json, instant
from api.procurement import service as procurement
from api.procurement.models import Tender
from api.procurement.service import policies
from api.rules import publication

log = structlog.get_logger(__name__)
_XID = text("pg_current_xact_id()::text::bigint")
_TICK = timedelta(microseconds=1)
_LOCK = text("SELECT pg_advisory_xact_lock(hashtextextended(:process, 19))")


def _named_in(event: Event) -> UUID | None:
    """The tender that the event's payload names; None for a contract of an order, which is its
    sides' own."""
    named = event.payload["tender_id"]
    return None if named is None else UUID(hex=named)


class Publication(NamedTuple):
    """What an event says to the public: an OCDS release tag, and the sections that changed.

    `tender_of` finds the tender that the event is about; most are about the tender itself.
    """

    tag: str
    sections: tuple[str, ...] = ("tender", "prequalification")
    tender_of: Callable[[Event], UUID | None] = attrgetter("resource_id")


EVENTS: Mapping[str, Publication] = {
    "tender.published": Publication("tender"),
    "tender.called_off": Publication("tender"),
    "tender.amended": Publication("tenderAmendment"),
    "tender.cancelled": Publication("tenderCancellation"),
    "tender.prequalification_closed": Publication("tenderUpdate"),
    "tender.qualifications_announced": Publication("tenderUpdate"),
    "tender.qualification_repeated": Publication("tenderUpdate"),
    "tender.invited": Publication("tenderUpdate"),
    "tender.closed": Publication("tenderUpdate"),
    "tender.suspended": Publication("tenderUpdate"),
    "tender.resumed": Publication("tenderUpdate"),
    "tender.prolonged": Publication("tenderUpdate"),
    "tender.lots_changed": Publication("tenderUpdate"),
    "tender.unsuccessful": Publication("tenderUpdate"),
    "tender.completed": Publication("tenderUpdate"),
    "tender.first_package_opened": Publication(
        "tenderUpdate", ("tender", "prequalification", "bids")
    ),
    "tender.second_package_opened": Publication(
        "tenderUpdate", ("tender", "prequalification", "bids")
    ),
    "tender.bids_opened": Publication("tenderUpdate", ("tender", "prequalification", "bids")),
    "tender.awards_pending": Publication("tenderUpdate"),
    "tender.awards_settled": Publication("tenderUpdate"),
    "tender.evaluation_repeated": Publication("tenderUpdate"),
    "award.approved": Publication("award", ("tender", "awards"), _named_in),
    "award.rejected": Publication("award", ("tender", "awards"), _named_in),
    "award.cancelled": Publication("awardCancellation", ("tender", "awards"), _named_in),
    **{
        f"framework.{what}": Publication("tenderUpdate", tender_of=_named_in)
        for what in (
            *("concluded", "terminated"),
            *("supplier_suspended", "supplier_reinstated", "supplier_terminated"),
        )
    },
    "contract.signed": Publication("contract", ("tender", "contracts"), _named_in),
    "contract.changed": Publication("contractAmendment", ("tender", "contracts"), _named_in),
    "contract.schedule_agreed": Publication("implementation", ("tender", "contracts"), _named_in),
    **{
        f"contract.{what}": Publication("implementationUpdate", ("tender", "contracts"), _named_in)
        for what in ("performed", "performance_retracted", "replacement_ordered")
    },
    "contract.terminated": Publication("contractTermination", ("tender", "contracts"), _named_in),
    "payment_schedule.agreed": Publication("implementation", ("tender", "contracts"), _named_in),
    **{
        name: Publication("implementationUpdate", ("tender", "contracts"), _named_in)
        for name in ("milestone_payment.paid", "milestone_payment.failed", "milestone.cancelled")
    },
    **{
        f"acceptance.{what}": Publication(
            "implementationUpdate", ("tender", "contracts"), _named_in
        )
        for what in ("accepted", "deemed", "rejected")
    },
    "delivery.late": Publication("implementationUpdate", ("tender", "contracts"), _named_in),
    **{
        f"complaint.{what}": Publication("tenderUpdate", ("tender", "complaints"), _named_in)
        for what in (
            *("submitted", "accepted", "invalidated", "declined"),
            *("satisfied", "stopped", "resolved"),
        )
    },
    **{
        f"cancellation.{what}": Publication("tenderUpdate", tender_of=_named_in)
        for what in ("requested", "withdrawn", "lapsed")
    },
    "enquiry.answered": Publication("tenderUpdate", tender_of=_named_in),
}
"""Every public event: type -> publication."""


def publish(session: Session, events: Sequence[Recorded]) -> None:
    """Append a release to each process that the events are about. Raises PublicationInvalid.

    A tender that is not published, a draft that was cancelled, has none.
    """
    act_as_publisher(session)
    by_tender: dict[UUID, list[Publication]] = {}
    for _, _, event in events:
        publication = EVENTS[event.type]
        tender_id = publication.tender_of(event)
        if tender_id is not None:
            by_tender.setdefault(tender_id, []).append(publication)
    for tender_id in sorted(by_tender):
        session.connection().execute(_LOCK, {"process": tender_id.hex})
        tender = procurement.published(session, tender_id)
        if tender is not None:
            _append(session, tender, by_tender[tender_id])


def unpublished(session: Session) -> Sequence[UUID]:
    """Published tenders without a release: those that are older than releases are."""
    told = select(OcdsRelease.ocid)
    query = select(Tender.id).where(
        col(Tender.published_at).is_not(None), col(Tender.ocid).not_in(told)
    )
    return session.exec(query.order_by(col(Tender.id))).all()


def publish_now(session: Session, tender_id: UUID) -> None:
    """Publish a tender as it stands, with all that has become of it. Raises PublicationInvalid."""
    act_as_publisher(session)
    session.connection().execute(_LOCK, {"process": tender_id.hex})
    tender = procurement.published(session, tender_id)
    if tender is not None:
        _append(session, tender, [Publication("tender", (*SECTIONS,))])


def _append(session: Session, tender: Tender, publications: Sequence[Publication]) -> None:
    query = select(OcdsRecord).where(OcdsRecord.ocid == tender.ocid)
    record = session.exec(query.execution_options(populate_existing=True)).one_or_none()
    before: Json = record.compiled if record else {}
    last = record.date if record else None
    number = record.number + 1 if record else 1
    release = _release(session, tender, publications, before, number, last)
    try:
        schemas.require_valid(session, release)
    except PublicationInvalid as error:
        log.error("release invalid", release=release["id"], errors=[*map(str, error.errors)])
        raise
    compiled = merging.merged(before or None, release)
    if "withheldInformation" in before and _same(before, compiled):
        return  # that something happened would tell of what is withheld
    moment = datetime.fromisoformat(release["date"])
    body = merging.encoded(release)
    row = bulk.new_row(
        ocid=tender.ocid,
        number=number,
        release_id=release["id"],
        date=moment,
        tags=release["tag"],
        etag=etag(body),
        body=body,
    )
    bulk.insert(session, OcdsRelease, [row])
    _keep_record(session, record, release, compiled, number, moment)


def _release(
    session: Session,
    tender: Tender,
    publications: Sequence[Publication],
    before: Json,
    number: int,
    last: datetime | None,
) -> Json:
    now = db.now(session)
    moment = now if last is None else max(now, last + _TICK)
    process = Process(session, tender)
    members: Json = {}
    roles: dict[UUID, set[str]] = {}
    for name in dict.fromkeys(name for each in publications for name in each.sections):
        section = SECTIONS[name](process)
        members |= section.members
        for org_id, held in section.parties.items():
            roles.setdefault(org_id, set()).update(held)
    named = [_with_earlier_roles(party, before) for party in parties(process, roles)]
    release_id = f"{tender.ocid}-{number:06d}"
    release = {
        "ocid": tender.ocid,
        "id": release_id,
        "date": instant(moment),
        "tag": [
            *dict.fromkeys([*(each.tag for each in publications), *_caught_up(number, members)])
        ],
        "initiationType": "tender",
        "language": tender.language,
        "parties": named,
        **{name: merging.with_removals(before.get(name), said) for name, said in members.items()},
    }
    _tell_amendments(release, before, number)
    return publication.masked(release, policies.withheld_of(tender))


def _same(before: Json, now: Json) -> bool:
    """Whether a record says the same after another release, but for when it was made."""
    names = before.keys() | now.keys()
    return all(before.get(name) == now.get(name) for name in names - {"id", "date"})


def _caught_up(number: int, members: Json) -> list[str]:
    """Tags of a first release that comes after the events it tells of."""
    late = {"awards": "award", "contracts": "contract"} if number == 1 else {}
    return [tag for member, tag in late.items() if member in members]


def _with_earlier_roles(party: Json, before: Json) -> Json:
    """Roles are replaced as a whole by a merge, hence those of earlier releases are said again."""
    earlier: Json = next(
        (each for each in before.get("parties", ()) if each["id"] == party["id"]), {}
    )
    return party | {"roles": sorted({*party["roles"], *earlier.get("roles", ())})}


def _tell_amendments(release: Json, before: Json, number: int) -> None:
    """Which release an amendment of the tender or of a contract made, and which it amends."""
    contracts = {each["id"]: each for each in before.get("contracts", ())}
    amended = [(release.get("tender", {}), before.get("tender", {}))]
    amended += [(each, contracts.get(each["id"], {})) for each in release.get("contracts", ())]
    for now, earlier in amended:
        told = {each["id"]: each for each in earlier.get("amendments", ())}
        for amendment in now.get("amendments", ()):
            known = told.get(amendment["id"])
            amendment["releaseID"] = known["releaseID"] if known else release["id"]
            amendment["amendsReleaseID"] = (
                known["amendsReleaseID"] if known else f"{release['ocid']}-{number - 1:06d}"
            )


def _keep_record(
    session: Session,
    last: OcdsRecord | None,
    release: Json,
    compiled: Json,
    number: int,
    moment: datetime,
) -> None:
    """Write the record with one more release, named by its address."""
    ocid = release["ocid"]
    named = {
        "url": f"{settings.get().base_url}{release_path(ocid, release['id'])}",
        "date": release["date"],
        "tag": release["tag"],
    }
    earlier = json.loads(last.body)["releases"] if last else []
    record = {"ocid": ocid, "releases": [*earlier, named], "compiledRelease": compiled}
    body = merging.encoded(record)
    row = bulk.new_row(
        ocid=ocid,
        number=number,
        date=moment,
        compiled=compiled,
        etag=etag(body),
        body=body,
    )
    fresh = insert(OcdsRecord).values(**row, xid=_XID)
    names = ("updated_at", "number", "date", "compiled", "etag", "body", "xid")
    session.connection().execute(
        fresh.on_conflict_do_update(
            index_elements=["ocid"], set_={name: fresh.excluded[name] for name in names}
        )
    )


def release_path(ocid: str, release_id: str) -> str:
    """Where the public reads a release."""
    return f"/public/ocds/releases/{ocid}/{release_id}"


def record_path(ocid: str) -> str:
    """Where the public reads a record."""
    return f"/public/ocds/records/{ocid}"


def etag(body: bytes) -> str:
    """The entity tag of a document that is never altered under it."""
    return f'"{hashlib.sha256(body).hexdigest()[:32]}"'
