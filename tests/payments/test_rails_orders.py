"""Money that is expected and money that goes out: once for each key, never by guess."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlmodel import Session, select

from api.core import db
from api.payments import references
from api.payments.models import (
    Collection,
    CollectionReceipt,
    LedgerAccount,
    PayeeAccount,
    PaymentOrder,
    SuspenseItem,
)
from api.payments.problems import PayeeFourEyes, PaymentFourEyes, PaymentUnderWay
from api.payments.rails import (
    Instructions,
    OrderToSend,
    RailRefused,
    RailUnavailable,
    Sent,
    ToCollect,
)
from api.payments.rails.registry import RAILS
from api.payments.schemas.transfers import PayeeAccountIn
from api.payments.service import balances, collections, orders, payees, sending
from api.rules.ledger import AccountKey, AccountKind
from api.rules.rails import CollectionStatus, OrderStatus, Purpose, RailName
from tests.conftest import Actor

BANK = AccountKey(AccountKind.BANK_CLEARING, "KGS")


class ForgetfulRail:
    """A rail that keeps what it was asked by key, and loses the first answer of each."""

    name = RailName.BANK_TRANSFER

    def __init__(self) -> None:
        self.paid: dict[str, Decimal] = {}
        self.asked = 0

    def instructions(self, collection: ToCollect) -> Instructions:
        return Instructions(collection.reference)

    def send(self, order: OrderToSend) -> Sent:
        self.asked += 1
        first = order.key not in self.paid
        self.paid[order.key] = order.amount
        if first:
            raise RailUnavailable("the connection was lost after it was done")
        return Sent(order.key)


@pytest.fixture
def rail(monkeypatch: pytest.MonkeyPatch) -> ForgetfulRail:
    made = ForgetfulRail()
    monkeypatch.setitem(RAILS, RailName.BANK_TRANSFER, made)
    return made


def expect(payer: UUID, contract: UUID, amount: str = "1000") -> Collection:
    with db.worker_unit_of_work() as session:
        return collections.request(
            session,
            payer_id=payer,
            purpose=Purpose.CONTRACT_FUNDING,
            resource_id=contract,
            amount=Decimal(amount),
            currency="KGS",
            rail=RailName.BANK_TRANSFER,
            credit=AccountKey(AccountKind.ESCROW_LIABILITY, "KGS", contract),
            parties={contract: [payer]},
            due_at=None,
            actor="test",
        )


def came(found: Collection, amount: str, external_id: str, currency: str = "KGS") -> None:
    with db.worker_unit_of_work() as session:
        collections.receive(
            session,
            found,
            amount=Decimal(amount),
            currency=currency,
            clearing=AccountKey(AccountKind.BANK_CLEARING, currency),
            external_id=external_id,
            actor="bank",
        )


def payee(of: UUID, *, verified: bool = True) -> UUID:
    data = PayeeAccountIn(
        country="KG",
        currency="KGS",
        holder_name="ОсОО Ткань",
        bank_name="Бакай Банк",
        number="1240020000123456",
    )
    with db.worker_unit_of_work() as session:
        account = payees.add(session, organisation_id=of, actor="adder", data=data)
        if verified:
            payees.verify(session, account, actor="verifier")
        return account.id


def order(contract: UUID, to: UUID, account: UUID, **more: Any) -> UUID:
    given: dict[str, Any] = {
        "amount": Decimal(400),
        "key": f"rel:{contract}:1",
        "purpose": Purpose.PAYOUT,
        **more,
    }
    with db.worker_unit_of_work() as session:
        return orders.order(
            session,
            resource_id=contract,
            beneficiary_id=to,
            payee_account_id=account,
            currency="KGS",
            rail=RailName.BANK_TRANSFER,
            debit=AccountKey(AccountKind.ESCROW_LIABILITY, "KGS", contract),
            parties={contract: [to]},
            actor="orderer",
            **given,
        ).id


def read(order_id: UUID) -> PaymentOrder:
    with db.worker_unit_of_work() as session:
        return session.get_one(PaymentOrder, order_id)


def free(kind: AccountKind, reference: UUID | None = None) -> Decimal:
    """What an account holds, less what is promised, on its normal side."""
    with db.worker_unit_of_work() as session:
        row = session.exec(
            select(LedgerAccount).where(
                LedgerAccount.kind == kind,
                LedgerAccount.currency == "KGS",
                LedgerAccount.reference == reference,
            )
        ).one()
        assert balances.faults(session) == []
        gone = row.debits - row.credits
        return (gone if kind is AccountKind.BANK_CLEARING else -gone) - row.held


@pytest.fixture
def funded(as_org: Callable[..., Actor]) -> tuple[UUID, UUID]:
    """A contract with 1000 in escrow, and its supplier."""
    buyer, supplier, contract = as_org(["buyer"]), as_org(["supplier"]), uuid4()
    came(expect(buyer.org_id, contract), "1000", "line:1")
    return contract, supplier.org_id


def test_pay_01_a_payment_whose_answer_was_lost_is_asked_again_and_paid_once(
    rail: ForgetfulRail, funded: tuple[UUID, UUID]
) -> None:
    contract, supplier = funded
    made = order(contract, supplier, payee(supplier))
    with pytest.raises(RailUnavailable):
        sending.send(made)
    assert (read(made).status, read(made).attempts) == (OrderStatus.APPROVED, 1)
    with pytest.raises(PaymentUnderWay), db.worker_unit_of_work() as session:
        orders.cancel(session, orders.locked(session, made), actor="orderer")
    sending.send(made)
    sending.send(made)
    assert (read(made).status, rail.asked) == (OrderStatus.SENT, 2)
    assert [*rail.paid.values()] == [Decimal(400)]
    for _ in range(2):
        with db.worker_unit_of_work() as session:
            orders.settled(session, orders.locked(session, made), actor="bank")
    assert free(AccountKind.ESCROW_LIABILITY, contract) == 600
    assert free(AccountKind.BANK_CLEARING) == 600


def test_pay_01_two_workers_that_send_one_order_at_once_pay_it_once(
    rail: ForgetfulRail, funded: tuple[UUID, UUID]
) -> None:
    contract, supplier = funded
    made = order(contract, supplier, payee(supplier))

    def go(_: int) -> None:
        for _ in range(2):
            try:
                return sending.send(made)
            except RailUnavailable:
                continue

    with ThreadPoolExecutor(2) as pool:
        [*pool.map(go, range(2))]
    assert read(made).status is OrderStatus.SENT
    assert [*rail.paid] == [f"rel:{contract}:1"]


def test_pay_01_an_order_told_twice_is_one_order_and_another_under_its_key_is_refused(
    funded: tuple[UUID, UUID],
) -> None:
    contract, supplier = funded
    account = payee(supplier)
    assert order(contract, supplier, account) == order(contract, supplier, account)
    with pytest.raises(Exception, match="ordered otherwise"):
        order(contract, supplier, account, amount=Decimal(401))
    assert free(AccountKind.ESCROW_LIABILITY, contract) == 600


def test_a_returned_payment_is_back_on_the_account_that_it_came_from(
    rail: ForgetfulRail, funded: tuple[UUID, UUID]
) -> None:
    contract, supplier = funded
    made = order(contract, supplier, payee(supplier))
    with db.worker_unit_of_work() as session:
        orders.settled(session, orders.locked(session, made), actor="bank")
    for _ in range(2):
        with db.worker_unit_of_work() as session:
            held = orders.locked(session, made)
            orders.returned(session, held, reason="AC04", actor="bank", fee=Decimal(5))
    assert (read(made).status, read(made).last_error) == (OrderStatus.RETURNED, "AC04")
    assert free(AccountKind.ESCROW_LIABILITY, contract) == 1000
    assert free(AccountKind.BANK_CLEARING) == 995


def test_a_payment_that_is_refused_frees_what_was_held(
    monkeypatch: pytest.MonkeyPatch, funded: tuple[UUID, UUID]
) -> None:
    class Refusing(ForgetfulRail):
        def send(self, order: OrderToSend) -> Sent:
            raise RailRefused("AC01", "no such account")

    monkeypatch.setitem(RAILS, RailName.BANK_TRANSFER, Refusing())
    contract, supplier = funded
    made = order(contract, supplier, payee(supplier))
    sending.send(made)
    assert (read(made).status, read(made).last_error) == (
        OrderStatus.FAILED,
        "AC01: no such account",
    )
    assert free(AccountKind.ESCROW_LIABILITY, contract) == 1000


def test_pay_02_nothing_is_sent_to_an_account_that_nobody_else_has_verified_and_then_it_is(
    drain: Callable[[], int], funded: tuple[UUID, UUID]
) -> None:
    contract, supplier = funded
    account = payee(supplier, verified=False)
    made = order(contract, supplier, account)
    drain()
    assert (read(made).status, read(made).blocked_by) == (
        OrderStatus.APPROVED,
        ["payee_account_submitted"],
    )
    with pytest.raises(PayeeFourEyes), db.worker_unit_of_work() as session:
        payees.verify(session, payees.lock(session, account, org_id=None), actor="adder")
    with db.worker_unit_of_work() as session:
        payees.verify(session, payees.lock(session, account, org_id=None), actor="other")
    drain()
    assert (read(made).status, read(made).blocked_by) == (OrderStatus.SENT, [])


def test_who_has_ordered_a_payment_does_not_approve_it(
    rail: ForgetfulRail, funded: tuple[UUID, UUID]
) -> None:
    contract, supplier = funded
    made = order(contract, supplier, payee(supplier), needs_approval=True)
    with pytest.raises(PaymentFourEyes), db.worker_unit_of_work() as session:
        orders.approve(session, orders.locked(session, made), actor="orderer")
    sending.send(made)
    assert (read(made).status, rail.asked) == (OrderStatus.CREATED, 0)
    with db.worker_unit_of_work() as session:
        orders.approve(session, orders.locked(session, made), actor="second")
    assert read(made).status is OrderStatus.APPROVED


def test_an_account_number_is_not_readable_in_the_table(
    as_org: Callable[..., Actor], session: Session
) -> None:
    account = session.get_one(PayeeAccount, payee(as_org(["supplier"]).org_id))
    assert account.last4 == "3456"
    assert account.number is not None
    assert b"1240020000123456" not in account.number
    assert payees.number(account) == "1240020000123456"


@pytest.mark.parametrize(
    ("parts", "status", "received", "suspense"),
    [
        (["1000"], CollectionStatus.RECEIVED, "1000", []),
        (["300"], CollectionStatus.PARTIALLY_RECEIVED, "300", []),
        (["300", "700"], CollectionStatus.RECEIVED, "1000", []),
        (["1200"], CollectionStatus.RECEIVED, "1000", [("200", "amount")]),
        (["1000", "50"], CollectionStatus.RECEIVED, "1000", [("50", "nothing_expected")]),
    ],
)
def test_pay_04_exact_partial_and_too_much_are_told_apart(
    as_org: Callable[..., Actor],
    session: Session,
    parts: list[str],
    status: CollectionStatus,
    received: str,
    suspense: list[tuple[str, str]],
) -> None:
    contract = uuid4()
    found = expect(as_org(["buyer"]).org_id, contract)
    for number, part in enumerate(parts):
        for _ in range(2):
            came(found, part, f"line:{number}")
    row = session.get_one(Collection, found.id)
    assert (row.status, row.received_amount) == (status, Decimal(received))
    items = [(plain_amount(each), each.reason) for each in session.exec(select(SuspenseItem))]
    assert items == suspense
    assert free(AccountKind.ESCROW_LIABILITY, contract) == Decimal(received)
    assert free(AccountKind.BANK_CLEARING) == sum(map(Decimal, parts))


def plain_amount(item: SuspenseItem) -> str:
    return f"{item.amount:.0f}"


def test_pay_04_money_in_another_currency_waits_in_suspense(
    as_org: Callable[..., Actor], session: Session
) -> None:
    found = expect(as_org(["buyer"]).org_id, uuid4())
    came(found, "70", "line:usd", "USD")
    item = session.exec(select(SuspenseItem)).one()
    assert (item.currency, item.amount, item.reason) == ("USD", 70, "currency")
    assert session.get_one(Collection, found.id).received_amount == 0


def test_pay_04_one_line_told_at_once_by_two_is_booked_once(
    as_org: Callable[..., Actor], session: Session
) -> None:
    found = expect(as_org(["buyer"]).org_id, uuid4())
    with ThreadPoolExecutor(2) as pool:
        [*pool.map(lambda _: came(found, "300", "line:1"), range(2))]
    assert len(session.exec(select(CollectionReceipt)).all()) == 1
    assert session.get_one(Collection, found.id).received_amount == 300


def test_sec_01_strangers_see_no_collection_order_or_account_without_the_applications_filter(
    as_org: Callable[..., Actor], funded: tuple[UUID, UUID]
) -> None:
    contract, supplier = funded
    order(contract, supplier, payee(supplier))
    tables = (Collection, CollectionReceipt, PaymentOrder, PayeeAccount, SuspenseItem)
    with db.unit_of_work(as_org(["buyer"]).org_id) as stranger:
        assert [stranger.exec(select(each)).all() for each in tables] == [[]] * 5
    with db.unit_of_work(supplier) as own:
        assert [len(own.exec(select(each)).all()) for each in tables] == [0, 0, 1, 1, 0]


def test_what_came_is_never_altered(funded: tuple[UUID, UUID]) -> None:
    change = text("UPDATE collection_receipt SET amount = 2")
    with (
        pytest.raises(DBAPIError, match="permission denied"),
        db.worker_unit_of_work() as worker,
    ):
        worker.connection().execute(change)


@given(st.uuids(), st.text(max_size=20), st.text(max_size=20), st.integers(1, 6))
def test_a_reference_is_found_in_whatever_is_written_around_it(
    id: UUID, before: str, after: str, group: int
) -> None:
    made = references.creditor_reference(id)
    spaced = " ".join(made[i : i + group] for i in range(0, len(made), group))
    assert made in references.found_in(f"{before} {spaced.lower()} {after}")
    assert len(references.end_to_end_id(id)) == 16


@given(st.uuids(), st.integers(4, 19), st.sampled_from("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"))
def test_a_reference_with_one_digit_or_one_letter_wrong_is_none(
    id: UUID, at: int, other: str
) -> None:
    """Modulo 97 finds those always; a digit for a letter in all but one of 97."""
    made = references.creditor_reference(id)
    assume(made[at].isdigit() == other.isdigit())
    wrong = made[:at] + other + made[at + 1 :]
    assert references.found_in(wrong) == ([made] if wrong == made else [])
