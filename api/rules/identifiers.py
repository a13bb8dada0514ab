"""Identifiers of organisations: which schemes there are and what their numbers look like.

Two are written here; the registers of any other country are data (`Register`).
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

_INN = re.compile(r"[0-9]{14}")
_MODULUS = 11


class IdentifierScheme(StrEnum):
    """Schemes as OCDS party identifiers name them: <country>-<register>."""

    CN_USCC = "CN-USCC"
    KG_INN = "KG-INN"


COUNTRY = {IdentifierScheme.CN_USCC: "CN", IdentifierScheme.KG_INN: "KG"}


@dataclass(frozen=True, slots=True)
class Register:
    """A register as its country's data describe it.

    A number has so many digits. Where there are `weights`, the last digit is a check digit: the
    sum of the others by the first weights, modulo 11; where that is 10, by the next weights. A
    number for which every sum is 10 is never given out.
    """

    code: str
    digits: int
    weights: Sequence[Sequence[int]] = ()

    def accepts(self, number: str) -> bool:
        """True for a number of the right length whose check digit, if it has one, is right."""
        if len(number) != self.digits or not (number.isascii() and number.isdigit()):
            return False
        *others, last = map(int, number)
        if not self.weights:
            return True
        for weights in self.weights:
            found = sum(n * by for n, by in zip(others, weights, strict=True)) % _MODULUS
            if found < _MODULUS - 1:
                return found == last
        return False


def inn_is_valid(number: str) -> bool:
    """Kyrgyz taxpayer number (INN): 14 digits, for people and organisations alike."""
    return bool(_INN.fullmatch(number))
