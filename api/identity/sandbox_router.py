"""Routes about the clock of a sandbox."""

from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, Field

from api.core import db, sandbox
from api.core.http import documented
from api.core.sandbox import LONGEST_SHIFT, SandboxOnly
from api.identity import access
from api.identity.access import Context, require
from api.identity.schemas import Input

router = access.router("/test-clock", "sandbox")
Read = Annotated[Context, require("organisation:read")]
Admin = Annotated[Context, require("sandbox:admin")]


class AdvanceIn(Input):
    """How far the clock moves forward; it never moves back."""

    seconds: int = Field(ge=1, le=LONGEST_SHIFT, examples=[86_400])


class ClockOut(BaseModel):
    """What the installation's clock says."""

    now: datetime


@router.get("", response_model=ClockOut, responses=documented(SandboxOnly))
def get(ctx: Read) -> ClockOut:
    """The time by which deadlines are judged here, in a sandbox."""
    sandbox.require()
    return ClockOut(now=db.now(ctx.session))


@router.post("/advance", response_model=ClockOut, responses=documented(SandboxOnly))
def advance(data: AdvanceIn, ctx: Admin) -> ClockOut:
    """Move the sandbox's clock forward, for everybody; what is due then happens."""
    return ClockOut(now=sandbox.advance(ctx.session, actor=ctx.actor, seconds=data.seconds))
