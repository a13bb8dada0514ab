"""Routes of acceptance, and of the documents that the sides lay before each other."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, Path, Response

from api.contracts import acceptances, execution, papers
from api.contracts import execution_problems as problems
from api.contracts.models import Acceptance, AcceptanceDefect, AcceptanceInspection, Contract
from api.contracts.schemas import ContractId
from api.contracts.schemas.acceptances import (
    AcceptanceDecisionIn,
    AcceptanceOut,
    ContractDocumentOut,
    DefectIn,
    DefectOut,
    InspectionIn,
    InspectionOut,
    PresentationIn,
    RejectionIn,
)
from api.core.errors import Conflict, PreconditionFailed
from api.core.files.problems import FileWithheld, RangeNotSatisfiable
from api.core.http import documented
from api.core.pages import Page
from api.identity import access, links
from api.identity.access import Context, require
from api.identity.links import FILE_ANSWER, FileLinkOut, Part, requested_part
from api.procurement.models import Document
from api.procurement.router import documents
from api.procurement.schemas.documents import DocumentId
from api.reference.calendars import CalendarYearMissing
from api.rules.contracts import Side
from api.rules.permissions import OrgRole

router = access.router("/contracts", "acceptances")
Read = Annotated[Context, require("contracts:read")]
Present = Annotated[Context, require("deliveries:present")]
Accept = Annotated[Context, require("deliveries:accept")]
Number = Annotated[int, Path(ge=1, le=1_000_000)]
_CHANGED = (Conflict, PreconditionFailed)


@router.post(
    "/{contract_id}/acceptances",
    status_code=201,
    response_model=AcceptanceOut,
    responses=documented(problems.NotReceived, CalendarYearMissing, Conflict),
)
def present(contract_id: ContractId, data: PresentationIn, ctx: Present) -> AcceptanceOut:
    """Present received goods for acceptance; from now on the buyer's time runs."""
    basis, contract = execution.hold(
        ctx.session, org_id=ctx.org_id, contract_id=contract_id, members=True
    )
    found = acceptances.present(
        ctx.session, basis, contract, org_id=ctx.org_id, actor=ctx.actor, data=data
    )
    return _shown(ctx, contract, found)


@router.get("/{contract_id}/acceptances", response_model=Page[AcceptanceOut])
def list(contract_id: ContractId, ctx: Read) -> Page[Any]:
    """What was presented under a contract, in order."""
    contract = execution.party(ctx.session, org_id=ctx.org_id, contract_id=contract_id)
    rows = acceptances.acceptances(ctx.session, contract)
    shown = [_shown(ctx, contract, row) for row in rows]
    return Page(items=shown, has_more=False, next_cursor=None)


@router.get("/{contract_id}/acceptances/{number}", response_model=AcceptanceOut)
def get(contract_id: ContractId, number: Number, ctx: Read) -> AcceptanceOut:
    """One quantity that was presented, with inspections and defects."""
    contract = execution.party(ctx.session, org_id=ctx.org_id, contract_id=contract_id)
    return _shown(ctx, contract, acceptances.acceptance_of(ctx.session, contract, number))


@router.post(
    "/{contract_id}/acceptances/{number}/inspections",
    status_code=201,
    response_model=InspectionOut,
    responses=documented(*_CHANGED),
)
def inspect(
    contract_id: ContractId, number: Number, data: InspectionIn, ctx: Present
) -> AcceptanceInspection:
    """Enter an inspection of presented goods, with its report, as either side."""
    contract, found = _held(ctx, contract_id, number, None)
    return acceptances.inspect(
        ctx.session, contract, found, org_id=ctx.org_id, actor=ctx.actor, data=data
    )


@router.post(
    "/{contract_id}/acceptances/{number}/defects",
    status_code=201,
    response_model=DefectOut,
    responses=documented(*_CHANGED),
)
def note_defect(
    contract_id: ContractId, number: Number, data: DefectIn, ctx: Accept
) -> AcceptanceDefect:
    """Note a defect of presented goods, as the buyer."""
    contract, found = _held(ctx, contract_id, number, Side.BUYER)
    return acceptances.note_defect(ctx.session, contract, found, actor=ctx.actor, data=data)


@router.post(
    "/{contract_id}/acceptances/{number}/defects/{defect}/remedy",
    response_model=DefectOut,
    responses=documented(*_CHANGED),
)
def remedy_defect(
    contract_id: ContractId, number: Number, defect: Number, ctx: Accept
) -> AcceptanceDefect:
    """Confirm that a defect is remedied, as the buyer."""
    contract, found = _held(ctx, contract_id, number, Side.BUYER)
    return acceptances.remedy_defect(ctx.session, contract, found, number=defect, actor=ctx.actor)


