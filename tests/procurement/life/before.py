"""Rules from the draft to the opening: publication, questions, amendments, bids, cancellation."""

from decimal import Decimal
from typing import Any
from uuid import uuid4

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from api.core import ids
from api.procurement.models import Cancellation, Enquiry
from api.rules.cancellations import CancellationStatus
from api.rules.enquiries import EnquiryStatus
from api.rules.sealing import EnvelopeKind
from api.rules.tenders import TenderStage
from tests.procurement import awarding, bidding
from tests.procurement.bidding import Bidding
from tests.procurement.life.companies import FIRM, Companies
from tests.procurement.life.state import SUPPLIERS, Handed

WHO = st.integers(0, SUPPLIERS - 1)
PRICES = st.sampled_from(["9850.00", "9700.00", "9910.50", "9999.99"])


class Before(Companies):
    """What happens while a tender is prepared and takes bids."""

    @precondition(lambda self: self.stage is TenderStage.DRAFT)
    @rule()
    def publish(self) -> None:
        keys = {}
        if self.kind.sealed:
            keys[EnvelopeKind.PRICE] = bidding.ceremony_of(self.tender, self.openers)
            body = keys[EnvelopeKind.PRICE].model_dump(mode="json")
            assert self.attempt("key", self.parties.buyer, f"{self.url}/keys", **body).is_success
        answer = self.attempt("publish", self.parties.buyer, f"{self.url}/publish")
        assert answer.status_code == 200, answer.text
        self.tender = answer.json()
        self.bidding = Bidding(self.parties.buyer, self.tender, self.openers, keys)

    @precondition(lambda self: self.is_open)
    @rule(who=WHO)
    def ask(self, who: int) -> None:
        question = {"title": {"ru": "Цвет"}, "description": {"ru": "Какой цвет?"}}
        self.attempt("ask", self.parties.suppliers[who], f"{self.url}/enquiries", **question)

    @precondition(lambda self: self.is_open or self.stage is TenderStage.SUSPENDED)
    @rule()
    def answer(self) -> None:
        for enquiry in self.rows(Enquiry):
            if enquiry.status is EnquiryStatus.PENDING:
                url = f"/v1/enquiries/{ids.show('enquiry', enquiry.id)}/answer"
                self.attempt("answer", self.parties.buyer, url, answer={"ru": "Любой"})

    @precondition(lambda self: self.is_open or self.stage is TenderStage.SUSPENDED)
    @rule(millimetres=st.integers(16, 40), material=st.booleans())
    def amend(self, millimetres: int, material: bool) -> None:
        lot = self.tender["lots"][0]
        title = {"ru": "Школьная мебель", "ky": "Мектеп эмереги", "en": f"No {millimetres}"}
        changed: dict[str, Any] = {"title": title}
        if material:
            thicker = {"specification": {"ru": f"Столешница {millimetres} мм"}}
            item = {"id": lot["items"][0]["id"], **thicker}
            changed = {"lots": [{"id": lot["id"], "items": [item]}]}
        answer = self.attempt(
            "amend", self.parties.buyer, f"{self.url}/amend", rationale="Уточнение", **changed
        )
        if answer.status_code == 200 and material:
            for bid in self.live.values():
                bid.confirmed = False

    @precondition(lambda self: self.is_open or self.stage is TenderStage.BID_OPENING_PENDING)
    @rule(who=WHO, price=PRICES, named=st.frozensets(FIRM, max_size=1))
    def submit(self, who: int, price: str, named: frozenset[int] = frozenset()) -> None:
        envelopes = [self.envelope(who, kind, price) for kind in self.envelope_kinds()]
        supplier, others = self.parties.suppliers[who], named - {who}
        answer = self.attempt(
            "submit",
            supplier,
            f"{self.url}/bids",
            envelopes=envelopes,
            tenderers=[ids.show("organisation", self.firms[each].org_id) for each in others],
        )
        free = who not in self.live and who not in self.joined and who not in self.debarred
        fit = self.is_open and free and self.may_bid(who) and self.may_name(who, others)
        assert (answer.status_code == 201) == fit, answer.text
        if answer.status_code == 201:
            kept = {each["kind"]: (each["id"], each["version"]) for each in envelopes}
            self.live[who] = Handed(answer.json()["id"], Decimal(price), kept, others)
            self.received += len(envelopes)
            assert self.parties.buyer.get(f"{self.url}/bids").json()["items"] == []

    @precondition(lambda self: bool(self.live) and self.expected is None)
    @rule(who=WHO, price=PRICES)
    def replace(self, who: int, price: str) -> None:
        handed = self.live.get(who)
        if handed is None:
            return
        id, version = handed.envelopes["price"]
        envelope = self.envelope(who, EnvelopeKind.PRICE, price, id=id, version=version + 1)
        url = f"/v1/bids/{handed.id}/replace"
        answer = self.attempt("replace", self.parties.suppliers[who], url, envelopes=[envelope])
        if answer.status_code == 200:
            handed.price, handed.confirmed = Decimal(price), True
            handed.envelopes["price"] = (id, version + 1)
            self.received += 1

    @precondition(lambda self: bool(self.live) and self.expected is None)
    @rule(who=WHO)
    def withdraw(self, who: int) -> None:
        if who in self.live:
            url = f"/v1/bids/{self.live[who].id}/withdraw"
            answer = self.attempt("withdraw", self.parties.suppliers[who], url)
            if answer.status_code == 200:
                del self.live[who]
                self.joined = {m: lead for m, lead in self.joined.items() if lead != who}

    @precondition(lambda self: bool(self.live) and self.expected is None)
    @rule(who=WHO)
    def confirm(self, who: int) -> None:
        if who in self.live:
            url = f"/v1/bids/{self.live[who].id}/confirm"
            answer = self.attempt("confirm", self.parties.suppliers[who], url)
            if answer.status_code == 200:
                self.live[who].confirmed = True

    @precondition(lambda self: self.is_open)
    @rule(who=WHO)
    def complain_about_terms(self, who: int) -> None:
        self.complain(who)

    @precondition(lambda self: self.is_open)
    @rule(deserted=st.sampled_from([False, False, False, True]))
    def reach_deadline(self, deserted: bool) -> None:
        """Let the period end, seldom before anybody has bid."""
        if not self.live and not deserted:
            self.submit(0, "9850.00")
        end = self.look().tender_period_end
        assert end is not None
        seconds = (end - self.now()).total_seconds()
        self.pass_time(max(seconds, 0) / awarding.DAY + 1 / 3600)

    @precondition(lambda self: self.is_under_way)
    @rule(lot=st.integers(-1, 1))
    def cancel(self, lot: int) -> None:
        chosen = self.lots[lot : lot + 1] if lot >= 0 else []
        if lot < 0 or (chosen and self.kind.lots > 1):
            body = {"reason": "Нет средств", "lot_ids": chosen}
            self.attempt("cancel", self.parties.buyer, f"{self.url}/cancel", **body)

    @precondition(lambda self: self.is_under_way)
    @rule()
    def take_cancellation_back(self) -> None:
        for each in self.pending_cancellations():
            url = f"/v1/cancellations/{ids.show('cancellation', each.id)}/withdraw"
            self.attempt("withdraw_cancellation", self.parties.buyer, url)

    def may_bid(self, who: int) -> bool:
        """Whether the procedure lets this supplier bid at all."""
        return True

    def may_name(self, who: int, others: frozenset[int]) -> bool:
        """Whether the procedure lets this supplier's bid name these firms as members of a consortium."""
        return True

    def pending_cancellations(self) -> list[Cancellation]:
        pending = CancellationStatus.PENDING
        return [each for each in self.rows(Cancellation) if each.status is pending]

    def complain(self, who: int, **about: Any) -> None:
        """Draft a complaint and hand it in."""
        by = self.parties.suppliers[who]
        body = awarding.complaint(**about)
        made = self.attempt("complain", by, f"{self.url}/complaints", **body)
        if made.status_code == 201:
            self.attempt("submit_complaint", by, f"/v1/complaints/{made.json()['id']}/submit")

    def envelope_kinds(self) -> list[EnvelopeKind]:
        return [EnvelopeKind.TECHNICAL] * self.kind.two_envelopes + [EnvelopeKind.PRICE]

    def envelope(
        self, who: int, kind: EnvelopeKind, price: str, id: str | None = None, version: int = 1
    ) -> dict[str, Any]:
        """An envelope as the supplier sends it: sealed, or in the open where nobody seals."""
        content = (
            {} if kind is EnvelopeKind.TECHNICAL else bidding.content(self.bidding.tender, price)
        )
        if self.kind.sealed:
            sealed, _ = bidding.seal(
                self.bidding,
                self.parties.suppliers[who],
                content,
                kind=kind,
                id=id,
                version=version,
            )
            return sealed
        return {"kind": kind, "id": id or str(uuid4()), "version": version, "content": content}
