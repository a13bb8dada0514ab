"""Rules of a prequalification: applications, decisions about candidates, results, invitations."""

from datetime import datetime
from typing import ClassVar

from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, precondition, rule

from api.core import ids
from api.procurement.models import Bid, Qualification, Submission, SubmissionTenderer
from api.rules.complaints import ComplaintTarget
from api.rules.prequalification import QualificationStatus, SubmissionStatus
from api.rules.tenders import PREQUALIFYING, TenderStage
from tests.procurement import awarding, prequalifying
from tests.procurement.life.before import WHO
from tests.procurement.life.machine import Life
from tests.procurement.life.state import PARTNER, SUPPLIERS

_T, _Q = TenderStage, QualificationStatus
YEARS = st.integers(3, 9)


class Candidates(Life):
    """What happens before a tender with a prequalification takes bids.

    Every application names the partner as a member of its consortium, and the partner joins one.
    """

    fit: ClassVar = 2
    """So many of the suppliers qualify, when the steps are left to the machine itself."""

    def __init__(self) -> None:
        super().__init__()
        self.applied: dict[int, tuple[str, int]] = {}
        """The application of each candidate that stands, and the years it told last."""
        self.handed_in = 0
        self.qualified: dict[int, bool] = {}
        """What was decided last about each candidate."""
        self.excluded: set[int] = set()
        """Candidates that were debarred, they or a member, when the others were invited."""
        self.allied: int | None = None
        """In whose application the partner is."""

    @initialize(at=st.sampled_from(({_T.PREQUALIFICATION_STANDSTILL}, {_T.PREQUALIFICATION})))
    def draft(self, at: set[TenderStage]) -> None:
        """Steps begin before the invitation: what comes after is as in an open tender."""
        super().draft(at)

    @precondition(lambda self: self.stage in PREQUALIFYING)
    @rule(who=WHO, years=YEARS)
    def apply(self, who: int, years: int) -> None:
        fit = self.takes_applications and who not in self.applied and who not in self.debarred
        url = f"{self.url}/submissions"
        content = prequalifying.content(self.years(who, years))
        partner = [ids.show("organisation", self.firms[PARTNER].org_id)]
        answer = self.attempt(
            "apply", self.parties.suppliers[who], url, **content, tenderers=partner
        )
        assert (answer.status_code == 201) == fit, answer.text
        if fit:
            self.applied[who] = answer.json()["id"], self.years(who, years)
            self.handed_in += 1
            assert self.parties.buyer.get(url).json()["items"] == []

    @precondition(lambda self: self.stage in PREQUALIFYING and bool(self.applied))
    @rule(who=WHO, years=YEARS)
    def replace_application(self, who: int, years: int) -> None:
        if who in self.applied:
            fit, (id, _) = self.takes_applications, self.applied[who]
            years = self.years(who, years)
            supplier, content = self.parties.suppliers[who], prequalifying.content(years)
            url = f"/v1/submissions/{id}/replace"
            answer = self.attempt("replace_application", supplier, url, **content)
            assert (answer.status_code == 200) == fit, answer.text
            if fit:
                self.applied[who] = id, years

    @precondition(lambda self: self.stage in PREQUALIFYING and bool(self.applied))
    @rule(who=WHO)
    def withdraw_application(self, who: int) -> None:
        if who in self.applied:
            fit, (id, _) = self.takes_applications, self.applied[who]
            url = f"/v1/submissions/{id}/withdraw"
            answer = self.attempt("withdraw_application", self.parties.suppliers[who], url)
            assert (answer.status_code == 200) == fit, answer.text
            if fit:
                del self.applied[who]
                self.allied = None if self.allied == who else self.allied

    @precondition(lambda self: self.stage in PREQUALIFYING and bool(self.applied))
    @rule(lead=WHO, joins=st.booleans())
    def ally(self, lead: int, joins: bool = True) -> None:
        """The partner joins, or leaves, an application: one at most, and not while debarred."""
        if lead not in self.applied or not (joins or self.allied == lead):
            return
        free = not joins or (self.allied in (None, lead) and PARTNER not in self.debarred)
        fit, (id, _) = self.takes_applications and free, self.applied[lead]
        verb = "join" if joins else "leave"
        url = f"/v1/submissions/{id}/{verb}"
        answer = self.attempt(f"{verb}_application", self.firms[PARTNER], url)
        assert (answer.status_code == 200) == fit, answer.text
        if fit:
            self.allied = lead if joins else None

    @precondition(lambda self: self.stage in PREQUALIFYING)
    @rule(who=WHO)
    def bid_too_early(self, who: int) -> None:
        """Refused by `submit` itself, which knows that no bid is taken yet."""
        self.submit(who, "9700.00")

    @precondition(lambda self: self.stage is _T.QUALIFICATION_PENDING)
    @rule(who=WHO, fit=st.sampled_from([True, True, False]))
    def qualify(self, who: int, fit: bool) -> None:
        """One proposes what was found about a candidate; another decides, and nobody alone."""
        for found in self.qualifications(_Q.PENDING):
            if found.supplier_id != self.parties.suppliers[who].org_id:
                continue
            url = f"/v1/qualifications/{ids.show('qualification', found.id)}"
            findings = prequalifying.findings(years=fit)
            body = {**prequalifying.REASON, "findings": findings}
            proposed = self.attempt(
                "propose_qualification", self.parties.buyer, f"{url}/propose", **body
            )
            assert proposed.status_code == 200, proposed.text
            action, other = ("approve", "reject") if fit else ("reject", "approve")
            for by, verb, code in (
                (self.parties.buyer, action, "four_eyes"),
                (self.parties.chief, other, "criteria_unmet"),
            ):
                wrong = self.attempt(verb, by, f"{url}/{verb}", **prequalifying.REASON)
                assert wrong.json()["code"] == code, wrong.text
            act = f"{action}_candidate"
            done = self.attempt(act, self.parties.chief, f"{url}/{action}", **prequalifying.REASON)
            assert done.status_code == 200, done.text
            self.qualified[who] = fit

    @precondition(lambda self: self.stage in PREQUALIFYING)
    @rule()
    def announce(self) -> None:
        decided = not self.qualifications(_Q.PENDING)
        fit = self.stage is _T.QUALIFICATION_PENDING and decided
        url = f"{self.url}/announce-qualifications"
        answer = self.attempt("announce", self.parties.chief, url)
        assert (answer.status_code == 200) == fit, answer.text
        self.work()

    @precondition(lambda self: self.stage in PREQUALIFYING)
    @rule(who=WHO)
    def complain_about_qualification(self, who: int) -> None:
        supplier = self.parties.suppliers[who]
        shown = supplier.get(f"{self.url}/qualifications").json()["items"]
        for own in [each for each in shown if each["status"] != "cancelled"]:
            self.complain(who, target="qualification", qualification_id=own["id"])

    @precondition(lambda self: self.stage in (_T.PREQUALIFICATION, _T.PREQUALIFICATION_STANDSTILL))
    @rule()
    def reach_end_of_phase(self) -> None:
        """The time to apply, or the standstill, comes to its end."""
        end = self.end_of_phase()
        self.pass_time(max((end - self.now()).total_seconds(), 0) / awarding.DAY + 1 / 3600)

    def end_of_phase(self) -> datetime:
        tender = self.look()
        applying = self.stage is _T.PREQUALIFICATION
        end = (
            tender.prequalification_period_end
            if applying
            else tender.prequalification_standstill_end
        )
        assert end is not None
        return end

    @property
    def takes_applications(self) -> bool:
        return self.stage is _T.PREQUALIFICATION and self.now() < self.end_of_phase()

    def qualifications(self, *statuses: QualificationStatus) -> list[Qualification]:
        return [each for each in self.rows(Qualification) if each.status in statuses]

    def may_bid(self, who: int) -> bool:
        return self.qualified.get(who, False) and who not in self.excluded

    def years(self, who: int, told: int) -> int:
        """What a candidate tells of its experience."""
        return told

    def barred(self, who: int) -> bool:
        """Whether a candidate is debarred, itself or a member of its consortium."""
        return who in self.debarred or (self.allied == who and PARTNER in self.debarred)

    def work(self) -> None:
        before = self.stage
        super().work()
        if before is _T.PREQUALIFICATION_STANDSTILL and self.stage not in PREQUALIFYING:
            self.excluded = {n for n, fit in self.qualified.items() if fit and self.barred(n)}

    def may_name(self, who: int, others: frozenset[int]) -> bool:
        return others <= ({PARTNER} if self.allied == who else set())

    def next_step(self) -> None:
        if self.stage is _T.PREQUALIFICATION:
            self.apply_and_close()
        elif self.stage is _T.QUALIFICATION_PENDING:
            self.clear()
            for who in range(SUPPLIERS):
                self.qualify(who, who < self.fit)
            self.announce()
        elif self.stage is _T.PREQUALIFICATION_STANDSTILL:
            self.stand_still()
        else:
            super().next_step()

    def apply_and_close(self) -> None:
        if "applying" not in self.tried:
            self.tried.add("applying")
            self.bid_too_early(0)
            for who in range(SUPPLIERS):
                self.apply(who, 5)
            self.replace_application(1, 7)
            for lead, joins in ((1, True), (0, True), (1, False), (0, True)):
                self.ally(lead, joins)
            self.withdraw_application(0)
        self.clear()
        for who in range(2):
            if who not in self.applied:
                self.apply(who, 6)
        self.ally(1)
        self.reach_end_of_phase()
        self.withdraw_application(0)

    def stand_still(self) -> None:
        """Once in every example somebody complains, and nobody is invited till it is decided."""
        if "candidate" not in self.tried:
            self.tried.add("candidate")
            self.complain_about_qualification(2)
        self.reach_end_of_phase()
        if self.open_complaints():
            assert self.stage is _T.PREQUALIFICATION_STANDSTILL
            self.seen["held_up_by_complaint"] += 1
        self.clear()
        self.tick()

    def try_bidding(self) -> None:
        super().try_bidding()
        self.withdraw(1)

    @invariant()
    def no_application_is_lost_or_counted_twice(self) -> None:
        """Those that stand are the suppliers' own words, and each has one decision that stands."""
        if self.stage in (None, _T.DRAFT):
            return
        rows = self.rows(Submission)
        assert len(rows) == self.handed_in
        told = {
            ids.show("submission", row.id): row.requirement_responses[0]["value"]
            for row in rows
            if row.status is SubmissionStatus.PENDING
        }
        assert told == dict(self.applied.values())
        decisions = self.qualifications(_Q.PENDING, _Q.ACTIVE, _Q.UNSUCCESSFUL)
        if decisions or self.stage is not _T.PREQUALIFICATION and self.is_under_way:
            about = [ids.show("submission", each.submission_id) for each in decisions]
            out = {self.applied[n][0] for n in self.excluded}
            assert sorted(about) == sorted(told.keys() - out)

    @invariant()
    def the_partner_is_in_one_application_at_most(self) -> None:
        if self.stage not in PREQUALIFYING:
            return
        partner = self.firms[PARTNER].org_id
        joined = [
            ids.show("submission", row.submission_id)
            for row in self.rows(SubmissionTenderer)
            if row.organisation_id == partner and row.accepted_at and not row.released_at
        ]
        assert joined == ([] if self.allied is None else [self.applied[self.allied][0]])

    @invariant()
    def nobody_bids_who_was_not_qualified_and_invited(self) -> None:
        """Invitations come after the standstill, and with no complaint about a decision open."""
        if self.stage in (None, _T.DRAFT):
            return
        invited = [each for each in self.rows(Qualification) if each.invited_at is not None]
        chosen = {self.parties.suppliers[n].org_id for n in self.qualified if self.may_bid(n)}
        assert {bid.supplier_id for bid in self.rows(Bid)} <= {q.supplier_id for q in invited}
        assert {each.supplier_id for each in invited} in (chosen, set())
        for each in invited:
            assert each.status is _Q.ACTIVE
            assert each.standstill_end is not None
            assert each.invited_at is not None
            assert each.standstill_end <= each.invited_at
        about = [c for c in self.open_complaints() if c.target is ComplaintTarget.QUALIFICATION]
        assert not (about and invited)
        assert not (invited and self.stage in PREQUALIFYING)

    def teardown(self) -> None:
        super().teardown()
        self.no_application_is_lost_or_counted_twice()
        self.nobody_bids_who_was_not_qualified_and_invited()
