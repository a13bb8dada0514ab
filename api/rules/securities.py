"""Securities for bids and contracts: how one lives, when it goes back, what it may be kept for. Pure."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from api.rules.bids import BidStage
from api.rules.contracts import ContractStatus
from api.rules.guarantees import GuaranteeKind
from api.rules.periods import DayUnit, Duration, Rounding, Timetable
from api.rules.policy import ForfeitureGround, LateSecurity, SecurityTerms
from api.rules.states import Machine
from api.rules.tenders import has_ended


class SecurityStatus(StrEnum):
    """`requested`: nothing has come, or not all of the money. `received`: a guarantee waits to be
    verified. `held`: it is good. `returning`: it is on its way back, which for money takes a payment
    that may fail, or come back from the payer's bank after it was settled. `cancelled`: nothing came,
    or nothing good, or the payer's bank took it back."""

    REQUESTED = "requested"
    RECEIVED = "received"
    HELD = "held"
    RETURNING = "returning"
    RETURNED = "returned"
    FORFEITED = "forfeited"
    CANCELLED = "cancelled"


class ForfeitureStatus(StrEnum):
    """A decision to keep a security: proposed by one, approved by another, contested by the payer
    in time or not, then upheld or annulled by the reviewers, and executed once."""

    PROPOSED = "proposed"
    APPROVED = "approved"
    CONTESTED = "contested"
    UPHELD = "upheld"
    EXECUTED = "executed"
    ANNULLED = "annulled"
    WITHDRAWN = "withdrawn"


class ReturnCause(StrEnum):
    """Why a security goes back."""

    LATE = "late"
    WITHDRAWAL = "withdrawal"
    TENDER_OVER = "tender_over"
    AWARD = "award"
    CONTRACT_SIGNED = "contract_signed"
    VALIDITY_ENDED = "validity_ended"
    CONTRACT_OVER = "contract_over"
    RELEASED = "released"


_S, _F, _G = SecurityStatus, ForfeitureStatus, ForfeitureGround
LIVE = frozenset({_S.REQUESTED, _S.RECEIVED, _S.HELD, _S.RETURNING})
"""A bid, or a contract, has one such security of a kind at a time."""
SECURITY = Machine(
    {
        "receive": (frozenset({_S.REQUESTED}), _S.RECEIVED),
        "hold": (frozenset({_S.RECEIVED}), _S.HELD),
        "lose": (frozenset({_S.HELD}), _S.REQUESTED),
        "cancel": (frozenset({_S.REQUESTED, _S.RECEIVED}), _S.CANCELLED),
        "begin_return": (frozenset({_S.REQUESTED, _S.RECEIVED, _S.HELD}), _S.RETURNING),
        "complete_return": (frozenset({_S.RETURNING}), _S.RETURNED),
        "come_back": (frozenset({_S.RETURNED}), _S.RETURNING),
        "forfeit": (frozenset({_S.HELD}), _S.FORFEITED),
        "charge_back": (frozenset({_S.HELD, _S.RETURNING}), _S.CANCELLED),
    }
)
DECIDED = frozenset({_F.APPROVED, _F.CONTESTED, _F.UPHELD})
"""While a decision stands so, the security is not returned."""
PENDING = DECIDED | {_F.PROPOSED}
FORFEITURE = Machine(
    {
        "approve": (frozenset({_F.PROPOSED}), _F.APPROVED),
        "withdraw": (PENDING, _F.WITHDRAWN),
        "contest": (frozenset({_F.APPROVED}), _F.CONTESTED),
        "uphold": (frozenset({_F.CONTESTED}), _F.UPHELD),
        "annul": (frozenset({_F.CONTESTED}), _F.ANNULLED),
        "execute": (frozenset({_F.APPROVED, _F.UPHELD}), _F.EXECUTED),
    }
)
GROUNDS: dict[GuaranteeKind, frozenset[ForfeitureGround]] = {
    GuaranteeKind.BID: frozenset(
        {
            _G.WITHDRAWAL_AFTER_DEADLINE,
            _G.REFUSAL_TO_SIGN,
            _G.NO_PERFORMANCE_SECURITY,
            _G.FALSE_STATEMENT,
        }
    ),
    GuaranteeKind.PERFORMANCE: frozenset({_G.BREACH_OF_CONTRACT, _G.FALSE_STATEMENT}),
    GuaranteeKind.ADVANCE: frozenset({_G.ADVANCE_NOT_REPAID, _G.BREACH_OF_CONTRACT}),
}
"""What a security of a kind may be kept for; the policy of the tender names those that it has."""
_AT_ONCE = Duration(0, DayUnit.CALENDAR, Rounding.NONE)
ON_DEMAND = SecurityTerms(
    held=False,
    late=LateSecurity.REFUSED,
    bid_validity=_AT_ONCE,
    guarantee_margin=_AT_ONCE,
    return_duration=_AT_ONCE,
    forfeiture_grounds=GROUNDS[GuaranteeKind.ADVANCE],
    contest_duration=_AT_ONCE,
    performance_required=False,
    performance_return_duration=_AT_ONCE,
)
"""The guarantee of an advance where the rules of the tender have no securities: it is paid on demand
(URDG 758, articles 15 and 20), once two people of the buyer have decided it, and goes back with the
end of the contract."""
_NOT_COMPETING = frozenset({BidStage.WITHDRAWN, BidStage.LAPSED})


