"""Feeds: made, built, given out under a secret address. Never commits."""

from collections.abc import Sequence
from typing import NamedTuple
from uuid import UUID

from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, select

from api.channels.models import Feed, FeedBuild, FeedOmission
from api.channels.schemas.feeds import FeedIn
from api.channels.service import requirements
from api.core import audit, db, jobs, pages
from api.core.errors import AlreadyExists, Conflict, Forbidden, NotFound, Problem, refused
from api.core.files.models import File
from api.core.jobs import Job
from api.core.pages import PageQuery
from api.identity import credentials
from api.rules.feeds import NEEDS_LINK

TASK = "channels.build_feed"
HEAD = "kgf"
"""How secrets of feeds begin."""


class FeedBeingBuilt(Conflict):
    """A build of the feed has not ended yet."""

    code, title = "feed_being_built", "The feed is being built already"


class FeedClosed(Conflict):
    """The feed was closed, for good."""

    code, title = "feed_closed", "The feed is closed"


class OmissionsDeleted(Problem):
    """What the build left out is not kept any more: two newer ones are whole."""

    status, code, title = 410, "omissions_deleted", "The report of this build is not kept any more"


class Published(NamedTuple):
    """A feed with the document that its address leads to."""

    feed: Feed
    build: FeedBuild
    file: File


def create(
    session: Session, *, org_id: UUID, operator: bool, actor: str, data: FeedIn
) -> tuple[Feed, str]:
    """Make a feed; it, and the secret of its address.

    Raises Forbidden for everybody's offers (operator), Invalid for a market of which nothing is
    known or a format without the link that it needs, AlreadyExists for the same feed once more.
    """
    if data.everybody and not operator:
        raise Forbidden("Only the operator has a feed of everybody's offers.")
    requirements.of_market(session, data.market)
    if data.format in NEEDS_LINK and data.link_template is None:
        detail = f"{data.format} leads to a page for each item."
        raise refused("#/link_template", "missing", detail)
    secret = credentials.new_secret(HEAD)
    feed = Feed(org_id=org_id, secret_hash=secret.hash, **dict(data))
    session.add(feed)
    try:
        session.flush()
    except IntegrityError as error:
        raise AlreadyExists("You have this feed already.") from error
    _record(session, feed, "create", actor)
    return feed, secret.text


def get(session: Session, feed_id: UUID, *, org_id: UUID, lock: bool = False) -> Feed:
    """A feed of the organisation; NotFound."""
    query = select(Feed).where(Feed.id == feed_id, Feed.org_id == org_id)
    if lock:
        query = query.with_for_update().execution_options(populate_existing=True)
    found = session.exec(query).one_or_none()
    if found is None:
        raise NotFound
    return found


def list_feeds(
    session: Session, page: PageQuery, *, org_id: UUID
) -> tuple[Sequence[Feed], str | None]:
    """The organisation's feeds, newest first, and the next cursor."""
    query = select(Feed).where(Feed.org_id == org_id)
    return pages.newest_first(session, query, Feed, page, scope=f"feeds:{org_id}", filters={})


def rotate(session: Session, feed: Feed, *, actor: str) -> str:
    """Give the feed another address; the one before leads nowhere from now on. FeedClosed."""
    _require_open(feed)
    secret = credentials.new_secret(HEAD)
    feed.secret_hash = secret.hash
    feed.version += 1
    _record(session, feed, "rotate", actor)
    return secret.text


def close(session: Session, feed: Feed, *, actor: str) -> Feed:
    """End a feed for good: its address leads nowhere. Raises FeedClosed."""
    _require_open(feed)
    feed.closed_at = db.now(session)
    feed.version += 1
    _record(session, feed, "close", actor)
    return feed


def ask_build(session: Session, feed: Feed, *, actor: str) -> FeedBuild:
    """Have the feed, which is locked, built anew. Raises FeedClosed and FeedBeingBuilt."""
    _require_open(feed)
    last = _last(session, feed)
    if last is not None and last.finished_at is None and not _given_up(session, last):
        raise FeedBeingBuilt
    build = FeedBuild(
        org_id=feed.org_id, feed_id=feed.id, number=1 if last is None else last.number + 1
    )
    args = {"build_id": build.id.hex, "actor": actor}
    build.job_id = jobs.enqueue(session, TASK, args, org_id=feed.org_id).id
    session.add(build)
    session.flush()
    return build


def list_builds(
    session: Session, feed: Feed, page: PageQuery
) -> tuple[Sequence[FeedBuild], str | None]:
    """Builds of a feed, newest first, and the next cursor."""
    query = select(FeedBuild).where(FeedBuild.feed_id == feed.id)
    scope = f"feed-builds:{feed.id}"
    return pages.newest_first(session, query, FeedBuild, page, scope=scope, filters={})


def list_omissions(
    session: Session, feed: Feed, number: int, page: PageQuery
) -> tuple[Sequence[FeedOmission], str | None]:
    """What a build left out and why. NotFound; OmissionsDeleted before the two newest builds."""
    build = session.exec(
        select(FeedBuild).where(FeedBuild.feed_id == feed.id, FeedBuild.number == number)
    ).one_or_none()
    if build is None:
        raise NotFound
    newest = finished(session, feed.id)
    if newest is not None and number < newest.number - 1:
        raise OmissionsDeleted
    query = select(FeedOmission).where(FeedOmission.build_id == build.id)
    scope = f"feed-omissions:{build.id}"
    return pages.newest_first(session, query, FeedOmission, page, scope=scope, filters={})


def published(session: Session, secret: str, *, delta: bool) -> Published:
    """What the address with this secret leads to now: the newest build that is whole, or what it
    changed. NotFound for an address that nobody gave out, and before the first build.

    `session` asks for nobody; row-level security is narrowed to the owner of the feed.
    """
    if credentials.prefix_of(secret, HEAD) is None:
        raise NotFound
    proof = credentials.hashed(secret)
    db.scope(session, proof=proof)
    feed = session.exec(
        select(Feed).where(Feed.secret_hash == proof, col(Feed.closed_at).is_(None))
    ).one_or_none()
    if feed is None:
        raise NotFound
    db.scope(session, org_id=str(feed.org_id))
    build = finished(session, feed.id)
    if build is None:
        raise NotFound("The feed has not been built yet.")
    return Published(feed, build, session.get_one(File, build.delta_id if delta else build.file_id))


def finished(session: Session, feed_id: UUID) -> FeedBuild | None:
    """The newest build that is whole."""
    return session.exec(
        select(FeedBuild)
        .where(FeedBuild.feed_id == feed_id, col(FeedBuild.finished_at).is_not(None))
        .order_by(col(FeedBuild.number).desc())
        .limit(1)
    ).one_or_none()


def _last(session: Session, feed: Feed) -> FeedBuild | None:
    return session.exec(
        select(FeedBuild)
        .where(FeedBuild.feed_id == feed.id)
        .order_by(col(FeedBuild.number).desc())
        .limit(1)
    ).one_or_none()


def _given_up(session: Session, build: FeedBuild) -> bool:
    """True when no worker will go on with the build."""
    query = select(Job.failed_at).where(Job.id == build.job_id)
    return session.exec(query).one_or_none() is not None


def _require_open(feed: Feed) -> None:
    if feed.closed_at is not None:
        raise FeedClosed


def _record(session: Session, feed: Feed, action: str, actor: str) -> None:
    audit.record(
        session,
        f"feed:{feed.id.hex}",
        action,
        actor=actor,
        org_id=feed.org_id,
        change={"format": feed.format, "market": feed.market, "language": feed.language},
    )
