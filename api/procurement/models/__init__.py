"""The tables of procurement, one file per noun."""

from api.procurement.models.enquiries import Enquiry, EnquiryAuthor
from api.procurement.models.tenders import Amendment, Item, Lot, Tender

__all__ = ["Amendment", "Enquiry", "EnquiryAuthor", "Item", "Lot", "Tender"]
