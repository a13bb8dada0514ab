"""Scorecards: computed anew from facts, read by the supplier and by buyers. Never commits."""

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from uuid import UUID

from sqlalchemy import delete
from sqlmodel import Session, col, select

from api.contracts.models import (
    Acceptance,
    Contract,
    DeliveryExcuse,
    DeliveryScheduleRow,
    Dispute,
)
from api.core import bulk, db, deadlines
from api.core.errors import NotFound
from api.core.outbox import emit
from api.delivery.models import (
    Scorecard,
    ScorecardFact,
    ScorecardFigure,
    ScorecardPolicy,
)
from api.delivery.service import scorecard_facts, scorecard_policies
from api.identity import service as identity
from api.matching import standings
from api.matching.models import Invitation
from api.rules import scorecards as rules
from api.rules.clock import BISHKEK, local_date
from api.rules.permissions import SELLERS
from api.rules.scorecards import SHARES, Figure, Metric

REFRESH_DUE, CHANGED, RATED = "scorecard.refresh_due", "scorecard.changed", "seller.rated"
_FADES_AFTER = timedelta(days=7)
"""Decay is slow: a scorecard that nothing happens to is computed once a week."""


def recompute_about(session: Session, resource_id: UUID) -> Scorecard | None:
    """Compute the scorecard of the supplier that something has happened to; for the workers.

    `resource_id` is that of a contract, a row of its schedule, an acceptance, a dispute, an excuse,
    an invitation or a supplier. None: it is nobody's.
    """
    supplier_id = _supplier_of(session, resource_id)
    return None if supplier_id is None else recompute(session, supplier_id)


def recompute(session: Session, supplier_id: UUID) -> Scorecard:
    """Compute the scorecard of a supplier from its facts, as of today; for the workers.

    The next computation is armed: when time alone makes a fact, or when decay is due. Emits
    `scorecard.changed` of the supplier when a value is another than before.
    """
    now = db.now(session)
    today = local_date(now)
    policy = scorecard_policies.in_force(session, today)
    parameters = scorecard_policies.parameters_of(policy)
    card = _locked(session, supplier_id, policy, now)
    gathered = scorecard_facts.gather(session, supplier_id, parameters, today)
    found = rules.figures(gathered.facts, parameters, today)
    before = (card.overall, _values(figures_of(session, card)))
    card.overall = rules.overall(found, parameters)
    card.policy_id, card.as_of, card.computed_at = policy.id, today, now
    card.algorithm_version = rules.ALGORITHM
    card.version += 1
    session.add(card)
    _replace(session, card, found, gathered.facts)
    after = (card.overall, {each.metric: each.value for each in found if each.value is not None})
    if before != after:
        emit(session, CHANGED, supplier_id, org_id=supplier_id)
    next_on = min(gathered.next_on or date.max, today + _FADES_AFTER)
    due = datetime.combine(max(next_on, today + timedelta(days=1)), time.min, BISHKEK)
    deadlines.arm(session, REFRESH_DUE, supplier_id, due, org_id=None)
    return card


def rate(session: Session, supplier_id: UUID) -> None:
    """Write what a scorecard says into what matching and buyers' rules read; for the workers.

    Emits `seller.rated`, after which the seller's matches are computed anew.
    """
    card = session.exec(select(Scorecard).where(Scorecard.supplier_id == supplier_id)).one_or_none()
    if card is None:
        return
    values = {
        each.metric: each.value
        for each in figures_of(session, card)
        if each.value is not None and each.metric in SHARES
    }
    standings.write(session, supplier_id, card.overall, values, card.computed_at)
    emit(session, RATED, supplier_id, org_id=supplier_id)


def get(
    session: Session, *, org_id: UUID, reads_all: bool, supplier_id: UUID
) -> tuple[Scorecard, list[ScorecardFigure]]:
    """The scorecard of a supplier with its figures: for the supplier itself, and for buyers.

    One that nothing was computed for yet is shown with no data at all. NotFound for a stranger and
    for an organisation that sells nothing.
    """
    require_reader(session, org_id=org_id, reads_all=reads_all, supplier_id=supplier_id)
    card = session.exec(select(Scorecard).where(Scorecard.supplier_id == supplier_id)).one_or_none()
    if card is not None:
        return card, [*figures_of(session, card)]
    now = db.now(session)
    today = local_date(now)
    policy = scorecard_policies.in_force(session, today)
    empty = Scorecard(
        supplier_id=supplier_id,
        policy_id=policy.id,
        as_of=today,
        algorithm_version=rules.ALGORITHM,
        computed_at=now,
        version=0,
    )
    figures = rules.figures([], scorecard_policies.parameters_of(policy), today)
    return empty, [_row(empty, each) for each in figures]


