"""Tenders with opened bids that can be evaluated, through HTTP; and the people who evaluate them."""

from collections.abc import Callable, Sequence
from typing import Any

from tests.conftest import Actor
from tests.procurement import bidding, samples
from tests.procurement.bidding import Bidding, Opened

type AsOrg = Callable[..., Any]
PRICE = {"id": "price", "type": "price", "title": {"ru": "Цена"}, "weight_bp": 6000}
WARRANTY = {
    "id": "warranty",
    "type": "quality",
    "title": {"ru": "Гарантия"},
    "weight_bp": 2500,
    "scoring": {"kind": "linear", "minimum": "12", "maximum": "36", "better": "higher"},
}
METHOD = {
    "id": "method",
    "type": "quality",
    "title": {"ru": "Методика"},
    "weight_bp": 1500,
    "scoring": {"kind": "commission", "threshold": "40"},
}
ASKED = {
    "criteria": [
        {
            "id": "warranty-criterion",
            "title": {"ru": "Гарантия"},
            "source": "tenderer",
            "requirement_groups": [
                {
                    "id": "warranty-group",
                    "requirements": [
                        {"id": "warranty", "title": {"ru": "Месяцев"}, "data_type": "integer"}
                    ],
                }
            ],
        }
    ]
}


def published(
    as_org: AsOrg,
    buyer: Actor,
    *,
    award: Callable[[Any], Any] | None = None,
    terms: Any = None,
    **changed: Any,
) -> Bidding:
    """A published tender in the mode `server`; `award` gives its award terms by the draft."""
    draft = samples.drafted(buyer, **changed)
    url = f"/v1/tenders/{draft['id']}"
    for path, body in (("submission-terms", terms), ("award-terms", award and award(draft))):
        if body is not None:
            answer = buyer.request("PUT", f"{url}/{path}", json=body)
            assert answer.status_code == 200, answer.text
    holders = bidding.openers(as_org, buyer)
    answer = buyer.post(f"{url}/publish")
    assert answer.status_code == 200, answer.text
    return Bidding(buyer, answer.json(), holders, {})


def opened(
    as_org: AsOrg,
    buyer: Actor,
    bids: Sequence[tuple[Actor, str | Callable[[Any], Any]]],
    **changed: Any,
) -> Opened:
    """A tender whose bids are opened: `bids` by unit price, or by what the tender gives."""
    made = published(as_org, buyer, **changed)
    handed = [
        bidding.submit(made, supplier, what if isinstance(what, str) else what(made.tender))
        for supplier, what in bids
    ]
    return bidding.finished(made, handed)


def rated(*criteria: Any) -> Callable[[Any], Any]:
    """Award terms by rated criteria for every lot."""

    def of(draft: Any) -> Any:
        lots = [
            {"lot_id": lot["id"], "award_criteria": "ratedCriteria", "criteria": [*criteria]}
            for lot in draft["lots"]
        ]
        return {"currency": "KGS", "vat_mode": "net", "lots": lots}

    return of


def with_warranty(unit_price: str, months: int) -> Callable[[Any], Any]:
    """A bid that answers how long its warranty is."""
    answer = {"requirement_id": "warranty", "value": months}
    return lambda tender: bidding.content(tender, unit_price, requirement_responses=[answer])


def lot_url(over: Opened, lot: int = 0) -> str:
    """The routes of a lot of an opened tender."""
    return f"/v1/tenders/{over.bidding.id}/lots/{over.tender['lots'][lot]['id']}"


def propose(over: Opened, person: Actor, lot: int = 0) -> Any:
    """A draft, as the API answers."""
    answer = person.post(f"{lot_url(over, lot)}/evaluations")
    assert answer.status_code == 201, answer.text
    return answer.json()


def complete(draft: Any, person: Actor) -> Any:
    """The answer to a person who completes a draft."""
    return person.post(f"/v1/evaluations/{draft['id']}/complete")


def appoint(over: Any, chair: Actor, *people: Actor, role: str = "member") -> list[Any]:
    """Put people into the commission; their seats."""
    url = f"/v1/tenders/{over.bidding.id if isinstance(over, Opened) else over.id}"
    seats = []
    for person in people:
        client = person.get("/v1/clients").json()["items"]
        own = next(each for each in client if each["prefix"] in person.key)
        body = {"client_id": own["id"], "name": "Асанова А.", "role": role}
        answer = chair.post(f"{url}/commission-members", json=body)
        assert answer.status_code == 201, answer.text
        seats.append(answer.json())
    return seats


def declare(over: Opened, person: Actor, conflict: str | None = None) -> Any:
    """The answer to a member's declaration."""
    body = {"has_conflict": conflict is not None, "detail": conflict}
    return person.post(f"/v1/tenders/{over.bidding.id}/conflict-declarations", json=body)
