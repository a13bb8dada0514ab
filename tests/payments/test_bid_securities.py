"""Securities of bids and contracts: secret before the opening, returned in time, kept by decision."""

import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from threading import Barrier
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlmodel import Session

from api.core import db, ids, settings
from api.payments.service import security_returns
from api.rules.bids import BidStage
from api.rules.guarantees import GuaranteeStatus
from api.rules.periods import DayUnit, Duration, Rounding, Timetable, WorkCalendar
from api.rules.policy import LateSecurity
from api.rules.securities import (
    FORFEITURE,
    SECURITY,
    BidFacts,
    ForfeitureStatus,
    ReturnCause,
    SecurityStatus,
    bid_return,
    counts,
)
from api.rules.states import IllegalTransition
from tests.contracts import signing
from tests.payments import paying, securing
from tests.payments.securing import ok
from tests.procurement import awarding, bidding, samples

type AsOrg = Callable[..., Any]
type Drain = Callable[[], int]
TABLE = Timetable(WorkCalendar("KG", dict.fromkeys(range(2025, 2040), frozenset({6, 7})), {}))
NOW = datetime(2027, 3, 1, 4, tzinfo=UTC)
LATER = st.timedeltas(timedelta(0), timedelta(days=700)).map(lambda since: NOW + since)
SOME = st.none() | LATER
DURATIONS = st.builds(
    Duration,
    days=st.integers(0, 40),
    unit=st.sampled_from(DayUnit),
    rounding=st.sampled_from(Rounding),
)


@given(st.lists(st.sampled_from(sorted(SECURITY.actions)), max_size=12))
def test_pay_03_a_security_ends_once_and_is_kept_only_when_held(actions: list[str]) -> None:
    status = SecurityStatus.REQUESTED
    for action in actions:
        try:
            after = SECURITY.apply(action, status)
        except IllegalTransition:
            continue
        assert status not in ("forfeited", "cancelled")
        assert status is not SecurityStatus.RETURNED or action == "come_back"
        if after is SecurityStatus.FORFEITED:
            assert status is SecurityStatus.HELD
        if after is SecurityStatus.RETURNED:
            assert status is SecurityStatus.RETURNING
        status = after


@given(st.lists(st.sampled_from(sorted(FORFEITURE.actions)), max_size=12))
def test_pay_03_what_is_contested_is_executed_only_when_upheld(actions: list[str]) -> None:
    status, path = ForfeitureStatus.PROPOSED, [ForfeitureStatus.PROPOSED]
    for action in actions:
        try:
            status = FORFEITURE.apply(action, status)
        except IllegalTransition:
            continue
        path.append(status)
    if ForfeitureStatus.EXECUTED in path:
        assert ForfeitureStatus.APPROVED in path
        assert (ForfeitureStatus.CONTESTED in path) is (ForfeitureStatus.UPHELD in path)


@given(st.sampled_from(BidStage), SOME, SOME, SOME, SOME, LATER, DURATIONS)
def test_pay_03_a_return_is_due_by_the_first_cause_and_never_before_it(
    stage: BidStage,
    ended: datetime | None,
    over: datetime | None,
    awarded: datetime | None,
    signed: datetime | None,
    valid: datetime,
    duration: Duration,
) -> None:
    facts = BidFacts(
        stage=stage,
        ended_at=ended,
        tender_over_at=over,
        others_awarded_at=awarded,
        signed_at=signed,
        validity_end=valid,
    )
    cause, due = bid_return(facts, TABLE, duration)
    withdrawn = ended if stage in (BidStage.WITHDRAWN, BidStage.LAPSED) else None
    first = min(at for at in (withdrawn, over, awarded, signed, valid) if at is not None)
    assert due >= first
    assert due == TABLE.after(first, duration)
    assert cause is not ReturnCause.WITHDRAWAL or withdrawn == first


@given(LATER, LATER, SOME, st.sampled_from(LateSecurity))
def test_pay_03_a_late_security_counts_as_the_rules_of_the_tender_say(
    received: datetime, due: datetime, opened: datetime | None, late: LateSecurity
) -> None:
    found = counts(received_at=received, due_at=due, opened_at=opened, late=late)
    if received < due:
        assert found
    elif late is LateSecurity.REFUSED:
        assert not found
    else:
        assert found is (opened is None or received < opened)


