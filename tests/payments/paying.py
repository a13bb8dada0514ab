"""Contracts that are paid by milestones, for tests: schedules, funding, orders that end."""

from collections.abc import Callable, Mapping
from decimal import Decimal
from itertools import count
from typing import Any, NamedTuple
from uuid import UUID, uuid4

from sqlmodel import Session, col, select

from api.core import db, ids
from api.payments.models import Collection, LedgerAccount, PayeeAccount, PaymentOrder
from api.payments.service import balances, collections, orders, payees
from api.rules.ledger import AccountKey, AccountKind
from api.rules.rails import OrderStatus, PayeeState, RailName
from tests.contracts import delivering
from tests.contracts.delivering import PROTOCOL, Delivery
from tests.delivery import executing
from tests.delivery.executing import Execution
from tests.procurement import awarding
from tests.remembered import remembered

type AsOrg = Callable[..., Any]
VALUE = Decimal(1_000_000)
_NUMBERS = count(1)
BANK = AccountKey(AccountKind.BANK_CLEARING, "KGS")
USUAL: tuple[Mapping[str, Any], ...] = (
    {"number": 1, "kind": "on_acceptance", "basis_points": 9500},
    {"number": 2, "kind": "retention", "basis_points": 500, "term_days": 365},
)


class Paid(NamedTuple):
    """A contract in force with an agreed payment schedule, and two treasurers of its buyer."""

    made: Delivery
    first: Any
    second: Any
    drain: Callable[[], int]
    account: str

    def url(self, path: str) -> str:
        return self.made.url(path)

    def payments(self, **wanted: Any) -> list[Any]:
        """What became due, as the supplier sees it."""
        self.drain()
        answer = self.made.supplier.get(self.url("payments"))
        assert answer.status_code == 200, answer.text
        found = answer.json()["items"]
        return [each for each in found if all(each[k] == v for k, v in wanted.items())]

    def milestones(self) -> list[Any]:
        """The milestones in force."""
        self.drain()
        answer = self.made.supplier.get(self.url("payment-milestones"))
        assert answer.status_code == 200, answer.text
        return list(answer.json()["items"])

    def balance(self) -> dict[str, Decimal]:
        """What came in and what became of it."""
        self.drain()
        answer = self.made.supplier.get(self.url("payment-balance"))
        assert answer.status_code == 200, answer.text
        return {k: Decimal(v) for k, v in answer.json().items() if k != "currency"}


@remembered
def agreed(
    session: Session,
    as_org: AsOrg,
    drain: Callable[[], int],
    *rows: Mapping[str, Any],
    parts: Any = USUAL,
    settlement: str = "escrow",
) -> Paid:
    """A contract about 600 desks whose payment schedule the supplier accepted."""
    made = delivering.begun(session, as_org, *rows)
    account = payee(made.supplier.org_id)
    case = Paid(
        made,
        awarding.second_client(made.buyer),
        awarding.second_client(made.buyer),
        drain,
        account,
    )
    accept(case, propose(case, parts, settlement=settlement))
    drain()
    return case


def propose(case: Paid, parts: Any, **body: Any) -> Any:
    """Propose a payment schedule, as it answers."""
    answer = case.made.buyer.request(
        "PUT", case.url("payment-schedule"), json={"parts": [*parts], **body}
    )
    assert answer.status_code == 200, answer.text
    return answer.json()


def accept(case: Paid, schedule: Any) -> Any:
    """Let the supplier agree."""
    answer = case.made.supplier.post(
        case.url("payment-schedule/accept"),
        json={"sha256": schedule["sha256"], "payee_account_id": case.account},
    )
    assert (answer.status_code, answer.json()["status"]) == (200, "agreed"), answer.text
    return answer.json()


def payee(org_id: Any) -> str:
    """A verified account of an organisation."""
    with db.worker_unit_of_work() as session:
        found = PayeeAccount(
            organisation_id=org_id,
            rail=RailName.BANK_TRANSFER,
            country="KG",
            currency="KGS",
            holder_name="ОсОО",
            number=b"kept elsewhere",
            fingerprint=uuid4().hex,
            added_by="test",
            state=PayeeState.VERIFIED,
        )
        session.add(found)
        session.flush()
        return ids.show("payee_account", found.id)


def suspend(case: Paid) -> None:
    """Let nothing be paid to the supplier's account for now."""
    with db.worker_unit_of_work() as session:
        account = session.get_one(PayeeAccount, ids.parse("payee_account", case.account))
        payees.suspend(session, account, actor="test", reason="Being looked at")


