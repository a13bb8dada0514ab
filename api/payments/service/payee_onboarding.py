"""How an organisation comes to an account at Stripe, and into Stripe's questions about it. Never
commits; Stripe itself is asked by jobs.
"""

from uuid import UUID

from sqlmodel import Session

from api.core import audit, db, settings
from api.core.errors import Conflict, FieldError
from api.core.outbox import emit
from api.payments.models import PayeeAccount
from api.payments.problems import PayeeNotReached
from api.payments.schemas.transfers import OnboardingLinkOut, StripePayeeIn
from api.payments.service import payees
from api.rules import rails
from api.rules.rails import PayeeState, Purpose, RailName, Route

LINK_ASKED = "payee_account.onboarding_link_asked"


def begin(
    session: Session, *, organisation_id: UUID, actor: str, data: StripePayeeIn
) -> PayeeAccount:
    """Add an account that is to be opened at Stripe.

    Raises PayeeNotReached with each reason for which Stripe could not pay to it, or AlreadyExists.
    """
    config = settings.get()
    route = Route(
        payer_country=config.stripe_country,
        payee_country=data.country,
        currency=data.currency,
        purpose=Purpose.RELEASE,
        platform_country=config.stripe_country if config.stripe_key else None,
        global_payouts=config.stripe_financial_account is not None,
    )
    if found := rails.refusals(RailName.STRIPE, route):
        raise PayeeNotReached(
            " ".join(each.detail for each in found),
            errors=[
                FieldError(pointer="#/country", code=each.code, detail=each.detail)
                for each in found
            ],
        )
    return payees.add_at_stripe(session, organisation_id=organisation_id, actor=actor, data=data)


def ask_for_link(session: Session, account: PayeeAccount, *, actor: str) -> None:
    """Have a link into Stripe's onboarding made; the one before is forgotten.

    Raises Conflict for an account that is not at Stripe, not yet, or not any more.
    """
    if account.rail is not RailName.STRIPE:
        raise Conflict("The account is at a bank.")
    if account.state in (PayeeState.REFUSED, PayeeState.RETIRED):
        raise Conflict(f"The account is {account.state}.")
    if account.provider_account_id is None:
        raise Conflict("Stripe has not opened the account yet.")
    account.onboarding_url = account.onboarding_expires_at = None
    session.add(account)
    audit.record(
        session,
        f"payee_account:{account.id.hex}",
        "ask_for_onboarding",
        actor=actor,
        org_id=account.organisation_id,
        change={},
    )
    emit(session, LINK_ASKED, account.id, org_id=account.organisation_id)


def link(session: Session, account: PayeeAccount) -> OnboardingLinkOut:
    """The link that was made, while it holds."""
    until = account.onboarding_expires_at
    if until is None or until <= db.now(session):
        return OnboardingLinkOut(url=None, expires_at=None)
    return OnboardingLinkOut(url=account.onboarding_url, expires_at=until)
