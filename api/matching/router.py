"""Routes of matches, invitations and the engine."""

from collections.abc import Sequence
from typing import Annotated, Literal

from fastapi import Query

from api.catalog.types import OfferId
from api.core import ids
from api.core.errors import Conflict, PreconditionFailed, Unavailable
from api.core.http import PageDep, documented
from api.core.pages import Page
from api.identity import access
from api.identity.access import Context, require
from api.identity.jobs_router import JobOut
from api.identity.schemas import OrganisationId
from api.matching import (
    digest_router,
    duplicates_router,
    search_router,
    service,
    standings,
)
from api.matching.invitations import RequestClosed, SupplierCannotBid
from api.matching.models import Invitation, Match, MatchFeedback, MatchingModel
from api.matching.schemas import (
    BlockerOut,
    ExplanationOut,
    FeedbackIn,
    FeedbackOut,
    InvitationAnswerIn,
    InvitationId,
    InvitationIn,
    InvitationOut,
    ItemId,
    MatchId,
    MatchOut,
    ModelOut,
    PerformanceWarningOut,
    ReplayOut,
    RequestOut,
    TenderId,
    WhyNotOut,
)
from api.matching.standings import SupplierBelowPolicy
from api.matching.text.language import Language
from api.matching.why_not import Standing
from api.rules.invitations import InvitationStatus
from api.rules.matching import RequestKind
from api.rules.matching_blockers import BlockerCode
from api.rules.scorecards import Act

matches = access.router("", "matches")
invitations = access.router("", "invitations")
engine = access.router("/matching", "matching")
ROUTERS = (
    search_router.offers,
    duplicates_router.router,
    matches,
    invitations,
    engine,
    digest_router.router,
    digest_router.public,
)

Read = Annotated[Context, require("matches:read")]
Write = Annotated[Context, require("matches:write")]
ReadInvitations = Annotated[Context, require("invitations:read")]
Answer = Annotated[Context, require("invitations:answer")]
Admin = Annotated[Context, require("matching:admin")]
Blocked = Literal["none", "any"] | BlockerCode
LanguageQuery = Annotated[Language, Query(description="Language of the sentences")]


@matches.get("/tenders/{tender_id}/matches", response_model=Page[MatchOut])
def list(
    tender_id: TenderId,
    ctx: Read,
    page: PageDep,
    item: ItemId | None = None,
    min_rank: Annotated[int | None, Query(ge=1, description="This rank or a better one")] = None,
    domestic: bool | None = None,
    blockers: Annotated[Blocked | None, Query(description="none, any, or a code")] = None,
    seller: OrganisationId | None = None,
) -> Page[MatchOut]:
    """The ranked offers for your tender, item by item; only its buyer sees them."""
    rows, cursor = service.list_matches(
        ctx.session,
        page,
        buyer_id=ctx.org_id,
        tender_id=tender_id,
        item_id=item,
        min_rank=min_rank,
        domestic=domestic,
        blockers=str(blockers) if blockers else None,
        seller_id=seller,
    )
    shown = [MatchOut.model_validate(row) for row in rows]
    return Page(items=shown, has_more=cursor is not None, next_cursor=cursor)


@matches.get("/matches/{match_id}", response_model=MatchOut)
def get(match_id: MatchId, ctx: Read) -> Match:
    """One match of a tender: for the buyer, and for the seller when the request is public."""
    return service.get_match(
        ctx.session, org_id=ctx.org_id, match_id=match_id, kind=RequestKind.TENDER
    )


@matches.get("/matches/{match_id}/explanation", response_model=ExplanationOut)
def explain(match_id: MatchId, ctx: Read, language: LanguageQuery = Language.RU) -> ExplanationOut:
    """Why the offer stands where it stands, in words."""
    match = service.get_match(ctx.session, org_id=ctx.org_id, match_id=match_id)
    text = service.explained(ctx.session, match, language)
    return ExplanationOut(match_id=match.id, language=language.value, text=text)


@matches.get("/matches/{match_id}/replay", response_model=ReplayOut)
def replay(match_id: MatchId, ctx: Read) -> ReplayOut:
    """Compute the score again from the stored inputs; `same` is true unless the code changed."""
    match = service.get_match(ctx.session, org_id=ctx.org_id, match_id=match_id)
    again = service.replay(ctx.session, match)
    columns = again.columns()
    return ReplayOut(
        match_id=match.id,
        algorithm_version=match.algorithm_version,
        model_id=match.model_id,
        stored_score=match.score,
        replayed_score=again.score,
        same=again.score == match.score
        and (columns["parts"], columns["blockers"]) == (match.parts, match.blockers),
        parts=columns["parts"],
        blockers=[BlockerOut.model_validate(blocker) for blocker in columns["blockers"]],
        inputs=match.inputs,
    )


