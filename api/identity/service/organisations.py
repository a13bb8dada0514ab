"""Organisations. Never commits: the caller owns the transaction."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from uuid import UUID

from sqlmodel import Session, col, select

from api.core import audit, db
from api.core.errors import AlreadyExists, Conflict, NotFound
from api.core.outbox import emit
from api.identity import levels, regions
from api.identity.models import DEFAULT_REGIME, Organisation
from api.identity.schemas import OrganisationIn, RegimeIn
from api.rules.clock import local_date
from api.rules.organisations import ORGANISATION, OrganisationStatus
from api.rules.permissions import OrgRole, scopes_of
from api.rules.policy import ProcurementRegime
from api.rules.states import IllegalTransition

VOUCHED_FOR = timedelta(days=365)


def create_organisation(session: Session, *, actor: str, data: OrganisationIn) -> Organisation:
    """Enter a party; Invalid for a number that its register does not give out, AlreadyExists when
    it is known."""
    regions.require_identifier(session, data.identifier.scheme, data.identifier.id)
    duplicate = session.exec(
        select(Organisation.id).where(
            Organisation.identifier_scheme == data.identifier.scheme,
            Organisation.identifier_id == data.identifier.id,
        )
    ).one_or_none()
    if duplicate is not None:
        raise AlreadyExists("An organisation with this identifier exists already.")
    organisation = Organisation(
        roles=sorted(data.roles),
        country=data.country,
        legal_name={str(code): name for code, name in data.legal_name.items()},
        identifier_scheme=data.identifier.scheme,
        identifier_id=data.identifier.id,
        place_code=data.place_code,
        languages=list(data.languages),
        procurement_regime=data.procurement_regime,
        status=OrganisationStatus.DRAFT if data.draft else OrganisationStatus.SUBMITTED,
    )
    session.add(organisation)
    session.flush()
    _log(session, organisation, "create", actor, {"identifier": data.identifier.id})
    return organisation


def buying_rules(session: Session, org_id: UUID) -> tuple[str, ProcurementRegime]:
    """The country and the regime whose rules the organisation's tenders follow; NotFound."""
    query = select(Organisation.country, Organisation.procurement_regime).where(
        Organisation.id == org_id
    )
    found = session.exec(query).one_or_none()
    if found is None:
        raise NotFound
    country, regime = found
    return country, ProcurementRegime(regime or DEFAULT_REGIME)


def operators(session: Session) -> Sequence[UUID]:
    """Who runs the marketplace, in a fixed order."""
    operator = col(Organisation.roles).contains([OrgRole.OPERATOR.value])
    return session.exec(
        select(Organisation.id).where(operator).order_by(col(Organisation.id))
    ).all()


def get_organisation(session: Session, org_id: UUID) -> Organisation:
    """Any organisation that the caller may see."""
    organisation = session.get(Organisation, org_id)
    if organisation is None:
        raise NotFound
    return organisation


def verify(session: Session, *, actor: str, org_id: UUID, level: int) -> Organisation:
    """The operator's own word for a level (1-3), for `VOUCHED_FOR`; evidence needs no word."""
    organisation = locked(session, org_id)
    organisation.verification_level = level
    organisation.verified_through = local_date(db.now(session)) + VOUCHED_FOR
    move(session, organisation, "verify", actor, {"level": level})
    levels.watch(session, organisation)
    return organisation


def change_status(
    session: Session, *, actor: str, org_id: UUID, action: str, reason: str
) -> Organisation:
    """Take a step of an organisation's life, with a reason for the audit trail. To suspend and to
    reinstate are steps of `suspensions`."""
    organisation = locked(session, org_id)
    move(session, organisation, action, actor, {"reason": reason})
    return organisation


def set_regime(session: Session, *, actor: str, org_id: UUID, data: RegimeIn) -> Organisation:
    """Say whose rules the tenders that a buyer publishes from now on follow."""
    organisation = locked(session, org_id)
    before, organisation.procurement_regime = organisation.buys_under, data.procurement_regime
    change = {"before": before, "after": data.procurement_regime, "reason": data.reason}
    _log(session, organisation, "set_regime", actor, change)
    return organisation


def full_scopes(organisation: Organisation) -> list[str]:
    """Every scope that an organisation's first client may have."""
    return scopes_of([OrgRole(role) for role in organisation.roles])


def locked(session: Session, org_id: UUID) -> Organisation:
    """An organisation that is about to be changed; NotFound."""
    query = select(Organisation).where(Organisation.id == org_id).with_for_update()
    organisation = session.exec(query).one_or_none()
    if organisation is None:
        raise NotFound
    return organisation


def move(
    session: Session,
    organisation: Organisation,
    action: str,
    actor: str,
    change: Mapping[str, object],
) -> None:
    """The one place that writes `organisation.status`."""
    before = organisation.status
    try:
        organisation.status = ORGANISATION.apply(action, before)
    except IllegalTransition as error:
        raise Conflict(str(error)) from error
    _log(session, organisation, action, actor, {"before": before, **change})


def _log(
    session: Session,
    organisation: Organisation,
    action: str,
    actor: str,
    change: Mapping[str, object],
) -> None:
    organisation.version += action != "create"
    org_id = organisation.id
    stream = f"organisation:{org_id.hex}"
    audit.record(session, stream, action, actor=actor, org_id=org_id, change=dict(change))
    version = organisation.version
    emit(session, "organisation.changed", org_id, org_id=org_id, action=action, version=version)
