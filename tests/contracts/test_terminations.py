"""Contracts that both sides give up: the buyer proposes it, and the supplier agrees."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlmodel import Session, select

from api.core.outbox import OutboxEvent
from api.rules.contracts import ContractStatus, TerminationReason
from tests.contracts import signing
from tests.procurement import awarding

type AsOrg = Callable[..., Any]
MUTUAL = {"reason": "mutual", "details": "Потребности больше нет"}


@pytest.fixture
def case(as_org: AsOrg, session: Session) -> awarding.Case:
    return awarding.ranked(session, as_org)


def test_a_contract_is_given_up_by_both_sides_and_not_by_the_buyer_alone(
    case: awarding.Case, session: Session
) -> None:
    made = signing.in_force(case, awarding.awarded(case))
    buyer, (supplier, rival, _) = case.parties.buyer, case.parties.suppliers
    url = f"/v1/contracts/{made['id']}"
    early = supplier.post(f"{url}/agree-termination")

    proposed = buyer.post(f"{url}/terminate", json=MUTUAL)

    assert (early.status_code, early.json()["code"]) == (409, "termination_not_proposed")
    assert proposed.status_code == 200, proposed.text
    assert proposed.json()["status"] == "active"
    assert supplier.get(url).json()["termination_proposal"] == MUTUAL["details"]
    assert [by.post(f"{url}/agree-termination").status_code for by in (buyer, rival)] == [404, 404]
    row = signing.row(session, made)
    assert (row.status, row.termination_reason) == (ContractStatus.ACTIVE, None)

    done = supplier.post(f"{url}/agree-termination")

    assert done.status_code == 200, done.text
    row = signing.row(session, made)
    assert (row.status, row.termination_reason, row.termination_details) == (
        ContractStatus.TERMINATED,
        TerminationReason.MUTUAL,
        MUTUAL["details"],
    )
    told = [e.type for e in session.exec(select(OutboxEvent).order_by(OutboxEvent.id))]  # type: ignore[arg-type]
    assert told[-2:] == ["contract.termination_proposed", "contract.terminated"]
    assert supplier.post(f"{url}/agree-termination").status_code == 409


def test_a_proposal_is_withdrawn_and_a_breach_still_ends_the_contract_at_once(
    case: awarding.Case, session: Session
) -> None:
    made = signing.in_force(case, awarding.awarded(case))
    buyer, supplier = case.parties.buyer, case.parties.suppliers[0]
    url = f"/v1/contracts/{made['id']}"
    assert buyer.post(f"{url}/withdraw-termination").json()["code"] == "termination_not_proposed"
    buyer.post(f"{url}/terminate", json=MUTUAL)
    assert supplier.post(f"{url}/withdraw-termination").status_code == 404

    assert buyer.post(f"{url}/withdraw-termination").json()["termination_proposal"] is None

    assert supplier.post(f"{url}/agree-termination").status_code == 409
    assert signing.row(session, made).status is ContractStatus.ACTIVE
    ended = buyer.post(f"{url}/terminate", json={"reason": "breach", "details": "Не поставлено"})
    assert (ended.json()["status"], ended.json()["termination_reason"]) == ("terminated", "breach")
    assert buyer.post(f"{url}/terminate", json=MUTUAL).status_code == 409
