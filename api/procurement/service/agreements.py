"""What may be read of framework agreements, and what a call-off is held to. Never commits.

Functions that take a call-off take the tender of it, whose `framework_id` is the tender that
concluded the agreement.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import any_
from sqlmodel import Session, col, select

from api.core import db, pages
from api.core.errors import NotFound
from api.core.pages import PageQuery
from api.identity import debarments
from api.procurement.models import (
    FrameworkAgreement,
    FrameworkCallOff,
    FrameworkPrice,
    FrameworkSignature,
    FrameworkSupplier,
    Item,
    Lot,
    Tender,
)
from api.procurement.service import terms
from api.procurement.service.framework_problems import CallOffRefused
from api.rules import frameworks as rules
from api.rules.clock import local_date
from api.rules.frameworks import Candidate, FrameworkMethod, FrameworkStatus, ParticipantStatus
from api.rules.tenders import Fault


class Agreed(NamedTuple):
    """The price that a supplier is bound to, and whether value-added tax is in it."""

    unit_price: Decimal
    vat_included: bool


def get(session: Session, agreement_id: UUID) -> FrameworkAgreement:
    """Any agreement: they are public; NotFound."""
    found = session.get(FrameworkAgreement, agreement_id)
    if found is None:
        raise NotFound
    return found


def find(session: Session, framework_id: UUID, *, lock: bool = False) -> FrameworkAgreement | None:
    """The agreement that a tender has concluded, as it is now; locked, whoever draws on it waits."""
    query = select(FrameworkAgreement).where(FrameworkAgreement.tender_id == framework_id)
    if lock:
        query = query.with_for_update()
    session.flush()
    return session.exec(query.execution_options(populate_existing=True)).one_or_none()


def list_agreements(
    session: Session, page: PageQuery, *, status: FrameworkStatus | None, buyer_id: UUID | None
) -> tuple[Sequence[FrameworkAgreement], str | None]:
    """Agreements, newest first, and the next cursor; `buyer_id`: those that name it."""
    query = select(FrameworkAgreement)
    if status is not None:
        query = query.where(FrameworkAgreement.status == status)
    if buyer_id is not None:
        query = query.where(any_(col(FrameworkAgreement.buyers)) == buyer_id)
    filters = {"status": status, "buyer": buyer_id}
    return pages.newest_first(
        session, query, FrameworkAgreement, page, scope="frameworks", filters=filters
    )


def suppliers(session: Session, agreement_id: UUID) -> Sequence[FrameworkSupplier]:
    """The suppliers of an agreement, lot by lot in the order of their ranks."""
    session.flush()
    return session.exec(
        select(FrameworkSupplier)
        .where(FrameworkSupplier.agreement_id == agreement_id)
        .order_by(col(FrameworkSupplier.lot_id), col(FrameworkSupplier.rank))
        .execution_options(populate_existing=True)
    ).all()


def active(session: Session, framework_id: UUID) -> Sequence[FrameworkSupplier]:
    """The suppliers whom a call-off can go to: active in an agreement that everybody has signed, they
    too, and not debarred today."""
    agreement = find(session, framework_id)
    if agreement is None:
        return []
    able = [
        each for each in suppliers(session, agreement.id) if each.status is ParticipantStatus.ACTIVE
    ]
    if agreement.document is not None:
        if agreement.signed_at is None:
            return []
        query = select(FrameworkSignature.org_id).where(
            FrameworkSignature.agreement_id == agreement.id
        )
        signed = {*session.exec(query)}
        able = [each for each in able if each.supplier_id in signed]
    everybody = {org_id for each in able for org_id in each.suppliers}
    debarred = debarments.until(session, everybody, local_date(db.now(session)))
    return [each for each in able if debarred.keys().isdisjoint(each.suppliers)]


def prices(session: Session, agreement_id: UUID) -> Mapping[UUID, Mapping[UUID, Decimal]]:
    """The agreed unit prices: framework supplier -> item of the framework -> price."""
    found: Mapping[UUID, dict[UUID, Decimal]] = defaultdict(dict)
    rows = session.exec(
        select(FrameworkPrice)
        .join(FrameworkSupplier, col(FrameworkSupplier.id) == FrameworkPrice.framework_supplier_id)
        .where(FrameworkSupplier.agreement_id == agreement_id)
        .order_by(col(FrameworkPrice.id))
    )
    for row in rows:
        found[row.framework_supplier_id][row.item_id] = row.unit_price_amount
    return found


def call_offs(session: Session, agreement_id: UUID) -> Sequence[FrameworkCallOff]:
    """What was called off, in the order of turns; what fell again too."""
    return session.exec(
        select(FrameworkCallOff)
        .where(FrameworkCallOff.agreement_id == agreement_id)
        .order_by(col(FrameworkCallOff.number))
    ).all()


def is_direct(tender: Tender) -> bool:
    """True for a call-off that is allocated without reopening competition."""
    return tender.framework_method is FrameworkMethod.WITHOUT_REOPENING


def require_open(
    agreement: FrameworkAgreement | None, tender: Tender, *, now: datetime
) -> FrameworkAgreement:
    """The agreement, if the tender's buyer can call off from it now; CallOffRefused."""
    if agreement is None or tender.framework_method is None:
        fault = Fault("#/framework_id", "no_framework", "has concluded no framework agreement")
        raise CallOffRefused(errors=terms.field_errors([fault]))
    state = rules.Agreement(
        agreement.status,
        agreement.method,
        agreement.period_start,
        agreement.period_end,
        agreement.buyers,
    )
    faults = rules.call_off_faults(
        state, made=tender.framework_method, buyer=tender.buyer_id, now=now
    )
    if faults:
        raise CallOffRefused(errors=terms.field_errors(faults))
    return agreement


