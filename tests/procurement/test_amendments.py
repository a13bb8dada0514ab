"""Changes after publication: what is recorded, and how much more time suppliers get."""

from collections.abc import Callable
from datetime import datetime, time, timedelta
from typing import Any

import pytest
from sqlalchemy.exc import DBAPIError
from sqlmodel import Session, select

from api.core import db
from api.core.deadlines import Deadline
from api.core.outbox import OutboxEvent
from api.procurement.models import Amendment, Tender
from api.rules.clock import BISHKEK, local_date
from api.rules.tenders import TenderStage
from tests.procurement import samples

type AsOrg = Callable[..., Any]


@pytest.fixture
def buyer(as_org: AsOrg) -> Any:
    return as_org(["buyer"])


def amend(buyer: Any, made: Any, **changed: Any) -> Any:
    body = {"rationale": "Уточнение", **changed}
    return buyer.post(f"/v1/tenders/{made['id']}/amend", json=body)


def of_item(made: Any, **changed: Any) -> dict[str, Any]:
    lot = made["lots"][0]
    return {"lots": [{"id": lot["id"], "items": [{"id": lot["items"][0]["id"], **changed}]}]}


def ends_soon(session: Session, made: Any) -> None:
    """Let the period end in an hour, as if the tender had been published long ago."""
    found = samples.row(session, made)
    now = db.now(session)
    found.tender_period_start = now - timedelta(days=10)
    found.tender_period_end = now + timedelta(hours=1)
    found.enquiry_period_end = now - timedelta(days=5)
    found.clarification_until = found.complaint_period_end = now - timedelta(days=3)
    session.commit()


def last_event(session: Session) -> OutboxEvent:
    session.rollback()
    return [*session.exec(select(OutboxEvent).order_by(OutboxEvent.id))][-1]  # type: ignore[arg-type]


def test_a_material_change_extends_the_period_to_the_end_of_the_fifth_day(
    buyer: Any, session: Session
) -> None:
    made = samples.published(buyer)
    ends_soon(session, made)

    answer = amend(buyer, made, **of_item(made, quantity="900.50"))

    body = answer.json()
    assert answer.status_code == 200, answer.text
    assert (body["status"], body["status_details"]) == ("active", "changed")
    assert body["lots"][0]["items"][0]["quantity"] == "900.5"
    end = datetime.fromisoformat(body["tender_period_end"])
    expected = local_date(db.now(session)) + timedelta(days=6)
    assert end == datetime.combine(expected, time.min, BISHKEK)
    assert session.exec(select(Deadline)).one().due_at == end
    (found,) = buyer.get(f"/v1/tenders/{made['id']}/amendments").json()["items"]
    quantity = f"#/lots/{made['lots'][0]['id']}/items/{made['lots'][0]['items'][0]['id']}/quantity"
    assert (found["number"], found["material"], found["rationale"]) == (1, True, "Уточнение")
    assert found["material_changes"] == [quantity]
    changes = {c["pointer"]: (c["before"], c["after"]) for c in found["changes"]}
    assert changes[quantity] == ("600", "900.5")
    windows = {"#/enquiry_period_end", "#/clarification_until", "#/complaint_period_end"}
    assert changes.keys() == {quantity, "#/tender_period_end", *windows}
    assert last_event(session).type == "tender.amended"


def test_a_period_that_is_long_enough_is_left_as_it_is(buyer: Any) -> None:
    made = samples.published(buyer)

    answer = amend(buyer, made, **of_item(made, specification={"ru": "Столешница 22 мм"}))

    assert answer.json()["status_details"] == "changed"
    assert answer.json()["tender_period_end"] == made["tender_period_end"]


def test_a_corrected_misprint_changes_neither_stage_nor_period(
    buyer: Any, session: Session
) -> None:
    made = samples.published(buyer, title={"ru": "Школьня мебель", "ky": "Мектеп эмереги"})
    ends_soon(session, made)
    end = samples.row(session, made).tender_period_end
    title = {"ru": "Школьная мебель", "ky": "Мектеп эмереги", "en": "School furniture"}

    answer = amend(buyer, made, title=title)

    assert answer.json()["status_details"] == "published"
    assert answer.json()["title"] == title
    assert samples.row(session, made).tender_period_end == end
    (found,) = buyer.get(f"/v1/tenders/{made['id']}/amendments").json()["items"]
    assert (found["material"], found["material_changes"]) == (False, [])
    assert answer.json()["version"] == 3
    assert last_event(session).type == "tender.amended"
    assert buyer.get("/v1/tenders", params={"q": "furniture"}).json()["items"] != []


