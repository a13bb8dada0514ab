"""What moves money, or says where it goes, is done once: by a key, or by the version it was made on."""

from collections.abc import Callable
from typing import Any
from uuid import uuid4

from sqlmodel import Session, func, select

from api.core.audit import AuditEntry
from api.identity.access import UnitRoute
from api.main import create_app
from tests.payments import treasury
from tests.payments.treasury import PAYEE, ok

type AsOrg = Callable[..., Any]
SAFE = {
    "bank_statements_upload": "a statement is kept once, by its bytes and by its entries",
    "payment_status_reports_upload": "a report is kept once, by its bytes",
    "payment_schedules_propose": "a PUT beside what is in force, which stays",
}
"""By operation: why a repeat does no harm there without a key and a version."""


def raw(actor: Any, url: str, headers: dict[str, str], **kwargs: Any) -> Any:
    """A POST with nothing but these headers."""
    sent = {"Authorization": f"Bearer {actor.key}", **headers}
    return actor.client.post(url, headers=sent, **kwargs)


def test_api_03_what_is_done_about_money_has_a_key_or_names_a_version() -> None:
    open_ended, changes = set(), 0
    for route in create_app().routes:
        if not isinstance(route, UnitRoute) or "GET" in (route.methods or ()):
            continue
        if not route.plain.__module__.startswith("api.payments."):
            continue
        assert route.needs is not None, route.unique_id
        changes += 1
        if not (route.needs.key or route.needs.if_match):
            open_ended.add(route.unique_id)
    assert changes > 50
    assert open_ended == SAFE.keys()


def test_api_03_api_06_an_account_to_be_paid_on_is_added_by_a_key_and_verified_by_its_version(
    as_org: AsOrg, session: Session
) -> None:
    office, supplier = treasury.opened(as_org), as_org(["supplier"])

    def acts() -> int:
        session.rollback()
        return session.exec(select(func.count()).select_from(AuditEntry)).one()

    before = acts()
    absent = raw(supplier, "/v1/payee-accounts", {}, json=PAYEE)
    assert (absent.status_code, absent.json()["code"]) == (400, "idempotency_key_required")
    assert acts() == before
    key = {"Idempotency-Key": uuid4().hex}
    made = raw(supplier, "/v1/payee-accounts", key, json=PAYEE)
    again = raw(supplier, "/v1/payee-accounts", key, json=PAYEE)
    assert (ok(made), again.headers["idempotent-replayed"]) == (again.json(), "true")

    url, before = f"/v1/payee-accounts/{made.json()['id']}", acts()
    for headers, refusal in (
        ({}, (428, "precondition_required")),
        ({"If-Match": '"77"'}, (412, "precondition_failed")),
    ):
        refused = raw(office.first, f"{url}/verify", headers)
        assert (refused.status_code, refused.json()["code"]) == refusal
    assert (acts(), ok(supplier.get(url))["state"]) == (before, "submitted")
    seen = {"If-Match": made.headers["etag"]}
    assert ok(raw(office.first, f"{url}/verify", seen))["state"] == "verified"
    assert raw(office.first, f"{url}/verify", seen).status_code == 412
