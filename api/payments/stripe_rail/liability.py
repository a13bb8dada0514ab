"""Who bears it when a payer gets money back that we did not send: what we owe for the payment, as
far as it is still there, and then a debt of who was paid."""

from dataclasses import replace
from decimal import Decimal
from uuid import UUID

from sqlmodel import Session, col, func, select

from api.contracts.models import Contract
from api.payments.models import (
    Collection,
    LedgerAccount,
    LedgerEntry,
    LedgerTransaction,
    StripeReturn,
)
from api.payments.service import escrow, posting
from api.payments.service.posting import Posting
from api.payments.stripe_rail.objects import ACTOR
from api.rules.ledger import AccountKey, AccountKind, transfer
from api.rules.stripe_events import ReturnStatus


def contract_of(session: Session, collection: Collection) -> Contract | None:
    """The contract that a payment funds, if it funds one."""
    if collection.credit_kind is not AccountKind.ESCROW_LIABILITY:
        return None
    return session.get_one(Contract, collection.credit_reference)


def take(
    session: Session,
    collection: Collection,
    amount: Decimal,
    paid_from: AccountKey,
    *,
    key: str,
    external_id: str | None = None,
) -> None:
    """Book that `amount` of a collection went back from `paid_from`, by what Stripe calls
    `external_id`; told again, nothing."""
    account = credit_account(collection)
    free = min(amount, _free(session, account))
    debtor, owed_by = debtor_of(session, collection)
    entries = transfer(account, paid_from, free) if free else []
    if free < amount:
        entries += transfer(debtor, paid_from, amount - free)
    told = Posting(
        key=key,
        kind=escrow.CHARGED_BACK,
        entries=entries,
        actor=ACTOR,
        resource_id=collection.id,
        details={"external_id": external_id} if external_id else {},
    )
    if _booked(session, key) is None:
        posting.post(session, told, {owed_by: [owed_by]})


def give_back(session: Session, key: str) -> None:
    """Undo what was taken under a key, if anything was; told again, nothing."""
    booked = _booked(session, key)
    if booked is not None and _booked(session, f"reversal:{booked.id}") is None:
        posting.reverse(session, booked, actor=ACTOR, reason="The money came back")


def owe_again(
    session: Session, collection: Collection, *, prefix: str, key: str, resource_id: UUID
) -> None:
    """What was taken under a key is to be given back: what reversals, with keys that begin with
    `prefix`, have brought from the seller for it is owed to the seller; told again, nothing."""
    taken = session.exec(
        select(func.coalesce(func.sum(StripeReturn.amount), 0))
        .where(col(StripeReturn.key).startswith(prefix))
        .where(StripeReturn.status == ReturnStatus.SUCCEEDED)
    ).one()
    if not taken:
        return
    debt, owner = debtor_of(session, collection)
    told = Posting(
        key=f"{key}:owed_again",
        kind="stripe.owed_again",
        entries=transfer(debt, replace(debt, kind=AccountKind.SUPPLIER_PAYABLE), Decimal(taken)),
        actor=ACTOR,
        resource_id=resource_id,
    )
    posting.post(session, told, {owner: [owner]})


def debt(session: Session, key: str) -> Decimal:
    """How much of what was taken under a key a supplier came to owe."""
    total = session.exec(
        select(func.coalesce(func.sum(LedgerEntry.amount), 0))
        .join(LedgerTransaction, col(LedgerTransaction.id) == LedgerEntry.transaction_id)
        .join(LedgerAccount, col(LedgerAccount.id) == LedgerEntry.account_id)
        .where(LedgerTransaction.idempotency_key == key)
        .where(LedgerAccount.kind == AccountKind.SUPPLIER_RECEIVABLE)
    ).one()
    return Decimal(total)


def credit_account(collection: Collection) -> AccountKey:
    """What a collection's money is owed as."""
    return AccountKey(collection.credit_kind, collection.currency, collection.credit_reference)


def debtor_of(session: Session, collection: Collection) -> tuple[AccountKey, UUID]:
    """Whose debt it is what is gone of a collection, and the account of that debt."""
    contract = contract_of(session, collection)
    if contract is None:
        payer = collection.payer_id
        return AccountKey(AccountKind.BUYER_RECEIVABLE, collection.currency, payer), payer
    supplier = contract.suppliers[0]
    return AccountKey(AccountKind.SUPPLIER_RECEIVABLE, collection.currency, supplier), supplier


def made_less(session: Session, collection: Collection, *, stands: bool) -> AccountKey:
    """What money taken back from a seller makes less: its debt while the loss stands; else nothing
    was owed, and it is owed to the seller."""
    debt, _ = debtor_of(session, collection)
    return debt if stands else replace(debt, kind=AccountKind.SUPPLIER_PAYABLE)


def _free(session: Session, key: AccountKey) -> Decimal:
    row = session.exec(
        select(LedgerAccount)
        .where(LedgerAccount.kind == key.kind, LedgerAccount.currency == key.currency)
        .where(LedgerAccount.reference == key.reference)
        .execution_options(populate_existing=True)
    ).one_or_none()
    return max(Decimal(0), row.credits - row.debits - row.held) if row else Decimal(0)


def _booked(session: Session, key: str) -> LedgerTransaction | None:
    query = select(LedgerTransaction).where(LedgerTransaction.idempotency_key == key)
    return session.exec(query).one_or_none()
