"""What stands between a payment that was approved and its sending."""

from uuid import UUID

from sqlmodel import Session

from api.payments.models import PayeeAccount
from api.rules.rails import PayeeState


def blockers(session: Session, beneficiary_id: UUID, payee_account_id: UUID | None) -> list[str]:
    """Stable codes of what forbids to pay the beneficiary now; empty when nothing does.

    Without an account the money goes back by the rail on which it came.
    """
    if payee_account_id is None:
        return []
    account = session.get(PayeeAccount, payee_account_id, populate_existing=True)
    if account is None or account.organisation_id != beneficiary_id:
        return ["payee_account_foreign"]
    if account.state is not PayeeState.VERIFIED:
        return [f"payee_account_{account.state}"]
    return []
