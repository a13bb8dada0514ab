"""One intake for everything that others send us: verified, kept byte for byte, worked by a job.

A message is known by its source and the sender's id of it, or else the SHA-256 of its bytes: sent
again, it is the same one, and no job is asked for a second time. Never commits.
"""

import hashlib
from collections.abc import Collection
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import case, func, literal
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session, col, select

from api.core import bulk, db, encryption, jobs, pages
from api.core.errors import NotFound
from api.core.jobs import Job
from api.core.pages import PageQuery
from api.identity.service import AddressNotAllowed
from api.intake import providers
from api.intake.models import IntakeMessage, IntakeSource, Proof
from api.intake.problems import ContentDeleted, NothingToReplay, SignatureWrong
from api.intake.schemas import MessageState
from api.intake.schemes import Headers
from api.rules.clock import utcnow
from api.rules.networks import within

TASK = "intake.work"
REPLAYED_AT_ONCE = 500
_COLUMNS = (
    "id",
    "source_id",
    "external_id",
    "job_id",
    "verified_by",
    "media_type",
    "headers",
    "sha256",
    "received_at",
    "worked_at",
)
_STATE: Any = case(
    (col(IntakeMessage.worked_at).is_not(None), literal(MessageState.WORKED)),
    (col(Job.failed_at).is_not(None), literal(MessageState.FAILED)),
    else_=literal(MessageState.RECEIVED),
)
_KEPT_HEADERS = ("content-type", "user-agent", "request-id", "x-request-id")


class Received(NamedTuple):
    """A message, the job that works it, and whether it was there before."""

    message_id: UUID
    job_id: UUID
    duplicate: bool


class ProviderGone(Exception):
    """No feature works messages of this provider."""


def receive(
    session: Session, source_id: UUID, body: bytes, headers: Headers, address: str | None
) -> Received:
    """Take in a webhook. Raises NotFound, AddressNotAllowed or SignatureWrong.

    Row-level security shows the source that is named, and once it has proved itself what belongs
    to its organisation.
    """
    db.scope(session, intake_source=str(source_id))
    source = session.get(IntakeSource, source_id)
    if source is None or source.scheme is None or source.disabled_at is not None:
        raise NotFound
    provider = providers.find(source.provider)
    if provider is None:
        raise NotFound
    if source.allowed_cidrs and not within(address, source.allowed_cidrs):
        raise AddressNotAllowed
    scheme = provider.schemes[source.scheme]
    # The moment is the machine's: senders do not know of a clock that a sandbox has advanced.
    now = utcnow()
    fitting = [
        proof
        for proof, secret in _secrets(source)
        if scheme.fits(
            encryption.unlock(secret, source.id),
            body,
            headers,
            now,
        )
    ]
    if not fitting:
        raise SignatureWrong
    db.scope(session, org_id=str(source.org_id))
    external_id = scheme.external_id(headers) or provider.external_id(body)
    return keep(
        session,
        source,
        body,
        media_type=headers.get("content-type", "application/octet-stream"),
        verified_by=fitting[0],
        actor=f"source:{source.id.hex}",
        external_id=external_id,
        headers={
            name.lower(): found[:1000]
            for name in (*_KEPT_HEADERS, *scheme.kept)
            if (found := headers.get(name)) is not None
        },
    )


def keep(
    session: Session,
    source: IntakeSource,
    body: bytes,
    *,
    media_type: str,
    verified_by: Proof,
    actor: str,
    external_id: str | None = None,
    headers: dict[str, str] | None = None,
) -> Received:
    """Keep a message and ask for a job that works it, unless it is there already.

    Of the same message in several transactions at once, one keeps it and the others wait for it.
    """
    sha256 = hashlib.sha256(body).hexdigest()
    known_as = (external_id or f"sha256:{sha256}")[:200]
    row = bulk.new_row(
        source_id=source.id,
        org_id=source.org_id,
        external_id=known_as,
        verified_by=verified_by,
        media_type=media_type[:100],
        headers={name: _storable(value) for name, value in (headers or {}).items()},
        sha256=sha256,
        body=body,
        received_at=db.now(session),
        attempts=0,
    )
    job = _enqueue(session, row["id"], source.org_id, actor)
    row["job_id"] = job.id
    statement = insert(IntakeMessage).values(row).on_conflict_do_nothing()
    with session.no_autoflush:
        kept = session.exec(statement.returning(col(IntakeMessage.id))).one_or_none()
    if kept is None:
        session.expunge(job)
        there = session.exec(
            select(IntakeMessage.id, IntakeMessage.job_id).where(
                IntakeMessage.source_id == source.id, IntakeMessage.external_id == known_as
            )
        ).one()
        return Received(*there, duplicate=True)
    session.flush()
    return Received(row["id"], job.id, duplicate=False)


def work(session: Session, job: Job) -> bool:
    """The next step of a message's work, by its provider; True when it was the last."""
    message = session.get_one(IntakeMessage, UUID(hex=job.args["message_id"]))
    source = session.get_one(IntakeSource, message.source_id)
    provider = providers.find(source.provider)
    if provider is None:
        raise ProviderGone(source.provider)
    finished = provider.work(session, job, source, message)
    if finished and message.job_id == job.id:
        message.worked_at, message.attempts = db.now(session), job.attempts
        session.add(message)
    return finished


