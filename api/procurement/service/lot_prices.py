"""What each bid asks for a lot: as it was opened, or after the lot's reverse auction."""

from collections.abc import Mapping
from decimal import Decimal
from typing import NamedTuple
from uuid import UUID

from sqlmodel import Session, select

from api.procurement.models import BidLot
from api.procurement.service import auctions
from api.rules.incoterms import Incoterm


class LotPrice(NamedTuple):
    """A price of a lot as the bid stated it: on which basis of value-added tax, delivered how."""

    amount: Decimal
    currency: str
    vat_included: bool
    incoterm: Incoterm | None
    named_place: str | None
    dispatch_country: str | None


def of_lot(
    session: Session, lot_id: UUID, auction: auctions.Result | None
) -> Mapping[UUID, LotPrice]:
    """The prices of the opened bids for a lot, by the bid; `auction` is what its auction came to."""
    prices = {
        row.bid_id: LotPrice(
            row.value_amount,
            row.value_currency,
            row.vat_included,
            row.incoterm,
            row.named_place,
            row.dispatch_country,
        )
        for row in session.exec(select(BidLot).where(BidLot.lot_id == lot_id))
    }
    if auction is None:
        return prices
    return prices | {
        bid: prices[bid]._replace(amount=amount, currency=auction.currency)
        for bid, amount in auction.prices.items()
    }
