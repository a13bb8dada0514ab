"""Rules from the opening to the contract: evaluation, auction, award, complaint, signatures."""

from datetime import timedelta
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from api.core import ids
from api.procurement.models import Award, BidEnvelope, BidLot, Complaint
from api.rules.awards import AwardStatus
from api.rules.bids import BidStage
from api.rules.complaints import OPEN, ComplaintTarget
from api.rules.sealing import EnvelopeKind
from api.rules.tenders import AWARDING, EVALUATING_STAGES, TenderStage
from tests.procurement import bidding
from tests.procurement.life.before import WHO, Before
from tests.procurement.life.state import DAYS, SUPPLIERS

_T = TenderStage
LOT = st.integers(0, 1)
CLOSED = {_T.BID_OPENING_PENDING, _T.FIRST_PACKAGE_EVALUATED}
JUDGED = EVALUATING_STAGES | {_T.FIRST_PACKAGE_PENDING}
EFFECTS = {
    ComplaintTarget.TENDER: ("no_effect", "extend_period", "amend_terms"),
    ComplaintTarget.AWARD: ("cancel_award", "no_effect", "repeat_evaluation"),
    ComplaintTarget.CANCELLATION: ("no_effect",),
    ComplaintTarget.QUALIFICATION: ("cancel_qualification", "no_effect"),
}


