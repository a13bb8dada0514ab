"""Rules about who bids: the register of unreliable suppliers, and members of consortiums."""

from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from api.core import db, ids
from api.procurement.models import Award, Tender
from api.procurement.service import rankings
from api.rules.awards import AwardStatus
from api.rules.clock import local_date
from tests.procurement.life.state import SUPPLIERS, State

FIRM = st.integers(0, SUPPLIERS)
"""A supplier, or the partner that bids in nobody's name but others'."""
LEAD = st.integers(0, SUPPLIERS - 1)


class Companies(State):
    """What decides beside its bid whether an organisation is awarded anything."""

    @precondition(lambda self: self.is_under_way and not self.debarred)
    @rule(who=FIRM)
    def debar(self, who: int) -> None:
        """The commission enters a firm in the register from today on."""
        if who in self.debarred:
            return
        body = {
            "organisation_id": ids.show("organisation", self.firms[who].org_id),
            "ground": "false_information",
            "reason": "Поддельный сертификат",
            "valid_from": local_date(self.now()).isoformat(),
            "valid_through": "2999-01-01",
            "source_act": "Решение 14",
        }
        made = self.attempt("debar", self.parties.reviewer, "/v1/debarments", **body)
        assert made.status_code == 201, made.text
        self.debarred[who] = f"/v1/debarments/{made.json()['id']}"

    @precondition(lambda self: bool(self.debarred))
    @rule()
    def lift(self) -> None:
        """All entries end today."""
        for url in self.debarred.values():
            answer = self.attempt("lift", self.parties.reviewer, f"{url}/lift", reason="Отменено")
            assert answer.status_code == 200, answer.text
        self.debarred.clear()

    @precondition(lambda self: self.is_open and bool(self.live))
    @rule(member=FIRM, lead=LEAD)
    def join(self, member: int, lead: int) -> None:
        """Only who was named joins, who is in no other bid, and is not debarred."""
        if lead not in self.live or member == lead:
            return
        named = member in self.live[lead].named
        free = member not in self.live and self.joined.get(member, lead) == lead
        url = f"/v1/bids/{self.live[lead].id}/join"
        answer = self.attempt("join", self.firms[member], url)
        fit = named and free and member not in self.debarred
        assert (answer.status_code == 200) == fit, answer.text
        if fit:
            self.joined[member] = lead

    @precondition(lambda self: self.is_open and bool(self.joined))
    @rule()
    def leave(self) -> None:
        member, lead = next(iter(self.joined.items()))
        url = f"/v1/bids/{self.live[lead].id}/leave"
        answer = self.attempt("leave", self.firms[member], url)
        assert answer.status_code == 200, answer.text
        del self.joined[member]

    def pass_over(self, lot: int) -> None:
        """Once in every example: whoever is first is debarred when an award is proposed, and the
        turn is another's; who is debarred after that is not awarded either."""
        lot_id = ids.parse("lot", self.lots[lot])
        with db.worker_unit_of_work() as session:
            tender = session.get_one(Tender, self.id)
            ranking = [{*bid.suppliers} for bid in rankings.ranked(session, tender, lot_id)]
        if len(ranking) < 2 or self.debarred or self.lots[lot] not in self.active_lots:
            return
        first, second = ([n for n, f in enumerate(self.firms) if f.org_id in some]
                         for some in ranking[:2])  # fmt: skip
        self.debar(first[-1])
        self.propose(lot)
        [award] = [each for each in self.awards(AwardStatus.PENDING) if each.lot_id == lot_id]
        assert {*award.suppliers} == ranking[1]
        self.debar(second[0])
        self.decide("approve")
        assert self.awards(AwardStatus.ACTIVE) == []
        self.lift()
        self.seen["passed_over"] += 1

    def members_of(self, lead: int) -> set[int]:
        """The suppliers of a bid: its lead, and who joined it."""
        return {lead, *(member for member, of in self.joined.items() if of == lead)}

    def check_suppliers(self, shown: Any) -> None:
        """Who is awarded: the firms of the bid, each of which agreed to it, and none is debarred."""
        award = next(e for e in self.rows(Award) if ids.show("award", e.id) == shown["id"])
        by_org = {firm.org_id: n for n, firm in enumerate(self.firms)}
        lead, *others = [by_org[each] for each in award.suppliers]
        assert {lead, *others} == self.members_of(lead)
        assert not {lead, *others} & self.debarred.keys()
