"""The contracts of a process: what both sides signed, how it changed, was delivered and ended."""

from api.contracts import changes, queries
from api.contracts.models import Contract, ContractChange
from api.core import ids
from api.opendata.ocds.implementation import implementation
from api.opendata.ocds.process import Process, Section
from api.opendata.ocds.values import Json, compact, instant, money
from api.rules.contracts import ChangeStatus


def contracts(process: Process) -> Section:
    """`contracts`: every one that was signed by both sides; it is its own until then."""
    signed = queries.signed(process.session, process.tender.id)
    if not signed:
        return Section({})
    return Section({"contracts": [_contract(process, each) for each in signed]})


def _contract(process: Process, contract: Contract) -> Json:
    awards = [ids.show("award", each.id) for each in queries.awards_of(process.session, contract)]
    agreed = [
        each
        for each in changes.list_changes(process.session, contract)
        if each.status is ChangeStatus.ACTIVE
    ]
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
            "implementation": implementation(process.session, contract),
        }
    )


def _amendment(change: ContractChange) -> Json:
    return {
        "id": str(change.number),
        "date": instant(change.agreed_at),
        "rationale": change.rationale,
        "description": change.rationale_type.value,
    }