def get_message(
    session: Session, *, org_id: UUID, message_id: UUID, of: Collection[str] | None = None
) -> IntakeMessage:
    """A message to a source of the organisation; NotFound for anybody else's."""
    query = select(IntakeMessage).where(
        IntakeMessage.id == message_id, IntakeMessage.org_id == org_id
    )
    if of is not None:
        ours = select(IntakeSource.id).where(col(IntakeSource.provider).in_(of))
        query = query.where(col(IntakeMessage.source_id).in_(ours))
    found = session.exec(query).one_or_none()
    if found is None:
        raise NotFound
    return found


def content(message: IntakeMessage) -> bytes:
    """The bytes of a message as they came. Raises ContentDeleted."""
    if message.body is None:
        raise ContentDeleted
    return message.body


def show(session: Session, *, org_id: UUID, message_id: UUID) -> dict[str, Any]:
    """A message with what its job says of it, without its bytes."""
    get_message(session, org_id=org_id, message_id=message_id)
    shown: dict[str, Any] = (
        session.exec(_shown().where(IntakeMessage.id == message_id)).one()._asdict()
    )
    return shown


def list_messages(
    session: Session,
    org_id: UUID,
    page: PageQuery,
    *,
    source_id: UUID | None = None,
    state: MessageState | None = None,
) -> tuple[list[dict[str, Any]], str | None]:
    """The organisation's messages without their bytes, the newest first."""
    filters = {"source": source_id, "state": state}
    scope = f"intake-messages:{org_id}"
    query = _shown().where(IntakeMessage.org_id == org_id)
    if source_id is not None:
        query = query.where(IntakeMessage.source_id == source_id)
    if state is not None:
        query = query.where(_STATE == state)
    if page.cursor:
        (last,) = pages.unseal(scope, filters, page.cursor)
        query = query.where(col(IntakeMessage.id) < UUID(last))
    rows = session.exec(query.order_by(col(IntakeMessage.id).desc()).limit(page.limit + 1)).all()
    found = [row._asdict() for row in rows[: page.limit]]
    if len(rows) <= page.limit:
        return found, None
    return found, pages.seal(scope, filters, [found[-1]["id"]])


def replay(session: Session, message: IntakeMessage, *, actor: str) -> Job:
    """Work a message once more. Raises NothingToReplay while it waits or is being worked, and
    ContentDeleted when its bytes are gone."""
    locked = session.exec(
        select(IntakeMessage)
        .where(IntakeMessage.id == message.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).one()
    content(locked)
    before = session.get(Job, locked.job_id)
    if locked.worked_at is None and before is not None and before.failed_at is None:
        raise NothingToReplay
    job = _enqueue(session, locked.id, locked.org_id, actor)
    locked.job_id, locked.worked_at, locked.attempts = job.id, None, 0
    session.flush()
    return job


def replay_failed(session: Session, source: IntakeSource, *, actor: str) -> tuple[int, bool]:
    """Work the oldest failed messages of a source once more; how many, and whether more are left."""
    failed = session.exec(
        select(IntakeMessage)
        .join(Job, col(Job.id) == IntakeMessage.job_id)
        .where(IntakeMessage.source_id == source.id, _STATE == MessageState.FAILED)
        .order_by(col(IntakeMessage.id))
        .limit(REPLAYED_AT_ONCE + 1)
    ).all()
    for message in failed[:REPLAYED_AT_ONCE]:
        replay(session, message, actor=actor)
    return min(len(failed), REPLAYED_AT_ONCE), len(failed) > REPLAYED_AT_ONCE


def _shown() -> Any:
    """Messages with what their jobs say; a job that is done may have been pruned."""
    worked = col(IntakeMessage.worked_at).is_not(None)
    return select(  # type: ignore[call-overload]
        *(getattr(IntakeMessage, name) for name in _COLUMNS),
        func.coalesce(func.octet_length(IntakeMessage.body), 0).label("size"),
        col(IntakeMessage.body).is_not(None).label("content_kept"),
        _STATE.label("state"),
        case((worked, IntakeMessage.attempts), else_=func.coalesce(Job.attempts, 0)).label(
            "attempts"
        ),
        case((worked, None), else_=Job.last_error).label("last_error"),
    ).outerjoin(Job, col(Job.id) == IntakeMessage.job_id)


def _enqueue(session: Session, message_id: UUID, org_id: UUID, actor: str) -> Job:
    args = {"actor": actor, "message_id": message_id.hex}
    return jobs.enqueue(session, TASK, args, org_id=org_id)


def _secrets(source: IntakeSource) -> list[tuple[Proof, bytes]]:
    """Those that are valid, the newest first."""
    found = [(Proof.SECRET, source.secret)] if source.secret is not None else []
    until = source.previous_secret_until
    if source.previous_secret is not None and until is not None and until > utcnow():
        found.append((Proof.PREVIOUS_SECRET, source.previous_secret))
    return found


def _storable(value: str) -> str:
    """A header as JSON can hold it: PostgreSQL takes no NUL."""
    return "".join(c for c in value if c.isprintable())
