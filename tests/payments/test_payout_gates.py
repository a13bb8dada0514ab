"""Who is paid is known, and on no list: asked before each order is sent, whatever it is for."""

from collections.abc import Callable
from uuid import uuid4

import pytest

from api.core import db, ids
from api.payments.service import payees
from api.rules.rails import INCOMING, OrderStatus, Purpose
from tests.conftest import Actor
from tests.payments.test_rails_orders import came, expect, order, payee, read
from tests.procurement.awarding import second_client
from tests.screening import files


@pytest.mark.parametrize("purpose", sorted(set(Purpose) - INCOMING))
def test_pay_11_nothing_goes_out_to_who_is_not_verified_or_may_be_on_a_list(
    as_org: Callable[..., Actor], drain: Callable[[], int], purpose: Purpose
) -> None:
    operator, buyer, contract = as_org(["operator"]), as_org(["buyer"]), uuid4()
    supplier = as_org(["supplier"], legal_name={"en": "Example Trading LLC"})
    came(expect(buyer.org_id, contract), "1000", "line:1")
    listed = files.table("p,organisation,Example Trading LLC,,,KG,Register 9,,")
    assert files.sent(operator, listed).status_code == 200
    account = payee(supplier.org_id, verified=False)
    url = f"/v1/organisations/{ids.show('organisation', supplier.org_id)}"
    answer = operator.post(f"{url}/suspend", json={"reason": "Being looked at"})
    assert answer.status_code == 200, answer.text
    made = order(contract, supplier.org_id, account, purpose=purpose)
    drain()
    own = ["payment_unknown"] if purpose is Purpose.RELEASE else []
    waits = ["payee_account_submitted", "beneficiary_suspended", "screening_open"]
    assert (read(made).blocked_by, read(made).attempts) == ([*own, *waits], 0)

    with db.worker_unit_of_work() as session:
        payees.verify(session, payees.lock(session, account, org_id=None), actor="other")
    drain()
    assert read(made).blocked_by == [*own, *waits[1:]]
    assert operator.post(f"{url}/reinstate", json={"reason": "In order"}).status_code == 200
    drain()
    assert read(made).blocked_by == [*own, *waits[2:]]
    (case,) = operator.get("/v1/screening-cases").json()["items"]
    url = f"/v1/screening-cases/{case['id']}"
    why = {"reason": "Another company of this name"}
    assert operator.post(f"{url}/propose-clearance", json=why).status_code == 200
    drain()
    assert read(made).blocked_by == [*own, *waits[2:]]
    assert second_client(operator).post(f"{url}/clear").status_code == 200
    drain()
    wanted = OrderStatus.APPROVED if own else OrderStatus.SENT
    assert (read(made).status, read(made).blocked_by) == (wanted, own)
