"""Plans and subscriptions, for tests."""

from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from sqlmodel import col, select

from api.core import db, deadlines, ids, sandbox, settings
from api.payments.models import Collection, PlanCharge, SupplierPlan
from api.payments.service import collections
from api.rules.clock import local_date, utcnow
from api.rules.ledger import AccountKey, AccountKind

DAY = 86_400
LIMITS: dict[str, dict[str, Any]] = {
    "free": {"monthly_fees": {}, "bids": 1, "alerts": 1, "listings": 2},
    "maker": {"monthly_fees": {"KGS": "3000", "USD": "30"}, "bids": 5, "alerts": 5, "listings": 9},
    "trader": {"monthly_fees": {"KGS": "6000", "USD": "60"}},
}


def sold(**changed: Any) -> None:
    """Plans that count from today: free, maker and trader."""
    with db.worker_unit_of_work() as session:
        today = local_date(utcnow())
        for code, values in LIMITS.items():
            session.add(
                SupplierPlan(
                    code=code,
                    valid_from=today,
                    names={language: code.title() for language in ("ky", "ru", "en", "zh")},
                    source="test",
                    added_by="test",
                    **{**values, **(changed if code != "free" else {})},
                )
            )


def invoiced(monkeypatch: pytest.MonkeyPatch) -> None:
    """An installation that says who issues invoices."""
    monkeypatch.setattr(settings.get(), "invoice_seller_name", "Kerben LLC")
    monkeypatch.setattr(settings.get(), "invoice_seller_identifier", "KG-INN 01234567890123")
    monkeypatch.setattr(settings.get(), "fee_tax_rate_bp", 1200)


def subscribed(supplier: Any, plan: str = "maker", **changed: Any) -> Any:
    """A subscription, as it answers."""
    body = {"plan": plan, "currency": "KGS", "rail": "bank_transfer", **changed}
    answer = supplier.post("/v1/subscriptions", json=body)
    assert answer.status_code == 201, answer.text
    return answer.json()


def act(supplier: Any, subscription: Any, action: str, **body: Any) -> Any:
    """Try an action on a subscription."""
    url = f"/v1/subscriptions/{subscription['id']}/{action}"
    return supplier.post(url, json=body) if body else supplier.post(url)


def shown(supplier: Any, subscription: Any) -> Any:
    """A subscription as it is now."""
    answer = supplier.get(f"/v1/subscriptions/{subscription['id']}")
    assert answer.status_code == 200, answer.text
    return answer.json()


def charges(supplier: Any, subscription: Any) -> list[Any]:
    """What was asked for a subscription."""
    answer = supplier.get(f"/v1/subscriptions/{subscription['id']}/charges")
    assert answer.status_code == 200, answer.text
    return list(answer.json()["items"])


def quota(supplier: Any, name: str) -> Any:
    """What is allowed of something, and was used."""
    answer = supplier.get("/v1/quotas")
    assert answer.status_code == 200, answer.text
    return next(each for each in answer.json()["quotas"] if each["quota"] == name)


def pay(charge: Any) -> Decimal:
    """The bank receives what a charge and its tax come to."""
    with db.worker_unit_of_work() as session:
        row = session.get_one(PlanCharge, ids.parse("plancharge", charge["id"]))
        found = session.get_one(Collection, row.collection_id)
        left = collections.outstanding(found)
        collections.receive(
            session,
            found,
            amount=left,
            currency=found.currency,
            clearing=AccountKey(AccountKind.BANK_CLEARING, found.currency),
            external_id=f"test:{found.id}",
            actor="test",
        )
        return left


def pass_days(days: float) -> None:
    """Move the clock, and fire what is due."""
    with db.worker_unit_of_work() as session:
        sandbox.advance(session, actor="test", seconds=int(days * DAY))
    with db.worker_unit_of_work() as session:
        deadlines.fire_due(session, db.now(session))


def charge_rows(org_id: UUID) -> list[PlanCharge]:
    """The charges of an organisation, in order."""
    with db.worker_unit_of_work() as session:
        query = select(PlanCharge).where(PlanCharge.org_id == org_id).order_by(col(PlanCharge.id))
        return [*session.exec(query)]
