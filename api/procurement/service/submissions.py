"""What a tender asks of bids beside its lots. Never commits: the caller owns the transaction."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlmodel import Session, select

from api.core import audit, ids
from api.procurement.models import SubmissionTerms, Tender
from api.procurement.schemas import SubmissionTermsIn
from api.procurement.service import terms
from api.procurement.service.bid_problems import SubmissionTermsUnfit
from api.procurement.service.problems import NotDraft
from api.reference import service as reference
from api.rules import bid_terms
from api.rules.criteria import Criterion, DataType, Requirement
from api.rules.policy import Policy
from api.rules.tenders import Fault, TenderStage, Value


def find(session: Session, tender_id: UUID) -> SubmissionTerms | None:
    """The terms of bidding of a tender, if it has any of its own."""
    query = select(SubmissionTerms).where(SubmissionTerms.tender_id == tender_id)
    return session.exec(query).one_or_none()


def put(
    session: Session, tender: Tender, *, actor: str, data: SubmissionTermsIn
) -> SubmissionTerms:
    """Set the terms of bidding of a draft, as a whole. Raises NotDraft, or Invalid for a currency."""
    if tender.status_details not in (TenderStage.DRAFT, TenderStage.PLANNED):
        raise NotDraft
    security = data.bid_security
    if security is not None:
        reference.ensure_currency(security.currency, "#/bid_security/currency")
    found = find(session, tender.id)
    if found is None:
        found = SubmissionTerms(tender_id=tender.id, criteria=[])
    else:
        found.version += 1
    found.two_envelopes = data.two_envelopes
    found.bid_security_amount = security.amount if security else None
    found.bid_security_currency = security.currency if security else None
    found.bid_security_declaration = data.bid_security_declaration
    found.criteria = [each.model_dump(mode="json") for each in data.criteria]
    session.add(found)
    audit.record(
        session,
        f"tender:{tender.id.hex}",
        "set_submission_terms",
        actor=actor,
        org_id=tender.buyer_id,
        change={"fields": sorted(data.model_fields_set)},
    )
    return found


def check(session: Session, tender: Tender, policy: Policy) -> SubmissionTerms | None:
    """The terms of a tender that is being published. Raises SubmissionTermsUnfit."""
    found = find(session, tender.id)
    if found is None:
        return None
    faults = bid_terms.security_terms_faults(
        policy,
        required=found.bid_security,
        declaration=found.bid_security_declaration,
        worth=_worth(tender),
    )
    lots = {ids.show("lot", lot.id) for lot in tender.lots}
    faults += [
        Fault(f"#/criteria/{n}/related_lot", "unknown_lot", "is no lot of the tender")
        for n, each in enumerate(criteria_of(found.criteria))
        if each.lot is not None and each.lot not in lots
    ]
    if faults:
        raise SubmissionTermsUnfit(errors=terms.field_errors(faults))
    return found


def criteria_of(stored: Sequence[Mapping[str, Any]]) -> list[Criterion]:
    """Stored criteria as the rules take them."""
    return [
        Criterion(
            each["id"],
            [
                [_requirement(one) for one in group["requirements"]]
                for group in each["requirement_groups"]
            ],
            each["related_lot"],
        )
        for each in stored
    ]


def _requirement(stored: Mapping[str, Any]) -> Requirement:
    return Requirement(
        stored["id"],
        DataType(stored["data_type"]),
        stored["expected_value"],
        stored["min_value"],
        stored["max_value"],
    )


def _worth(tender: Tender) -> Value | None:
    if tender.value is not None:
        return tender.value
    values = [lot.value for lot in tender.lots if lot.value is not None]
    if len(values) != len(tender.lots) or not values:
        return None
    # One currency in all lots: publication has checked that.
    return Value(sum((one.amount for one in values), Decimal()), values[0].currency)
