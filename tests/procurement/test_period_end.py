"""The end of a tender period: closed, prolonged, unsuccessful, by the bids that stand."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlmodel import Session, select

from api.core import db
from api.core.audit import AuditEntry
from api.core.deadlines import Deadline, fire_due
from api.core.outbox import OutboxEvent
from api.procurement import service as procurement
from api.procurement.models import Amendment, Bid, Lot
from api.rules.tenders import LotStatus, TenderStage, TenderStatus
from tests.procurement import samples
from tests.procurement.law import policy_set

type AsOrg = Callable[..., Any]


@pytest.fixture
def buyer(as_org: AsOrg) -> Any:
    return as_org(["buyer"])


@pytest.fixture
def supplier(as_org: AsOrg) -> Any:
    return as_org(["supplier"])


def closes(made: Any) -> bool:
    with db.worker_unit_of_work() as worker:
        return procurement.close_due(worker, samples.tender_id(made))


def events(session: Session) -> list[str]:
    session.rollback()
    return [*session.exec(select(OutboxEvent.type).order_by(OutboxEvent.id))]  # type: ignore[arg-type]


def test_a_tender_with_a_bid_waits_for_the_opening(
    buyer: Any, supplier: Any, session: Session
) -> None:
    made = samples.published(buyer)
    samples.bid_on(session, made, supplier)
    samples.ended(session, made)

    assert closes(made) is True
    found = samples.row(session, made)
    assert found.status_details is TenderStage.BID_OPENING_PENDING
    assert events(session)[-1] == "tender.closed"


def test_without_a_bid_a_tender_is_prolonged_once_and_unsuccessful_then(
    buyer: Any, session: Session
) -> None:
    made = samples.published(buyer)
    samples.ended(session, made)

    assert (closes(made), closes(made)) == (True, False)
    prolonged = samples.row(session, made)
    assert (prolonged.status_details, prolonged.prolonged) == (TenderStage.AUTO_PROLONGED, 1)
    assert prolonged.tender_period_end is not None
    assert prolonged.tender_period_end > db.now(session) + timedelta(days=5)
    assert session.exec(select(Deadline.due_at)).one() == prolonged.tender_period_end
    amendment = session.exec(select(Amendment)).one()
    assert (amendment.cause, amendment.material) == ("autoProlongation", False)
    assert amendment.needs_confirmation is False
    samples.ended(session, made)
    assert (closes(made), closes(made)) == (True, False)

    found = samples.row(session, made)
    assert (found.status, found.status_details) == (
        TenderStatus.UNSUCCESSFUL,
        TenderStage.UNSUCCESSFUL,
    )
    assert session.exec(select(Lot.status)).all() == [LotStatus.UNSUCCESSFUL]
    assert session.exec(select(Deadline)).all() == []
    assert events(session)[-2:] == ["tender.prolonged", "tender.unsuccessful"]
    url = f"/v1/tenders/{made['id']}"
    assert buyer.post(f"{url}/cancel", json={"reason": "Поздно"}).status_code == 409


def test_a_prolonged_tender_that_gets_a_bid_is_closed(
    buyer: Any, supplier: Any, session: Session
) -> None:
    made = samples.published(buyer)
    samples.ended(session, made)
    closes(made)
    samples.bid_on(session, made, supplier)
    samples.ended(session, made)

    assert closes(made) is True
    assert samples.row(session, made).status_details is TenderStage.BID_OPENING_PENDING


def test_bids_that_were_withdrawn_or_answer_older_terms_do_not_count(
    buyer: Any, supplier: Any, as_org: AsOrg, session: Session
) -> None:
    made = samples.published(buyer)
    withdrawn, outdated = (
        samples.bid_on(session, made, each) for each in (supplier, as_org(["supplier"]))
    )
    item = {"id": made["lots"][0]["items"][0]["id"], "quantity": "700"}
    lots = [{"id": made["lots"][0]["id"], "items": [item]}]
    amended = {"rationale": "Больше", "lots": lots}
    assert buyer.post(f"/v1/tenders/{made['id']}/amend", json=amended).status_code == 200
    with db.worker_unit_of_work() as worker:
        worker.connection().exec_driver_sql(
            "UPDATE bid SET status = 'withdrawn', status_details = 'withdrawn', withdrawn_at = now()"
            f" WHERE id = '{withdrawn.id}'"
        )
    samples.ended(session, made)

    assert closes(made) is True
    assert samples.row(session, made).status_details is TenderStage.AUTO_PROLONGED
    kept = session.get(Bid, outdated.id)
    assert kept is not None
    assert kept.amendment == 0


def test_more_time_alone_leaves_bids_as_they_stand(
    buyer: Any, supplier: Any, session: Session
) -> None:
    made = samples.published(buyer)
    samples.bid_on(session, made, supplier)
    later = {"rationale": "По просьбам", "tender_period_end": samples.in_days(30)}
    assert buyer.post(f"/v1/tenders/{made['id']}/amend", json=later).status_code == 200
    (found,) = buyer.get(f"/v1/tenders/{made['id']}/amendments").json()["items"]
    samples.ended(session, made)

    assert closes(made) is True
    assert (found["material"], found["needs_confirmation"]) == (True, False)
    assert {change["reason"] for change in found["changes"]} == {"period"}
    assert samples.row(session, made).status_details is TenderStage.BID_OPENING_PENDING


@pytest.mark.parametrize(
    ("min_bids", "stage"), [(1, TenderStage.BID_OPENING_PENDING), (2, TenderStage.UNSUCCESSFUL)]
)
def test_how_many_bids_are_enough_is_data(
    as_org: AsOrg, supplier: Any, session: Session, min_bids: int, stage: TenderStage
) -> None:
    law = as_org(["operator"]).post("/v1/policy-sets", json=policy_set(min_bids=min_bids))
    assert law.status_code == 201, law.text
    made = samples.published(as_org(["buyer"], country="KZ"))
    samples.bid_on(session, made, supplier)
    samples.ended(session, made)

    assert closes(made) is True
    assert samples.row(session, made).status_details is stage


def test_the_clock_decides_through_its_event_and_says_so_in_the_trail(
    buyer: Any, session: Session, drain: Callable[[], int], client: Any
) -> None:
    made = samples.published(buyer)
    drain()
    samples.ended(session, made)
    deadline = session.exec(select(Deadline)).one()
    deadline.due_at = db.now(session)
    session.commit()

    with db.worker_unit_of_work() as clock:
        assert fire_due(clock, db.now(clock)) == 1
    drain()

    public = client.get(f"/public/tenders/{made['ocid']}").json()
    assert (public["status_details"], public["prolonged"]) == ("autoProlonged", 1)
    found = samples.row(session, made)
    query = select(AuditEntry).where(AuditEntry.stream == f"tender:{found.id.hex}")
    entry = [*session.exec(query.order_by(AuditEntry.seq))][-1]  # type: ignore[arg-type]
    assert (entry.action, entry.actor) == ("prolong", "system:clock")
    assert entry.change["cause"] == "autoProlongation"
