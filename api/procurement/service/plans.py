"""Procurement plans. Never commits: the caller owns the transaction.

Published lots and direct purchases keep what they take of a plan in its currency, so that what is
left of it is a sum of the database, taken while the plan's row is locked: of two tenders that would
pass a budget together, the second is refused.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, func
from sqlalchemy.orm import selectinload
from sqlmodel import Session, col, or_, select

from api.core import audit, db, pages
from api.core.errors import Conflict, FieldError, Invalid, NotFound
from api.core.outbox import emit
from api.core.pages import PageQuery
from api.procurement.models import Lot, PlanItem, ProcurementPlan, Tender
from api.procurement.schemas import LotIn, PlanIn, PlanItemIn, PlanPatch
from api.procurement.service import terms
from api.procurement.service.problems import NotDraft, PlanExists, PlanNotMet
from api.reference import service as reference
from api.rules import plans as rules
from api.rules.clock import local_date
from api.rules.plans import PLAN, Line, PlanStatus
from api.rules.policy import Policy
from api.rules.schedule import direct_cap
from api.rules.states import IllegalTransition
from api.rules.tenders import LotStatus, TenderMode, TenderStatus, Value

_ITEMS = selectinload(ProcurementPlan.items)  # type: ignore[arg-type]
_SPENT = (LotStatus.ACTIVE, LotStatus.COMPLETE)
_BOUGHT = (TenderStatus.ACTIVE, TenderStatus.COMPLETE)


def create(session: Session, *, buyer_id: UUID, actor: str, data: PlanIn) -> ProcurementPlan:
    """A draft of the plan of a year. Raises PlanExists, or Invalid for unknown codes."""
    reference.ensure_currency(data.currency, "#/currency")
    _check_codes(session, data.items)
    same = select(ProcurementPlan.id).where(
        ProcurementPlan.buyer_id == buyer_id, ProcurementPlan.year == data.year
    )
    if session.exec(same).first() is not None:
        raise PlanExists
    plan = ProcurementPlan(
        buyer_id=buyer_id,
        year=data.year,
        title=dict(data.title.items()),
        currency=data.currency,
    )
    plan.items = _rows(plan, data.items)
    session.add(plan)
    session.flush()
    _record(session, plan, "create", actor=actor)
    return plan


def update(
    session: Session, plan: ProcurementPlan, *, actor: str, data: PlanPatch
) -> ProcurementPlan:
    """Change a draft. Raises NotDraft once it is published, or Invalid."""
    if plan.status is not PlanStatus.DRAFT:
        raise NotDraft("Lines are added to a published plan; nothing else of it changes.")
    if data.title is not None:
        plan.title = dict(data.title.items())
    if data.items is not None:
        _check_codes(session, data.items)
        plan.items = _rows(plan, data.items)
    _record(session, plan, "update", actor=actor)
    return plan


def add_items(
    session: Session, plan: ProcurementPlan, *, actor: str, items: Sequence[PlanItemIn]
) -> ProcurementPlan:
    """Add lines to a plan, published or not. Raises Invalid, or Conflict when it is full."""
    _check_codes(session, items)
    if len(plan.items) + len(items) > rules.MAX_PLAN_ITEMS:
        raise Conflict(f"A plan has at most {rules.MAX_PLAN_ITEMS} lines.")
    rows = _rows(plan, items, after=len(plan.items))
    plan.items.extend(rows)
    session.flush()
    added = [row.id.hex for row in rows]
    _record(session, plan, "add_items", actor=actor, change={"items": added})
    return plan


def publish(session: Session, plan: ProcurementPlan, *, actor: str) -> ProcurementPlan:
    """Show a plan to everybody; tenders can be published against it. Raises Conflict."""
    if not plan.items:
        raise Conflict("The plan has no lines.")
    _move(plan, "publish")
    plan.published_at = db.now(session)
    _record(session, plan, "publish", actor=actor)
    return plan


def lock(session: Session, *, buyer_id: UUID, plan_id: UUID) -> ProcurementPlan:
    """The buyer's own plan with its lines, locked; NotFound for anybody else's."""
    plan = session.exec(
        select(ProcurementPlan)
        .where(ProcurementPlan.id == plan_id, ProcurementPlan.buyer_id == buyer_id)
        .options(_ITEMS)
        .with_for_update()
    ).one_or_none()
    if plan is None:
        raise NotFound
    return plan


def get(session: Session, *, org_id: UUID, plan_id: UUID) -> ProcurementPlan:
    """A plan with its lines; NotFound for another buyer's draft."""
    plan = session.exec(
        select(ProcurementPlan)
        .where(ProcurementPlan.id == plan_id, _visible(org_id))
        .options(_ITEMS)
    ).one_or_none()
    if plan is None:
        raise NotFound
    return plan


