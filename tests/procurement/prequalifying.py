"""Tenders with a prequalification for tests: applications, findings, decisions, invitations.

Everything goes through HTTP and the real services; only time is moved, by the sandbox's clock.
"""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from api.core import db, deadlines, ids
from tests.conftest import Actor
from tests.procurement import awarding, bidding, samples
from tests.procurement.bidding import Bidding

type AsOrg = Callable[..., Any]
type Drain = Callable[[], int]

YEARS = {
    "id": "experience",
    "title": {"ru": "Опыт поставок"},
    "requirement_groups": [
        {
            "id": "experience",
            "requirements": [
                {
                    "id": "experience-years",
                    "title": {"ru": "Опыт поставок, лет"},
                    "data_type": "integer",
                    "min_value": 3,
                }
            ],
        }
    ],
}
LICENCE = {
    "id": "licence",
    "title": {"ru": "Лицензия"},
    "requirement_groups": [
        {
            "id": "licence",
            "requirements": [
                {
                    "id": "has-licence",
                    "title": {"ru": "Имеет лицензию"},
                    "data_type": "boolean",
                    "expected_value": True,
                }
            ],
        }
    ],
}
TERMS: dict[str, Any] = {"criteria": [YEARS, LICENCE]}
SHA = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
REASON = {"reason": "Решение комиссии"}


class Case(NamedTuple):
    """A tender that takes applications, two programs of its buyer, and suppliers."""

    bidding: Bidding
    buyer: Any
    chief: Any
    suppliers: Sequence[Any]

    @property
    def url(self) -> str:
        return f"/v1/tenders/{self.bidding.id}"

    @property
    def tender(self) -> Any:
        return self.buyer.get(self.url).json()


def periods() -> dict[str, str]:
    """A time to apply and a planned tender period that the law allows."""
    return {
        "prequalification_period_end": samples.in_days(23),
        "tender_period_end": samples.in_days(60),
    }


def published(as_org: AsOrg, *, suppliers: int = 3, **changed: Any) -> Case:
    """A published tender of a state buyer that begins with a prequalification; `holders=None`: with
    openers, so that bids can be opened."""
    buyer = as_org(["buyer"], procurement_regime=changed.pop("regime", "state"))
    fields = {
        "procedure": "restricted",
        "terms": TERMS,
        "server": True,
        "holders": (),
        **periods(),
        **changed,
    }
    fields.setdefault("lots", [samples.lot(delivery_period_start=samples.day(120),
                                           delivery_period_end=samples.day(200))])  # fmt: skip
    made = bidding.published(as_org, buyer, **fields)
    sellers = [as_org(["supplier"]) for _ in range(suppliers)]
    return Case(made, buyer, awarding.second_client(buyer), sellers)


def content(years: int = 5, *, licence: bool = True) -> dict[str, Any]:
    """Answers to both criteria, and the document that shows them."""
    return {
        "requirement_responses": [
            {"requirement_id": "experience-years", "value": years, "documents": [SHA]},
            {"requirement_id": "has-licence", "value": licence},
        ],
        "documents": [{"sha256": SHA, "title": "Копии договоров"}],
    }


def applied(case: Case, supplier: Actor, years: int = 5, *, tenderers: Sequence[Actor] = ()) -> Any:
    """An application handed in, as the API answers."""
    others = [ids.show("organisation", each.org_id) for each in tenderers]
    answer = supplier.post(f"{case.url}/submissions", json={**content(years), "tenderers": others})
    assert answer.status_code == 201, answer.text
    return answer.json()


def tick(drain: Drain) -> None:
    """Let the clock and the workers do what is due."""
    with db.worker_unit_of_work() as session:
        deadlines.fire_due(session, db.now(session))
    drain()


def closed(case: Case, drain: Drain) -> None:
    """Past the time to apply, with the clock and the workers run."""
    end = datetime.fromisoformat(case.tender["prequalification_period_end"])
    bidding.advance(end.astimezone(UTC))
    tick(drain)


def pending(case: Case, supplier: Actor) -> Any:
    """The qualification of a candidate that is to be decided."""
    supplier_id = ids.show("organisation", supplier.org_id)
    found = case.buyer.get(f"{case.url}/qualifications").json()["items"]
    (one,) = [e for e in found if (e["supplier_id"], e["status"]) == (supplier_id, "pending")]
    return one


def findings(*, years: bool = True, licence: bool = True) -> list[dict[str, Any]]:
    """What was found about both requirements."""
    return [
        {"requirement_id": "experience-years", "met": years, "reason": "По договорам"},
        {"requirement_id": "has-licence", "met": licence, "reason": "По реестру"},
    ]


def proposed(case: Case, supplier: Actor, **found: bool) -> Any:
    """Findings about a candidate, recorded by the buyer's first program."""
    url = f"/v1/qualifications/{pending(case, supplier)['id']}/propose"
    answer = case.buyer.post(url, json={**REASON, "findings": findings(**found)})
    assert answer.status_code == 200, answer.text
    return answer.json()


def decided(case: Case, supplier: Actor, *, qualified: bool = True) -> Any:
    """A candidate found about by one program of the buyer, and decided about by the other."""
    found = proposed(case, supplier, years=qualified)
    action = "approve" if qualified else "reject"
    answer = case.chief.post(f"/v1/qualifications/{found['id']}/{action}", json=REASON)
    assert answer.status_code == 200, answer.text
    return answer.json()


def announced(case: Case) -> Any:
    """The tender whose results were announced."""
    answer = case.chief.post(f"{case.url}/announce-qualifications")
    assert answer.status_code == 200, answer.text
    return answer.json()


def invited(case: Case, drain: Drain) -> Any:
    """Past the standstill, with the clock and the workers run; the tender as answered."""
    end = datetime.fromisoformat(case.tender["prequalification_standstill_end"])
    bidding.advance(end.astimezone(UTC) + timedelta(seconds=1))
    tick(drain)
    return case.tender


def bidding_case(as_org: AsOrg, drain: Drain, **changed: Any) -> Case:
    """A tender that takes bids from its first two suppliers, who have qualified; the third has
    not."""
    case = published(as_org, **changed)
    for supplier, years in zip(case.suppliers, (5, 7, 4), strict=True):
        applied(case, supplier, years)
    closed(case, drain)
    for n, supplier in enumerate(case.suppliers):
        decided(case, supplier, qualified=n < 2)
    announced(case)
    made = invited(case, drain)
    assert made["status_details"] == "published", made
    return case
