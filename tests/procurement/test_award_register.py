"""Awards beside the register of unreliable suppliers, and the members of consortiums in them."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlmodel import Session, select

from api.core import ids
from api.core.audit import AuditEntry
from api.procurement.models import Award, Bid, BidTenderer
from api.rules.bids import TendererRole
from tests.identity import register
from tests.procurement import awarding
from tests.procurement.awarding import Case

type AsOrg = Callable[..., Any]
REASON = {"reason": "Решение"}


@pytest.fixture
def case(as_org: AsOrg, session: Session) -> Case:
    return awarding.ranked(session, as_org)


def shown(actor: Any) -> str:
    return ids.show("organisation", actor.org_id)


def test_the_turn_of_a_debarred_bidder_is_the_next_ones_and_the_trail_says_so(
    case: Case, session: Session
) -> None:
    first, second, third = case.parties.suppliers
    register.debarred(session, first.org_id)

    award = awarding.proposed(case)

    assert award["suppliers"] == [shown(second)]
    stream = f"award:{ids.parse('award', award['id']).hex}"
    [entry] = session.exec(select(AuditEntry).where(AuditEntry.stream == stream))
    bids = {row.supplier_id: row.id for row in bids_of(session)}
    assert entry.change["passed_over"] == [bids[first.org_id].hex]
    # Who is debarred while the proposal waits is not awarded either, and its turn passes on.
    register.debarred(session, second.org_id)
    url = f"/v1/awards/{award['id']}"
    refused = case.parties.chief.post(f"{url}/approve", json=REASON)
    assert (refused.status_code, refused.json()["code"]) == (409, "supplier_debarred")
    awarding.decided(case, award, "reject")
    [put_forward] = [e for e in awards(case) if e["status"] == "pending"]
    assert put_forward["suppliers"] == [shown(third)]


def test_who_is_debarred_after_being_put_forward_is_proposed_to_be_rejected(
    case: Case, session: Session
) -> None:
    _, second, third = case.parties.suppliers
    awarding.decided(case, awarding.proposed(case), "reject")
    [award] = [e for e in awards(case) if e["status"] == "pending"]
    register.debarred(session, second.org_id)
    url = f"/v1/awards/{award['id']}"
    assert case.parties.chief.post(f"{url}/reject", json=REASON).json()["code"] == (
        "award_not_proposed"
    )

    assert case.parties.buyer.post(f"{url}/propose", json=REASON).status_code == 200

    assert case.parties.chief.post(f"{url}/approve", json=REASON).status_code == 409
    awarding.decided(case, award, "reject")
    [next_one] = [e for e in awards(case) if e["status"] == "pending"]
    assert next_one["suppliers"] == [shown(third)]


def test_a_lot_whose_bidders_are_all_debarred_ends_without_an_award(
    case: Case, session: Session
) -> None:
    for supplier in case.parties.suppliers:
        register.debarred(session, supplier.org_id)
    url = f"/v1/tenders/{case.tender['id']}"
    body = {"lot_id": case.lot, **REASON}

    answer = case.parties.buyer.post(f"{url}/awards", json=body)

    assert (answer.status_code, answer.json()["code"]) == (409, "no_bid_left")
    assert session.exec(select(Award)).all() == []
    ended = case.parties.buyer.post(f"{url}/lots/{case.lot}/conclude")
    assert ended.json()["lots"][0]["status"] == "unsuccessful", ended.text


def test_an_organisation_that_was_named_and_never_joined_is_no_supplier_of_the_award(
    case: Case, session: Session, as_org: AsOrg
) -> None:
    first, named = case.parties.suppliers[0], as_org(["supplier"])
    [bid] = [row for row in bids_of(session) if row.supplier_id == first.org_id]
    session.add(
        BidTenderer(
            bid_id=bid.id,
            tender_id=bid.tender_id,
            lead_id=first.org_id,
            organisation_id=named.org_id,
            role=TendererRole.MEMBER,
        )
    )
    session.commit()
    register.debarred(session, named.org_id)

    award = awarding.awarded(case)

    assert award["suppliers"] == [shown(first)]
    body = awarding.complaint(target="award", award_id=award["id"])
    made = named.post(f"/v1/tenders/{case.tender['id']}/complaints", json=body)
    answer = made
    if made.status_code == 201:
        answer = named.post(f"/v1/complaints/{made.json()['id']}/submit")
    assert answer.json()["code"] == "no_standing"


def bids_of(session: Session) -> list[Bid]:
    return [*session.exec(select(Bid))]


def awards(case: Case) -> list[Any]:
    found = case.parties.buyer.get(f"/v1/tenders/{case.tender['id']}/awards").json()["items"]
    return list(found)