def framework_lot(session: Session, lot: Lot) -> UUID | None:
    """The lot of the framework that the items of a call-off's lot are of, if they are of one."""
    wanted = [each.framework_item_id for each in lot.items]
    found = session.exec(select(Item.lot_id).where(col(Item.id).in_(wanted)).distinct()).all()
    return found[0] if len(found) == 1 and None not in wanted else None


def allocated(session: Session, tender: Tender, lot: Lot) -> list[Candidate[FrameworkSupplier]]:
    """To whom a direct call-off of a lot goes, the first first, by the rule of the agreement.

    Turns that this very lot has taken do not count: the order stays what it was at first.
    """
    agreement = None if tender.framework_id is None else find(session, tender.framework_id)
    if agreement is None or agreement.allocation is None or tender.framework_id is None:
        return []
    of_lot, agreed = framework_lot(session, lot), prices(session, agreement.id)
    turns = {
        each.framework_supplier_id: each.number
        for each in call_offs(session, agreement.id)
        if each.lot_id != lot.id
    }
    quantities = {each.framework_item_id: each.quantity for each in lot.items}
    candidates = [
        Candidate(
            each,
            each.rank,
            rules.total(
                (quantity, agreed[each.id][item])
                for item, quantity in quantities.items()
                if item is not None
            ),
            turns.get(each.id),
        )
        for each in active(session, tender.framework_id)
        if each.lot_id == of_lot
    ]
    return rules.allocate(agreement.allocation, candidates)


def binds_prices(session: Session, tender: Tender) -> bool:
    """True when the bids of a competition may not ask for more than the agreement says."""
    found = None if tender.framework_id is None else find(session, tender.framework_id)
    return found is not None and found.within_agreed_prices


def agreed_prices(session: Session, tender: Tender) -> Mapping[UUID, Mapping[UUID, Agreed]]:
    """What the bids of a competition are held to: lead of a supplier -> item of the call-off."""
    found: dict[UUID, dict[UUID, Agreed]] = defaultdict(dict)
    if tender.framework_id is None:
        return found
    items = {each.framework_item_id: each.id for lot in tender.lots for each in lot.items}
    able = active(session, tender.framework_id)
    agreed = prices(session, able[0].agreement_id) if able else {}
    for each in able:
        for item, price in agreed[each.id].items():
            if item in items:
                found[each.supplier_id][items[item]] = Agreed(price, each.vat_included)
    return found
