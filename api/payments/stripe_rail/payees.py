"""Sellers as Accounts v2: made, led through Stripe's onboarding, and payable while Stripe says so.

What decides is the status of a capability of the `recipient` configuration
(https://docs.stripe.com/connect/accounts-v2): `stripe_balance.stripe_transfers` for transfers,
`bank_accounts.local` for Global Payouts. It may be lost at any time.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from sqlmodel import Session, select
from stripe import StripeClient
from stripe.params.v2.core import AccountCreateParams, AccountRetrieveParams

from api.core import db, settings
from api.core.outbox import emit
from api.payments.models import PayeeAccount, StripeObject
from api.payments.rails import RailRefused, RailUnavailable
from api.payments.service import payees as payee_accounts
from api.payments.stripe_rail import client, objects
from api.payments.stripe_rail.objects import ACTOR
from api.rules.offers import plain
from api.rules.rails import PayeeState, RailName, paid_by_transfer
from api.rules.stripe_events import StripeKind

ONBOARD, INVITE = "payments.onboard_payee", "payments.invite_payee"
OF_PAYEE = "kerben_payee_account"


_SAID = "stripe: "
"""How the reason of an account begins that Stripe has suspended or refused: what Stripe says, Stripe
may take back; what the operator says, it may not."""
_OVER = frozenset({PayeeState.REFUSED, PayeeState.RETIRED})


class Link(NamedTuple):
    """A page of Stripe on which a payee answers what is asked; of use once, for some minutes."""

    url: str
    expires_at: datetime


def create(payee: PayeeAccount) -> str:
    """Make the account of a payee at Stripe; told again, the same. Its id.

    Raises RailRefused or RailUnavailable.
    """
    params: AccountCreateParams = {
        "display_name": payee.holder_name,
        "dashboard": "express",
        "identity": {"country": payee.country, "entity_type": "company"},
        "configuration": {"recipient": {"capabilities": _capabilities(payee.country)}},
        "defaults": {
            "responsibilities": {
                "losses_collector": "application",
                "fees_collector": "application",
            }
        },
        "metadata": {OF_PAYEE: payee.id.hex},
    }
    if payee.contact_email is not None:
        params["contact_email"] = payee.contact_email
    with client.calls():
        api = client.get()
        return api.v2.core.accounts.create(params, {"idempotency_key": f"payee:{payee.id}"}).id


def onboard(payee_id: UUID) -> None:
    """Give a payee of this rail its account at Stripe; told again, nothing. What Stripe refuses for
    good is refused here, so that the payee may ask anew for what is possible.

    Raises RailUnavailable. No transaction is open while Stripe is asked.
    """
    with db.worker_unit_of_work() as session:
        payee = session.get_one(PayeeAccount, payee_id)
    if not _waits(payee):
        return
    try:
        account_id, reason = create(payee), ""
    except RailRefused as error:
        account_id, reason = None, f"{_SAID}{error.code}"
    with db.worker_unit_of_work() as session:
        payee = payee_accounts.lock(session, payee_id, org_id=None)
        if account_id is not None:
            _name(session, payee, account_id)
        elif _waits(payee):
            payee_accounts.refuse(session, payee, actor=ACTOR, reason=reason)


def invite(payee_id: UUID) -> None:
    """Make a link into onboarding, kept with the payee. Raises RailRefused or RailUnavailable.

    No transaction is open while Stripe is asked.
    """
    with db.worker_unit_of_work() as session:
        payee = session.get_one(PayeeAccount, payee_id)
    if payee.provider_account_id is None:
        raise RailUnavailable("The payee has no account at Stripe yet.")
    made = link(payee.provider_account_id)
    with db.worker_unit_of_work() as session:
        payee = payee_accounts.lock(session, payee_id, org_id=None)
        payee.onboarding_url, payee.onboarding_expires_at = made
        session.add(payee)


def link(account_id: str) -> Link:
    """A way into Stripe's onboarding. Raises RailRefused or RailUnavailable."""
    back = settings.get().stripe_return_url or settings.get().base_url
    with client.calls():
        made = client.get().v2.core.account_links.create(
            {
                "account": account_id,
                "use_case": {
                    "type": "account_onboarding",
                    "account_onboarding": {"refresh_url": back, "return_url": back},
                },
            }
        )
    return Link(made.url, datetime.fromisoformat(made.expires_at))


