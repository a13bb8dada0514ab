"""Money that came and fits nothing: kept apart until two people have said whose it is. Never commits."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlmodel import Session, select

from api.core import audit, pages, rows
from api.core.errors import Conflict, NotFound
from api.core.pages import PageQuery
from api.payments.models import SuspenseItem
from api.payments.problems import PaymentFourEyes
from api.payments.service import posting
from api.payments.service.posting import Posting
from api.rules.ledger import AccountKey, AccountKind, transfer
from api.rules.rails import SUSPENSE, SuspenseStatus
from api.rules.states import IllegalTransition


def keep(
    session: Session,
    *,
    external_id: str,
    amount: Decimal,
    currency: str,
    clearing: AccountKey,
    reason: str,
    actor: str,
    collection_id: UUID | None = None,
    payer: str | None = None,
    reference: str | None = None,
) -> SuspenseItem:
    """Remember money that is on the suspense account, for those who find out whose it is."""
    item = SuspenseItem(
        external_id=external_id,
        amount=amount,
        currency=currency,
        clearing_kind=clearing.kind,
        reason=reason,
        collection_id=collection_id,
        payer=payer[:500] if payer else None,
        reference=reference[:1000] if reference else None,
    )
    session.add(item)
    session.flush()
    _log(session, item, "keep", actor, {"amount": f"{amount:f}", "currency": currency})
    return item


def receive(
    session: Session,
    *,
    external_id: str,
    amount: Decimal,
    currency: str,
    clearing: AccountKey,
    reason: str,
    actor: str,
    payer: str | None = None,
    reference: str | None = None,
    details: Mapping[str, Any] | None = None,
) -> SuspenseItem:
    """Book money of which nobody knows whose it is; told again, the item of the first time."""
    known = select(SuspenseItem).where(SuspenseItem.external_id == external_id)
    if (found := session.exec(known).one_or_none()) is not None:
        return found
    posting.post(
        session,
        Posting(
            key=f"receipt:{external_id}",
            kind="suspense.received",
            entries=transfer(clearing, AccountKey(AccountKind.SUSPENSE, currency), amount),
            actor=actor,
            details=dict(details or {}),
        ),
    )
    return keep(
        session,
        external_id=external_id,
        amount=amount,
        currency=currency,
        clearing=clearing,
        reason=reason,
        actor=actor,
        payer=payer,
        reference=reference,
    )


def propose(
    session: Session,
    item: SuspenseItem,
    *,
    actor: str,
    assign_to: UUID | None,
    return_to: UUID | None,
) -> None:
    """Say what the money is for, or to which account it goes back; another decides."""
    item.assign_to, item.return_to = assign_to, return_to
    item.proposed_by, item.decided_by = actor, None
    _move(session, item, "propose", actor, _about(item))


def refuse(session: Session, item: SuspenseItem, *, actor: str) -> None:
    """Disagree with the proposal: the item is open again."""
    item.assign_to = item.return_to = None
    _move(session, item, "refuse", actor, {})


def decided(session: Session, item: SuspenseItem, *, actor: str) -> None:
    """The proposal is carried out. Raises PaymentFourEyes to who made it, and Conflict."""
    if item.status is SuspenseStatus.PROPOSED and item.proposed_by == actor:
        raise PaymentFourEyes
    item.decided_by = actor
    _move(session, item, "assign" if item.assign_to else "return", actor, _about(item))


def reopen(session: Session, item: SuspenseItem, *, actor: str) -> None:
    """The money did not reach whom it was sent back to. Raises Conflict."""
    about = _about(item)
    item.assign_to = item.return_to = item.order_id = None
    item.proposed_by = item.decided_by = None
    _move(session, item, "reopen", actor, about)


def take_back(session: Session, item: SuspenseItem, *, actor: str) -> None:
    """The rail has taken the money back; a proposal falls. Raises Conflict."""
    about = _about(item)
    item.assign_to = item.return_to = item.proposed_by = None
    _move(session, item, "take_back", actor, about)


def locked(session: Session, item_id: UUID) -> SuspenseItem:
    """An item, its row locked; NotFound."""
    return rows.locked(session, SuspenseItem, item_id)


def get(session: Session, item_id: UUID) -> SuspenseItem:
    """An item; NotFound."""
    found = session.get(SuspenseItem, item_id)
    if found is None:
        raise NotFound
    return found


def list_items(
    session: Session, page: PageQuery, *, status: SuspenseStatus | None
) -> tuple[Sequence[SuspenseItem], str | None]:
    """Items, the newest first, and the next cursor."""
    query = select(SuspenseItem)
    if status is not None:
        query = query.where(SuspenseItem.status == status)
    return pages.newest_first(
        session, query, SuspenseItem, page, scope="suspense_items", filters={"status": status}
    )


def _about(item: SuspenseItem) -> dict[str, str]:
    """What was proposed, for the audit trail."""
    named = {
        "assign_to": item.assign_to,
        "return_to": item.return_to,
        "order_id": item.order_id,
    }
    return {name: id.hex for name, id in named.items() if id is not None}


def _move(
    session: Session, item: SuspenseItem, action: str, actor: str, change: Mapping[str, Any]
) -> None:
    """The one place that writes `suspense_item.status`."""
    try:
        item.status = SUSPENSE.apply(action, item.status)
    except IllegalTransition as error:
        raise Conflict(str(error)) from error
    item.version += 1
    session.add(item)
    session.flush()
    _log(session, item, action, actor, change)


def _log(
    session: Session, item: SuspenseItem, action: str, actor: str, change: Mapping[str, Any]
) -> None:
    stream = f"suspense_item:{item.id.hex}"
    audit.record(session, stream, action, actor=actor, org_id=None, change=dict(change))
