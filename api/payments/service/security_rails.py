"""Which rails can carry a security, and why not. Never commits."""

from datetime import timedelta
from uuid import UUID

from sqlmodel import Session

from api.core.errors import FieldError
from api.payments.service.security_problems import RailUnfit
from api.procurement.models import Tender
from api.rules.guarantees import GuaranteeKind
from api.rules.rails import RailName
from api.rules.tenders import Value


def unfit(rail: RailName, *reasons: str) -> RailUnfit:
    """The refusal of a rail, with its reasons."""
    return RailUnfit(
        f"{rail}: {'; '.join(reasons)}.",
        errors=[FieldError(pointer="#/rail", code="rail_unfit", detail=each) for each in reasons],
    )


def require_fit(
    session: Session,
    tender: Tender,
    *,
    rail: RailName,
    kind: GuaranteeKind,
    payer_id: UUID,
    value: Value,
    held_for: timedelta,
) -> None:
    """Raise RailUnfit with the reasons of a rail that cannot hold `value` for so long, and with the
    rails that can."""
    if rail is not RailName.GUARANTEE:
        raise unfit(rail, "not available")
