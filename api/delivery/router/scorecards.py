"""Routes of scorecards, of what suppliers say of them, and of buyers' rules about them."""

from collections.abc import Iterable
from typing import Annotated, Any
from uuid import UUID

from fastapi import Query

from api.core.errors import AlreadyExists, Conflict
from api.core.http import documented
from api.core.pages import Page
from api.delivery.models import ScorecardAnnotation, ScorecardFact, ScorecardPolicy
from api.delivery.schemas.scorecards import (
    AnnotationId,
    AnnotationIn,
    AnnotationOut,
    AppealDecisionIn,
    FigureOut,
    ScorecardFactOut,
    ScorecardOut,
    ScorecardPolicyIn,
    ScorecardPolicyOut,
)
from api.delivery.service import scorecard_annotations as annotations
from api.delivery.service import scorecard_policies as policies
from api.delivery.service import scorecards
from api.identity import access
from api.identity.access import Context, require
from api.identity.schemas import OrganisationId
from api.matching import standings
from api.matching.schemas import PerformanceRuleOut, PerformanceRulesIn, PerformanceRulesOut
from api.rules.permissions import OrgRole
from api.rules.scorecards import Metric

router = access.router("/scorecards", "scorecards")
said = access.router("/scorecard-annotations", "scorecards")
numbers = access.router("/scorecard-policies", "scorecards")
own_rules = access.router("/performance-rules", "scorecards")
Read = Annotated[Context, require("scorecards:read")]
Annotate = Annotated[Context, require("scorecards:annotate")]
Decide = Annotated[Context, require("scorecards:decide")]
Admin = Annotated[Context, require("scorecards:admin")]
ReadRules = Annotated[Context, require("performance_rules:read")]
WriteRules = Annotated[Context, require("performance_rules:write")]
_READS_ALL = (OrgRole.BUYER, OrgRole.OPERATOR, OrgRole.REVIEWER)


@router.get("/{supplier_id}", response_model=ScorecardOut)
def get(supplier_id: OrganisationId, ctx: Read) -> ScorecardOut:
    """The scorecard of a supplier: your own, or as a buyer anybody's."""
    card, figures = scorecards.get(
        ctx.session, org_id=ctx.org_id, reads_all=_reads_all(ctx), supplier_id=supplier_id
    )
    notes = annotations.annotations_of(ctx.session, supplier_id)
    facts = _facts(ctx, supplier_id, None)
    ctx.tag(card)
    return ScorecardOut(
        supplier_id=card.supplier_id,
        as_of=card.as_of,
        computed_at=card.computed_at,
        overall=card.overall,
        policy_id=card.policy_id,
        algorithm_version=card.algorithm_version,
        version=card.version,
        figures=[
            FigureOut.model_validate(
                {
                    **each.model_dump(),
                    "enough_data": each.value is not None,
                    "facts": [
                        fact.fact
                        for fact in facts
                        if fact.metric is each.metric and not fact.excluded
                    ],
                    "annotations": _shown(note for note in notes if note.metric is each.metric),
                }
            )
            for each in figures
        ],
    )


@router.get("/{supplier_id}/facts", response_model=Page[ScorecardFactOut])
def list(
    supplier_id: OrganisationId,
    ctx: Read,
    metric: Annotated[Metric | None, Query(description="Of this metric only")] = None,
) -> Page[Any]:
    """The facts behind a scorecard, newest first, with what the supplier says of each."""
    rows = _facts(ctx, supplier_id, metric)
    notes = annotations.annotations_of(ctx.session, supplier_id)
    items = [
        ScorecardFactOut.model_validate(
            {
                **row.model_dump(),
                "annotations": _shown(
                    note for note in notes if (note.metric, note.fact) == (row.metric, row.fact)
                ),
            }
        )
        for row in rows
    ]
    return Page(items=items, has_more=False, next_cursor=None)


