"""What makes a tender a call-off from a framework agreement, and what the agreement allows of it."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from sqlmodel import Session, col, select

from api.core import db
from api.core.errors import FieldError, Invalid
from api.procurement.models import AwardTerms, BidItem, BidLot, Item, Tender
from api.procurement.schemas import LotIn, TenderIn
from api.procurement.service import agreements, framework_terms, submissions, terms
from api.procurement.service.agreements import Agreed
from api.procurement.service.contents import Read
from api.procurement.service.framework_problems import CallOffRefused
from api.rules import frameworks as rules
from api.rules.frameworks import FrameworkMethod, PriceOffered
from api.rules.tenders import Fault


def check_link(session: Session, data: TenderIn) -> FrameworkMethod | None:
    """How a new draft calls off; None when it does not.

    Raises Invalid for a framework that is none, of the other mode, or without the procedure of
    call-offs. Whether the buyer may call off is asked when the tender is published.
    """
    if data.framework_id is None:
        return None
    framework = session.get(Tender, data.framework_id)
    agreement = agreements.find(session, data.framework_id)
    errors = []
    if framework is None or agreement is None:
        said = "is no tender that has concluded a framework agreement"
        errors.append(FieldError(pointer="#/framework_id", code="no_framework", detail=said))
    elif framework.mode is not data.mode:
        said = f"must be {framework.mode}, as the framework is"
        errors.append(FieldError(pointer="#/mode", code="mode_differs", detail=said))
    if data.procedure != rules.CALL_OFF:
        said = f"must be {rules.CALL_OFF}"
        errors.append(FieldError(pointer="#/procedure", code="procedure_differs", detail=said))
    if errors:
        raise Invalid("This is no call-off.", errors=errors)
    return FrameworkMethod.WITH_REOPENING


def check_items(session: Session, framework_id: UUID | None, lots: Sequence[LotIn]) -> None:
    """Raise Invalid unless each item of a call-off names one of its framework, and of other
    tenders none does."""
    named = {
        f"#/lots/{n}/items/{m}/framework_item_id": item.framework_item_id
        for n, lot in enumerate(lots)
        for m, item in enumerate(lot.items)
    }
    query = select(Item.id).where(Item.tender_id == framework_id)
    known = set() if framework_id is None else {*session.exec(query)}
    errors = [
        FieldError(
            pointer=pointer, code="unknown_item", detail="must name an item of the framework"
        )
        for pointer, item_id in named.items()
        if (item_id not in known if framework_id is not None else item_id is not None)
    ]
    if errors:
        raise Invalid("Items of a call-off are those of its framework.", errors=errors)


def check(session: Session, tender: Tender) -> None:
    """What the agreement says to a call-off that is being published. Raises CallOffRefused."""
    if tender.framework_id is None and tender.procedure != rules.CALL_OFF:
        return
    found = None if tender.framework_id is None else agreements.find(session, tender.framework_id)
    agreement = agreements.require_open(found, tender, now=db.now(session))
    faults = [*_term_faults(session, tender)]
    if tender.procedure != rules.CALL_OFF:
        detail = f"must be {rules.CALL_OFF}"
        faults.append(Fault("#/procedure", "procedure_differs", detail))
    end = tender.tender_period_end
    if end is not None and end >= agreement.period_end:
        detail = f"must be before the agreement's, {agreement.period_end.isoformat()}"
        faults.append(Fault("#/tender_period_end", "outside_period", detail))
    able = {each.lot_id for each in agreements.active(session, agreement.tender_id)}
    currency, left = agreement.ceiling_currency, agreement.ceiling_amount - agreement.drawn_amount
    for n, lot in enumerate(tender.lots):
        of_lot = agreements.framework_lot(session, lot)
        if of_lot is None or len({each.framework_item_id for each in lot.items}) < len(lot.items):
            detail = "must be different items of one lot of the framework"
            faults.append(Fault(f"#/lots/{n}/items", "items_of_several_lots", detail))
        elif of_lot not in able:
            detail = "has no active supplier in the agreement"
            faults.append(Fault(f"#/lots/{n}", "no_supplier", detail))
        if lot.value is not None and lot.value.currency != currency:
            faults.append(Fault(f"#/lots/{n}/value", "currency_differs", f"must be in {currency}"))
    if tender.value is not None and tender.value.currency != currency:
        faults.append(Fault("#/value", "currency_differs", f"must be in {currency}"))
    elif tender.value is not None and tender.value.amount > left:
        faults.append(Fault("#/value", "above_ceiling", "is more than the agreement has left"))
    if faults:
        raise CallOffRefused(errors=terms.field_errors(faults))


def check_criteria(session: Session, tender: Tender) -> None:
    """Raise CallOffRefused when a call-off asks for what its framework had not announced."""
    faults = _term_faults(session, tender)
    if faults:
        raise CallOffRefused(errors=terms.field_errors(faults))


def held(agreed: Mapping[UUID, Agreed], read: Read, *, within: bool) -> Read:
    """An opened bid of a call-off, with a fault for each price that the agreement does not allow.

    `agreed` are the prices of its supplier by item; `within`: it may not ask for more.
    """
    lots = {row["lot_id"]: row for model, row in read.rows if model is BidLot}
    faults, offered = list[Fault](), list[PriceOffered]()
    for _, row in (each for each in read.rows if each[0] is BidItem):
        pointer, found = f"#/lots/items/{row['item_id'].hex}", agreed.get(row["item_id"])
        price = found.unit_price if found else None
        offered.append(PriceOffered(pointer, row["unit_price_amount"], price))
        if within and found and lots[row["lot_id"]]["vat_included"] != found.vat_included:
            detail = "must state value-added tax as the agreement does"
            faults.append(Fault(pointer, "vat_differs", detail))
    faults += rules.price_faults(offered, within=within)
    return Read([], {}, faults) if faults else read


def _term_faults(session: Session, tender: Tender) -> list[Fault]:
    if tender.framework_id is None:
        return []
    announced = {*_criteria(session, tender.framework_id).values(), "price price"}
    return rules.unannounced(announced, [*_criteria(session, tender.id).items()])


def _criteria(session: Session, tender_id: UUID) -> dict[str, str]:
    ranked = session.exec(
        select(AwardTerms.lots).where(col(AwardTerms.tender_id) == tender_id)
    ).one_or_none()
    asked = submissions.find(session, tender_id)
    return framework_terms.criteria_of(ranked or [], asked.criteria if asked else [])