def test_pay_03_before_the_opening_a_security_reveals_no_bidder(
    as_org: AsOrg, drain: Drain
) -> None:
    world = securing.world(as_org)
    given = securing.held(world, drain)
    bid, supplier = world.bids[0]["id"], world.suppliers[0]
    others = {
        "buyer": world.buyer,
        "chief": world.chief,
        "supplier": as_org(["supplier"]),
        "auditor": world.made.openers[-1].actor,
        "reviewer": world.reviewer,
    }
    tender = world.made.id
    for name, actor in others.items():
        for path in (
            f"/v1/securities?tender_id={tender}",
            f"/v1/securities?bid_id={bid}",
            "/v1/guarantees",
            "/v1/events",
        ):
            text = actor.get(path).text
            assert given["id"] not in text, (name, path)
            assert given["guarantee_id"] not in text, (name, path)
            assert ids.show("organisation", supplier.org_id) not in text, (name, path)
        for path in (f"/v1/securities/{given['id']}", f"/v1/guarantees/{given['guarantee_id']}"):
            assert actor.get(path).status_code in (403, 404), (name, path)
    shown = ok(world.treasurer.get("/v1/guarantees"))["items"]
    assert [each["id"] for each in shown] == [given["guarantee_id"]]
    assert bid not in str(shown)
    assert tender not in str(shown)
    assert world.treasurer.get(f"/v1/securities/{given['id']}").status_code == 403
    securing.opened(world)
    seen = ok(world.buyer.get(f"/v1/securities?tender_id={tender}"))["items"]
    assert [(each["bid_id"], each["status"]) for each in seen] == [(bid, "held")]
    guarantee = ok(world.buyer.get(f"/v1/guarantees/{given['guarantee_id']}"))
    assert guarantee["applicant_id"] == ids.show("organisation", supplier.org_id)


def test_the_database_itself_hides_securities_before_the_opening(
    as_org: AsOrg, drain: Drain
) -> None:
    """Without any query of ours: what the API's role sees as each organisation."""
    world = securing.world(as_org)
    securing.held(world, drain)

    def count(actor: Any, table: str, operator: bool = False) -> Any:
        with db.unit_of_work(actor.org_id) as session:
            if operator:
                db.scope(session, operator="on")
            return session.connection().exec_driver_sql(f"SELECT count(*) FROM {table}").scalar()

    assert [count(world.suppliers[0], each) for each in ("security", "guarantee")] == [1, 1]
    for actor in (world.buyer, as_org(["supplier"]), world.reviewer):
        assert [count(actor, each) for each in ("security", "guarantee")] == [0, 0]
    assert count(world.treasurer, "security", operator=True) == 0
    assert count(world.treasurer, "guarantee", operator=True) == 1
    securing.opened(world)
    assert [count(world.buyer, each) for each in ("security", "guarantee")] == [1, 1]


def test_pay_03_a_bid_without_a_security_in_time_is_disqualified_at_the_opening(
    as_org: AsOrg, drain: Drain
) -> None:
    world = securing.world(as_org, suppliers=2)
    securing.held(world, drain)
    bidding.pass_deadline(world.made)
    late = securing.give(world, 1)
    assert (late.status_code, late.json()["code"]) == (409, "security_too_late")
    bidding.open_all(world.made)
    first, second = (ok(world.buyer.get(f"/v1/bids/{each['id']}")) for each in world.bids)
    assert first["status"] == "pending"
    assert second["status"] == "disqualified"
    assert [each["code"] for each in second["disqualification"]] == ["security_not_held"]


