"""Framework agreements: concluded from awards, their suppliers suspended and terminated, ended.

Never commits. Whoever changes an agreement or one of its suppliers holds the agreement's row, and
so does whoever calls off: nothing is called off from a supplier that is being suspended.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import any_
from sqlmodel import Session, col, select

from api.core import audit, db, deadlines
from api.core.errors import Conflict, NotFound
from api.core.outbox import emit
from api.identity import debarments
from api.procurement.models import (
    FrameworkAgreement,
    FrameworkSupplier,
    Tender,
)
from api.procurement.schemas.frameworks import FrameworkSignIn
from api.procurement.service import (
    agreements,
    award_queries,
    awards,
    framework_binding,
    framework_signing,
    framework_terms,
    parties,
    policies,
    tenders,
    terms,
)
from api.procurement.service.framework_problems import FrameworkNotReady
from api.rules.awards import AwardStatus
from api.rules.clock import local_date
from api.rules.frameworks import (
    FRAMEWORK,
    PARTICIPANT,
    FrameworkEnd,
    FrameworkStatus,
    ParticipantStatus,
)
from api.rules.periods import DayUnit, Duration, Rounding
from api.rules.states import IllegalTransition
from api.rules.tenders import AWARDING, has_ended

PERIOD_ENDED = "framework.period_ended"
_SIX = Decimal("0.000001")
_EVENTS = {
    "conclude": "framework.concluded",
    "sign": "framework.signed",
    "terminate": "framework.terminated",
    "suspend_supplier": "framework.supplier_suspended",
    "reinstate_supplier": "framework.supplier_reinstated",
    "terminate_supplier": "framework.supplier_terminated",
}


def conclude(session: Session, tender: Tender, *, actor: str) -> FrameworkAgreement:
    """Conclude the agreement of the buyer's locked tender with all who hold an award of it.

    It runs from now for as many days as the terms say. Its paper is laid before the buyer and the
    suppliers; the tender is complete when they have signed it (`sign`). Raises FrameworkNotReady, SupplierDebarred, Conflict, or NotFound for a tender that concludes none.
    """
    found = framework_terms.find(session, tender.id)
    if found is None:
        raise NotFound
    if tender.status_details not in AWARDING:
        raise Conflict(f"The tender is {tender.status_details}: no agreement is concluded now.")
    if agreements.find(session, tender.id) is not None:
        raise Conflict("The agreement is concluded already: it waits for signatures.")
    held = [
        awards.lock(session, tender, each.id)
        for each in award_queries.list_awards(session, tender_id=tender.id)
        if each.status is AwardStatus.ACTIVE
        or (each.status is AwardStatus.PENDING and each.proposed)
    ]
    faults = framework_binding.faults_of(session, tender, found, held)
    if faults:
        raise FrameworkNotReady(errors=terms.field_errors(faults))
    debarments.require_standing(session, [org_id for each in held for org_id in each.suppliers])
    assert tender.value is not None, "its publication demanded it"
    now, days = db.now(session), found.duration_days
    length = Duration(days, DayUnit.CALENDAR, Rounding.DAY_END)
    agreement = FrameworkAgreement(
        tender_id=tender.id,
        ocid=tender.ocid,
        buyer_id=tender.buyer_id,
        buyers=[tender.buyer_id, *found.buyers],
        method=found.method,
        allocation=found.allocation,
        within_agreed_prices=found.within_agreed_prices,
        ceiling_amount=tender.value.amount,
        ceiling_currency=tender.value.currency,
        period_start=now,
        period_end=policies.timetable_of(session, tender).after(now, length),
    )
    session.add(agreement)
    session.flush()
    framework_binding.bind(session, agreement, held)
    framework_signing.freeze(session, tender, found, agreement)
    deadlines.arm(session, PERIOD_ENDED, agreement.id, agreement.period_end, org_id=tender.buyer_id)
    change = {"suppliers": [each.id.hex for each in held], "until": str(agreement.period_end)}
    _log(session, agreement, "conclude", actor, change)
    return agreement


def sign(
    session: Session,
    tender: Tender,
    agreement: FrameworkAgreement,
    *,
    org_id: UUID,
    actor: str,
    data: FrameworkSignIn,
) -> FrameworkAgreement:
    """Sign an agreement as one of its parties; with the last signature the tender is complete.

    Both are locked. Raises FrameworkNotReady when an award has fallen since or is complained
    about, or as `framework_signing.sign` does.
    """
    row = framework_signing.sign(session, agreement, org_id=org_id, actor=actor, data=data)
    agreement.version += 1
    change = {"organisation": org_id.hex, "method": row.method}
    _log(session, agreement, "sign", actor, change)
    settle(session, tender, agreement, actor=actor)
    return agreement


def settle(session: Session, tender: Tender, agreement: FrameworkAgreement, *, actor: str) -> None:
    """Complete the tender once the buyer and every active supplier have signed the agreement.

    Raises FrameworkNotReady.
    """
    if agreement.signed_at is not None or not framework_signing.is_complete(session, agreement):
        return
    bound = {
        each.award_id
        for each in agreements.suppliers(session, agreement.id)
        if each.status is ParticipantStatus.ACTIVE
    }
    held = [awards.lock(session, tender, award_id) for award_id in sorted(bound)]
    faults = framework_binding.in_the_way(session, tender, held)
    if faults:
        raise FrameworkNotReady(errors=terms.field_errors(faults))
    agreement.signed_at = db.now(session)
    session.add(agreement)
    awards.complete(session, tender, held, actor=actor, change={"framework": agreement.id.hex})


def terminate(
    session: Session, agreement: FrameworkAgreement, *, actor: str, reason: str
) -> FrameworkAgreement:
    """End a locked agreement before its time; what was called off goes on. Raises Conflict."""
    deadlines.disarm(session, PERIOD_ENDED, agreement.id)
    _end(session, agreement, FrameworkEnd.BUYER, actor=actor, reason=reason)
    return agreement


def expire_due(session: Session, agreement_id: UUID) -> bool:
    """End an agreement whose period is over; for the workers. False: it is not, or has ended."""
    query = select(FrameworkAgreement).where(FrameworkAgreement.id == agreement_id)
    agreement = session.exec(query.with_for_update()).one_or_none()
    if agreement is None or agreement.status is not FrameworkStatus.ACTIVE:
        return False
    if not has_ended(agreement.period_end, db.now(session)):
        return False
    reason = "The period of the agreement is over."
    _end(session, agreement, FrameworkEnd.EXPIRED, actor=tenders.CLOCK, reason=reason)
    return True


def move_supplier(
    session: Session,
    agreement: FrameworkAgreement,
    supplier_id: UUID,
    action: str,
    *,
    actor: str,
    reason: str,
) -> FrameworkSupplier:
    """Suspend, reinstate or terminate (`action`) a supplier of a locked agreement, for a reason.

    Raises NotFound, Conflict, or SupplierDebarred for who would be reinstated while debarred.
    """
    if agreement.status is not FrameworkStatus.ACTIVE:
        raise Conflict(f"The agreement is {agreement.status}.")
    query = select(FrameworkSupplier).where(
        FrameworkSupplier.id == supplier_id, FrameworkSupplier.agreement_id == agreement.id
    )
    supplier = session.exec(query.execution_options(populate_existing=True)).one_or_none()
    if supplier is None:
        raise NotFound
    if action == "reinstate":
        debarments.require_standing(session, supplier.suppliers)
    _move_supplier(session, agreement, supplier, action, actor=actor, reason=reason)
    return supplier


def suspend_debarred(session: Session, org_id: UUID) -> int:
    """Suspend an organisation that is debarred today wherever it is an active supplier; how often.

    For the workers, after its entry in the register has changed.
    """
    record = debarments.standing(session, org_id, local_date(db.now(session)))
    if record is None:
        return 0
    query = select(FrameworkSupplier.agreement_id).where(
        any_(col(FrameworkSupplier.suppliers)) == org_id,
        FrameworkSupplier.status == ParticipantStatus.ACTIVE,
    )
    reason = f"Debarred until {record.valid_through}: {record.source_act}."
    done = 0
    for agreement_id in sorted({*session.exec(query)}):
        agreement = session.exec(
            select(FrameworkAgreement)
            .where(FrameworkAgreement.id == agreement_id)
            .with_for_update()
        ).one()
        if agreement.status is not FrameworkStatus.ACTIVE:
            continue
        for each in agreements.suppliers(session, agreement_id):
            if org_id in each.suppliers and each.status is ParticipantStatus.ACTIVE:
                _move_supplier(
                    session, agreement, each, "suspend", actor="system:debarments", reason=reason
                )
                done += 1
    return done


def hold(
    session: Session, *, org_id: UUID, agreement_id: UUID
) -> tuple[Tender, FrameworkAgreement]:
    """An agreement of a party and its tender, both locked; NotFound for anybody else."""
    found = agreements.get(session, agreement_id)
    if org_id not in {found.buyer_id, *_suppliers(session, found)}:
        raise NotFound
    tender = parties.hold(session, found.tender_id)
    parties.join(session, tender)
    return tender, lock(session, buyer_id=found.buyer_id, agreement_id=agreement_id)


def lock(session: Session, *, buyer_id: UUID, agreement_id: UUID) -> FrameworkAgreement:
    """The buyer's own agreement, locked; NotFound for anybody else's."""
    found = session.exec(
        select(FrameworkAgreement)
        .where(FrameworkAgreement.id == agreement_id, FrameworkAgreement.buyer_id == buyer_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).one_or_none()
    if found is None:
        raise NotFound
    return found


def _end(
    session: Session, agreement: FrameworkAgreement, cause: FrameworkEnd, *, actor: str, reason: str
) -> None:
    """The one place that writes `framework_agreement.status`."""
    try:
        agreement.status = FRAMEWORK.apply("terminate", agreement.status)
    except IllegalTransition as error:
        raise Conflict(str(error)) from error
    agreement.terminated_at = db.now(session)
    agreement.termination_cause, agreement.termination_reason = cause, reason
    agreement.version += 1
    _log(session, agreement, "terminate", actor, {"cause": cause, "reason": reason})


def _move_supplier(
    session: Session,
    agreement: FrameworkAgreement,
    supplier: FrameworkSupplier,
    action: str,
    *,
    actor: str,
    reason: str,
) -> None:
    """The one place that writes `framework_supplier.status`."""
    try:
        supplier.status = PARTICIPANT.apply(action, supplier.status)
    except IllegalTransition as error:
        raise Conflict(str(error)) from error
    active = supplier.status is ParticipantStatus.ACTIVE
    supplier.reason, supplier.changed_at = None if active else reason, db.now(session)
    supplier.version += 1
    agreement.version += 1
    session.add(supplier)
    change = {"supplier": supplier.id.hex, "organisation": supplier.supplier_id.hex}
    _log(session, agreement, f"{action}_supplier", actor, {**change, "reason": reason})


def _suppliers(session: Session, agreement: FrameworkAgreement) -> list[UUID]:
    query = select(FrameworkSupplier.suppliers).where(
        FrameworkSupplier.agreement_id == agreement.id
    )
    return [*dict.fromkeys(org_id for each in session.exec(query) for org_id in each)]


def _log(
    session: Session,
    agreement: FrameworkAgreement,
    action: str,
    actor: str,
    change: Mapping[str, Any],
) -> None:
    session.add(agreement)
    session.flush()
    audit.record(
        session,
        f"framework:{agreement.id.hex}",
        action,
        actor=actor,
        org_id=agreement.buyer_id,
        change={"tender": agreement.tender_id.hex, **change},
    )
    emit(
        session,
        _EVENTS[action],
        agreement.id,
        org_id=agreement.buyer_id,
        also=_suppliers(session, agreement),
        public=True,
        tender_id=agreement.tender_id.hex,
        status=agreement.status,
        version=agreement.version,
    )
