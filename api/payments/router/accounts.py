"""Routes of accounts: where organisations are paid, where the platform is paid, and by which rail."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Annotated, Any
from uuid import UUID

from fastapi import Query

from api.core import settings
from api.core.errors import AlreadyExists, Conflict, InvalidCursor, PreconditionFailed
from api.core.http import PageDep, documented
from api.core.pages import Page
from api.identity import access
from api.identity.access import Context, require
from api.payments.models import PayeeAccount, PlatformAccount
from api.payments.problems import PayeeFourEyes, PayeeNotReached
from api.payments.schemas.transfers import (
    Country,
    Currency,
    OnboardingLinkOut,
    PayeeAccountId,
    PayeeAccountIn,
    PayeeAccountOut,
    PayeeReasonIn,
    PlatformAccountId,
    PlatformAccountIn,
    PlatformAccountOut,
    RailOut,
    RailRefusalOut,
    RailsOut,
    StripePayeeIn,
)
from api.payments.service import payee_onboarding, payees, platform_accounts
from api.reference import locales
from api.rules import rails
from api.rules.permissions import OrgRole
from api.rules.rails import PayeeState, Purpose, RailName, Route

platform = access.router("/platform-accounts", "platform_accounts")
router = access.router("/payee-accounts", "payee_accounts")
stripe = access.router("/stripe-payee-accounts", "payee_accounts")
choice = access.router("/payment-rails", "payment_rails")
ROUTERS = (platform, router, stripe, choice)
Read = Annotated[Context, require("payments:read")]
Add = Annotated[Context, require("payee_accounts:write", key=True)]
Follow = Annotated[Context, require("payee_accounts:write")]
Retire = Annotated[Context, require("payee_accounts:write", if_match=True)]
Verify = Annotated[Context, require("payee_accounts:verify", if_match=True)]
TreasuryRead = Annotated[Context, require("treasury:read")]
Treasury = Annotated[Context, require("treasury:write", key=True)]
_CHANGED = documented(Conflict, PreconditionFailed)


@platform.get("", response_model=list[PlatformAccountOut])
def list_platform_accounts(ctx: TreasuryRead) -> Sequence[PlatformAccount]:
    """The accounts of the platform at banks, closed ones too. For the operator."""
    return platform_accounts.every(ctx.session)


@platform.post(
    "",
    status_code=201,
    response_model=PlatformAccountOut,
    responses=documented(AlreadyExists),
)
def add_platform_account(data: PlatformAccountIn, ctx: Treasury) -> PlatformAccount:
    """Open an account of the platform: payers are shown it, and payments leave it."""
    return platform_accounts.add(ctx.session, actor=ctx.actor, org_id=ctx.org_id, data=data)


@platform.post(
    "/{platform_account_id}/close",
    response_model=PlatformAccountOut,
    responses=documented(Conflict),
)
def close_platform_account(platform_account_id: PlatformAccountId, ctx: Treasury) -> Any:
    """Show the account to no payer any more. What still comes on it is taken in."""
    found = platform_accounts.locked(ctx.session, platform_account_id)
    platform_accounts.close(ctx.session, found, actor=ctx.actor, org_id=ctx.org_id)
    return found


@router.get("", response_model=Page[PayeeAccountOut], responses=documented(InvalidCursor))
def list(
    ctx: Read,
    page: PageDep,
    state: Annotated[PayeeState | None, Query(description="In this state alone")] = None,
    rail: Annotated[RailName | None, Query(description="Of this rail alone")] = None,
) -> Page[Any]:
    """The accounts that you are paid to, the newest first; the operator sees everybody's."""
    rows, cursor = payees.list_accounts(
        ctx.session, page, org_id=_whose(ctx), state=state, rail=rail
    )
    return Page(items=[*rows], has_more=cursor is not None, next_cursor=cursor)


@router.post(
    "", status_code=201, response_model=PayeeAccountOut, responses=documented(AlreadyExists)
)
def add(data: PayeeAccountIn, ctx: Add) -> PayeeAccount:
    """Add an account at a bank where you are to be paid. The operator verifies it; nothing is paid to
    it before."""
    made = payees.add(ctx.session, organisation_id=ctx.org_id, actor=ctx.actor, data=data)
    ctx.tag(made)
    return made


@stripe.post(
    "",
    status_code=201,
    response_model=PayeeAccountOut,
    responses=documented(PayeeNotReached, AlreadyExists),
)
def open_at_stripe(data: StripePayeeIn, ctx: Add) -> PayeeAccount:
    """Open an account at Stripe, to which you are paid by transfers, or through it at your bank: one
    for each organisation. Stripe opens it in a moment; then ask for a link into its onboarding
    (`…/onboarding-link`). It is verified while Stripe says that it can be paid."""
    made = payee_onboarding.begin(
        ctx.session, organisation_id=ctx.org_id, actor=ctx.actor, data=data
    )
    ctx.tag(made)
    return made