def test_pay_03_a_card_is_refused_with_the_reason_and_what_remains(
    as_org: AsOrg, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = securing.world(as_org)
    url = f"/v1/bids/{world.bids[0]['id']}/security"
    refused = world.suppliers[0].post(url, json={"rail": "stripe"})
    assert (refused.status_code, refused.json()["code"]) == (409, "rail_unfit")
    reasons = [each["detail"] for each in refused.json()["errors"]]
    assert reasons == ["The platform has no account at Stripe", "what remains: guarantee"]
    securing.bank()
    monkeypatch.setenv("KERBEN_STRIPE_KEY", "rk_test_kerben_0123456789")
    settings.get.cache_clear()
    refused = world.suppliers[0].post(url, json={"rail": "stripe"})
    monkeypatch.undo()
    settings.get.cache_clear()
    assert (refused.status_code, refused.json()["code"]) == (409, "rail_unfit")
    reasons = [each["detail"] for each in refused.json()["errors"]]
    assert re.fullmatch(r"A card holds money for 7 days, needed are \d\d", reasons[0])
    assert reasons[1] == "what remains: bank_transfer, guarantee"
    assert ok(world.suppliers[0].get("/v1/securities"))["items"] == []


def test_pay_03_a_late_security_counts_until_the_opening_where_the_rules_say_so(
    as_org: AsOrg, drain: Drain
) -> None:
    world = securing.world(as_org, late="until_opening")
    bidding.pass_deadline(world.made)
    given = securing.held(world, drain)
    assert given["counts"] is True
    bidding.open_all(world.made)
    assert ok(world.buyer.get(f"/v1/bids/{world.bids[0]['id']}"))["status"] == "pending"


def test_pay_03_a_withdrawn_bids_security_and_that_of_a_cancelled_tender_go_back_in_time(
    as_org: AsOrg, drain: Drain
) -> None:
    world = securing.world(as_org, suppliers=2)
    given = [securing.held(world, drain, n) for n in range(2)]
    assert {each["return_cause"] for each in given} == {"validity_ended"}
    ok(world.suppliers[0].post(f"/v1/bids/{world.bids[0]['id']}/withdraw"))
    drain()
    first = securing.seen(world.suppliers[0], given[0])
    assert first["return_cause"] == "withdrawal"
    securing.pass_time(drain, days=4.9)
    assert securing.seen(world.suppliers[0], given[0])["status"] == "held"
    securing.pass_time(drain, days=0.2)
    assert securing.seen(world.suppliers[0], given[0])["status"] == "returned"
    guarantee = securing.guarantee_row(given[0]["guarantee_id"])
    assert guarantee.status is GuaranteeStatus.RELEASED
    samples.cancelled(world.buyer, world.made.tender)
    drain()
    second = securing.seen(world.suppliers[1], given[1])
    assert (second["status"], second["return_cause"]) == ("held", "tender_over")
    securing.pass_time(drain, days=5.1)
    assert securing.seen(world.suppliers[1], given[1])["status"] == "returned"


def test_pay_03_the_losers_security_goes_back_after_the_award_and_the_winners_after_signature(
    as_org: AsOrg, drain: Drain
) -> None:
    world = securing.world(as_org, suppliers=2, performance_required=True)
    given = [securing.held(world, drain, n) for n in range(2)]
    securing.evaluated(world)
    award = awarding.awarded(world.case)
    drain()
    winner, loser = (
        securing.seen(who, each) for who, each in zip(world.suppliers, given, strict=True)
    )
    assert (winner["return_cause"], loser["return_cause"]) == ("validity_ended", "award")
    end = datetime.fromisoformat(award["standstill_end"])
    assert datetime.fromisoformat(loser["return_due_at"]) == end + timedelta(days=5)
    contract = signing.created(world.case, award, performance_security=securing.AMOUNT)
    contract = ok(world.buyer.post(f"/v1/contracts/{contract['id']}/offer"))
    securing.pass_time(drain, end)
    ok(signing.sign(world.buyer, contract))
    blocked = signing.sign(world.suppliers[0], contract)
    assert blocked.json()["code"] == "performance_security_missing"
    performance = securing.secured(world.case, contract, drain)
    assert performance["kind"] == "performance"
    assert ok(signing.sign(world.suppliers[0], contract))["status"] == "active"
    drain()
    winner = securing.seen(world.suppliers[0], given[0])
    assert (winner["status"], winner["return_cause"]) == ("held", "contract_signed")
    securing.pass_time(drain, days=5.1)
    for who, each in zip(world.suppliers, given, strict=True):
        assert securing.seen(who, each)["status"] == "returned"
    ended = {"reason": "completed", "details": "Исполнен"}
    ok(world.buyer.post(f"/v1/contracts/{contract['id']}/terminate", json=ended))
    drain()
    assert securing.seen(world.suppliers[0], performance)["return_cause"] == "contract_over"
    securing.pass_time(drain, days=30.1)
    assert securing.seen(world.suppliers[0], performance)["status"] == "returned"


def test_pay_03_a_security_is_kept_only_by_a_decision_of_two_that_can_be_contested(
    session: Session, as_org: AsOrg, drain: Drain
) -> None:
    case, contract = securing.contracted(session, as_org)
    given = securing.secured(case, contract, drain)
    buyer, chief = case.parties.buyer, case.parties.chief
    supplier, reviewer = case.parties.suppliers[0], case.parties.reviewer
    url = f"/v1/securities/{given['id']}/forfeitures"
    wrong = buyer.post(url, json=securing.forfeiture(buyer, ground="refusal_to_sign"))
    assert wrong.json()["errors"][0]["code"] == "ground_not_allowed"
    foreign = securing.forfeiture(supplier, ground="breach_of_contract")
    assert buyer.post(url, json=foreign).status_code == 422
    unreasoned = {**securing.forfeiture(buyer, ground="breach_of_contract"), "reason": ""}
    assert buyer.post(url, json=unreasoned).status_code == 422
    assert supplier.post(url, json=securing.forfeiture(supplier)).status_code == 403
    good = securing.forfeiture(buyer, ground="breach_of_contract")
    ok(buyer.post(url, json=good), 201)
    pending = buyer.post(url, json=good)
    assert pending.json()["code"] == "forfeiture_pending"
    assert buyer.post(f"{url}/1/approve").json()["code"] == "same_decider"
    securing.pass_time(drain, days=30)
    assert securing.seen(supplier, given)["status"] == "held"
    ok(chief.post(f"{url}/1/approve"))
    assert reviewer.get(f"/v1/securities/{given['id']}").status_code == 404
    ok(supplier.post(f"{url}/1/contest", json={"reason": "Договор не нарушен"}))
    securing.pass_time(drain, days=30)
    assert securing.seen(supplier, given)["status"] == "held"
    assert reviewer.get(f"{url}/1/document").content.startswith(b"%PDF-1.7 paper")
    ok(reviewer.post(f"{url}/1/annul", json={"reason": "Поставка в срок"}))
    drain()
    assert securing.seen(supplier, given)["status"] == "held"
    ok(buyer.post(url, json=good), 201)
    ok(chief.post(f"{url}/2/approve"))
    ok(supplier.post(f"{url}/2/contest", json={"reason": "Нет"}))
    ok(reviewer.post(f"{url}/2/uphold", json={"reason": "Нарушен"}))
    securing.pass_time(drain)
    assert securing.seen(supplier, given)["status"] == "forfeited"
    assert [each["status"] for each in ok(supplier.get(url))["items"]] == ["annulled", "executed"]
    assert securing.guarantee_row(given["guarantee_id"]).status is GuaranteeStatus.CALLED


def test_pay_03_money_that_is_kept_goes_from_its_own_account_to_the_buyer_once(
    session: Session, as_org: AsOrg, drain: Drain
) -> None:
    case, contract = securing.contracted(session, as_org)
    given, account = securing.deposited(case, contract, drain)
    buyer = case.parties.buyer
    url = f"/v1/securities/{given['id']}/forfeitures"
    own, other = paying.payee(buyer.org_id), paying.payee(buyer.org_id)
    good = securing.forfeiture(buyer, ground="breach_of_contract", payee_account_id=own)
    ok(buyer.post(url, json=good), 201)
    ok(case.parties.chief.post(f"{url}/1/approve"))
    assert (securing.balance(account), securing.owed(buyer)) == (Decimal(100000), None)
    securing.pass_time(drain, days=11)
    securing.pass_time(drain, days=11)
    assert (securing.balance(account), securing.owed(buyer)) == (0, Decimal(100000))
    assert securing.seen(case.parties.suppliers[0], given)["status"] == "forfeited"
    body = {"payee_account_id": other}
    assert buyer.post(f"{url}/1/payout", json=body).status_code == 409
    (failed,) = securing.settle(drain, "failed")
    assert (failed.beneficiary_id, failed.amount) == (buyer.org_id, Decimal(100000))
    ok(buyer.post(f"{url}/1/payout", json=body))
    (paid,) = securing.settle(drain)
    assert ids.show("payeeaccount", paid.payee_account_id) == other
    assert securing.owed(buyer) == 0


def test_a_decision_that_is_not_contested_in_time_can_no_longer_be(
    session: Session, as_org: AsOrg, drain: Drain
) -> None:
    case, contract = securing.contracted(session, as_org)
    given = securing.secured(case, contract, drain)
    buyer, supplier = case.parties.buyer, case.parties.suppliers[0]
    url = f"/v1/securities/{given['id']}/forfeitures"
    good = securing.forfeiture(buyer, ground="breach_of_contract")
    ok(buyer.post(url, json=good), 201)
    ok(case.parties.chief.post(f"{url}/1/approve"))
    awarding.advance(10)
    over = supplier.post(f"{url}/1/contest", json={"reason": "Поздно"})
    assert over.json()["code"] == "contest_over"


@pytest.mark.parametrize("turn", range(3))
def test_of_a_return_and_a_decision_at_once_one_wins(
    session: Session, as_org: AsOrg, drain: Drain, turn: int
) -> None:
    case, contract = securing.contracted(session, as_org)
    given = securing.secured(case, contract, drain)
    buyer, chief = case.parties.buyer, case.parties.chief
    url = f"/v1/securities/{given['id']}"
    good = securing.forfeiture(buyer, ground="breach_of_contract")
    ok(buyer.post(f"{url}/forfeitures", json=good), 201)
    ok(buyer.post(f"{url}/return"))
    barrier = Barrier(2)

    def decide() -> int:
        barrier.wait()
        return int(chief.post(f"{url}/forfeitures/1/approve").status_code)

    def send_back() -> bool:
        barrier.wait()
        with db.worker_unit_of_work() as own:
            return security_returns.return_due(own, ids.parse("security", given["id"]))

    with ThreadPoolExecutor(2) as pool:
        decided, returned = pool.submit(decide), pool.submit(send_back)
        outcome = (decided.result(), returned.result())
    assert outcome in {(200, False), (409, True)}
    securing.pass_time(drain, days=11)
    wanted = "returned" if returned.result() else "forfeited"
    assert securing.seen(case.parties.suppliers[0], given)["status"] == wanted