class After(Before):
    """What happens once the bids are in."""

    @precondition(lambda self: self.stage in CLOSED)
    @rule()
    def open_bids(self) -> None:
        first = self.kind.two_envelopes and self.stage is _T.BID_OPENING_PENDING
        kind = EnvelopeKind.TECHNICAL if first else EnvelopeKind.PRICE
        begun = self.attempt(
            "start_opening", self.parties.buyer, f"{self.url}/openings", envelope=kind
        )
        if begun.status_code != 201:
            return
        for opener in self.openers[: begun.json()["threshold"]]:
            shared = bidding.share(self.bidding, begun.json(), opener)
            url = f"/v1/openings/{begun.json()['id']}/shares"
            assert self.attempt("share", opener.actor, url, **shared).status_code == 201
        self.work()
        self.check_opened(begun.json()["id"], kind)

    def check_opened(self, opening_id: str, kind: EnvelopeKind) -> None:
        """Every bid that counted is told once, no other one is, and none of its words is altered."""
        found = self.parties.buyer.get(f"/v1/openings/{opening_id}").json()
        assert found["status"] == "opened", found
        assert self.expected is not None
        record = found["record"]["content"]
        stood = {bid.id for bid in self.expected.values()} - self.disqualified_before(kind)
        assert sorted(each["bid"] for each in record["bids"]) == sorted(stood)
        told = [leaf["bid"] for leaf in record["leaves"] if leaf["bid"]]
        assert sorted(told) == sorted(stood)
        for who, bid in self.expected.items():
            members = {ids.show("organisation", self.firms[n].org_id) for n in self.members_of(who)}
            shown = [each["tenderers"] for each in record["bids"] if each["bid"] == bid.id]
            assert all({firm["organisation"] for firm in each} == members for each in shown)
        assert len(record["leaves"]) == len(
            [each for each in self.rows(BidEnvelope) if each.kind is kind]
        )
        assert len(self.rows(BidEnvelope)) == self.received
        if kind is EnvelopeKind.PRICE:
            asked = {(ids.show("bid", row.bid_id), ids.show("lot", row.lot_id)): row.value_amount
                     for row in self.rows(BidLot)}  # fmt: skip
            for bid in self.expected.values():
                for lot in self.lots:
                    if (bid.id, lot) in asked:
                        assert asked[bid.id, lot] == bid.price * self.kind.quantity

    def disqualified_before(self, kind: EnvelopeKind) -> set[str]:
        """Bids whose first envelope was refused: their price stays sealed."""
        if not self.kind.two_envelopes or kind is EnvelopeKind.TECHNICAL:
            return set()
        bids = (self.parties.buyer.get(f"/v1/bids/{bid.id}").json() for bid in self.live.values())
        return {
            bid["id"]
            for bid in bids
            if bid["status_details"] == BidStage.DISQUALIFIED
            and all(e["kind"] != "price" for e in bid["contents"]["envelopes"])
        }

    @precondition(lambda self: self.stage in JUDGED)
    @rule(who=WHO, lot=LOT)
    def disqualify(self, who: int, lot: int) -> None:
        if self.expected and who in self.expected and len(self.expected) > 1:
            reasons = [{"code": "no_licence", "detail": "Нет лицензии"}]
            url = f"{self.url}/lots/{self.lots[lot % self.kind.lots]}/disqualifications"
            body = {"bid_id": self.expected[who].id, "reasons": reasons}
            self.attempt("disqualify", self.parties.buyer, url, **body)

    @precondition(lambda self: self.stage is _T.FIRST_PACKAGE_PENDING)
    @rule()
    def evaluate_first_package(self) -> None:
        url = f"{self.url}/evaluate-first-package"
        answer = self.attempt("evaluate_first_package", self.parties.buyer, url)
        assert answer.status_code == 200, answer.text

    @precondition(
        lambda self: self.stage in EVALUATING_STAGES and "auction_step_bp" in self.kind.draft
    )
    @rule(lot=LOT, falls=st.lists(WHO, max_size=3))
    def auction(self, lot: int, falls: list[int]) -> None:
        """A whole auction of a lot: prices fall by several steps, and its log gives the result."""
        lot_id, now = self.lots[lot], self.now()
        start, end = now + timedelta(hours=1), now + timedelta(hours=2)
        body = {"lot_id": lot_id, "starts_at": start.isoformat(), "ends_at": end.isoformat()}
        planned = self.attempt("auction", self.parties.buyer, f"{self.url}/auctions", **body)
        if planned.status_code != 201:
            return
        self.auctioned.add(lot_id)
        auction, at = planned.json(), f"/v1/auctions/{planned.json()['id']}"
        self.pass_time(1 / 24 + 1 / 86_400)
        for who in falls:
            standing = {p["bid_id"]: p["amount"] for p in auction["ranking"]}
            bid = self.live[who].id if who in self.live else None
            lower = float(standing.get(bid, "9000000")) - 2 * float(auction["step_amount"])
            answer = self.attempt(
                "fall", self.parties.suppliers[who], f"{at}/prices", amount=f"{lower:.2f}"
            )
            if answer.status_code == 201:
                auction = answer.json()
        self.pass_time(1 / 12)
        ended = self.parties.buyer.get(at).json()
        assert ended["status"] == "complete"
        for place in ended["ranking"]:
            self.lowered[place["bid_id"], lot_id] = bidding.Decimal(place["amount"])

    @precondition(lambda self: self.stage in EVALUATING_STAGES)
    @rule()
    def evaluate(self) -> None:
        for lot in self.active_lots:
            draft = self.attempt(
                "propose_evaluation", self.parties.buyer, f"{self.url}/lots/{lot}/evaluations"
            )
            if draft.status_code == 201:
                url = f"/v1/evaluations/{draft.json()['id']}/complete"
                alone = self.attempt("complete_evaluation", self.parties.buyer, url)
                assert alone.json()["code"] == "four_eyes", alone.text
                done = self.attempt("complete_evaluation", self.parties.chief, url)
                assert done.status_code == 200, done.text

    @precondition(lambda self: self.stage in AWARDING)
    @rule(lot=LOT)
    def propose(self, lot: int) -> None:
        body = {"lot_id": self.lots[lot % self.kind.lots], "reason": "Цена"}
        answer = self.attempt("propose_award", self.parties.buyer, f"{self.url}/awards", **body)
        if answer.status_code == 201:
            self.check_suppliers(answer.json())

    @precondition(lambda self: self.stage in AWARDING)
    @rule(decision=st.sampled_from(["approve", "approve", "approve", "reject"]))
    def decide(self, decision: str) -> None:
        pending = sorted(self.awards(AwardStatus.PENDING), key=lambda award: award.rank)
        for award in pending[:1]:
            url = f"/v1/awards/{ids.show('award', award.id)}"
            if award.proposed_by is None:
                self.attempt(
                    "propose_award", self.parties.buyer, f"{url}/propose", reason="Следующий"
                )
            answer = self.attempt(
                decision, self.parties.chief, f"{url}/{decision}", reason="Решение"
            )
            if (decision, answer.status_code) == ("approve", 200):
                self.check_suppliers(answer.json())

    @precondition(lambda self: self.stage in AWARDING)
    @rule(who=WHO)
    def complain_about_award(self, who: int) -> None:
        for award in self.awards(AwardStatus.ACTIVE, AwardStatus.UNSUCCESSFUL)[-1:]:
            self.complain(who, target="award", award_id=ids.show("award", award.id))

    @precondition(lambda self: self.is_under_way and bool(self.open_complaints()))
    @rule(
        step=st.sampled_from(["accept", "accept", "invalidate", "decline", "satisfy", "stop"]),
        effect=st.integers(0, 2),
    )
    def review(self, step: str, effect: int) -> None:
        for complaint in self.open_complaints()[:1]:
            url = f"/v1/complaints/{ids.show('complaint', complaint.id)}/{step}"
            body: dict[str, Any] = {"rationale": "Решение"}
            if step == "satisfy":
                effects = EFFECTS[complaint.target]
                body["effects"] = [effects[effect % len(effects)]]
            self.attempt(f"{step}_complaint", self.parties.reviewer, url, **body)
            self.work()

    @precondition(lambda self: self.stage in AWARDING)
    @rule(together=st.booleans())
    def contract(self, together: bool) -> None:
        """Of all awards that stand, or of the last one alone."""
        self.draw_up(self.awards(AwardStatus.ACTIVE)[0 if together else -1 :])

    def draw_up(self, awards: list[Award]) -> None:
        """A contract about these awards, offered to both sides."""
        shown = [ids.show("award", award.id) for award in awards]
        if shown:
            url = f"{self.url}/contracts"
            made = self.attempt("draw_up", self.parties.buyer, url, award_ids=shown)
            if made.status_code == 201:
                url = f"/v1/contracts/{made.json()['id']}/offer"
                self.contracts.append(self.attempt("offer", self.parties.buyer, url).json())

    @precondition(lambda self: self.stage in AWARDING and bool(self.contracts))
    @rule(side=st.integers(0, SUPPLIERS))
    def sign(self, side: int) -> None:
        """One side tries; the clock may stand in the midst of a standstill."""
        by = [self.parties.buyer, *self.parties.suppliers][side]
        for contract in self.contracts[-2:]:
            body = {"method": "click_to_sign", "sha256": contract["sha256"]}
            answer = self.attempt("sign", by, f"/v1/contracts/{contract['id']}/sign", **body)
            if answer.status_code == 200:
                self.check_signable(contract)

    def check_signable(self, contract: Any) -> None:
        """What must have been true when a signature was taken."""
        chosen = {ids.parse("award", each) for each in contract["award_ids"]}
        now = self.now()
        for award in self.rows(Award):
            if award.id in chosen:
                assert award.status is AwardStatus.ACTIVE
                assert award.standstill_end is None or award.standstill_end <= now
        for complaint in self.rows(Complaint):
            about = complaint.target is not ComplaintTarget.AWARD or complaint.award_id in chosen
            assert not (about and complaint.status in OPEN)

    @precondition(lambda self: self.stage in AWARDING and bool(self.contracts))
    @rule(side=st.integers(0, SUPPLIERS))
    def refuse(self, side: int) -> None:
        for contract in self.contracts[-1:]:
            by = [self.parties.buyer, *self.parties.suppliers][side]
            url = f"/v1/contracts/{contract['id']}/refuse"
            if self.attempt("refuse", by, url, reason="Отказ").status_code == 200:
                self.contracts.remove(contract)
            self.work()

    @precondition(lambda self: self.is_under_way and self.spent < DAYS)
    @rule(days=st.sampled_from([1, 8]))
    def wait(self, days: int) -> None:
        self.pass_time(days)
