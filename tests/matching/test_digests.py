"""The daily mail about requests: one a day at most, nothing without news, stopped by one click."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.core import db
from api.rules.clock import BISHKEK
from api.rules.digests import next_morning
from tests.catalog import samples as catalog
from tests.core import mailbox
from tests.core.mailbox import Mailbox
from tests.identity import people
from tests.matching import samples
from tests.procurement import bidding
from tests.sourcing.test_demand import CARPET, wanted
from workers import clock

type AsOrg = Callable[..., Any]
type Drain = Callable[[], int]
READER = "aigul@example.kg"


@pytest.fixture
def box(monkeypatch: pytest.MonkeyPatch) -> Iterator[Mailbox]:
    with mailbox.running() as box:
        mailbox.told(monkeypatch, f"smtp://127.0.0.1:{box.port}")
        yield box


def morning(drain: Drain) -> None:
    """Let the next morning come."""
    with db.worker_unit_of_work() as session:
        due = next_morning(db.now(session))
    bidding.advance(due)
    clock.tick()
    drain()


def member(seller: Any, email: str) -> str:
    people.joined(seller, email, role="sales")
    found = seller.get("/v1/members").json()["items"]
    return next(each["id"] for each in found if each["email"] == email)


def test_a_seller_reads_in_the_morning_of_requests_that_its_offers_answer(
    as_org: AsOrg, drain: Drain, box: Mailbox
) -> None:
    seller, desks = as_org(["manufacturer"]), as_org(["buyer"])
    catalog.activated(seller, **CARPET)
    samples.stock(seller)
    asked = seller.post("/v1/request-digests", json={"member_id": member(seller, READER)})
    assert asked.status_code == 201, asked.text
    again = seller.post("/v1/request-digests", json={"member_id": asked.json()["member_id"]})
    assert again.status_code == 409
    drain()
    morning(drain)
    assert box.mails == []  # there is nothing to tell

    rfq, tender = wanted(as_org(["buyer"], country="CN")), samples.desks(desks)
    drain()
    morning(drain)
    (mail,) = box.mails
    text = mail.get_content()
    assert (mail["To"], mail["Subject"]) == (READER, "Запросы для вас: 2")
    assert f"/v1/rfqs/{rfq['id']}" in text
    assert f"/v1/tenders/{tender['id']}" in text
    assert "羊毛毡地毯" in text
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    link = mail["List-Unsubscribe"].strip("<>")
    assert link.startswith("http")
    morning(drain)
    assert len(box.mails) == 1  # each request is told once

    path = link[link.index("/public/") :]
    forged = path[:-1] + ("0" if path[-1] != "0" else "1")
    click = {"List-Unsubscribe": "One-Click"}
    assert seller.client.post(forged, data=click).status_code == 404
    assert len(seller.get("/v1/request-digests").json()["items"]) == 1
    assert [seller.client.post(path, data=click).status_code for _ in "ab"] == [204, 204]
    assert seller.get("/v1/request-digests").json()["items"] == []
    wanted(as_org(["buyer"], country="CN"))
    drain()
    morning(drain)
    assert len(box.mails) == 1


def test_only_members_who_have_joined_get_it_and_only_of_ones_own_organisation(
    as_org: AsOrg, box: Mailbox
) -> None:
    seller, other = as_org(["manufacturer"]), as_org(["supplier"])
    theirs = member(other, READER)
    people.add(seller, "invited@example.kg", role="sales")
    (invited,) = seller.get("/v1/members").json()["items"]
    for wrong in (theirs, invited["id"]):
        answer = seller.post("/v1/request-digests", json={"member_id": wrong})
        assert answer.json()["errors"][0]["code"] == "unknown_member"
    made = other.post("/v1/request-digests", json={"member_id": theirs}).json()
    assert seller.post(f"/v1/request-digests/{made['id']}/stop").status_code == 404
    assert other.post(f"/v1/request-digests/{made['id']}/stop").json()["stopped_at"] is not None
    assert other.post(f"/v1/request-digests/{made['id']}/stop").status_code == 409


SINCE = datetime(2020, 1, 1, tzinfo=UTC)


@given(st.timedeltas(timedelta(0), timedelta(days=30_000)))
def test_the_next_morning_is_at_eight_within_a_day(after: timedelta) -> None:
    now = SINCE + after
    due = next_morning(now).astimezone(BISHKEK)
    assert (due.hour, due.minute) == (8, 0)
    assert timedelta(0) < due - now <= timedelta(days=1)
