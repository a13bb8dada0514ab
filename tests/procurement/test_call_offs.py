"""Call-offs from framework agreements: without competition, in competition, at the ceiling."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, select

from api.contracts import call_offs
from api.contracts.models import Contract
from api.core import db, ids
from api.procurement import service as procurement
from api.procurement.models import Award, FrameworkAgreement, FrameworkCallOff, Tender
from tests.procurement import awarding, bidding, frameworking, samples
from tests.procurement.awarding import Case
from tests.procurement.bidding import Bidding
from tests.procurement.frameworking import REASON, AsOrg, Framework

type Drain = Callable[[], int]


def refused(answer: Any) -> tuple[int, str, list[str]]:
    """Status, code, and the codes of the fields of a problem."""
    body = answer.json()
    return answer.status_code, body["code"], [each["code"] for each in body["errors"]]


def drawn(session: Session, framework: Framework) -> int:
    """What the agreement says is drawn, which is what its ledger comes to."""
    row = frameworking.row(session, framework)
    live = session.exec(select(FrameworkCallOff)).all()
    mine = [e for e in live if e.agreement_id == row.id and e.released_at is None]
    assert sum(each.amount for each in mine) == row.drawn_amount
    return int(row.drawn_amount)


def state(session: Session) -> tuple[int, ...]:
    """How many rows a call-off would have added."""
    session.rollback()
    return tuple(len(session.exec(select(t)).all()) for t in (Tender, Award, FrameworkCallOff))


def sign(contract: dict[str, Any], *sides: Any) -> Any:
    """Offer a contract and sign it, after the standstill, for the buyer, then the supplier."""
    awarding.advance(9)
    url = f"/v1/contracts/{contract['id']}"
    offered = sides[0].post(f"{url}/offer")
    assert offered.status_code == 200, offered.text
    for side in sides:
        body = {"method": "click_to_sign", "sha256": offered.json()["sha256"]}
        answer = side.post(f"{url}/sign", json=body)
        assert answer.status_code == 200, answer.text
    return answer.json()


def test_a_call_off_goes_down_the_cascade_to_a_signed_contract(
    as_org: AsOrg, session: Session, drain: Drain
) -> None:
    framework = frameworking.concluded(as_org)
    buyer, chief = framework.other, awarding.second_client(framework.other)
    suppliers = framework.parties.suppliers
    made = frameworking.call_off(framework, buyer)
    tender, [award] = made["tender"], made["awards"]
    assert (tender["framework_id"], tender["tender_period_end"]) == (framework.tender["id"], None)
    assert tender["framework_method"] == "withoutReopeningCompetition"
    assert (award["value"]["amount"], award["status"]) == ("90000", "pending")
    assert award["suppliers"] == [ids.show("organisation", suppliers[0].org_id)]
    assert drawn(session, framework) == 90_000
    at = f"/v1/awards/{award['id']}/approve"
    assert refused(buyer.post(at, json=REASON))[:2] == (409, "four_eyes")
    assert chief.post(at, json=REASON).status_code == 200
    drain()
    # Who could have been given it has standing to complain, who is no supplier has not.
    awarding.drafted(suppliers[2], tender, target="award", award_id=award["id"])
    complaint = awarding.complaint(target="award", award_id=award["id"])
    answer = as_org(["supplier"]).post(f"/v1/tenders/{tender['id']}/complaints", json=complaint)
    assert refused(answer)[:2] == (403, "no_standing")
    [contract] = buyer.get(f"/v1/tenders/{tender['id']}/contracts").json()["items"]
    assert (contract["status"], contract["value"]["amount"]) == ("pending", "90000")

    # The first supplier refuses: its award falls and the second one's turn comes.
    assert buyer.post(f"/v1/contracts/{contract['id']}/offer").status_code == 200
    answer = suppliers[0].post(f"/v1/contracts/{contract['id']}/refuse", json=REASON)
    assert answer.status_code == 200, answer.text
    assert drawn(session, framework) == 0
    [_, second] = buyer.get(f"/v1/tenders/{tender['id']}/awards").json()["items"]
    assert second["suppliers"] == [ids.show("organisation", suppliers[1].org_id)]
    assert second["value"]["amount"] == "92000"
    assert buyer.post(f"/v1/awards/{second['id']}/propose", json=REASON).status_code == 200
    assert chief.post(f"/v1/awards/{second['id']}/approve", json=REASON).status_code == 200
    drain()
    listed = buyer.get(f"/v1/tenders/{tender['id']}/contracts").json()["items"]
    [contract] = [each for each in listed if each["status"] == "pending"]
    signed = sign(contract, buyer, suppliers[1])

    assert signed["status"] == "active"
    assert drawn(session, framework) == 92_000
    assert buyer.get(f"/v1/tenders/{tender['id']}").json()["status"] == "complete"
    ledger = buyer.get(f"{framework.url}/call-offs").json()["items"]
    assert [(e["number"], e["amount"], e["released_at"] is None) for e in ledger] == [
        (1, "90000", False),
        (2, "92000", True),
    ]
    record = buyer.get(f"/public/ocds/records/{tender['ocid']}").json()["records"][0]
    release = record["compiledRelease"]
    [related] = release["relatedProcesses"]
    assert related["relationship"] == ["framework"]
    assert related["identifier"] == framework.agreement["ocid"]
    assert "tenderPeriod" not in release["tender"]
    assert all("relatedBid" not in each for each in release["awards"])


def test_what_the_agreement_does_not_allow_is_refused_and_changes_nothing(
    as_org: AsOrg, session: Session
) -> None:
    framework = frameworking.concluded(as_org, method="withReopeningCompetition", allocation=None)
    before = state(session)
    url, buyer = f"{framework.url}/call-offs", framework.parties.buyer
    body = frameworking.asked(framework)
    assert refused(buyer.post(url, json=body)) == (409, "call_off_refused", ["method_not_agreed"])
    stranger = as_org(["buyer"])
    answer = refused(stranger.post(url, json=body))
    assert answer == (409, "call_off_refused", ["buyer_not_named", "method_not_agreed"])
    draft = stranger.post("/v1/tenders", json=frameworking.competition(framework)).json()
    answer = refused(stranger.post(f"/v1/tenders/{draft['id']}/publish"))
    assert answer == (409, "call_off_refused", ["buyer_not_named"])
    assert framework.parties.suppliers[0].post(url, json=body).status_code == 403
    for change in ("lot_id", "item_id"):
        lot = {**body["lots"][0]}
        wrong = {"lot_id": "lot_" + "0" * 32}
        if change == "item_id":
            wrong = {"items": [{"item_id": "item_" + "0" * 32, "quantity": "1"}]}
        answer = buyer.post(url, json={**body, "lots": [lot | wrong]})
        assert refused(answer) == (422, "invalid", ["unknown_item"])
    assert state(session) == (before[0] + 1, *before[1:])
    assert drawn(session, framework) == 0


def test_a_suspended_supplier_gets_nothing_and_an_award_to_it_cannot_be_approved(
    as_org: AsOrg, session: Session
) -> None:
    framework = frameworking.concluded(as_org)
    buyer, chief = framework.parties.buyer, framework.parties.chief
    first = frameworking.call_off(framework, buyer)["awards"][0]
    framework.move(0, "suspend")
    second = frameworking.call_off(framework, buyer)["awards"][0]
    assert second["suppliers"] == framework.supplier(1)["suppliers"]
    answer = chief.post(f"/v1/awards/{first['id']}/approve", json=REASON)
    assert refused(answer) == (409, "call_off_refused", ["supplier_not_active"])
    assert buyer.get(f"/v1/awards/{first['id']}").json() == first
    for index in (1, 2):
        framework.move(index, "terminate")
    before = state(session)
    answer = refused(buyer.post(f"{framework.url}/call-offs", json=frameworking.asked(framework)))
    assert answer == (409, "call_off_refused", ["no_supplier"])
    assert state(session) == before
    # What cannot be approved any more is rejected, and gives back what it took.
    assert drawn(session, framework) == 182_000
    assert chief.post(f"/v1/awards/{first['id']}/reject", json=REASON).status_code == 200
    assert drawn(session, framework) == 92_000


@pytest.mark.parametrize(
    ("rule", "turns"), [("rotation", [0, 1, 2, 0]), ("best_price", [0, 0, 0, 0])]
)
def test_the_rule_of_the_agreement_says_whose_turn_it_is(
    as_org: AsOrg, rule: str, turns: list[int]
) -> None:
    framework = frameworking.concluded(as_org, allocation=rule)
    who = [
        frameworking.call_off(framework, by)["awards"][0]["suppliers"]
        for by in (framework.parties.buyer, framework.other) * 2
    ]
    assert who == [framework.supplier(n)["suppliers"] for n in turns]


def test_two_buyers_who_call_off_the_last_of_the_ceiling_at_once_do_not_pass_it(
    as_org: AsOrg, session: Session
) -> None:
    # Ten sets at 9,000 are 90,000: the ceiling has room for one call-off and a half.
    framework = frameworking.concluded(as_org, ceiling="6000000", allocation="best_price")
    buyers = (framework.parties.buyer, framework.other)
    frameworking.call_off(framework, buyers[0], "651")  # 5,859,000: 141,000 are left
    url, body = f"{framework.url}/call-offs", frameworking.asked(framework, "10")

    with ThreadPoolExecutor(2) as pool:
        answers = [*pool.map(lambda buyer: buyer.post(url, json=body), buyers)]

    assert sorted(each.status_code for each in answers) == [201, 409]
    [late] = [each for each in answers if each.status_code == 409]
    assert late.json()["code"] == "ceiling_exceeded"
    assert drawn(session, framework) == 5_949_000
    assert len(session.exec(select(Tender)).all()) == 3
    # The database itself keeps the ceiling, and what is drawn equal to what is called off.
    row = frameworking.row(session, framework)
    for amount in (row.ceiling_amount + 1, row.drawn_amount + 1):
        row.drawn_amount = amount
        with pytest.raises(IntegrityError):
            session.commit()
        row = frameworking.row(session, framework)
    assert drawn(session, framework) == 5_949_000
    frameworking.call_off(framework, buyers[1], "5")
    assert drawn(session, framework) == 5_994_000


def test_a_change_of_the_contract_draws_on_the_ceiling(
    as_org: AsOrg, session: Session, drain: Drain
) -> None:
    framework = frameworking.concluded(as_org)
    buyer, chief, [winner, *_] = framework.parties[:3]
    made = frameworking.call_off(framework, buyer, "650")  # 5,850,000 of 6,000,000
    chief.post(f"/v1/awards/{made['awards'][0]['id']}/approve", json=REASON)
    drain()
    [contract] = buyer.get(f"/v1/tenders/{made['tender']['id']}/contracts").json()["items"]
    sign(contract, buyer, winner)
    url = f"/v1/contracts/{contract['id']}/changes"
    for delta in ("150001", "150000", "-850000"):
        body = {"rationale_type": "additionalProcurement", "rationale": "Ещё", "value_delta": delta}
        assert buyer.post(url, json=body).status_code == 201
    assert refused(winner.post(f"{url}/1/agree"))[:2] == (409, "ceiling_exceeded")
    assert drawn(session, framework) == 5_850_000
    session.expire_all()
    assert session.exec(select(Contract.value_amount)).one() == 5_850_000
    assert winner.post(f"{url}/2/agree").status_code == 200
    assert drawn(session, framework) == 6_000_000
    assert winner.post(f"{url}/3/agree").status_code == 200
    assert drawn(session, framework) == 5_150_000


def competing(
    as_org: AsOrg, framework: Framework, by: Any, quantity: str = "10", **changed: Any
) -> Bidding:
    """A published mini-competition."""
    draft = by.post("/v1/tenders", json=frameworking.competition(framework, quantity, **changed))
    assert draft.status_code == 201, draft.text
    holders = bidding.openers(as_org, by)
    key = bidding.ceremony_of(draft.json(), holders)
    url = f"/v1/tenders/{draft.json()['id']}"
    by.post(f"{url}/keys", json=key.model_dump(mode="json"))
    made = by.post(f"{url}/publish")
    assert made.status_code == 200, made.text
    return Bidding(by, made.json(), holders, {bidding.PRICE: key})


def test_a_competition_is_open_to_active_suppliers_at_most_at_their_agreed_prices(
    as_org: AsOrg, session: Session
) -> None:
    framework = frameworking.concluded(as_org)
    buyer, chief = framework.other, awarding.second_client(framework.other)
    first, second, third = framework.parties.suppliers
    made = competing(as_org, framework, buyer)
    listed = second.get(f"/v1/tenders?framework={framework.tender['id']}").json()["items"]
    assert [each["id"] for each in listed] == [made.id]
    # Nobody else is matched with it, or shown it among the requests it could answer.
    assert procurement.demands(session, made.uuid) == []
    assert made.uuid not in procurement.open_tender_ids(session)
    framework.move(2, "suspend")
    stranger = as_org(["supplier"])
    for outsider in (stranger, third):
        envelope, _ = bidding.seal(made, outsider, bidding.content(made.tender, "8000.00"))
        body = {"envelopes": [envelope], "tenderers": []}
        answer = outsider.post(f"/v1/tenders/{made.id}/bids", json=body)
        assert refused(answer)[:2] == (403, "not_admitted")
    envelope, _ = bidding.seal(made, second, bidding.content(made.tender, "8000.00"))
    body = {
        "envelopes": [envelope],
        "tenderers": [ids.show("organisation", stranger.org_id)],
    }
    answer = second.post(f"/v1/tenders/{made.id}/bids", json=body)
    assert refused(answer)[:2] == (403, "not_admitted")
    handed = [bidding.submit(made, first, "9000.01"), bidding.submit(made, second, "8900.00")]
    over = bidding.finished(made, handed)

    assert [each["status"] for each in over.bids] == ["disqualified", "pending"]
    [reason] = over.bids[0]["disqualification"]
    assert reason["code"] == "above_agreed_price"
    case = Case(made.tender, framework.parties._replace(buyer=buyer, chief=chief))
    frameworking.evaluate(case)
    award = awarding.awarded(case)
    assert award["suppliers"] == [ids.show("organisation", second.org_id)]
    assert drawn(session, framework) == 89_000
    with db.worker_unit_of_work() as worker:
        assert not call_offs.draw_up(worker, ids.parse("award", award["id"]))
    contract = buyer.post(f"/v1/tenders/{made.id}/contracts", json={"award_ids": [award["id"]]})
    signed = sign(contract.json(), buyer, second)
    assert (signed["status"], signed["value"]["amount"]) == ("active", "89000")
    record = buyer.get(f"/public/ocds/records/{made.tender['ocid']}").json()["records"][0]
    [related] = record["compiledRelease"]["relatedProcesses"]
    assert related["identifier"] == framework.agreement["ocid"]


def test_a_competition_keeps_to_what_was_agreed_and_announced(
    as_org: AsOrg, session: Session
) -> None:
    framework = frameworking.concluded(as_org)
    buyer = framework.parties.buyer
    good = frameworking.competition(framework)
    foreign = {**good["lots"][0], "items": [samples.item(quantity="10")]}
    before = state(session)
    for changed, pointer, code in (
        ({"lots": [foreign]}, "#/lots/0/items/0/framework_item_id", "unknown_item"),
        ({"procedure": "open"}, "#/procedure", "procedure_differs"),
        ({"framework_id": "tender_" + "0" * 32}, "#/framework_id", "no_framework"),
        ({"mode": "test"}, "#/mode", "mode_differs"),
    ):
        answer = buyer.post("/v1/tenders", json={**good, **changed})
        assert answer.status_code == 422, answer.text
        assert (pointer, code) in [(e["pointer"], e["code"]) for e in answer.json()["errors"]] or (
            changed.get("framework_id") and answer.json()["errors"][0]["code"] == "unknown_item"
        )
    assert state(session) == before

    def publish(change: Callable[[str], Any] | None = None, **fields: Any) -> tuple[Any, ...]:
        draft = buyer.post("/v1/tenders", json={**good, **fields}).json()
        if change is not None:
            assert change(draft["id"]).status_code == 200
        answer = buyer.post(f"/v1/tenders/{draft['id']}/publish")
        assert buyer.get(f"/v1/tenders/{draft['id']}").json()["status"] == "draft"
        return refused(answer)

    def ask(draft: str) -> Any:
        requirement = {
            "id": "colour",
            "title": {"ru": "Цвет"},
            "data_type": "string",
            "expected_value": "белый",
        }
        criterion = {
            "id": "colour",
            "title": {"ru": "Цвет"},
            "requirement_groups": [{"id": "g", "requirements": [requirement]}],
        }
        url = f"/v1/tenders/{draft}/submission-terms"
        return buyer.request("PUT", url, json={"criteria": [criterion]})

    def rank(draft: str) -> Any:
        [lot] = buyer.get(f"/v1/tenders/{draft}").json()["lots"]
        quality = {"kind": "linear", "minimum": "12", "maximum": "36", "better": "higher"}
        criteria = [
            {"id": "price", "type": "price", "title": {"ru": "Цена"}, "weight_bp": 7000},
            {
                "id": "warranty",
                "type": "quality",
                "title": {"ru": "Гарантия"},
                "weight_bp": 3000,
                "scoring": quality,
            },
        ]
        rated = {"lot_id": lot["id"], "award_criteria": "ratedCriteria", "criteria": criteria}
        body = {"currency": "KGS", "vat_mode": "net", "lots": [rated]}
        return buyer.request("PUT", f"/v1/tenders/{draft}/award-terms", json=body)

    # The price was announced, as it always is; the warranty was not.
    assert publish(rank) == (409, "call_off_refused", ["criterion_not_announced"])
    assert publish(ask) == (409, "call_off_refused", ["criterion_not_announced"])
    big = {"amount": "6000001", "currency": "KGS"}
    assert publish(value=big) == (409, "call_off_refused", ["above_ceiling"])
    dollars = {"amount": "1", "currency": "USD"}
    assert publish(value=dollars) == (409, "call_off_refused", ["currency_differs"])
    # Two working days at the least: shorter than any other competition of this law.
    assert publish(tender_period_end=samples.in_days(10))[1] == "tender_period_too_short"
    changed = publish(lambda draft: buyer.patch(f"/v1/tenders/{draft}", json={"procedure": "open"}))
    assert changed == (409, "call_off_refused", ["procedure_differs"])
    late = [{**good["lots"][0], "delivery_period_end": samples.day(900)}]
    assert publish(tender_period_end=samples.in_days(800), lots=late)[2] == ["outside_period"]
    lots = [samples.lot(delivery_period_start=None, delivery_period_end=samples.day(300))]
    end = samples.in_days(60)
    body = samples.tender(procedure="framework_call_off", lots=lots, tender_period_end=end)
    lone = buyer.post("/v1/tenders", json=body).json()
    answer = refused(buyer.post(f"/v1/tenders/{lone['id']}/publish"))
    assert answer == (409, "call_off_refused", ["no_framework"])
    assert drawn(session, framework) == 0


def test_an_award_in_a_competition_cannot_pass_the_ceiling_and_a_lost_call_off_gives_it_back(
    as_org: AsOrg, session: Session
) -> None:
    framework = frameworking.concluded(as_org, within_agreed_prices=False)
    buyer, chief = framework.parties.buyer, framework.parties.chief
    made = competing(as_org, framework, framework.other, "600")
    handed = [bidding.submit(made, framework.parties.suppliers[0], "9900.00")]
    bidding.finished(made, handed)
    other = awarding.second_client(framework.other)
    case = Case(made.tender, framework.parties._replace(buyer=framework.other, chief=other))
    frameworking.evaluate(case)
    taken = frameworking.call_off(framework, buyer, "10")  # 90,000; the award would be 5,940,000
    url, body = f"/v1/tenders/{made.id}/awards", {"lot_id": case.lot, **REASON}

    answer = framework.other.post(url, json=body)

    assert refused(answer)[:2] == (409, "ceiling_exceeded")
    assert framework.other.get(url).json()["items"] == []
    assert drawn(session, framework) == 90_000
    samples.cancelled(buyer, taken["tender"])
    assert drawn(session, framework) == 0
    awarding.awarded(case)
    assert drawn(session, framework) == 5_940_000
    assert session.exec(select(FrameworkAgreement.version)).one() == 8
    assert chief.get(framework.url).json()["drawn"]["amount"] == "5940000"
