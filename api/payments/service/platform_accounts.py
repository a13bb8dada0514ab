"""Accounts of the platform at banks: opened and closed by the treasury. Never commits."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, select

from api.core import audit, db, rows
from api.core.errors import AlreadyExists, Conflict
from api.payments.models import PlatformAccount
from api.payments.schemas.transfers import PlatformAccountIn


def add(session: Session, *, actor: str, org_id: UUID, data: PlatformAccountIn) -> PlatformAccount:
    """Open an account: payers are told of it from now on. Raises AlreadyExists."""
    account = PlatformAccount(**data.model_dump(), added_by=actor)
    try:
        with session.begin_nested():
            session.add(account)
    except IntegrityError as error:
        raise AlreadyExists("An open account has this number and currency.") from error
    change = {"currency": account.currency, "last4": account.number[-4:]}
    audit.record(session, _stream(account), "open", actor=actor, org_id=org_id, change=change)
    return account


def close(session: Session, account: PlatformAccount, *, actor: str, org_id: UUID) -> None:
    """Show it to no payer any more; its statements are still taken in. Raises Conflict."""
    if account.closed_at is not None:
        raise Conflict("The account is closed.")
    account.closed_at = db.now(session)
    session.add(account)
    audit.record(session, _stream(account), "close", actor=actor, org_id=org_id, change={})


def locked(session: Session, account_id: UUID) -> PlatformAccount:
    """An account, its row locked; NotFound."""
    return rows.locked(session, PlatformAccount, account_id)


def every(session: Session) -> Sequence[PlatformAccount]:
    """All accounts, closed ones too, by currency."""
    order = col(PlatformAccount.currency), col(PlatformAccount.id)
    return session.exec(select(PlatformAccount).order_by(*order)).all()


def opened(session: Session, currency: str | None = None) -> Sequence[PlatformAccount]:
    """The accounts that are not closed, of a currency when one is named."""
    found = [each for each in every(session) if each.closed_at is None]
    return [each for each in found if currency in (None, each.currency)]


def _stream(account: PlatformAccount) -> str:
    return f"platform_account:{account.id.hex}"
