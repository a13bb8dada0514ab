"""A framework agreement from the draft to the signed contracts of its call-offs, as a page."""

from collections.abc import Callable
from typing import Any

from api.core import ids
from tests.procurement import awarding, bidding, frameworking, samples
from tests.procurement.bidding import Bidding
from tests.procurement.frameworking import Framework
from tests.scenarios import steps
from tests.scenarios.recorder import Page
from tests.scenarios.steps import INTRODUCTION, AsOrg, Begin

type Drain = Callable[[], int]
CEILING = {"amount": "6000000", "currency": "KGS"}


def test_a_framework_agreement(page: Begin, as_org: AsOrg, drain: Drain) -> None:
    buyer, other = as_org(["buyer"]), as_org(["buyer"])
    chief, other_chief = awarding.second_client(buyer), awarding.second_client(other)
    suppliers = [as_org(["supplier"]) for _ in range(3)]
    told = page("framework", "A framework agreement, and call-offs from it", INTRODUCTION)

    made = published(told, as_org, buyer, other)
    steps.bids(told, made, [*zip(suppliers, ("9000.00", "9200.00", "9400.00"), strict=True)])
    steps.opening(told, made)
    steps.evaluation(told, made, chief)
    framework = concluded(told, made, chief, suppliers, other)
    called_off(told, framework, other_chief, drain)
    second = competed(told, as_org, framework)
    steps.opening(told, second)
    steps.evaluation(told, second, chief)
    award = steps.award(told, second, chief)
    steps.contract(told, second, award, suppliers[2])
    told.say("## What was called off\n\nThe ledger adds up to what is drawn of the ceiling.")
    told.call("supplier", suppliers[1], "GET", f"{framework.url}/call-offs", expect=200)
    told.say(
        "The process of a call-off names that of the framework (`relatedProcesses`), whose own"
        " record tells the agreement and its suppliers (`techniques`)."
    )
    told.call("public", buyer, "GET", f"/public/ocds/records/{second.tender['ocid']}", expect=200)
    told.call("public", buyer, "GET", f"/public/ocds/records/{made.tender['ocid']}", expect=200)
    told.finish()


def published(told: Page, as_org: AsOrg, buyer: Any, other: Any) -> Bidding:
    """A framework tender, its terms set in the draft."""
    told.say(
        "## Draft and publication\n\nA framework tender is a tender like any other that says, while"
        " it is a draft, what agreement its awards conclude: how call-offs are made, with how many"
        " suppliers of each lot, for how long, and which other buyers may call off. Its value is"
        " the ceiling of all call-offs together."
    )
    body = samples.tender(value=CEILING, lots=[samples.lot(value=None)])
    draft = told.call("buyer", buyer, "POST", "/v1/tenders", json=body, expect=201).json()
    at = f"/v1/tenders/{draft['id']}"
    terms = frameworking.terms(other)
    told.call("buyer", buyer, "PUT", f"{at}/framework-terms", json=terms, expect=200)
    holders = bidding.openers(as_org, buyer)
    key = bidding.ceremony_of(draft, holders)
    answer = buyer.post(f"{at}/keys", json=key.model_dump(mode="json"))
    assert answer.status_code == 201, answer.text
    told.say(
        "The key of its bids comes from a ceremony, as in [an open tender](open.md). At publication"
        " the policy set of call-offs bounds the length of the agreement and the number of its"
        " suppliers; the bounds are frozen with the terms."
    )
    done = told.call("buyer", buyer, "POST", f"{at}/publish", expect=200).json()
    return Bidding(buyer, done, holders, {bidding.PRICE: key})


def concluded(told: Page, made: Bidding, chief: Any, suppliers: list[Any], other: Any) -> Framework:
    """Three awards of the lot, and the agreement that they conclude."""
    steps.award(told, made, chief)
    told.say("The second and the third ranked bid are awarded in the same way.")
    case = awarding.Case(made.tender, awarding.Parties(made.buyer, chief, suppliers, None))
    for _ in suppliers[1:]:
        awarding.awarded(case)
    told.say(
        "## The agreement\n\nDuring a standstill, or while a complaint is open, nothing is"
        " concluded, and never a contract: call-offs lead to those."
    )
    url = f"/v1/tenders/{made.id}/framework-agreement"
    told.call("buyer", made.buyer, "POST", url, expect=409)
    awarding.advance(9)
    told.say("After it every holder of an award is bound to the unit prices of its bid.")
    agreement = told.call("buyer", made.buyer, "POST", url, expect=201).json()
    told.say(
        "The paper of the agreement (`/document`, and as a PDF `/paper`) lies before the buyer and"
        " its suppliers, who sign it as a contract: by a detached CMS, by PAdES, or in a sandbox by"
        " click. With the last signature the tender is complete, and call-offs may begin; a supplier"
        " that does not sign is suspended or taken out of the agreement."
    )
    signature = {"method": "click_to_sign", "sha256": agreement["sha256"]}
    at = f"/v1/frameworks/{agreement['id']}/sign"
    for name, who in (("buyer", made.buyer), ("supplier", suppliers[0])):
        told.call(name, who, "POST", at, json=signature, expect=200)
    for who in suppliers[1:]:
        agreement = frameworking.sign(who, agreement).json()
    return Framework(agreement, made.tender, case.parties, other)


