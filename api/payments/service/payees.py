"""Where organisations are paid: added by them, verified by somebody else. Never commits.

An account that is changed is another account: the old one is retired, so that what was paid can be
looked up for ever.
"""

import hashlib
import hmac
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, select

from api.core import audit, encryption, pages, settings
from api.core.errors import AlreadyExists, Conflict, NotFound, refused
from api.core.outbox import emit
from api.core.pages import PageQuery
from api.payments.models import PayeeAccount
from api.payments.problems import PayeeFourEyes, PayeeUnfit
from api.payments.schemas.transfers import PayeeAccountIn, StripePayeeIn
from api.rules.rails import PAYEE, PayeeState, RailName
from api.rules.states import IllegalTransition

PAYABLE = "active"
"""The status of a capability at Stripe by which an account can be paid."""


def add(
    session: Session,
    *,
    organisation_id: UUID,
    actor: str,
    data: PayeeAccountIn,
    is_sender: bool = False,
) -> PayeeAccount:
    """Add an account, which nobody is paid to before it is verified. Raises AlreadyExists."""
    account = PayeeAccount(
        organisation_id=organisation_id,
        added_by=actor,
        is_sender=is_sender,
        fingerprint=_fingerprint(data.number),
        **data.model_dump(exclude={"number"}),
    )
    account.number = encryption.lock(data.number, account.id)
    account.last4 = data.number[-4:]
    return _add(session, account, taken="You have added this account before.")


def add_at_stripe(
    session: Session, *, organisation_id: UUID, actor: str, data: StripePayeeIn
) -> PayeeAccount:
    """Add an account that a job opens at Stripe: one for each organisation, until it is retired or
    refused. Raises AlreadyExists."""
    account = PayeeAccount(
        organisation_id=organisation_id,
        added_by=actor,
        rail=RailName.STRIPE,
        fingerprint=_fingerprint(RailName.STRIPE),
        **data.model_dump(),
    )
    return _add(session, account, taken="You have an account at Stripe already.")


def live(session: Session, data: PayeeAccountIn, *, org_id: UUID) -> PayeeAccount | None:
    """The organisation's account of this number that is neither refused nor retired."""
    over = (PayeeState.REFUSED, PayeeState.RETIRED)
    query = (
        select(PayeeAccount)
        .where(PayeeAccount.organisation_id == org_id, PayeeAccount.rail == data.rail)
        .where(PayeeAccount.fingerprint == _fingerprint(data.number))
        .where(col(PayeeAccount.state).not_in(over))
    )
    return session.exec(query.with_for_update()).one_or_none()


def number(account: PayeeAccount) -> str | None:
    """The account's number in the clear, for the file that pays."""
    return encryption.unlock(account.number, account.id) if account.number else None


def verify(session: Session, account: PayeeAccount, *, actor: str) -> None:
    """Say that it is the organisation's. Raises PayeeFourEyes to who has added it, and Conflict.

    Of one at Stripe that is Stripe's to say first: Conflict until it says that it can be paid. Told
    again of a verified one, nothing.
    """
    if account.state is PayeeState.VERIFIED:
        return
    if account.rail is RailName.STRIPE and account.provider_status != PAYABLE:
        raise Conflict(f"Stripe says of the account: {account.provider_status or 'nothing yet'}.")
    if account.added_by == actor:
        raise PayeeFourEyes
    account.verified_by, account.reason = actor, None
    _move(session, account, "verify", actor, {})


def suspend(session: Session, account: PayeeAccount, *, actor: str, reason: str) -> None:
    """Pay nothing to it for now; told again of one that is not verified, nothing."""
    if account.state is PayeeState.VERIFIED:
        account.reason = reason[:1000]
        _move(session, account, "suspend", actor, {"reason": reason})


def refuse(session: Session, account: PayeeAccount, *, actor: str, reason: str) -> None:
    """Say that it is not the organisation's."""
    account.reason = reason
    _move(session, account, "refuse", actor, {"reason": reason})


