"""Which account of an organisation can be paid to. Never commits."""

from uuid import UUID

from sqlmodel import Session, select

from api.core.errors import refused
from api.payments.milestone_problems import PayeeUnfit
from api.payments.models import PayeeAccount


def require(
    session: Session, account_id: UUID | None, *, org_id: UUID, currency: str
) -> PayeeAccount:
    """An account of the organisation in the currency. Raises Invalid without one, or PayeeUnfit."""
    if account_id is None:
        detail = "Say which account is to be paid to."
        raise refused("#/payee_account_id", "missing", detail)
    query = select(PayeeAccount).where(
        PayeeAccount.id == account_id, PayeeAccount.organisation_id == org_id
    )
    found = session.exec(query).one_or_none()
    if found is None or found.currency != currency:
        raise PayeeUnfit
    return found
