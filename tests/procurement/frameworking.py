"""Framework agreements for tests: concluded, called off from, competed under, all over HTTP."""

from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any, NamedTuple
from uuid import UUID

from sqlmodel import Session

from api.core import db, ids
from api.procurement.models import BidItem, FrameworkAgreement, Tender
from api.rules.tenders import TenderStage
from tests.procurement import awarding, bidding, samples
from tests.procurement.awarding import Case, Parties
from tests.procurement.bidding import Bidding
from tests.remembered import remembered

type AsOrg = Callable[..., Any]
PRICES = ("9000.00", "9200.00", "9400.00")
CEILING = "6000000"
REASON = {"reason": "Потребность школы"}


class Framework(NamedTuple):
    """A concluded agreement as the API shows it, its tender, its parties, another buyer in it."""

    agreement: Any
    tender: Any
    parties: Parties
    other: Any

    @property
    def url(self) -> str:
        return f"/v1/frameworks/{self.agreement['id']}"

    @property
    def lot(self) -> Any:
        return self.tender["lots"][0]

    @property
    def item(self) -> str:
        return str(self.lot["items"][0]["id"])

    def now(self) -> Any:
        """The agreement as it stands."""
        return self.parties.buyer.get(self.url).json()

    def supplier(self, index: int) -> Any:
        """The row of a supplier, by its rank from 0 on."""
        return sorted(self.now()["suppliers"], key=lambda each: each["rank"])[index]

    def move(self, index: int, action: str) -> Any:
        """Suspend, reinstate or terminate a supplier; the answer."""
        url = f"{self.url}/suppliers/{self.supplier(index)['id']}/{action}"
        return self.parties.buyer.post(url, json=REASON)


def terms(*buyers: Any, **changed: Any) -> dict[str, Any]:
    """Both ways of calling off, three suppliers, two years."""
    return {
        "method": "withAndWithoutReopeningCompetition",
        "minimum_participants": 2,
        "maximum_participants": 3,
        "duration_days": 730,
        "allocation": "cascade",
        "within_agreed_prices": True,
        "buyers": [ids.show("organisation", each.org_id) for each in buyers],
        **changed,
    }


def opened(
    as_org: AsOrg, *, prices: Sequence[str] = PRICES, ceiling: str = CEILING, **changed: Any
) -> tuple[Case, Bidding, Any]:
    """A framework tender whose evaluation is complete, and another buyer that its terms name."""
    who, other = awarding.parties(as_org, suppliers=len(prices)), as_org(["buyer"])
    made = bidding.published(
        as_org,
        who.buyer,
        framework=terms(other, **changed),
        value={"amount": ceiling, "currency": "KGS"},
        lots=[samples.lot(value=None)],
    )
    handed = [
        bidding.submit(made, supplier, price)
        for supplier, price in zip(who.suppliers, prices, strict=True)
    ]
    bidding.finished(made, handed)
    case = Case(made.tender, who)
    evaluate(case)
    return case, made, other


def evaluate(case: Case) -> None:
    """One person proposes the ranking of the first lot, another completes it."""
    url = f"/v1/tenders/{case.tender['id']}/lots/{case.lot}/evaluations"
    draft = case.parties.buyer.post(url)
    assert draft.status_code == 201, draft.text
    done = case.parties.chief.post(f"/v1/evaluations/{draft.json()['id']}/complete")
    assert done.status_code == 200, done.text


def conclude(case: Case) -> Any:
    """The answer to the buyer who concludes the agreement."""
    return case.parties.buyer.post(f"/v1/tenders/{case.tender['id']}/framework-agreement")


def sign(who: Any, agreement: Any) -> Any:
    """The answer to a party that signs by click."""
    body = {"method": "click_to_sign", "sha256": agreement["sha256"]}
    return who.post(f"/v1/frameworks/{agreement['id']}/sign", json=body)


def signed(case: Case, agreement: Any) -> Any:
    """An agreement that its buyer and every supplier have signed."""
    for who in (case.parties.buyer, *case.parties.suppliers):
        answer = sign(who, agreement)
        assert answer.status_code == 200, answer.text
    return answer.json()


