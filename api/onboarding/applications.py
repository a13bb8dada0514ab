"""The application of an organisation: what is asked of it, where it stands, and the operator's word
on it as a whole. Never commits."""

from datetime import date
from typing import Any
from uuid import UUID

from sqlmodel import Session, col, select
from stdnum.cn import uscc

from api.core import db
from api.core.errors import NotFound
from api.identity import evidence_lists, levels, regions, service
from api.identity.models import Organisation
from api.onboarding import names
from api.onboarding.models import Evidence
from api.onboarding.problems import EvidenceMissing
from api.onboarding.schemas import AskedState
from api.rules.clock import local_date
from api.rules.identifiers import IdentifierScheme, inn_is_valid
from api.rules.verification import EvidenceStatus, Required, missing


def of(session: Session, organisation: Organisation) -> dict[str, Any]:
    """Level, evidence by kind, and hints, as they are today."""
    today = local_date(db.now(session))
    required = _required(organisation, today)
    standing = levels.standing_of(session, organisation, today)
    return {
        "organisation_id": organisation.id,
        "status": organisation.status,
        "verification_level": standing.level,
        "level_through": standing.through,
        "list_valid_from": evidence_lists.in_force(today).valid_from,
        "asked": _asked(session, organisation.id, required, today),
        "identifier_valid": _identifier_valid(session, organisation),
        "name_hints": names.between(organisation.legal_name),
        "version": organisation.version,
    }


def seen(session: Session, org_id: UUID, *, by: UUID, operator: bool) -> Organisation:
    """An organisation whose application the caller may see: its own, or any for the operator."""
    if org_id != by and not operator:
        raise NotFound
    return service.get_organisation(session, org_id)


def submit(session: Session, *, org_id: UUID, actor: str) -> Organisation:
    """Hand the application in. Raises EvidenceMissing for a kind of the first level that is neither
    in force nor waiting for its review; Conflict when it is no draft."""
    organisation = service.get_organisation(session, org_id)
    today = local_date(db.now(session))
    there = _waiting(session, org_id) | _in_force(session, org_id, today)
    lacking = missing(_required(organisation, today), there, 1)
    if lacking:
        raise EvidenceMissing(f"The first level asks for {', '.join(sorted(lacking))}.")
    return service.change_status(
        session, actor=actor, org_id=org_id, action="submit", reason="Application"
    )


def approve(session: Session, *, org_id: UUID, actor: str, reason: str) -> Organisation:
    """Verify an organisation by its evidence. Raises EvidenceMissing while what is in force supports
    no level; Conflict when it has not applied."""
    organisation = service.get_organisation(session, org_id)
    today = local_date(db.now(session))
    if not levels.standing_of(session, organisation, today).level:
        lacking = missing(_required(organisation, today), _in_force(session, org_id, today), 1)
        raise EvidenceMissing(f"Not in force: {', '.join(sorted(lacking))}.")
    return service.change_status(
        session, actor=actor, org_id=org_id, action="verify", reason=reason
    )


def _asked(session: Session, org_id: UUID, required: Required, today: date) -> list[dict[str, Any]]:
    waiting = _waiting(session, org_id)
    ends: dict[str, date] = {}
    holding = set()
    for each in levels.attested(session, org_id):
        ends[each.kind] = max(each.last_day, ends.get(each.kind, each.last_day))
        if each.holds_on(today):
            holding.add(each.kind)

    def state(kind: str) -> AskedState:
        if kind in holding:
            return AskedState.IN_FORCE
        if kind in waiting:
            return AskedState.IN_REVIEW
        return AskedState.LAPSED if kind in ends else AskedState.MISSING

    return [
        {"kind": kind, "level": level, "state": state(kind), "valid_through": ends.get(kind)}
        for level, kinds in sorted(required.items())
        for kind in sorted(kinds)
    ]


def _waiting(session: Session, org_id: UUID) -> set[str]:
    query = select(Evidence.kind).where(
        Evidence.org_id == org_id, col(Evidence.status) == EvidenceStatus.SUBMITTED
    )
    return {*session.exec(query)}


def _in_force(session: Session, org_id: UUID, today: date) -> set[str]:
    return {each.kind for each in levels.attested(session, org_id) if each.holds_on(today)}


def _required(organisation: Organisation, today: date) -> Required:
    return evidence_lists.required(organisation.country, organisation.roles, today)


def _identifier_valid(session: Session, organisation: Organisation) -> bool:
    number = organisation.identifier_id
    match organisation.identifier_scheme:
        case IdentifierScheme.CN_USCC:
            return bool(uscc.is_valid(number))
        case IdentifierScheme.KG_INN:
            return inn_is_valid(number)
        case scheme:
            register = regions.register(session, scheme)
            return register is not None and register.accepts(number)
