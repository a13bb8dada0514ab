"""Row-level security of what the sides of a contract see: it holds where a query forgot to ask."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlmodel import Session

from api.core import db
from tests.contracts import delivering
from tests.procurement import awarding
from workers import clock

type AsOrg = Callable[..., Any]
TABLES = (
    "contract_penalty",
    "contract_document",
    "delivery_excuse",
    "delivery_alert",
    "ld_claim",
    "acceptance",
    "acceptance_inspection",
    "acceptance_defect",
    "dispute",
    "dispute_evidence",
    "payment_freeze",
)


def seen(org_id: UUID, **scope: str) -> dict[str, int]:
    """How many rows of each table an organisation sees."""
    with db.unit_of_work(org_id) as unit:
        db.scope(unit, org_id=org_id.hex, **scope)
        return {
            table: int(unit.connection().scalar(text(f"SELECT count(*) FROM {table}")) or 0)
            for table in TABLES
        }


def test_strangers_see_nothing_and_the_commission_what_it_has_to_decide(
    as_org: AsOrg, session: Session, drain: Callable[[], int]
) -> None:
    made = delivering.begun(session, as_org, {"due_in": 1})
    drain()  # contract.schedule_agreed arms the clock
    awarding.advance(5)
    clock.tick()
    drain()
    delivering.received(made, "600")
    assert delivering.presented(made, "600").status_code == 201
    report = delivering.uploaded(made.buyer, b"report")
    day = delivering.noon(delivering.today(session, -1)).isoformat()
    for path, body in (
        ("acceptances/1/defects", {"severity": "minor", "description": "Скол", "quantity": "1"}),
        (
            "acceptances/1/inspections",
            {
                "level": "full",
                "agency": "SGS",
                "inspected_at": day,
                "passed": False,
                "report_document_id": report,
            },
        ),
        ("ld-claims", None),
    ):
        answer = made.buyer.post(made.url(path), json=body)
        assert answer.status_code == 201, answer.text
    excuse = {
        "kind": "force_majeure",
        "first_date": delivering.today(session, -1).isoformat(),
        "last_date": delivering.today(session).isoformat(),
        "evidence": "force_majeure_certificate",
        "issuer": "Chamber of Commerce and Industry",
        "reference": "77",
        "document_id": delivering.uploaded(made.supplier, b"certificate"),
    }
    assert made.supplier.post(made.url("excuses"), json=excuse).status_code == 201
    dispute = made.buyer.post(
        made.url("disputes"),
        json={"type": "defect", "description": "Скол", "desired_outcome": "repair"},
    ).json()
    evidence = {"document_id": report, "description": "Отчёт"}
    url = f"/v1/disputes/{dispute['id']}"
    assert made.buyer.post(f"{url}/evidence", json=evidence).status_code == 201
    for side in (made.buyer, made.supplier):
        assert all(seen(side.org_id).values()), seen(side.org_id)
    stranger = as_org(["supplier", "buyer"])
    assert not any(seen(stranger.org_id).values())
    commission = made.reviewer.org_id
    assert not any(seen(commission, reviewer="on").values())
    for action in ("escalate", "submit"):
        assert made.buyer.post(f"{url}/{action}").status_code == 200
    told = seen(commission, reviewer="on")
    assert {table for table, count in told.items() if count} == {
        "contract_document",
        "dispute",
        "dispute_evidence",
        "payment_freeze",
    }
    assert not any(seen(commission).values())
