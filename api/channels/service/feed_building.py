"""Building a feed in steps: each writes a piece, the last one puts them together. Never commits.

A step is a transaction that moves the job's cursor, so that a build whose worker was killed goes on
where it was. Pieces have no row: what an abandoned build has left is swept from the store. The last
step reads them once, beside the digests of the build before, and the document counts from its
commit on: readers have the one before or the new one, each of them whole.
"""

import shutil
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from hashlib import sha256
from io import BytesIO
from struct import Struct
from typing import IO, NamedTuple
from uuid import UUID

from sqlmodel import Session, col, delete, select

from api.channels.models import Feed, FeedBuild, FeedOmission
from api.channels.service import feed_formats, feed_items, feeds, requirements
from api.channels.service.feed_formats import Heading, Written
from api.channels.service.feed_items import Judged
from api.core import bulk, db, ids, rows, settings
from api.core.files import service as files
from api.core.files import store
from api.core.files.models import File
from api.core.jobs import Job
from api.identity import service as identity
from api.rules import feeds as rules
from api.rules.clock import local_date
from api.rules.feeds import Counts, FeedFormat
from api.rules.files import DocumentFormat

BATCH = 2_000
_HEAD = Struct(">16s32sI")
_DETAIL = 1_000
_MANIFEST = b"kerben-feed-manifest/1\n"


class Entry(NamedTuple):
    """An item of a build: its id, the digest of its bytes, and the bytes."""

    key: bytes
    digest: bytes
    written: bytes = b""


def step(session: Session, job: Job) -> bool:
    """Write the next offers; True once the document is there."""
    build = rows.locked(session, FeedBuild, UUID(hex=job.args["build_id"]))
    feed = session.get_one(Feed, build.feed_id)
    today = local_date(db.now(session))
    if job.progress_total is None:
        job.progress_total = feed_items.count(session, feed, today)
        job.cursor = {"last": None, "parts": []}
        return False
    cursor = dict(job.cursor or {})
    needed = requirements.of_market(session, feed.market)
    last = UUID(hex=cursor["last"]) if cursor["last"] else None
    found = feed_items.after(session, feed, needed, today, last, BATCH)
    if not found:
        _finish(session, job, feed, build, cursor["parts"])
        return True
    written = _taken(session, feed, build, found)
    if written:
        key = store.get().put(BytesIO(written))
        cursor["parts"] = [*cursor["parts"], {"key": key, "size": len(written)}]
    cursor["last"] = found[-1].offer.id.hex
    job.cursor, job.progress_done = cursor, job.progress_done + len(found)
    return False


def heading(session: Session, feed: Feed, version: int) -> Heading:
    """What a document of the feed says of itself."""
    names = identity.get_organisation(session, feed.org_id).legal_name
    return Heading(
        feed_id=ids.show("feed", feed.id),
        seller=names.get(feed.language) or next(iter(names.values())),
        market=feed.market,
        language=feed.language,
        base_url=settings.get().base_url,
        link_template=feed.link_template,
        version=version,
    )


def packed(entries: Iterable[Entry]) -> Iterator[bytes]:
    """Entries as the bytes of a piece."""
    for each in entries:
        yield _HEAD.pack(each.key, each.digest, len(each.written)) + each.written


def unpacked(piece: bytes) -> Iterator[Entry]:
    """The entries of a piece."""
    at = 0
    while at < len(piece):
        key, digest, size = _HEAD.unpack_from(piece, at)
        at += _HEAD.size
        yield Entry(key, digest, piece[at : at + size])
        at += size


def assemble(
    before: Iterable[Entry],
    after: Iterable[Entry],
    format: Written,
    *,
    body: IO[bytes],
    delta: IO[bytes],
    manifest: IO[bytes],
) -> Counts:
    """Write the items, what changed, and the digests; how many were added, changed, removed and
    left as they were. Memory holds an item at a time."""
    counts = dict.fromkeys(Counts._fields, 0)
    manifest.write(_MANIFEST)
    for key, entry, change in rules.compared(before, after):
        counts[change or "unchanged"] += 1
        if entry is None:
            delta.write(format.removed(ids.show("offer", UUID(bytes=key))))
            continue
        body.write(entry.written)
        manifest.write(f"{key.hex()} {entry.digest.hex()}\n".encode())
        if change is not None:
            delta.write(format.delta(entry.written, change))
    return Counts(**counts)


