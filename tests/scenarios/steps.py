"""Steps of a procedure as a page tells them; each makes its requests."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

from api.core import db
from api.rules.sealing import EnvelopeKind
from tests.procurement import bidding, samples
from tests.procurement.bidding import Bidding
from tests.scenarios.recorder import Page

type AsOrg = Callable[..., Any]
type Begin = Callable[[str, str, str], Page]

INTRODUCTION = (
    "Written by a test that makes every request shown here. `<name>` stands for what differs from"
    " run to run; ids are numbered, long lists are cut."
)


def published(told: Page, as_org: AsOrg, buyer: Any, *, sealed: bool, **changed: Any) -> Bidding:
    """A draft, the ceremony of its key if bids are sealed by suppliers, and publication."""
    told.say("## Draft and publication\n\nOnly the buyer sees a draft, and may change all of it.")
    draft = told.call(
        "buyer", buyer, "POST", "/v1/tenders", json=samples.tender(**changed), expect=201
    ).json()
    at = f"/v1/tenders/{draft['id']}"
    holders = bidding.openers(as_org, buyer)
    keys = {}
    if sealed:
        told.say(
            "Three openers and an auditor have registered their public keys. A ceremony on the"
            " buyer's own machine (`kerben opener ceremony`) made a key for this tender; any two of"
            " its four shares open the bids, and this service holds none of them."
        )
        keys[bidding.PRICE] = bidding.ceremony_of(draft, holders)
        key = keys[bidding.PRICE].model_dump(mode="json")
        told.call("buyer", buyer, "POST", f"{at}/keys", json=key, expect=201)
    told.say("Published, the tender carries the rules that it runs under to its end.")
    made = told.call("buyer", buyer, "POST", f"{at}/publish", expect=200).json()
    return Bidding(buyer, made, holders, keys)


def asked_and_answered(told: Page, made: Bidding, supplier: Any) -> None:
    """A question of a supplier and the buyer's answer."""
    told.say("## A question\n\nWho asked stays unknown until the opening; the answer is for all.")
    question = {"title": {"ru": "Размер"}, "description": {"ru": "Какая высота парты нужна?"}}
    url = f"/v1/tenders/{made.id}/enquiries"
    asked = told.call("supplier", supplier, "POST", url, json=question, expect=201).json()
    answer = {"answer": {"ru": "От 58 до 76 см, регулируемая."}}
    url = f"/v1/enquiries/{asked['id']}/answer"
    told.call("buyer", made.buyer, "POST", url, json=answer, expect=200)


def bids(told: Page, made: Bidding, offers: Sequence[tuple[Any, str]]) -> None:
    """Bids by supplier and unit price; the first is shown."""
    told.say(
        "## Sealed bids\n\nThe supplier's own program seals the bid (`kerben bid seal`, or a portal"
        " in the browser: docs/sealing.md). The answer holds a signed receipt."
        if made.keys
        else "## Bids\n\nThis tender's bids are not sealed by the suppliers: the service keeps them"
        " closed until the opening, and says so (`access-controlled until opening`)."
    )
    (supplier, price), *others = offers
    url, content = f"/v1/tenders/{made.id}/bids", bidding.content(made.tender, price)
    if made.keys:
        envelope, _ = bidding.seal(made, supplier, content)
    else:
        envelope = {"kind": "price", "id": "offer-1", "version": 1, "content": content}
    body = {"envelopes": [envelope], "tenderers": []}
    told.call("supplier", supplier, "POST", url, json=body, expect=201)
    for other, offered in others:
        bidding.submit(made, other, offered)
    told.say(
        "Before the opening the buyer is told nothing of them, not even whether there are any."
    )
    told.call("buyer", made.buyer, "GET", url, expect=200)


def opening(told: Page, made: Bidding) -> None:
    """The deadline, and the opening by as many openers as are needed."""
    told.say(
        "## The opening\n\nAt the deadline the root of all bids is published. After it, openers"
        " release their shares to a session of the service; with enough of them it opens all bids"
        " in one transaction."
    )
    bidding.pass_deadline(made)
    shares(told, made, bidding.PRICE)
    told.call("buyer", made.buyer, "GET", f"/v1/tenders/{made.id}/bids", expect=200)


def shares(told: Page, made: Bidding, kind: EnvelopeKind) -> Any:
    """An opening of one kind of envelopes, begun and given its shares; as it began."""
    url = f"/v1/tenders/{made.id}/openings"
    begun = told.call("buyer", made.buyer, "POST", url, json={"envelope": kind}, expect=201).json()
    url = f"/v1/openings/{begun['id']}/shares"
    for opener in made.openers[: begun["threshold"]]:
        body = bidding.share(made, begun, opener)
        told.call(opener.name, opener.actor, "POST", url, json=body, expect=201)
    bidding.open_ready(begun)
    return begun


