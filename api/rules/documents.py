"""Documents of tenders: to whom they are shown. Pure."""

from enum import StrEnum


class Confidentiality(StrEnum):
    """Who reads a document of a tender, beside its buyer."""

    PUBLIC = "public"
    BUYER_ONLY = "buyerOnly"
