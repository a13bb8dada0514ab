"""What payers and banks write so that money finds its way: ISO 11649 references, end-to-end ids."""

import re
from uuid import UUID

from stdnum import iso11649
from stdnum.iso7064 import mod_97_10

_DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_BITS, _LENGTH = 80, 16
# Overlapping, because letters of the text around may look like the beginning of one.
_CANDIDATE = re.compile(rf"(?=(RF\d\d[0-9A-Z]{{{_LENGTH}}}))")


def creditor_reference(id: UUID) -> str:
    """What a payer writes, of the random part of an id: `RF`, two check digits, 16 characters."""
    body = _code(id)
    return f"RF{mod_97_10.calc_check_digits(body + 'RF')}{body}"


def end_to_end_id(id: UUID) -> str:
    """What a payment that goes out is known by: as long as MT940 can hold (field 61, 16x)."""
    return _code(id)


def found_in(*texts: str | None) -> list[str]:
    """The references in what a payer wrote, with or without spaces; each once, in order."""
    found: dict[str, None] = {}
    for each in texts:
        plain = re.sub(r"[^0-9A-Z]", "", (each or "").upper())
        found |= {c: None for c in _CANDIDATE.findall(plain) if iso11649.is_valid(c)}
    return [*found]


def _code(id: UUID) -> str:
    number, code = id.int & ((1 << _BITS) - 1), ""
    for _ in range(_LENGTH):
        number, digit = divmod(number, 36)
        code = _DIGITS[digit] + code
    return code