def ranked(
    as_org: AsOrg, *, prices: Sequence[str] = PRICES, ceiling: str = CEILING, **changed: Any
) -> tuple[Case, Any]:
    """As `opened`, by the rows that opening and evaluation leave."""
    who, other = awarding.parties(as_org, suppliers=len(prices)), as_org(["buyer"])
    value, lots = {"amount": ceiling, "currency": "KGS"}, [samples.lot(value=None)]
    draft = samples.drafted(who.buyer, value=value, lots=lots)
    url = f"/v1/tenders/{draft['id']}"
    answer = who.buyer.request("PUT", f"{url}/framework-terms", json=terms(other, **changed))
    assert answer.status_code == 200, answer.text
    answer = who.buyer.post(f"{url}/publish")
    assert answer.status_code == 200, answer.text
    made = answer.json()
    with db.worker_unit_of_work() as session:
        bids = [
            _bid(session, made, supplier.org_id, Decimal(price))
            for supplier, price in zip(who.suppliers, prices, strict=True)
        ]
        awarding.evaluated(session, made, bids)
        tender = session.get(Tender, samples.tender_id(made))
        assert tender is not None
        tender.status_details = TenderStage.EVALUATION_COMPLETE
    return Case(made, who), other


def _bid(session: Session, made: Any, supplier_id: UUID, price: Decimal) -> UUID:
    """A bid for the one item of a tender."""
    [lot] = made["lots"]
    [item] = lot["items"]
    quantity = Decimal(item["quantity"])
    bid = awarding.opened_bid(session, made, supplier_id, price * quantity)
    session.add(
        BidItem(
            bid_id=bid,
            tender_id=samples.tender_id(made),
            lot_id=ids.parse("lot", lot["id"]),
            item_id=ids.parse("item", item["id"]),
            quantity=quantity,
            unit_price_amount=price,
        )
    )
    return bid


@remembered
def concluded(as_org: AsOrg, **changed: Any) -> Framework:
    """An agreement in force with everybody who bid."""
    case, other = ranked(as_org, **changed)
    for _ in case.parties.suppliers:
        awarding.awarded(case)
    awarding.advance(9)
    answer = conclude(case)
    assert answer.status_code == 201, answer.text
    return Framework(signed(case, answer.json()), case.tender, case.parties, other)


def asked(framework: Framework, quantity: str = "10", **changed: Any) -> dict[str, Any]:
    """The body of a direct call-off."""
    return {
        "reason": "Новая школа",
        "lots": [
            {
                "lot_id": framework.lot["id"],
                "delivery_period_end": samples.day(300),
                "items": [{"item_id": framework.item, "quantity": quantity}],
            }
        ],
        **changed,
    }


def call_off(framework: Framework, by: Any, quantity: str = "10") -> Any:
    """A direct call-off, as it answers."""
    answer = by.post(f"{framework.url}/call-offs", json=asked(framework, quantity))
    assert answer.status_code == 201, answer.text
    return answer.json()


def competition(framework: Framework, quantity: str = "10", **changed: Any) -> dict[str, Any]:
    """The body of a mini-competition's draft."""
    item = samples.item(quantity=quantity, framework_item_id=framework.item)
    lot = samples.lot(
        value=None,
        delivery_period_start=samples.day(200),
        delivery_period_end=samples.day(300),
        items=[item],
    )
    return samples.tender(
        procedure="framework_call_off",
        framework_id=framework.tender["id"],
        tender_period_end=samples.in_days(60),
        lots=[lot],
        **changed,
    )


def row(session: Session, framework: Framework) -> FrameworkAgreement:
    """The agreement's row as it stands in the database now."""
    session.rollback()
    session.expire_all()
    found = session.get(FrameworkAgreement, agreement_id(framework))
    assert found is not None
    return found


def agreement_id(framework: Framework) -> UUID:
    """The UUID of the agreement."""
    return ids.parse("framework", framework.agreement["id"])
