"""Which rails can carry a security, and why not."""

import math
from datetime import timedelta

from sqlmodel import Session, col, select

from api.core import settings
from api.core.errors import FieldError
from api.payments.models import PlatformAccount
from api.payments.service.security_problems import RailUnfit
from api.rules import rails
from api.rules.rails import Purpose, RailName, Route

_DAY = timedelta(days=1)


def unfit(rail: RailName, *reasons: str) -> RailUnfit:
    """The refusal of a rail, with its reasons."""
    return RailUnfit(
        f"{rail}: {'; '.join(reasons)}.",
        errors=[FieldError(pointer="#/rail", code="rail_unfit", detail=each) for each in reasons],
    )


def require_fit(
    session: Session, rail: RailName, *, purpose: Purpose, currency: str, held_for: timedelta
) -> None:
    """Raise RailUnfit with the reasons of a rail that cannot hold a security of this currency for so
    long, and with those that can."""
    config = settings.get()
    open_accounts = select(PlatformAccount.currency).where(col(PlatformAccount.closed_at).is_(None))
    route = Route(
        payer_country="",
        payee_country="",
        currency=currency,
        purpose=purpose,
        valid_days=math.ceil(held_for / _DAY),
        platform_country=config.stripe_country if config.stripe_key is not None else None,
        bank_currencies=frozenset(session.exec(open_accounts)),
    )
    if reasons := [each.detail.rstrip(".") for each in rails.refusals(rail, route)]:
        left = [each for each in RailName if not rails.refusals(each, route)]
        raise unfit(rail, *reasons, f"what remains: {', '.join(left)}")
