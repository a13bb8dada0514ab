"""Which rails can carry a security, and why not."""

from datetime import timedelta

from api.core.errors import FieldError
from api.payments.service.security_problems import RailUnfit
from api.rules.rails import RailName

CARD_HOLD = timedelta(days=7)
"""How long an authorisation of a card holds money (Stripe, "Place a hold on a payment method")."""


def unfit(rail: RailName, *reasons: str) -> RailUnfit:
    """The refusal of a rail, with its reasons."""
    return RailUnfit(
        f"{rail}: {'; '.join(reasons)}.",
        errors=[FieldError(pointer="#/rail", code="rail_unfit", detail=each) for each in reasons],
    )


def require_fit(rail: RailName, held_for: timedelta) -> None:
    """Raise RailUnfit with the reasons of a rail that cannot hold a security for so long, and with
    what remains."""
    if rail is RailName.GUARANTEE:
        return
    reasons = ["it is not open for securities: give a guarantee"]
    if rail is RailName.STRIPE and held_for > CARD_HOLD:
        held = f"an authorisation of a card holds money for {CARD_HOLD.days} days"
        reasons.insert(0, f"{held}, needed are {held_for.days}")
    raise unfit(rail, *reasons)
