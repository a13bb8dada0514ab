"""What scorecards say of sellers, as matching and buyers' rules read it. Never commits.

The figures are computed by a feature above, which writes them here; a seller without one, or with
not enough data, is neither warned of nor kept out.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy import delete
from sqlmodel import Session, col, select

from api.core import audit, bulk
from api.core.errors import Conflict, FieldError
from api.matching.models import PerformanceRule, SupplierPerformance
from api.matching.schemas import PerformanceRuleIn
from api.rules import scorecards
from api.rules.scorecards import Act, Metric, Verdict

OVERALL = "overall"


class SupplierBelowPolicy(Conflict):
    """The supplier's scorecard is below what your own rules let pass; `detail` says which figure."""

    code, title = "supplier_below_policy", "The supplier's scorecard is below your rule"


@dataclass(frozen=True, slots=True)
class Finding:
    """A rule of a buyer that a seller's figure falls under. `metric` is None for the overall."""

    seller_id: UUID
    metric: Metric | None
    value: Decimal
    below: Decimal
    verdict: Verdict

    @property
    def reason(self) -> str:
        """The rule and the figure, in words."""
        name = self.metric or OVERALL
        return f"{name} is {self.value:.4f}, below {self.below:f} of your rule."


def write(
    session: Session,
    seller_id: UUID,
    overall: Decimal | None,
    metrics: Mapping[Metric, Decimal],
    at: datetime,
) -> None:
    """Keep what a seller's scorecard says, in the place of what it said before."""
    row = bulk.new_row(
        seller_id=seller_id,
        overall=overall,
        metrics={metric.value: str(value) for metric, value in metrics.items()},
        computed_at=at,
    )
    bulk.insert(session, SupplierPerformance, [row], key=("seller_id",))


def overall_of(session: Session, seller_ids: Collection[UUID]) -> dict[UUID, Decimal]:
    """The overall values of those sellers that have one."""
    if not seller_ids:
        return {}
    rows = session.exec(
        select(SupplierPerformance).where(
            col(SupplierPerformance.seller_id).in_(seller_ids),
            col(SupplierPerformance.overall).is_not(None),
        )
    ).all()
    return {row.seller_id: row.overall for row in rows if row.overall is not None}


def findings(
    session: Session, *, buyer_id: UUID, seller_ids: Sequence[UUID], act: Act
) -> list[Finding]:
    """Which rules of the buyer the sellers' figures fall under at an act, in the rules' order."""
    rules = [rule for rule in rules_of(session, buyer_id) if rule.act is act]
    if not rules:
        return []
    known = session.exec(
        select(SupplierPerformance)
        .where(col(SupplierPerformance.seller_id).in_(seller_ids))
        .order_by(col(SupplierPerformance.seller_id))
    ).all()
    return [
        finding
        for seller in known
        for rule in rules
        if (finding := _finding(seller, rule)) is not None
    ]


def require(session: Session, *, buyer_id: UUID, seller_ids: Sequence[UUID], act: Act) -> None:
    """Raise SupplierBelowPolicy when a rule of the buyer prevents the act."""
    found = findings(session, buyer_id=buyer_id, seller_ids=seller_ids, act=act)
    prevented = [each for each in found if each.verdict is Verdict.PREVENT]
    if prevented:
        errors = [
            FieldError(pointer="#", code=each.metric or OVERALL, detail=each.reason)
            for each in prevented
        ]
        raise SupplierBelowPolicy(prevented[0].reason, errors=errors)


def rules_of(session: Session, buyer_id: UUID) -> Sequence[PerformanceRule]:
    """The rules of a buyer, in the order in which they were given."""
    query = select(PerformanceRule).where(PerformanceRule.buyer_id == buyer_id)
    return session.exec(query.order_by(col(PerformanceRule.id))).all()


def set_rules(
    session: Session, *, buyer_id: UUID, actor: str, rules: Sequence[PerformanceRuleIn]
) -> Sequence[PerformanceRule]:
    """Put these rules in the place of the buyer's earlier ones."""
    session.exec(delete(PerformanceRule).where(col(PerformanceRule.buyer_id) == buyer_id))
    for rule in rules:
        session.add(PerformanceRule(buyer_id=buyer_id, **rule.model_dump()))
        session.flush()
    told = [rule.model_dump(mode="json") for rule in rules]
    stream = f"performance_rules:{buyer_id.hex}"
    audit.record(session, stream, "set", actor=actor, org_id=buyer_id, change={"rules": told})
    return rules_of(session, buyer_id)


def _finding(seller: SupplierPerformance, rule: PerformanceRule) -> Finding | None:
    given = seller.overall if rule.metric is None else seller.metrics.get(rule.metric)
    value = None if given is None else Decimal(given)
    verdict = scorecards.verdict(
        value, warn_below=rule.warn_below, prevent_below=rule.prevent_below
    )
    if value is None or verdict is Verdict.CLEAR:
        return None
    below = rule.prevent_below if verdict is Verdict.PREVENT else rule.warn_below
    assert below is not None
    return Finding(seller.seller_id, rule.metric, value, below, verdict)
