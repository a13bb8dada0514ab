"""Setting by what the lots of a tender are ranked: in the draft, and by an amendment."""

from typing import Any

from sqlmodel import Session

from api.core.errors import FieldError, Invalid
from api.procurement.models import AwardTerms, Tender
from api.procurement.schemas.evaluations import AwardTermsIn
from api.procurement.service import award_terms, tenders
from api.procurement.service.problems import NotDraft
from api.rules.amendments import Json
from api.rules.evaluation import terms as rules
from api.rules.tenders import TenderStage


def set_terms(session: Session, tender: Tender, *, actor: str, data: AwardTermsIn) -> AwardTerms:
    """Say how bids will be compared. Raises NotDraft once the tender is published, when only an
    amendment changes it, or Invalid for terms by which nothing can be ranked."""
    if tender.status_details not in (TenderStage.DRAFT, TenderStage.PLANNED):
        raise NotDraft(f"The tender is {tender.status}; amend it.")
    row = replace(session, tender, data)
    tenders.record(session, tender, "set_award_terms", actor=actor, change={"lots": len(row.lots)})
    return row


def replace(
    session: Session, tender: Tender, data: AwardTermsIn, *, pointer: str = "#"
) -> AwardTerms:
    """Write the terms of a tender anew, as a whole. Raises Invalid, naming fields below `pointer`."""
    lots = [_stored(each.model_dump(mode="json")) for each in data.lots]
    _refuse_faults(tender, data, lots, pointer)
    row = award_terms.find(session, tender.id) or AwardTerms(
        tender_id=tender.id, currency="", vat_mode=data.vat_mode, lots=[]
    )
    row.currency, row.vat_mode, row.lots = data.currency, data.vat_mode, lots
    row.version += 1
    session.add(row)
    session.flush()
    return row


def snapshot(row: AwardTerms | None) -> dict[str, Json]:
    """What an amendment may change of the terms: JSON pointer (lots and criteria by id) -> value.

    Titles of criteria and costs may be corrected; everything else is a term of the comparison.
    """
    if row is None:
        return {}
    told: dict[str, Json] = {
        "#/award_terms/currency": row.currency,
        "#/award_terms/vat_mode": row.vat_mode.value,
    }
    for lot in row.lots:
        at = f"#/award_terms/lots/lot_{lot['lot_id']}"
        cycle = lot.get("life_cycle") or {}
        for name, named in (
            ("criteria", lot.get("criteria", ())),
            ("life_cycle/elements", cycle.get("elements", ())),
        ):
            for each in named:
                where = f"{at}/{name}/{each['id']}"
                told[f"{where}/title"] = each["title"]
                told[f"{where}/terms"] = {k: v for k, v in each.items() if k != "title"}
        told |= {
            f"{at}/award_criteria": lot["award_criteria"],
            f"{at}/tie_breaks": lot.get("tie_breaks", []),
            f"{at}/life_cycle/terms": {k: v for k, v in cycle.items() if k != "elements"} or None,
        }
    return told


def shown(session: Session, tender: Tender) -> dict[str, Any]:
    """The terms of every lot, stored or by default."""
    return {
        "tender_id": tender.id,
        "lots": [
            {"lot_id": lot.id, **award_terms.dumped(award_terms.of_lot(session, tender, lot))}
            for lot in tender.lots
        ],
    }


def _stored(lot: dict[str, Any]) -> dict[str, Any]:
    """The lot by its bare id, as the other rows name it."""
    return {**lot, "lot_id": lot["lot_id"].removeprefix("lot_")}


def _refuse_faults(
    tender: Tender, data: AwardTermsIn, lots: list[dict[str, Any]], below: str
) -> None:
    known, seen, errors = {lot.id for lot in tender.lots}, set[Any](), list[FieldError]()
    for index, each in enumerate(data.lots):
        pointer = f"{below}/lots/{index}"
        if each.lot_id not in known or each.lot_id in seen:
            said = "is not a lot of the tender, or stands here twice"
            errors.append(FieldError(pointer=f"{pointer}/lot_id", code="unknown_lot", detail=said))
        seen.add(each.lot_id)
        parsed = award_terms.parsed(lots[index], data.currency, data.vat_mode)
        errors += [
            FieldError(
                pointer=f"{pointer}{fault.pointer.removeprefix('#')}",
                code=fault.code,
                detail=fault.detail,
            )
            for fault in rules.faults(parsed)
        ]
    if errors:
        raise Invalid("Bids cannot be ranked by these terms.", errors=errors)
