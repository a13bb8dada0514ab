"""The contracts of a process: what both sides signed, how it changed, was delivered and ended."""

from api.contracts import changes, due, queries
from api.contracts.models import Contract, ContractChange
from api.core import db, ids
from api.opendata.ocds.process import Process, Section
from api.opendata.ocds.values import Json, compact, day, instant, money
from api.rules.contracts import ChangeStatus
from api.rules.offers import plain


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
            "implementation": _implementation(process, contract),
        }
    )


def _implementation(process: Process, contract: Contract) -> Json | None:
    """A milestone for each row of the delivery schedule in force; None before there is one."""
    found = due.milestones(process.session, contract, db.now(process.session))
    return {"milestones": [_milestone(each) for each in found]} if found else None


def _milestone(milestone: due.Milestone) -> Json:
    row = milestone.row
    received, ordered = plain(row.received_quantity), plain(row.quantity)
    return compact(
        {
            "id": ids.show("schedule_row", row.id),
            "type": "delivery",
            "code": row.contractual_event.value,
            "description": f"{received} of {ordered} {row.unit_code} received",
            "dueDate": day(row.due, end=True),
            "dateMet": instant(milestone.met_at),
            "status": milestone.status.value,
        }
    )


def _amendment(change: ContractChange) -> Json:
    return {
        "id": str(change.number),
        "date": instant(change.agreed_at),
        "rationale": change.rationale,
        "description": change.rationale_type.value,
    }
