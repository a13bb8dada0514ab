"""Sources of webhooks: connected, changed, disconnected. Never commits."""

from collections.abc import Collection, Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from pydantic import BaseModel, ValidationError
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session, col, select

from api.core import audit, bulk, db, encryption, pages
from api.core.errors import AlreadyExists, FieldError, Invalid, NotFound, refused
from api.core.pages import PageQuery
from api.intake import providers
from api.intake.models import IntakeSource
from api.intake.providers import Provider
from api.intake.schemas import IntakeSourceIn, IntakeSourcePatch
from api.rules.clock import utcnow
from api.rules.permissions import OrgRole

OWN = "api"
"""The name of the source that stands for an organisation's own calls."""


def connect(
    session: Session, *, org_id: UUID, roles: Collection[OrgRole], actor: str, data: IntakeSourceIn
) -> IntakeSource:
    """Connect a source.

    Raises Invalid for what its provider does not know, AlreadyExists for a name taken.
    """
    provider = providers.find(data.provider)
    if provider is None or provider.roles.isdisjoint(roles) or not provider.schemes:
        detail = f"Not one of {', '.join(providers.open_to(roles))}."
        raise refused("#/provider", "provider_unknown", detail)
    scheme = data.scheme or next(iter(provider.schemes))
    if scheme not in provider.schemes:
        detail = f"Not one of {', '.join(provider.schemes)}."
        raise refused("#/scheme", "scheme_unknown", detail)
    source = IntakeSource(
        org_id=org_id,
        name=data.name,
        provider=provider.name,
        scheme=scheme,
        allowed_cidrs=data.allowed_cidrs,
        settings=_checked(provider, data.settings),
    )
    _require_addresses(provider, source)
    source.secret = _locked_secret(provider, source, data.secret.get_secret_value())
    return add(session, source, actor=actor)


def add(session: Session, source: IntakeSource, *, actor: str) -> IntakeSource:
    """Keep a source that was checked. Raises AlreadyExists for a name taken."""
    if (
        source.name.partition(":")[0] == OWN
        or _named(session, source.org_id, source.name) is not None
    ):
        raise AlreadyExists("A source of yours has this name.")
    session.add(source)
    _log(session, source, "create", actor)
    return source


def own(session: Session, org_id: UUID, settings: dict[str, Any]) -> IntakeSource:
    """The source of the organisation's own calls, made at the first of them."""
    found = _named(session, org_id, OWN)
    if found is None:
        row = bulk.new_row(org_id=org_id, name=OWN, provider=OWN, settings=settings, version=1)
        statement = insert(IntakeSource).values(row)
        session.connection().execute(
            statement.on_conflict_do_nothing(index_elements=["org_id", "name"])
        )
        found = _named(session, org_id, OWN)
    assert found is not None, "it was there or has been made"
    return found


def of_calls(session: Session, org_id: UUID, provider: str) -> IntakeSource:
    """The source of what the organisation uploads for a provider, made at the first upload."""
    name = f"{OWN}:{provider}"
    found = _named(session, org_id, name)
    if found is None:
        row = bulk.new_row(org_id=org_id, name=name, provider=provider, settings={}, version=1)
        statement = insert(IntakeSource).values(row)
        session.connection().execute(
            statement.on_conflict_do_nothing(index_elements=["org_id", "name"])
        )
        found = _named(session, org_id, name)
    assert found is not None, "it was there or has been made"
    return found


def get(
    session: Session,
    *,
    org_id: UUID,
    source_id: UUID,
    of: Collection[str] | None = None,
    locked: bool = False,
) -> IntakeSource:
    """A source of the organisation, of these providers; NotFound for anybody else's."""
    query = select(IntakeSource).where(IntakeSource.id == source_id, IntakeSource.org_id == org_id)
    if of is not None:
        query = query.where(col(IntakeSource.provider).in_(of))
    found = session.exec(query.with_for_update() if locked else query).one_or_none()
    if found is None:
        raise NotFound
    return found


