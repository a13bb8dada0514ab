"""Rules of a mini-competition under a framework agreement, after its direct call-offs."""

from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

from api.core import ids
from api.rules.sealing import EnvelopeKind
from tests.procurement import bidding, frameworking
from tests.procurement.awarding import Case
from tests.procurement.frameworking import REASON
from tests.procurement.life.agreement import Agreement

QUANTITY = "10"


class Competition(Agreement):
    """The active suppliers compete at most at their agreed prices; nobody else does."""

    def use_agreement(self) -> None:
        super().use_agreement()
        self.compete()

    def compete(self) -> None:
        assert self.framework is not None
        agreed = {
            supplier["suppliers"][0]: Decimal(supplier["prices"][0]["unit_price"])
            for supplier in self.framework.now()["suppliers"]
        }
        tender = self.announce_competition()
        firms = [f for f in self.firms if ids.show("organisation", f.org_id) in agreed]
        outsider = next(f for f in self.firms if f not in firms)
        assert self.bid_in(tender, outsider, "1.00").json()["code"] == "not_admitted"
        self.debar_in(tender, firms[0])
        for n, firm in enumerate(firms):
            own = agreed[ids.show("organisation", firm.org_id)]
            price = own - 100 + n if n < len(firms) - 1 or n == 0 else own + 1
            answer = self.bid_in(tender, firm, f"{price:.2f}")
            assert answer.status_code == 201, answer.text
        self.pass_time(11)
        self.award_competition(tender, agreed)

    def announce_competition(self) -> Any:
        assert self.framework is not None
        buyer = self.parties.buyer
        body = frameworking.competition(self.framework, QUANTITY)
        body["tender_period_end"] = (self.now() + timedelta(days=10)).isoformat()
        body["lots"][0]["delivery_period_start"] = None
        made = self.attempt("draft_competition", buyer, "/v1/tenders", **body)
        assert made.status_code == 201, made.text
        url = f"/v1/tenders/{made.json()['id']}/publish"
        published = self.attempt("publish_competition", buyer, url)
        assert published.status_code == 200, published.text
        return published.json()

    def bid_in(self, tender: Any, firm: Any, price: str) -> Any:
        content = bidding.content(tender, price)
        envelope = {"kind": "price", "id": str(uuid4()), "version": 1, "content": content}
        url = f"/v1/tenders/{tender['id']}/bids"
        return self.attempt("compete", firm, url, envelopes=[envelope])

    def debar_in(self, tender: Any, firm: Any) -> None:
        """Who is debarred does not compete, as nobody bids who is."""
        self.debar(self.firms.index(firm))
        assert self.bid_in(tender, firm, "1.00").json()["code"] in (
            "supplier_debarred",
            "not_admitted",
        )
        self.lift()

    def award_competition(self, tender: Any, agreed: dict[str, Decimal]) -> None:
        """Opened, ranked, awarded and signed; the award draws on the ceiling with the others."""
        buyer, chief = self.parties.buyer, self.parties.chief
        url = f"/v1/tenders/{tender['id']}"
        begun = self.attempt("start_opening", buyer, f"{url}/openings", envelope=EnvelopeKind.PRICE)
        assert begun.status_code == 201, begun.text
        for opener in self.openers[: begun.json()["threshold"]]:
            at = f"/v1/openings/{begun.json()['id']}/shares"
            assert self.attempt("share", opener.actor, at).status_code == 201
        self.work()
        shown = [each for each in buyer.get(f"{url}/bids").json()["items"]]
        out = [each for each in shown if each["status"] == "disqualified"]
        assert len(out) == (len(agreed) > 1), "one asked for more than it had agreed to"
        frameworking.evaluate(Case(tender, self.parties))
        body = {"lot_id": tender["lots"][0]["id"], **REASON}
        award = self.attempt("propose_award", buyer, f"{url}/awards", **body).json()
        cost = Decimal(award["value"]["amount"])
        self.standing[tender["id"]] = cost
        self.what_is_drawn_is_what_stands()
        done = self.attempt("approve", chief, f"/v1/awards/{award['id']}/approve", **REASON)
        assert done.status_code == 200, done.text
        [winner] = award["suppliers"]
        assert cost <= agreed[winner] * int(QUANTITY)
        self.pass_time(11)
        made = self.attempt("draw_up", buyer, f"{url}/contracts", award_ids=[award["id"]]).json()
        self.sign_both(made)
        self.what_is_drawn_is_what_stands()
        self.seen["competition"] += 1

    def sign_both(self, contract: Any) -> None:
        url = f"/v1/contracts/{contract['id']}"
        offered = self.attempt("offer", self.parties.buyer, f"{url}/offer").json()
        body = {"method": "click_to_sign", "sha256": offered["sha256"]}
        for side in [self.parties.buyer, *self.parties.suppliers]:
            self.attempt("sign", side, f"{url}/sign", **body)
        assert self.parties.buyer.get(url).json()["status"] == "active"
