"""What happens to files: received, looked through, read, and swept away when no row names them.
Never commits: the caller owns the transaction."""

import hashlib
from collections.abc import Iterator
from datetime import timedelta
from itertools import batched
from typing import BinaryIO
from uuid import UUID

from sqlalchemy import text
from sqlmodel import Session, col, select

from api.core import audit, db, deadlines, rows, settings
from api.core.errors import Conflict, refused
from api.core.files import clamd, kinds, store
from api.core.files.models import File
from api.core.files.problems import FileWithheld
from api.core.outbox import emit
from api.rules.files import SCAN, DocumentFormat, ScanState, may_be_given
from api.rules.states import IllegalTransition

RECEIVED, CLEARED, SWEEP_DUE = "file.received", "file.cleared", "file.sweep_due"
SWEEPER = UUID(int=1)
"""Stands in the deadline of the sweep for a resource, which it has not."""
SWEEP_EVERY = timedelta(hours=6)
UNNAMED_FOR = timedelta(hours=2)
"""After so long no transaction can still be about to name what it has put."""
_LOCK = text("SELECT pg_advisory_xact_lock(hashtextextended(:lock, 17))")
_PIECE_BYTES = 256 * 1024
SCANNER_OF_OPERATOR = "operator"


def receive(
    session: Session,
    *,
    org_id: UUID,
    actor: str,
    file: BinaryIO,
    name: str,
    format: DocumentFormat | None = None,
) -> File:
    """Keep a file; bytes that the organisation has handed in already are not kept twice.

    Raises Invalid for an empty one and for what `kinds.identify` refuses.
    """
    sha256, size = _measured(file)
    if not size:
        raise refused("#", "empty", "The document is empty")
    media_type = kinds.identify(file, name, format)
    return _kept(session, org_id, actor, file, sha256, size, media_type)


def lock_name(org_id: UUID, sha256: str) -> str:
    """What is locked while bytes of an organisation are handed in, or let go."""
    return f"{org_id.hex}|{sha256}"


def _kept(
    session: Session,
    org_id: UUID,
    actor: str,
    file: BinaryIO,
    sha256: str,
    size: int,
    media_type: DocumentFormat,
) -> File:
    session.connection().execute(_LOCK, {"lock": lock_name(org_id, sha256)})
    same = select(File).where(File.org_id == org_id, File.sha256 == sha256)
    known = session.exec(same.execution_options(populate_existing=True)).one_or_none()
    if known is not None:
        if known.expunged_at is not None:
            _restore(session, known, file)
        return known
    row = File(
        org_id=org_id, key=store.get().put(file), sha256=sha256, size=size, media_type=media_type
    )
    session.add(row)
    session.flush()
    if settings.get().files_scanned and media_type is not DocumentFormat.SEALED:
        emit(session, RECEIVED, row.id, org_id=org_id)
    else:
        _move(session, row, "skip", actor=actor)
    return row


def _restore(session: Session, known: File, file: BinaryIO) -> None:
    """Keep bytes again that were let go. What a scanner found of them still holds."""
    known.key, known.expunged_at = store.get().put(file), None
    known.version += 1
    session.add(known)
    session.flush()
    readable = known.media_type is not DocumentFormat.SEALED
    if settings.get().files_scanned and readable and _waits(known.scan_state):
        emit(session, RECEIVED, known.id, org_id=known.org_id)


def keep(
    session: Session, *, org_id: UUID, actor: str, file: BinaryIO, media_type: DocumentFormat
) -> File:
    """Keep a file that the service itself has made for the organisation; the same bytes once."""
    sha256, size = _measured(file)
    file.seek(0)
    return _kept(session, org_id, actor, file, sha256, size, media_type)


def receive_sealed(session: Session, *, org_id: UUID, actor: str, file: BinaryIO) -> File:
    """Keep an encrypted file, which no scanner can look through; the same bytes once.

    Raises Invalid for an empty one.
    """
    sha256, size = _measured(file)
    if not size:
        raise refused("#", "empty", "The document is empty")
    file.seek(0)
    return _kept(session, org_id, actor, file, sha256, size, DocumentFormat.SEALED)


