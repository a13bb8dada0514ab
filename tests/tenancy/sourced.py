"""A request for quotation to one seller alone, its quote, an order by another such request, and who
wants the mail about requests."""

from typing import Any

from tests.contracts.ordering import Ordering
from tests.identity import people
from tests.procurement import awarding
from tests.sourcing import samples
from tests.tenancy.world import Story, ok, shown


def source(story: Story, seller: Any) -> None:
    """Make it all; the supplier of the story asks, `seller` answers."""
    asker = story.actors["supplier"]
    invited = {"audience": "invited", "invited": [shown(seller)]}
    rfq = samples.published(asker, **invited)
    ok(
        asker.post(
            f"/v1/rfqs/{rfq['id']}/amend",
            json={"reason": "Иначе", "changes": {"payment_terms": "30 % / 70 %"}},
        )
    )
    quote = samples.quoted(seller, rfq)
    _order(story, asker, seller, invited)
    people.joined(asker, "reader@example.kg", role="sales")
    reader = next(
        each["id"]
        for each in ok(asker.get("/v1/members"))["items"]
        if each["email"] == "reader@example.kg"
    )
    digest = ok(asker.post("/v1/request-digests", json={"member_id": reader}))
    story.actors["quoting_seller"] = seller
    story.ids |= {
        "rfq_id": rfq["id"],
        "rfqitem_id": rfq["items"][0]["id"],
        "quote_id": quote["id"],
        "digest_id": digest["id"],
        "token": "ab" * 64,
    }


def _order(story: Story, asker: Any, seller: Any, invited: dict[str, Any]) -> None:
    """An order that waits for the seller's answer."""
    rfq = samples.published(asker, **invited)
    quote = samples.quoted(seller, rfq)
    made = Ordering(asker, awarding.second_client(asker), seller, rfq, quote)
    story.under["/v1/purchase-orders"] = {"order_id": made.placed()["id"]}
