"""The framework agreement that a tender is to conclude: set in the draft, bounded, frozen."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlmodel import Session, col, select

from api.core import audit, ids
from api.core.errors import FieldError, Invalid
from api.identity.models import Organisation
from api.procurement.models import FrameworkTerms, Tender
from api.procurement.schemas.frameworks import FrameworkTermsIn
from api.procurement.service import policies, terms
from api.procurement.service.framework_problems import FrameworkUnfit
from api.procurement.service.problems import NotDraft
from api.rules import frameworks as rules
from api.rules import policy as policy_rules
from api.rules.permissions import OrgRole
from api.rules.tenders import TenderStage


def find(session: Session, tender_id: UUID) -> FrameworkTerms | None:
    """The agreement that a tender is to conclude; None: its awards lead to contracts."""
    query = select(FrameworkTerms).where(FrameworkTerms.tender_id == tender_id)
    return session.exec(query).one_or_none()


def seats(session: Session, tender_id: UUID) -> int:
    """How many awards a lot of the tender may have at once."""
    found = find(session, tender_id)
    return 1 if found is None else found.maximum_participants


def put(session: Session, tender: Tender, *, actor: str, data: FrameworkTermsIn) -> FrameworkTerms:
    """Let a draft conclude a framework agreement. Raises NotDraft, or Invalid for a buyer that is
    none or a tender that is a call-off itself."""
    if tender.status_details not in (TenderStage.DRAFT, TenderStage.PLANNED):
        raise NotDraft
    if tender.framework_id is not None:
        raise Invalid("A call-off concludes no framework agreement.")
    _require_buyers(session, data)
    found = find(session, tender.id)
    values = dict(data)
    values["buyers"] = [each for each in dict.fromkeys(data.buyers) if each != tender.buyer_id]
    if found is None:
        found = FrameworkTerms(tender_id=tender.id, **values)
    else:
        for name, value in values.items():
            setattr(found, name, value)
        found.version += 1
    session.add(found)
    session.flush()
    audit.record(
        session,
        f"tender:{tender.id.hex}",
        "set_framework_terms",
        actor=actor,
        org_id=tender.buyer_id,
        change={"fields": sorted(data.model_fields_set)},
    )
    return found


def freeze(session: Session, tender: Tender) -> FrameworkTerms | None:
    """Freeze today's bounds into the terms of a tender that is being published.

    Raises FrameworkUnfit, or PolicyMissing where the buyer's law knows no call-offs.
    """
    found = find(session, tender.id)
    if found is None:
        return None
    law = policies.set_in_force(session, buyer_id=tender.buyer_id, procedure=rules.CALL_OFF)
    bounds = policy_rules.parse(law.parameters).framework
    if bounds is None:
        raise FrameworkUnfit(
            f"The rules of {law.jurisdiction} give framework agreements no bounds."
        )
    faults = rules.terms_faults(
        bounds,
        duration_days=found.duration_days,
        minimum_participants=found.minimum_participants,
        maximum_participants=found.maximum_participants,
        value=tender.value,
    )
    if faults:
        raise FrameworkUnfit(errors=terms.field_errors(faults))
    found.bounds = {
        "policy_set_id": ids.show("policy", law.id),
        "legal_source": law.legal_source,
        "framework": law.parameters["framework"],
    }
    session.add(found)
    return found


def criteria_of(
    lots: Sequence[Mapping[str, Any]], requirements: Sequence[Mapping[str, Any]]
) -> dict[str, str]:
    """Every criterion that award terms and submission terms name: pointer -> its kind and id."""
    named = {
        f"#/award_terms/lots/{n}/criteria/{m}": f"{each['type']} {each['id']}"
        for n, lot in enumerate(lots)
        for m, each in enumerate(lot.get("criteria") or ())
    }
    named |= {
        f"#/award_terms/lots/{n}/life_cycle/elements/{m}": f"cost {each['id']}"
        for n, lot in enumerate(lots)
        for m, each in enumerate((lot.get("life_cycle") or {}).get("elements") or ())
    }
    return named | {f"#/criteria/{n}": each["id"] for n, each in enumerate(requirements)}


def _require_buyers(session: Session, data: FrameworkTermsIn) -> None:
    known = session.exec(
        select(Organisation.id, Organisation.roles).where(col(Organisation.id).in_(data.buyers))
    ).all()
    buyers = {org_id for org_id, roles in known if OrgRole.BUYER in roles}
    errors = [
        FieldError(pointer=f"#/buyers/{n}", code="unknown_buyer", detail="is no buyer here")
        for n, each in enumerate(data.buyers)
        if each not in buyers
    ]
    if errors:
        raise Invalid("Some buyers are not known.", errors=errors)