def evaluation(told: Page, made: Bidding, chief: Any) -> None:
    """A draft of one person that another completes."""
    told.say(
        "## Evaluation\n\nOne person proposes, another completes. The file holds all that the"
        " ranking follows from: `kerben verify evaluation` computes it again (docs/evaluation.md)."
    )
    url = f"/v1/tenders/{made.id}/lots/{made.tender['lots'][0]['id']}/evaluations"
    draft = told.call("buyer", made.buyer, "POST", url, expect=201).json()
    told.call("chief", chief, "POST", f"/v1/evaluations/{draft['id']}/complete", expect=200)


def award(told: Page, made: Bidding, chief: Any, reason: str = "Наименьшая цена") -> Any:
    """A proposal of one person that another approves; the award as answered."""
    told.say(
        "## The award\n\nAgain one proposes and another decides. With the decision the standstill"
        " begins, if the rules of the tender know one: until its end others can complain."
    )
    body = {"lot_id": made.tender["lots"][0]["id"], "reason": reason}
    url = f"/v1/tenders/{made.id}/awards"
    proposed = told.call("buyer", made.buyer, "POST", url, json=body, expect=201).json()
    url, decision = f"/v1/awards/{proposed['id']}/approve", {"reason": "Решение комиссии"}
    return told.call("chief", chief, "POST", url, json=decision, expect=200).json()


def contract(told: Page, made: Bidding, decided: Any, winner: Any) -> Any:
    """The contract about an award, signed by both sides once the standstill is over."""
    told.say(
        "## The contract\n\nThe buyer draws it up from the award and offers it: from then on its"
        " document is frozen, and both sides sign its hash. In production they do so by a detached"
        " CMS signature; a sandbox also takes a click."
    )
    body = {"award_ids": [decided["id"]]}
    url = f"/v1/tenders/{made.id}/contracts"
    drawn = told.call("buyer", made.buyer, "POST", url, json=body, expect=201).json()
    at = f"/v1/contracts/{drawn['id']}"
    offered = told.call("buyer", made.buyer, "POST", f"{at}/offer", expect=200).json()
    signature = {"method": "click_to_sign", "sha256": offered["sha256"]}
    if decided["standstill_end"]:
        told.say("During the standstill nobody signs.")
        told.call("buyer", made.buyer, "POST", f"{at}/sign", json=signature, expect=409)
        bidding.advance(datetime.fromisoformat(decided["standstill_end"]))
        told.say("After it:")
    told.call("buyer", made.buyer, "POST", f"{at}/sign", json=signature, expect=200)
    signed = told.call("supplier", winner, "POST", f"{at}/sign", json=signature, expect=200)
    told.call("buyer", made.buyer, "GET", f"/v1/tenders/{made.id}", expect=200)
    return signed.json()


def record(told: Page, made: Bidding) -> None:
    """What the public reads of the procedure."""
    told.say("## What the public reads")
    url = f"/public/ocds/records/{made.tender['ocid']}"
    told.call("public", made.buyer, "GET", url, expect=200)


def auction(told: Page, made: Bidding, suppliers: Sequence[Any]) -> None:
    """A reverse auction of the first lot, from its announcement to its log."""
    told.say(
        "## The reverse auction\n\nThe tender announced it with its least step. Every bid starts at"
        " its opened price and only goes down."
    )
    with db.worker_unit_of_work() as session:
        now = db.now(session)
    start, end = now + timedelta(hours=1), now + timedelta(hours=2)
    body = {
        "lot_id": made.tender["lots"][0]["id"],
        "starts_at": start.isoformat(),
        "ends_at": end.isoformat(),
    }
    url = f"/v1/tenders/{made.id}/auctions"
    planned = told.call("buyer", made.buyer, "POST", url, json=body, expect=201).json()
    at = f"/v1/auctions/{planned['id']}"
    bidding.advance(start)
    lower = {"amount": "5700000"}
    told.call("supplier", suppliers[1], "POST", f"{at}/prices", json=lower, expect=201)
    told.say("A price that is not a whole step below one's own last one does not count.")
    refused = {"amount": "5699000"}
    told.call("supplier", suppliers[1], "POST", f"{at}/prices", json=refused, expect=409)
    told.say("The log is public; the result follows from it.")
    told.call("supplier", suppliers[0], "GET", f"{at}/log", expect=200)
    bidding.advance(end + timedelta(minutes=20))