def list_plans(
    session: Session,
    *,
    org_id: UUID,
    page: PageQuery,
    buyer_id: UUID | None = None,
    year: int | None = None,
) -> tuple[Sequence[ProcurementPlan], str | None]:
    """Plans that the organisation may see, newest first, and the next cursor."""
    query = select(ProcurementPlan).where(_visible(org_id))
    if buyer_id is not None:
        query = query.where(ProcurementPlan.buyer_id == buyer_id)
    if year is not None:
        query = query.where(ProcurementPlan.year == year)
    return pages.newest_first(
        session,
        query,
        ProcurementPlan,
        page,
        scope=f"plans:{org_id}",
        filters={"buyer": buyer_id, "year": year},
    )


def usage(session: Session, plan: ProcurementPlan) -> dict[str, Any]:
    """What live tenders take of each line of a plan, and direct purchases of its year."""
    taken = _committed(session, [item.id for item in plan.items], TenderMode.LIVE)
    return {
        "currency": plan.currency,
        "planned": sum((item.budget_amount for item in plan.items), Decimal()),
        "bought_directly": _bought(session, plan.buyer_id, plan.year, TenderMode.LIVE),
        "items": [
            {
                "plan_item_id": item.id,
                "budget_amount": item.budget_amount,
                "committed": taken.get(item.id, Decimal()),
            }
            for item in plan.items
        ],
    }


def check_links(session: Session, buyer_id: UUID, lots: Iterable[LotIn]) -> None:
    """Raise Invalid, naming each field, for lines that are in no plan of the buyer."""
    named = {lot.plan_item_id: f"#/lots/{n}/plan_item_id" for n, lot in enumerate(lots)}
    wanted = {item_id for item_id in named if item_id is not None}
    if not wanted:
        return
    own = (
        select(PlanItem.id)
        .join(ProcurementPlan)
        .where(ProcurementPlan.buyer_id == buyer_id, col(PlanItem.id).in_(wanted))
    )
    missing = wanted - {*session.exec(own)}
    if missing:
        detail = "None of your plans has such a line"
        raise Invalid(
            f"{detail}.",
            errors=[
                FieldError(pointer=named[item_id], code="unknown_plan_item", detail=detail)
                for item_id in missing
            ],
        )


def commit_to_plan(session: Session, tender: Tender, policy: Policy) -> None:
    """Check a tender that is published or amended against the plan, and take what it needs of it.

    Locks the plans concerned, in the order of their ids. Raises PlanNotMet or RateUnknown.
    """
    year = local_date(tender.published_at or db.now(session)).year
    cap = direct_cap(policy, tender.procurement_method_ground)
    plans = _held(session, tender, year if cap is not None else None)
    items = {item.id: (plan, item) for plan in plans for item in plan.items}
    lines = []
    for lot in tender.lots:
        found = items.get(lot.plan_item_id) if lot.plan_item_id else None
        lot.plan_amount = _in(session, lot.value, found[0].currency) if found else None
        published = found is not None and found[0].status is PlanStatus.PUBLISHED
        lines.append(Line(lot.plan_item_id, published, lot.plan_amount))
    faults = rules.link_faults(
        lines,
        required=policy.plan_required,
        budgets={item_id: item.budget_amount for item_id, (_, item) in items.items()},
        committed=_committed(
            session, [line.item for line in lines if line.item], tender.mode, but=tender.id
        ),
    )
    if cap is not None:
        annual = next((plan for plan in plans if _counts(plan, year)), None)
        amount = _worth(session, tender, annual.currency) if annual else None
        faults += rules.direct_faults(
            cap,
            plan_total=sum((i.budget_amount for i in annual.items), Decimal()) if annual else None,
            bought=_bought(session, tender.buyer_id, year, tender.mode, but=tender.id),
            amount=amount,
        )
        tender.direct_year, tender.direct_amount = year, amount
    if faults:
        raise PlanNotMet(errors=terms.field_errors(faults))


def _held(session: Session, tender: Tender, year: int | None) -> Sequence[ProcurementPlan]:
    """The plans that a tender's lots name, and the published one of `year`, locked."""
    linked = {lot.plan_item_id for lot in tender.lots if lot.plan_item_id}
    if not linked and year is None:
        return []
    ids = select(PlanItem.plan_id).where(col(PlanItem.id).in_(linked))
    return session.exec(
        select(ProcurementPlan)
        .where(
            ProcurementPlan.buyer_id == tender.buyer_id,
            or_(col(ProcurementPlan.id).in_(ids), col(ProcurementPlan.year) == year),
        )
        .order_by(col(ProcurementPlan.id))
        .options(_ITEMS)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).all()


