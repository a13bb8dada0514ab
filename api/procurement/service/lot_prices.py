"""What each bid asks for a lot: as it was opened, or after the lot's reverse auction."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, NamedTuple
from uuid import UUID

from sqlmodel import Session, select

from api.procurement.models import BidLot
from api.procurement.service import auctions, importers
from api.rules import incoterms
from api.rules.incoterms import Deviation, Incoterm, Party


class LotPrice(NamedTuple):
    """A price of a lot as the bid stated it: on which basis of value-added tax, delivered how."""

    amount: Decimal
    currency: str
    vat_included: bool
    incoterm: Incoterm | None
    named_place: str | None
    dispatch_country: str | None
    place_code: str | None
    is_seller_premises: bool | None
    importer_of_record: str | None
    importer_tax_id: str | None
    vat_recovered_by: str | None
    stated_charges: Sequence[Mapping[str, Any]]
    deviations: Sequence[Deviation]
    exporter_of_record_id: UUID | None


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
            row.place_code,
            row.is_seller_premises,
            row.importer_of_record,
            importers.tax_id(row),
            row.vat_recovered_by,
            row.stated_charges,
            [Deviation(each) for each in row.deviations],
            row.exporter_of_record_id,
        )
        for row in session.exec(select(BidLot).where(BidLot.lot_id == lot_id))
    }
    if auction is None:
        return prices
    return prices | {
        bid: prices[bid]._replace(amount=amount, currency=auction.currency)
        for bid, amount in auction.prices.items()
    }


def exporter(price: LotPrice, *, supplier_id: UUID, buyer_id: UUID) -> UUID | None:
    """The organisation that declares the export: the one that the bid names, or else the side that
    the matrix and the deviations bind to clear it. None for a price without an Incoterm."""
    if price.incoterm is None:
        return None
    if price.exporter_of_record_id is not None:
        return price.exporter_of_record_id
    by_seller = incoterms.exporter(price.incoterm, price.deviations) is Party.SELLER
    return supplier_id if by_seller else buyer_id
