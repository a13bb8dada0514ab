"""The numbers that scorecards are computed with: dated rows, added by the operator. Never commits."""

from collections.abc import Sequence
from datetime import date
from uuid import UUID

from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, select

from api.core import audit, db
from api.core.errors import AlreadyExists, refused
from api.delivery.models import ScorecardPolicy
from api.delivery.schemas.scorecards import ScorecardPolicyIn
from api.rules.clock import local_date
from api.rules.scorecards import Metric, Parameters


def in_force(session: Session, on: date) -> ScorecardPolicy:
    """The policy of a day: the latest that counts from it or from an earlier day."""
    query = select(ScorecardPolicy).where(ScorecardPolicy.valid_from <= on)
    return session.exec(query.order_by(col(ScorecardPolicy.valid_from).desc()).limit(1)).one()


def list_policies(session: Session) -> Sequence[ScorecardPolicy]:
    """Every policy, the latest first."""
    return session.exec(
        select(ScorecardPolicy).order_by(col(ScorecardPolicy.valid_from).desc())
    ).all()


def create(
    session: Session, *, org_id: UUID, actor: str, data: ScorecardPolicyIn
) -> ScorecardPolicy:
    """Enter the numbers that count from a later day on; Invalid, or AlreadyExists for that day."""
    if data.valid_from <= local_date(db.now(session)):
        detail = "Scorecards that were read already stand: name a later day."
        raise refused("#/valid_from", "not_later", detail)
    made = ScorecardPolicy(
        **data.model_dump(exclude={"weights"}),
        weights={metric.value: weight for metric, weight in data.weights.items()},
    )
    try:
        with session.begin_nested():
            session.add(made)
    except IntegrityError as error:
        raise AlreadyExists("A policy counts from this day already.") from error
    told = data.model_dump(mode="json")
    stream = f"scorecard_policy:{made.id.hex}"
    audit.record(session, stream, "create", actor=actor, org_id=org_id, change=told)
    return made


def parameters_of(policy: ScorecardPolicy) -> Parameters:
    """The policy as the rules take it."""
    return Parameters(
        min_count=policy.min_count,
        prior_good=policy.prior_good,
        prior_bad=policy.prior_bad,
        half_life_days=policy.half_life_days,
        window_days=policy.window_days,
        response_days=policy.response_days,
        acknowledgement_days=policy.acknowledgement_days,
        weights={Metric(name): weight for name, weight in policy.weights.items()},
    )