def list_sources(
    session: Session, org_id: UUID, page: PageQuery, *, of: Collection[str] | None = None
) -> tuple[Sequence[IntakeSource], str | None]:
    """The organisation's sources, the newest first."""
    query = select(IntakeSource).where(IntakeSource.org_id == org_id)
    if of is not None:
        query = query.where(col(IntakeSource.provider).in_(of))
    scope, filters = f"intake-sources:{org_id}", {"of": None if of is None else sorted(of)}
    return pages.newest_first(session, query, IntakeSource, page, scope=scope, filters=filters)


def change(
    session: Session, source: IntakeSource, *, actor: str, data: IntakeSourcePatch
) -> IntakeSource:
    """Change addresses, settings or the secret; the one before is taken a while longer."""
    provider = providers.find(source.provider)
    if provider is None:
        raise refused("#", "provider_unknown", "The provider is not known any more.")
    if data.settings is not None:
        source.settings = _checked(provider, data.settings)
    if "allowed_cidrs" in data.model_fields_set:
        source.allowed_cidrs = data.allowed_cidrs
        _require_addresses(provider, source)
    if data.secret is not None:
        if source.scheme is None:
            raise refused("#/secret", "not_signed", "What it sends comes with credentials.")
        before = source.secret
        source.secret = _locked_secret(provider, source, data.secret.get_secret_value())
        until = utcnow() + timedelta(hours=data.overlap_hours)
        overlaps = data.overlap_hours > 0
        source.previous_secret = before if overlaps else None
        source.previous_secret_until = until if overlaps else None
    source.version += 1
    _log(session, source, "change", actor)
    return source


def disable(session: Session, source: IntakeSource, *, actor: str) -> IntakeSource:
    """Take nothing more from a source; what it sent stays. Nothing happens the second time."""
    if source.disabled_at is None:
        source.disabled_at = db.now(session)
        source.version += 1
        _log(session, source, "disable", actor)
    return source


def _named(session: Session, org_id: UUID, name: str) -> IntakeSource | None:
    query = select(IntakeSource).where(IntakeSource.org_id == org_id, IntakeSource.name == name)
    return session.exec(query).one_or_none()


def _checked(provider: Provider, settings: dict[str, Any]) -> dict[str, Any]:
    try:
        found: BaseModel = provider.settings.model_validate(settings)
    except ValidationError as error:
        raise Invalid(
            errors=[
                FieldError(
                    pointer="/".join(["#/settings", *map(str, each["loc"])]),
                    code=each["type"],
                    detail=each["msg"],
                )
                for each in error.errors(include_url=False, include_input=False)
            ]
        ) from error
    return found.model_dump(mode="json")


def _locked_secret(provider: Provider, source: IntakeSource, secret: str) -> bytes:
    assert source.scheme is not None
    try:
        provider.schemes[source.scheme].check(secret)
    except ValueError as error:
        raise refused("#/secret", "secret_unusable", f"Expected: {error}.") from None
    return encryption.lock(secret, source.id)


def _require_addresses(provider: Provider, source: IntakeSource) -> None:
    if source.scheme is None or source.allowed_cidrs:
        return
    if provider.schemes[source.scheme].needs_addresses:
        detail = "A shared secret is taken only from addresses that are named."
        raise refused("#/allowed_cidrs", "addresses_missing", detail)


def _log(session: Session, source: IntakeSource, action: str, actor: str) -> None:
    session.flush()
    audit.record(
        session,
        f"intake_source:{source.id.hex}",
        action,
        actor=actor,
        org_id=source.org_id,
        change={
            "provider": source.provider,
            "scheme": source.scheme,
            "name": source.name,
            "allowed_cidrs": source.allowed_cidrs,
            "settings": source.settings,
            "overlapping": source.previous_secret is not None,
            "disabled": source.disabled_at is not None,
        },
    )
