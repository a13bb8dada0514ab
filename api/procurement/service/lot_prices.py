"""What each bid asks for a lot: as it was opened, or after the lot's reverse auction."""

from collections.abc import Mapping
from decimal import Decimal
from typing import NamedTuple
from uuid import UUID

from sqlmodel import Session, select

from api.procurement.models import BidLot
from api.procurement.service import auctions


class LotPrice(NamedTuple):
    """A price of a lot, on the basis of value-added tax that the bid stated."""

    amount: Decimal
    currency: str
    vat_included: bool


def of_lot(session: Session, lot_id: UUID) -> Mapping[UUID, LotPrice]:
    """The prices of the opened bids for a lot, by the bid."""
    stated = {
        row.bid_id: LotPrice(row.value_amount, row.value_currency, row.vat_included)
        for row in session.exec(select(BidLot).where(BidLot.lot_id == lot_id))
    }
    after = auctions.final_prices(session, lot_id)
    if after is None:
        return stated
    currency, prices = after
    return stated | {
        bid: LotPrice(amount, currency, stated[bid].vat_included) for bid, amount in prices.items()
    }