def test_amendments_are_numbered_and_kept(buyer: Any, session: Session) -> None:
    made = samples.published(buyer)
    amend(buyer, made, **of_item(made, quantity="700"))
    amend(buyer, made, **of_item(made, quantity="800"))

    found = buyer.get(f"/v1/tenders/{made['id']}/amendments").json()["items"]

    assert [a["number"] for a in found] == [1, 2]
    assert [a["changes"][0]["before"] for a in found] == ["600", "700"]
    for statement in (
        "UPDATE tender_amendment SET material = false",
        "DELETE FROM tender_amendment",
    ):
        with pytest.raises(DBAPIError, match="append-only"):
            session.connection().exec_driver_sql(statement)
        session.rollback()
    assert len(session.exec(select(Amendment)).all()) == 2


def test_the_amendments_of_a_published_tender_are_public(buyer: Any, as_org: AsOrg) -> None:
    made = samples.published(buyer)
    amend(buyer, made, **of_item(made, quantity="700"))

    found = as_org(["supplier"]).get(f"/v1/tenders/{made['id']}/amendments").json()["items"]

    assert [a["material"] for a in found] == [True]


def refused(session: Session, made: Any, answer: Any, status: int, code: str) -> bool:
    found = samples.row(session, made)
    return (
        (answer.status_code, answer.json()["code"]) == (status, code)
        and found.version == made["version"]
        and found.status_details is TenderStage.PUBLISHED
        and not session.exec(select(Amendment)).all()
    )


def test_the_deadline_can_move_later_but_not_earlier(buyer: Any, session: Session) -> None:
    made = samples.published(buyer)

    shorter = amend(buyer, made, tender_period_end=samples.in_days(20))
    assert refused(session, made, shorter, 409, "tender_period_shortened")

    later = samples.in_days(25)
    longer = amend(buyer, made, tender_period_end=later)
    assert datetime.fromisoformat(longer.json()["tender_period_end"]) == datetime.fromisoformat(
        later
    )
    assert longer.json()["status_details"] == "changed"


def test_an_amendment_must_change_something(buyer: Any, session: Session) -> None:
    made = samples.published(buyer)

    empty = amend(buyer, made)
    same = amend(buyer, made, title=made["title"], **of_item(made, quantity="600.000"))

    assert refused(session, made, empty, 409, "nothing_to_amend")
    assert refused(session, made, same, 409, "nothing_to_amend")


def test_an_amendment_needs_a_rationale(buyer: Any, session: Session) -> None:
    made = samples.published(buyer)

    answer = buyer.post(f"/v1/tenders/{made['id']}/amend", json={"title": {"ru": "Мебель"}})

    assert samples.pointers(answer) == ["#/rationale"]
    assert refused(session, made, answer, 422, "invalid")


def test_lots_and_items_of_another_tender_cannot_be_named(buyer: Any, session: Session) -> None:
    made, other = samples.published(buyer), samples.published(buyer)
    foreign_item = {
        "lots": [
            {
                "id": made["lots"][0]["id"],
                "items": [{"id": other["lots"][0]["items"][0]["id"], "quantity": "1"}],
            }
        ]
    }

    lot = amend(buyer, made, **of_item(other, quantity="1"))
    item = amend(buyer, made, **foreign_item)

    assert samples.pointers(lot) == ["#/lots/0/id"]
    assert samples.pointers(item) == ["#/lots/0/items/0/id"]
    assert refused(session, made, lot, 422, "invalid")
    assert refused(session, made, item, 422, "invalid")
    assert samples.row(session, other).version == other["version"]


@pytest.mark.parametrize(
    ("changed", "pointer"),
    [
        ({"delivery_period_end": samples.day(10)}, "#/lots/0/delivery_period_end"),
        ({"delivery_period_start": samples.day(110)}, "#/lots/0/delivery_period_end"),
        ({"value": {"amount": "7000001", "currency": "KGS"}}, "#/value/amount"),
        ({"value": {"amount": "1", "currency": "USD"}}, "#/lots/0/value/currency"),
    ],
)
def test_terms_that_would_contradict_each_other_are_refused(
    buyer: Any, session: Session, changed: dict[str, Any], pointer: str
) -> None:
    made = samples.published(buyer, value={"amount": "7000000", "currency": "KGS"})

    answer = amend(buyer, made, lots=[{"id": made["lots"][0]["id"], **changed}])

    assert pointer in samples.pointers(answer)
    assert refused(session, made, answer, 409, "terms_inconsistent")


