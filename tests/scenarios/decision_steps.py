"""Steps of a page: a prequalification, a complaint about an award, a cancellation."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from api.core import ids
from tests.procurement import bidding, prequalifying, samples
from tests.procurement.bidding import Bidding
from tests.procurement.prequalifying import Case
from tests.scenarios.recorder import Page

type AsOrg = Callable[..., Any]
type Drain = Callable[[], int]
FINDING = "По договорам и реестру лицензий"


def announced_with_prequalification(
    told: Page, as_org: AsOrg, buyer: Any, chief: Any, suppliers: Sequence[Any]
) -> Case:
    """A draft with its criteria, the ceremony of its key, and publication."""
    told.say(
        "## Draft, criteria and publication\n\nWhat the method demands is policy: the rules of the"
        " day say that a restricted tender begins with a prequalification, how long candidates may"
        " apply, how long results can be complained about, and how many must qualify. The draft"
        " names the end of the time to apply and the planned end of the tender period."
    )
    lots = [
        samples.lot(delivery_period_start=samples.day(120), delivery_period_end=samples.day(200))
    ]
    body = samples.tender(procedure="restricted", lots=lots, **prequalifying.periods())
    draft = told.call("buyer", buyer, "POST", "/v1/tenders", json=body, expect=201).json()
    at = f"/v1/tenders/{draft['id']}"
    terms = prequalifying.TERMS
    told.call("buyer", buyer, "PUT", f"{at}/submission-terms", json=terms, expect=200)
    holders = bidding.openers(as_org, buyer)
    told.say("Bids will be sealed by the suppliers: a ceremony has made the key of the tender.")
    keys = {bidding.PRICE: bidding.ceremony_of(draft, holders)}
    key = keys[bidding.PRICE].model_dump(mode="json")
    told.call("buyer", buyer, "POST", f"{at}/keys", json=key, expect=201)
    made = told.call("buyer", buyer, "POST", f"{at}/publish", expect=200).json()
    told.say("The rules are frozen into the tender, with the source of each number.")
    told.call("supplier", suppliers[0], "GET", f"{at}/policy", expect=200)
    return Case(Bidding(buyer, made, holders, keys), buyer, chief, suppliers)


def applications(told: Page, case: Case) -> None:
    """Applications of every supplier; the first is shown, replaced and read."""
    told.say(
        "## Applications\n\nA candidate answers the criteria and names its documents by their"
        " SHA-256. In time is what arrives before the deadline by the database's clock."
    )
    first, *others = case.suppliers
    url = f"{case.url}/submissions"
    made = told.call(
        "first candidate", first, "POST", url, json=prequalifying.content(4), expect=201
    ).json()
    told.say("Until the deadline it can be replaced, or withdrawn.")
    told.call(
        "first candidate",
        first,
        "POST",
        f"/v1/submissions/{made['id']}/replace",
        json=prequalifying.content(5),
        expect=200,
    )
    for supplier, years in zip(others, (7, 4), strict=True):
        prequalifying.applied(case, supplier, years)
    told.say("The buyer is told nothing of them, not even whether there are any.")
    told.call("buyer", case.buyer, "GET", url, expect=200)
    told.say("Nobody bids yet.")
    body = {"envelopes": [_envelope(case, first)], "tenderers": []}
    told.call("first candidate", first, "POST", f"{case.url}/bids", json=body, expect=409)


def qualification(told: Page, case: Case, drain: Drain) -> None:
    """The deadline, findings of one person and decisions of another, and the results."""
    told.say(
        "## Qualification\n\nAfter the deadline the clock hands the applications to the buyer;"
        " another one is refused."
    )
    prequalifying.closed(case, drain)
    late = {**prequalifying.content(), "tenderers": []}
    url = f"{case.url}/submissions"
    told.call("late supplier", case.suppliers[0], "POST", url, json=late, expect=409)
    first, _, third = case.suppliers
    found = prequalifying.pending(case, first)
    told.call("buyer", case.buyer, "GET", f"/v1/submissions/{found['submission_id']}", expect=200)
    told.say(
        "One person records what was found about every requirement, another decides. Where a"
        " commission was appointed, only its members who have declared no conflict of interest do."
    )
    at = f"/v1/qualifications/{found['id']}"
    body = {"reason": FINDING, "findings": prequalifying.findings()}
    told.call("buyer", case.buyer, "POST", f"{at}/propose", json=body, expect=200)
    reason = {"reason": "Все критерии выполнены"}
    told.say("Who proposed does not decide.")
    told.call("buyer", case.buyer, "POST", f"{at}/approve", json=reason, expect=409)
    told.call("chief", case.chief, "POST", f"{at}/approve", json=reason, expect=200)
    prequalifying.decided(case, case.suppliers[1])
    other = f"/v1/qualifications/{prequalifying.pending(case, third)['id']}"
    told.say("A requirement that is not met needs its reason.")
    body = {"reason": FINDING, "findings": prequalifying.findings(years=False)}
    told.call("buyer", case.buyer, "POST", f"{other}/propose", json=body, expect=200)
    told.call("chief", case.chief, "POST", f"{other}/reject", json={"reason": "Опыт"}, expect=200)
    told.say("## The results\n\nThey are told to all candidates at once, each its own.")
    told.call("chief", case.chief, "POST", f"{case.url}/announce-qualifications", expect=200)
    told.call("third candidate", third, "GET", f"{case.url}/qualifications", expect=200)


def complaint_about_it(told: Page, case: Case, reviewer: Any, drain: Drain) -> None:
    """A complaint of the candidate that was not qualified; it is declined."""
    told.say(
        "## A complaint\n\nUntil `standstill_end` a candidate can complain. While the complaint is"
        " open nobody is invited, whatever the clock says."
    )
    third = case.suppliers[2]
    (own,) = third.get(f"{case.url}/qualifications").json()["items"]
    body = {
        "target": "qualification",
        "qualification_id": own["id"],
        "title": {"ru": "Опыт посчитан неверно"},
        "description": {"ru": "Не учтены договоры 2025 года."},
        "remedy": {"ru": "Рассмотреть заявку заново."},
    }
    made = told.call(
        "third candidate", third, "POST", f"{case.url}/complaints", json=body, expect=201
    ).json()
    at = f"/v1/complaints/{made['id']}"
    told.call("third candidate", third, "POST", f"{at}/submit", json={}, expect=200)
    prequalifying.invited(case, drain)
    told.say("The time to complain is over, and the tender still waits.")
    told.call("public", third, "GET", f"{case.url}/prequalification", expect=200)
    why = {"rationale": "Договоры представлены после срока."}
    told.call("reviewer", reviewer, "POST", f"{at}/accept", json=why, expect=200)
    told.call("reviewer", reviewer, "POST", f"{at}/decline", json=why, expect=200)
    drain()


def invited(told: Page, case: Case) -> None:
    """The tender period, and who may take part in it."""
    told.say("## The invitations\n\nNow the qualified candidates bid, and nobody else.")
    first, _, third = case.suppliers
    told.call("first candidate", first, "GET", f"{case.url}/prequalification", expect=200)
    body = {"envelopes": [_envelope(case, third)], "tenderers": []}
    told.call("third candidate", third, "POST", f"{case.url}/bids", json=body, expect=403)


def complaint_about_an_award(
    told: Page, made: Bidding, award: Any, loser: Any, reviewer: Any
) -> Any:
    """A complaint about an award that is right: the award falls, the next bid is put forward."""
    told.say(
        "## The complaint\n\nIn the standstill, who bid for the lot can complain. The draft is its"
        " author's alone; submitted, it is public and nobody signs."
    )
    body = {
        "target": "award",
        "award_id": award["id"],
        "title": {"ru": "Победитель не отвечает требованиям"},
        "description": {"ru": "Сертификат победителя истёк."},
        "remedy": {"ru": "Отменить решение о победителе."},
    }
    url = f"/v1/tenders/{made.id}/complaints"
    drafted = told.call("second bidder", loser, "POST", url, json=body, expect=201).json()
    at = f"/v1/complaints/{drafted['id']}"
    told.call("second bidder", loser, "POST", f"{at}/submit", json={}, expect=200)
    end = datetime.fromisoformat(award["standstill_end"])
    bidding.advance(end.astimezone(UTC) + timedelta(days=1))
    told.say("The standstill is over. The contract is drawn up, but the open complaint blocks it.")
    contract = told.call(
        "buyer",
        made.buyer,
        "POST",
        f"/v1/tenders/{made.id}/contracts",
        json={"award_ids": [award["id"]]},
        expect=201,
    ).json()
    offer = f"/v1/contracts/{contract['id']}/offer"
    offered = made.buyer.post(offer).json()
    signature = {"method": "click_to_sign", "sha256": offered["sha256"]}
    sign = f"/v1/contracts/{contract['id']}/sign"
    told.call("buyer", made.buyer, "POST", sign, json=signature, expect=409)
    told.say("## The review\n\nThe independent commission takes it up, asks, and decides.")
    why = {"rationale": "Жалоба подана в срок участником лота."}
    told.call("reviewer", reviewer, "POST", f"{at}/accept", json=why, expect=200)
    letter = {
        "recipient_id": ids.show("organisation", made.buyer.org_id),
        "text": "Просим прислать копию сертификата.",
    }
    told.call("reviewer", reviewer, "POST", f"{at}/posts", json=letter, expect=201)
    told.say(
        "The decision names its effects, and they are carried out in its transaction: the award"
        " falls, and the next ranked bid is put forward."
    )
    decision = {"rationale": "Сертификат истёк до срока подачи.", "effects": ["cancel_award"]}
    told.call("reviewer", reviewer, "POST", f"{at}/satisfy", json=decision, expect=200)
    awards = told.call(
        "buyer", made.buyer, "GET", f"/v1/tenders/{made.id}/awards", expect=200
    ).json()["items"]
    told.say("The buyer reports that what was decided is done.")
    done = {"rationale": "Решение исполнено"}
    told.call("buyer", made.buyer, "POST", f"{at}/resolve", json=done, expect=200)
    return next(each for each in awards if each["status"] == "pending")


def next_award(told: Page, buyer: Any, chief: Any, following: Any) -> Any:
    """The award that took the place of the fallen one: proposed and approved."""
    told.say("## The next award\n\nProposed by one and decided by another, as the first was.")
    at, reason = f"/v1/awards/{following['id']}", {"reason": "Следующее место"}
    told.call("buyer", buyer, "POST", f"{at}/propose", json=reason, expect=200)
    return told.call("chief", chief, "POST", f"{at}/approve", json=reason, expect=200).json()


def cancellation(told: Page, made: Bidding, supplier: Any, reviewer: Any, drain: Drain) -> None:
    """A cancellation that is withdrawn, and one that a complaint does not stop."""
    told.say(
        "## A cancellation waits\n\nThe rules of the tender give suppliers time to complain about"
        " it. Until its end nothing is cancelled, and nothing is closed either."
    )
    at = f"/v1/tenders/{made.id}"
    body = {"reason_type": "noDemand", "reason": "Школы получили мебель от спонсора"}
    told.call("buyer", made.buyer, "POST", f"{at}/cancel", json=body, expect=200)
    found = told.call("supplier", supplier, "GET", f"{at}/cancellations", expect=200).json()
    (first,) = found["items"]
    told.say("The buyer may think again.")
    url = f"/v1/cancellations/{first['id']}/withdraw"
    told.call("buyer", made.buyer, "POST", url, expect=200)
    told.say("## A complaint about a cancellation\n\nIt is about the one that waits now.")
    body = {"reason_type": "expensesCut", "reason": "Бюджет сокращён"}
    told.call("buyer", made.buyer, "POST", f"{at}/cancel", json=body, expect=200)
    words = {
        "target": "cancellation",
        "title": {"ru": "Бюджет не сокращён"},
        "description": {"ru": "Решение о сокращении не опубликовано."},
        "remedy": {"ru": "Продолжить закупку."},
    }
    made_ = told.call(
        "supplier", supplier, "POST", f"{at}/complaints", json=words, expect=201
    ).json()
    case = f"/v1/complaints/{made_['id']}"
    told.call("supplier", supplier, "POST", f"{case}/submit", json={}, expect=200)
    pending = made.buyer.get(f"{at}/cancellations").json()["items"][1]
    end = datetime.fromisoformat(pending["complaint_period_end"])
    bidding.advance(end.astimezone(UTC))
    prequalifying.tick(drain)
    told.say("Its time is over, but it waits for the decision.")
    told.call("supplier", supplier, "GET", f"{at}/cancellations", expect=200)
    why = {"rationale": "Решение о сокращении представлено."}
    told.call("reviewer", reviewer, "POST", f"{case}/accept", json=why, expect=200)
    told.call("reviewer", reviewer, "POST", f"{case}/decline", json=why, expect=200)
    drain()
    told.say("Declined, the complaint lets it take effect.")
    told.call("supplier", supplier, "GET", at, expect=200)


def _envelope(case: Case, supplier: Any) -> dict[str, Any]:
    content = bidding.content(case.bidding.tender, "9850.00")
    return bidding.seal(case.bidding, supplier, content)[0]
