"""Routes by which the operator's treasury corrects and closes the books, by four eyes."""

from collections.abc import Sequence
from typing import Annotated, Any

from fastapi import Query
from sqlmodel import col, select

from api.core.errors import Conflict, NotFound, PreconditionFailed
from api.core.http import PageDep, documented
from api.core.pages import Page
from api.identity import access
from api.identity.access import Context, require
from api.payments.models import LedgerCorrection, LedgerDay
from api.payments.problems import (
    AlreadyReversed,
    CorrectionFourEyes,
    CorrectionMoot,
    DayClosed,
    DayNotOver,
    InsufficientFunds,
    MatchUneven,
)
from api.payments.schemas.corrections import (
    CloseDayIn,
    CorrectionIn,
    CorrectionOut,
    LedgerCorrectionId,
    LedgerDayOut,
)
from api.payments.service import corrections, nights
from api.rules.corrections import CorrectionStatus

router = access.router("/ledger", "ledger")
Read = Annotated[Context, require("treasury:read")]
Propose = Annotated[Context, require("treasury:write", key=True)]
Decide = Annotated[Context, require("treasury:write", if_match=True)]
_MOST_DAYS = 100


@router.post(
    "/corrections",
    status_code=201,
    response_model=CorrectionOut,
    responses=documented(NotFound, CorrectionMoot, MatchUneven),
)
def propose_correction(data: CorrectionIn, ctx: Propose) -> LedgerCorrection:
    """Propose to reverse a transaction, to match lines and entries by hand, or to write off what fits
    nothing; somebody else carries it out."""
    return _shown(ctx, corrections.propose(ctx.session, actor=ctx.actor, data=data))


@router.get("/corrections", response_model=Page[CorrectionOut])
def list_corrections(
    ctx: Read, page: PageDep, status: Annotated[CorrectionStatus | None, Query()] = None
) -> Page[Any]:
    """Corrections, newest first."""
    items, cursor = corrections.list_all(ctx.session, page, status=status)
    return Page(items=[*items], has_more=cursor is not None, next_cursor=cursor)


@router.get("/corrections/{correction_id}", response_model=CorrectionOut)
def get_correction(correction_id: LedgerCorrectionId, ctx: Read) -> LedgerCorrection:
    """One correction."""
    return _shown(ctx, corrections.get(ctx.session, correction_id))


@router.post(
    "/corrections/{correction_id}/carry-out",
    response_model=CorrectionOut,
    responses=documented(
        Conflict,
        PreconditionFailed,
        CorrectionFourEyes,
        CorrectionMoot,
        MatchUneven,
        AlreadyReversed,
        InsufficientFunds,
        DayClosed,
    ),
)
def carry_out_correction(correction_id: LedgerCorrectionId, ctx: Decide) -> LedgerCorrection:
    """Do what somebody else has proposed. A reversal is booked today, and of the transaction alone:
    what it was part of is not told."""
    found = _held(ctx, correction_id)
    return _shown(ctx, corrections.carry_out(ctx.session, found, actor=ctx.actor))


@router.post(
    "/corrections/{correction_id}/refuse",
    response_model=CorrectionOut,
    responses=documented(Conflict, PreconditionFailed),
)
def refuse_correction(correction_id: LedgerCorrectionId, ctx: Decide) -> LedgerCorrection:
    """Leave the books as they are; who has proposed it may take it back so."""
    found = _held(ctx, correction_id)
    return _shown(ctx, corrections.refuse(ctx.session, found, actor=ctx.actor))


@router.post(
    "/days",
    status_code=201,
    response_model=LedgerDayOut,
    responses=documented(DayClosed, DayNotOver),
)
def close_day(data: CloseDayIn, ctx: Propose) -> LedgerDay:
    """Close a day that is over, and all before it: from now on nothing is booked on them."""
    return nights.close_day(ctx.session, data.day, actor=ctx.actor, reason=data.reason)


@router.get("/days", response_model=list[LedgerDayOut])
def list_days(ctx: Read) -> Sequence[LedgerDay]:
    """The days that were closed last, newest first, up to a hundred."""
    query = select(LedgerDay).order_by(col(LedgerDay.day).desc()).limit(_MOST_DAYS)
    return ctx.session.exec(query).all()


def _held(ctx: Context, correction_id: LedgerCorrectionId) -> LedgerCorrection:
    found = corrections.locked(ctx.session, correction_id)
    ctx.check_version(found)
    return found


def _shown(ctx: Context, found: LedgerCorrection) -> LedgerCorrection:
    ctx.tag(found)
    return found