@said.post("", status_code=201, response_model=AnnotationOut, responses=documented(AlreadyExists))
def annotate(data: AnnotationIn, ctx: Annotate) -> ScorecardAnnotation:
    """Remark on a fact of your scorecard, or appeal against it; every reader sees it beside."""
    return annotations.annotate(ctx.session, supplier_id=ctx.org_id, actor=ctx.actor, data=data)


@said.post(
    "/{annotation_id}/withdraw", response_model=AnnotationOut, responses=documented(Conflict)
)
def withdraw(annotation_id: AnnotationId, ctx: Annotate) -> ScorecardAnnotation:
    """Take your appeal back."""
    return annotations.withdraw(
        ctx.session, supplier_id=ctx.org_id, actor=ctx.actor, annotation_id=annotation_id
    )


@said.post("/{annotation_id}/uphold", response_model=AnnotationOut, responses=documented(Conflict))
def uphold(annotation_id: AnnotationId, data: AppealDecisionIn, ctx: Decide) -> ScorecardAnnotation:
    """Uphold an appeal as the commission: the fact stays in sight and does not count."""
    return _decided(ctx, annotation_id, "uphold", data.reason)


@said.post("/{annotation_id}/refuse", response_model=AnnotationOut, responses=documented(Conflict))
def refuse(annotation_id: AnnotationId, data: AppealDecisionIn, ctx: Decide) -> ScorecardAnnotation:
    """Refuse an appeal as the commission: the fact counts."""
    return _decided(ctx, annotation_id, "refuse", data.reason)


@numbers.get("", response_model=Page[ScorecardPolicyOut])
def list_policies(ctx: Read) -> Page[Any]:
    """The numbers that scorecards are computed with, the latest first."""
    rows = [*policies.list_policies(ctx.session)]
    return Page(items=rows, has_more=False, next_cursor=None)


@numbers.post(
    "", status_code=201, response_model=ScorecardPolicyOut, responses=documented(AlreadyExists)
)
def create_policy(data: ScorecardPolicyIn, ctx: Admin) -> ScorecardPolicy:
    """Enter the numbers that count from a later day on."""
    return policies.create(ctx.session, org_id=ctx.org_id, actor=ctx.actor, data=data)


@own_rules.get("", response_model=PerformanceRulesOut)
def get_rules(ctx: ReadRules) -> PerformanceRulesOut:
    """Your rules about the scorecards of suppliers that you invite or award."""
    return _rules(standings.rules_of(ctx.session, ctx.org_id))


@own_rules.put("", response_model=PerformanceRulesOut)
def set_rules(data: PerformanceRulesIn, ctx: WriteRules) -> PerformanceRulesOut:
    """Say from which values on you are warned, or prevent yourself, at invitation and award."""
    made = standings.set_rules(ctx.session, buyer_id=ctx.org_id, actor=ctx.actor, rules=data.rules)
    return _rules(made)


def _rules(rows: Iterable[Any]) -> PerformanceRulesOut:
    return PerformanceRulesOut(rules=[PerformanceRuleOut.model_validate(row) for row in rows])


def _facts(ctx: Context, supplier_id: UUID, metric: Metric | None) -> Iterable[ScorecardFact]:
    return scorecards.facts_of(
        ctx.session,
        org_id=ctx.org_id,
        reads_all=_reads_all(ctx),
        supplier_id=supplier_id,
        metric=metric,
    )


def _shown(notes: Iterable[ScorecardAnnotation]) -> Any:
    return [AnnotationOut.model_validate(note) for note in notes]


def _decided(ctx: Context, annotation_id: UUID, action: str, reason: str) -> ScorecardAnnotation:
    return annotations.decide(
        ctx.session,
        org_id=ctx.org_id,
        actor=ctx.actor,
        annotation_id=annotation_id,
        action=action,
        reason=reason,
    )


def _reads_all(ctx: Context) -> bool:
    return any(ctx.has_role(role) for role in _READS_ALL)
