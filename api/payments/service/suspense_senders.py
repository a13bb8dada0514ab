"""Money in suspense whose sender is no organisation here: back to the account that it came from. Never
commits.

The account is the one that the bank's statement names, nobody types it. It becomes an account of the
platform's own organisation for refunds alone, which who decides verifies by deciding; before it is paid
its holder is screened as payees are.
"""

from uuid import UUID

from pydantic import ValidationError
from sqlmodel import Session, select

from api.core import encryption
from api.payments.models import BankEntry, PayeeAccount, SuspenseItem
from api.payments.problems import SenderUnknown
from api.payments.schemas.transfers import PayeeAccountIn, SuspenseSenderIn
from api.payments.service import payees, suspense
from api.rules.rails import PayeeState


def propose(
    session: Session, item: SuspenseItem, data: SuspenseSenderIn, *, org_id: UUID, actor: str
) -> None:
    """Say that the money goes back to the account that it came from; `data` is what the statement does
    not say of the sender's bank.

    Raises SenderUnknown when the statement names no account, or too little of it, and Conflict.
    """
    account = _account(session, item, data, org_id=org_id, actor=actor)
    suspense.propose(session, item, actor=actor, assign_to=None, return_to=account.id)


def agree(session: Session, account: PayeeAccount, *, actor: str) -> None:
    """Who decides has looked at the account too. Raises PayeeFourEyes."""
    if account.is_sender and account.state is PayeeState.SUBMITTED:
        payees.verify(session, account, actor=actor)


def disagree(session: Session, account_id: UUID, *, actor: str) -> None:
    """The account is not the sender's, or nothing goes back to it."""
    account = payees.lock(session, account_id, org_id=None)
    if account.is_sender and account.state is PayeeState.SUBMITTED:
        payees.refuse(session, account, actor=actor, reason="The return was refused.")


def _account(
    session: Session, item: SuspenseItem, data: SuspenseSenderIn, *, org_id: UUID, actor: str
) -> PayeeAccount:
    entry = session.exec(select(BankEntry).where(BankEntry.suspense_item_id == item.id)).first()
    if entry is None or entry.counterparty_number is None or not entry.counterparty:
        raise SenderUnknown
    try:
        told = PayeeAccountIn(
            country=entry.counterparty_country or data.country or "",
            currency=item.currency,
            holder_name=entry.counterparty,
            bank_name=entry.counterparty_bank or data.bank_name or "",
            bic=entry.counterparty_bic or data.bic,
            number=encryption.unlock(entry.counterparty_number, entry.id),
        )
    except ValidationError as error:
        wrong = error.errors()[0]
        raise SenderUnknown(
            f"{'.'.join(map(str, wrong['loc'])) or 'account'}: {wrong['msg']}"
        ) from error
    known = payees.live(session, told, org_id=org_id)
    if known is not None and known.is_sender and known.holder_name == told.holder_name:
        return known
    return payees.add(session, organisation_id=org_id, actor=actor, data=told, is_sender=True)
