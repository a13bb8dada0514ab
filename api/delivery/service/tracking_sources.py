"""Sources of tracking: those of the intake that tell of shipments, and how they write moments."""

from collections.abc import Sequence
from uuid import UUID

from sqlmodel import Session

from api.core.pages import PageQuery
from api.delivery.carriers.told import SourceKind
from api.delivery.schemas.tracking import Clock, TrackingSourceIn, TrackingSourcePatch
from api.intake import sources
from api.intake.models import IntakeSource
from api.intake.schemas import IntakeSourceIn, IntakeSourcePatch
from api.rules.permissions import EVERYBODY

_CLOCK = set(Clock.model_fields)


def create(session: Session, *, org_id: UUID, actor: str, data: TrackingSourceIn) -> IntakeSource:
    """Connect a source. Raises Invalid for a secret of another form, AlreadyExists for a name."""
    settings = data.model_dump(include=_CLOCK)
    if data.secret is None:
        source = IntakeSource(
            org_id=org_id, name=data.name, provider=data.kind.value, settings=settings
        )
        return sources.add(session, source, actor=actor)
    given = IntakeSourceIn(
        name=data.name, provider=data.kind, secret=data.secret, settings=settings
    )
    return sources.connect(session, org_id=org_id, roles=EVERYBODY, actor=actor, data=given)


def get(session: Session, *, org_id: UUID, source_id: UUID, locked: bool = False) -> IntakeSource:
    """A source of the organisation; NotFound for anybody else's."""
    return sources.get(session, org_id=org_id, source_id=source_id, of=SourceKind, locked=locked)


def list_sources(
    session: Session, org_id: UUID, page: PageQuery
) -> tuple[Sequence[IntakeSource], str | None]:
    """The organisation's sources, the newest first."""
    return sources.list_sources(session, org_id, page, of=SourceKind)


def change(
    session: Session, source: IntakeSource, *, actor: str, data: TrackingSourcePatch
) -> IntakeSource:
    """Change the zone, the tolerance or the secret; what was read before stays as it was read."""
    clock = data.model_dump(include=_CLOCK, exclude_unset=True)
    given = IntakeSourcePatch(
        secret=data.secret,
        overlap_hours=data.overlap_hours,
        settings={**source.settings, **clock},
    )
    return sources.change(session, source, actor=actor, data=given)


def own(session: Session, org_id: UUID) -> IntakeSource:
    """The source of the organisation's own calls, made at the first of them."""
    return sources.own(session, org_id, Clock().model_dump())
