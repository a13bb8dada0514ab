"""Steps from received goods to the last payment; each makes its requests."""

from collections.abc import Callable
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, NamedTuple

from api.contracts.penalty import verification as penalty
from api.payments.due import verification as due
from tests.contracts import delivering
from tests.contracts.delivering import PROTOCOL, Delivery
from tests.delivery import executing
from tests.delivery.executing import Execution, now
from tests.payments import paying
from tests.payments.paying import Paid
from tests.procurement import awarding
from tests.scenarios.recorder import Page
from workers import clock

PARTS = [
    {"number": 1, "kind": "on_acceptance", "basis_points": 9500},
    {"number": 2, "kind": "retention", "basis_points": 500, "term_days": 365},
]
LATE = 10
"""Days by which the second delivery comes too late."""


class Settling(NamedTuple):
    """The contract as payments of it are tested, and who else acts for its buyer."""

    made: Execution
    case: Paid

    @property
    def people(self) -> tuple[tuple[str, Any], ...]:
        """Two treasurers of the buyer."""
        return ("treasurer", self.case.first), ("second treasurer", self.case.second)


def payment_terms(told: Page, made: Execution, drain: Callable[[], int]) -> Settling:
    """The parts that the price is paid by, and the money for them."""
    told.say(
        "## How it is paid\n\nThe buyer proposes parts of the price, the supplier agrees to their"
        " hash. Facts make a part due; nobody enters that it is. The buyer's treasury pays in, and"
        " the platform holds the money until a payment is due (docs/payments-milestones.md)."
    )
    rows = [row["id"] for row in made.rows()]
    sides = Delivery(made.contract, made.buyer, made.buyer, made.supplier, None, rows)
    account = paying.payee(made.supplier.org_id)
    treasurers = awarding.second_client(made.buyer), awarding.second_client(made.buyer)
    case = Paid(sides, *treasurers, drain, account)
    url = f"{made.url}/payment-schedule"
    terms = told.call("buyer", made.buyer, "PUT", url, json={"parts": PARTS}, expect=200).json()
    agreed = {"sha256": terms["sha256"], "payee_account_id": account}
    told.call("supplier", made.supplier, "POST", f"{url}/accept", json=agreed, expect=200)
    value = made.contract["value"]["amount"]
    body = {"amount": value, "rail": "bank_transfer", "due_at": "2099-01-01T00:00:00Z"}
    asked = told.call(
        "treasurer", case.first, "POST", f"{made.url}/fundings", json=body, expect=201
    ).json()
    paying.come(asked["collection_id"], Decimal(value))
    drain()
    return Settling(made, case)


def acceptance(told: Page, settling: Settling) -> None:
    """What came is presented, inspected, and accepted but for one desk, which is to be replaced."""
    told.say(
        "## Acceptance\n\nThe supplier presents what was received, with its proof of delivery. From"
        " now on the buyer's time runs. An inspection is entered with its report, a document that"
        " both sides read from then on."
    )
    made, url = settling.made, f"{settling.made.url}/acceptances"
    proof = {"signatory": "Асанов Бакыт", "signed_at": now()}
    body = {
        "schedule_row_id": made.rows()[0]["id"],
        "delivered_quantity": "298",
        "proof_of_delivery": proof,
    }
    told.call("supplier", made.supplier, "POST", url, json=body, expect=201)
    inspection = {
        "level": "II",
        "aql": "2.5",
        "agency": "SGS Bishkek",
        "inspected_at": now(),
        "passed": False,
        "report_document_id": delivering.uploaded(made.buyer),
    }
    told.call("buyer", made.buyer, "POST", f"{url}/1/inspections", json=inspection, expect=201)
    told.say("While a defect is open, no more is accepted for good than what is free of it.")
    defect = {"severity": "major", "description": "Сколота столешница", "quantity": "1"}
    told.call("buyer", made.buyer, "POST", f"{url}/1/defects", json=defect, expect=201)
    whole = {"accepted_quantity": "298", **PROTOCOL}
    told.call("buyer", made.buyer, "POST", f"{url}/1/accept", json=whole, expect=409)
    told.say(
        "297 are accepted by the protocol of a commission, one is rejected. `replace_by` adds a row"
        " to the schedule for the replacement, due by that day under the terms of the row that it"
        " was delivered for. It adds nothing to the order and is not paid for anew."
    )
    body = {
        "accepted_quantity": "297",
        "reason_code": "damaged",
        "reason": "Сколота столешница",
        "replace_by": delivering_day(made, LATE + 20),
        **PROTOCOL,
    }
    told.call("buyer", made.buyer, "POST", f"{url}/1/accept", json=body, expect=200)
    shown = told.call(
        "supplier", made.supplier, "GET", f"{made.url}/delivery-schedule", expect=200
    ).json()["items"]
    assert [row["replaces_row_id"] for row in shown] == [None, None, shown[0]["id"]]


