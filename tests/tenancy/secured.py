"""Securities of contracts: a guarantee with an amendment, and a decision to keep it."""

from typing import Any

from api.core import db, ids
from api.payments.service import securities
from tests.payments import securing
from tests.procurement.awarding import Case
from tests.tenancy.world import Story, ok


def secure(story: Story, case: Case, contract: Any) -> None:
    """Secure a contract in force, ours or the stranger's, as far as a proposal to keep it."""
    buyer, supplier = case.parties.buyer, case.parties.suppliers[0]
    guarantee = securing.text(supplier)
    body = {"kind": "advance", "rail": "guarantee", "guarantee": guarantee}
    given = ok(supplier.post(f"/v1/contracts/{contract['id']}/securities", json=body))
    url = f"/v1/guarantees/{given['guarantee_id']}"
    ok(buyer.post(f"{url}/accept", json=securing.VERIFIED))
    with db.worker_unit_of_work() as session:
        securities.follow_guarantee(session, ids.parse("guarantee", given["guarantee_id"]))
    paper = securing.paper(supplier)
    reduction = {"kind": "reduce", "amount": "50000", "document_id": paper}
    ok(supplier.post(f"{url}/amendments", json=reduction))
    kept = securing.forfeiture(buyer, ground="breach_of_contract")
    ok(buyer.post(f"/v1/securities/{given['id']}/forfeitures", json=kept))
    made = {"security": given["id"], "guarantee": given["guarantee_id"]}
    if buyer is story.stranger:
        story.foreign |= made
    else:
        story.ids |= {f"{prefix}_id": id for prefix, id in made.items()}
