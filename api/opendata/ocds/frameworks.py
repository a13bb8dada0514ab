"""The technique of a framework agreement, and how a call-off names the process that concluded it."""

from collections.abc import Sequence
from uuid import UUID

from api.core import ids, settings
from api.opendata.ocds.process import Process
from api.opendata.ocds.values import Json, compact, instant, money
from api.procurement.models import FrameworkAgreement, FrameworkSupplier, FrameworkTerms, Tender
from api.procurement.service import agreements, framework_terms


def techniques(process: Process) -> tuple[Json | None, dict[UUID, set[str]]]:
    """`tender.techniques` of a tender that concludes a framework agreement, and the roles of those
    who call off and who supply; None for any other tender."""
    terms = framework_terms.find(process.session, process.tender.id)
    if terms is None:
        return None, {}
    agreement = agreements.find(process.session, process.tender.id)
    suppliers = agreements.suppliers(process.session, agreement.id) if agreement else []
    roles: dict[UUID, set[str]] = {org_id: {"buyer"} for org_id in terms.buyers}
    for each in suppliers:
        for org_id in each.suppliers:
            roles.setdefault(org_id, set()).add("supplier")
    process.learn(roles)
    told = {
        "hasFrameworkAgreement": True,
        "frameworkAgreement": _agreement(process, terms, agreement, suppliers),
    }
    return told, roles


def related(process: Process) -> list[Json]:
    """`relatedProcesses` of a call-off: the process that concluded the framework agreement."""
    framework_id = process.tender.framework_id
    framework = process.session.get(Tender, framework_id) if framework_id else None
    if framework is None:
        return []
    return [
        {
            "id": "1",
            "relationship": ["framework"],
            "title": framework.title.get(process.language) or next(iter(framework.title.values())),
            "scheme": "ocid",
            "identifier": framework.ocid,
            "uri": f"{settings.get().base_url}/public/ocds/records/{framework.ocid}",
        }
    ]


def _agreement(
    process: Process,
    terms: FrameworkTerms,
    agreement: FrameworkAgreement | None,
    suppliers: Sequence[FrameworkSupplier],
) -> Json:
    return compact(
        {
            "method": terms.method.value,
            "minimumParticipants": terms.minimum_participants,
            "maximumParticipants": terms.maximum_participants,
            "periodRationale": terms.period_rationale,
            "value": money(agreement.ceiling if agreement else process.tender.value),
            "period": compact(
                {
                    "startDate": agreement and instant(agreement.period_start),
                    "endDate": agreement
                    and instant(agreement.terminated_at or agreement.period_end),
                    "durationInDays": terms.duration_days,
                }
            ),
            "status": agreement and agreement.status.value,
            "allocation": terms.allocation and terms.allocation.value,
            "description": agreement and agreement.termination_reason,
            "participants": [_participant(process, each) for each in suppliers],
        }
    )


def _participant(process: Process, supplier: FrameworkSupplier) -> Json:
    return compact(
        {
            "id": ids.show("frameworksupplier", supplier.id),
            "suppliers": [process.reference(org_id) for org_id in supplier.suppliers],
            "relatedLot": ids.show("lot", supplier.lot_id),
            "relatedAward": ids.show("award", supplier.award_id),
            "status": supplier.status.value,
            "statusDetails": supplier.reason,
            "date": instant(supplier.changed_at),
        }
    )