def test_unknown_codes_are_refused_in_an_amendment(buyer: Any, session: Session) -> None:
    made = samples.published(buyer)

    answer = amend(buyer, made, **of_item(made, unit_code="XYZ"))

    assert samples.pointers(answer) == ["#/lots/0/items/0/unit_code"]
    assert refused(session, made, answer, 422, "invalid")


def test_a_draft_and_a_closed_tender_are_not_amended(buyer: Any, session: Session) -> None:
    draft, made = samples.drafted(buyer), samples.published(buyer)
    found = samples.row(session, made)
    found.status_details = TenderStage.BID_OPENING_PENDING
    session.commit()

    answers = [amend(buyer, one, title={"ru": "Другое"}) for one in (draft, made)]

    assert [(a.status_code, a.json()["code"]) for a in answers] == [(409, "conflict")] * 2
    assert not session.exec(select(Amendment)).all()
    assert {tuple(t.title.items()) for t in session.exec(select(Tender))} == {
        tuple(made["title"].items())
    }


CRITERION: dict[str, Any] = {
    "id": "experience",
    "title": {"ru": "Опыт поставщика"},
    "requirement_groups": [
        {
            "id": "years",
            "requirements": [
                {
                    "id": "experience-years",
                    "title": {"ru": "Опыт, лет"},
                    "data_type": "integer",
                    "min_value": 3,
                }
            ],
        }
    ],
}


def with_criteria(buyer: Any, *criteria: dict[str, Any]) -> Any:
    made = samples.drafted(buyer)
    url = f"/v1/tenders/{made['id']}"
    answer = buyer.request("PUT", f"{url}/submission-terms", json={"criteria": [*criteria]})
    assert answer.status_code == 200, answer.text
    return buyer.post(f"{url}/publish").json()


def test_a_changed_criterion_is_material_and_a_corrected_title_is_not(
    buyer: Any, as_org: AsOrg, session: Session
) -> None:
    made = with_criteria(buyer, CRITERION)
    samples.bid_on(session, made, as_org(["supplier"]))
    requirement = CRITERION["requirement_groups"][0]["requirements"][0]
    group = {"id": "years", "requirements": [{**requirement, "min_value": 5}]}
    stricter = {**CRITERION, "requirement_groups": [group]}

    respelt = amend(buyer, made, criteria=[{**CRITERION, "title": {"ru": "Опыт поставщика."}}])
    changed = amend(buyer, made, criteria=[stricter])
    added = amend(buyer, made, criteria=[stricter, {**CRITERION, "id": "title"}])

    assert respelt.status_code == changed.status_code == 200, changed.text
    assert (added.status_code, added.json()["code"]) == (422, "invalid")
    first, second = buyer.get(f"/v1/tenders/{made['id']}/amendments").json()["items"]
    assert (first["material"], first["needs_confirmation"]) == (False, False)
    assert [c["reason"] for c in first["changes"]] == ["respelling"]
    assert (second["material"], second["needs_confirmation"]) == (True, True)
    assert second["material_changes"] == ["#/criteria/experience/terms"]
    shown = buyer.get(f"/v1/tenders/{made['id']}/submission-terms").json()["criteria"]
    assert shown[0]["requirement_groups"][0]["requirements"][0]["min_value"] == 5


def test_criteria_are_added_and_taken_away_by_amendment(buyer: Any, session: Session) -> None:
    made = samples.published(buyer)
    foreign = samples.published(buyer)["lots"][0]["id"]

    unknown = amend(buyer, made, criteria=[{**CRITERION, "related_lot": foreign}])
    assert samples.pointers(unknown) == ["#/criteria/0/related_lot"]
    assert unknown.status_code == 422
    assert samples.row(session, made).version == made["version"]
    assert amend(buyer, made, criteria=[CRITERION]).status_code == 200
    assert amend(buyer, made, criteria=[]).status_code == 200

    found = buyer.get(f"/v1/tenders/{made['id']}/amendments").json()["items"]
    assert [a["needs_confirmation"] for a in found] == [True, True]
    terms = "#/criteria/experience/terms"
    after = [{c["pointer"]: c["after"] for c in a["changes"]}[terms] for a in found]
    assert after[0]["id"] == "experience"
    assert after[1] is None
