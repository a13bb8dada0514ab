"""The terms of a tender: from input to rows, checked against reference data and each other."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any
from uuid import UUID

from pydantic import BaseModel
from sqlmodel import Session

from api.core import ids
from api.core.errors import FieldError, Invalid
from api.procurement.models import Item, Lot, Tender
from api.procurement.schemas import AmendIn, LotChange, LotIn, TenderPatch
from api.reference import service as reference
from api.rules import tenders
from api.rules.amendments import Json
from api.rules.classifications import Scheme
from api.rules.offers import plain
from api.rules.schedule import Schedule
from api.rules.tenders import Fault, LotTerms

_NESTED = frozenset({"id", "lots", "items", "rationale", "criteria", "award_terms", "documents"})


def columns(data: BaseModel, names: Iterable[str]) -> dict[str, Any]:
    """Column values of the named fields of an input; nested rows are left to the caller."""
    values: dict[str, Any] = {}
    for name in names:
        given = getattr(data, name)
        if name in _NESTED:
            continue
        if name == "value":
            values["value_amount"] = given.amount if given else None
            values["value_currency"] = given.currency if given else None
        elif name == "classification":
            values["classification_scheme"] = given.scheme.value if given else None
            values["classification_id"] = given.id if given else None
        elif name == "additional_classifications":
            values[name] = [one.model_dump(mode="json") for one in given]
        elif name == "incoterms":
            values[name] = [term.value for term in given]
        else:
            values[name] = given
    return values


def assign(row: Tender | Lot | Item, data: BaseModel) -> None:
    """Write the fields that a patch names into a row."""
    for name, value in columns(data, data.model_fields_set).items():
        setattr(row, name, value)


def new_lots(tender_id: UUID, lots: Iterable[LotIn]) -> list[Lot]:
    """Rows for lots and items, in the order of the input."""
    rows = []
    for position, data in enumerate(lots, start=1):
        lot = Lot(tender_id=tender_id, position=position, **columns(data, type(data).model_fields))
        lot.items = [
            Item(
                tender_id=tender_id,
                lot_id=lot.id,
                position=number,
                **columns(item, type(item).model_fields),
            )
            for number, item in enumerate(data.items, start=1)
        ]
        rows.append(lot)
    return rows


def check_references(session: Session, data: TenderPatch | AmendIn) -> None:
    """Raise Invalid, naming every field at once, when a code of the input does not exist."""
    codes: dict[Scheme, dict[str, str]] = {}
    units: dict[str, str] = {}
    places: dict[str, str] = {}
    certificates: dict[str, str] = {}
    currencies: dict[str, str] = {}
    lots: Sequence[LotIn | LotChange] = data.lots or ()
    if data.value:
        currencies[data.value.currency] = "#/value/currency"
    for n, lot in enumerate(lots):
        if lot.value:
            currencies.setdefault(lot.value.currency, f"#/lots/{n}/value/currency")
        if lot.delivery_place_code:
            places.setdefault(lot.delivery_place_code, f"#/lots/{n}/delivery_place_code")
        for k, scheme in enumerate(lot.required_certificates or ()):
            certificates.setdefault(scheme, f"#/lots/{n}/required_certificates/{k}")
        for m, item in enumerate(lot.items):
            pointer = f"#/lots/{n}/items/{m}"
            if item.unit_code:
                units.setdefault(item.unit_code, f"{pointer}/unit_code")
            if item.classification:
                one = item.classification
                codes.setdefault(one.scheme, {}).setdefault(one.id, f"{pointer}/classification/id")
            for k, other in enumerate(item.additional_classifications or ()):
                codes.setdefault(other.scheme, {}).setdefault(
                    other.id, f"{pointer}/additional_classifications/{k}/id"
                )
    errors = [e for c, p in currencies.items() for e in _refusals(reference.ensure_currency, c, p)]
    classified = [(scheme, code) for scheme, given in codes.items() for code in given]
    if not reference.all_known(
        session, places=places, units=units, certificates=certificates, classified=classified
    ):
        errors += [
            *_refusals(reference.ensure_places, session, places),
            *_refusals(reference.ensure_certificate_schemes, session, certificates),
            *_refusals(reference.ensure_units, session, units),
            *(
                e
                for s, c in codes.items()
                for e in _refusals(reference.ensure_codes, session, s, c)
            ),
        ]
    if errors:
        raise Invalid("Some codes do not exist.", errors=errors)


def faults(tender: Tender) -> list[Fault]:
    """Terms that contradict each other; pointers are into the tender as it is shown."""
    lots = [
        LotTerms(lot.delivery_period_start, lot.delivery_period_end, lot.value)
        for lot in tender.lots
    ]
    found = tenders.schedule_faults(
        start=tender.tender_period_start,
        end=tender.tender_period_end,
        enquiry_end=tender.enquiry_period_end,
        lots=lots,
        prequalification_end=tender.prequalification_period_end,
    )
    found += tenders.value_faults(tender.value, lots)
    if tender.language not in tender.title:
        detail = f"must have a text in the tender's language, {tender.language}"
        found.append(Fault("#/title", "language_missing", detail))
    return found


def assign_schedule(tender: Tender, windows: Schedule) -> None:
    """Store the instants that were computed."""
    tender.enquiry_period_end = windows.enquiry_period_end
    tender.clarification_until = windows.clarification_until
    tender.complaint_period_end = windows.complaint_period_end


def schedule_of(tender: Tender) -> Schedule:
    """The instants as they are stored."""
    return Schedule(
        tender.enquiry_period_end, tender.clarification_until, tender.complaint_period_end
    )


def field_errors(found: Iterable[Fault]) -> list[FieldError]:
    """Faults as a problem shows them."""
    return [FieldError(pointer=f.pointer, code=f.code, detail=f.detail) for f in found]


def search_text(tender: Tender) -> str:
    """Every text in which a tender can be searched, case folded."""
    texts = [tender.ocid, *tender.title.values(), *tender.description.values()]
    for lot in tender.lots:
        texts += lot.title.values()
        for item in lot.items:
            texts += item.description.values()
    return "\n".join(texts).casefold()


def snapshot(tender: Tender) -> dict[str, Json]:
    """Every term that an amendment may change: JSON pointer (lots and items by id) -> value."""
    found: dict[str, Json] = {
        "#/title": {**tender.title},
        "#/description": {**tender.description},
        "#/procurement_method_details": tender.procurement_method_details,
        "#/value": _shown(tender.value),
        "#/enquiry_period_end": _iso(tender.enquiry_period_end),
        "#/prequalification_period_end": _iso(tender.prequalification_period_end),
        "#/tender_period_end": _iso(tender.tender_period_end),
        "#/clarification_until": _iso(tender.clarification_until),
        "#/complaint_period_end": _iso(tender.complaint_period_end),
    }
    for lot in tender.lots:
        at = f"#/lots/{ids.show('lot', lot.id)}"
        found |= {
            f"{at}/title": {**lot.title},
            f"{at}/value": _shown(lot.value),
            f"{at}/delivery_place_code": lot.delivery_place_code,
            f"{at}/delivery_address": lot.delivery_address,
            f"{at}/delivery_period_start": _iso(lot.delivery_period_start),
            f"{at}/delivery_period_end": _iso(lot.delivery_period_end),
            f"{at}/incoterms": [*lot.incoterms],
            f"{at}/required_certificates": [*lot.required_certificates],
        }
        for item in lot.items:
            found |= _item_snapshot(f"{at}/items/{ids.show('item', item.id)}", item)
    return found


def _item_snapshot(at: str, item: Item) -> dict[str, Json]:
    others: list[Json] = [{**one} for one in item.additional_classifications]
    return {
        f"{at}/description": {**item.description},
        f"{at}/specification": {**item.specification},
        f"{at}/classification": {**item.classification} if item.classification else None,
        f"{at}/additional_classifications": others,
        f"{at}/quantity": plain(item.quantity),
        f"{at}/unit_code": item.unit_code,
    }


def _shown(value: tenders.Value | None) -> Json:
    return {"amount": plain(value.amount), "currency": value.currency} if value else None


def _iso(moment: Any) -> str | None:
    return moment.isoformat() if moment else None


def _refusals[**P](check: Callable[P, None], *args: P.args, **kwargs: P.kwargs) -> list[FieldError]:
    try:
        check(*args, **kwargs)
    except Invalid as problem:
        return problem.errors
    return []