def fold(session: Session, api: StripeClient, row: StripeObject) -> None:
    """Fetch an account whose row is locked; a payee is payable while its capability is active.

    Raises stripe.StripeError.
    """
    told = read(api, row.external_id)
    payee = _told_of(session, told)
    if payee is None:
        return
    row.payee_account_id = payee.id
    row.status = payee.provider_status = _status(told, payee.country)
    session.add_all((row, payee))
    if payee.state in _OVER:
        return
    if row.status != payee_accounts.PAYABLE:
        payee_accounts.suspend(session, payee, actor=ACTOR, reason=f"{_SAID}{row.status}")
    elif payee.state is PayeeState.SUBMITTED or (payee.reason or "").startswith(_SAID):
        payee_accounts.verify(session, payee, actor=ACTOR)


def payout_failed(session: Session, account_id: str, told: Mapping[str, Any]) -> None:
    """A payee's bank refused what Stripe paid out of the payee's own balance, where it is again: the
    payee hears of it, and has to name another bank account."""
    payee = _of_account(session, account_id)
    if payee is None:
        return
    row = objects.lock(session, StripeKind.PAYOUT, told["id"])
    if objects.move(session, row, "failed"):
        row.payee_account_id = payee.id
        row.amount, row.currency = objects.money(told["amount"], told["currency"])
        emit(
            session,
            "payee_account.payout_failed",
            payee.id,
            org_id=payee.organisation_id,
            amount=plain(row.amount),
            currency=row.currency,
            reason=told.get("failure_code"),
        )


def read(api: StripeClient, account_id: str) -> dict[str, Any]:
    """An account as it is now. Raises stripe.StripeError."""
    params: AccountRetrieveParams = {"include": ["configuration.recipient"]}
    found: dict[str, Any] = api.v2.core.accounts.retrieve(account_id, params).to_dict()
    return found


def takes_transfers(told: Mapping[str, Any]) -> bool:
    """Whether transfers to the account's balance arrive."""
    return _capability(told, "stripe_balance", "stripe_transfers") == payee_accounts.PAYABLE


def takes_payouts(told: Mapping[str, Any]) -> bool:
    """Whether Global Payouts to its bank arrive."""
    return _capability(told, "bank_accounts", "local") == payee_accounts.PAYABLE


def _status(told: Mapping[str, Any], country: str) -> str:
    by_transfer = paid_by_transfer(country, settings.get().stripe_country)
    group = ("stripe_balance", "stripe_transfers") if by_transfer else ("bank_accounts", "local")
    return _capability(told, *group) or "not_requested"


def _capability(told: Mapping[str, Any], group: str, name: str) -> str | None:
    found: Any = told
    for each in ("configuration", "recipient", "capabilities", group, name, "status"):
        found = (found or {}).get(each)
    return found if isinstance(found, str) else None


def _capabilities(country: str) -> Any:
    if paid_by_transfer(country, settings.get().stripe_country):
        return {"stripe_balance": {"stripe_transfers": {"requested": True}}}
    return {"bank_accounts": {"local": {"requested": True}}}


def _waits(payee: PayeeAccount) -> bool:
    """Whether an account at Stripe is still to be opened for a payee."""
    return (
        payee.rail is RailName.STRIPE
        and payee.provider_account_id is None
        and payee.state not in _OVER
    )


def _name(session: Session, payee: PayeeAccount, account_id: str) -> None:
    payee.provider_account_id, payee.contact_email = account_id, None
    session.add(payee)
    session.flush()


def _told_of(session: Session, told: Mapping[str, Any]) -> PayeeAccount | None:
    """The payee of an account, locked: one that we know, or one that names us before we have written
    down what our own call has made."""
    known = _of_account(session, told["id"])
    named = objects.named(told, OF_PAYEE)
    payee_id = known.id if known else named
    if payee_id is None or session.get(PayeeAccount, payee_id) is None:
        return None
    payee = payee_accounts.lock(session, payee_id, org_id=None)
    if payee.provider_account_id is None and payee.rail is RailName.STRIPE:
        _name(session, payee, told["id"])
    return payee if payee.provider_account_id == told["id"] else None


def _of_account(session: Session, account_id: str) -> PayeeAccount | None:
    query = select(PayeeAccount).where(PayeeAccount.provider_account_id == account_id)
    return session.exec(query).one_or_none()