def verify(case: Paid) -> None:
    """Let the supplier's account be paid to again."""
    with db.worker_unit_of_work() as session:
        account = session.get_one(PayeeAccount, ids.parse("payee_account", case.account))
        payees.verify(session, account, actor="another")


def fund(case: Paid, amount: Decimal | str = VALUE) -> None:
    """Pay money in for the contract."""
    body = {"amount": str(amount), "rail": "bank_transfer", "due_at": "2099-01-01T00:00:00Z"}
    answer = case.first.post(case.url("fundings"), json=body)
    assert answer.status_code == 201, answer.text
    come(answer.json()["collection_id"], Decimal(amount))
    case.drain()


def come(collection_id: str, amount: Decimal) -> None:
    """Money has come at the bank."""
    with db.worker_unit_of_work() as session:
        found = session.get_one(Collection, ids.parse("collection", collection_id))
        collections.receive(
            session,
            found,
            amount=amount,
            currency=found.currency,
            clearing=BANK,
            external_id=f"test:{collection_id}:{amount}",
            actor="test",
        )


def deliver(case: Paid, quantity: str, *, by: Any = None) -> Any:
    """Receive, present and accept so much of the first row."""
    receive(case, quantity)
    answer = delivering.presented(case.made, quantity)
    assert answer.status_code == 201, answer.text
    number = answer.json()["number"]
    answer = (by or case.made.buyer).post(
        case.url(f"acceptances/{number}/accept"),
        json={"accepted_quantity": quantity, **PROTOCOL},
    )
    assert answer.status_code == 200, answer.text
    case.drain()
    return answer.json()


def receive(case: Paid, quantity: str) -> None:
    """Send and receive so much of the first row, under a waybill."""
    sides = Execution(case.made.buyer, case.made.supplier, case.made.contract, "")
    number = next(_NUMBERS)
    sent = executing.despatched(sides, quantity, number=f"SH-{number}")
    answer = executing.receive(sides, sent, quantity, number=f"RC-{number}")
    assert answer.status_code == 201, answer.text


def approve(case: Paid, payment: Any, by: Any) -> Any:
    """Try to approve a payment by its hash."""
    return by.post(
        case.url(f"payments/{payment['id']}/approve"), json={"sha256": payment["sha256"]}
    )


def approved(case: Paid, payment: Any) -> None:
    """Let both treasurers approve."""
    for by in (case.first, case.second):
        answer = approve(case, payment, by)
        assert answer.status_code == 200, answer.text
    case.drain()


def all_orders(session: Session) -> list[PaymentOrder]:
    """The payment orders, in order."""
    session.rollback()
    session.expire_all()
    return [*session.exec(select(PaymentOrder).order_by(col(PaymentOrder.id)))]


def settle(case: Paid) -> int:
    """Have the bank settle every order that was sent; how many it did."""
    case.drain()
    with db.worker_unit_of_work() as session:
        waiting = select(PaymentOrder.id).where(PaymentOrder.status == OrderStatus.SENT)
        found = session.exec(waiting).all()
        for each in found:
            order = orders.locked(session, each)
            orders.settled(session, order, actor="test")
    case.drain()
    return len(found)


def held(case: Paid) -> Decimal:
    """What the ledger holds of a contract and has promised to nobody. It is sound, and what came is
    what was paid, kept, sent back, taken off and is left."""
    told = case.balance()
    with db.worker_unit_of_work() as session:
        assert balances.faults(session) == []
        found = session.exec(
            select(LedgerAccount).where(
                LedgerAccount.kind == AccountKind.ESCROW_LIABILITY,
                LedgerAccount.reference == ids.parse("contract", case.made.contract["id"]),
            )
        ).one()
        free = found.credits - found.debits - found.held
    assert free == told["held"]
    out = told["released"] + told["commission"] + told["refunded"]
    assert told["received"] == out + told["held"]
    assert 0 <= told["penalties"] <= told["held"]
    return free


def balance_of(kind: AccountKind, reference: UUID | None) -> Decimal:
    """An account of an organisation, on its normal side."""
    with db.worker_unit_of_work() as session:
        found = session.exec(
            select(LedgerAccount).where(
                LedgerAccount.kind == kind, LedgerAccount.reference == reference
            )
        ).one()
        said = found.debits - found.credits
        return said if found.normal_side.value == "debit" else -said
