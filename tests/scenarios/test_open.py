"""The unrestricted procedure, from the draft to the award, as a page of docs."""

from collections.abc import Callable
from typing import Any

from tests.procurement import awarding, bidding, samples
from tests.procurement.bidding import Bidding
from tests.scenarios.recorder import Page

type AsOrg = Callable[..., Any]
type Begin = Callable[[str, str, str], Page]


def test_an_open_tender_through_http(page: Begin, as_org: AsOrg) -> None:
    buyer = as_org(["buyer"])
    chief = awarding.second_client(buyer)
    suppliers = [as_org(["supplier"]) for _ in range(2)]
    told = page(
        "open",
        "An open tender",
        "Written by a test that makes every request shown here. `<name>` stands for what differs"
        " from run to run; ids are numbered, long lists are cut.",
    )
    made = published(told, as_org, buyer)
    at = f"/v1/tenders/{made.id}"
    asked_and_answered(told, at, buyer, suppliers[0])
    bids(told, made, at, suppliers)
    opening(told, made, at, suppliers[0])
    award(told, made, at, chief, suppliers)
    told.finish()


def published(told: Page, as_org: AsOrg, buyer: Any) -> Bidding:
    told.say("## Draft and publication\n\nOnly the buyer sees a draft, and may change all of it.")
    draft = told.call(
        "buyer", buyer, "POST", "/v1/tenders", json=samples.tender(), expect=201
    ).json()
    at = f"/v1/tenders/{draft['id']}"
    holders = bidding.openers(as_org, buyer)
    key = bidding.ceremony_of(draft, holders)
    told.say(
        "Three openers and an auditor have registered their public keys. A ceremony on the buyer's"
        " own machine (`kerben opener ceremony`) made a key for this tender; any two of its four"
        " shares open the bids, and this service holds none of them."
    )
    told.call("buyer", buyer, "POST", f"{at}/keys", json=key.model_dump(mode="json"), expect=201)
    told.say("Published, the tender carries the rules that it runs under to its end.")
    published = told.call("buyer", buyer, "POST", f"{at}/publish", expect=200).json()
    told.call("buyer", buyer, "GET", f"{at}/policy", expect=200)
    return Bidding(buyer, published, holders, {bidding.PRICE: key})


def asked_and_answered(told: Page, at: str, buyer: Any, supplier: Any) -> None:
    told.say("## A question\n\nWho asked stays unknown until the opening; the answer is for all.")
    question = {"title": {"ru": "Размер"}, "description": {"ru": "Какая высота парты нужна?"}}
    asked = told.call(
        "supplier", supplier, "POST", f"{at}/enquiries", json=question, expect=201
    ).json()
    told.call(
        "buyer",
        buyer,
        "POST",
        f"/v1/enquiries/{asked['id']}/answer",
        json={"answer": {"ru": "От 58 до 76 см, регулируемая."}},
        expect=200,
    )


def bids(told: Page, made: Bidding, at: str, suppliers: list[Any]) -> None:
    told.say(
        "## Sealed bids\n\nThe supplier's own program seals the bid (`kerben bid seal`, or a portal"
        " in the browser: docs/sealing.md). The answer holds a signed receipt."
    )
    envelope, _ = bidding.seal(made, suppliers[0], bidding.content(made.tender, "9850.00"))
    body = {"envelopes": [envelope], "tenderers": []}
    told.call("supplier", suppliers[0], "POST", f"{at}/bids", json=body, expect=201)
    bidding.submit(made, suppliers[1], "9900.00")
    told.say(
        "Before the opening the buyer is told nothing of them, not even whether there are any."
    )
    told.call("buyer", made.buyer, "GET", f"{at}/bids", expect=200)


def opening(told: Page, made: Bidding, at: str, supplier: Any) -> None:
    told.say(
        "## The opening\n\nAt the deadline the root of all bids is published. After it, openers"
        " release their shares to a session of the service; with enough of them it opens all bids"
        " in one transaction."
    )
    bidding.pass_deadline(made)
    begun = told.call(
        "buyer", made.buyer, "POST", f"{at}/openings", json={"envelope": "price"}, expect=201
    ).json()
    for opener in made.openers[: begun["threshold"]]:
        told.call(
            f"opener {opener.name}",
            opener.actor,
            "POST",
            f"/v1/openings/{begun['id']}/shares",
            json=bidding.share(made, begun, opener),
            expect=201,
        )
    bidding.open_ready(begun)
    told.call("supplier", supplier, "GET", f"{at}/bids", expect=200)


def award(told: Page, made: Bidding, at: str, chief: Any, suppliers: list[Any]) -> None:
    lot = made.tender["lots"][0]["id"]
    told.say(
        "## Evaluation and award\n\nOne person proposes, another completes. The file holds all that"
        " the ranking follows from: `kerben verify evaluation` computes it again (docs/evaluation.md)."
    )
    draft = told.call(
        "buyer", made.buyer, "POST", f"{at}/lots/{lot}/evaluations", expect=201
    ).json()
    told.call("chief", chief, "POST", f"/v1/evaluations/{draft['id']}/complete", expect=200)
    proposal = {"lot_id": lot, "reason": "Наименьшая цена"}
    proposed = told.call(
        "buyer", made.buyer, "POST", f"{at}/awards", json=proposal, expect=201
    ).json()
    told.say("With the decision the standstill begins: until its end others can complain.")
    told.call(
        "chief",
        chief,
        "POST",
        f"/v1/awards/{proposed['id']}/approve",
        json={"reason": "Решение комиссии"},
        expect=200,
    )
    told.say("What the public reads of it:")
    told.call(
        "public", suppliers[0], "GET", f"/public/ocds/records/{made.tender['ocid']}", expect=200
    )
