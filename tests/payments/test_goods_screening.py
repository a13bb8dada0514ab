"""The goods of contracts, held against lists of controlled goods before anything is paid for them."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlmodel import Session

from tests.payments import paying
from tests.procurement import samples
from tests.procurement.awarding import second_client
from tests.screening import files

type AsOrg = Callable[..., Any]
type Drain = Callable[[], int]
CLEARED = {"reason": "Desks for schools; the list means desks of laboratories"}


def test_pay_11_nothing_of_a_contract_is_paid_while_a_case_about_its_goods_is_open(
    as_org: AsOrg, session: Session, drain: Drain, monkeypatch: pytest.MonkeyPatch
) -> None:
    desks = samples.item(additional_classifications=[{"scheme": "HS", "id": "940320"}])
    monkeypatch.setattr(samples, "item", lambda: desks)
    operator = as_org(["operator"])

    def cases() -> list[Any]:
        drain()
        return list(operator.get("/v1/screening-cases").json()["items"])

    case = paying.agreed(session, as_org, drain)
    paying.fund(case)
    paying.deliver(case, "600")
    assert cases() == []

    listed = files.table("d,goods,Laboratory desks,,,KG,Register 9,,9403 20 80")
    assert files.sent(operator, listed, name="goods").status_code == 200
    (found,) = cases()
    assert (found["matched_by"], found["matched"]) == ("hs_code", "940320")
    assert found["facts"]["subject"]["names"] == ["Парта ученическая двухместная"]
    (due,) = case.payments()
    paying.approved(case, due)
    (order,) = paying.all_orders(session)
    assert (order.status, order.blocked_by) == ("approved", ["goods_screening_open"])

    url = f"/v1/screening-cases/{found['id']}"
    assert operator.post(f"{url}/propose-clearance", json=CLEARED).status_code == 200
    assert second_client(operator).post(f"{url}/clear").status_code == 200
    drain()
    (order,) = paying.all_orders(session)
    assert (order.status, order.blocked_by) == ("sent", [])

    named = files.table("p,goods,Парта,,,KG,Register 9,,")
    assert files.sent(operator, named, name="own").status_code == 200
    (found,) = cases()
    assert (found["matched_by"], found["matched"]) == ("name", "parta")
