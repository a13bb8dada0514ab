"""Samples through the API: asked for, agreed on, sent, judged; nobody else sees them."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from sqlmodel import Session, col, select

from api.catalog import samples as service
from api.catalog.sample_models import Sample
from api.core import db
from api.core.deadlines import Deadline
from api.core.ids import parse
from api.rules.clock import local_date
from api.webhooks.models import EventEnvelope
from tests.catalog import samples

type AsOrg = Callable[..., Any]
REASON = {"reason": "Покрытие царапается"}
SENT = {"carrier": "SF Express", "tracking_number": "SF1234567890"}


@pytest.fixture
def seller(as_org: AsOrg) -> Any:
    return as_org(["supplier"])


@pytest.fixture
def buyer(as_org: AsOrg) -> Any:
    return as_org(["buyer"])


def asked(buyer: Any, offer: dict[str, Any], **changed: Any) -> Any:
    return buyer.post("/v1/samples", json=samples.sample(offer, **changed))


def terms(session: Session, **changed: Any) -> dict[str, Any]:
    now = db.now(session)
    return {
        "price": "118.00",
        "currency": "CNY",
        "credited_on_order": True,
        "carriage_paid_by": "buyer",
        "ship_by": (local_date(now) + timedelta(days=10)).isoformat(),
        "open_until": (now + timedelta(days=3)).isoformat(),
        **changed,
    }


def acted(actor: Any, sample: dict[str, Any], action: str, body: Any = None) -> Any:
    return actor.post(f"/v1/samples/{sample['id']}/{action}", json=body)


def moved(actor: Any, sample: dict[str, Any], action: str, body: Any = None) -> dict[str, Any]:
    answer = acted(actor, sample, action, body)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def test_a_sample_goes_from_the_request_to_the_assessment_and_its_price_comes_off_an_order(
    seller: Any, buyer: Any, session: Session
) -> None:
    offer = samples.activated(seller)
    made = asked(buyer, offer, purpose="Покрытие").json()
    assert (made["status"], made["unit_code"], made["price"]) == ("requested", "SET", None)
    assert asked(buyer, offer).status_code == 409
    assert acted(buyer, made, "offer", terms(session)).status_code == 403
    assert acted(seller, made, "ship", SENT).status_code == 409

    said = moved(seller, made, "offer", terms(session))
    assert (said["status"], said["price"], said["due_at"]) == ("offered", "118", said["open_until"])
    moved(buyer, made, "agree")
    assert acted(seller, made, "credit", {"reference": "PO-1"}).json()["code"] == "not_creditable"
    assert moved(seller, made, "ship", SENT)["tracking_number"] == "SF1234567890"
    assert acted(buyer, made, "cancel", REASON).status_code == 409
    moved(buyer, made, "receive")
    judged = moved(buyer, made, "reject", REASON)
    credited = moved(seller, made, "credit", {"reference": "PO-1"})

    assert (judged["status"], judged["reason"], judged["due_at"]) == (
        "rejected",
        "Покрытие царапается",
        None,
    )
    assert credited["credit_reference"] == "PO-1"
    assert acted(seller, made, "credit", {"reference": "PO-2"}).status_code == 409
    assert session.exec(select(Deadline).where(Deadline.kind == service.LAPSED)).all() == []
    for side in (buyer, seller):
        assert side.get(f"/v1/samples/{made['id']}").json() == credited
        assert side.get("/v1/samples", params={"status": "rejected"}).json()["items"] == [credited]
    told = session.exec(
        select(EventEnvelope.type, EventEnvelope.org_id)
        .where(col(EventEnvelope.type).startswith("sample."))
        .order_by(col(EventEnvelope.id))
    ).all()
    names = ["requested", "offered", "agreed", "shipped", "received", "rejected", "credited"]
    for side in (buyer, seller):
        assert [t for t, org in told if org == side.org_id] == [f"sample.{n}" for n in names]
    assert asked(buyer, offer).status_code == 201


def test_strangers_see_no_sample_and_the_database_shows_them_none(
    seller: Any, buyer: Any, as_org: AsOrg
) -> None:
    made = asked(buyer, samples.activated(seller)).json()

    for roles in (["buyer", "supplier"], ["operator", "buyer"]):
        other = as_org(roles)
        assert other.get(f"/v1/samples/{made['id']}").status_code == 404
        assert other.get("/v1/samples").json()["items"] == []
        assert acted(other, made, "cancel", REASON).status_code == 404
        with db.unit_of_work(other.org_id) as session:
            if "operator" in roles:
                db.scope(session, operator="on")
            assert session.exec(select(Sample.id)).all() == []


@pytest.mark.parametrize(
    ("changed", "pointer", "code"),
    [
        ({"price": None, "currency": None}, "#/credited_on_order", "nothing_to_credit"),
        ({"currency": None}, "#/", "value_error"),
        ({"currency": "XXX"}, "#/currency", "unknown_currency"),
        ({"ship_by": "2020-01-01"}, "#/ship_by", "in_the_past"),
        ({"open_until": "2020-01-01T00:00:00Z"}, "#/open_until", "in_the_past"),
    ],
)
def test_terms_that_cannot_be_kept_are_refused(
    seller: Any, buyer: Any, session: Session, changed: dict[str, Any], pointer: str, code: str
) -> None:
    made = asked(buyer, samples.activated(seller)).json()

    answer = acted(seller, made, "offer", terms(session, **changed))

    assert [(e["pointer"], e["code"]) for e in answer.json()["errors"]] == [(pointer, code)]
    assert seller.get(f"/v1/samples/{made['id']}").json() == made


def test_a_sample_is_asked_for_where_it_can_be_sent_of_anothers_offer(
    seller: Any, session: Session, as_org: AsOrg
) -> None:
    both = as_org(["buyer", "supplier"])
    own, hidden = samples.activated(both), samples.drafted(seller)
    shown = samples.activated(seller, sku="RX-102")

    for offer, changed, code in (
        (own, {}, "own_offer"),
        (hidden, {}, "unknown_offer"),
        (shown, {"place_code": "nowhere"}, "unknown_place"),
    ):
        answer = asked(both, offer, **changed)
        assert [e["code"] for e in answer.json()["errors"]] == [code]
    assert session.exec(select(Sample)).all() == []


def test_what_nobody_answers_in_time_lapses_and_a_late_answer_is_none(
    seller: Any, buyer: Any, session: Session
) -> None:
    made = asked(buyer, samples.activated(seller)).json()
    row = session.get_one(Sample, parse("sample", made["id"]))
    deadline = session.exec(select(Deadline).where(Deadline.kind == service.LAPSED)).one()
    assert (deadline.due_at, deadline.org_id) == (row.due_at, None)
    service.lapse(session, row.id)
    assert row.status == "requested"
    row.due_at = db.now(session) - timedelta(seconds=1)
    session.commit()

    late = acted(seller, made, "offer", terms(session))
    assert (late.status_code, late.json()["code"]) == (409, "sample_too_late")
    for _ in range(2):
        session.expire_all()
        service.lapse(session, row.id)
        session.commit()

    assert buyer.get(f"/v1/samples/{made['id']}").json()["status"] == "lapsed"
    told = session.exec(select(EventEnvelope.org_id).where(EventEnvelope.type == "sample.lapsed"))
    assert {*told} == {buyer.org_id, seller.org_id}


def test_of_two_requests_and_of_two_answers_at_once_one_counts(
    seller: Any, buyer: Any, session: Session
) -> None:
    offer, said = samples.activated(seller), terms(session)
    session.rollback()
    with ThreadPoolExecutor(2) as threads:
        made = list(threads.map(lambda _: asked(buyer, offer), range(2)))
        (sample,) = [answer.json() for answer in made if answer.status_code == 201]
        answers = list(
            threads.map(
                lambda act: acted(seller, sample, *act), (("offer", said), ("decline", REASON))
            )
        )

    assert sorted(answer.status_code for answer in made) == [201, 409]
    assert sorted(answer.status_code for answer in answers) == [200, 409]