@matches.post("/matches/{match_id}/feedback", response_model=FeedbackOut)
def judge(match_id: MatchId, data: FeedbackIn, ctx: Write) -> MatchFeedback:
    """Say whether a match was good; it is kept as an example to learn from."""
    return service.give_feedback(
        ctx.session, buyer_id=ctx.org_id, actor=ctx.actor, match_id=match_id, data=data
    )


@matches.get("/requests-for-me", response_model=Page[RequestOut])
def list_requests(ctx: Read, page: PageDep, include_closed: bool = False) -> Page[RequestOut]:
    """Public requests that your offers answer, newest first, each with your best offer for it."""
    rows, cursor = service.requests_for(
        ctx.session, page, seller_id=ctx.org_id, include_closed=include_closed
    )
    shown = [
        RequestOut(match=MatchOut.model_validate(match), **service.request_fields(item))
        for match, item in rows
    ]
    return Page(items=shown, has_more=cursor is not None, next_cursor=cursor)


@matches.get(
    "/offers/{offer_id}/match-explanations",
    response_model=WhyNotOut,
    responses=documented(Unavailable),
)
def explain_offer(
    offer_id: OfferId, item: ItemId, ctx: Read, language: LanguageQuery = Language.RU
) -> Standing:
    """Why your offer was or was not matched to an item of a public request."""
    return service.why_not(
        ctx.session, seller_id=ctx.org_id, offer_id=offer_id, item_id=item, language=language
    )


@invitations.post(
    "/tenders/{tender_id}/invitations",
    status_code=201,
    response_model=InvitationOut,
    responses=documented(Conflict, SupplierCannotBid, SupplierBelowPolicy, RequestClosed),
)
def create(tender_id: TenderId, data: InvitationIn, ctx: Write) -> InvitationOut:
    """Ask a supplier to take part in your tender."""
    invitation = service.invite(
        ctx.session, buyer_id=ctx.org_id, actor=ctx.actor, tender_id=tender_id, data=data
    )
    ctx.headers["Location"] = f"/v1/invitations/{ids.show('invitation', invitation.id)}"
    ctx.tag(invitation)
    found = standings.findings(
        ctx.session, buyer_id=ctx.org_id, seller_ids=[data.seller_id], act=Act.INVITATION
    )
    warnings = [PerformanceWarningOut.model_validate(each) for each in found]
    shown = InvitationOut.model_validate(invitation)
    return shown.model_copy(update={"performance_warnings": warnings})


@invitations.get("/invitations", response_model=Page[InvitationOut], name="list")
def list_invitations(
    ctx: ReadInvitations,
    page: PageDep,
    status: InvitationStatus | None = None,
    tender: TenderId | None = None,
) -> Page[InvitationOut]:
    """Invitations that you sent or received, newest first."""
    rows, cursor = service.list_invitations(
        ctx.session, page, org_id=ctx.org_id, status=status, tender_id=tender
    )
    shown = [InvitationOut.model_validate(row) for row in rows]
    return Page(items=shown, has_more=cursor is not None, next_cursor=cursor)


@invitations.post(
    "/invitations/{invitation_id}/accept",
    response_model=InvitationOut,
    responses=documented(Conflict),
)
def accept(
    invitation_id: InvitationId, ctx: Answer, data: InvitationAnswerIn | None = None
) -> Invitation:
    """Say that you will take part."""
    return service.answer(
        ctx.session,
        seller_id=ctx.org_id,
        actor=ctx.actor,
        invitation_id=invitation_id,
        action="accept",
        reason=data.reason if data else None,
    )


@invitations.post(
    "/invitations/{invitation_id}/decline",
    response_model=InvitationOut,
    responses=documented(Conflict),
)
def decline(
    invitation_id: InvitationId, ctx: Answer, data: InvitationAnswerIn | None = None
) -> Invitation:
    """Say that you will not take part."""
    return service.answer(
        ctx.session,
        seller_id=ctx.org_id,
        actor=ctx.actor,
        invitation_id=invitation_id,
        action="decline",
        reason=data.reason if data else None,
    )


@invitations.post(
    "/invitations/{invitation_id}/withdraw",
    response_model=InvitationOut,
    responses=documented(Conflict, PreconditionFailed),
)
def withdraw(
    invitation_id: InvitationId, ctx: Write, data: InvitationAnswerIn | None = None
) -> Invitation:
    """Take your invitation back."""
    return service.withdraw(
        ctx.session,
        buyer_id=ctx.org_id,
        actor=ctx.actor,
        invitation_id=invitation_id,
        reason=data.reason if data else None,
    )


@engine.post("/reindex", status_code=202, response_model=JobOut)
def reindex(ctx: Admin) -> JobOut:
    """Write the index anew with the current encoder; follow GET /v1/jobs/{id}."""
    return JobOut.of(service.start_reindex(ctx.session, org_id=ctx.org_id, actor=ctx.actor))


@engine.get("/models", response_model=Sequence[ModelOut])
def list_models(ctx: Read) -> Sequence[MatchingModel]:
    """The models that scored and score, newest first, with weights and parameters."""
    return service.list_models(ctx.session)
