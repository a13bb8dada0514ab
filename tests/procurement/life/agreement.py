"""Rules of a framework agreement: several awards of a lot, its conclusion, direct call-offs."""

from decimal import Decimal
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, precondition, rule

from api.core import ids
from api.rules.awards import AwardStatus
from api.rules.tenders import AWARDING, EVALUATING_STAGES, TenderStage
from tests.procurement import awarding, frameworking
from tests.procurement.frameworking import REASON, Framework
from tests.procurement.life.machine import Life
from tests.procurement.life.state import SUPPLIERS

MORE_THAN_ALL = "700"
"""Of an item, at any price that is bid, costs more than the ceiling."""
QUANTITIES = st.sampled_from(["10", "290", "400", MORE_THAN_ALL])
ORDERS = st.lists(
    st.tuples(
        st.sampled_from(["call_off", "call_off", "approve", "reject", "cancel"]),
        st.booleans(),
        QUANTITIES,
    ),
    min_size=6,
    max_size=10,
)


class Agreement(Life):
    """What happens when an agreement is concluded instead of a contract, and after it."""

    def __init__(self) -> None:
        super().__init__()
        self.framework: Framework | None = None
        self.standing: dict[str, Decimal] = {}
        """What each call-off took that still stands, by its tender."""
        self.undecided: dict[str, str] = {}
        """The award of each call-off that nobody has decided yet."""
        self.of_other = set[str]()

    @initialize(at=st.sampled_from((AWARDING, EVALUATING_STAGES)))
    def draft(self, at: set[TenderStage]) -> None:
        """Steps begin late: what comes before is as in an open tender, which others begin with."""
        super().draft(at)

    @initialize(orders=ORDERS)
    def mean_to_order(self, orders: list[tuple[str, bool, str]]) -> None:
        """What the buyers do with the agreement, however the steps came to it."""
        self.orders = orders

    def begin(self) -> None:
        super().begin()
        self.other = self.as_org(["buyer"])
        self.other_chief = awarding.second_client(self.other)
        terms = frameworking.terms(self.other, minimum_participants=1)
        url = f"{self.url}/framework-terms"
        answer = self.parties.buyer.request("PUT", url, json=terms)
        assert answer.status_code == 200, answer.text

    @precondition(lambda self: self.stage in AWARDING)
    @rule()
    def conclude(self) -> None:
        """Not while an award is undecided, in its standstill or complained about."""
        complained = bool(self.open_complaints())
        answer = self.attempt(
            "conclude_agreement", self.parties.buyer, f"{self.url}/framework-agreement"
        )
        if answer.status_code == 201:
            assert not complained
            now, awards = self.now(), self.awards(AwardStatus.ACTIVE)
            assert all(each.standstill_end and each.standstill_end <= now for each in awards)
            made = answer.json()
            assert len(made["suppliers"]) == len(awards)
            assert self.stage in AWARDING
            self.sign_agreement(made)
            self.framework = Framework(made, self.tender, self.parties, self.other)

    def sign_agreement(self, made: Any) -> None:
        """The tender is complete with the last signature, and not before."""
        leads = {each["suppliers"][0] for each in made["suppliers"]}
        sides = [
            each
            for each in self.parties.suppliers
            if ids.show("organisation", each.org_id) in leads
        ]
        for side in (self.parties.buyer, *sides):
            assert self.stage is not TenderStage.CONTRACT_SIGNED
            body = {"method": "click_to_sign", "sha256": made["sha256"]}
            url = f"/v1/frameworks/{made['id']}/sign"
            assert self.attempt("sign", side, url, **body).status_code == 200

    @precondition(lambda self: self.framework is not None)
    @rule(by_other=st.booleans(), quantity=QUANTITIES)
    def call_off(self, by_other: bool, quantity: str) -> None:
        """Goes to the best ranked, unless it passes the ceiling."""
        assert self.framework is not None
        by = self.other if by_other else self.parties.buyer
        cost = Decimal(quantity) * Decimal(self.framework.supplier(0)["prices"][0]["unit_price"])
        ceiling = Decimal(self.framework.agreement["ceiling"]["amount"])
        left = ceiling - sum(self.standing.values())
        body = frameworking.asked(self.framework, quantity)
        answer = self.attempt("call_off", by, f"{self.framework.url}/call-offs", **body)
        assert (answer.status_code == 201) == (cost <= left), answer.text
        if answer.status_code == 201:
            tender, [award] = answer.json()["tender"]["id"], answer.json()["awards"]
            assert Decimal(award["value"]["amount"]) == cost
            self.standing[tender], self.undecided[tender] = cost, award["id"]
            if by_other:
                self.of_other.add(tender)
        else:
            assert answer.json()["code"] == "ceiling_exceeded", answer.text

    @precondition(lambda self: bool(self.undecided))
    @rule(decision=st.sampled_from(["approve", "reject"]))
    def decide_call_off(self, decision: str) -> None:
        """By another than who called off; what is rejected gives back what it took."""
        tender, award = next(iter(self.undecided.items()))
        buyer, chief = self.sides(tender)
        url = f"/v1/awards/{award}/{decision}"
        alone = self.attempt(f"{decision}_call_off", buyer, url, **REASON)
        assert alone.json()["code"] == "four_eyes", alone.text
        done = self.attempt(f"{decision}_call_off", chief, url, **REASON)
        assert done.status_code == 200, done.text
        del self.undecided[tender]
        if decision == "reject":
            del self.standing[tender]
        self.work()

    @precondition(lambda self: bool(self.standing))
    @rule()
    def cancel_call_off(self) -> None:
        """Gives back what it took once the cancellation holds, and not before."""
        tender = next(reversed(self.standing))
        buyer, _ = self.sides(tender)
        answer = self.attempt("cancel_call_off", buyer, f"/v1/tenders/{tender}/cancel", **REASON)
        if answer.status_code == 200:
            if buyer.get(f"/v1/tenders/{tender}").json()["status"] != "cancelled":
                self.what_is_drawn_is_what_stands()
                self.pass_time(6)
            assert buyer.get(f"/v1/tenders/{tender}").json()["status"] == "cancelled"
            del self.standing[tender]
            self.undecided.pop(tender, None)

    def sides(self, tender: str) -> tuple[Any, Any]:
        """Both programs of the buyer of a call-off."""
        if tender in self.of_other:
            return self.other, self.other_chief
        return self.parties.buyer, self.parties.chief

    def award_and_sign(self) -> None:
        self.clear()
        if "passing over" not in self.tried and not self.awards(*AwardStatus):
            self.tried.add("passing over")
            self.pass_over(0)
        self.lift()
        for _ in range(SUPPLIERS):
            self.propose(0)
            self.decide("approve")
        if "complaint" not in self.tried:
            self.tried.add("complaint")
            self.complain_about_award(1)
            self.pass_time(11)
            self.conclude()
            self.decide_complaints()
        self.pass_time(11)
        self.conclude()
        if self.stage in AWARDING:
            self.attempt("conclude", self.parties.buyer, f"{self.url}/lots/{self.lots[0]}/conclude")

    def check_audit(self) -> None:
        """An agreement that was concluded is used: called off, cancelled, signed, to the ceiling."""
        if self.framework is not None:
            self.use_agreement()
            self.what_is_drawn_is_what_stands()
        super().check_audit()

    def use_agreement(self) -> None:
        for act, by_other, quantity in self.orders:
            self.order(act, by_other, quantity)
            self.what_is_drawn_is_what_stands()
        self.call_off(False, MORE_THAN_ALL)
        while self.undecided:
            self.decide_call_off("reject")
        self.call_off(True, "10")
        self.cancel_call_off()
        self.what_is_drawn_is_what_stands()
        self.call_off(False, "10")
        if self.undecided:
            (tender,) = self.undecided
            self.decide_call_off("approve")
            self.sign_call_off(tender)

    def order(self, act: str, by_other: bool, quantity: str) -> None:
        if act == "call_off":
            self.call_off(by_other, quantity)
        elif act == "cancel" and self.standing:
            self.cancel_call_off()
        elif act in ("approve", "reject") and self.undecided:
            self.decide_call_off(act)

    def sign_call_off(self, tender: str) -> None:
        assert self.framework is not None
        buyer, _ = self.sides(tender)
        [contract] = buyer.get(f"/v1/tenders/{tender}/contracts").json()["items"]
        url = f"/v1/contracts/{contract['id']}"
        offered = self.attempt("offer", buyer, f"{url}/offer").json()
        body = {"method": "click_to_sign", "sha256": offered["sha256"]}
        early = self.attempt("sign", buyer, f"{url}/sign", **body)
        assert early.status_code == 409, early.text
        self.pass_time(11)
        for side in [buyer, *self.parties.suppliers]:
            self.attempt("sign", side, f"{url}/sign", **body)
        assert buyer.get(url).json()["status"] == "active"

    @invariant()
    def what_is_drawn_is_what_stands(self) -> None:
        """Never more than the ceiling, and the sum of the call-offs that stand."""
        if self.framework is None:
            return
        shown = self.framework.now()
        drawn, ceiling = Decimal(shown["drawn"]["amount"]), Decimal(shown["ceiling"]["amount"])
        assert drawn == sum(self.standing.values()) <= ceiling
        ledger = self.parties.buyer.get(f"{self.framework.url}/call-offs").json()["items"]
        live = [Decimal(each["amount"]) for each in ledger if each["released_at"] is None]
        assert sorted(live) == sorted(self.standing.values())

    def check_outcome(self) -> None:
        assert self.stage is TenderStage.CONTRACT_SIGNED
        assert self.framework is not None
