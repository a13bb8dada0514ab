"""Whether offers can be delivered now, as whoever sees them may know. Never commits."""

from collections.abc import Collection
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import case, exists, func, or_
from sqlmodel import Session, col, select

from api.catalog.models import Offer
from api.catalog.stock_models import ProductionCapacity, StockLevel
from api.rules.stock import Availability


def now(today: date) -> Any:
    """Expression of an offer: in stock when the smallest order may leave today; a backorder when
    goods are made, come later, or are sold before they are there; null when its seller tells nothing.
    """
    told = func.kerben_stock_state(col(Offer.id), col(Offer.min_order_quantity), today)
    begins, ends = col(ProductionCapacity.valid_from), col(ProductionCapacity.valid_through)
    made = exists().where(
        col(ProductionCapacity.product_id) == col(Offer.product_id),
        col(ProductionCapacity.unit_code) == col(Offer.unit_code),
        or_(begins.is_(None), begins <= today),
        or_(ends.is_(None), ends >= today),
    )
    return case(
        (told == Availability.IN_STOCK.value, told),
        (made, Availability.BACKORDER.value),
        else_=told,
    )


def dates(session: Session, offer_ids: Collection[UUID], today: date) -> dict[UUID, date]:
    """From which day goods of these offers come that are not there yet; for who sees all stock."""
    query = (
        select(StockLevel.offer_id, func.min(StockLevel.available_from))
        .where(
            col(StockLevel.offer_id).in_(offer_ids),
            col(StockLevel.available_from) > today,
            col(StockLevel.on_hand) > col(StockLevel.reserved),
        )
        .group_by(col(StockLevel.offer_id))
    )
    return {offer_id: day for offer_id, day in session.exec(query) if day is not None}