@router.post(
    "/{payee_account_id}/onboarding-link",
    status_code=202,
    response_model=OnboardingLinkOut,
    responses=_CHANGED,
)
def ask_for_onboarding_link(payee_account_id: PayeeAccountId, ctx: Add) -> OnboardingLinkOut:
    """Have a link into Stripe's onboarding made for your account there, and again whenever Stripe asks
    for more (`provider_status`). A GET shows it in a moment."""
    found = _held(ctx, payee_account_id, ctx.org_id)
    payee_onboarding.ask_for_link(ctx.session, found, actor=ctx.actor)
    return payee_onboarding.link(ctx.session, found)


@router.get("/{payee_account_id}/onboarding-link", response_model=OnboardingLinkOut)
def get_onboarding_link(payee_account_id: PayeeAccountId, ctx: Follow) -> OnboardingLinkOut:
    """The link that was asked for last, while it holds: for a person of yours to follow. Who follows it
    says where you are paid."""
    found = payees.get(ctx.session, payee_account_id, org_id=ctx.org_id)
    return payee_onboarding.link(ctx.session, found)


@router.get("/{payee_account_id}", response_model=PayeeAccountOut)
def get(payee_account_id: PayeeAccountId, ctx: Read) -> PayeeAccount:
    """One account."""
    found = payees.get(ctx.session, payee_account_id, org_id=_whose(ctx))
    ctx.tag(found)
    return found


@router.post(
    "/{payee_account_id}/verify",
    response_model=PayeeAccountOut,
    responses=documented(PayeeFourEyes, Conflict, PreconditionFailed),
)
def verify(payee_account_id: PayeeAccountId, ctx: Verify) -> PayeeAccount:
    """Say as the operator that the account is the organisation's: somebody else than who has added
    it. What waited for it is sent."""
    found = _held(ctx, payee_account_id, None)
    payees.verify(ctx.session, found, actor=ctx.actor)
    return _shown(ctx, found)


@router.post("/{payee_account_id}/refuse", response_model=PayeeAccountOut, responses=_CHANGED)
def refuse(payee_account_id: PayeeAccountId, data: PayeeReasonIn, ctx: Verify) -> PayeeAccount:
    """Say as the operator that it is not the organisation's account."""
    found = _held(ctx, payee_account_id, None)
    payees.refuse(ctx.session, found, actor=ctx.actor, reason=data.reason)
    return _shown(ctx, found)


@router.post("/{payee_account_id}/suspend", response_model=PayeeAccountOut, responses=_CHANGED)
def suspend(payee_account_id: PayeeAccountId, data: PayeeReasonIn, ctx: Verify) -> PayeeAccount:
    """Pay nothing to a verified account for now, until it is verified anew."""
    found = _held(ctx, payee_account_id, None)
    if found.state is not PayeeState.VERIFIED:
        raise Conflict(f"The account is {found.state}.")
    payees.suspend(ctx.session, found, actor=ctx.actor, reason=data.reason)
    return _shown(ctx, found)


@router.post("/{payee_account_id}/retire", response_model=PayeeAccountOut, responses=_CHANGED)
def retire(payee_account_id: PayeeAccountId, ctx: Retire) -> PayeeAccount:
    """Close your account: nothing is paid to it any more. Another is added instead."""
    found = _held(ctx, payee_account_id, ctx.org_id)
    payees.retire(ctx.session, found, actor=ctx.actor)
    return _shown(ctx, found)


@choice.get("", response_model=RailsOut)
def list_rails(
    ctx: Read,
    payer_country: Annotated[Country, Query(description="Where the payer is")],
    payee_country: Annotated[Country, Query(description="Where the payee's account is")],
    currency: Annotated[Currency, Query(description="In which is paid")],
    amount: Annotated[Decimal, Query(gt=0, max_digits=20, decimal_places=6)],
    purpose: Annotated[Purpose, Query(description="What is paid for")],
    valid_days: Annotated[
        int, Query(ge=0, le=10_000, description="For how many days a security is held")
    ] = 0,
) -> RailsOut:
    """By which rail a payment could go, and why each other one refuses it."""
    config = settings.get()
    route = Route(
        payer_country=payer_country,
        payee_country=payee_country,
        currency=currency,
        amount=amount,
        places=known.minor_units if (known := locales.currencies().get(currency)) else 2,
        purpose=purpose,
        valid_days=valid_days,
        platform_country=config.stripe_country if config.stripe_key else None,
        global_payouts=config.stripe_financial_account is not None,
        bank_currencies=frozenset(each.currency for each in platform_accounts.opened(ctx.session)),
    )
    told = []
    for rail in RailName:
        refusals = rails.refusals(rail, route)
        shown = [RailRefusalOut(code=each.code, detail=each.detail) for each in refusals]
        told.append(RailOut(rail=rail, fits=not refusals, refusals=shown))
    return RailsOut(chosen=rails.choose(route), rails=told)


def _whose(ctx: Context) -> UUID | None:
    """The caller's organisation; None for the operator, who sees all."""
    return None if ctx.has_role(OrgRole.OPERATOR) else ctx.org_id


def _held(ctx: Context, account_id: UUID, org_id: UUID | None) -> PayeeAccount:
    found = payees.lock(ctx.session, account_id, org_id=org_id)
    ctx.check_version(found)
    return found


def _shown(ctx: Context, account: PayeeAccount) -> PayeeAccount:
    ctx.tag(account)
    return account
