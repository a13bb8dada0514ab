"""What stands between a payment that was approved and its sending. For the workers."""

from collections.abc import Callable
from uuid import UUID

from sqlmodel import Session

from api.identity.models import Organisation
from api.payments.models import PayeeAccount, PaymentOrder
from api.rules.organisations import OrganisationStatus
from api.rules.rails import PayeeState, Purpose
from api.rules.screening import SubjectKind
from api.screening.service import subjects

type Gate = Callable[[Session, UUID], list[str]]
"""Of the resource that an order is about: stable codes of what forbids to pay now."""
_GATES: dict[Purpose, Gate] = {}


def plug(purpose: Purpose, gate: Gate) -> None:
    """Ask `gate` before an order of this purpose is sent."""
    _GATES[purpose] = gate


def blockers(session: Session, order: PaymentOrder) -> list[str]:
    """Stable codes of what forbids to send an order now; empty when nothing does.

    Without an account the money goes back by the rail on which it came.
    """
    found = []
    if gate := _GATES.get(order.purpose):
        found += gate(session, order.resource_id)
    account = (
        session.get_one(PayeeAccount, order.payee_account_id, populate_existing=True)
        if order.payee_account_id
        else None
    )
    if account is not None:
        if account.organisation_id != order.beneficiary_id:
            found.append("payee_account_foreign")
        if account.state is not PayeeState.VERIFIED:
            found.append(f"payee_account_{account.state}")
    beneficiary = session.get_one(Organisation, order.beneficiary_id, populate_existing=True)
    if beneficiary.status is not OrganisationStatus.VERIFIED:
        found.append(f"beneficiary_{beneficiary.status}")
    found += _screened(session, order.beneficiary_id, account)
    return found


def known_blockers(session: Session, order: PaymentOrder) -> list[str]:
    """Why an order that was sent must not be put into a file now, by what the workers have found and the
    open cases: who asks may not have anybody screened anew."""
    found = {*order.blocked_by}
    references = []
    if order.payee_account_id:
        account = session.get_one(PayeeAccount, order.payee_account_id, populate_existing=True)
        references.append(account.id)
        if account.state is not PayeeState.VERIFIED:
            found.add(f"payee_account_{account.state}")
    if subjects.holding(session, order.beneficiary_id, references):
        found.add("screening_open")
    return sorted(found)


def screening_blockers(session: Session, order: PaymentOrder) -> list[str]:
    """Those of `blockers` that are cases of screening."""
    return [code for code in blockers(session, order) if code.endswith("screening_open")]


def _screened(session: Session, beneficiary_id: UUID, account: PayeeAccount | None) -> list[str]:
    """The beneficiary and its bank, held against the lists as they are now; and of an account that the
    platform keeps for a sender its holder."""
    subjects.watch_organisation(session, beneficiary_id)
    references = []
    if account is not None and account.is_sender:
        references.append(account.id)
        subjects.watch(
            session,
            SubjectKind.ORGANISATION,
            account.id,
            organisation_id=account.organisation_id,
            names=[account.holder_name],
            country=account.country,
        )
    if account is not None and account.bank_name:
        references.append(account.id)
        subjects.watch(
            session,
            SubjectKind.BANK,
            account.id,
            organisation_id=account.organisation_id,
            names=[account.bank_name],
            identifiers=[account.bic] if account.bic else [],
            country=account.country,
        )
    held = subjects.holding(session, beneficiary_id, references)
    return ["screening_open"] if held else []
