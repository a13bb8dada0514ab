"""Orders and inquiries that come back from channels, in any order and more than once. Never commits."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session, col, select

from api.channels.adapters.port import Inquiry, Mark, Order
from api.channels.models import ChannelConnection, ChannelInquiry, ChannelOrder
from api.core import bulk, pages
from api.core.errors import NotFound
from api.core.outbox import emit
from api.core.pages import PageQuery
from api.rules.channel_listings import OrderState, supersedes


def take_order(session: Session, connection: ChannelConnection, told: Order) -> ChannelOrder:
    """Keep what was told of an order, unless something newer is known.

    One of which only the state was told is filled by what is asked for later, without losing it.
    """
    row = bulk.new_row(
        org_id=connection.org_id,
        connection_id=connection.id,
        external_id=told.external_id,
        status=told.status,
        state=told.state,
        lines=[],
        raw={},
        whole=False,
        version=0,
    )
    statement = insert(ChannelOrder).values(row)
    session.connection().execute(
        statement.on_conflict_do_nothing(index_elements=["connection_id", "external_id"])
    )
    order = session.exec(
        select(ChannelOrder)
        .where(
            ChannelOrder.connection_id == connection.id,
            ChannelOrder.external_id == told.external_id,
        )
        .with_for_update()
        .execution_options(populate_existing=True)
    ).one()
    new, newer = order.version == 0, supersedes(order.modified_at, told.modified_at)
    filled = told.whole and (newer or not order.whole)
    if newer:
        order.status, order.state = told.status, told.state
        order.modified_at = told.modified_at or order.modified_at
    if filled or (new and not told.whole):
        order.currency, order.amount = told.currency, told.amount
        order.buyer_country, order.whole = told.buyer_country, told.whole
        order.lines, order.raw = [*map(dict, told.lines)], dict(told.raw)
    if new or newer or filled:
        order.version += 1
        session.add(order)
        emit(
            session,
            f"channel_order.{'received' if new else 'changed'}",
            order.id,
            org_id=order.org_id,
            connection_id=order.connection_id.hex,
            external_id=order.external_id,
            state=order.state.value,
            status=order.status,
            version=order.version,
        )
    return order


def knows(session: Session, connection: ChannelConnection, mark: Mark) -> bool:
    """Whether all of an order is stored as it was at that moment, or later."""
    found = session.exec(
        select(ChannelOrder).where(
            ChannelOrder.connection_id == connection.id,
            ChannelOrder.external_id == mark.external_id,
        )
    ).one_or_none()
    return found is not None and found.whole and not supersedes(found.modified_at, mark.modified_at)


def take_inquiry(session: Session, connection: ChannelConnection, told: Inquiry) -> None:
    """Keep an inquiry; the same one once more is nothing new."""
    row = bulk.new_row(
        org_id=connection.org_id,
        connection_id=connection.id,
        external_id=told.external_id,
        kind=told.kind,
        subject=told.subject,
        detail=told.detail,
        quantity=told.quantity,
        unit=told.unit,
        country=told.country,
        posted_at=told.posted_at,
        expires_at=told.expires_at,
        raw=dict(told.raw),
    )
    statement = insert(ChannelInquiry).values(row)
    made = session.exec(
        statement.on_conflict_do_nothing(index_elements=["connection_id", "external_id"]).returning(
            col(ChannelInquiry.id)
        )
    ).one_or_none()
    if made is not None:
        emit(
            session,
            "channel_inquiry.received",
            row["id"],
            org_id=connection.org_id,
            connection_id=connection.id.hex,
            external_id=told.external_id,
            kind=told.kind,
        )


def get_order(session: Session, order_id: UUID, *, org_id: UUID) -> ChannelOrder:
    """An order of the organisation; NotFound."""
    return _own(session, ChannelOrder, order_id, org_id)


def get_inquiry(session: Session, inquiry_id: UUID, *, org_id: UUID) -> ChannelInquiry:
    """An inquiry to the organisation; NotFound."""
    return _own(session, ChannelInquiry, inquiry_id, org_id)


def list_orders(
    session: Session, org_id: UUID, page: PageQuery, *, state: OrderState | None
) -> tuple[Sequence[ChannelOrder], str | None]:
    """The organisation's orders at channels, the newest first."""
    query = select(ChannelOrder).where(ChannelOrder.org_id == org_id)
    if state is not None:
        query = query.where(ChannelOrder.state == state)
    scope, filters = f"channel-orders:{org_id}", {"state": state}
    return pages.newest_first(session, query, ChannelOrder, page, scope=scope, filters=filters)


def list_inquiries(
    session: Session, org_id: UUID, page: PageQuery
) -> tuple[Sequence[ChannelInquiry], str | None]:
    """Inquiries to the organisation, the newest first."""
    query = select(ChannelInquiry).where(ChannelInquiry.org_id == org_id)
    scope = f"channel-inquiries:{org_id}"
    return pages.newest_first(session, query, ChannelInquiry, page, scope=scope, filters={})


def _own[M: (ChannelOrder, ChannelInquiry)](
    session: Session, model: type[M], id: UUID, org_id: UUID
) -> M:
    query = select(model).where(model.id == id, model.org_id == org_id)
    found = session.exec(query).one_or_none()
    if found is None:
        raise NotFound
    return found