def first_payment(told: Page, settling: Settling) -> None:
    """The first goods are paid for."""
    told.say(
        "## The first payment\n\nThe acceptance has made 297 of 600 desks due. Both sides read the"
        " arithmetic as a file, and `kerben verify payment` recomputes it offline. Two people of the"
        " buyer's approve it by its hash; who accepted the goods is none of them."
    )
    paid(told, settling, refused=True)


def late_delivery(told: Page, settling: Settling) -> None:
    """The rest comes ten days late: damages that both sides recompute, a claim, and silence."""
    made = settling.made
    told.say(
        "## The rest comes late\n\nThe second lorry brings the second row, what was short of the"
        " first and the replacement. It comes ten days after the second row's due day."
    )
    sent = executing.shipped(made, number="SH-2027-002", packages=[])
    quantities = ("2", "300", "1")
    lines = [
        {"schedule_row_id": row["id"], "quantity": quantity}
        for row, quantity in zip(made.rows(), quantities, strict=True)
    ]
    body = {"number": "DA-2027-002", "despatched_at": now(), "lines": lines}
    url = f"/v1/shipments/{sent['id']}/despatch-advices"
    advice = told.call("supplier", made.supplier, "POST", url, json=body, expect=201).json()
    until(made, LATE)
    received = [
        {"line_number": n, "received_quantity": quantity}
        for n, quantity in enumerate(quantities, start=1)
    ]
    body = {"number": "RC-2027-002", "received_at": now(), "lines": received}
    url = f"/v1/despatch-advices/{advice['id']}/receipts"
    told.call("buyer", made.buyer, "POST", url, json=body, expect=201)
    told.say(
        "### Damages\n\nBoth sides read one arithmetic, from the facts and the terms that were"
        " frozen at the signature (docs/penalties.md). Two desks short of the first row are within"
        " its tolerance; the second row is ten days late, less the days of grace."
    )
    shown = told.call("supplier", made.supplier, "GET", f"{made.url}/penalty", expect=200)
    other = made.buyer.get(f"{made.url}/penalty")
    assert other.json()["result"] == shown.json()["result"]
    assert [penalty.check(file.content) for file in (shown, other)] == [[], []]
    told.say(
        "The buyer claims them: one person drafts the claim from the facts, another raises it, and"
        " the supplier agrees. `kerben verify penalty` recomputes the file of the claim with its"
        " hash."
    )
    url = f"{made.url}/ld-claims"
    claim = told.call("buyer", made.buyer, "POST", url, expect=201).json()
    raiser = settling.case.first
    told.call("treasurer", raiser, "POST", f"{url}/1/raise", expect=200)
    file = made.supplier.get(f"{url}/1/file").content
    assert penalty.check(file, sha256=claim["sha256"]) == []
    told.call("supplier", made.supplier, "POST", f"{url}/1/agree", expect=200)


