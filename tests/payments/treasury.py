"""A treasury for tests: its officers, its accounts at banks, payers and payees, through HTTP."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any, NamedTuple
from uuid import UUID, uuid4

from sqlmodel import Session, select

from api.core import db, ids
from api.payments.models import LedgerAccount
from api.payments.service import balances, collections
from api.rules.ledger import AccountKey, AccountKind
from api.rules.rails import Purpose, RailName
from tests.procurement import awarding

type AsOrg = Callable[..., Any]
NUMBER = "1240020000123456"
ACCOUNT = {
    "country": "KG",
    "currency": "KGS",
    "holder_name": "ОАО «Кербен»",
    "bank_name": "ОАО «Бакай Банк»",
    "bic": "BAKAKG22",
    "number": NUMBER,
}
PAYEE = {**ACCOUNT, "holder_name": "ОсОО «Ткань»", "number": "1180000012345678"}


class Treasury(NamedTuple):
    """Two officers of the operator, and the platform's account in som."""

    first: Any
    second: Any
    account: Any


def opened(as_org: AsOrg) -> Treasury:
    """A treasury with an account."""
    first = as_org(["operator"])
    return Treasury(
        first, awarding.second_client(first), ok(first.post("/v1/platform-accounts", json=ACCOUNT))
    )


def ok(answer: Any) -> Any:
    """The body of an answer that must be a success."""
    assert answer.status_code < 300, f"{answer.request.url}: {answer.text}"
    return answer.json()


def verified_payee(of: Any, by: Treasury, **changed: Any) -> Any:
    """An account of an organisation that the treasury has verified."""
    made = ok(of.post("/v1/payee-accounts", json={**PAYEE, **changed}))
    return ok(by.first.post(f"/v1/payee-accounts/{made['id']}/verify"))


def expected(payer: UUID, amount: str = "1000", currency: str = "KGS") -> tuple[str, str]:
    """Money that is expected of an organisation for a contract of nobody's: its id and reference."""
    contract = uuid4()
    with db.worker_unit_of_work() as session:
        made = collections.request(
            session,
            payer_id=payer,
            purpose=Purpose.CONTRACT_FUNDING,
            resource_id=contract,
            amount=Decimal(amount),
            currency=currency,
            rail=RailName.BANK_TRANSFER,
            credit=AccountKey(AccountKind.ESCROW_LIABILITY, currency, contract),
            parties={contract: [payer]},
            due_at=None,
            actor="test",
        )
        return ids.show("collection", made.id), made.reference


def balance(kind: AccountKind, currency: str = "KGS") -> Decimal:
    """What is on the accounts of a kind together, on their normal side. The ledger is sound."""
    with db.worker_unit_of_work() as session:
        assert balances.faults(session) == []
        return total(session, kind, currency)


def total(session: Session, kind: AccountKind, currency: str = "KGS") -> Decimal:
    """The sum of the accounts of a kind, on their normal side."""
    query = select(LedgerAccount).where(
        LedgerAccount.kind == kind, LedgerAccount.currency == currency
    )
    found = Decimal()
    for row in session.exec(query):
        gone = row.debits - row.credits
        found += gone if row.normal_side.value == "debit" else -gone
    return found
