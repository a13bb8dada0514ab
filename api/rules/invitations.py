"""Life of an invitation to take part in a tender."""

from enum import StrEnum

from api.rules.states import Machine


class InvitationStatus(StrEnum):
    INVITED = "invited"
    ACCEPTED = "accepted"
    DECLINED = "declined"
    WITHDRAWN = "withdrawn"


_S = InvitationStatus
INVITATION = Machine(
    {
        "accept": (frozenset({_S.INVITED}), _S.ACCEPTED),
        "decline": (frozenset({_S.INVITED, _S.ACCEPTED}), _S.DECLINED),
        "withdraw": (frozenset({_S.INVITED, _S.ACCEPTED}), _S.WITHDRAWN),
    }
)
