"""The tables of procurement, one file per noun."""

from api.procurement.models.tenders import Amendment, Item, Lot, Tender

__all__ = ["Amendment", "Item", "Lot", "Tender"]
