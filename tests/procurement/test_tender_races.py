"""Several callers at once: repeats, stale versions, and two who act on one tender."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from sqlmodel import Session, select

from api.core import db
from api.core.audit import AuditEntry, first_broken
from api.core.errors import Conflict
from api.core.outbox import OutboxEvent
from api.procurement import service as procurement
from api.procurement.models import Amendment, Tender
from api.procurement.schemas import AmendIn, CancelIn
from api.rules.tenders import TenderStatus
from tests.procurement import samples

type AsOrg = Callable[..., Any]
AMENDMENT = {"rationale": "Название уточнено", "title": {"ru": "Другое название"}}


@pytest.fixture
def buyer(as_org: AsOrg) -> Any:
    """Under the generic rules a tender is cancelled at once."""
    return as_org(["buyer"], procurement_regime="generic")


def at_once(calls: list[Callable[[], Any]]) -> list[Any]:
    """Run the calls together, each on its own thread and database connection."""
    barrier = threading.Barrier(len(calls))

    def run(call: Callable[[], Any]) -> Any:
        barrier.wait()
        return call()

    with ThreadPoolExecutor(len(calls)) as pool:
        return [*pool.map(run, calls)]


def chain_is_whole(session: Session, made: Any) -> bool:
    session.rollback()
    stream = f"tender:{samples.tender_id(made).hex}"
    query = select(AuditEntry).where(AuditEntry.stream == stream).order_by(AuditEntry.seq)  # type: ignore[arg-type]
    return first_broken(session.exec(query).all()) is None


def test_a_storm_of_repeats_makes_one_tender(buyer: Any, session: Session) -> None:
    body, headers = samples.tender(), {"Idempotency-Key": "storm"}

    answers = at_once(
        [lambda: buyer.post("/v1/tenders", json=body, headers=headers) for _ in range(20)]
    )
    answers.append(buyer.post("/v1/tenders", json=body, headers=headers))

    made = [a for a in answers if a.status_code == 201]
    waiting = [a for a in answers if a.status_code != 201]
    assert len({a.content for a in made}) == 1
    assert {(a.status_code, a.json()["code"]) for a in waiting} <= {(409, "idempotency_in_flight")}
    assert answers[-1].headers["idempotent-replayed"] == "true"
    assert len(session.exec(select(Tender)).all()) == 1
    assert len(session.exec(select(OutboxEvent)).all()) == 1


def test_a_storm_of_publications_publishes_once(buyer: Any, session: Session) -> None:
    made = samples.drafted(buyer)

    answers = at_once([lambda: buyer.post(f"/v1/tenders/{made['id']}/publish") for _ in range(8)])

    assert sorted(a.status_code for a in answers) == [200, *[409] * 7]
    assert samples.row(session, made).version == 2
    assert chain_is_whole(session, made)
    types = [*session.exec(select(OutboxEvent.type))]
    assert types.count("tender.published") == 1


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/amend", AMENDMENT),
        ("POST", "/cancel", {"reason": "Нет средств"}),
        ("POST", "/publish", None),
        ("PATCH", "", {"title": {"ru": "Другое название"}}),
    ],
)
def test_a_stale_version_is_refused_and_changes_nothing(
    buyer: Any, session: Session, method: str, path: str, body: Any
) -> None:
    made = samples.drafted(buyer)
    current = buyer.patch(
        f"/v1/tenders/{made['id']}", json={"title": {"ru": "Новое"}}, headers={"If-Match": '"1"'}
    )
    url = f"/v1/tenders/{made['id']}{path}"

    stale = buyer.request(method, url, json=body, headers={"If-Match": '"1"'})

    assert (current.status_code, current.headers["etag"]) == (200, '"2"')
    assert (stale.status_code, stale.json()["code"]) == (412, "precondition_failed")
    found = samples.row(session, made)
    assert (found.version, found.title, found.status) == (2, {"ru": "Новое"}, TenderStatus.DRAFT)
    assert [*session.exec(select(OutboxEvent.type))] == ["tender.created"]


def test_of_two_officers_with_the_same_version_one_wins(buyer: Any, session: Session) -> None:
    made = samples.published(buyer)
    url, seen = f"/v1/tenders/{made['id']}", {"If-Match": '"2"'}

    answers = at_once(
        [
            lambda: buyer.post(f"{url}/amend", json=AMENDMENT, headers=seen),
            lambda: buyer.post(f"{url}/cancel", json={"reason": "Нет средств"}, headers=seen),
        ]
    )

    assert sorted(a.status_code for a in answers) == [200, 412]
    amended = answers[0].status_code == 200
    found = samples.row(session, made)
    assert found.version == 3
    assert (found.status is TenderStatus.CANCELLED) is not amended
    assert len(session.exec(select(Amendment)).all()) == int(amended)
    assert chain_is_whole(session, made)


def test_amend_and_cancel_at_once_never_amend_a_cancelled_tender(
    buyer: Any, session: Session
) -> None:
    made = samples.published(buyer)
    url = f"/v1/tenders/{made['id']}"

    amended, cancelled = at_once(
        [
            lambda: buyer.post(f"{url}/amend", json=AMENDMENT),
            lambda: buyer.post(f"{url}/cancel", json={"reason": "Нет средств"}),
        ]
    )

    assert cancelled.status_code == 200
    assert amended.status_code in (200, 409)
    found = samples.row(session, made)
    assert found.status is TenderStatus.CANCELLED
    assert (found.title == AMENDMENT["title"]) is (amended.status_code == 200)
    assert chain_is_whole(session, made)


def test_whoever_waits_for_the_row_sees_what_the_other_did(buyer: Any, session: Session) -> None:
    made = samples.published(buyer)
    own = {"buyer_id": buyer.org_id, "tender_id": samples.tender_id(made)}
    waiting, refusals = threading.Event(), []

    def amend() -> None:
        with db.unit_of_work(buyer.org_id) as second:
            waiting.set()
            tender = procurement.lock(second, **own)
            try:
                procurement.amend(
                    second, tender, actor="second", data=AmendIn.model_validate(AMENDMENT)
                )
            except Conflict as conflict:
                refusals.append(str(conflict))

    with db.unit_of_work(buyer.org_id) as first:
        tender = procurement.lock(first, **own)
        other = threading.Thread(target=amend)
        other.start()
        assert waiting.wait(5)
        procurement.cancel(first, tender, actor="first", data=CancelIn(reason="Нет средств"))
        assert refusals == []
    other.join(10)

    assert refusals == ["Cannot amend while cancelled."]
    assert samples.row(session, made).title == made["title"]


def test_closing_and_amending_at_once_leave_one_truth(
    buyer: Any, as_org: AsOrg, session: Session
) -> None:
    """At the deadline the clock closes while an officer amends: the row's lock decides."""
    made = samples.published(buyer)
    samples.bid_on(session, made, as_org(["supplier"]))
    found = samples.row(session, made)
    end = db.now(session)
    found.tender_period_start, found.tender_period_end = found.created_at, end
    session.commit()

    def close() -> bool:
        with db.worker_unit_of_work() as worker:
            return procurement.close_due(worker, samples.tender_id(made))

    answer, *closed = at_once(
        [lambda: buyer.post(f"/v1/tenders/{made['id']}/amend", json=AMENDMENT), close, close, close]
    )

    assert answer.status_code == 409
    assert sorted(closed) == [False, False, True]
    types = [*session.exec(select(OutboxEvent.type))]
    assert types.count("tender.closed") == 1
    assert samples.row(session, made).version == 3