def entry(offer_id: UUID, written: bytes) -> Entry:
    """An item as it is compared."""
    return Entry(offer_id.bytes, sha256(written).digest(), written)


def _taken(session: Session, feed: Feed, build: FeedBuild, found: Sequence[Judged]) -> bytes:
    """The piece with the offers that may be in the feed; notes what is left out, and why."""
    format, told = feed_formats.FORMATS[FeedFormat(feed.format)], heading(session, feed, 0)
    kept = [each for each in found if not each.missing]
    build.items += len(kept)
    build.left_out += len(found) - len(kept)
    bulk.insert(session, FeedOmission, [row for each in found for row in _omissions(build, each)])
    return b"".join(packed(entry(each.offer.id, format.item(each.item, told)) for each in kept))


def _omissions(build: FeedBuild, judged: Judged) -> Iterator[dict[str, object]]:
    noted = [*((each, code, True) for each, code in judged.missing)]
    if not judged.missing:
        noted += [(each, None, False) for each in judged.shortened]
    for each, requirement, dropped in noted:
        yield bulk.new_row(
            org_id=build.org_id,
            build_id=build.id,
            offer_id=judged.offer.id,
            sku=judged.offer.sku,
            field=each.field,
            code=each.code,
            requirement=requirement,
            detail=each.detail[:_DETAIL],
            dropped=dropped,
        )


def _finish(
    session: Session, job: Job, feed: Feed, build: FeedBuild, parts: Sequence[dict[str, object]]
) -> None:
    format = feed_formats.FORMATS[FeedFormat(feed.format)]
    before = feeds.finished(session, feed.id)
    with ExitStack() as held:
        body, delta, manifest, whole, changes = (
            held.enter_context(tempfile.TemporaryFile(prefix="kerben-feed-")) for _ in range(5)
        )
        counts = assemble(
            _known(session, before),
            _pieces(parts),
            format,
            body=body,
            delta=delta,
            manifest=manifest,
        )
        moved = any(counts[:3])
        build.catalogue_version = (before.catalogue_version if before else 0) + moved
        told = heading(session, feed, build.catalogue_version)
        for out, content, is_delta in ((whole, body, False), (changes, delta, True)):
            content.seek(0)
            out.write(format.head(told, is_delta))
            shutil.copyfileobj(content, out)
            out.write(format.tail(is_delta))
        build.file_id = _kept(session, job, feed, whole, format.kept_as)
        build.delta_id = _kept(session, job, feed, changes, format.kept_as)
        build.manifest_id = _kept(session, job, feed, manifest, DocumentFormat.TEXT)
    for name, value in counts._asdict().items():
        setattr(build, name, value)
    build.finished_at = db.now(session)
    job.result = {"items": build.items, "left_out": build.left_out, **counts._asdict()}
    older = select(FeedBuild.id).where(
        FeedBuild.feed_id == feed.id, FeedBuild.number < build.number - 1
    )
    session.exec(delete(FeedOmission).where(col(FeedOmission.build_id).in_(older)))
    keys = [str(part["key"]) for part in parts]
    db.after_commit(session, lambda: store.get().delete(keys))


def _kept(session: Session, job: Job, feed: Feed, file: IO[bytes], kind: DocumentFormat) -> UUID:
    actor = job.args["actor"]
    made = files.keep(session, org_id=feed.org_id, actor=actor, file=file, media_type=kind)  # type: ignore[arg-type]
    return made.id


def _pieces(parts: Sequence[dict[str, object]]) -> Iterator[Entry]:
    for part in parts:
        yield from unpacked(b"".join(store.get().read(str(part["key"]), 0, int(str(part["size"])))))


def _known(session: Session, before: FeedBuild | None) -> Iterator[Entry]:
    """What the build before had, by its manifest."""
    if before is None or before.manifest_id is None:
        return
    file = session.get_one(File, before.manifest_id)
    content = b"".join(store.get().read(file.key or "", 0, file.size))
    for line in BytesIO(content[len(_MANIFEST) :]):
        key, _, digest = line.strip().partition(b" ")
        yield Entry(bytes.fromhex(key.decode()), bytes.fromhex(digest.decode()))
