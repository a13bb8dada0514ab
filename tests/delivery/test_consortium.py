"""Suppliers that won together: each delivers, their lead alone binds them."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlmodel import Session, select

from api.core import db
from api.procurement.models import BidTenderer
from api.rules.bids import TendererRole
from tests.contracts import signing
from tests.contracts.delivering import PROTOCOL
from tests.delivery import executing
from tests.delivery.executing import Execution
from tests.procurement import awarding

type AsOrg = Callable[..., Any]


@pytest.fixture
def made(session: Session, as_org: AsOrg) -> Execution:
    """A contract in force with two suppliers; `supplier` is the one that is not the lead."""
    case = awarding.ranked(session, as_org)
    lead, member = case.parties.suppliers[0], as_org(["supplier"])
    with db.worker_unit_of_work() as unit:
        first = unit.exec(
            select(BidTenderer).where(BidTenderer.organisation_id == lead.org_id)
        ).one()
        unit.add(
            BidTenderer(
                bid_id=first.bid_id,
                tender_id=first.tender_id,
                lead_id=lead.org_id,
                organisation_id=member.org_id,
                role=TendererRole.MEMBER,
                accepted_at=first.accepted_at,
            )
        )
    contract = signing.in_force(case, awarding.awarded(case))
    item = case.tender["lots"][0]["items"][0]["id"]
    both = Execution(case.parties.buyer, lead, contract, item)
    executing.agree(both)
    return both._replace(supplier=member)


def test_a_member_of_a_consortium_sends_goods_and_presents_them(made: Execution) -> None:
    sent = executing.shipped(made)
    assert sent["consignor"]["organisation_id"] != sent["supplier_id"]
    advice = executing.despatch(made, sent, "600")
    assert advice.status_code == 201, advice.text
    assert executing.receive(made, advice.json(), "600").status_code == 201
    body = {
        "schedule_row_id": made.rows()[0]["id"],
        "delivered_quantity": "600",
        "proof_of_delivery": {"signatory": "Асанов Бакыт", "signed_at": executing.now()},
    }
    presented = made.supplier.post(f"{made.url}/acceptances", json=body)
    assert presented.status_code == 201, presented.text
    done = made.buyer.post(
        f"{made.url}/acceptances/1/accept", json={"accepted_quantity": "600", **PROTOCOL}
    )
    assert done.json()["status"] == "final", done.text


def test_a_member_binds_nobody_and_a_refusal_changes_nothing(made: Execution) -> None:
    before = made.rows()
    change = {"rationale_type": "durationExtension", "rationale": "Зима", "value_delta": "0"}
    schedule = {"rows": [executing.row(made)]}
    acts = (
        made.supplier.post(f"{made.url}/changes", json=change),
        made.supplier.post(f"{made.url}/schedules", json=schedule),
        made.supplier.post(
            f"{made.url}/sign", json={"method": "click_to_sign", "sha256": "a" * 64}
        ),
    )
    assert [answer.status_code for answer in acts] == [403, 403, 403]
    assert acts[0].json()["detail"].startswith("The lead of the suppliers")
    assert made.rows() == before
    assert made.supplier.get(made.url).json()["changes"] == []
