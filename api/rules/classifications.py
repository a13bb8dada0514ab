"""How the codes of each classification are built: their form, level and possible parents."""

import re
from enum import StrEnum


class Scheme(StrEnum):
    """Classifications, named as OCDS names item classification schemes where it has them."""

    CPV = "CPV"
    OKGZ = "OKGZ"
    HS = "HS"
    TNVED = "TNVED"
    UNSPSC = "UNSPSC"


FORMS: dict[Scheme, tuple[re.Pattern[str], str]] = {
    Scheme.CPV: (re.compile(r"[0-9]{8}-[0-9]"), "8 digits, a hyphen and a check digit"),
    Scheme.OKGZ: (re.compile(r"[0-9]{8}-[0-9]"), "8 digits, a hyphen and a check digit"),
    Scheme.HS: (re.compile(r"(?:[0-9]{2}){1,3}"), "2, 4 or 6 digits"),
    Scheme.TNVED: (re.compile(r"[0-9]{2}|[0-9]{4}|[0-9]{6}|[0-9]{8,10}"), "2 to 10 digits"),
    Scheme.UNSPSC: (re.compile(r"[0-9]{8}"), "8 digits"),
}
_CPV_WEIGHTS = (3, 7, 1, 3, 7, 1, 3, 7)


def well_formed(scheme: Scheme, code: str) -> bool:
    """True when `code` has the form of its scheme; whether it exists only the table can tell."""
    return bool(FORMS[scheme][0].fullmatch(code))


def cpv_check_digit(number: str) -> int:
    """The check digit of eight CPV digits: weights 3, 7, 1 repeated, modulo 10.

    About 3 % of the codes of Regulation (EC) 213/2008 carry another digit, so it can suggest the
    code that was meant, but never refuse one.
    """
    return sum(w * int(d) for w, d in zip(_CPV_WEIGHTS, number, strict=True)) % 10


def level(scheme: Scheme, code: str) -> int:
    """Significant digits: 2 is a division or chapter; the larger, the narrower."""
    if scheme in (Scheme.CPV, Scheme.OKGZ):
        return max(2, len(code[:8].rstrip("0")))
    if scheme is Scheme.UNSPSC:
        significant = len(code.rstrip("0"))
        return max(2, significant + significant % 2)
    return len(code)


def parents(scheme: Scheme, code: str) -> list[str]:
    """Codes that may be its parent, nearest first.

    For CPV and OKGZ they are the eight digits alone, since the check digit is not computable
    with certainty; elsewhere whole codes. Which of them exist only the table can tell.
    """
    depth = level(scheme, code)
    if scheme in (Scheme.CPV, Scheme.OKGZ):
        return [code[:n].ljust(8, "0") for n in range(depth - 1, 1, -1)]
    if scheme is Scheme.UNSPSC:
        return [code[:n].ljust(8, "0") for n in range(depth - 2, 0, -2)]
    return [code[:n] for n in range(depth - 1, 1, -1)]


def key(scheme: Scheme, code: str) -> str:
    """What `parents` speaks of: the code, for CPV and OKGZ without its check digit."""
    return code[:8] if scheme in (Scheme.CPV, Scheme.OKGZ) else code
