"""Whether what is stored still proves itself: the audit log, and every file against its hash.

A check takes a session that sees every row and yields what is wrong, in words. Another one, for
what a feature keeps, is a line in `CHECKS`.
"""

from collections.abc import Callable, Iterator
from itertools import islice
from typing import NamedTuple

from sqlalchemy import text
from sqlmodel import Session, col, select

from api.audit import checking
from api.audit.models import AuditLeaf
from api.core.audit import AuditEntry
from api.core.files import service as uploads
from api.payments.service import balances

BATCH = 5_000
MOST = 20
"""How many wrong rows of a table are told."""
_STREAMS = text("""
    SELECT stream, seq FROM (
      SELECT stream, seq, prev_hash,
        lag(hash, 1, repeat('0', 64)) OVER (PARTITION BY stream ORDER BY seq) AS before,
        row_number() OVER (PARTITION BY stream ORDER BY seq) AS place
      FROM audit_entry) AS entries
    WHERE seq <> place OR prev_hash <> before ORDER BY stream, seq LIMIT :most
""")
_HASHED = (
    ("contract", "document", "sha256"),
    ("evaluation", "file", "sha256"),
    ("landed_cost_estimate", "file", "sha256"),
    ("ld_claim", "file", "sha256"),
    ("invoice", "document", "sha256"),
    ("bid_envelope", "ciphertext", "ciphertext_sha256"),
    ("intake_message", "body", "sha256"),
)
"""Table, the bytes, and the column with their SHA-256 in hexadecimal."""
_TAGGED = ("ocds_release", "ocds_record", "public_document")
"""What the public reads: its entity tag is the beginning of its SHA-256."""
_DOCUMENTS = text("""
    SELECT d.id FROM document d JOIN file f ON f.id = d.file_id CROSS JOIN LATERAL (
      SELECT encode(sha256(string_agg(data, ''::bytea ORDER BY seq)), 'hex') AS sha256,
        sum(length(data)) AS size
      FROM document_chunk WHERE document_id = d.id) AS stored
    WHERE f.key IS NULL AND (stored.sha256 IS DISTINCT FROM d.sha256 OR stored.size IS DISTINCT FROM d.size)
    ORDER BY d.id LIMIT :most
""")


class Check(NamedTuple):
    """What is checked, and how."""

    name: str
    run: Callable[[Session], Iterator[str]]


def audit_log(session: Session) -> Iterator[str]:
    """The log against its signed heads, the chain of each stream, and entries without a place."""
    found = checking.first_finding(session)
    if found is not None:
        yield f"{found.where}: {found.what}: {found.detail}"
    for stream, seq in session.connection().execute(_STREAMS, {"most": MOST}):
        yield f"entry {seq} of {stream} does not follow from the one before"
    unplaced = (
        select(AuditEntry)
        .join(AuditLeaf, col(AuditLeaf.entry_id) == AuditEntry.id, isouter=True)
        .where(col(AuditLeaf.entry_id).is_(None))
        .execution_options(yield_per=BATCH)
    )
    for entry in session.exec(unplaced):
        if entry.computed_hash() != entry.hash:
            yield f"entry {entry.seq} of {entry.stream}: its content does not give its hash"


def documents(session: Session) -> Iterator[str]:
    """Uploaded files in the store, and those that are still kept in the database in pieces."""
    for file, what in islice(uploads.verify(session), MOST):
        yield f"file {file.id.hex} is {what}"
    for (id,) in session.connection().execute(_DOCUMENTS, {"most": MOST}):
        yield f"document {id.hex} is not the file that was uploaded"


def files(session: Session) -> Iterator[str]:
    """Contracts, evaluations, invoices, bids, messages: bytes in one row with their hash."""
    for table, content, digest in _HASHED:
        wrong = text(
            f"SELECT id FROM {table} WHERE {content} IS NOT NULL"
            f" AND encode(sha256({content}), 'hex') IS DISTINCT FROM {digest} LIMIT :most"
        )
        for (id,) in session.connection().execute(wrong, {"most": MOST}):
            yield f"{table} {id.hex}: {content} is not what its hash was taken of"


def publications(session: Session) -> Iterator[str]:
    """Releases, records and public documents as they are served."""
    for table in _TAGGED:
        wrong = text(
            f"SELECT id FROM {table}"
            " WHERE etag <> '\"' || left(encode(sha256(body), 'hex'), 32) || '\"' LIMIT :most"
        )
        for (id,) in session.connection().execute(wrong, {"most": MOST}):
            yield f"{table} {id.hex} is not what was published"


def ledger(session: Session) -> Iterator[str]:
    """Balances against the fold of their entries, holds, and every transaction against zero."""
    yield from balances.faults(session)


CHECKS = (
    Check("audit log", audit_log),
    Check("documents", documents),
    Check("files", files),
    Check("publications", publications),
    Check("ledger", ledger),
)


def run(session: Session) -> Iterator[tuple[str, list[str]]]:
    """Every check in turn, with what it found."""
    for check in CHECKS:
        yield check.name, list(check.run(session))
