"""Routes of feeds: made and built by their owner, read by whoever has their address."""

from typing import Annotated, Any

from fastapi import Header, Path, Response
from starlette.responses import StreamingResponse

from api.channels.models import Feed, FeedBuild
from api.channels.schemas.feeds import (
    FeedAddressOut,
    FeedBuildOut,
    FeedId,
    FeedIn,
    FeedOmissionOut,
    FeedOut,
)
from api.channels.service import feed_formats, feeds
from api.channels.service.feeds import FeedBeingBuilt, FeedClosed, OmissionsDeleted
from api.core import db, settings
from api.core.errors import AlreadyExists, Forbidden, NotFound, PreconditionFailed
from api.core.files import service as files
from api.core.files import store
from api.core.files.problems import FileWithheld
from api.core.http import PageDep, documented, public_router
from api.core.pages import Page
from api.identity import access
from api.identity.access import Context, require
from api.rules.feeds import FeedFormat
from api.rules.permissions import OrgRole

router = access.router("/feeds", "feeds")
published = public_router("/feeds", "published-feeds")
Read = Annotated[Context, require("feeds:read")]
Write = Annotated[Context, require("feeds:write")]
Change = Annotated[Context, require("feeds:write", if_match=True)]
Number = Annotated[int, Path(ge=1, le=2**31 - 1, description="Of the build, from 1")]
Secret = Annotated[str, Path(max_length=200, description="From the address of the feed")]
Known = Annotated[str | None, Header(max_length=1000, description="The `ETag` you have")]
_ANSWER: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The document; `ETag` is its SHA-256",
        "content": {
            each.media_type: {"schema": {"type": "string", "format": "binary"}}
            for each in feed_formats.FORMATS.values()
        },
    },
    304: {"description": "The version that If-None-Match names is the current one"},
    **documented(NotFound, FileWithheld),
}


@router.post(
    "",
    status_code=201,
    response_model=FeedAddressOut,
    responses=documented(AlreadyExists, Forbidden),
)
def create(data: FeedIn, ctx: Write) -> FeedAddressOut:
    """Make a feed of your offers; the answer shows its address, this once."""
    operator = ctx.has_role(OrgRole.OPERATOR)
    feed, secret = feeds.create(
        ctx.session, org_id=ctx.org_id, operator=operator, actor=ctx.actor, data=data
    )
    return _addressed(ctx, feed, secret)


@router.get("", response_model=Page[FeedOut])
def list(ctx: Read, page: PageDep) -> Page[Any]:
    """Your feeds, the newest first."""
    rows, cursor = feeds.list_feeds(ctx.session, page, org_id=ctx.org_id)
    return Page(items=[*rows], has_more=cursor is not None, next_cursor=cursor)


@router.get("/{feed_id}", response_model=FeedOut)
def get(feed_id: FeedId, ctx: Read) -> Feed:
    """One feed of yours."""
    found = feeds.get(ctx.session, feed_id, org_id=ctx.org_id)
    ctx.tag(found)
    return found


@router.post(
    "/{feed_id}/rotate",
    response_model=FeedAddressOut,
    responses=documented(FeedClosed, PreconditionFailed),
)
def rotate(feed_id: FeedId, ctx: Change) -> FeedAddressOut:
    """Give a feed another address; the one before leads nowhere from now on."""
    feed = _held(ctx, feed_id)
    return _addressed(ctx, feed, feeds.rotate(ctx.session, feed, actor=ctx.actor))


@router.post(
    "/{feed_id}/close",
    response_model=FeedOut,
    responses=documented(FeedClosed, PreconditionFailed),
)
def close(feed_id: FeedId, ctx: Change) -> Feed:
    """End a feed for good: its address leads nowhere."""
    feed = feeds.close(ctx.session, _held(ctx, feed_id), actor=ctx.actor)
    ctx.tag(feed)
    return feed


