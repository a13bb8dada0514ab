"""Setting how the bids of a tender are made comparable, while it is a draft."""

from sqlmodel import Session, col, select

from api.core import ids
from api.core.errors import FieldError, Invalid
from api.delivery.models import LandedCostTerms, TransportRoute
from api.delivery.schemas.landed_costs import LandedCostTermsIn
from api.delivery.service import asking
from api.procurement.models import Tender
from api.procurement.service import tenders
from api.procurement.service.problems import NotDraft
from api.rules.tenders import TenderStage


def set_terms(
    session: Session, tender: Tender, *, actor: str, data: LandedCostTermsIn
) -> LandedCostTerms:
    """Say what the goods are for customs, and which routes and rates count for all bids.

    Raises NotDraft once the tender is published (suppliers bid by these terms), or Invalid for an
    item that is not the tender's, an item that is left out, or a route that does not exist.
    """
    if tender.status_details not in (TenderStage.DRAFT, TenderStage.PLANNED):
        raise NotDraft(f"The tender is {tender.status}; its landed-cost terms are fixed.")
    _refuse_faults(session, tender, data)
    row = asking.find_terms(session, tender.id)
    if row is None:
        row = LandedCostTerms(tender_id=tender.id, routes=[], goods={}, version=0)
    row.fx_source, row.routes = data.fx_source, [*dict.fromkeys(data.routes)]
    row.goods = {name: goods.model_dump(mode="json") for name, goods in data.goods.items()}
    row.version += 1
    session.add(row)
    session.flush()
    change = {"routes": row.routes, "items": len(row.goods)}
    tenders.record(session, tender, "set_landed_cost_terms", actor=actor, change=change)
    return row


def _refuse_faults(session: Session, tender: Tender, data: LandedCostTermsIn) -> None:
    items = {ids.show("item", item.id) for lot in tender.lots for item in lot.items}
    errors = [
        FieldError(pointer=f"#/goods/{name}", code="unknown_item", detail="is not of the tender")
        for name in data.goods
        if name not in items
    ]
    errors += [
        FieldError(pointer=f"#/goods/{name}", code="missing", detail="every item is needed")
        for name in sorted(items - data.goods.keys())
    ]
    known = {
        *session.exec(select(TransportRoute.code).where(col(TransportRoute.code).in_(data.routes)))
    }
    errors += [
        FieldError(pointer=f"#/routes/{n}", code="unknown_route", detail=f"there is no {code}")
        for n, code in enumerate(data.routes)
        if code not in known
    ]
    if errors:
        raise Invalid("Bids cannot be compared by these terms.", errors=errors)
