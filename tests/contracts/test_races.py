"""Two at once, by two real connections: only one order of events is ever told."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import psycopg
from sqlmodel import Session, select

from api.contracts.models import ContractSignature
from api.procurement.models import Award
from api.rules.awards import AwardStatus
from api.rules.complaints import ComplaintStatus
from tests.contracts import signing
from tests.procurement import awarding

type AsOrg = Callable[..., Any]


def both(first: Callable[[], Any], second: Callable[[], Any]) -> tuple[Any, Any]:
    with ThreadPoolExecutor(2) as pool:
        one, two = pool.submit(first), pool.submit(second)
        return one.result(), two.result()


def test_api_06_a_lot_is_awarded_once_when_two_propose_at_once(
    as_org: AsOrg, session: Session
) -> None:
    case = awarding.ranked(session, as_org)
    url = f"/v1/tenders/{case.tender['id']}/awards"
    body = {"lot_id": case.lot, "reason": "Наименьшая цена"}

    answers = both(
        lambda: case.parties.buyer.post(url, json=body),
        lambda: case.parties.chief.post(url, json=body),
    )

    assert sorted(a.status_code for a in answers) == [201, 409]
    assert len(session.exec(select(Award)).all()) == 1


def test_api_06_an_award_is_decided_once_when_two_decide_at_once(
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


def test_a_complaint_filed_as_the_standstill_ends_is_never_overtaken_by_a_signature(
    as_org: AsOrg, session: Session, superuser: psycopg.Connection[Any]
) -> None:
    case = awarding.ranked(session, as_org)
    award = awarding.awarded(case)
    made = signing.offered(case, award)
    winner, loser = case.parties.suppliers[0], case.parties.suppliers[1]
    draft = awarding.drafted(loser, case.tender, target="award", award_id=award["id"])
    superuser.execute("UPDATE award SET standstill_end = clock_timestamp() + interval '80 ms'")

    def until_decided() -> Any:
        for _ in range(500):
            answer = signing.sign(winner, made)
            told = {error["code"] for error in answer.json().get("errors", [])}
            if answer.status_code == 200 or "complaint_open" in told:
                return answer
        return answer

    signed, filed = both(
        until_decided, lambda: loser.post(f"/v1/complaints/{draft['id']}/submit", json={})
    )

    assert sorted((signed.status_code, filed.status_code)) == [200, 409], filed.text
    signatures = len(session.exec(select(ContractSignature)).all())
    found = awarding.complaint_row(session, draft).status
    assert (signatures, found) in ((0, ComplaintStatus.PENDING), (1, ComplaintStatus.DRAFT))


def test_two_changes_that_fit_the_cap_only_one_by_one_do_not_pass_together(
    as_org: AsOrg, session: Session
) -> None:
    case = awarding.ranked(session, as_org)
    made = signing.in_force(case, awarding.awarded(case))
    url = f"/v1/contracts/{made['id']}/changes"
    for _ in range(2):
        body = {"rationale_type": "taxRate", "rationale": "НДС", "value_delta": "49999"}
        assert case.parties.buyer.post(url, json=body).status_code == 201
    winner = case.parties.suppliers[0]
    other = awarding.second_client(winner)

    answers = both(
        lambda: winner.post(f"{url}/1/agree"),
        lambda: other.post(f"{url}/2/agree"),
    )

    assert sorted(a.status_code for a in answers) == [200, 409]
    assert {a.json().get("code") for a in answers if a.status_code == 409} == {
        "change_cap_exceeded"
    }
    assert signing.row(session, made).value_amount == 1_049_999
