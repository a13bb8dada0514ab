"""Routes of samples."""

from typing import Annotated, Any

from fastapi import Query

from api.catalog import samples
from api.catalog.sample_models import Sample
from api.catalog.sample_schemas import (
    SampleCreditIn,
    SampleId,
    SampleIn,
    SampleOut,
    SampleQuery,
    SampleReasonIn,
    SampleShippingIn,
    SampleTermsIn,
)
from api.catalog.samples import NotCreditable, SampleTooLate
from api.core import pages
from api.core.errors import AlreadyExists, Conflict, InvalidCursor, PreconditionFailed
from api.core.http import documented
from api.core.pages import Page
from api.identity import access
from api.identity.access import Context, require

router = access.router("/samples", "samples")
Read = Annotated[Context, require("samples:read")]
Ask = Annotated[Context, require("samples:request")]
Answer = Annotated[Context, require("samples:answer")]
_MOVED = documented(Conflict, SampleTooLate, PreconditionFailed)


@router.get("", response_model=Page[SampleOut], responses=documented(InvalidCursor))
def list(ctx: Read, wanted: Annotated[SampleQuery, Query()]) -> Page[Any]:
    """Samples that you asked for or were asked for, newest first."""
    query = samples.own(ctx.org_id)
    if wanted.status is not None:
        query = query.where(Sample.status == wanted.status)
    filters = {"status": wanted.status}
    rows, cursor = pages.newest_first(
        ctx.session, query, Sample, wanted, scope=f"samples:{ctx.org_id}", filters=filters
    )
    return Page(items=[*rows], has_more=cursor is not None, next_cursor=cursor)


@router.post("", status_code=201, response_model=SampleOut, responses=documented(AlreadyExists))
def request(data: SampleIn, ctx: Ask) -> Sample:
    """Ask the seller of an offer for a sample; it has seven days to answer."""
    sample = samples.request(ctx.session, ctx.org_id, ctx.actor, data)
    ctx.tag(sample)
    return sample


@router.get("/{sample_id}", response_model=SampleOut)
def get(sample_id: SampleId, ctx: Read) -> Sample:
    """A sample that you asked for or were asked for."""
    sample = samples.get(ctx.session, ctx.org_id, sample_id)
    ctx.tag(sample)
    return sample


@router.post("/{sample_id}/offer", response_model=SampleOut, responses=_MOVED)
def offer(sample_id: SampleId, data: SampleTermsIn, ctx: Answer) -> Sample:
    """Say on which terms you send it: free or for a price, which the first order may get back."""
    sample = _locked(ctx, sample_id, "offer")
    samples.offer(ctx.session, sample, ctx.actor, data)
    ctx.tag(sample)
    return sample


@router.post("/{sample_id}/decline", response_model=SampleOut, responses=_MOVED)
def decline(sample_id: SampleId, data: SampleReasonIn, ctx: Answer) -> Sample:
    """Send none, for a reason."""
    sample = _locked(ctx, sample_id, "decline")
    samples.decline(ctx.session, sample, ctx.actor, data.reason)
    ctx.tag(sample)
    return sample


@router.post("/{sample_id}/agree", response_model=SampleOut, responses=_MOVED)
def agree(sample_id: SampleId, ctx: Ask) -> Sample:
    """Take the seller's terms, before their time is over."""
    sample = _locked(ctx, sample_id, "agree")
    samples.agree(ctx.session, sample, ctx.actor)
    ctx.tag(sample)
    return sample


@router.post("/{sample_id}/cancel", response_model=SampleOut, responses=_MOVED)
def cancel(sample_id: SampleId, data: SampleReasonIn, ctx: Ask) -> Sample:
    """Want it no more, while it was not sent."""
    sample = _locked(ctx, sample_id, "cancel")
    samples.cancel(ctx.session, sample, ctx.actor, data.reason)
    ctx.tag(sample)
    return sample


@router.post("/{sample_id}/ship", response_model=SampleOut, responses=_MOVED)
def ship(sample_id: SampleId, data: SampleShippingIn, ctx: Answer) -> Sample:
    """You have sent it: with whom, and under which number."""
    sample = _locked(ctx, sample_id, "ship")
    samples.ship(ctx.session, sample, ctx.actor, data)
    ctx.tag(sample)
    return sample


@router.post("/{sample_id}/receive", response_model=SampleOut, responses=_MOVED)
def receive(sample_id: SampleId, ctx: Ask) -> Sample:
    """You have it; there are thirty days to assess it."""
    sample = _locked(ctx, sample_id, "receive")
    samples.receive(ctx.session, sample, ctx.actor)
    ctx.tag(sample)
    return sample


@router.post("/{sample_id}/accept", response_model=SampleOut, responses=_MOVED)
def accept(sample_id: SampleId, data: SampleReasonIn, ctx: Ask) -> Sample:
    """It is as you want it, for a reason."""
    sample = _locked(ctx, sample_id, "accept")
    samples.assess(ctx.session, sample, ctx.actor, "accept", data.reason)
    ctx.tag(sample)
    return sample


@router.post("/{sample_id}/reject", response_model=SampleOut, responses=_MOVED)
def reject(sample_id: SampleId, data: SampleReasonIn, ctx: Ask) -> Sample:
    """It is not as you want it, for a reason."""
    sample = _locked(ctx, sample_id, "reject")
    samples.assess(ctx.session, sample, ctx.actor, "reject", data.reason)
    ctx.tag(sample)
    return sample


@router.post(
    "/{sample_id}/credit",
    response_model=SampleOut,
    responses=documented(NotCreditable, PreconditionFailed),
)
def credit(sample_id: SampleId, data: SampleCreditIn, ctx: Answer) -> Sample:
    """You have taken the price off an order, as it was agreed; once."""
    sample = _locked(ctx, sample_id, "credit")
    samples.credit(ctx.session, sample, ctx.actor, data.reference)
    ctx.tag(sample)
    return sample


def _locked(ctx: Context, sample_id: SampleId, action: str) -> Sample:
    sample = samples.locked(ctx.session, ctx.org_id, sample_id, action)
    ctx.check_version(sample)
    return sample
