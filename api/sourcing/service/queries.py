"""What may be read of requests and quotes: scoped to the asker. Never commits."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import ColumnElement, and_, or_
from sqlalchemy.orm import selectinload
from sqlmodel import Session, col, select

from api.core import pages
from api.core.errors import NotFound
from api.core.pages import PageQuery
from api.rules.sourcing import Audience, RfqStatus
from api.sourcing.models import Quote, QuoteVersion, Rfq, RfqAmendment, RfqInvitation, RfqItem


def get(session: Session, *, org_id: UUID, rfq_id: UUID) -> Rfq:
    """A request with its items: one's own, or a published one that is open to the asker; NotFound."""
    query = select(Rfq).where(Rfq.id == rfq_id, visible(org_id)).options(_WITH_ITEMS)
    found = session.exec(query.execution_options(populate_existing=True)).one_or_none()
    if found is None:
        raise NotFound
    return found


def hold(session: Session, *, buyer_id: UUID, rfq_id: UUID) -> Rfq:
    """The buyer's own request, locked, with its items; NotFound for anybody else."""
    query = select(Rfq).where(Rfq.id == rfq_id, Rfq.buyer_id == buyer_id).options(_WITH_ITEMS)
    held = query.with_for_update().execution_options(populate_existing=True)
    found = session.exec(held).one_or_none()
    if found is None:
        raise NotFound
    return found


def own(session: Session, *, buyer_id: UUID, rfq_id: UUID) -> Rfq:
    """The buyer's own request with its items; NotFound for anybody else."""
    rfq = get(session, org_id=buyer_id, rfq_id=rfq_id)
    if rfq.buyer_id != buyer_id:
        raise NotFound
    return rfq


def item(session: Session, *, org_id: UUID, rfq_id: UUID, item_id: UUID) -> RfqItem:
    """An item of a request that the asker may see; NotFound."""
    rfq = get(session, org_id=org_id, rfq_id=rfq_id)
    for found in rfq.items:
        if found.id == item_id:
            return found
    raise NotFound


def list_rfqs(
    session: Session, page: PageQuery, *, org_id: UUID, status: RfqStatus | None, own: bool | None
) -> tuple[Sequence[Rfq], str | None]:
    """Requests that the asker may see, newest first, and the next page's cursor."""
    query = select(Rfq).where(visible(org_id)).options(_WITH_ITEMS)
    if status is not None:
        query = query.where(Rfq.status == status)
    if own is not None:
        mine = col(Rfq.buyer_id) == org_id
        query = query.where(mine if own else ~mine)
    filters = {"status": status, "own": own}
    return pages.newest_first(
        session, query, Rfq, page, scope=f"rfqs:{org_id.hex}", filters=filters
    )


def visible(org_id: UUID) -> ColumnElement[bool]:
    """Condition of the requests that an organisation may see."""
    asked = select(RfqInvitation.rfq_id).where(RfqInvitation.seller_id == org_id)
    return or_(
        col(Rfq.buyer_id) == org_id,
        and_(
            col(Rfq.published_at).is_not(None),
            or_(col(Rfq.audience) == Audience.OPEN, col(Rfq.id).in_(asked)),
        ),
    )


def invitations(session: Session, rfq_id: UUID, *, buyer_id: UUID) -> Sequence[RfqInvitation]:
    """Who is asked, in order; only the buyer's to read."""
    query = select(RfqInvitation).where(
        RfqInvitation.rfq_id == rfq_id, RfqInvitation.buyer_id == buyer_id
    )
    return session.exec(query.order_by(col(RfqInvitation.id))).all()


def amendments(session: Session, rfq: Rfq) -> Sequence[RfqAmendment]:
    """How a request was changed, in order."""
    query = select(RfqAmendment).where(RfqAmendment.rfq_id == rfq.id)
    return session.exec(query.order_by(col(RfqAmendment.number))).all()


def quote(session: Session, *, org_id: UUID, quote_id: UUID) -> Quote:
    """A quote that the asker gave or got; NotFound."""
    found = session.exec(select(Quote).where(Quote.id == quote_id, _party(org_id))).one_or_none()
    if found is None:
        raise NotFound
    return found


def list_quotes(
    session: Session, page: PageQuery, *, org_id: UUID, rfq_id: UUID | None
) -> tuple[Sequence[Quote], str | None]:
    """Quotes that the asker gave or got, newest first, and the next page's cursor."""
    query = select(Quote).where(_party(org_id))
    if rfq_id is not None:
        query = query.where(Quote.rfq_id == rfq_id)
    scope, filters = f"quotes:{org_id.hex}", {"rfq": rfq_id}
    return pages.newest_first(session, query, Quote, page, scope=scope, filters=filters)


def versions(session: Session, found: Quote) -> Sequence[QuoteVersion]:
    """Every version of a quote, in order."""
    query = select(QuoteVersion).where(QuoteVersion.quote_id == found.id)
    return session.exec(query.order_by(col(QuoteVersion.number))).all()


def _party(org_id: UUID) -> ColumnElement[bool]:
    return or_(col(Quote.seller_id) == org_id, col(Quote.buyer_id) == org_id)


_WITH_ITEMS = selectinload(Rfq.items)  # type: ignore[arg-type]
