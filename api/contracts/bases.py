"""What a contract rests on: a tender, or an order without one. Its rules are frozen in it. Never
commits.

Whatever reads them asks `policies.policy_of(basis)` and `policies.timetable_of(session, basis)`,
which know no difference. What only tenders have (awards, lots, complaints, releases) is left out of
contracts that rest on an order.
"""

from sqlmodel import Session, select

from api.contracts.models import Contract, PurchaseOrder
from api.procurement.models import Tender
from api.procurement.service import parties

type Basis = Tender | PurchaseOrder


def of(session: Session, contract: Contract) -> Basis:
    """The basis of a contract, as it is read."""
    if contract.order_id is not None:
        return session.get_one(PurchaseOrder, contract.order_id)
    return session.get_one(Tender, contract.tender_id)


def hold(session: Session, contract: Contract) -> Basis:
    """The basis of a contract of the caller's, locked before the contract is; the caller may act in
    the procedure of a tender from now on."""
    if contract.order_id is not None:
        query = select(PurchaseOrder).where(PurchaseOrder.id == contract.order_id)
        held = query.with_for_update().execution_options(populate_existing=True)
        return session.exec(held).one()
    assert contract.tender_id is not None
    tender = parties.hold(session, contract.tender_id)
    parties.join(session, tender)
    return tender