def grounds(
    kind: GuaranteeKind, allowed: Collection[ForfeitureGround]
) -> frozenset[ForfeitureGround]:
    """What a security of this kind may be kept for where the policy allows these grounds."""
    return GROUNDS[kind] & frozenset(allowed)


def counts(
    *, received_at: datetime, due_at: datetime, opened_at: datetime | None, late: LateSecurity
) -> bool:
    """True when a bid security counts: in time, or, where the policy says so, before the opening."""
    if not has_ended(due_at, received_at):
        return True
    return late is LateSecurity.UNTIL_OPENING and (opened_at is None or received_at < opened_at)


@dataclass(frozen=True, slots=True, kw_only=True)
class BidFacts:
    """What the return of a bid security depends on. None: it has not happened."""

    stage: BidStage
    ended_at: datetime | None
    """When the bid was withdrawn, or lapsed."""
    tender_over_at: datetime | None
    """When the tender, or every lot, was cancelled or ended without an award."""
    others_awarded_at: datetime | None
    """From when the awards to others can no longer be undone, if the bid has none itself."""
    signed_at: datetime | None
    """When a contract with the bid's supplier came into force, nothing of it being open."""
    validity_end: datetime


def bid_return(
    facts: BidFacts, table: Timetable, duration: Duration
) -> tuple[ReturnCause, datetime]:
    """Why and by when a bid security is to go back: `duration` after the first cause."""
    moments = {
        ReturnCause.WITHDRAWAL: facts.ended_at if facts.stage in _NOT_COMPETING else None,
        ReturnCause.TENDER_OVER: facts.tender_over_at,
        ReturnCause.AWARD: facts.others_awarded_at,
        ReturnCause.CONTRACT_SIGNED: facts.signed_at,
        ReturnCause.VALIDITY_ENDED: facts.validity_end,
    }
    at, cause = min((at, cause) for cause, at in moments.items() if at is not None)
    return cause, table.after(at, duration)


def contract_return(
    status: ContractStatus, over_at: datetime | None, table: Timetable, duration: Duration
) -> tuple[ReturnCause, datetime] | None:
    """Why and by when the security of a contract is to go back: `duration`, which covers the
    warranty, after its end; at once for one that was never signed. None: not yet."""
    if status is ContractStatus.CANCELLED and over_at is not None:
        return ReturnCause.CONTRACT_OVER, over_at
    if status is ContractStatus.TERMINATED and over_at is not None:
        return ReturnCause.CONTRACT_OVER, table.after(over_at, duration)
    return None
