"""What is known of a supplier, as facts of its scorecard. For the workers, who see every contract."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from uuid import UUID

from sqlmodel import Session, col, select

from api.contracts import performance
from api.contracts.models import (
    Acceptance,
    Contract,
    DeliveryExcuse,
    DeliverySchedule,
    DeliveryScheduleRow,
    Dispute,
    OrderResponse,
)
from api.core import ids
from api.delivery.models import DespatchAdvice, ScorecardAnnotation, Shipment, ShipmentLeg
from api.matching.models import Invitation
from api.rules import scorecards as rules
from api.rules.acceptance import AcceptanceStatus
from api.rules.claims import ExcuseStatus
from api.rules.clock import local_date
from api.rules.contracts import ContractStatus
from api.rules.disputes import DisputeOutcome, DisputeStage, Fault
from api.rules.invitations import InvitationStatus
from api.rules.penalties import required_quantity
from api.rules.schedules import ScheduleStatus, decisive_event
from api.rules.scorecards import AnnotationStatus, DueRow, Fact, Metric, Parameters, Told

_DECIDED = (AcceptanceStatus.FINAL, AcceptanceStatus.DEEMED, AcceptanceStatus.REJECTED)
_NOT_LOST = {Fault.SUPPLIER: Decimal(), Fault.BOTH: Decimal("0.5")}
_DAY = timedelta(days=1)


@dataclass(slots=True)
class Gathered:
    """Facts, and the next day on which time alone makes another one (None: none is awaited)."""

    facts: list[Fact] = field(default_factory=list)
    next_on: date | None = None

    def await_day(self, day: date) -> None:
        self.next_on = day if self.next_on is None else min(self.next_on, day)


def gather(session: Session, supplier_id: UUID, parameters: Parameters, today: date) -> Gathered:
    """Every fact of a supplier up to a day. Contracts of tenders count, for the lead of the suppliers:
    every buyer reads the facts, and an order is its sides' own."""
    session.flush()
    found = Gathered()
    contracts = {
        contract.id: contract
        for contract in session.exec(
            select(Contract).where(
                col(Contract.suppliers)[1] == supplier_id,
                col(Contract.tender_id).is_not(None),
                col(Contract.status).in_([ContractStatus.ACTIVE, ContractStatus.TERMINATED]),
            )
        )
    }
    _deliveries(session, contracts, today, found)
    _acceptances(session, contracts, found)
    _schedules(session, contracts, supplier_id, parameters, today, found)
    _disputes(session, contracts, found)
    _documents(session, supplier_id, found)
    _invitations(session, supplier_id, parameters, today, found)
    upheld = _upheld(session, supplier_id)
    found.facts = [
        Fact(
            fact.metric,
            fact.id,
            fact.on,
            fact.good,
            fact.weight,
            fact.evidence,
            (fact.metric, fact.id) in upheld,
        )
        for fact in found.facts
    ]
    return found


def _deliveries(
    session: Session, contracts: dict[UUID, Contract], today: date, found: Gathered
) -> None:
    rows = session.exec(
        select(DeliveryScheduleRow)
        .where(
            col(DeliveryScheduleRow.contract_id).in_(contracts),
            col(DeliveryScheduleRow.withdrawn_at).is_(None),
        )
        .order_by(col(DeliveryScheduleRow.id))
    ).all()
    told = defaultdict(list)
    for fact in performance.facts(session, [row.id for row in rows]):
        told[fact.schedule_row_id].append(
            Told(
                ids.show("performance", fact.id),
                fact.event,
                fact.quantity,
                local_date(fact.occurred_at),
            )
        )
    excuses = _excuses(session, contracts)
    for row in rows:
        if row.due is None:
            continue
        ended = contracts[row.contract_id].terminated_at
        until = today if ended is None else min(today, local_date(ended))
        excused = [
            (each.first_date, each.last_date)
            for each in excuses[row.contract_id]
            if not each.schedule_row_ids or row.id in each.schedule_row_ids
        ]
        due = DueRow(
            id=ids.show("schedule_row", row.id),
            due=row.due,
            event=decisive_event(row.incoterm),
            required=required_quantity(row.quantity, row.tolerance_pct),
            told=tuple(told[row.id]),
            excused=tuple(excused),
        )
        judged = rules.delivery(due, until)
        if judged is not None:
            found.facts += judged
        elif ended is None:
            found.await_day(row.due + _DAY)
        if judged is not None and ended is None and judged[0].on == today > row.due:
            found.await_day(today + _DAY)


def _excuses(session: Session, contracts: Iterable[UUID]) -> dict[UUID, list[DeliveryExcuse]]:
    rows = session.exec(
        select(DeliveryExcuse).where(
            col(DeliveryExcuse.contract_id).in_([*contracts]),
            DeliveryExcuse.status == ExcuseStatus.ACCEPTED,
        )
    ).all()
    found = defaultdict(list)
    for row in rows:
        found[row.contract_id].append(row)
    return found


