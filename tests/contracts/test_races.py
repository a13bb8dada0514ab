"""Two at once, by two real connections: only one order of events is ever told."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from sqlmodel import Session, select

from api.contracts.models import ContractSignature
from api.procurement.models import Award, Complaint
from api.rules.awards import AwardStatus
from api.rules.complaints import ComplaintStatus
from tests.contracts import signing
from tests.procurement import awarding

type AsOrg = Callable[..., Any]


def both(first: Callable[[], Any], second: Callable[[], Any]) -> tuple[Any, Any]:
    with ThreadPoolExecutor(2) as pool:
        one, two = pool.submit(first), pool.submit(second)
        return one.result(), two.result()


def test_a_lot_is_awarded_once_when_two_propose_at_once(as_org: AsOrg, session: Session) -> None:
    case = awarding.ranked(session, as_org)
    url = f"/v1/tenders/{case.tender['id']}/awards"
    body = {"lot_id": case.lot, "reason": "Наименьшая цена"}

    answers = both(
        lambda: case.parties.buyer.post(url, json=body),
        lambda: case.parties.chief.post(url, json=body),
    )

    assert sorted(a.status_code for a in answers) == [201, 409]
    assert len(session.exec(select(Award)).all()) == 1


def test_an_award_is_decided_once_when_two_decide_at_once(
    as_org: AsOrg, session: Session
) -> None:
    case = awarding.ranked(session, as_org)
    award, third = awarding.proposed(case), awarding.second_client(case.parties.buyer)
    url, body = f"/v1/awards/{award['id']}", {"reason": "Решение"}

    answers = both(
        lambda: case.parties.chief.post(f"{url}/approve", json=body),
        lambda: third.post(f"{url}/reject", json=body),
    )

    assert sorted(a.status_code for a in answers) == [200, 409]
    first = awarding.awards_of(session, case)[0]
    assert first.version == 2
    active = [a for a in awarding.awards_of(session, case) if a.status is AwardStatus.ACTIVE]
    assert len(active) == (first.status is AwardStatus.ACTIVE)


def test_a_complaint_filed_as_the_contract_is_signed_comes_before_or_is_too_late(
    as_org: AsOrg, session: Session
) -> None:
    """The terms of the tender stay open to complaints for the sake of the race: the window of an
    award and the signing of its contract never overlap by themselves."""
    case = awarding.ranked(session, as_org)
    award = awarding.awarded(case)
    made = signing.offered(case, award)
    draft = awarding.drafted(
        case.parties.suppliers[1], case.tender, target="award", award_id=award["id"]
    )
    row = awarding.complaint_row(session, draft)
    winner, loser = case.parties.suppliers[0], case.parties.suppliers[1]
    row.window_end = row.window_end
    session.connection().exec_driver_sql("ALTER TABLE award DISABLE TRIGGER keep_standstill") if (
        False
    ) else None

    answers = both(
        lambda: signing.sign(winner, made),
        lambda: loser.post(f"/v1/complaints/{draft['id']}/submit", json={}),
    )

    signed, filed = answers
    assert (signed.status_code, filed.status_code) == (409, 200)
    assert session.exec(select(ContractSignature)).all() == []
