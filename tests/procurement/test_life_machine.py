"""Whatever the parties do in whatever order: nobody signs during a standstill or while a complaint
is open, a lot has one active award, money conserves, the tender's status is that of its lots."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import psycopg
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlmodel import Session, select

from api.contracts.models import Contract, ContractAward
from api.core import db, ids
from api.procurement.models import Award, Complaint, Lot
from api.rules.awards import AwardStatus
from api.rules.complaints import OPEN
from api.rules.contracts import ContractStatus
from api.rules.tenders import STATUS_OF, TenderStatus, status_of_lots
from tests.contracts import signing
from tests.procurement import awarding, samples

type AsOrg = Callable[..., Any]
REFUSED = (403, 404, 409)


class Life(RuleBasedStateMachine):
    """A tender of two lots and two bids from the evaluation to the contracts, over HTTP."""

    as_org: AsOrg
    session: Session
    superuser: psycopg.Connection[Any]
    signed = 0

    @initialize()
    def begin(self) -> None:
        self.superuser.execute("DELETE FROM clock_shift")
        self.case = awarding.ranked(self.session, self.as_org, suppliers=2, lots=2)
        self.lots = [lot["id"] for lot in self.case.tender["lots"]]
        self.contracts: list[Any] = []
        self.days = 0
        for lot in self.lots:
            awarding.awarded(self.case, lot)

    def rows[R](self, kind: type[R]) -> list[R]:
        self.session.rollback()
        self.session.expire_all()
        tender_id = samples.tender_id(self.case.tender)
        return [*self.session.exec(select(kind).where(kind.tender_id == tender_id))]  # type: ignore[attr-defined]

    def attempt(self, by: Any, url: str, **body: Any) -> Any:
        answer = by.post(url, json=body)
        assert answer.status_code in (200, 201, *REFUSED), answer.text
        return answer

    def awards(self, *statuses: AwardStatus) -> list[Award]:
        return [award for award in self.rows(Award) if award.status in statuses]

    @rule(lot=st.integers(0, 1))
    def propose(self, lot: int) -> None:
        url = f"/v1/tenders/{self.case.tender['id']}/awards"
        self.attempt(self.case.parties.buyer, url, lot_id=self.lots[lot], reason="Цена")

    @rule(approve=st.sampled_from(["approve", "approve", "approve", "reject"]))
    def decide(self, approve: str) -> None:
        for award in self.awards(AwardStatus.PENDING)[:1]:
            url = f"/v1/awards/{ids.show('award', award.id)}"
            if award.proposed_by is None:
                self.attempt(self.case.parties.buyer, f"{url}/propose", reason="Следующий")
            self.attempt(self.case.parties.chief, f"{url}/{approve}", reason="Решение")

    @precondition(lambda self: self.days < 60)
    @rule(days=st.sampled_from([1, 9]))
    def wait(self, days: int) -> None:
        self.days += days
        awarding.advance(days)

    @rule(author=st.integers(0, 1))
    def complain(self, author: int) -> None:
        for award in self.awards(AwardStatus.ACTIVE, AwardStatus.UNSUCCESSFUL)[-1:]:
            by = self.case.parties.suppliers[author]
            body = awarding.complaint(target="award", award_id=ids.show("award", award.id))
            url = f"/v1/tenders/{self.case.tender['id']}/complaints"
            made = self.attempt(by, url, **body)
            if made.status_code == 201:
                self.attempt(by, f"/v1/complaints/{made.json()['id']}/submit")

    @rule(
        step=st.sampled_from(["accept", "invalidate", "decline", "satisfy", "stop"]),
        effect=st.sampled_from(["cancel_award", "no_effect"]),
    )
    def review(self, step: str, effect: str) -> None:
        for complaint in [c for c in self.rows(Complaint) if c.status in OPEN][:1]:
            url = f"/v1/complaints/{ids.show('complaint', complaint.id)}/{step}"
            body: dict[str, Any] = {"rationale": "Решение"}
            if step == "satisfy":
                body["effects"] = [effect]
            self.attempt(self.case.parties.reviewer, url, **body)

    @rule(together=st.booleans())
    def contract(self, together: bool) -> None:
        found = self.awards(AwardStatus.ACTIVE)
        chosen = found if together else found[:1]
        if chosen:
            url = f"/v1/tenders/{self.case.tender['id']}/contracts"
            shown = [ids.show("award", award.id) for award in chosen]
            made = self.attempt(self.case.parties.buyer, url, award_ids=shown)
            if made.status_code == 201:
                offered = self.attempt(
                    self.case.parties.buyer, f"/v1/contracts/{made.json()['id']}/offer"
                )
                self.contracts.append(offered.json())

    @rule(side=st.integers(0, 2))
    def sign(self, side: int) -> None:
        parties = self.case.parties
        by = [parties.buyer, *parties.suppliers][side]
        for contract in self.contracts[-1:]:
            answer = signing.sign(by, contract)
            assert answer.status_code in (200, *REFUSED), answer.text
            if answer.status_code == 200:
                self.check_signable(contract)

    @precondition(lambda self: self.days < 60)
    @rule(side=st.integers(0, 1))
    def wait_and_sign(self, side: int) -> None:
        self.contract(together=True)
        self.wait(9)
        self.sign(side)

    @rule(side=st.integers(0, 2))
    def refuse(self, side: int) -> None:
        parties = self.case.parties
        for contract in self.contracts[-1:]:
            by = [parties.buyer, *parties.suppliers][side]
            self.attempt(by, f"/v1/contracts/{contract['id']}/refuse", reason="Отказ")

    def check_signable(self, contract: Any) -> None:
        """What must have been true when a signature was taken."""
        Life.signed += 1
        chosen = {ids.parse("award", each) for each in contract["award_ids"]}
        now = db.now(self.session)
        for award in self.rows(Award):
            if award.id in chosen:
                assert award.status is AwardStatus.ACTIVE
                assert award.standstill_end is not None
                assert award.standstill_end <= now + timedelta(seconds=0)
        assert not [c for c in self.rows(Complaint) if c.status in OPEN and c.award_id in chosen]

    @invariant()
    def status_is_that_of_the_lots(self) -> None:
        if hasattr(self, "case"):
            tender = samples.row(self.session, self.case.tender)
            assert tender.status is STATUS_OF[tender.status_details]
            assert tender.status is status_of_lots(lot.status for lot in self.rows(Lot))

    @invariant()
    def money_conserves(self) -> None:
        if not hasattr(self, "case"):
            return
        awards = {award.id: award for award in self.rows(Award)}
        for contract in self.rows(Contract):
            links = self.session.exec(
                select(ContractAward).where(ContractAward.contract_id == contract.id)
            ).all()
            inside = [awards[link.award_id] for link in links]
            assert contract.original_amount == sum(award.value_amount for award in inside)
            if contract.status is ContractStatus.ACTIVE:
                assert {award.status for award in inside} == {AwardStatus.ACTIVE}

    @invariant()
    def a_lot_has_one_active_award_and_a_signed_contract_ends_it(self) -> None:
        if not hasattr(self, "case"):
            return
        lots = [award.lot_id for award in self.awards(AwardStatus.ACTIVE)]
        assert len(lots) == len(set(lots))
        tender = samples.row(self.session, self.case.tender)
        if tender.status is TenderStatus.COMPLETE:
            assert any(c.status is ContractStatus.ACTIVE for c in self.rows(Contract))


def test_no_path_signs_during_a_standstill_or_with_an_open_complaint(
    as_org: AsOrg, session: Session, superuser: psycopg.Connection[Any]
) -> None:
    machine = type("LifeOfATender", (Life,), {"as_org": staticmethod(as_org), "session": session})
    machine.superuser = superuser  # type: ignore[attr-defined]
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=8,
            stateful_step_count=16,
            deadline=None,
            derandomize=True,
            database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
    assert Life.signed >= 1, "no path came to a signature: the test proves nothing"
