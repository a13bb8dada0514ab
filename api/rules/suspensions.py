"""Appeals against the suspension of an organisation. Pure."""

from enum import StrEnum

from api.rules.states import Machine


class AppealStatus(StrEnum):
    """An appeal lapses when the suspension ends for another reason before it is decided."""

    FILED = "filed"
    UPHELD = "upheld"
    DISMISSED = "dismissed"
    LAPSED = "lapsed"


_A = AppealStatus
APPEAL = Machine(
    {
        "uphold": (frozenset({_A.FILED}), _A.UPHELD),
        "dismiss": (frozenset({_A.FILED}), _A.DISMISSED),
        "lapse": (frozenset({_A.FILED}), _A.LAPSED),
    }
)


def may_decide(actor: str, suspended_by: str) -> bool:
    """True for everybody but the one who suspended."""
    return actor != suspended_by