def figures_of(session: Session, card: Scorecard) -> Sequence[ScorecardFigure]:
    """The figures of a scorecard, in the order of the metrics."""
    session.flush()
    query = select(ScorecardFigure).where(ScorecardFigure.scorecard_id == card.id)
    order = [*Metric]
    return sorted(session.exec(query).all(), key=lambda each: order.index(each.metric))


def facts_of(
    session: Session, *, org_id: UUID, reads_all: bool, supplier_id: UUID, metric: Metric | None
) -> Sequence[ScorecardFact]:
    """The facts behind a supplier's figures, newest first."""
    require_reader(session, org_id=org_id, reads_all=reads_all, supplier_id=supplier_id)
    query = select(ScorecardFact).where(ScorecardFact.supplier_id == supplier_id)
    if metric is not None:
        query = query.where(ScorecardFact.metric == metric)
    newest = col(ScorecardFact.occurred_on).desc()
    return session.exec(query.order_by(newest, col(ScorecardFact.fact))).all()


def require_reader(session: Session, *, org_id: UUID, reads_all: bool, supplier_id: UUID) -> None:
    """Raise NotFound unless the organisation may read the supplier's scorecard."""
    if org_id != supplier_id and not reads_all:
        raise NotFound
    if SELLERS.isdisjoint(identity.get_organisation(session, supplier_id).roles):
        raise NotFound


def _locked(
    session: Session, supplier_id: UUID, policy: ScorecardPolicy, now: datetime
) -> Scorecard:
    """The supplier's scorecard, its row locked; made when there is none."""
    row = bulk.new_row(
        supplier_id=supplier_id,
        policy_id=policy.id,
        as_of=local_date(now),
        overall=None,
        algorithm_version=rules.ALGORITHM,
        computed_at=now,
        version=0,
    )
    bulk.insert_new(session, Scorecard, [row], key=("supplier_id",))
    query = select(Scorecard).where(Scorecard.supplier_id == supplier_id).with_for_update()
    return session.exec(query.execution_options(populate_existing=True)).one()


def _replace(
    session: Session, card: Scorecard, found: Sequence[Figure], facts: Sequence[rules.Fact]
) -> None:
    for model in (ScorecardFigure, ScorecardFact):
        session.exec(delete(model).where(col(model.scorecard_id) == card.id))
    session.add_all([_row(card, each) for each in found])
    first = {each.metric: each.window_from for each in found}
    session.add_all(
        ScorecardFact(
            scorecard_id=card.id,
            supplier_id=card.supplier_id,
            metric=fact.metric,
            fact=fact.id,
            occurred_on=fact.on,
            good=fact.good,
            weight=fact.weight,
            evidence=[*fact.evidence],
            excluded=fact.excluded,
        )
        for fact in facts
        if fact.on >= first[fact.metric]
    )
    session.flush()


def _row(card: Scorecard, found: Figure) -> ScorecardFigure:
    return ScorecardFigure(
        scorecard_id=card.id,
        supplier_id=card.supplier_id,
        metric=found.metric,
        numerator=found.numerator,
        denominator=found.denominator,
        n=found.n,
        window_from=found.window_from,
        window_to=found.window_to,
        value=found.value,
        ci_low=found.ci_low,
        ci_high=found.ci_high,
    )


def _values(figures: Sequence[ScorecardFigure]) -> dict[Metric, object]:
    return {each.metric: each.value for each in figures if each.value is not None}


def _supplier_of(session: Session, resource_id: UUID) -> UUID | None:
    invitation = session.get(Invitation, resource_id)
    if invitation is not None:
        return invitation.seller_id
    of_contract = (
        session.get(Acceptance, resource_id)
        or session.get(Dispute, resource_id)
        or session.get(DeliveryScheduleRow, resource_id)
        or session.get(DeliveryExcuse, resource_id)
    )
    contract_id = resource_id if of_contract is None else of_contract.contract_id
    contract = session.get(Contract, contract_id)
    if contract is not None:
        return contract.supplier_id
    try:
        return identity.get_organisation(session, resource_id).id
    except NotFound:
        return None
