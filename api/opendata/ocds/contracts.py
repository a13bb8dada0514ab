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
from api.procurement.models import Award


def contracts(process: Process) -> Section:
    """`contracts`: every one that was signed by both sides; it is its own until then."""
    signed = queries.signed(process.session, process.tender.id)
    if not signed:
        return Section({})
    known = [each.id for each in signed]
    awards = queries.awards_by_contract(process.session, known)
    agreed = queries.agreed_changes(process.session, known)
    told = [_contract(process, each, awards[each.id], agreed[each.id]) for each in signed]
    paid = [each for each, said in zip(signed, told, strict=True) if _is_paid(said)]
    roles: defaultdict[UUID, set[str]] = defaultdict(set)
    for each in paid:
        roles[each.buyer_id].add("payer")
        roles[each.supplier_id].add("payee")
    return Section({"contracts": told}, dict(roles))


def _is_paid(contract: Json) -> bool:
    return "transactions" in contract.get("implementation", {})


def _contract(
    process: Process, contract: Contract, about: Sequence[Award], agreed: Sequence[ContractChange]
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
            "amendments": [_amendment(each) for each in agreed],
            "implementation": implementation(process, contract),
        }
    )


def _amendment(change: ContractChange) -> Json:
    return {
        "id": str(change.number),
        "date": instant(change.agreed_at),
        "rationale": change.rationale,
        "description": change.rationale_type.value,
    }
