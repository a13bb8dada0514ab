"""Call-offs without reopening competition: whom the rule of the agreement names gets the award.

Never commits. Such a call-off is a tender without bids: it is published with its award proposed,
which somebody else decides, and everything after is as after any award.
"""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy.orm import selectinload
from sqlmodel import Session, select

from api.core import db
from api.core.errors import FieldError, Invalid
from api.procurement.models import Award, FrameworkAgreement, Item, Lot, Tender
from api.procurement.schemas import LotIn, TenderIn
from api.procurement.schemas.frameworks import CallOffIn, CallOffLotIn
from api.procurement.service import (
    agreements,
    awards,
    call_off_terms,
    plans,
    policies,
    tenders,
)
from api.procurement.service.award_problems import NoBidLeft
from api.rules.frameworks import CALL_OFF, FrameworkMethod


def make(
    session: Session,
    agreement: FrameworkAgreement,
    *,
    buyer_id: UUID,
    actor: str,
    data: CallOffIn,
) -> tuple[Tender, Sequence[Award]]:
    """Call off for a buyer: the published tender, and an award of each lot, proposed by `actor`.

    Raises CallOffRefused, CeilingExceeded, NoBidLeft, SupplierDebarred, PolicyMissing,
    ProcedureNotAllowed, TermsInconsistent, PlanNotMet or Invalid.
    """
    framework = session.exec(
        select(Tender)
        .where(Tender.id == agreement.tender_id)
        .options(selectinload(Tender.lots).selectinload(Lot.items))  # type: ignore[arg-type]
    ).one()
    tender = tenders.create(
        session, buyer_id=buyer_id, actor=actor, data=_draft(framework, agreement, data)
    )
    tender.framework_method = FrameworkMethod.WITHOUT_REOPENING
    _publish(session, tender, agreement, actor=actor)
    made = [
        awards.propose(session, tender, actor=actor, lot_id=lot.id, reason=data.reason)
        for lot in tender.lots
    ]
    return tender, made


def _publish(
    session: Session, tender: Tender, agreement: FrameworkAgreement, *, actor: str
) -> None:
    call_off_terms.check(session, tender)
    for lot in tender.lots:
        order = agreements.allocated(session, tender, lot)
        if not order:
            raise NoBidLeft
        lot.value_amount, lot.value_currency = order[0].total, agreement.ceiling_currency
    policy = policies.freeze(session, tender)
    tenders.refuse_inconsistent(tender)
    plans.commit_to_plan(session, tender, policy)
    tender.published_at = db.now(session)
    change = {
        "framework": agreement.ocid,
        "allocation": agreement.allocation,
        "policy_set": tender.policy_set_id.hex if tender.policy_set_id else None,
    }
    tenders.move(session, tender, "call_off", actor=actor, change=change)


def _draft(framework: Tender, agreement: FrameworkAgreement, data: CallOffIn) -> TenderIn:
    """The call-off as any other draft, its texts those of the framework."""
    lots = {lot.id: lot for lot in framework.lots}
    errors = list[FieldError]()
    made = list[LotIn]()
    for n, asked in enumerate(data.lots):
        lot = lots.get(asked.lot_id)
        items = {item.id: item for item in lot.items} if lot else {}
        unknown = [m for m, each in enumerate(asked.items) if each.item_id not in items]
        errors += [
            FieldError(
                pointer=f"#/lots/{n}/items/{m}/item_id",
                code="unknown_item",
                detail="is no item of this lot of the framework",
            )
            for m in unknown
        ]
        if lot is not None and not unknown:
            made.append(_lot(lot, items, asked))
    if errors:
        raise Invalid("Some items are not those of the framework.", errors=errors)
    return TenderIn.model_validate(
        {
            "language": framework.language,
            "title": data.title or framework.title,
            "description": framework.description,
            "procedure": CALL_OFF,
            "framework_id": framework.id,
            "mode": framework.mode,
            "accelerator": framework.accelerator,
            "quick": framework.quick,
            "main_procurement_category": framework.main_procurement_category,
            "lots": made,
        }
    )


def _lot(lot: Lot, items: dict[UUID, Item], asked: CallOffLotIn) -> LotIn:
    return LotIn.model_validate(
        {
            "title": lot.title,
            "plan_item_id": asked.plan_item_id,
            "delivery_place_code": asked.delivery_place_code or lot.delivery_place_code,
            "delivery_address": asked.delivery_address,
            "delivery_period_start": asked.delivery_period_start,
            "delivery_period_end": asked.delivery_period_end,
            "incoterms": lot.incoterms,
            "required_certificates": lot.required_certificates,
            "items": [_item(items[each.item_id], str(each.quantity)) for each in asked.items],
        }
    )


def _item(item: Item, quantity: str) -> dict[str, object]:
    return {
        "description": item.description,
        "specification": item.specification,
        "classification": item.classification,
        "additional_classifications": item.additional_classifications,
        "quantity": quantity,
        "unit_code": item.unit_code,
        "framework_item_id": item.id,
    }
