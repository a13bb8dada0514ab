"""The contracts of a process: what both sides signed, how it changed, was delivered and ended."""

from collections import defaultdict
from collections.abc import Sequence
from uuid import UUID

from api.contracts import queries
from api.contracts.models import Contract, ContractChange
from api.core import ids
from api.opendata.ocds.implementation import implementation
from api.opendata.ocds.process import Process, Section
from api.opendata.ocds.values import Json, compact, instant, money
from api.procurement.models import Award, Bid
from api.procurement.service import lot_prices
from api.procurement.service.lot_prices import LotPrice


def contracts(process: Process) -> Section:
    """`contracts`: every one that was signed by both sides; it is its own until then."""
    signed = queries.signed(process.session, process.tender.id)
    if not signed:
        return Section({})
    known = [each.id for each in signed]
    awards = queries.awards_by_contract(process.session, known)
    agreed = queries.agreed_changes(process.session, known)
    prices = {each: _prices(process, awards[each]) for each in known}
    told = [
        _contract(process, each, awards[each.id], agreed[each.id], prices[each.id])
        for each in signed
    ]
    paid = [each for each, said in zip(signed, told, strict=True) if _is_paid(said)]
    roles: defaultdict[UUID, set[str]] = defaultdict(set)
    for each in paid:
        roles[each.buyer_id].add("payer")
        roles[each.supplier_id].add("payee")
    for each in signed:
        # Whom a bid names besides its supplier is one of its tenderers.
        for _, exporter in prices[each.id]:
            if exporter not in (each.buyer_id, each.supplier_id):
                roles[exporter].add("tenderer")
    return Section({"contracts": told}, dict(roles))


def _is_paid(contract: Json) -> bool:
    return "transactions" in contract.get("implementation", {})


def _contract(
    process: Process,
    contract: Contract,
    about: Sequence[Award],
    agreed: Sequence[ContractChange],
    prices: Sequence[tuple[LotPrice, UUID]],
) -> Json:
    awards = [ids.show("award", each.id) for each in about]
    return compact(
        {
            "id": ids.show("contract", contract.id),
            "awardID": awards[0],
            "awardIDs": awards,
            "status": contract.status.value,
            "description": contract.termination_details,
            "value": money(contract.value),
            "dateSigned": instant(contract.signed_at),
            "deliveryTerms": [_delivery_term(process, *each) for each in prices],
            "amendments": [_amendment(each) for each in agreed],
            "implementation": implementation(process, contract),
        }
    )


def _prices(process: Process, about: Sequence[Award]) -> list[tuple[LotPrice, UUID]]:
    """The awarded prices that name an Incoterm, each with the organisation that declares the export."""
    found = []
    for award in about:
        price = lot_prices.of_lot(process.session, award.lot_id, auction=None).get(award.bid_id)
        if price is None:
            continue
        supplier_id = process.session.get_one(Bid, award.bid_id).supplier_id
        buyer_id = process.tender.buyer_id
        exporter = lot_prices.exporter(price, supplier_id=supplier_id, buyer_id=buyer_id)
        if exporter is not None:
            found.append((price, exporter))
    return found


def _delivery_term(process: Process, price: LotPrice, exporter: UUID) -> Json:
    """An Incoterm, with what is agreed otherwise and who declares the export."""
    return compact(
        {
            "incoterms": price.incoterm,
            "place": price.named_place,
            "deviations": [each.value for each in price.deviations],
            "exporterOfRecord": process.reference(exporter),
        }
    )


def _amendment(change: ContractChange) -> Json:
    return {
        "id": str(change.number),
        "date": instant(change.agreed_at),
        "rationale": change.rationale,
        "description": change.rationale_type.value,
    }
