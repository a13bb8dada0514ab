"""The account on which the money of a security lies: of its own, and of nobody's bid."""

from api.payments.models import Security
from api.rules.guarantees import GuaranteeKind
from api.rules.ledger import AccountKey, AccountKind


def key(security: Security) -> AccountKey:
    """What names it. It has the security's id, not the bid's: accounts are seen by the operator,
    who must not learn which bid an amount belongs to."""
    kind = (
        AccountKind.BID_SECURITY_LIABILITY
        if security.kind is GuaranteeKind.BID
        else AccountKind.PERFORMANCE_SECURITY_LIABILITY
    )
    return AccountKey(kind, security.currency, security.id)
