"""Rules of a shortlist: of the qualified only the first are invited, a consortium as a whole."""

from collections.abc import Mapping
from typing import Any, ClassVar

from hypothesis.stateful import precondition, rule

from api.procurement.models import Lot
from api.rules.prequalification import QualificationStatus
from api.rules.tenders import PREQUALIFYING, TenderStage
from tests.procurement import prequalifying
from tests.procurement.life.candidates import Candidates
from tests.procurement.life.state import PARTNER, SUPPLIERS

MOST = 2
SHORTLIST = {
    "maximum_candidates": MOST,
    "ranked_by": [{"requirement_id": "experience-years", "order": "highest"}],
}
TERMS: Mapping[str, Any] = {**prequalifying.TERMS, "shortlist": SHORTLIST}
COUNTRY = "KZ"
"""Its law is that of the Kyrgyz state, and lets two be invited."""


def prepare(life: Any) -> dict[str, str]:
    """Enter that law once, and give the periods of the draft."""
    operator = life.as_org(["operator"])
    if not life.seen["law"]:
        asked = {"jurisdiction": "KG", "regime": "state", "procedure": "restricted"}
        [known] = operator.get("/public/policy-sets", params=asked).json()["items"]
        law = operator.get(f"/public/policy-sets/{known['id']}").json()
        names = ("regime", "procedure", "valid_from", "title", "codes", "legal_source")
        body = {
            **{name: law[name] for name in names},
            "jurisdiction": COUNTRY,
            "parameters": {**law["parameters"], "shortlist_minimum": MOST},
            "sources": {
                **law["sources"],
                "shortlist_minimum": {"text": "Test law, article 4", "reviewed": True},
            },
        }
        answer = operator.post("/v1/policy-sets", json=body)
        assert answer.status_code == 201, answer.text
        life.seen["law"] += 1
    return prequalifying.periods()


class Shortlisted(Candidates):
    """Whoever qualifies is ranked by what it told; who drops out gives its place to the next."""

    fit: ClassVar = SUPPLIERS

    def years(self, who: int, told: int) -> int:
        """No two candidates tell the same: which came first does not count."""
        return told * SUPPLIERS + who

    def may_bid(self, who: int) -> bool:
        return who in self.first(out=self.excluded) and super().may_bid(who)

    def first(self, out: frozenset[int] | set[int] = frozenset()) -> list[int]:
        """Who of the qualified comes first, without those that are out."""
        able = [n for n, fit in self.qualified.items() if fit and n not in out]
        return sorted(able, key=lambda n: self.applied[n][1], reverse=True)[:MOST]

    @precondition(lambda self: self.stage in PREQUALIFYING)
    @rule()
    def announce(self) -> None:
        """Each of the qualified is told whether it is on the list."""
        super().announce()
        if self.stage is TenderStage.PREQUALIFICATION_STANDSTILL:
            [lot] = self.rows(Lot)
            number = {firm.org_id: n for n, firm in enumerate(self.firms)}
            for each in self.qualifications(QualificationStatus.ACTIVE):
                on = number[each.supplier_id] in self.first()
                assert each.shortlisted == ([lot.id] if on else []), each

    def stand_still(self) -> None:
        """In every other example the partner is debarred then: its consortium drops out, and the
        next candidate is invited in its place."""
        barred = not self.seen["examples"] % 2 and self.allied is not None and not self.debarred
        if barred:
            self.debar(PARTNER)
        super().stand_still()
        if self.stage is TenderStage.PUBLISHED:
            assert len([n for n in range(SUPPLIERS) if self.may_bid(n)]) == MOST
            last = {*range(SUPPLIERS)} - {*self.first()}
            if self.allied in self.excluded and any(map(self.may_bid, last)):
                self.seen["next_for_consortium"] += 1
        if barred:
            self.lift()