@router.post(
    "/{contract_id}/acceptances/{number}/accept-provisionally",
    response_model=AcceptanceOut,
    responses=documented(problems.DeemedAccepted, *_CHANGED),
)
def accept_provisionally(
    contract_id: ContractId, number: Number, data: AcceptanceDecisionIn, ctx: Accept
) -> AcceptanceOut:
    """Accept with defects that are to be remedied, by the protocol of a commission."""
    contract, found = _held(ctx, contract_id, number, Side.BUYER)
    acceptances.accept(ctx.session, contract, found, actor=ctx.actor, data=data, provisionally=True)
    return _shown(ctx, contract, found)


@router.post(
    "/{contract_id}/acceptances/{number}/accept",
    response_model=AcceptanceOut,
    responses=documented(problems.DeemedAccepted, problems.DefectsOpen, *_CHANGED),
)
def accept(
    contract_id: ContractId, number: Number, data: AcceptanceDecisionIn, ctx: Accept
) -> AcceptanceOut:
    """Accept for good, all or a part, by the protocol of a commission; the rest is rejected."""
    contract, found = _held(ctx, contract_id, number, Side.BUYER)
    acceptances.accept(
        ctx.session, contract, found, actor=ctx.actor, data=data, provisionally=False
    )
    return _shown(ctx, contract, found)


@router.post(
    "/{contract_id}/acceptances/{number}/reject",
    response_model=AcceptanceOut,
    responses=documented(problems.DeemedAccepted, *_CHANGED),
)
def reject(
    contract_id: ContractId, number: Number, data: RejectionIn, ctx: Accept
) -> AcceptanceOut:
    """Reject all that was presented, with a reason code, and say until when to replace it."""
    contract, found = _held(ctx, contract_id, number, Side.BUYER)
    acceptances.reject(ctx.session, contract, found, actor=ctx.actor, data=data)
    return _shown(ctx, contract, found)


@router.get("/{contract_id}/documents", response_model=Page[ContractDocumentOut])
def list_documents(contract_id: ContractId, ctx: Read) -> Page[Any]:
    """Reports, photos, papers and evidence, in the order in which they were laid before the other
    side; for the commission too, once it has to decide a dispute."""
    rows = papers.list_documents(
        ctx.session, org_id=ctx.org_id, contract_id=contract_id, reviewer=_judges(ctx)
    )
    return Page(items=[*rows], has_more=False, next_cursor=None)


@router.get(
    "/{contract_id}/documents/{document_id}/content",
    response_class=Response,
    responses={
        **FILE_ANSWER,
        **documented(FileWithheld, RangeNotSatisfiable),
    },
)
def download(
    contract_id: ContractId,
    document_id: DocumentId,
    ctx: Read,
    part: Annotated[Part, Depends(requested_part)],
) -> Response:
    """The bytes of a document of a contract, to be kept, never to be shown by a browser."""
    return documents.sent(ctx, _laid(ctx, contract_id, document_id), part)


@router.post(
    "/{contract_id}/documents/{document_id}/link",
    status_code=201,
    response_model=FileLinkOut,
    responses=documented(FileWithheld),
)
def link_document(contract_id: ContractId, document_id: DocumentId, ctx: Read) -> FileLinkOut:
    """A short-lived address of the bytes of a document of a contract, for its sides."""
    document = _laid(ctx, contract_id, document_id)
    return links.made(ctx, document.file, document.name)


def _laid(ctx: Context, contract_id: UUID, document_id: UUID) -> Document:
    return papers.document_of(
        ctx.session,
        org_id=ctx.org_id,
        contract_id=contract_id,
        document_id=document_id,
        reviewer=_judges(ctx),
    )


def _judges(ctx: Context) -> bool:
    return ctx.has_role(OrgRole.REVIEWER)


def _held(
    ctx: Context, contract_id: ContractId, number: int, side: Side | None
) -> tuple[Contract, Acceptance]:
    _, contract = execution.hold(
        ctx.session, org_id=ctx.org_id, contract_id=contract_id, side=side, members=side is None
    )
    found = acceptances.acceptance_of(ctx.session, contract, number)
    ctx.check_version(found)
    return contract, found


def _shown(ctx: Context, contract: Contract, acceptance: Acceptance) -> AcceptanceOut:
    ctx.tag(acceptance)
    replaced = next(
        (
            each.number
            for each in acceptances.acceptances(ctx.session, contract)
            if each.id == acceptance.replaces_id
        ),
        None,
    )
    return AcceptanceOut.model_validate(
        {
            **acceptance.model_dump(),
            "replaces": replaced,
            "inspections": [
                InspectionOut.model_validate(row)
                for row in acceptances.inspections(ctx.session, acceptance)
            ],
            "defects": [
                DefectOut.model_validate(row)
                for row in acceptances.defects(ctx.session, acceptance)
            ],
        }
    )
