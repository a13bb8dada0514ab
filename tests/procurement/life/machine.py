"""The machine: the rules of all phases, what must hold after every step, and the way to the end."""

from collections import Counter
from collections.abc import Callable

from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, precondition, rule
from sqlmodel import col, select

from api.audit import checking, log
from api.contracts.models import Contract, ContractAward
from api.core import audit, db, ids
from api.core.audit import AuditEntry
from api.procurement.models import Bid, Complaint, Lot
from api.rules.awards import AwardStatus
from api.rules.bids import SEALED
from api.rules.complaints import ComplaintStatus
from api.rules.contracts import ContractStatus
from api.rules.tenders import (
    AWARDING,
    EVALUATING_STAGES,
    STATUS_OF,
    LotStatus,
    TenderStage,
    TenderStatus,
    status_of_lots,
)
from tests.procurement.life.after import CLOSED
from tests.procurement.life.ending import Ending
from tests.procurement.life.state import PARTNER

_T = TenderStage
ENOUGH = 16
"""Steps in which whoever wants to can bring any tender to its end."""


PRICES = ("9700.00", "9850.00", "9900.00")
BEGINNINGS = ({_T.DRAFT}, AWARDING, {_T.PUBLISHED}, EVALUATING_STAGES | {_T.FIRST_PACKAGE_PENDING})


