"""How an organisation signs a paper. Pure."""

from enum import StrEnum


class SignatureMethod(StrEnum):
    """`click_to_sign` proves who called the API, and is for sandboxes; `cms` is a detached CMS over
    the document, `pades` the paper (a PDF of it) with a signature inside."""

    CLICK_TO_SIGN = "click_to_sign"
    CMS = "cms"
    PADES = "pades"


class RevocationPolicy(StrEnum):
    """What is asked of a certificate: that nothing says it is revoked, that its authority says so
    where it names where to ask, or always."""

    SOFT_FAIL = "soft-fail"
    HARD_FAIL = "hard-fail"
    REQUIRE = "require"
