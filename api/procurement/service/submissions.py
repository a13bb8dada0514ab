"""What a tender asks of bids beside its lots. Never commits: the caller owns the transaction."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlmodel import Session, select

from api.core import audit, ids
from api.core.errors import Invalid
from api.procurement.models import SubmissionTerms, Tender
from api.procurement.schemas import SubmissionTermsIn
from api.procurement.schemas.criteria import CriterionIn
from api.procurement.service import terms
from api.procurement.service.bid_problems import SubmissionTermsUnfit
from api.procurement.service.problems import NotDraft
from api.reference import service as reference
from api.rules import bid_terms
from api.rules.amendments import Json
from api.rules.criteria import Criterion, DataType, RelatesTo, Requirement
from api.rules.policy import Policy
from api.rules.shortlists import Key, Order, Shortlist
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
    found.shortlist = data.shortlist.model_dump(mode="json") if data.shortlist else None
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
    faults += _lot_faults(tender, found.criteria)
    if faults:
        raise SubmissionTermsUnfit(errors=terms.field_errors(faults))
    return found


def replace_criteria(
    session: Session, tender: Tender, found: SubmissionTerms | None, criteria: Sequence[CriterionIn]
) -> SubmissionTerms:
    """Write the criteria of a published tender anew. Raises Invalid for a lot that is not its own."""
    found = found or SubmissionTerms(tender_id=tender.id, criteria=[], version=0)
    found.criteria = [each.model_dump(mode="json") for each in criteria]
    faults = _lot_faults(tender, found.criteria)
    if faults:
        raise Invalid("Some criteria are of no lot.", errors=terms.field_errors(faults))
    found.version += 1
    session.add(found)
    return found


def snapshot(found: SubmissionTerms | None) -> dict[str, Json]:
    """What an amendment may change of the criteria: JSON pointer (criteria by id) -> value.

    Titles and descriptions may be corrected; everything else that a criterion asks for is a term.
    """
    told: dict[str, Json] = {}
    for criterion in found.criteria if found else ():
        at = f"#/criteria/{criterion['id']}"
        prose = ("title", "description")
        told |= {f"{at}/{name}": criterion[name] for name in prose}
        told[f"{at}/terms"] = {k: v for k, v in criterion.items() if k not in prose}
    return told


def _lot_faults(tender: Tender, criteria: Sequence[Mapping[str, Any]]) -> list[Fault]:
    lots = {ids.show("lot", lot.id) for lot in tender.lots}
    return [
        Fault(f"#/criteria/{n}/related_lot", "unknown_lot", "is no lot of the tender")
        for n, each in enumerate(criteria_of(criteria))
        if each.lot is not None and each.lot not in lots
    ]


def shortlist_of(found: SubmissionTerms | None) -> Shortlist | None:
    """The stored shortlist as the rules take it."""
    if found is None or found.shortlist is None:
        return None
    keys = [Key(e["requirement_id"], Order(e["order"])) for e in found.shortlist["ranked_by"]]
    return Shortlist(found.shortlist["maximum_candidates"], keys)


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
            RelatesTo(each.get("relates_to", RelatesTo.TENDERER)),
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
        stored.get("pattern"),
    )


def _worth(tender: Tender) -> Value | None:
    if tender.value is not None:
        return tender.value
    values = [lot.value for lot in tender.lots if lot.value is not None]
    if len(values) != len(tender.lots) or not values:
        return None
    # One currency in all lots: publication has checked that.
    return Value(sum((one.amount for one in values), Decimal()), values[0].currency)
