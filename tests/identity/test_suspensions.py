"""A suspended organisation does nothing new, goes on with what is contracted, and may appeal."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlmodel import Session, select

from api.core import ids
from api.core.outbox import OutboxEvent
from api.identity.models import Organisation, Suspension, SuspensionAppeal
from api.rules.organisations import (
    MAY_ACT,
    ORGANISATION,
    OrganisationStatus,
    may_use,
    reinstating,
)
from api.rules.permissions import SCOPES
from tests.catalog import samples
from tests.procurement.awarding import second_client

type AsOrg = Callable[..., Any]
SAID = {"reason": "Forged certificate"}


@pytest.fixture
def operator(as_org: AsOrg) -> Any:
    return as_org(["operator"])


def url(owner: Any) -> str:
    return f"/v1/organisations/{ids.show('organisation', owner.org_id)}"


def suspended(operator: Any, as_org: AsOrg, **fields: Any) -> Any:
    """A seller with an offer that is shown, suspended."""
    owner = as_org(["supplier"], **fields)
    if not fields:
        samples.activated(owner)
    answer = operator.post(f"{url(owner)}/suspend", json=SAID)
    assert answer.json()["status"] == "suspended", answer.text
    return owner


def test_nothing_new_is_shown_offered_or_bid_but_contracts_go_on(
    operator: Any, as_org: AsOrg
) -> None:
    buyer, seller = as_org(["buyer"]), suspended(operator, as_org)

    assert buyer.get("/v1/offers").json()["items"] == []
    assert seller.post("/v1/offers", json=samples.offer(sku="2")).json()["code"] == (
        "organisation_not_active"
    )
    allowed = ("/v1/shipments", "/v1/bids", "/v1/events", "/v1/organisations/me")
    assert {seller.get(path).status_code for path in allowed} == {200}


def test_an_appeal_is_decided_by_another_person_and_upheld_ends_the_suspension(
    operator: Any, as_org: AsOrg, session: Session
) -> None:
    seller = suspended(operator, as_org)
    filed = seller.post("/v1/appeals", json={"statement": "It is genuine"})
    assert filed.status_code == 201, filed.text
    again = seller.post("/v1/appeals", json={"statement": "Once more"})
    assert (again.status_code, again.json()["code"]) == (409, "appeal_open")
    where = f"/v1/appeals/{filed.json()['id']}/decide"
    decision = {"outcome": "upheld", "reason": "The issuer has confirmed it"}

    alone = operator.post(where, json=decision)
    assert (alone.status_code, alone.json()["code"]) == (409, "appeal_decided_alone")
    assert seller.get("/v1/organisations/me").json()["status"] == "suspended"
    assert seller.post(where, json=decision).status_code == 403

    other = second_client(operator)
    assert other.get("/v1/appeals?status=filed").json()["items"][0]["id"] == filed.json()["id"]
    assert other.post(where, json=decision).json()["status"] == "upheld"
    assert seller.get("/v1/organisations/me").json()["status"] == "verified"
    (row,) = session.exec(select(Suspension)).all()
    assert (row.reason, row.end_reason) == (SAID["reason"], decision["reason"])
    types = set(session.exec(select(OutboxEvent.type)).all())
    assert {"appeal.filed", "appeal.upheld"} <= types


def test_a_dismissed_appeal_leaves_the_suspension_and_another_may_follow(
    operator: Any, as_org: AsOrg
) -> None:
    seller = suspended(operator, as_org)
    filed = seller.post("/v1/appeals", json={"statement": "It is genuine"}).json()
    decision = {"outcome": "dismissed", "reason": "The issuer denies it"}

    answer = second_client(operator).post(f"/v1/appeals/{filed['id']}/decide", json=decision)

    assert answer.json()["status"] == "dismissed"
    assert seller.get("/v1/appeals").json()["items"][0]["decision"] == decision["reason"]
    assert seller.get("/v1/organisations/me").json()["status"] == "suspended"
    assert seller.post("/v1/appeals", json={"statement": "New letter"}).status_code == 201
    twice = second_client(operator).post(f"/v1/appeals/{filed['id']}/decide", json=decision)
    assert twice.status_code == 409


def test_an_appeal_lapses_when_the_suspension_ends_otherwise(
    operator: Any, as_org: AsOrg, session: Session
) -> None:
    seller = suspended(operator, as_org)
    seller.post("/v1/appeals", json={"statement": "It is genuine"})

    assert operator.post(f"{url(seller)}/reinstate", json={"reason": "Error"}).status_code == 200

    assert session.exec(select(SuspensionAppeal.status)).all() == ["lapsed"]
    assert seller.post("/v1/appeals", json={"statement": "Late"}).status_code == 409


def test_an_applicant_that_was_suspended_is_an_applicant_again(
    operator: Any, as_org: AsOrg, session: Session
) -> None:
    seller = suspended(operator, as_org, status=OrganisationStatus.SUBMITTED)

    operator.post(f"{url(seller)}/reinstate", json={"reason": "Error"})

    assert session.get_one(Organisation, seller.org_id).status is OrganisationStatus.SUBMITTED


def test_suspensions_are_shown_to_the_organisation_and_the_operator_alone(
    operator: Any, as_org: AsOrg
) -> None:
    seller, stranger = suspended(operator, as_org), as_org(["buyer"])

    (seen,) = seller.get(f"{url(seller)}/suspensions").json()["items"]
    assert (seen["reason"], seen["status_before"]) == (SAID["reason"], "verified")
    assert operator.get(f"{url(seller)}/suspensions").json()["items"] == [seen]
    assert stranger.get(f"{url(seller)}/suspensions").status_code == 404
    assert stranger.get("/v1/appeals").json()["items"] == []


def test_a_terminated_organisation_is_refused(as_org: AsOrg) -> None:
    gone = as_org(["supplier"], status=OrganisationStatus.TERMINATED)

    assert gone.get("/v1/organisations/me").status_code == 403


def test_what_may_be_used_in_each_state_is_of_the_permission_table() -> None:
    new = {"offers:write", "bids:write", "tenders:write", "contracts:write", "contracts:sign"}
    for status in OrganisationStatus:
        used = {scope for scope in SCOPES if may_use(status, scope)}
        assert used == ({*SCOPES} if status in MAY_ACT else used)
        if status is OrganisationStatus.SUSPENDED:
            assert used.isdisjoint(new)
            assert "organisation:write" in used
        if status is OrganisationStatus.TERMINATED:
            assert used == set()


def test_reinstated_an_organisation_is_what_it_was() -> None:
    for status in ORGANISATION.actions["suspend"][0]:
        after = ORGANISATION.apply(reinstating(status), OrganisationStatus.SUSPENDED)
        assert after is status or status is OrganisationStatus.UNDER_REVIEW