def require_given(file: File) -> None:
    """Raise FileWithheld for what is quarantined, or not cleared where files are scanned."""
    if not may_be_given(file.scan_state, scanned=settings.get().files_scanned):
        raise FileWithheld(f"The file is {file.scan_state}.")


def scan(session: Session, file_id: UUID) -> bool:
    """A step of looking a file through: it is marked, then streamed to clamd. True when done.

    Raises Unavailable when clamd cannot say; the file stays withheld.
    """
    file = rows.locked(session, File, file_id)
    unneeded = not _waits(file.scan_state) or file.expunged_at is not None
    if settings.get().clamd_url is None or unneeded:
        return True
    if file.scan_state is not ScanState.SCANNING:
        _move(session, file, "scan", actor=clamd.NAME)
        return False
    if file.key is None:
        raise Conflict("The bytes are not in the store: run `kerben files move`.")
    finding = clamd.scan(store.get().read(file.key, 0, file.size))
    file.scanner, file.finding = clamd.NAME, finding
    _move(session, file, "condemn" if finding else "clear", actor=clamd.NAME)
    return True


def judge(session: Session, file_id: UUID, action: str, *, actor: str) -> File:
    """Enter what another scanner has found: `clear` or `condemn`. NotFound, Conflict."""
    file = rows.locked(session, File, file_id)
    file.scanner = SCANNER_OF_OPERATOR
    _move(session, file, action, actor=actor)
    return file


def ask_scans(session: Session) -> int:
    """Have every file looked through that no scanner has cleared or condemned; how many."""
    waiting = col(File.scan_state).in_([each for each in ScanState if _waits(each)])
    readable = col(File.media_type) != DocumentFormat.SEALED
    kept = col(File.expunged_at).is_(None)
    found = session.exec(select(File.id, File.org_id).where(waiting, readable, kept)).all()
    for file_id, org_id in found:
        emit(session, RECEIVED, file_id, org_id=org_id)
    return len(found)


def sweep(session: Session) -> int:
    """Delete what the store has had for long and no row names, and do so again later; how many.

    Uploads whose transaction failed, or whose process was killed, leave such bytes.
    """
    now, bytes_of = db.now(session), store.get()
    old = (each.key for each in bytes_of.objects() if each.modified_at < now - UNNAMED_FOR)
    swept = 0
    for keys in batched(old, 500, strict=False):
        named = session.exec(select(File.key).where(col(File.key).in_(keys))).all()
        orphans = sorted({*keys} - {*named})
        bytes_of.delete(orphans)
        swept += len(orphans)
    deadlines.arm(session, SWEEP_DUE, SWEEPER, now + SWEEP_EVERY, org_id=None)
    return swept


def verify(session: Session) -> Iterator[tuple[File, str]]:
    """Files whose bytes are not those of their digest, or are not there: the row, what is wrong."""
    for file in session.exec(select(File).where(col(File.key).is_not(None)).order_by(col(File.id))):
        digest = hashlib.sha256()
        try:
            for piece in store.get().read(file.key or "", 0, file.size):
                digest.update(piece)
        except FileNotFoundError:
            yield file, "missing"
            continue
        if digest.hexdigest() != file.sha256:
            yield file, "altered"


def _waits(state: ScanState) -> bool:
    return state in (ScanState.RECEIVED, ScanState.SCANNING, ScanState.SKIPPED)


def _move(session: Session, file: File, action: str, *, actor: str) -> None:
    try:
        file.scan_state = SCAN.apply(action, file.scan_state)
    except IllegalTransition as error:
        raise Conflict(str(error)) from error
    file.scanned_at = db.now(session) if action in ("clear", "condemn") else None
    file.version += 1
    session.add(file)
    session.flush()
    change = {"sha256": file.sha256, "scanner": file.scanner, "finding": file.finding}
    audit.record(
        session, f"file:{file.id.hex}", action, actor=actor, org_id=file.org_id, change=change
    )
    if action == "clear":
        emit(session, CLEARED, file.id, org_id=file.org_id)
    if action == "condemn":
        emit(session, "file.quarantined", file.id, org_id=file.org_id)


def _measured(file: BinaryIO) -> tuple[str, int]:
    digest, size = hashlib.sha256(), 0
    file.seek(0)
    while piece := file.read(_PIECE_BYTES):
        digest.update(piece)
        size += len(piece)
    return digest.hexdigest(), size
