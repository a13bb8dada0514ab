"""Quick modes of test tenders: no auction is held, and nobody waits for the clock."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy.exc import DBAPIError
from sqlmodel import Session, select

from api.core import settings
from api.core.audit import AuditEntry
from api.core.sandbox import ClockShift
from api.procurement.models import Auction, Tender
from api.rules.tenders import TenderStage
from tests.procurement import awarding, bidding, samples
from tests.procurement.evaluation import deciding

type AsOrg = Callable[..., Any]
BOTH = ["no_auction", "fast_forward"]


@pytest.fixture
def buyer(as_org: AsOrg) -> Any:
    return as_org(["buyer"])


def forward(buyer: Any, made: Any) -> Any:
    return buyer.post(f"/v1/tenders/{made['id']}/fast-forward")


def test_a_quick_tender_is_awarded_without_its_auction_and_without_moving_the_clock(
    as_org: AsOrg, buyer: Any, session: Session, drain: Callable[[], int]
) -> None:
    chief = awarding.second_client(buyer)
    made = deciding.published(
        as_org,
        buyer,
        mode="test",
        quick=BOTH,
        auction_step_bp=100,
        tender_period_end=samples.in_days(1),
    )
    handed = [bidding.submit(made, as_org(["supplier"]), price) for price in ("9700.00", "9600.00")]

    skipped = forward(buyer, made.tender)

    assert skipped.status_code == 200, skipped.text
    shown = skipped.json()
    assert (shown["quick"], shown["version"]) == (BOTH, made.tender["version"] + 1)
    late = as_org(["supplier"]).post(
        f"/v1/tenders/{made.id}/bids", json={"envelopes": [], "tenderers": []}
    )
    assert late.status_code in (409, 422)
    again = forward(buyer, made.tender)
    assert (again.status_code, again.json()["code"]) == (409, "tender_period_ended")
    over = bidding.finished(made, handed)
    lot = over.tender["lots"][0]["id"]
    times = {"starts_at": samples.in_days(1), "ends_at": samples.in_days(2)}
    auction = buyer.post(f"/v1/tenders/{made.id}/auctions", json={"lot_id": lot, **times})
    assert (auction.status_code, auction.json()["code"]) == (409, "auction_not_possible")
    assert session.exec(select(Auction)).all() == []
    assert deciding.complete(deciding.propose(over, buyer), chief).status_code == 200
    case = awarding.Case(over.tender, awarding.Parties(buyer, chief, [], None))
    award = awarding.awarded(case)
    drain()
    assert awarding.award_row(session, award).standstill_end is not None
    assert samples.row(session, made.tender).status_details is TenderStage.CONTRACT_SIGN_PENDING
    trail = session.exec(select(AuditEntry).where(AuditEntry.action == "fast_forward")).all()
    assert [each.change["after"] for each in trail] == [
        samples.row(session, made.tender).tender_period_end.isoformat()  # type: ignore[union-attr]
    ]
    assert session.exec(select(ClockShift)).all() == []


def test_only_the_buyer_of_such_a_test_tender_skips_and_only_in_a_sandbox(
    as_org: AsOrg, buyer: Any, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    live = buyer.post("/v1/tenders", json=samples.tender(quick=["fast_forward"]))
    assert (live.status_code, samples.pointers(live)) == (422, ["#/"])
    plain = samples.published(buyer, mode="test")
    quick = samples.published(buyer, mode="test", quick=["fast_forward"])
    draft = samples.drafted(buyer, mode="test", quick=["fast_forward"])

    codes = [forward(by, of).json()["code"] for by, of in ((buyer, plain), (buyer, draft))]
    assert forward(as_org(["buyer"]), quick).status_code == 404
    real = settings.get().model_copy(update={"environment": "production"})
    monkeypatch.setattr(settings, "get", lambda: real)
    codes.append(forward(buyer, quick).json()["code"])

    assert codes == ["not_fast_forward", "conflict", "sandbox_only"]
    for each in (plain, quick, draft):
        assert samples.row(session, each).version == each["version"]
    found = session.get_one(Tender, samples.tender_id(quick))
    found.quick = []
    with pytest.raises(DBAPIError, match="frozen"):
        session.flush()
    session.rollback()
