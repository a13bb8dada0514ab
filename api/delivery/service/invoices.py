"""Invoices of suppliers, checked against the contract and kept as they came. Never commits."""

import hashlib
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, select

from api.contracts import queries as contracts
from api.contracts import schedule_rows
from api.contracts.models import Contract
from api.core import audit, db, ids
from api.core.errors import AlreadyExists, NotFound
from api.core.outbox import emit
from api.delivery.models import Invoice
from api.delivery.problems import ContractNotInForce
from api.delivery.service import shipments
from api.delivery.ubl import orders
from api.delivery.ubl.invoices import read_invoice
from api.rules.contracts import ContractStatus, Side

_INVOICED = (ContractStatus.ACTIVE, ContractStatus.TERMINATED)


def send(session: Session, contract: Contract, *, org_id: UUID, actor: str, body: bytes) -> Invoice:
    """Keep the supplier's Invoice under a contract.

    Raises Forbidden, ContractNotInForce, AlreadyExists for its number, and Invalid, which names the
    element.
    """
    shipments.require_side(contract, org_id, Side.SUPPLIER)
    contracts.side_of(contract, org_id)
    if contract.status not in _INVOICED:
        raise ContractNotInForce
    units = {str(row.number): row.unit_code for row in schedule_rows.in_force(session, contract.id)}
    read = read_invoice(body, currency=contract.value_currency, units=units)
    orders.require_same(read.order, ids.show("contract", contract.id))
    made = Invoice(
        contract_id=contract.id,
        number=read.number,
        issued_by=org_id,
        actor=actor,
        issue_date=read.issue_date,
        due_date=read.due_date,
        payable_amount=read.payable,
        currency=read.currency,
        document=body,
        sha256=hashlib.sha256(body).hexdigest(),
        received_at=db.now(session),
    )
    try:
        with session.begin_nested():
            session.add(made)
    except IntegrityError as error:
        raise AlreadyExists("The contract has an invoice of this number.") from error
    told: dict[str, Any] = {
        "number": made.number,
        "payable": f"{made.payable_amount:f}",
        "sha256": made.sha256,
    }
    stream = f"invoice:{made.id.hex}"
    audit.record(session, stream, "send", actor=actor, org_id=org_id, change=told)
    emit(
        session,
        "invoice.received",
        made.id,
        org_id=contract.buyer_id,
        also=[org_id],
        contract_id=contract.id.hex,
        **told,
    )
    return made


def list_invoices(session: Session, contract: Contract) -> Sequence[Invoice]:
    """The invoices of a contract, in the order in which they came."""
    query = select(Invoice).where(Invoice.contract_id == contract.id)
    return session.exec(query.order_by(col(Invoice.id))).all()


def get(session: Session, *, org_id: UUID, invoice_id: UUID) -> Invoice:
    """An invoice of a contract that the organisation is a party to; NotFound."""
    found = session.exec(
        select(Invoice)
        .join(Contract, col(Contract.id) == Invoice.contract_id)
        .where(Invoice.id == invoice_id, contracts.party_to(org_id))
    ).one_or_none()
    if found is None:
        raise NotFound
    return found
