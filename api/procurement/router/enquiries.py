"""Routes of enquiries."""

from typing import Annotated, Any

from api.core import ids
from api.core.errors import Conflict, PreconditionFailed, PublicationInvalid
from api.core.http import documented
from api.core.pages import Page
from api.identity import access
from api.identity.access import Context, require
from api.procurement import service
from api.procurement.schemas import AnswerIn, EnquiryId, EnquiryIn, EnquiryOut, TenderId
from api.procurement.service.enquiries import Asked
from api.procurement.service.prequalification_problems import NotInvited
from api.reference.calendars import CalendarYearMissing

of_tender = access.router("/tenders", "enquiries")
router = access.router("/enquiries", "enquiries")
Read = Annotated[Context, require("tenders:read")]
Ask = Annotated[Context, require("enquiries:write")]
Answer = Annotated[Context, require("tenders:write")]


@of_tender.post(
    "/{tender_id}/enquiries",
    status_code=201,
    response_model=EnquiryOut,
    responses=documented(service.EnquiriesClosed, service.OwnTender, NotInvited),
)
def create(tender_id: TenderId, data: EnquiryIn, ctx: Ask) -> EnquiryOut:
    """Ask about a published tender until its `enquiry_period_end`; the buyer is not told who asks."""
    enquiry = service.ask(
        ctx.session, author_id=ctx.org_id, tender_id=tender_id, actor=ctx.actor, data=data
    )
    ctx.headers["Location"] = f"/v1/enquiries/{ids.show('enquiry', enquiry.id)}"
    ctx.tag(enquiry)
    return _shown((enquiry, ctx.org_id))


@of_tender.get("/{tender_id}/enquiries", response_model=Page[EnquiryOut])
def list(tender_id: TenderId, ctx: Read) -> Page[Any]:
    """What was asked about a tender, in order: answered questions, your own, all for the buyer."""
    rows = service.list_enquiries(ctx.session, org_id=ctx.org_id, tender_id=tender_id)
    return Page(items=[_shown(row) for row in rows], has_more=False, next_cursor=None)


@router.get("/{enquiry_id}", response_model=EnquiryOut)
def get(enquiry_id: EnquiryId, ctx: Read) -> EnquiryOut:
    """One question and its answer."""
    found = service.find_enquiry(ctx.session, org_id=ctx.org_id, enquiry_id=enquiry_id)
    ctx.tag(found[0])
    return _shown(found)


@router.post(
    "/{enquiry_id}/answer",
    response_model=EnquiryOut,
    responses=documented(
        service.PolicyNotFrozen,
        CalendarYearMissing,
        Conflict,
        PreconditionFailed,
        PublicationInvalid,
    ),
)
def answer(enquiry_id: EnquiryId, data: AnswerIn, ctx: Answer) -> EnquiryOut:
    """Answer a question about your tender for everybody. After `clarification_until` the tender
    period is extended as its policy says; a suspended tender goes on after its last answer."""
    tender, enquiry = service.hold_enquiry(ctx.session, buyer_id=ctx.org_id, enquiry_id=enquiry_id)
    ctx.check_version(enquiry)
    service.answer(ctx.session, tender, enquiry, actor=ctx.actor, data=data)
    ctx.tag(enquiry)
    return _shown((enquiry, None))


def _shown(asked: Asked) -> EnquiryOut:
    enquiry, author_id = asked
    return EnquiryOut.model_validate({**enquiry.model_dump(), "author_id": author_id})
