"""Invoices about commissions that were kept of payments. Never commits."""

from decimal import Decimal
from uuid import UUID

from sqlmodel import Session

from api.contracts.models import Contract
from api.core import ids, settings
from api.payments.models import MilestonePayment, PaymentOrder
from api.payments.service import fee_invoices, tariffs
from api.rules.fees import FeePurpose, Line
from api.rules.rails import Purpose


def of_order(session: Session, order_id: UUID) -> None:
    """Tell the supplier what was kept of a payment that has arrived; told again, nothing.

    Nothing is told of nothing, nor where the installation names nobody who issues invoices.
    """
    order = session.get_one(PaymentOrder, order_id)
    if order.purpose is not Purpose.RELEASE or settings.get().invoice_seller_name is None:
        return
    payment = session.get_one(MilestonePayment, order.resource_id)
    contract = session.get_one(Contract, payment.contract_id)
    kept = tariffs.frozen(session, contract.id)
    if kept is None or not payment.commission:
        return
    amount = payment.commission
    fee_invoices.issue(
        session,
        key=f"commission:{payment.id}",
        org_id=contract.supplier_id,
        purpose=FeePurpose.COMMISSION,
        lines=[
            Line(
                "commission",
                contract.ocid or ids.show("contract", contract.id),
                Decimal(1),
                amount,
                amount,
            )
        ],
        details=[{"rate_bp": kept.rate_bp}],
        currency=payment.currency,
        actor="fees",
        resource_id=contract.id,
        withheld=True,
    )