@router.post(
    "/{feed_id}/builds",
    status_code=202,
    response_model=FeedBuildOut,
    responses=documented(FeedBeingBuilt, FeedClosed),
)
def build(feed_id: FeedId, ctx: Write) -> FeedBuild:
    """Have a feed built anew: a job, whose progress is at `/v1/jobs/{job_id}`. Until it has ended,
    readers have the build before."""
    feed = feeds.get(ctx.session, feed_id, org_id=ctx.org_id, lock=True)
    made = feeds.ask_build(ctx.session, feed, actor=ctx.actor)
    assert made.job_id is not None
    ctx.headers["Location"] = f"/v1/jobs/job_{made.job_id.hex}"
    return made


@router.get("/{feed_id}/builds", response_model=Page[FeedBuildOut])
def builds(feed_id: FeedId, ctx: Read, page: PageDep) -> Page[Any]:
    """Builds of a feed, the newest first: what each has, and what it changed."""
    feed = feeds.get(ctx.session, feed_id, org_id=ctx.org_id)
    rows, cursor = feeds.list_builds(ctx.session, feed, page)
    return Page(items=[*rows], has_more=cursor is not None, next_cursor=cursor)


@router.get(
    "/{feed_id}/builds/{number}/omissions",
    response_model=Page[FeedOmissionOut],
    responses=documented(OmissionsDeleted),
)
def omissions(feed_id: FeedId, number: Number, ctx: Read, page: PageDep) -> Page[Any]:
    """What a build left out or shortened, and why, offer by offer; of the two newest builds."""
    feed = feeds.get(ctx.session, feed_id, org_id=ctx.org_id)
    rows, cursor = feeds.list_omissions(ctx.session, feed, number, page)
    return Page(items=[*rows], has_more=cursor is not None, next_cursor=cursor)


@published.get("/{secret}", response_class=Response, responses=_ANSWER)
def read(secret: Secret, if_none_match: Known = None) -> Response:
    """The newest build of a feed, for who has its address."""
    return _sent(secret, if_none_match, delta=False)


@published.get("/{secret}/delta", response_class=Response, responses=_ANSWER)
def read_delta(secret: Secret, if_none_match: Known = None) -> Response:
    """What the newest build of a feed added, changed and removed."""
    return _sent(secret, if_none_match, delta=True)


def _sent(secret: str, known: str | None, *, delta: bool) -> Response:
    with db.unit_of_work() as session:
        found = feeds.published(session, secret, delta=delta)
        files.require_given(found.file)
        file, written = found.file, feed_formats.FORMATS[FeedFormat(found.feed.format)]
        name = f"{found.feed.market}-{found.feed.language}.{written.extension}".lower()
        headers = {
            "ETag": f'"{file.sha256}"',
            "Cache-Control": "private, max-age=60",
            "Feed-Build": str(found.build.number),
        }
    tags = {each.strip().removeprefix("W/") for each in (known or "").split(",")}
    if headers["ETag"] in tags or "*" in tags:
        return Response(status_code=304, headers=headers)
    headers |= {
        "Content-Length": str(file.size),
        "Content-Disposition": f'attachment; filename="{name}"',
        "Content-Security-Policy": "default-src 'none'; sandbox",
    }
    pieces = store.get().read(file.key or "", 0, file.size)
    return StreamingResponse(pieces, headers=headers, media_type=written.media_type)


def _held(ctx: Context, feed_id: FeedId) -> Feed:
    found = feeds.get(ctx.session, feed_id, org_id=ctx.org_id, lock=True)
    ctx.check_version(found)
    return found


def _addressed(ctx: Context, feed: Feed, secret: str) -> FeedAddressOut:
    ctx.tag(feed)
    ctx.headers["Cache-Control"] = "no-store"
    url = f"{settings.get().base_url.rstrip('/')}/feeds/{secret}"
    told = FeedOut.model_validate(feed).model_dump(mode="python")
    return FeedAddressOut(**told, url=url, delta_url=f"{url}/delta")