def _acceptances(session: Session, contracts: Iterable[UUID], found: Gathered) -> None:
    rows = session.exec(
        select(Acceptance)
        .where(col(Acceptance.contract_id).in_([*contracts]), col(Acceptance.status).in_(_DECIDED))
        .order_by(col(Acceptance.id))
    ).all()
    for row in rows:
        assert row.decided_at is not None
        found.facts.append(
            Fact(
                Metric.ACCEPTANCE,
                ids.show("acceptance", row.id),
                local_date(row.decided_at),
                row.accepted_quantity / row.delivered_quantity,
                evidence=(ids.show("schedule_row", row.schedule_row_id),),
            )
        )


def _schedules(
    session: Session,
    contracts: dict[UUID, Contract],
    supplier_id: UUID,
    parameters: Parameters,
    today: date,
    found: Gathered,
) -> None:
    """Schedules that the buyer proposed by themselves, and the order responses to them."""
    rows: Sequence[tuple[DeliverySchedule, OrderResponse | None]] = session.exec(
        select(DeliverySchedule, OrderResponse)
        .outerjoin(OrderResponse, col(OrderResponse.schedule_id) == DeliverySchedule.id)
        .where(
            col(DeliverySchedule.contract_id).in_(contracts),
            DeliverySchedule.proposed_by != supplier_id,
            col(DeliverySchedule.change_id).is_(None),
        )
        .order_by(col(DeliverySchedule.id))
    ).all()
    for schedule, response in rows:
        ended = contracts[schedule.contract_id].terminated_at is not None
        if response is None and (schedule.status is not ScheduleStatus.PROPOSED or ended):
            continue
        fact = rules.answered(
            Metric.ORDER_ACKNOWLEDGEMENT,
            ids.show("schedule", schedule.id),
            local_date(schedule.proposed_at),
            None if response is None else local_date(response.responded_at),
            parameters.acknowledgement_days,
            today,
        )
        _add(found, fact, local_date(schedule.proposed_at), parameters.acknowledgement_days)


def _invitations(
    session: Session, supplier_id: UUID, parameters: Parameters, today: date, found: Gathered
) -> None:
    rows = session.exec(
        select(Invitation).where(Invitation.seller_id == supplier_id).order_by(col(Invitation.id))
    ).all()
    for row in rows:
        if row.answered_at is None and row.status is InvitationStatus.WITHDRAWN:
            continue
        asked = local_date(row.created_at)
        fact = rules.answered(
            Metric.INVITATION_RESPONSE,
            ids.show("invitation", row.id),
            asked,
            None if row.answered_at is None else local_date(row.answered_at),
            parameters.response_days,
            today,
        )
        _add(found, fact, asked, parameters.response_days)


def _add(found: Gathered, fact: Fact | None, asked: date, days: int) -> None:
    if fact is None:
        found.await_day(asked + timedelta(days=days) + _DAY)
    else:
        found.facts.append(fact)


def _disputes(session: Session, contracts: Iterable[UUID], found: Gathered) -> None:
    """Disputes that were decided or settled; one that was withdrawn says nothing."""
    rows = session.exec(
        select(Dispute)
        .where(
            col(Dispute.contract_id).in_([*contracts]),
            Dispute.stage == DisputeStage.CLOSED,
            col(Dispute.outcome).in_([DisputeOutcome.DETERMINED, DisputeOutcome.SETTLED]),
        )
        .order_by(col(Dispute.id))
    ).all()
    for row in rows:
        assert row.closed_at is not None
        assert row.party_at_fault is not None
        found.facts.append(
            Fact(
                Metric.DISPUTES_NOT_LOST,
                ids.show("dispute", row.id),
                local_date(row.closed_at),
                _NOT_LOST.get(row.party_at_fault, Decimal(1)),
            )
        )


def _documents(session: Session, supplier_id: UUID, found: Gathered) -> None:
    """Legs of despatched shipments, and which of them have their transport document. Whoever ships
    is counted, also for another lead; never for an order."""
    advices = session.exec(
        select(DespatchAdvice)
        .join(Shipment, col(Shipment.id) == DespatchAdvice.shipment_id)
        .join(Contract, col(Contract.id) == Shipment.contract_id)
        .where(
            Shipment.supplier_id == supplier_id,
            col(Contract.tender_id).is_not(None),
            col(DespatchAdvice.cancelled_at).is_(None),
        )
        .order_by(col(DespatchAdvice.id))
    ).all()
    legs = defaultdict(list)
    shipments = [advice.shipment_id for advice in advices]
    for leg in session.exec(select(ShipmentLeg).where(col(ShipmentLeg.shipment_id).in_(shipments))):
        legs[leg.shipment_id].append(leg)
    for advice in advices:
        mine = legs[advice.shipment_id]
        if mine:
            found.facts.append(
                Fact(
                    Metric.DOCUMENTS_COMPLETE,
                    ids.show("despatch", advice.id),
                    local_date(advice.despatched_at),
                    Decimal(sum(leg.document_number is not None for leg in mine)),
                    Decimal(len(mine)),
                    (ids.show("shipment", advice.shipment_id),),
                )
            )


def _upheld(session: Session, supplier_id: UUID) -> set[tuple[Metric, str]]:
    rows = session.exec(
        select(ScorecardAnnotation).where(
            ScorecardAnnotation.supplier_id == supplier_id,
            ScorecardAnnotation.status == AnnotationStatus.UPHELD,
        )
    ).all()
    return {(row.metric, row.fact) for row in rows}