def _committed(
    session: Session, item_ids: Iterable[UUID], mode: TenderMode, *, but: UUID | None = None
) -> dict[UUID, Decimal]:
    """What published lots take of each line; test tenders count among themselves."""
    query = (
        select(Lot.plan_item_id, func.sum(col(Lot.plan_amount)))
        .join(Tender, col(Tender.id) == col(Lot.tender_id))
        .where(
            col(Lot.plan_item_id).in_([*item_ids]),
            col(Lot.status).in_(_SPENT),
            Tender.mode == mode,
            col(Tender.published_at).is_not(None),
            col(Tender.id) != but,
        )
        .group_by(col(Lot.plan_item_id))
    )
    with session.no_autoflush:
        rows = session.exec(query).all()
    found: dict[UUID, Decimal] = defaultdict(Decimal)
    found.update({item_id: total or Decimal() for item_id, total in rows if item_id is not None})
    return found


def _bought(
    session: Session, buyer_id: UUID, year: int, mode: TenderMode, *, but: UUID | None = None
) -> Decimal:
    """Direct purchases of a year that were not cancelled and did not fail."""
    query = select(func.sum(col(Tender.direct_amount))).where(
        Tender.buyer_id == buyer_id,
        Tender.direct_year == year,
        Tender.mode == mode,
        col(Tender.status).in_(_BOUGHT),
        col(Tender.id) != but,
    )
    with session.no_autoflush:
        total = session.exec(query).one()
    return total or Decimal()


def _worth(session: Session, tender: Tender, currency: str) -> Decimal | None:
    """The tender's value, or that of its lots together, in a currency."""
    if tender.value is not None:
        return _in(session, tender.value, currency)
    amounts = [_in(session, lot.value, currency) for lot in tender.lots]
    known = [amount for amount in amounts if amount is not None]
    return sum(known, Decimal()) if len(known) == len(amounts) and known else None


def _in(session: Session, value: Value | None, currency: str) -> Decimal | None:
    if value is None:
        return None
    today = local_date(db.now(session))
    return reference.convert(session, value.amount, value.currency, currency, today)


def _counts(plan: ProcurementPlan, year: int) -> bool:
    return plan.year == year and plan.status is PlanStatus.PUBLISHED


def _visible(org_id: UUID) -> ColumnElement[bool]:
    return or_(
        col(ProcurementPlan.buyer_id) == org_id, col(ProcurementPlan.published_at).is_not(None)
    )


def _check_codes(session: Session, items: Sequence[PlanItemIn]) -> None:
    codes: dict[str, dict[str, str]] = {}
    for n, item in enumerate(items):
        of_scheme = codes.setdefault(item.classification.scheme, {})
        of_scheme.setdefault(item.classification.id, f"#/items/{n}/classification/id")
    for scheme, given in codes.items():
        reference.ensure_codes(session, scheme, given)


def _rows(plan: ProcurementPlan, items: Sequence[PlanItemIn], *, after: int = 0) -> list[PlanItem]:
    return [
        PlanItem(
            plan_id=plan.id,
            position=position,
            description=dict(item.description.items()),
            classification_scheme=item.classification.scheme.value,
            classification_id=item.classification.id,
            budget_amount=item.budget_amount,
            budget_source=item.budget_source,
            period_start=item.period_start,
            period_end=item.period_end,
        )
        for position, item in enumerate(items, start=after + 1)
    ]


def _move(plan: ProcurementPlan, action: str) -> None:
    """The one place that writes the status of a plan; `_record` leaves the entry and the event."""
    try:
        plan.status = PLAN.apply(action, plan.status)
    except IllegalTransition as error:
        raise Conflict(str(error)) from error


def _record(
    session: Session,
    plan: ProcurementPlan,
    action: str,
    *,
    actor: str,
    change: dict[str, Any] | None = None,
) -> None:
    plan.version += action != "create"
    session.add(plan)
    audit.record(
        session,
        f"plan:{plan.id.hex}",
        action,
        actor=actor,
        org_id=plan.buyer_id,
        change=change,
    )
    if plan.status is PlanStatus.PUBLISHED:
        event = "plan.published" if action == "publish" else "plan.changed"
        emit(
            session,
            event,
            plan.id,
            org_id=plan.buyer_id,
            public=True,
            year=plan.year,
            version=plan.version,
        )
