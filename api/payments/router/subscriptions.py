"""Routes of suppliers' subscriptions to plans, and of their quotas."""

from typing import Annotated, Any

from api.core.errors import AlreadyExists, Conflict, InvalidCursor, PreconditionFailed
from api.core.http import PageDep, documented
from api.core.pages import Page
from api.identity import access
from api.identity.access import Context, require
from api.payments.models import Collection, PlanSubscription
from api.payments.problems import SellerUnknown, SubscriptionUnpaid
from api.payments.schemas.plans import (
    ChangePlanIn,
    ChargeOut,
    QuotaOut,
    QuotasOut,
    SubscribeIn,
    SubscriptionId,
    SubscriptionOut,
)
from api.payments.service import plan_charges, plan_quotas, subscriptions

router = access.router("/subscriptions", "subscriptions")
quota_router = access.router("/quotas", "subscriptions")
Read = Annotated[Context, require("subscriptions:read")]
Subscribe = Annotated[Context, require("subscriptions:write", key=True)]
Change = Annotated[Context, require("subscriptions:write", if_match=True)]


@router.post(
    "",
    status_code=201,
    response_model=SubscriptionOut,
    responses=documented(AlreadyExists, SellerUnknown, SubscriptionUnpaid),
)
def start(data: SubscribeIn, ctx: Subscribe) -> PlanSubscription:
    """Subscribe to a plan. Its quotas count at once; by Stripe, once Stripe has taken it."""
    made = subscriptions.subscribe(ctx.session, org_id=ctx.org_id, actor=ctx.actor, data=data)
    ctx.tag(made)
    return made


@router.get("", response_model=Page[SubscriptionOut], responses=documented(InvalidCursor))
def list(ctx: Read, page: PageDep) -> Page[Any]:
    """Your subscriptions, the newest first: at most one of them has not ended."""
    rows, cursor = subscriptions.list_subscriptions(ctx.session, page, org_id=ctx.org_id)
    return Page(items=[*rows], has_more=cursor is not None, next_cursor=cursor)


@router.get("/{subscription_id}", response_model=SubscriptionOut)
def get(subscription_id: SubscriptionId, ctx: Read) -> PlanSubscription:
    """A subscription of yours."""
    found = subscriptions.get(ctx.session, subscription_id, org_id=ctx.org_id)
    ctx.tag(found)
    return found


@router.get("/{subscription_id}/charges", response_model=Page[ChargeOut])
def list_charges(subscription_id: SubscriptionId, ctx: Read) -> Page[Any]:
    """What was asked for a subscription, and how it is paid; the earliest first."""
    found = subscriptions.get(ctx.session, subscription_id, org_id=ctx.org_id)
    items = []
    for charge in plan_charges.every(ctx.session, found):
        paid_by = (
            ctx.session.get(Collection, charge.collection_id) if charge.collection_id else None
        )
        items.append(
            ChargeOut(
                **charge.model_dump(include=set(ChargeOut.model_fields)),
                reference=paid_by.reference if paid_by else None,
                payment_url=paid_by.pay_url if paid_by else None,
            )
        )
    return Page(items=items, has_more=False, next_cursor=None)


@router.post(
    "/{subscription_id}/change",
    response_model=SubscriptionOut,
    responses=documented(Conflict, SubscriptionUnpaid, PreconditionFailed),
)
def change(subscription_id: SubscriptionId, data: ChangePlanIn, ctx: Change) -> PlanSubscription:
    """Ask for another plan. A dearer one counts at once, and the difference of the fees for the
    rest of the period is charged; any other follows when the period is over."""
    found = subscriptions.lock(ctx.session, subscription_id, org_id=ctx.org_id)
    ctx.check_version(found)
    subscriptions.change(ctx.session, found, actor=ctx.actor, code=data.plan)
    ctx.tag(found)
    return found


@router.post(
    "/{subscription_id}/cancel",
    response_model=SubscriptionOut,
    responses=documented(Conflict, PreconditionFailed),
)
def cancel(subscription_id: SubscriptionId, ctx: Change) -> PlanSubscription:
    """End the subscription when its period is over. Nothing is refunded."""
    found = subscriptions.lock(ctx.session, subscription_id, org_id=ctx.org_id)
    ctx.check_version(found)
    subscriptions.cancel(ctx.session, found, actor=ctx.actor)
    ctx.tag(found)
    return found


@quota_router.get("", response_model=QuotasOut)
def usage(ctx: Read) -> QuotasOut:
    """The plan whose quotas count for you now, and what you have used of them."""
    plan, used = plan_quotas.usage(ctx.session, ctx.org_id)
    return QuotasOut(plan=plan.code, quotas=[QuotaOut.model_validate(each) for each in used])
