"""Of old builds of feeds the documents are let go; what is known of the builds stays. Never commits.

Feeds are built by themselves, so that documents would grow without end. The newest builds of each
feed are kept whole, each with the delta that leads to it.
"""

from datetime import timedelta
from uuid import UUID

from sqlalchemy import text, update
from sqlmodel import Session, col, select

from api.channels.models import FeedBuild
from api.core import db, settings
from api.core.files import expunging

AT_ONCE = 50
READ_FOR = timedelta(hours=1)
"""Whoever began to read a document before there was a newer one has ended after so long."""
_OLD = text("""
    SELECT id FROM (
      SELECT id, finished_at, row_number() OVER newest AS place,
        lag(finished_at) OVER newest AS followed_at
      FROM feed_build WHERE finished_at IS NOT NULL AND expunged_at IS NULL
      WINDOW newest AS (PARTITION BY feed_id ORDER BY number DESC)
    ) kept
    WHERE place > :keep AND followed_at < :before ORDER BY finished_at LIMIT :at_once
""")


def expunge(session: Session) -> int:
    """Let the documents of up to `AT_ONCE` builds go; how many builds that were.

    A file stays while a kept build, or any other row, has the same bytes. A build with a file that
    somebody is just handing in waits for the next time.
    """
    now = db.now(session)
    wanted = {
        "keep": settings.get().feed_keep_builds,
        "before": now - READ_FOR,
        "at_once": AT_ONCE,
    }
    old = session.connection().scalars(_OLD, wanted).all()
    if not old:
        return 0
    query = select(FeedBuild.id, FeedBuild.file_id, FeedBuild.delta_id, FeedBuild.manifest_id)
    files = {each[0]: {*each[1:]} for each in session.exec(query.where(col(FeedBuild.id).in_(old)))}
    held = expunging.hold(session, _all(files))
    free = {build_id: named for build_id, named in files.items() if named <= held}
    session.connection().execute(
        update(FeedBuild).where(col(FeedBuild.id).in_(free)).values(expunged_at=now)
    )
    spent = col(FeedBuild.expunged_at).is_not(None)
    expunging.expunge(session, _all(free), FeedBuild, spent=spent)
    return len(free)


def _all(files: dict[UUID, set[UUID | None]]) -> set[UUID]:
    return {each for named in files.values() for each in named if each is not None}
