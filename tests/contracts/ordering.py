"""Orders without a tender, for tests: a manufacturer orders pumps from a quote."""

from typing import Any, NamedTuple

from tests.contracts import signing
from tests.procurement import awarding
from tests.sourcing import samples


class Ordering(NamedTuple):
    """A request, a quote for it, and both sides with a second person each."""

    buyer: Any
    second: Any
    seller: Any
    rfq: Any
    quote: Any

    def body(self, **changed: Any) -> dict[str, Any]:
        """An order of 100 pumps by the first line of the quote."""
        return {
            "quote_id": self.quote["id"],
            "quote_version": self.quote["version"],
            "lines": [{"quote_line": 0, "quantity": "100"}],
            **changed,
        }

    def drafted(self, **changed: Any) -> Any:
        """Draft an order, as it answers."""
        url = f"/v1/rfqs/{self.rfq['id']}/purchase-orders"
        answer = self.buyer.post(url, json=self.body(**changed))
        assert answer.status_code == 201, answer.text
        return answer.json()

    def placed(self, **changed: Any) -> Any:
        """Draft an order and let the second person place it, as it answers."""
        return done(self.second, self.drafted(**changed), "place")


def begun(as_org: Any, *, roles: tuple[str, ...] = ("manufacturer",), **quoted: Any) -> Ordering:
    """A manufacturer of Kyrgyzstan that asks for pumps, and a seller of China that quotes."""
    buyer, seller = as_org([*roles]), as_org(["supplier"], country="CN")
    rfq = samples.published(buyer)
    tiers = samples.line(rfq, ("1", "6320"), ("100", "6200.5"))
    quote = samples.quoted(seller, rfq, tiers, **quoted)
    return Ordering(buyer, awarding.second_client(buyer), seller, rfq, quote)


def in_force(made: Ordering, placed: Any) -> Any:
    """The contract of a placed order, confirmed by its seller and signed by both sides."""
    done(made.seller, placed, "confirm")
    url = f"/v1/contracts/{placed['contract_id']}"
    for side in (made.buyer, made.seller):
        answer = signing.sign(side, made.buyer.get(url).json())
        assert answer.status_code == 200, answer.text
    assert answer.json()["status"] == "active"
    return answer.json()


def act(by: Any, order: Any, what: str, **body: Any) -> Any:
    """Try to do something about an order."""
    return by.post(f"/v1/purchase-orders/{order['id']}/{what}", json=body or None)


def done(by: Any, order: Any, what: str, **body: Any) -> Any:
    """Do something about an order, as it answers."""
    answer = act(by, order, what, **body)
    assert answer.status_code == 200, answer.text
    return answer.json()
