"""Routes of the audit log: hashes, heads and proofs for everybody; contents for who may read."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import Path, Query, Response

from api.audit import service
from api.audit.schemas import (
    ConsistencyOut,
    EntryId,
    ExportOut,
    HeadNumber,
    HeadOut,
    InclusionOut,
    KeysOut,
    Seq,
    Stream,
)
from api.audit.service import NotYetInHead, Reader
from api.core import db
from api.core.errors import InvalidCursor, NotFound, Unavailable
from api.core.http import PageDep, documented, public_router
from api.core.pages import Page
from api.core.rate_limits import limited
from api.identity import access
from api.identity.access import Context, require
from api.rules.permissions import OrgRole

public = public_router("/public/audit", "audit")
router = access.router("/audit", "audit")
ROUTERS = (public, router)
Audits = Annotated[Context, require("audit:read")]
Head = Annotated[HeadNumber | None, Query(description="Number of a head; by default the newest")]
FOREVER = "public, max-age=31536000, immutable"
A_MINUTE = "public, max-age=60"
_KNOWN = documented(NotFound, Unavailable)


@public.get("/keys", response_model=KeysOut, responses=documented(Unavailable))
def list_keys(response: Response) -> dict[str, Any]:
    """Public keys of signatures, past ones included."""
    response.headers["Cache-Control"] = A_MINUTE
    with db.unit_of_work() as session:
        return {"items": [*service.keys(session)]}


@public.get(
    "/heads", response_model=Page[HeadOut], responses=documented(InvalidCursor, Unavailable)
)
def list_heads(page: PageDep, response: Response) -> Page[Any]:
    """Signed heads of the log, newest first. Each names the one before by its hash."""
    response.headers["Cache-Control"] = A_MINUTE
    with db.unit_of_work() as session:
        rows, cursor = service.list_heads(session, page)
    return Page(items=[*rows], has_more=cursor is not None, next_cursor=cursor)


@public.get("/heads/latest", response_model=HeadOut, responses=_KNOWN)
def get_latest_head(response: Response) -> Any:
    """The newest head. Keep it: it shows later whether anything before it was changed."""
    response.headers["Cache-Control"] = A_MINUTE
    with db.unit_of_work() as session:
        return service.get_head(session)


@public.get("/heads/{number}", response_model=HeadOut, responses=_KNOWN)
def get_head(number: Annotated[HeadNumber, Path()], response: Response) -> Any:
    """One head; it never changes."""
    response.headers["Cache-Control"] = FOREVER
    with db.unit_of_work() as session:
        return service.get_head(session, number)


@public.get("/consistency", response_model=ConsistencyOut, responses=_KNOWN)
def get_consistency(
    older: Annotated[HeadNumber, Query()], newer: Annotated[HeadNumber, Query()], response: Response
) -> Any:
    """That the log of head `newer` begins with the whole log of head `older`."""
    response.headers["Cache-Control"] = FOREVER
    with db.unit_of_work() as session:
        heads = service.get_head(session, older), service.get_head(session, newer)
        return service.consistency(session, *heads)


@public.get(
    "/entries/{entry_id}/proof",
    response_model=InclusionOut,
    responses=documented(NotFound, NotYetInHead, Unavailable),
)
def get_proof(entry_id: Annotated[EntryId, Path()], response: Response, head: Head = None) -> Any:
    """That an entry is in the log, for whoever has it: tells nothing of what it says."""
    with db.unit_of_work() as session:
        found = service.get_head(session, head)
        proof = service.inclusion(session, UUID(hex=entry_id), found)
    response.headers["Cache-Control"] = A_MINUTE if head is None else FOREVER
    return proof


@router.get(
    "/streams/{stream}/entries/{seq}/proof",
    response_model=InclusionOut,
    responses=documented(NotYetInHead),
)
def get_entry_proof(
    stream: Annotated[Stream, Path()], seq: Annotated[Seq, Path()], ctx: Audits, head: Head = None
) -> Any:
    """That the entry of this number in a stream of yours is in the log."""
    entry_id = service.find_entry(ctx.session, _reader(ctx), stream, seq)
    return service.inclusion(ctx.session, entry_id, service.get_head(ctx.session, head))


@router.get("/streams/{stream}/export", response_model=ExportOut)
@limited("export")
def export(stream: Annotated[Stream, Path()], ctx: Audits, head: Head = None) -> Any:
    """A whole stream with proofs against a head, as `kerben verify audit` checks it offline.

    Your own streams and those of published tenders; auditors and the operator read every stream.
    """
    found = service.get_head(ctx.session, head)
    return service.export(ctx.session, _reader(ctx), stream, found)


def _reader(ctx: Context) -> Reader:
    audits = ctx.has_role(OrgRole.AUDITOR) or ctx.has_role(OrgRole.OPERATOR)
    return Reader(ctx.org_id, audits)
