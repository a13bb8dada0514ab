"""What the machine of a tender's life knows: the parties, what it did, and what must follow."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, ClassVar
from uuid import UUID

import psycopg
from hypothesis.stateful import RuleBasedStateMachine
from sqlmodel import Session, select

from api.core import db, deadlines, ids
from api.procurement.models import Award, Complaint, Tender
from api.rules.awards import AwardStatus
from api.rules.complaints import OPEN
from api.rules.tenders import OPEN_STAGES, TenderStage
from tests.procurement import awarding, bidding, samples
from tests.procurement.awarding import Parties
from tests.procurement.bidding import Bidding
from tests.procurement.life.kind import Kind
from tests.procurement.test_openings import run_jobs

REFUSED = (403, 404, 409, 422)
SUPPLIERS = 3
PARTNER = SUPPLIERS
"""The number of the firm that never bids by itself, and joins the bids of others."""
DAYS = 120
"""The calendar of tests knows this year and the next: no example goes on for longer."""


@dataclass
class Handed:
    """A bid as its supplier knows it."""

    id: str
    price: Decimal
    envelopes: dict[str, tuple[str, int]]
    named: frozenset[int] = frozenset()
    """Who may join it, by their numbers among the firms."""
    confirmed: bool = True


class State(RuleBasedStateMachine):
    """One tender and what its parties remember of it; all acts go through HTTP."""

    kind: ClassVar[Kind]
    as_org: ClassVar[Callable[..., Any]]
    session: ClassVar[Session]
    superuser: ClassVar[psycopg.Connection[Any]]
    seen: ClassVar[Counter[str]]
    """Over all examples: accepted acts, and the stages in which a step ended."""

    def __init__(self) -> None:
        super().__init__()
        self.stage: TenderStage | None = None
        self.live: dict[int, Handed] = {}
        self.expected: dict[int, Handed] | None = None
        self.received = 0
        self.joined: dict[int, int] = {}
        """The members of consortiums, each with the lead of the bid that it joined."""
        self.debarred: dict[int, str] = {}
        """Firms in the register, each with the address of its entry."""
        self.contracts: list[Any] = []
        self.lowered: dict[tuple[str, str], Decimal] = {}
        self.auctioned: set[str] = set()
        self.spent = 0.0
        self.tried: set[str] = set()

    def begin(self) -> None:
        """Parties, a plan with a budget, and the draft."""
        kind = self.kind
        self.superuser.execute(
            "DELETE FROM clock_shift; DELETE FROM deadline; DELETE FROM job;"
            " DELETE FROM outbox_event"
        )
        buyer = self.as_org(["buyer"], procurement_regime=kind.regime, country=kind.country)
        chief = awarding.second_client(buyer)
        suppliers = [self.as_org(["supplier"]) for _ in range(SUPPLIERS)]
        self.parties = Parties(buyer, chief, suppliers, self.as_org(["reviewer"]))
        self.firms = [*suppliers, self.as_org(["supplier"])]
        line = {**samples.plan()["items"][0], "budget_amount": "20000000"}
        self.plan = samples.planned(buyer, items=[line])
        body = kind.body(self.plan["items"][0]["id"]) | kind.prepare(self)
        self.tender = samples.drafted(buyer, **body)
        self.url = f"/v1/tenders/{self.tender['id']}"
        if kind.two_envelopes or kind.terms:
            terms = {"two_envelopes": kind.two_envelopes, **kind.terms}
            answer = buyer.request("PUT", f"{self.url}/submission-terms", json=terms)
            assert answer.status_code == 200, answer.text
        self.openers = bidding.openers(self.as_org, buyer, count=2)
        self.bidding = Bidding(buyer, self.tender, self.openers, {})
        self.look()

    @property
    def id(self) -> UUID:
        return samples.tender_id(self.tender)

    @property
    def lots(self) -> list[str]:
        return [lot["id"] for lot in self.tender["lots"]]

    @property
    def active_lots(self) -> list[str]:
        shown = self.parties.buyer.get(self.url).json()["lots"]
        return [lot["id"] for lot in shown if lot["status"] == "active"]

    @property
    def is_open(self) -> bool:
        return self.stage in OPEN_STAGES

    @property
    def is_under_way(self) -> bool:
        return self.stage not in (
            None,
            TenderStage.DRAFT,
            TenderStage.CANCELLED,
            TenderStage.UNSUCCESSFUL,
            TenderStage.CONTRACT_SIGNED,
        )

    def look(self) -> Tender:
        """See at which stage the tender is now."""
        found = samples.row(self.session, self.tender)
        self.stage = found.status_details
        return found

    def rows[R](self, kind: type[R]) -> list[R]:
        """The tender's rows of a kind, as they stand in the database now."""
        self.session.rollback()
        self.session.expire_all()
        return [*self.session.exec(select(kind).where(kind.tender_id == self.id))]  # type: ignore[attr-defined]

    def attempt(self, act: str, by: Any, url: str, **body: Any) -> Any:
        """Try an act. What is refused must change nothing: no audit entry, no event."""
        before = self._trail()
        answer = by.post(url, json=body)
        if answer.status_code in (200, 201):
            self.seen[act] += 1
            self.look()
        else:
            assert answer.status_code in REFUSED, answer.text
            assert self._trail() == before, (act, answer.text)
            self.seen["refused"] += 1
        return answer

    def _trail(self) -> tuple[Any, ...] | None:
        query = "SELECT (SELECT count(*) FROM audit_entry), (SELECT count(*) FROM outbox_event)"
        return self.superuser.execute(query).fetchone()

    def now(self) -> datetime:
        with db.worker_unit_of_work() as session:
            return db.now(session)

    def pass_time(self, days: float) -> None:
        """Move the frozen clock on, and let the clock of the service and its workers act."""
        self.spent += days
        awarding.advance(days)
        self.tick()

    def tick(self) -> None:
        """Fire what is due, and run the real tasks of procurement and contracts."""
        was_open = self.is_open
        with db.worker_unit_of_work() as session:
            deadlines.fire_due(session, db.now(session))
        self.work()
        found = self.look()
        if was_open and not self.is_open:
            self._closed(found)

    def work(self) -> None:
        """Let the workers do what their events ask for."""
        run_jobs("procurement", "contracts")
        self.superuser.execute("DELETE FROM job WHERE name !~ '^(procurement|contracts)'")
        self.look()

    def _closed(self, tender: Tender) -> None:
        """What counts at the deadline: bids that were neither withdrawn nor left unconfirmed."""
        counted = {n: bid for n, bid in self.live.items() if bid.confirmed}
        if tender.status_details is TenderStage.BID_OPENING_PENDING:
            assert counted, "closed for opening without a bid"
            self.expected = counted
        elif tender.status_details is TenderStage.UNSUCCESSFUL:
            assert not counted, f"lost {counted}"
            assert tender.prolonged == self.kind.prolonged

    def awards(self, *statuses: AwardStatus) -> list[Award]:
        found = [award for award in self.rows(Award) if award.status in statuses]
        return sorted(found, key=lambda award: award.id)

    def open_complaints(self) -> list[Complaint]:
        return [each for each in self.rows(Complaint) if each.status in OPEN]

    def price_of(self, bid_id: UUID, lot: str) -> Decimal:
        """What a bid must cost: as its supplier said last, in the bid or in the auction."""
        shown = ids.show("bid", bid_id)
        assert self.expected is not None
        handed = next(bid for bid in self.expected.values() if bid.id == shown)
        return self.lowered.get((shown, lot), handed.price * self.kind.quantity)
