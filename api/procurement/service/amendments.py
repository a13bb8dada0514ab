"""Changes of published tenders. Never commits: the caller owns the transaction."""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from sqlalchemy import func
from sqlmodel import Session, col, select

from api.core import db, deadlines
from api.core.errors import FieldError, Invalid
from api.procurement.models import Amendment, Item, Lot, Tender
from api.procurement.schemas import AmendIn, LotChange
from api.procurement.service import policies, tenders, terms
from api.procurement.service.problems import (
    NothingToAmend,
    TenderPeriodEnded,
    TenderPeriodShortened,
    TermsInconsistent,
)
from api.rules import amendments as rules
from api.rules import schedule as windows
from api.rules.periods import Timetable
from api.rules.tenders import has_ended


def amend(session: Session, tender: Tender, *, actor: str, data: AmendIn) -> Tender:
    """Change a tender that suppliers can still answer; a material change gives them more time, to
    ask and to complain too.

    Raises TenderPeriodEnded, TenderPeriodShortened, NothingToAmend, TermsInconsistent,
    CalendarYearMissing, PolicyNotFrozen or Invalid.
    """
    now, end = db.now(session), tender.tender_period_end
    tenders.require(tender, "amend")
    if end is None or has_ended(end, now):
        raise TenderPeriodEnded
    terms.check_references(session, data)
    if data.tender_period_end is not None and data.tender_period_end < end:
        raise TenderPeriodShortened(f"The tender period ends at {end.isoformat()}.")
    table = policies.timetable_of(session, tender)
    before = terms.snapshot(tender)
    terms.assign(tender, data)
    _assign_lots(tender, data.lots)
    changes = rules.diff(before, terms.snapshot(tender))
    if not changes:
        raise NothingToAmend
    material = rules.material(changes)
    if material:
        end = _extend(tender, data, table, end=data.tender_period_end or end, now=now)
        changes = rules.diff(before, terms.snapshot(tender))
    tenders.refuse_inconsistent(tender)
    deadlines.arm(session, tenders.PERIOD_ENDED, tender.id, end, org_id=tender.buyer_id)
    tender.search_text = terms.search_text(tender)
    amendment = Amendment(
        tender_id=tender.id,
        number=_next_number(session, tender.id),
        rationale=data.rationale,
        material=bool(material),
        material_changes=[change.pointer for change in material],
        changes=[{"pointer": c.pointer, "before": c.before, "after": c.after} for c in changes],
        amended_at=now,
    )
    session.add(amendment)
    change = {
        "number": amendment.number,
        "material": amendment.material,
        "rationale": amendment.rationale,
        "changes": amendment.changes,
    }
    note = tenders.move if material else tenders.record
    note(session, tender, "amend", actor=actor, change=change)
    return tender


def _extend(
    tender: Tender, data: AmendIn, table: Timetable, *, end: datetime, now: datetime
) -> datetime:
    """Move the deadline as the tender's own rules demand, and the windows before it; its new end."""
    policy = policies.policy_of(tender)
    end = windows.extended_end(table, policy, end=end, now=now)
    given = data.enquiry_period_end
    late = windows.enquiry_faults(table, policy, end=end, enquiry_period_end=given)
    if late:
        raise TermsInconsistent(errors=terms.field_errors(late))
    fresh = windows.schedule(table, policy, since=now, end=end, enquiry_period_end=given)
    before = terms.schedule_of(tender)
    tender.tender_period_end = end
    terms.assign_schedule(tender, windows.moved(before, fresh))
    return end


def _assign_lots(tender: Tender, changes: Iterable[LotChange]) -> None:
    """Write changes of lots and items, found by id; Invalid names an id that is not there."""
    lots = {lot.id: lot for lot in tender.lots}
    for n, data in enumerate(changes):
        lot = _found(lots, data.id, f"#/lots/{n}/id", "lot")
        terms.assign(lot, data)
        items = {item.id: item for item in lot.items}
        for m, change in enumerate(data.items):
            item = _found(items, change.id, f"#/lots/{n}/items/{m}/id", "item")
            terms.assign(item, change)


def _found[R: (Lot, Item)](rows: dict[UUID, R], row_id: UUID, pointer: str, kind: str) -> R:
    if row_id not in rows:
        detail = f"The tender has no such {kind}"
        raise Invalid(
            f"{detail}.",
            errors=[FieldError(pointer=pointer, code=f"unknown_{kind}", detail=detail)],
        )
    return rows[row_id]


def _next_number(session: Session, tender_id: UUID) -> int:
    """One more than the last; the tender's lock keeps two writers apart."""
    last = session.exec(
        select(func.max(col(Amendment.number))).where(Amendment.tender_id == tender_id)
    ).one()
    return (last or 0) + 1
