"""What matching asks of sourcing: the items of open requests as demands. Never commits.

The same engine answers a request from China with products from Kyrgyzstan, and the other way round.
"""

from uuid import UUID

from sqlalchemy.orm import selectinload
from sqlmodel import Session, select

from api.reference import service as reference
from api.rules.clock import local_date
from api.rules.matching import Demand
from api.rules.sourcing import Audience, RfqStatus
from api.sourcing.models import Rfq


def demands(session: Session, rfq_id: UUID) -> list[Demand]:
    """One demand per item of a published request; none of any other.

    Those of a request for the invited are its buyer's alone. The order is expected on the day (in
    Bishkek) of the deadline; the target price by the quantity is the budget of the item.
    """
    query = select(Rfq).where(Rfq.id == rfq_id, Rfq.status == RfqStatus.PUBLISHED)
    rfq = session.exec(query.options(selectinload(Rfq.items))).one_or_none()  # type: ignore[arg-type]
    if rfq is None:
        return []
    country = reference.country_of_place(session, rfq.destination_place_code)
    assert country is not None, "the place was checked"
    return [
        Demand(
            item_id=item.id,
            lot_id=item.id,
            tender_id=rfq.id,
            buyer_id=rfq.buyer_id,
            texts=item.description,
            quantity=item.quantity,
            unit_code=item.unit_code,
            delivery_country=country,
            ordered_on=local_date(rfq.closes_at),
            deliver_by=rfq.deliver_by,
            specification=item.specification,
            context=rfq.title,
            cpv_code=item.cpv_code,
            hs_code=item.hs_code or (item.tnved_code[:6] if item.tnved_code else None),
            lot_budget=item.target_price and item.target_price * item.quantity,
            lot_budget_currency=rfq.currency,
            delivery_place_code=rfq.destination_place_code,
            incoterms=(rfq.incoterm,) if rfq.incoterm is not None else (),
            public=rfq.audience is Audience.OPEN,
        )
        for item in rfq.items
    ]