def called_off(told: Page, framework: Framework, chief: Any, drain: Drain) -> None:
    """A direct call-off by the other buyer to the signed contract."""
    told.say(
        "## A call-off without competition\n\nAny buyer named says what it wants of which item. The"
        " rule frozen in the agreement (here a cascade: the best ranked active supplier first)"
        " names the supplier, the agreed prices give the value, and the ceiling is drawn on in the"
        " same transaction: call-offs can never pass it, however many come at once."
    )
    buyer, winner = framework.other, framework.parties.suppliers[0]
    url, body = f"{framework.url}/call-offs", frameworking.asked(framework, "60")
    made = told.call("other buyer", buyer, "POST", url, json=body, expect=201).json()
    told.say(
        "The award is only proposed. Somebody else of the buyer approves it; a draft of the contract"
        " follows by itself, and is offered and signed as any other, after the standstill that the"
        " policy of the call-off knows."
    )
    reason = {"reason": "Решение комиссии"}
    at = f"/v1/awards/{made['awards'][0]['id']}"
    told.call("other chief", chief, "POST", f"{at}/approve", json=reason, expect=200)
    drain()
    at = f"/v1/tenders/{made['tender']['id']}/contracts"
    [drawn] = told.call("other buyer", buyer, "GET", at, expect=200).json()["items"]
    at = f"/v1/contracts/{drawn['id']}"
    offered = told.call("other buyer", buyer, "POST", f"{at}/offer", expect=200).json()
    awarding.advance(9)
    signature = {"method": "click_to_sign", "sha256": offered["sha256"]}
    told.call("other buyer", buyer, "POST", f"{at}/sign", json=signature, expect=200)
    told.call("supplier", winner, "POST", f"{at}/sign", json=signature, expect=200)


def competed(told: Page, as_org: AsOrg, framework: Framework) -> Bidding:
    """A mini-competition by the buyer of the agreement, up to its bids."""
    told.say(
        "## A mini-competition\n\nA call-off with competition is a tender of the procedure"
        " `framework_call_off`, with the shorter periods of its policy set; each item names one of"
        " the framework. It may ask only for what the framework had announced."
    )
    buyer, suppliers = framework.parties.buyer, framework.parties.suppliers
    body = frameworking.competition(framework, "120")
    draft = told.call("buyer", buyer, "POST", "/v1/tenders", json=body, expect=201).json()
    holders = bidding.openers(as_org, buyer)
    key = bidding.ceremony_of(draft, holders)
    url = f"/v1/tenders/{draft['id']}"
    answer = buyer.post(f"{url}/keys", json=key.model_dump(mode="json"))
    assert answer.status_code == 201, answer.text
    done = told.call("buyer", buyer, "POST", f"{url}/publish", expect=200).json()
    made = Bidding(buyer, done, holders, {bidding.PRICE: key})
    told.say("It is open to the active suppliers of the agreement, and to nobody else.")
    stranger = as_org(["supplier"])
    envelope, _ = bidding.seal(made, stranger, bidding.content(made.tender, "8000.00"))
    refused: dict[str, Any] = {"envelopes": [envelope], "tenderers": []}
    told.call("stranger", stranger, "POST", f"{url}/bids", json=refused, expect=403)
    told.say(
        "One supplier is suspended meanwhile: it neither bids nor gets call-offs until it is"
        " reinstated. A debarment suspends by itself."
    )
    lead = ids.show("organisation", suppliers[1].org_id)
    [row] = [each for each in framework.now()["suppliers"] if each["suppliers"][0] == lead]
    reason = {"reason": "Две поставки с опозданием"}
    at = f"{framework.url}/suppliers/{row['id']}/suspend"
    told.call("buyer", buyer, "POST", at, json=reason, expect=200)
    told.say(
        "In this agreement bids must not be above the agreed prices: one that is would be"
        " disqualified at the opening."
    )
    steps.bids(told, made, [(suppliers[2], "8700.00"), (suppliers[0], "8900.00")])
    return made
