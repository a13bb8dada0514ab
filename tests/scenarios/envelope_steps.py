"""Steps of a page: a tender whose technical envelopes are judged before a price is known."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from tests.conftest import Actor
from tests.procurement import bidding, samples
from tests.procurement.bidding import PRICE, TECHNICAL, Bidding
from tests.procurement.evaluation import deciding
from tests.scenarios import steps
from tests.scenarios.recorder import Page

type AsOrg = Callable[..., Any]
REASONS = [{"code": "warranty_unproven", "detail": "Гарантия не подтверждена изготовителем"}]


class Offer(NamedTuple):
    """What a supplier bids: the unit price, and the months of its warranty."""

    supplier: Any
    unit_price: str
    months: int


def published(told: Page, as_org: AsOrg, buyer: Any) -> Bidding:
    """A draft with two envelopes and rated criteria, a ceremony for each key, and publication."""
    told.say("## Draft and publication\n\nOnly the buyer sees a draft, and may change all of it.")
    draft = told.call(
        "buyer", buyer, "POST", "/v1/tenders", json=samples.tender(), expect=201
    ).json()
    at = f"/v1/tenders/{draft['id']}"
    told.say(
        "Bids come in two envelopes: the technical one answers the criteria, the other one holds"
        " the price and nothing else."
    )
    terms = {"two_envelopes": True, **deciding.ASKED}
    told.call("buyer", buyer, "PUT", f"{at}/submission-terms", json=terms, expect=200)
    told.say(
        "The price counts for 60 of 100 points. The answer about the warranty gives up to 25 by a"
        " straight line, and the members of the commission give up to 15 for the method; who gets"
        " fewer than 40 of their 100 points is out."
    )
    criteria = deciding.rated(deciding.PRICE, deciding.WARRANTY, deciding.METHOD)
    told.call("buyer", buyer, "PUT", f"{at}/award-terms", json=criteria(draft), expect=200)
    told.say(
        "Each kind of envelopes has a key of its own, from a ceremony of its own, so that whoever"
        " opens the first learns nothing about the second. Any two of the four shares open."
    )
    holders = bidding.openers(as_org, buyer)
    keys = {kind: bidding.ceremony_of(draft, holders, kind) for kind in (TECHNICAL, PRICE)}
    for key in keys.values():
        body = key.model_dump(mode="json")
        told.call("buyer", buyer, "POST", f"{at}/keys", json=body, expect=201)
    told.say("Published, the tender carries the rules that it runs under to its end.")
    made = told.call("buyer", buyer, "POST", f"{at}/publish", expect=200).json()
    return Bidding(buyer, made, holders, keys)


def bids(told: Page, made: Bidding, offers: Sequence[Offer]) -> list[Any]:
    """Bids of two envelopes each, in the order of the offers; the first is shown."""
    told.say(
        "## Sealed bids\n\nThe supplier's own program seals both envelopes, each to its key, and"
        " hands them in together: one without the other is no bid."
    )
    url, (first, *others) = f"/v1/tenders/{made.id}/bids", offers
    body = _envelopes(made, first)
    alone = {**body, "envelopes": body["envelopes"][1:]}
    told.call("supplier", first.supplier, "POST", url, json=alone, expect=422)
    told.say("The answer holds a signed receipt for each.")
    handed = [told.call("supplier", first.supplier, "POST", url, json=body, expect=201).json()]
    for other in others:
        answer = other.supplier.post(url, json=_envelopes(made, other))
        assert answer.status_code == 201, answer.text
        handed.append(answer.json())
    told.say(
        "Before the opening the buyer is told nothing of them, not even whether there are any."
    )
    told.call("buyer", made.buyer, "GET", url, expect=200)
    return handed


def technical_opening(
    told: Page, made: Bidding, people: Sequence[tuple[str, Actor]], handed: Sequence[Any]
) -> None:
    """The deadline, the opening of the technical envelopes, and the commission that reads them."""
    told.say(
        "## The technical envelopes\n\nAt the deadline the roots of both kinds of envelopes are"
        " published. The price is not opened first."
    )
    bidding.pass_deadline(made)
    price_stays_closed(told, made)
    told.say(
        "The technical envelopes are: openers release their shares of that key to a session of the"
        " service, and with enough of them it opens all of that kind in one transaction."
    )
    steps.shares(told, made, TECHNICAL)
    told.say(
        "A commission judges them. Its members see no bid before they have declared that they have"
        " no conflict of interest."
    )
    at = f"/v1/tenders/{made.id}"
    clients = made.buyer.get("/v1/clients").json()["items"]
    seats = (("chair", "Асанова А."), ("member", "Токтогулов Б."))
    for (_, person), (role, name) in zip(people, seats, strict=True):
        own = next(each["id"] for each in clients if each["prefix"] in person.key)
        seat = {"client_id": own, "name": name, "role": role}
        url = f"{at}/commission-members"
        told.call("buyer", made.buyer, "POST", url, json=seat, expect=201)
    told.call("buyer", made.buyer, "GET", f"{at}/bids", expect=403)
    for who, person in people:
        none = {"has_conflict": False}
        told.call(who, person, "POST", f"{at}/conflict-declarations", json=none, expect=200)
    told.say("Now they read who bid, and what each answered. No lot has a price yet.")
    told.call("buyer", made.buyer, "GET", f"{at}/bids", expect=200)
    url = f"/v1/bids/{handed[0]['id']}"
    shown = told.call("buyer", made.buyer, "GET", url, expect=200).json()
    assert shown["contents"]["lots"] == []


def judged(
    told: Page, made: Bidding, people: Sequence[tuple[str, Actor]], handed: Sequence[Any]
) -> None:
    """The last bid is excluded, the others are scored, and the first package is over."""
    told.say(
        "## Quality, before a price is known\n\nA bid is excluded with its reasons, lot by lot."
    )
    *staying, excluded = handed
    at = f"/v1/tenders/{made.id}"
    lot = f"{at}/lots/{made.tender['lots'][0]['id']}"
    out = {"bid_id": excluded["id"], "reasons": REASONS}
    told.call("buyer", made.buyer, "POST", f"{lot}/disqualifications", json=out, expect=201)
    told.say("While points of a member are missing, quality is not final, and no price is opened.")
    done = f"{at}/evaluate-first-package"
    told.call("buyer", made.buyer, "POST", done, expect=409)
    price_stays_closed(told, made)
    told.say("Each member gives its points, and submits them for good.")
    for (who, person), given in zip(people, (("80", "60"), ("70", "50")), strict=True):
        points = [
            {"bid_id": bid["id"], "criterion_id": "method", "points": value}
            for bid, value in zip(staying, given, strict=True)
        ]
        told.call(who, person, "POST", f"{lot}/scores", json={"scores": points}, expect=200)
        told.call(who, person, "POST", f"{lot}/scores/submit", expect=200)
    told.say("With that the first envelopes are judged.")
    told.call("buyer", made.buyer, "POST", done, expect=200)


def price_opening(told: Page, made: Bidding, excluded: Any, supplier: Any) -> None:
    """The price envelopes of the bids that stand; that of the excluded one stays sealed."""
    told.say(
        "## The price envelopes\n\nOnly now can they be opened, by shares of the other key, and"
        " only those of bids that stand."
    )
    begun = steps.shares(told, made, PRICE)
    told.call("buyer", made.buyer, "GET", f"/v1/tenders/{made.id}/bids", expect=200)
    over = made.buyer.get(f"/v1/openings/{begun['id']}").json()
    told_of = [each["bid"] for each in over["record"]["content"]["bids"]]
    assert len(told_of) == 2
    assert excluded["id"] not in told_of
    told.say("The excluded bidder reads why. Its price is never opened.")
    url = f"/v1/bids/{excluded['id']}"
    own = told.call("excluded bidder", supplier, "GET", url, expect=200).json()
    assert own["status_details"] == "disqualified"
    assert [each["detail"] for each in own["disqualification"]] == [REASONS[0]["detail"]]
    for shown in (own, made.buyer.get(url).json()):
        assert shown["contents"]["lots"] == []
        assert [each["kind"] for each in shown["contents"]["envelopes"]] == ["technical"]


def price_stays_closed(told: Page, made: Bidding) -> None:
    """An opening of the price envelopes that is refused."""
    url, body = f"/v1/tenders/{made.id}/openings", {"envelope": "price"}
    told.call("buyer", made.buyer, "POST", url, json=body, expect=409)


def _envelopes(made: Bidding, offer: Offer) -> dict[str, Any]:
    answers = [{"requirement_id": "warranty", "value": offer.months}]
    contents = {
        TECHNICAL: {"requirement_responses": answers},
        PRICE: bidding.content(made.tender, offer.unit_price),
    }
    sealed = [
        bidding.seal(made, offer.supplier, what, kind=kind)[0] for kind, what in contents.items()
    ]
    return {"envelopes": sealed, "tenderers": []}