class Life(Ending):
    """A tender from its draft to its end. `kinds.py` says how another procedure is added."""

    @initialize(at=st.sampled_from(BEGINNINGS))
    def draft(self, at: set[TenderStage]) -> None:
        """Draft, and go straight on to where the steps begin, so that they reach every phase."""
        self.begin()
        while self.stage not in at:
            self.next_step()
            self.stage_is_counted()

    @precondition(lambda self: self.is_under_way)
    @rule(steps=st.integers(1, 2))
    def go_on(self, steps: int) -> None:
        """What the buyer and the bidders would sensibly do next."""
        for _ in range(steps):
            self.next_step()

    @precondition(lambda self: self.stage not in (None, _T.DRAFT) and not self.is_under_way)
    @rule()
    def try_after_the_end(self) -> None:
        """Nothing is done to a tender that has ended."""
        buyer, (supplier, *_) = self.parties.buyer, self.parties.suppliers
        envelopes = [self.envelope(0, kind, "9700.00") for kind in self.envelope_kinds()]
        for by, verb, body in (
            (buyer, "publish", {}),
            (buyer, "amend", {"rationale": "Поздно", "title": {"ru": "Иное"}}),
            (buyer, "cancel", {"reason": "Поздно"}),
            (buyer, "openings", {"envelope": "price"}),
            (buyer, "awards", {"lot_id": self.lots[0], "reason": "Поздно"}),
            (supplier, "bids", {"envelopes": envelopes}),
        ):
            answer = self.attempt("after the end", by, f"{self.url}/{verb}", **body)
            assert answer.status_code in (409, 422), (verb, answer.text)

    def next_step(self) -> None:
        """The next step towards the end, from any stage."""
        step: Callable[[], None] = {
            _T.DRAFT: self.publish,
            _T.SUSPENDED: self.clear,
            _T.FIRST_PACKAGE_PENDING: self.evaluate_first_package,
        }.get(self.stage, lambda: None)  # type: ignore[arg-type]
        if self.is_open:
            step = self.bid_and_close
        elif self.stage in CLOSED:
            step = self.clear_and_open
        elif self.stage in EVALUATING_STAGES:
            step = self.auction_and_evaluate
        elif self.stage in AWARDING:
            step = self.award_and_sign
        step()

    def bid_and_close(self) -> None:
        if "bidding" not in self.tried:
            self.tried.add("bidding")
            self.try_bidding()
        self.clear()
        if "desertion" not in self.tried and self.kind.prolonged:
            self.tried.add("desertion")
            for who in list(self.live):
                self.withdraw(who)
            self.desert()
            return
        both = frozenset({PARTNER})
        for who, price in enumerate(PRICES):
            if who in self.live:
                self.confirm(who)
            else:
                self.submit(who, price, both if self.may_name(who, both) else frozenset())
        self.join(PARTNER, 1)
        if self.joined:
            self.leave()
        for lead in (0, 1):  # the second one would be a bid too many
            self.join(PARTNER, lead)
        self.reach_deadline(deserted=True)

    def desert(self) -> None:
        """Once in every example: no bid is left at the end, and the tender is prolonged."""
        end = self.look().tender_period_end
        self.reach_deadline(deserted=True)
        if self.is_open:
            found = self.look()
            assert found.prolonged
            assert end is not None
            assert found.tender_period_end is not None
            assert found.tender_period_end > end
            self.seen["prolonged"] += 1

    def try_bidding(self) -> None:
        """Once in every example: a question, bids before a material amendment, one of them
        replaced, one withdrawn."""
        self.ask(0)
        if 2 not in self.live and not self.debarred:
            self.debar(2)
            self.submit(2, "9910.50")
            self.lift()
        for who in range(3):
            if who not in self.live and self.is_open:
                self.submit(who, "9910.50")
        self.amend(22, True)
        self.work()
        self.replace(1, "9999.99")
        self.withdraw(2)

    def clear(self) -> None:
        """Answer, decide and take back whatever holds the tender up."""
        self.take_cancellation_back()
        self.answer()
        self.decide_complaints()
        if self.pending_cancellations():
            self.pass_time(6)

    def decide_complaints(self) -> None:
        for _ in self.open_complaints():
            self.review("accept", 0)
            self.review("decline", 0)
        for complaint in self.rows(Complaint):
            if complaint.status is ComplaintStatus.SATISFIED:
                url = f"/v1/complaints/{ids.show('complaint', complaint.id)}/resolve"
                if self.attempt("resolve", self.parties.buyer, url).status_code == 409:
                    self.amend(17, True)
                    self.attempt("resolve", self.parties.buyer, url)
        self.work()

    def clear_and_open(self) -> None:
        self.clear()
        if self.stage in CLOSED:
            self.open_bids()

    def auction_and_evaluate(self) -> None:
        if "auction_step_bp" in self.kind.draft and self.lots[0] not in self.auctioned:
            self.auction(0, [1, 0, 1])
        if "disqualification" not in self.tried and len(self.expected or ()) > 2:
            self.tried.add("disqualification")
            self.disqualify(2, 0)
        self.evaluate()

    def award_and_sign(self) -> None:
        self.clear()
        if "passing over" not in self.tried and not self.awards(*AwardStatus):
            self.tried.add("passing over")
            self.pass_over(0)
        for lot in range(self.kind.lots):
            self.propose(lot)
        for _ in range(self.kind.lots):
            self.decide_soundly()
        for award in self.awards(AwardStatus.ACTIVE):
            self.draw_up([award])
        if "complaint" not in self.tried:
            self.tried.add("complaint")
            self.sign_too_early()
        self.pass_time(11)
        if "refusal" not in self.tried and self.contracts and self.stage in AWARDING:
            self.tried.add("refusal")
            self.refuse_as_winner()
            return
        for side in (0, 1, 2, 3):
            if self.stage in AWARDING:
                self.sign(side)
        if self.stage in AWARDING:
            for lot in self.active_lots:
                self.attempt("conclude", self.parties.buyer, f"{self.url}/lots/{lot}/conclude")

    def decide_soundly(self) -> None:
        """Approve what can be approved."""
        debarred = {self.firms[who].org_id for who in self.debarred}
        pending = sorted(self.awards(AwardStatus.PENDING), key=lambda award: award.rank)
        for award in pending[:1]:
            self.decide("reject" if debarred & {*award.suppliers} else "approve")

    def refuse_as_winner(self) -> None:
        """Once in every example: the winner refuses, its debarment is proposed, and the next
        bidder's turn comes."""
        winner = self.contracts[-1]["suppliers"][0]
        for side, supplier in enumerate(self.parties.suppliers, start=1):
            if ids.show("organisation", supplier.org_id) == winner:
                self.refuse(side)

    def sign_too_early(self) -> None:
        """Once in every example: both sides try to sign during the standstill, and then while a
        complaint about the award is open."""
        self.sign(0)
        self.complain_about_award(1)
        for side in (0, 1):
            if self.stage in AWARDING:
                self.sign(side)
        self.decide_complaints()

    @invariant()
    def stage_is_counted(self) -> None:
        if self.stage is not None:
            self.seen[self.stage.value] += 1

    @invariant()
    def status_is_that_of_the_lots(self) -> None:
        if self.stage not in (None, _T.DRAFT):
            tender = self.look()
            assert tender.status is STATUS_OF[tender.status_details]
            assert tender.status is status_of_lots(lot.status for lot in self.rows(Lot))

    @invariant()
    def no_sealed_bid_is_lost_or_doubled(self) -> None:
        if self.stage in (None, _T.DRAFT) or self.expected is not None:
            return
        rows = [row for row in self.rows(Bid) if row.status_details in SEALED]
        if self.is_open or self.stage is _T.SUSPENDED:
            assert sorted(ids.show("bid", row.id) for row in rows) == sorted(
                bid.id for bid in self.live.values()
            )

    @invariant()
    def money_conserves(self) -> None:
        """The plan's line is committed by the lots that are left; a contract is the sum of its
        awards, and an award costs what its bid said."""
        if self.stage in (None, _T.DRAFT):
            return
        lots = {lot.id: lot for lot in self.rows(Lot)}
        usage = self.parties.buyer.get(f"/v1/plans/{self.plan['id']}/usage").json()["items"][0]
        left = [
            lot for lot in lots.values() if lot.status in (LotStatus.ACTIVE, LotStatus.COMPLETE)
        ]
        committed = sum(lot.plan_amount or 0 for lot in left)
        assert float(usage["committed"]) == committed <= float(usage["budget_amount"])
        awards = {award.id: award for award in self.awards(*AwardStatus)}
        for award in awards.values():
            assert award.value_amount == self.price_of(award.bid_id, ids.show("lot", award.lot_id))
        for contract in self.rows(Contract):
            links = self.session.exec(
                select(ContractAward).where(ContractAward.contract_id == contract.id)
            ).all()
            inside = [awards[link.award_id] for link in links]
            assert contract.original_amount == sum(award.value_amount for award in inside)
            if contract.status is ContractStatus.ACTIVE:
                assert {award.status for award in inside} == {AwardStatus.ACTIVE}

    @invariant()
    def no_lot_has_too_many_awards_and_none_is_pending_after_it(self) -> None:
        if self.stage in (None, _T.DRAFT):
            return
        lots = [award.lot_id for award in self.awards(AwardStatus.ACTIVE)]
        assert all(count <= self.kind.awards for count in Counter(lots).values())
        over = {lot.id for lot in self.rows(Lot) if lot.status is not LotStatus.ACTIVE}
        assert not over & {award.lot_id for award in self.awards(AwardStatus.PENDING)}
        if self.stage is _T.CONTRACT_SIGNED:
            self.check_outcome()

    def check_outcome(self) -> None:
        """What there must be when a tender is complete."""
        contracts = self.rows(Contract)
        assert any(c.status is ContractStatus.ACTIVE or c.id in self.given_up for c in contracts)

    def teardown(self) -> None:
        """From wherever the steps have led, the tender can be brought to an end; then every audit
        trail holds, and so does the log of them all."""
        if self.stage is None:
            return
        for _ in range(ENOUGH):
            if self.stage is not _T.DRAFT and not self.is_under_way:
                break
            self.next_step()
            self.stage_is_counted()
            self.money_conserves()
        else:
            raise AssertionError(f"stuck: {self.stage}")
        self.status_is_that_of_the_lots()
        self.no_lot_has_too_many_awards_and_none_is_pending_after_it()
        assert STATUS_OF[self.stage] is not TenderStatus.ACTIVE
        for agreed in (False, True):
            if self.in_force():
                self.give_up(agreed)
        self.nobody_gives_a_contract_up_alone()
        self.check_audit()
        self.seen["examples"] += 1

    def check_audit(self) -> None:
        with db.worker_unit_of_work() as session:
            log.sign_now(session)
        with db.worker_unit_of_work() as session:
            streams: dict[str, list[AuditEntry]] = {}
            for entry in session.exec(select(AuditEntry).order_by(col(AuditEntry.seq))):
                streams.setdefault(entry.stream, []).append(entry)
            assert f"tender:{self.id.hex}" in streams
            for entries in streams.values():
                assert audit.first_broken(entries) is None
            assert checking.first_finding(session) is None
