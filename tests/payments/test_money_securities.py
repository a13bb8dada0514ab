"""Securities that are money: by a bank transfer, or an authorised card."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from decimal import Decimal
from threading import Barrier
from typing import Any

from sqlmodel import Session, col, select

from api.core import db, ids
from api.core.outbox import OutboxEvent
from api.payments.models import CollectionReceipt, SuspenseItem
from api.payments.service import (
    balances,
    collection_reversals,
    security_accounts,
    security_returns,
)
from tests.payments import paying, securing
from tests.payments.securing import DAY, ok
from tests.payments.stripe_world import StripeWorld
from tests.procurement import bidding

type AsOrg = Callable[..., Any]
type Drain = Callable[[], int]


def test_pay_03_no_bid_counts_as_secured_before_all_of_its_money_is_here(
    as_org: AsOrg, drain: Drain, session: Session
) -> None:
    world = securing.world(as_org, suppliers=3)
    given = [securing.promise(world, n) for n in range(3)]
    assert {each["status"] for each in given} == {"requested"}
    securing.come(given[0], drain, "60000", "45000")
    securing.come(given[0], drain, "5000")
    securing.come(given[1], drain, "99999.99")
    bidding.pass_deadline(world.made)
    securing.come(given[2], drain, "100000")
    bidding.open_all(world.made)
    shown = [ok(world.buyer.get(f"/v1/bids/{each['id']}")) for each in world.bids]
    assert [each["status"] for each in shown] == ["pending", "disqualified", "disqualified"]
    assert [[one["code"] for one in each["disqualification"] or []] for each in shown] == [
        [],
        ["security_not_held"],
        ["security_not_held"],
    ]

    held, short, late = (
        securing.seen(who, each) for who, each in zip(world.suppliers, given, strict=True)
    )
    assert (held["status"], held["received_amount"], held["excess_amount"]) == (
        "held",
        "100000",
        "10000",
    )
    assert [each.amount for each in session.exec(select(SuspenseItem))] == [5000, 5000]
    assert (short["status"], short["received_amount"]) == ("requested", "99999.99")
    assert (late["status"], late["counts"], late["return_cause"]) == ("held", False, "late")
    securing.pass_time(drain)
    ok(world.suppliers[1].post(f"/v1/securities/{short['id']}/return"))
    securing.pass_time(drain)
    sent = securing.settle(drain)
    assert sorted(each.amount for each in sent) == [Decimal("99999.99"), 100000]
    for n in (1, 2):
        back = securing.seen(world.suppliers[n], given[n])
        assert (back["status"], back["counts"]) == ("returned", False)
        assert securing.balance(security_accounts.key(securing.security_row(back))) == 0


def test_pay_03_a_security_whose_money_the_bank_took_back_secures_nothing_until_it_comes_again(
    as_org: AsOrg, drain: Drain, session: Session
) -> None:
    world = securing.world(as_org, suppliers=2)
    given = [securing.promise(world, n) for n in range(2)]
    for each in given:
        securing.come(each, drain, "60000", "40000")
    assert {securing.seen(world.suppliers[n], given[n])["status"] for n in (0, 1)} == {"held"}
    for each in given:
        collection_id = securing.security_row(each).collection_id
        receipts = select(CollectionReceipt).where(CollectionReceipt.collection_id == collection_id)
        with db.worker_unit_of_work() as unit:
            for number in range(2):  # told twice, taken back once
                collection_reversals.reverse(
                    unit,
                    unit.exec(receipts.order_by(col(CollectionReceipt.id))).all()[0],
                    clearing=paying.BANK,
                    external_id=f"back:{each['id']}:{number}",
                    reason="AM05",
                    actor="bank",
                    details={},
                )
        drain()
    lost = securing.seen(world.suppliers[0], given[0])
    assert (lost["status"], lost["received_amount"], lost["counts"]) == (
        "requested",
        "40000",
        None,
    )
    securing.come(given[1], drain, "60000.00")
    assert securing.seen(world.suppliers[1], given[1])["status"] == "held"
    bidding.pass_deadline(world.made)
    bidding.open_all(world.made)
    shown = [ok(world.buyer.get(f"/v1/bids/{each['id']}")) for each in world.bids]
    assert [each["status"] for each in shown] == ["disqualified", "pending"]


def test_pay_03_money_goes_back_to_an_account_of_its_payer_however_often_that_fails(
    session: Session, as_org: AsOrg, drain: Drain
) -> None:
    case, contract = securing.contracted(session, as_org)
    supplier, buyer = case.parties.suppliers[0], case.parties.buyer
    body = {"kind": "performance", **securing.by_bank(supplier)}
    foreign = {**body, "payee_account_id": paying.payee(buyer.org_id)}
    url = f"/v1/contracts/{contract['id']}/securities"
    assert supplier.post(url, json=foreign).json()["code"] == "payee_unfit"
    given, account = securing.deposited(case, contract, drain)
    url = f"/v1/securities/{given['id']}"

    ok(buyer.post(f"{url}/return"))
    securing.pass_time(drain)
    (order,) = securing.settle(drain, "failed")
    assert (order.beneficiary_id, order.amount) == (supplier.org_id, Decimal(100000))
    failed = securing.seen(supplier, given)
    assert (failed["status"], securing.balance(account)) == ("returning", Decimal(100000))
    told = session.exec(
        select(OutboxEvent.id).where(OutboxEvent.type == "security.return_failed")
    ).all()
    assert len(told) == 1
    assert buyer.request("PUT", f"{url}/payee-account", json=body_of(supplier)).status_code in (
        403,
        404,
    )
    ok(supplier.request("PUT", f"{url}/payee-account", json=body_of(supplier)))
    securing.pass_time(drain)
    securing.settle(drain)
    assert securing.seen(supplier, given)["status"] == "returned"

    securing.settle(drain, "returned")
    back = securing.seen(supplier, given)
    assert (back["status"], back["returned_at"], securing.balance(account)) == (
        "returning",
        None,
        Decimal(100000),
    )
    ok(supplier.request("PUT", f"{url}/payee-account", json=body_of(supplier)))
    securing.pass_time(drain)
    securing.settle(drain)
    assert securing.seen(supplier, given)["status"] == "returned"
    assert securing.balance(account) == 0
    assert (
        supplier.request("PUT", f"{url}/payee-account", json=body_of(supplier)).status_code == 409
    )


def body_of(actor: Any) -> dict[str, str]:
    return {"payee_account_id": paying.payee(actor.org_id)}


def test_pay_04_of_money_that_comes_and_a_security_that_is_given_up_at_once_nothing_is_lost(
    session: Session, as_org: AsOrg, drain: Drain
) -> None:
    case, contract = securing.contracted(session, as_org)
    supplier = case.parties.suppliers[0]
    url = f"/v1/contracts/{contract['id']}/securities"
    body = {"kind": "performance", **securing.by_bank(supplier)}
    given = ok(supplier.post(url, json=body), 201)
    ok(supplier.post(f"/v1/securities/{given['id']}/return"))
    start = Barrier(2)

    def come() -> None:
        start.wait()
        paying.come(given["collection_id"], Decimal(100000))

    def give_up() -> None:
        start.wait()
        with db.worker_unit_of_work() as own:
            security_returns.return_due(own, ids.parse("security", given["id"]))

    with ThreadPoolExecutor(2) as pool:
        for each in [pool.submit(come), pool.submit(give_up)]:
            each.result()
    drain()
    kept = [each.amount for each in session.exec(select(SuspenseItem))]
    status = securing.seen(supplier, given)["status"]
    assert (status, kept) in [("cancelled", [100000]), ("returning", [])]
    assert balances.faults(session) == []


def test_pay_03_a_card_is_authorised_let_go_or_charged_when_the_security_is_kept(
    stripe_world: StripeWorld, as_org: AsOrg, drain: Drain
) -> None:
    days = {"bid_validity": {"days": 2, **DAY}, "return_duration": {"days": 1, **DAY}}
    world = securing.world(as_org, suppliers=3, **days)
    end = datetime.fromisoformat(world.made.tender["tender_period_end"])
    with db.worker_unit_of_work() as unit:
        ahead = end - timedelta(days=2) - db.now(unit)
    securing.pass_time(drain, days=ahead / timedelta(days=1))
    stripe_world.double.act("advance", seconds=int(ahead.total_seconds()))

    given = [
        ok(who.post(f"/v1/bids/{bid['id']}/security", json={"rail": "stripe"}), 201)
        for who, bid in zip(world.suppliers, world.bids, strict=True)
    ]
    drain()
    for each in given[:2]:
        collection = ids.parse("collection", each["collection_id"])
        page = stripe_world.collection(collection).provider_id
        assert securing.seen(world.suppliers[given.index(each)], each)["status"] == "requested"
        stripe_world.double.act("pay_session", session=page, card="pm_card_bypassPending")
    stripe_world.deliver(copies=2, seed=3)
    shown = [securing.seen(who, each) for who, each in zip(world.suppliers, given, strict=True)]
    assert [each["status"] for each in shown] == ["held", "held", "requested"]
    assert shown[0]["authorised_until"] >= shown[0]["return_due_at"]
    assert stripe_world.ledger() == {}

    securing.opened(world)
    drain()
    url = f"/v1/securities/{given[0]['id']}/forfeitures"
    own = paying.payee(world.buyer.org_id)
    ok(world.buyer.post(url, json=securing.forfeiture(world.buyer, payee_account_id=own)), 201)
    ok(world.chief.post(f"{url}/1/approve"))
    ok(world.buyer.post(f"/v1/securities/{given[1]['id']}/return"))
    securing.pass_time(drain)
    stripe_world.deliver()
    kept, let_go = (securing.seen(world.suppliers[n], given[n]) for n in range(2))
    assert (kept["status"], kept["received_amount"]) == ("held", "100000")
    assert (let_go["status"], let_go["received_amount"]) == ("returned", "0")
    intents = [
        stripe_world.intent_of(ids.parse("collection", each["collection_id"]))["status"]
        for each in given[:2]
    ]
    assert intents == ["succeeded", "canceled"]

    securing.pass_time(drain, days=11)
    assert securing.seen(world.suppliers[0], given[0])["status"] == "forfeited"
    assert securing.seen(world.suppliers[2], given[2])["status"] == "cancelled"
    assert securing.owed(world.buyer) == Decimal(100000)
    (paid,) = securing.settle(drain)
    assert (paid.beneficiary_id, paid.amount) == (world.buyer.org_id, Decimal(100000))
