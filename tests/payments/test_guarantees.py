"""Bank guarantees: what is taken, who verifies, notices of their end, demands and their payment."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from sqlmodel import Session, select

from api.core import db
from api.core.outbox import OutboxEvent
from api.rules import guarantees as rules
from api.rules.clock import BISHKEK
from api.rules.guarantees import GUARANTEE, IN_FORCE, AmendmentKind, GuaranteeStatus, Needed, Terms
from api.rules.states import IllegalTransition
from api.rules.tenders import Value
from tests.payments import paying, securing
from tests.payments.securing import ok

type AsOrg = Callable[..., Any]
type Drain = Callable[[], int]
ENDS = frozenset(
    {
        GuaranteeStatus.REFUSED,
        GuaranteeStatus.EXPIRED,
        GuaranteeStatus.PAID,
        GuaranteeStatus.RELEASED,
    }
)
DAYS = st.dates(date(2026, 1, 1), date(2035, 1, 1))


def events(kind: str) -> list[OutboxEvent]:
    with Session(db.engine("worker")) as session:
        rows = session.exec(select(OutboxEvent).where(OutboxEvent.type == kind)).all()
        return sorted(rows, key=lambda row: row.id)


@given(st.lists(st.sampled_from(sorted(GUARANTEE.actions)), max_size=12))
def test_a_guarantee_is_paid_only_after_a_call_and_called_only_in_force(actions: list[str]) -> None:
    status, path = GuaranteeStatus.SUBMITTED, [GuaranteeStatus.SUBMITTED]
    for action in actions:
        try:
            after = GUARANTEE.apply(action, status)
        except IllegalTransition:
            continue
        assert status not in ENDS
        if action == "call":
            assert status in IN_FORCE
            assert GuaranteeStatus.ACCEPTED in path
        if after is GuaranteeStatus.PAID:
            assert status is GuaranteeStatus.CALLED
        status = after
        path.append(after)


@given(DAYS, st.integers(0, 400), st.integers(-48, 48))
def test_a_demand_is_in_time_until_the_last_day_is_over_in_bishkek(
    valid_until: date, claim_days: int, hours: int
) -> None:
    midnight = datetime.combine(
        valid_until + timedelta(days=claim_days + 1), datetime.min.time(), BISHKEK
    )
    now = (midnight + timedelta(hours=hours)).astimezone(UTC)
    assert rules.can_be_called(valid_until, claim_days, now) is (hours < 0)


@given(DAYS, st.integers(-40, 60))
def test_a_notice_is_due_from_its_day_to_the_end(valid_until: date, left: int) -> None:
    found = rules.days_left(valid_until, valid_until - timedelta(days=left))
    wanted = next((day for day in (1, 7, 30) if 0 <= left <= day), None)
    assert found == wanted


@given(
    DAYS,
    st.integers(-30, 30),
    st.decimals(1, 10_000, places=2),
    st.decimals(1, 10_000, places=2),
)
def test_pay_03_a_guarantee_that_is_too_short_or_too_small_names_the_field(
    until: date, longer: int, amount: Decimal, needed: Decimal
) -> None:
    terms = Terms(
        Value(amount, "KGS"), "DEMIKG22", "KG", date(2026, 1, 1), until + timedelta(days=longer), 0
    )
    faults = rules.faults(terms, Needed(Value(needed, "KGS"), until), today=date(2026, 1, 1))
    pointers = {each.pointer for each in faults}
    assert ("#/guarantee/valid_until" in pointers) is (longer < 0)
    assert ("#/guarantee/amount" in pointers) is (amount < needed)


@given(st.sampled_from(AmendmentKind), st.integers(-5, 5), st.integers(-5, 5))
def test_an_amendment_only_prolongs_or_only_reduces(
    kind: AmendmentKind, days: int, more: int
) -> None:
    day = date(2027, 1, 10)
    extends = kind is AmendmentKind.EXTEND
    faults = rules.amendment_faults(
        kind,
        valid_until=day,
        new_valid_until=day + timedelta(days=days) if extends else None,
        amount=Decimal(5),
        new_amount=None if extends else Decimal(5 + more),
    )
    good = days > 0 if extends else -5 < more < 0
    assert (faults == []) is good


UNFIT: list[tuple[dict[str, Any], str, str]] = [
    ({"days": 40}, "#/guarantee/valid_until", "expires_too_early"),
    ({"amount": "99999.99"}, "#/guarantee/amount", "amount_too_small"),
    ({"currency": "USD"}, "#/guarantee/currency", "currency_differs"),
    ({"issuer_bic": "DEMIKG2"}, "#/guarantee/issuer_bic", "string_too_short"),
    ({"issuer_bic": "demikg22"}, "#/guarantee/issuer_bic", "bic_malformed"),
    ({"issuer_country": "CN"}, "#/guarantee/issuer_country", "country_differs"),
    ({"issued_date": "2099-01-01"}, "#/guarantee/issued_date", "in_future"),
]


def test_pay_03_an_unfit_guarantee_is_refused_with_its_field(as_org: AsOrg) -> None:
    world = securing.world(as_org)
    for changed, pointer, code in UNFIT:
        answer = securing.give(world, **changed)
        assert answer.status_code == 422, answer.text
        first = answer.json()["errors"][0]
        assert (first["pointer"], first["code"]) == (pointer, code)
    assert ok(world.suppliers[0].get("/v1/guarantees"))["items"] == []
    assert ok(world.suppliers[0].get("/v1/securities"))["items"] == []


def test_the_document_must_be_ones_own_and_a_guarantee_is_handed_in_once(as_org: AsOrg) -> None:
    world = securing.world(as_org, suppliers=2)
    foreign = securing.give(world, document_id=securing.paper(world.suppliers[1]))
    assert foreign.status_code == 422
    ok(securing.give(world, number="BG-0"), 201)
    twice = securing.give(world, 1, number="BG-0")
    assert (twice.status_code, twice.json()["code"]) == (409, "security_exists")
    again = securing.give(world)
    assert (again.status_code, again.json()["code"]) == (409, "security_exists")


def test_pay_03_only_the_treasury_verifies_the_guarantee_of_a_sealed_bid(
    as_org: AsOrg, drain: Drain
) -> None:
    world = securing.world(as_org)
    given = ok(securing.give(world), 201)
    assert (given["status"], given["counts"]) == ("received", True)
    url = f"/v1/guarantees/{given['guarantee_id']}/accept"
    assert world.buyer.post(url, json=securing.VERIFIED).status_code == 404
    assert world.suppliers[0].post(url, json=securing.VERIFIED).status_code == 403
    assert securing.guarantee_row(given["guarantee_id"]).status is GuaranteeStatus.SUBMITTED
    document = world.treasurer.get(f"/v1/guarantees/{given['guarantee_id']}/document")
    assert document.content.startswith(b"%PDF-1.7 paper")
    accepted = ok(world.treasurer.post(url, json=securing.VERIFIED))
    assert (accepted["status"], accepted["channel"]) == ("accepted", "swift_mt760")
    drain()
    assert securing.seen(world.suppliers[0], given)["status"] == "held"
    again = world.treasurer.post(url, json=securing.VERIFIED)
    assert again.status_code == 409


def test_a_refused_guarantee_ends_its_security_and_another_can_be_given(
    as_org: AsOrg, drain: Drain
) -> None:
    world = securing.world(as_org)
    given = ok(securing.give(world), 201)
    url = f"/v1/guarantees/{given['guarantee_id']}/refuse"
    ok(world.treasurer.post(url, json={"reason": "Банк её не выдавал"}))
    drain()
    assert securing.seen(world.suppliers[0], given)["status"] == "cancelled"
    assert ok(securing.give(world), 201)["status"] == "received"


def test_amendments_count_once_the_verifying_side_accepts_them(as_org: AsOrg, drain: Drain) -> None:
    world = securing.world(as_org)
    given = securing.held(world, drain)
    supplier = world.suppliers[0]
    url = f"/v1/guarantees/{given['guarantee_id']}"
    before = ok(supplier.get(url))
    later = (date.fromisoformat(before["valid_until"]) + timedelta(days=60)).isoformat()
    amendment = {"kind": "extend", "valid_until": later, "document_id": securing.paper(supplier)}
    ok(supplier.post(f"{url}/amendments", json=amendment), 201)
    waiting = supplier.post(f"{url}/amendments", json=amendment)
    assert waiting.json()["code"] == "amendment_open"
    assert ok(supplier.get(url))["valid_until"] == before["valid_until"]
    assert supplier.post(f"{url}/amendments/1/accept").status_code == 403
    ok(world.treasurer.post(f"{url}/amendments/1/accept"))
    after = ok(supplier.get(url))
    assert (after["status"], after["valid_until"]) == ("extended", later)
    reduction = {"kind": "reduce", "amount": "1", "document_id": securing.paper(supplier)}
    ok(supplier.post(f"{url}/amendments", json=reduction), 201)
    ok(world.treasurer.post(f"{url}/amendments/2/refuse", json={"reason": "Нет"}))
    assert ok(supplier.get(url))["amount"] == "100000"


def test_its_end_is_told_at_thirty_seven_and_one_days_once_each_and_then_it_expires(
    session: Session, as_org: AsOrg, drain: Drain
) -> None:
    case, contract = securing.contracted(session, as_org)
    given = securing.secured(case, contract, drain)
    end = securing.guarantee_row(given["guarantee_id"]).valid_until
    for days in (30, 7, 7, 1):
        securing.pass_time(drain, securing.moment((end - timedelta(days=days)).isoformat()))
    told = [each.payload["days"] for each in events("guarantee.expiring")]
    assert told == [30, 7, 1]
    securing.pass_time(drain, securing.moment(end.isoformat()))
    assert securing.guarantee_row(given["guarantee_id"]).status is GuaranteeStatus.ACCEPTED
    securing.pass_time(drain, securing.moment((end + timedelta(days=1)).isoformat()))
    assert securing.guarantee_row(given["guarantee_id"]).status is GuaranteeStatus.EXPIRED
    assert securing.seen(case.parties.suppliers[0], given)["status"] == "returned"


def test_a_call_is_a_demand_with_a_document_and_its_payment_goes_to_the_buyer(
    session: Session, as_org: AsOrg, drain: Drain
) -> None:
    case, contract = securing.contracted(session, as_org)
    given = securing.secured(case, contract, drain)
    buyer, chief, supplier = case.parties.buyer, case.parties.chief, case.parties.suppliers[0]
    treasurer = as_org(["operator"])
    url = f"/v1/guarantees/{given['guarantee_id']}"
    demand = {"demand": "Поставки нет", "document_id": securing.paper(buyer)}
    assert buyer.post(f"{url}/call", json=demand).status_code == 404
    assert treasurer.post(f"{url}/pay", json={"amount": "1"}).status_code == 409
    account = paying.payee(buyer.org_id)
    kept = securing.forfeiture(buyer, ground="breach_of_contract", payee_account_id=account)
    ok(buyer.post(f"/v1/securities/{given['id']}/forfeitures", json=kept), 201)
    ok(chief.post(f"/v1/securities/{given['id']}/forfeitures/1/approve"))
    assert securing.guarantee_row(given["guarantee_id"]).status is GuaranteeStatus.ACCEPTED
    securing.pass_time(drain, days=10)
    called = ok(supplier.get(url))
    assert (called["status"], called["demand"]) == ("called", kept["reason"])
    assert called["demand_sha256"] is not None
    assert securing.seen(supplier, given)["status"] == "forfeited"
    ok(treasurer.post(f"{url}/reject-demand", json={"reason": "Не по форме"}))
    assert ok(buyer.get(url))["status"] == "accepted"
    ok(buyer.post(f"{url}/call", json=demand))
    above = treasurer.post(f"{url}/pay", json={"amount": "100000.01"})
    assert (above.status_code, above.json()["errors"][0]["pointer"]) == (422, "#/amount")
    assert securing.owed(buyer) is None
    ok(treasurer.post(f"{url}/pay", json={"amount": "100000"}))
    drain()
    assert treasurer.post(f"{url}/pay", json={"amount": "100000"}).status_code == 409
    assert securing.owed(buyer) == Decimal(100000)
    (paid,) = securing.settle(drain)
    assert (paid.beneficiary_id, paid.amount) == (buyer.org_id, Decimal(100000))
    assert securing.owed(buyer) == 0
