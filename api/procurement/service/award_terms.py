"""By what the lots of a tender are ranked: stored, and read as the rules need it."""

from typing import Any
from uuid import UUID

from pydantic import TypeAdapter
from sqlmodel import Session, select

from api.core.errors import FieldError
from api.procurement.evaluation import files
from api.procurement.models import AwardTerms, Lot, Tender
from api.procurement.service.evaluation_problems import AwardTermsStale
from api.reference.fx import PIVOT
from api.rules.evaluation import LotTerms
from api.rules.evaluation.terms import AwardCriteria, VatMode

_TERMS: TypeAdapter[LotTerms] = TypeAdapter(LotTerms)


def find(session: Session, tender_id: UUID) -> AwardTerms | None:
    """The terms that a tender names; None: every lot by the lowest price."""
    return session.exec(select(AwardTerms).where(AwardTerms.tender_id == tender_id)).one_or_none()


def of_lot(session: Session, tender: Tender, lot: Lot) -> LotTerms:
    """The terms of one lot. A lot that is not named is ranked by the lowest net price, in its own
    currency or the tender's."""
    return _of_lot(find(session, tender.id), tender, lot)


def of_lots(session: Session, tender: Tender) -> dict[UUID, LotTerms]:
    """The terms of every lot, by its id, as they stand in the transaction."""
    session.flush()
    row = find(session, tender.id)
    return {lot.id: _of_lot(row, tender, lot) for lot in tender.lots}


def _of_lot(row: AwardTerms | None, tender: Tender, lot: Lot) -> LotTerms:
    if row is None:
        value = lot.value or tender.value
        currency = value.currency if value else PIVOT
        return LotTerms(AwardCriteria.PRICE_ONLY, currency, VatMode.NET)
    named = next((each for each in row.lots if each["lot_id"] == lot.id.hex), None)
    return parsed(named or {"award_criteria": "priceOnly"}, row.currency, row.vat_mode)


def parsed(lot: dict[str, Any], currency: str, vat_mode: VatMode) -> LotTerms:
    """The terms of a lot as they are stored, with those of the tender."""
    own = {name: value for name, value in lot.items() if name != "lot_id"}
    return _TERMS.validate_python({**own, "currency": currency, "vat_mode": vat_mode})


def refuse_stale(session: Session, tender: Tender) -> None:
    """Raise AwardTermsStale when a lot that the terms name was replaced: its criteria would be
    lost in silence."""
    row = find(session, tender.id)
    known = {lot.id.hex for lot in tender.lots}
    gone = [
        FieldError(pointer=f"#/award_terms/lots/{index}", code="unknown_lot", detail="is gone")
        for index, each in enumerate(row.lots if row else ())
        if each["lot_id"] not in known
    ]
    if gone:
        raise AwardTermsStale(errors=gone)


def dumped(terms: LotTerms) -> dict[str, Any]:
    """The terms of a lot as the evaluation file says them."""
    found: dict[str, Any] = files.document(terms)
    return found
