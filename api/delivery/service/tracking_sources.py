"""Sources of tracking: connected, changed, disconnected; their signatures checked. Never commits."""

import hmac
from collections.abc import Mapping
from uuid import UUID

from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session, col, select

from api.core import audit, bulk, db, pages
from api.core.errors import AlreadyExists, NotFound, refused
from api.core.pages import PageQuery
from api.delivery.carriers import CARRIERS
from api.delivery.carriers.told import SourceKind
from api.delivery.models import TrackingSource
from api.delivery.schemas.tracking import TrackingSourceIn, TrackingSourcePatch
from api.delivery.service import source_secrets
from api.delivery.tracking_problems import SignatureWrong
from api.rules.tracking import clocks

OWN = "api"
"""The name of the source that stands for an organisation's own calls."""


def create(session: Session, *, org_id: UUID, actor: str, data: TrackingSourceIn) -> TrackingSource:
    """Connect a source. Raises Invalid for an unknown zone, AlreadyExists for a name taken."""
    _require_zone(data.timezone)
    if data.name == OWN or _named(session, org_id, data.name) is not None:
        raise AlreadyExists("A source of yours has this name.")
    source = TrackingSource(**data.model_dump(exclude={"secret"}), org_id=org_id)
    if data.secret is not None:
        source.secret = source_secrets.sealed(source.id, data.secret.get_secret_value())
    session.add(source)
    _log(session, source, "create", actor)
    return source


def get(session: Session, *, org_id: UUID, source_id: UUID, locked: bool = False) -> TrackingSource:
    """A source of the organisation; NotFound for anybody else's."""
    query = select(TrackingSource).where(
        TrackingSource.id == source_id, TrackingSource.org_id == org_id
    )
    found = session.exec(query.with_for_update() if locked else query).one_or_none()
    if found is None:
        raise NotFound
    return found


def list_sources(
    session: Session, org_id: UUID, page: PageQuery
) -> tuple[list[TrackingSource], str | None]:
    """The organisation's sources, the newest first."""
    query = select(TrackingSource).where(TrackingSource.org_id == org_id)
    scope = f"tracking-sources:{org_id}"
    rows, cursor = pages.newest_first(session, query, TrackingSource, page, scope=scope, filters={})
    return [*rows], cursor


def change(
    session: Session, source: TrackingSource, *, actor: str, data: TrackingSourcePatch
) -> TrackingSource:
    """Change the zone, the tolerance or the secret; what was read before stays as it was read."""
    given = data.model_dump(exclude_unset=True, exclude={"secret"})
    _require_zone(given.get("timezone"))
    for name, value in given.items():
        setattr(source, name, value)
    if data.secret is not None:
        if source.kind is SourceKind.API:
            raise refused("#/secret", "not_signed", "Events of this source come with credentials.")
        source.secret = source_secrets.sealed(source.id, data.secret.get_secret_value())
    source.version += 1
    _log(session, source, "change", actor)
    return source


def disable(session: Session, source: TrackingSource, *, actor: str) -> TrackingSource:
    """Take nothing more from a source; what it told stays. Nothing happens the second time."""
    if source.disabled_at is None:
        source.disabled_at = db.now(session)
        source.version += 1
        _log(session, source, "disable", actor)
    return source


def own(session: Session, org_id: UUID) -> TrackingSource:
    """The source of the organisation's own calls, made at the first of them."""
    found = _named(session, org_id, OWN)
    if found is None:
        values = bulk.new_row(
            org_id=org_id, name=OWN, kind=SourceKind.API, future_tolerance_seconds=300, version=1
        )
        statement = insert(TrackingSource).values(values)
        session.connection().execute(
            statement.on_conflict_do_nothing(index_elements=["org_id", "name"])
        )
        found = _named(session, org_id, OWN)
    assert found is not None, "it was there or has been made"
    return found


def authenticated(
    session: Session, source_id: UUID, body: bytes, headers: Mapping[str, str]
) -> tuple[TrackingSource, str]:
    """The source that signed these bytes, and its signature. Raises NotFound or SignatureWrong.

    `headers` finds a header by its name in any case.

    Row-level security shows the source that is named, and once it has proved itself what belongs
    to its organisation.
    """
    db.scope(session, tracking_source=str(source_id))
    source = session.get(TrackingSource, source_id)
    if source is None or source.secret is None or source.disabled_at is not None:
        raise NotFound
    carrier = CARRIERS[source.kind]
    wanted = carrier.signature(body, source_secrets.opened(source.id, source.secret))
    given = headers.get(carrier.header, "").strip()
    told = given.lower() if carrier.hexadecimal else given
    if not hmac.compare_digest(wanted.encode(), told.encode()):
        raise SignatureWrong
    db.scope(session, org_id=str(source.org_id))
    return source, given


def _named(session: Session, org_id: UUID, name: str) -> TrackingSource | None:
    query = select(TrackingSource).where(
        TrackingSource.org_id == org_id, col(TrackingSource.name) == name
    )
    return session.exec(query).one_or_none()


def _require_zone(zone: str | None) -> None:
    if zone is not None and not clocks.known_zone(zone):
        raise refused("#/timezone", "unknown_timezone", "Not an IANA time zone: Asia/Shanghai.")


def _log(session: Session, source: TrackingSource, action: str, actor: str) -> None:
    session.flush()
    audit.record(
        session,
        f"tracking_source:{source.id.hex}",
        action,
        actor=actor,
        org_id=source.org_id,
        change={
            "kind": source.kind,
            "name": source.name,
            "timezone": source.timezone,
            "future_tolerance_seconds": source.future_tolerance_seconds,
            "disabled": source.disabled_at is not None,
        },
    )
