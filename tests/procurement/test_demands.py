"""What matching is told of a published tender."""

from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from sqlmodel import Session

from api.core import db
from api.procurement import service as procurement
from api.rules.clock import local_date
from tests.procurement import samples

type AsOrg = Callable[..., Any]


@pytest.fixture
def buyer(as_org: AsOrg) -> Any:
    return as_org(["buyer"])


def test_each_item_of_a_published_tender_is_a_demand(buyer: Any, session: Session) -> None:
    coded = samples.item(
        classification=None,
        additional_classifications=[
            {"scheme": "HS", "id": "940320"},
            {"scheme": "CPV", "id": "39112000-0"},
        ],
    )
    made = samples.published(buyer, lots=[samples.lot(items=[samples.item(), coded])])

    first, second = procurement.demands(session, samples.tender_id(made))

    found = samples.row(session, made)
    assert found.tender_period_end is not None
    assert (first.tender_id, first.buyer_id) == (found.id, buyer.org_id)
    assert first.lot_id == second.lot_id
    assert first.texts == {"ru": "Парта ученическая двухместная"}
    assert first.specification == {"ru": "Столешница ЛДСП 18 мм"}
    assert first.context == {"ru": "Парты\nШкольная мебель", "ky": "Парталар\nМектеп эмереги"}
    assert (first.quantity, first.unit_code) == (Decimal(600), "SET")
    assert (first.cpv_code, first.hs_code) == ("39160000-1", None)
    assert (second.cpv_code, second.hs_code) == ("39112000-0", "940320")
    assert (first.lot_budget, first.lot_budget_currency, first.lot_item_count) == (
        Decimal(6700000),
        "KGS",
        2,
    )
    assert (first.delivery_country, first.delivery_place_code) == ("KG", "kg-osh")
    assert first.deliver_by == date.fromisoformat(samples.day(100))
    assert first.ordered_on == local_date(found.tender_period_end)
    assert first.incoterms == ("DAP", "DDP")
    assert first.required_certificates == ("ISO9001",)
    assert first.public


def test_a_draft_an_unknown_and_a_cancelled_tender_demand_nothing(
    buyer: Any, session: Session
) -> None:
    draft, cancelled = samples.drafted(buyer), samples.published(buyer)
    samples.cancelled(buyer, cancelled)

    assert procurement.demands(session, samples.tender_id(draft)) == []
    assert procurement.demands(session, samples.tender_id(cancelled)) == []
    assert procurement.demands(session, uuid4()) == []


def test_only_tenders_that_can_be_answered_now_are_open(buyer: Any, session: Session) -> None:
    draft, public, amended, ended = (
        samples.drafted(buyer),
        samples.published(buyer),
        samples.published(buyer),
        samples.published(buyer),
    )
    buyer.post(
        f"/v1/tenders/{amended['id']}/amend",
        json={"rationale": "x", "title": {"ru": "Другое", "ky": "Башка"}},
    )
    found = samples.row(session, ended)
    found.tender_period_end = db.now(session)
    found.tender_period_start = found.tender_period_end - timedelta(days=4)
    session.commit()

    assert [*procurement.open_tender_ids(session)] == [
        samples.tender_id(public),
        samples.tender_id(amended),
    ]
    assert not procurement.is_public(session, samples.tender_id(draft))
    assert not procurement.is_public(session, uuid4())
    assert procurement.is_public(session, samples.tender_id(ended))


def test_the_demand_of_a_test_tender_is_its_buyers_alone(buyer: Any, session: Session) -> None:
    live, test = samples.published(buyer), samples.published(buyer, mode="test")

    (one,) = procurement.demands(session, samples.tender_id(test))
    (other,) = procurement.demands(session, samples.tender_id(live))

    assert (one.public, other.public) == (False, True)
    assert [*procurement.open_tender_ids(session)] == [samples.tender_id(live)]
