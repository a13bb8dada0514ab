"""What matching asks of procurement: the items of open tenders as demands."""

from collections.abc import Mapping, Sequence
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import and_, or_
from sqlalchemy.orm import selectinload
from sqlmodel import Session, col, select

from api.core import db
from api.identity import service as identity
from api.procurement.models import Item, Lot, Tender
from api.reference import service as reference
from api.rules.classifications import Scheme
from api.rules.clock import local_date
from api.rules.matching import Demand
from api.rules.tenders import OPEN_STAGES, LotStatus, TenderMode, TenderStage


def demands(session: Session, tender_id: UUID) -> list[Demand]:
    """One demand per item of the tender's active lots; none unless it is published, and none of a
    call-off, whose suppliers are those of the framework agreement.

    Those of a test tender are its buyer's alone. The order is expected on the day
    (in the tender's zone) on which the tender period ends.
    """
    tender = session.exec(
        select(Tender)
        .where(Tender.id == tender_id)
        .options(selectinload(Tender.lots).selectinload(Lot.items))  # type: ignore[arg-type]
    ).one_or_none()
    if tender is None or tender.published_at is None or tender.tender_period_end is None:
        return []
    if tender.framework_id is not None:  # open to the suppliers of its agreement only
        return []
    lots = [lot for lot in tender.lots if lot.status is LotStatus.ACTIVE]
    places = reference.places(session, {lot.delivery_place_code for lot in lots})
    countries = {code: place.country for code, place in places.items()}
    ordered_on = local_date(tender.tender_period_end, ZoneInfo(tender.time_zone))
    return [
        Demand(
            item_id=item.id,
            lot_id=lot.id,
            tender_id=tender.id,
            buyer_id=tender.buyer_id,
            texts=item.description,
            quantity=item.quantity,
            unit_code=item.unit_code,
            delivery_country=countries.get(lot.delivery_place_code) or _home(session, tender),
            ordered_on=ordered_on,
            deliver_by=lot.delivery_period_end,
            specification=item.specification,
            context=_joined(lot.title, tender.title),
            cpv_code=_cpv(item),
            hs_code=_hs(item),
            lot_budget=lot.value_amount,
            lot_budget_currency=lot.value_currency or "KGS",
            lot_item_count=len(lot.items),
            delivery_place_code=lot.delivery_place_code,
            incoterms=tuple(lot.incoterms),
            required_certificates=tuple(lot.required_certificates),
            public=tender.mode is TenderMode.LIVE,
        )
        for lot in lots
        for item in lot.items
    ]


def open_tender_ids(session: Session) -> Sequence[UUID]:
    """Tenders that any supplier can still answer now, by a bid or an application, by the
    database's clock, oldest first; tests are none of them."""
    now = db.now(session)
    return session.exec(
        select(Tender.id)
        .where(
            Tender.mode == TenderMode.LIVE,
            col(Tender.framework_id).is_(None),
            or_(
                and_(
                    col(Tender.status_details).in_(OPEN_STAGES),
                    col(Tender.prequalification_period_end).is_(None),
                    col(Tender.tender_period_end) > now,
                ),
                and_(
                    col(Tender.status_details) == TenderStage.PREQUALIFICATION,
                    col(Tender.prequalification_period_end) > now,
                ),
            ),
        )
        .order_by(col(Tender.id))
    ).all()


def is_for_the_invited(session: Session, tender_id: UUID) -> bool:
    """True when the time to apply for a tender is over: nobody else can answer it any more."""
    stage = session.exec(
        select(Tender.status_details).where(
            Tender.id == tender_id, col(Tender.prequalification_period_end).is_not(None)
        )
    ).one_or_none()
    return stage is not None and stage is not TenderStage.PREQUALIFICATION


def is_public(session: Session, tender_id: UUID) -> bool:
    """True once the tender has been published; also after its end or cancellation."""
    published = session.exec(select(Tender.published_at).where(Tender.id == tender_id)).first()
    return published is not None


def _home(session: Session, tender: Tender) -> str:
    return identity.buying_rules(session, tender.buyer_id)[0]


def _joined(*texts: Mapping[str, str]) -> dict[str, str]:
    languages = dict.fromkeys(language for one in texts for language in one)
    return {
        language: "\n".join(one[language] for one in texts if language in one)
        for language in languages
    }


def _cpv(item: Item) -> str | None:
    """The CPV code; OKGZ uses the same codes."""
    schemes = (Scheme.CPV, Scheme.OKGZ)
    return next((code for scheme, code in item.codes if scheme in schemes), None)


def _hs(item: Item) -> str | None:
    """The HS code, or the first six digits of a TN VED code."""
    schemes = (Scheme.HS, Scheme.TNVED)
    return next((code[:6] for scheme, code in item.codes if scheme in schemes), None)
