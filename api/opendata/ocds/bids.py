"""The section `bids` of a release: what was opened, never what is still sealed."""

from collections.abc import Sequence
from decimal import Decimal
from uuid import UUID

from api.core import ids
from api.opendata.ocds.process import Process, Section
from api.opendata.ocds.values import Json, compact, instant, money, number
from api.procurement.models import BidDocument, BidLot
from api.procurement.service import opened
from api.procurement.service.opened import OpenedBid
from api.rules.tenders import Value


def bids(process: Process) -> Section:
    """`bids.details` and how many there are; nothing before the first opening."""
    found = opened.bids(process.session, process.tender.id)
    if not found:
        return Section({})
    tenderers = {each.organisation_id: {"tenderer"} for bid in found for each in bid.tenderers} | {
        bid.bid.supplier_id: {"tenderer"} for bid in found
    }
    process.learn(tenderers)
    details = [_bid(process, each) for each in found]
    statistics = [{"id": "bids", "measure": "bids", "value": len(found)}]
    return Section({"bids": {"statistics": statistics, "details": details}}, tenderers)


def _bid(process: Process, opened_bid: OpenedBid) -> Json:
    bid = opened_bid.bid
    members = [each.organisation_id for each in opened_bid.tenderers]
    named: list[UUID] = [*dict.fromkeys([bid.supplier_id, *members])]
    return compact(
        {
            "id": ids.show("bid", bid.id),
            "date": instant(bid.received_at),
            "status": bid.status.value,
            "tenderers": [process.reference(org_id) for org_id in named],
            "value": money(_value(opened_bid.lots)),
            "relatedLots": [ids.show("lot", each.lot_id) for each in opened_bid.lots],
            "documents": [_document(each) for each in opened_bid.documents],
            "requirementResponses": [
                compact(
                    {
                        "id": ids.show("response", each.id),
                        "value": each.value["value"],
                        "requirement": {"id": each.requirement_id},
                        "relatedLot": each.lot_id and ids.show("lot", each.lot_id),
                        "relatedItem": each.item_id and ids.show("item", each.item_id),
                    }
                )
                for each in opened_bid.responses
            ],
        }
    )


def _value(lots: Sequence[BidLot]) -> Value | None:
    """What the bid asks for all its lots, if that is one sum."""
    currencies = {lot.value_currency for lot in lots}
    if len(currencies) != 1:
        return None
    return Value(sum((lot.value_amount for lot in lots), Decimal()), currencies.pop())


def _document(document: BidDocument) -> Json:
    return compact(
        {
            "id": document.sha256,
            "title": document.title,
            "documentType": document.document_type,
            "format": document.media_type,
            "url": document.url,
        }
    )


def criteria(process: Process) -> list[Json]:
    """`tender.criteria`: what is asked of bids, as the requirements extension has it."""
    return [
        compact(
            {
                "id": each["id"],
                "title": _main(each["title"], process.language),
                "description": _main(each.get("description"), process.language),
                "relatesTo": each.get("relates_to", "tenderer"),
                "relatedLots": [each["related_lot"]] if each.get("related_lot") else [],
                "requirementGroups": [
                    compact(
                        {
                            "id": group["id"],
                            "description": _main(group.get("description"), process.language),
                            "requirements": [
                                _requirement(one, process.language) for one in group["requirements"]
                            ],
                        }
                    )
                    for group in each["requirement_groups"]
                ],
            }
        )
        for each in opened.criteria(process.session, process.tender.id)
    ]


def _requirement(given: Json, language: str) -> Json:
    bounds = {
        name: number(Decimal(str(given[key])))
        for name, key in (("minValue", "min_value"), ("maxValue", "max_value"))
        if isinstance(given.get(key), int | float) and not isinstance(given.get(key), bool)
    }
    return compact(
        {
            "id": given["id"],
            "title": _main(given["title"], language),
            "description": _main(given.get("description"), language),
            "dataType": given["data_type"],
            "pattern": given.get("pattern"),
            "expectedValue": given.get("expected_value"),
            **bounds,
        }
    )


def _main(said: dict[str, str] | None, language: str) -> str | None:
    if not said:
        return None
    return said.get(language) or next(iter(said.values()))