def silence(told: Page, settling: Settling) -> None:
    """What the buyer says nothing about is accepted by the clock."""
    made = settling.made
    told.say(
        "### Deemed acceptance\n\nThe goods are presented. The buyer neither decides nor disputes"
        " them in the days that the policy gives it (`deemed_at`): silence is acceptance. Goods of"
        " the replacement's row say by themselves what they replace."
    )
    url = f"{made.url}/acceptances"
    rows = made.rows()
    for row, quantity in ((rows[1], "300"), (rows[2], "1"), (rows[0], "2")):
        body = {
            "schedule_row_id": row["id"],
            "delivered_quantity": quantity,
            "proof_of_delivery": {"signatory": "Асанов Бакыт", "signed_at": now()},
        }
        if row is rows[0]:
            assert made.supplier.post(url, json=body).status_code == 201
        else:
            made_of = told.call("supplier", made.supplier, "POST", url, json=body, expect=201)
    left = datetime.fromisoformat(made_of.json()["deemed_at"]) - datetime.fromisoformat(now())
    awarding.advance(left / timedelta(days=1) + 1)
    clock.tick()
    settling.case.drain()
    told.call("buyer", made.buyer, "GET", f"{url}/2", expect=200)
    late = {"reason_code": "damaged", **PROTOCOL}
    told.call("buyer", made.buyer, "POST", f"{url}/2/reject", json=late, expect=409)


def settlement(told: Page, settling: Settling) -> None:
    """The second payment less the damages, the retention, and what goes back to the buyer."""
    made = settling.made
    told.say(
        "## Settlement\n\nEverything is accepted now. The payment completes the part to the tyiyn,"
        " and the agreed damages are taken off it."
    )
    paid(told, settling)
    told.say("After a year without a claim the retention is due.")
    awarding.advance(366)
    clock.tick()
    paid(told, settling, shown=False)
    url = f"{made.url}/payment-balance"
    balance = told.call("buyer", made.buyer, "GET", url, expect=200).json()
    told.say("What the damages took off is the buyer's again: one asks for it, another approves.")
    (who, first), (other, second) = settling.people
    account = paying.payee(made.buyer.org_id)
    body = {"amount": balance["refundable"], "payee_account_id": account, "reason": "Неустойка"}
    url = f"{made.url}/refunds"
    told.call(who, first, "POST", url, json=body, expect=201)
    told.call(other, second, "POST", f"{url}/1/approve", expect=200)
    paying.settle(settling.case)
    assert paying.held(settling.case) == 0
    url = f"{made.url}/payment-milestones"
    parts = told.call("supplier", made.supplier, "GET", url, expect=200).json()["items"]
    assert [part["status"] for part in parts] == ["completed", "completed"]
    told.say("The public reads how far the contract has come and what was paid.")
    url = f"/public/ocds/records/{made.contract['ocid']}"
    record = made.buyer.get(url).json()["records"][0]["compiledRelease"]
    (contract,) = record["contracts"]
    milestones = contract["implementation"]["milestones"]
    assert [each["status"] for each in milestones] == ["met"] * 5


def paid(told: Page, settling: Settling, *, shown: bool = True, refused: bool = False) -> None:
    """The payment that is due, approved by two and settled by the bank."""
    made, case = settling.made, settling.case
    (payment,) = case.payments(status="due")
    url = f"{made.url}/payments/{payment['id']}"
    if not shown:
        paying.approved(case, payment)
    else:
        told.call("supplier", made.supplier, "GET", url, expect=200)
        file = made.supplier.get(f"{url}/file").content
        assert due.check(file, sha256=payment["sha256"]) == []
        body = {"sha256": payment["sha256"]}
        if refused:
            told.call("buyer", made.buyer, "POST", f"{url}/approve", json=body, expect=409)
        for who, each in settling.people:
            told.call(who, each, "POST", f"{url}/approve", json=body, expect=200)
    assert paying.settle(case) == 1
    if shown:
        told.say("The bank has carried it out:")
        told.call("supplier", made.supplier, "GET", url, expect=200)


def delivering_day(made: Execution, days: int) -> str:
    """A day so many days after the due day of the second row."""
    return (date.fromisoformat(made.rows()[1]["due"]) + timedelta(days=days)).isoformat()


def until(made: Execution, days: int) -> None:
    """Wait until noon of that day."""
    wanted = delivering.noon(date.fromisoformat(delivering_day(made, days)))
    awarding.advance((wanted - datetime.fromisoformat(now())) / timedelta(days=1))
