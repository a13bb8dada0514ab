"""Identifiers of organisations: which schemes there are and what their numbers look like."""

import re
from enum import StrEnum

_INN = re.compile(r"[0-9]{14}")


class IdentifierScheme(StrEnum):
    """Schemes as OCDS party identifiers name them: <country>-<register>."""

    CN_USCC = "CN-USCC"
    KG_INN = "KG-INN"


COUNTRY = {IdentifierScheme.CN_USCC: "CN", IdentifierScheme.KG_INN: "KG"}


def inn_is_valid(number: str) -> bool:
    """Kyrgyz taxpayer number (INN): 14 digits, for people and organisations alike."""
    return bool(_INN.fullmatch(number))