def retire(session: Session, account: PayeeAccount, *, actor: str) -> None:
    """Pay nothing to it any more."""
    _move(session, account, "retire", actor, {})


def require(
    session: Session, account_id: UUID | None, *, org_id: UUID, currency: str
) -> PayeeAccount:
    """An account of the organisation in the currency. Raises Invalid without one, or PayeeUnfit."""
    if account_id is None:
        raise refused("#/payee_account_id", "missing", "Say which account is to be paid to.")
    query = select(PayeeAccount).where(
        PayeeAccount.id == account_id, PayeeAccount.organisation_id == org_id
    )
    found = session.exec(query).one_or_none()
    if found is None or found.currency != currency or found.state is PayeeState.RETIRED:
        raise PayeeUnfit
    return found


def get(session: Session, account_id: UUID, *, org_id: UUID | None) -> PayeeAccount:
    """An account of the organisation; of anybody, for the operator. NotFound."""
    return _one(session, account_id, org_id, locked=False)


def lock(session: Session, account_id: UUID, *, org_id: UUID | None) -> PayeeAccount:
    """The same, its row locked."""
    return _one(session, account_id, org_id, locked=True)


def list_accounts(
    session: Session,
    page: PageQuery,
    *,
    org_id: UUID | None,
    state: PayeeState | None,
    rail: RailName | None,
) -> tuple[Sequence[PayeeAccount], str | None]:
    """Accounts of the organisation, or of everybody, the newest first, and the next cursor."""
    query = select(PayeeAccount)
    if org_id is not None:
        query = query.where(PayeeAccount.organisation_id == org_id)
    if state is not None:
        query = query.where(PayeeAccount.state == state)
    if rail is not None:
        query = query.where(PayeeAccount.rail == rail)
    filters = {"state": state, "rail": rail}
    return pages.newest_first(
        session, query, PayeeAccount, page, scope=f"payee_accounts:{org_id}", filters=filters
    )


def _add(session: Session, account: PayeeAccount, *, taken: str) -> PayeeAccount:
    try:
        with session.begin_nested():
            session.add(account)
    except IntegrityError as error:
        raise AlreadyExists(taken) from error
    told = {"rail": account.rail, "country": account.country, "last4": account.last4}
    _log(session, account, "add", account.added_by, told)
    return account


def _one(session: Session, account_id: UUID, org_id: UUID | None, *, locked: bool) -> PayeeAccount:
    query = select(PayeeAccount).where(PayeeAccount.id == account_id)
    if org_id is not None:
        query = query.where(PayeeAccount.organisation_id == org_id)
    found = session.exec(query.with_for_update() if locked else query).one_or_none()
    if found is None:
        raise NotFound
    return found


def _fingerprint(number: str) -> str:
    """The same for the same number, and of no use to who reads the table."""
    key = settings.get().secret_key.get_secret_value().encode()
    return hmac.new(key, b"payee\0" + number.encode(), hashlib.sha256).hexdigest()


def _move(
    session: Session, account: PayeeAccount, action: str, actor: str, change: Mapping[str, Any]
) -> None:
    """The one place that writes `payee_account.state`."""
    try:
        account.state = PAYEE.apply(action, account.state)
    except IllegalTransition as error:
        raise Conflict(str(error)) from error
    if account.state in (PayeeState.REFUSED, PayeeState.RETIRED):
        account.contact_email = None
    account.version += 1
    session.add(account)
    session.flush()
    _log(session, account, action, actor, change)


def _log(
    session: Session, account: PayeeAccount, action: str, actor: str, change: Mapping[str, Any]
) -> None:
    org_id = account.organisation_id
    stream = f"payee_account:{account.id.hex}"
    audit.record(session, stream, action, actor=actor, org_id=org_id, change=dict(change))
    emit(
        session,
        "payee_account.changed",
        account.id,
        org_id=org_id,
        state=account.state,
    )
