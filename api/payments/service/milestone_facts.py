"""What has happened that payments of a contract wait for, read from deliveries. Never commits."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from uuid import UUID

from sqlmodel import Session, col, select

from api.contracts import acceptances, claims, damages, execution, performance, replacements
from api.contracts.models import Acceptance, Contract, Dispute
from api.core import ids
from api.delivery.models import DespatchAdvice, DespatchLine, ShipmentLeg
from api.payments.models import PaymentMilestone
from api.payments.service import advances
from api.procurement.models import Item
from api.rules.acceptance import AcceptanceStatus
from api.rules.claims import ClaimStatus
from api.rules.disputes import DisputeStage, MilestoneKind
from api.rules.payment_milestones import Fact, Ordered, Owed
from api.rules.schedules import PerformanceEvent

_FINAL = frozenset({AcceptanceStatus.FINAL, AcceptanceStatus.DEEMED})
_ACCEPTED = {
    MilestoneKind.ON_ACCEPTANCE: _FINAL,
    MilestoneKind.RETENTION: _FINAL,
    MilestoneKind.PROGRESS: _FINAL | {AcceptanceStatus.PROVISIONAL},
}
_PERFORMED = {
    MilestoneKind.ON_SHIPMENT: PerformanceEvent.HANDED_OVER,
    MilestoneKind.ON_DELIVERY: PerformanceEvent.RECEIVED,
}


@dataclass(slots=True)
class Known:
    """What is known of a contract: its rows by lot (an order has none), and the facts about them, by milestone kind."""

    lots: dict[UUID, UUID | None] = field(default_factory=dict)
    ordered: dict[UUID, Ordered] = field(default_factory=dict)
    facts: dict[MilestoneKind, list[Fact]] = field(default_factory=dict)


def known(session: Session, contract: Contract) -> Known:
    """Everything that payments of goods wait for, as it stands now.

    A replacement is not paid for anew: its acceptance counts for the row whose goods it replaces, and
    what was paid when those were shipped or received is paid already.
    """
    rows = execution.rows_of(session, contract)
    prices = damages.unit_prices(session, contract)
    items = {row.item_id for row in rows.values()}
    lots = dict(session.exec(select(Item.id, Item.lot_id).where(col(Item.id).in_(items))).all())
    found = Known()
    for row in rows.values():
        if row.item_id in prices and row.replaces_row_id is None:
            shown = ids.show("schedule_row", row.id)
            found.ordered[row.id] = Ordered(shown, row.quantity, prices[row.item_id])
            found.lots[row.id] = lots.get(row.item_id)
    told = performance.facts(session, [*found.ordered])
    shipped = _under_transport_document(session, {fact.source for fact in told})
    for kind, event in _PERFORMED.items():
        found.facts[kind] = [
            Fact(
                ids.show("performance", fact.id),
                ids.show("schedule_row", fact.schedule_row_id),
                fact.quantity,
                fact.occurred_at,
            )
            for fact in told
            if fact.event is event
            and (event is not PerformanceEvent.HANDED_OVER or fact.source in shipped)
        ]
    decided = [
        (each, replacements.root_of(rows, each.schedule_row_id))
        for each in acceptances.acceptances(session, contract)
        if each.accepted_quantity > 0
    ]
    for kind, statuses in _ACCEPTED.items():
        found.facts[kind] = [
            _accepted(each, row_id)
            for each, row_id in decided
            if each.status in statuses and row_id in found.ordered
        ]
    return found


def of_milestone(
    session: Session, contract: Contract, milestone: PaymentMilestone, known: Known
) -> tuple[tuple[Ordered, ...], tuple[Fact, ...]]:
    """The rows and the facts that a milestone is counted from."""
    if milestone.kind is MilestoneKind.ADVANCE:
        return (), _advance(session, contract, milestone)
    rows = {
        row_id: row
        for row_id, row in known.ordered.items()
        if milestone.lot_id in (None, known.lots[row_id])
    }
    shown = {row.id for row in rows.values()}
    facts = tuple(each for each in known.facts[milestone.kind] if each.row in shown)
    return tuple(rows.values()), facts


def owed(session: Session, contract: Contract) -> tuple[Owed, ...]:
    """What the supplier owes: agreed claims for liquidated damages, and what disputes ended with."""
    agreed = [
        Owed(ids.show("ld_claim", each.id), each.amount)
        for each in claims.claims(session, contract)
        if each.status is ClaimStatus.AGREED
    ]
    query = select(Dispute).where(
        Dispute.contract_id == contract.id, Dispute.stage == DisputeStage.CLOSED
    )
    decided = [
        Owed(ids.show("dispute", each.id), amount)
        for each in session.exec(query.order_by(col(Dispute.number)))
        if (amount := (each.refund or Decimal()) + (each.liquidated_damages or Decimal()))
    ]
    return (*agreed, *decided)


def accepted_by(session: Session, contract: Contract, row_ids: Sequence[UUID]) -> set[str]:
    """Who accepted goods of these rows, or what replaced them."""
    rows = execution.rows_of(session, contract)
    return {
        each.decided_by
        for each in acceptances.acceptances(session, contract)
        if replacements.root_of(rows, each.schedule_row_id) in row_ids
        and each.decided_by is not None
    }


def _advance(session: Session, contract: Contract, milestone: PaymentMilestone) -> tuple[Fact, ...]:
    """Signed, and under a guarantee in force where that was agreed."""
    assert contract.signed_at is not None
    at, shown = contract.signed_at, ids.show("contract", contract.id)
    if milestone.guarantee_required:
        guarantee = advances.cover(session, contract, milestone)
        if guarantee is None:
            return ()
        assert guarantee.verified_at is not None
        at, shown = guarantee.verified_at, ids.show("guarantee", guarantee.id)
    return (Fact(shown, None, Decimal(1), at),)


def _under_transport_document(session: Session, sources: set[str]) -> set[str]:
    """Of sources of facts, the despatch lines whose shipment travels under a transport document."""
    lines = {
        UUID(hex=source.removeprefix("despatch_line:")): source
        for source in sources
        if source.startswith("despatch_line:")
    }
    query = (
        select(DespatchLine.id)
        .join(DespatchAdvice, col(DespatchAdvice.id) == DespatchLine.advice_id)
        .join(ShipmentLeg, col(ShipmentLeg.shipment_id) == DespatchAdvice.shipment_id)
        .where(col(DespatchLine.id).in_(lines), col(ShipmentLeg.document_number).is_not(None))
    )
    return {lines[line] for line in session.exec(query.distinct())}


def _accepted(each: Acceptance, row_id: UUID) -> Fact:
    assert each.decided_at is not None
    return Fact(
        ids.show("acceptance", each.id),
        ids.show("schedule_row", row_id),
        each.accepted_quantity,
        each.decided_at,
    )
