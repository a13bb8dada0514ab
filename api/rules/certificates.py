"""Renewals of certificates, and goods that a certificate cannot be about. Pure.

Issuers renew a certificate under its number: the same one, with later days. It follows the former
edition without a gap, or begins when that has run out already.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

_DAY = timedelta(days=1)


class RenewalFault(StrEnum):
    """Why an edition does not renew another."""

    NEVER_ENDS = "never_ends"
    NOT_LATER = "not_later"
    NOT_BEGUN = "not_begun"


@dataclass(frozen=True, slots=True)
class Span:
    """The days of a certificate, both included; None: it does not say."""

    begins: date | None
    ends: date | None


def renewal_fault(former: Span, new: Span, today: date) -> RenewalFault | None:
    """Why `new` cannot take the place of `former` today; None when it can.

    It ends later, does not begin earlier, and leaves no day between them that is still to come: on
    such a day the certificate would count without being in force.
    """
    if former.ends is None:
        return RenewalFault.NEVER_ENDS
    if new.ends is not None and new.ends <= former.ends:
        return RenewalFault.NOT_LATER
    if new.begins is None:
        return None
    if former.begins is not None and new.begins < former.begins:
        return RenewalFault.NOT_LATER
    if new.begins > max(today, former.ends + _DAY):
        return RenewalFault.NOT_BEGUN
    return None


def not_about(
    excluded: Mapping[str, Sequence[str]], scheme: str, hs_codes: Iterable[str]
) -> list[str]:
    """Those of the customs codes that are of goods which the scheme is never about: `excluded` has
    its prefixes of the HS."""
    prefixes = tuple(excluded.get(scheme, ()))
    return sorted({code for code in hs_codes if prefixes and code.startswith(prefixes)})
