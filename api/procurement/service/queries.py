"""What may be read of tenders: one's own in every state, others' once published."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import ColumnElement
from sqlalchemy.orm import defer, selectinload
from sqlmodel import Session, col, or_, select

from api.core import pages
from api.core.audit import AuditEntry
from api.core.errors import Forbidden, NotFound
from api.core.pages import PageQuery
from api.procurement.models import Amendment, Item, Lot, Tender
from api.procurement.service.tenders import stream
from api.rules.tenders import TenderMode, TenderStatus


def visible(org_id: UUID) -> ColumnElement[bool]:
    """Condition of the tenders that an organisation may see."""
    return or_(col(Tender.buyer_id) == org_id, col(Tender.published_at).is_not(None))


def get(session: Session, *, org_id: UUID, tender_id: UUID) -> Tender:
    """A tender with its lots and items; NotFound for another buyer's draft."""
    tender = session.exec(
        select(Tender)
        .where(Tender.id == tender_id, visible(org_id))
        .options(selectinload(Tender.lots).selectinload(Lot.items))  # type: ignore[arg-type]
    ).one_or_none()
    if tender is None:
        raise NotFound
    return tender


def hold_published(session: Session, tender_id: UUID) -> Tender | None:
    """A tender with its lots and items once it has been published, for the workers' role.

    The row stays locked until the transaction ends, so that what is written about the tender
    here is not older than what another transaction writes after it.
    """
    return session.exec(
        select(Tender)
        .where(Tender.id == tender_id, col(Tender.published_at).is_not(None))
        .options(selectinload(Tender.lots).selectinload(Lot.items))  # type: ignore[arg-type]
        .with_for_update()
    ).one_or_none()


def published(session: Session, tender_id: UUID) -> Tender | None:
    """A tender with its lots and items, as the database has it, once it has been published."""
    return session.exec(
        select(Tender)
        .where(Tender.id == tender_id, col(Tender.published_at).is_not(None))
        .options(selectinload(Tender.lots).selectinload(Lot.items))  # type: ignore[arg-type]
        .execution_options(populate_existing=True)
    ).one_or_none()


_UNSHOWN = tuple(
    defer(col(column))  # type: ignore[arg-type]
    for column in (Tender.policy, Tender.description, Tender.search_text)
)
"""What a list shows nothing of, and most of a tender's row."""


def list_tenders(
    session: Session,
    *,
    org_id: UUID,
    page: PageQuery,
    mode: TenderMode = TenderMode.LIVE,
    status: TenderStatus | None = None,
    cpv: str | None = None,
    buyer_id: UUID | None = None,
    framework_id: UUID | None = None,
    q: str | None = None,
) -> tuple[Sequence[Tender], str | None]:
    """Tenders that the organisation may see, newest first, and the next cursor.

    Test tenders stand in a list of their own (`mode`). `cpv` is the beginning of a CPV or OKGZ code of any item; `q` stands anywhere in a text.
    """
    query = select(Tender).where(visible(org_id), Tender.mode == mode)
    if status is not None:
        query = query.where(Tender.status == status)
    if buyer_id is not None:
        query = query.where(Tender.buyer_id == buyer_id)
    if framework_id is not None:
        query = query.where(Tender.framework_id == framework_id)
    if cpv is not None:
        classified = col(Item.classification_id).startswith(cpv, autoescape=True)
        query = query.where(col(Tender.id).in_(select(Item.tender_id).where(classified)))
    if q is not None:
        query = query.where(col(Tender.search_text).contains(q.casefold(), autoescape=True))
    return pages.newest_first(
        session,
        query.options(*_UNSHOWN),
        Tender,
        page,
        scope=f"tenders:{org_id}",
        filters={
            "mode": mode,
            "status": status,
            "cpv": cpv,
            "buyer": buyer_id,
            "framework": framework_id,
            "q": q,
        },
    )


def list_amendments(session: Session, *, org_id: UUID, tender_id: UUID) -> Sequence[Amendment]:
    """The amendments of a tender that the organisation may see, in their order."""
    _find(session, org_id, tender_id)
    return amendments_of(session, tender_id)


def amendments_of(session: Session, tender_id: UUID) -> Sequence[Amendment]:
    """The amendments of a tender, in their order."""
    return session.exec(
        select(Amendment).where(Amendment.tender_id == tender_id).order_by(col(Amendment.number))
    ).all()


def trail(
    session: Session, *, org_id: UUID, tender_id: UUID, page: PageQuery, audits: bool
) -> tuple[Sequence[AuditEntry], str | None]:
    """The audit entries of a tender, oldest first, and the next cursor.

    A published tender's trail is public; before, the buyer needs the right to audit (`audits`).
    """
    tender = _find(session, org_id, tender_id)
    if tender.published_at is None and not audits:
        raise Forbidden("The trail of an unpublished tender needs the scope audit:read.")
    name, filters = stream(tender_id), {"tender": tender_id}
    query = select(AuditEntry).where(AuditEntry.stream == name)
    if page.cursor:
        (last,) = pages.unseal(f"trail:{org_id}", filters, page.cursor)
        query = query.where(AuditEntry.seq > int(last))
    rows = session.exec(query.order_by(col(AuditEntry.seq)).limit(page.limit + 1)).all()
    if len(rows) <= page.limit:
        return rows, None
    rows = rows[: page.limit]
    return rows, pages.seal(f"trail:{org_id}", filters, [rows[-1].seq])


def _find(session: Session, org_id: UUID, tender_id: UUID) -> Tender:
    query = select(Tender).where(Tender.id == tender_id, visible(org_id))
    tender = session.exec(query).one_or_none()
    if tender is None:
        raise NotFound
    return tender
