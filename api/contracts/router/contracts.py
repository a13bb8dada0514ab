"""Routes of contracts."""

from typing import Annotated, Any

from fastapi import Response

from api.contracts import changes, drafting, problems, queries, service
from api.contracts.bases import Basis
from api.contracts.models import Contract
from api.contracts.schemas import (
    ChangeIn,
    ContractChangeOut,
    ContractId,
    ContractIn,
    ContractOut,
    ContractReasonIn,
    NoticeIn,
    SignatureOut,
    SignIn,
    TerminateIn,
)
from api.core import ids, resource_metadata
from api.core.errors import Conflict, NotFound, PreconditionFailed
from api.core.http import documented
from api.core.pages import Page
from api.core.resource_metadata import Metadata
from api.core.signatures.problems import (
    AlreadySigned,
    DocumentDiffers,
    MethodUnavailable,
    SignatureRefused,
)
from api.identity import access
from api.identity.access import Context, require
from api.procurement import service as procurement
from api.procurement.schemas import TenderId
from api.procurement.service.framework_problems import CeilingExceeded, FrameworkConcludes
from api.reference.calendars import CalendarYearMissing

of_tender = access.router("/tenders", "contracts")
router = access.router("/contracts", "contracts")
Read = Annotated[Context, require("contracts:read")]
Write = Annotated[Context, require("contracts:write")]
Change = Annotated[Context, require("contracts:write", if_match=True)]
Sign = Annotated[Context, require("contracts:sign")]
Commit = Annotated[Context, require("contracts:sign", if_match=True)]
_CHANGED = (Conflict, PreconditionFailed)


@of_tender.post(
    "/{tender_id}/contracts",
    status_code=201,
    response_model=ContractOut,
    responses=documented(problems.AwardsUnfit, problems.SecurityTooHigh, FrameworkConcludes),
)
def create(tender_id: TenderId, data: ContractIn, ctx: Write) -> ContractOut:
    """Draw up a contract about active awards of your tender; its value is their sum."""
    tender = procurement.lock(ctx.session, buyer_id=ctx.org_id, tender_id=tender_id)
    contract = service.create(ctx.session, tender, actor=ctx.actor, data=data)
    ctx.headers["Location"] = f"/v1/contracts/{ids.show('contract', contract.id)}"
    return _shown(ctx, contract)


@of_tender.get("/{tender_id}/contracts", response_model=Page[ContractOut])
def list(tender_id: TenderId, ctx: Read) -> Page[Any]:
    """The contracts of a tender: signed ones, and those that you are a side of."""
    tender = procurement.get(ctx.session, org_id=ctx.org_id, tender_id=tender_id)
    rows = queries.list_contracts(ctx.session, org_id=ctx.org_id, tender_id=tender.id)
    return Page(items=[_shown(ctx, row) for row in rows], has_more=False, next_cursor=None)


@router.get("/{contract_id}", response_model=ContractOut)
def get(contract_id: ContractId, ctx: Read) -> ContractOut:
    """One contract."""
    found = queries.get(ctx.session, org_id=ctx.org_id, contract_id=contract_id)
    return _shown(ctx, found)


@router.get("/{contract_id}/metadata", response_model=dict[str, str])
def get_metadata(contract_id: ContractId, ctx: Read) -> dict[str, str]:
    """What your own systems have noted on it; nobody else sees that."""
    queries.get(ctx.session, org_id=ctx.org_id, contract_id=contract_id)
    return resource_metadata.read(
        ctx.session, org_id=ctx.org_id, resource="contract", resource_id=contract_id
    )


@router.put("/{contract_id}/metadata", response_model=dict[str, str])
def put_metadata(contract_id: ContractId, data: Metadata, ctx: Read) -> dict[str, str]:
    """Note something on it in place of all that was: at most 50 keys. It is no part of the
    resource, so whoever may read it may note."""
    queries.get(ctx.session, org_id=ctx.org_id, contract_id=contract_id)
    return resource_metadata.replace(
        ctx.session,
        org_id=ctx.org_id,
        resource="contract",
        resource_id=contract_id,
        values=data.root,
    )


@router.get(
    "/{contract_id}/document",
    response_class=Response,
    responses={200: {"content": {"application/json": {"schema": {"type": "object"}}}}},
)
def document(contract_id: ContractId, ctx: Read) -> Response:
    """The bytes that both sides sign (RFC 8785 JSON); 404 before the contract is offered."""
    found = queries.get(ctx.session, org_id=ctx.org_id, contract_id=contract_id)
    if found.document is None:
        raise NotFound
    return Response(found.document, media_type="application/json")


@router.get(
    "/{contract_id}/paper",
    response_class=Response,
    responses={
        200: {"content": {"application/pdf": {"schema": {"type": "string", "format": "binary"}}}}
    },
)
def paper(contract_id: ContractId, ctx: Read) -> Response:
    """The same as a PDF, to be read and signed by people (`pades`); always the same bytes."""
    found = queries.get(ctx.session, org_id=ctx.org_id, contract_id=contract_id)
    return Response(drafting.paper_of(found), media_type="application/pdf")


@router.post("/{contract_id}/offer", response_model=ContractOut, responses=documented(*_CHANGED))
def offer(contract_id: ContractId, ctx: Change) -> ContractOut:
    """Freeze the document of a contract of yours, to be signed by both sides."""
    basis, contract = _bought(ctx, contract_id)
    return _shown(ctx, service.offer(ctx.session, basis, contract, actor=ctx.actor))


@router.post(
    "/{contract_id}/sign",
    response_model=ContractOut,
    responses=documented(
        problems.SigningBlocked,
        problems.SecurityMissing,
        AlreadySigned,
        DocumentDiffers,
        SignatureRefused,
        MethodUnavailable,
        *_CHANGED,
    ),
)
def sign(contract_id: ContractId, data: SignIn, ctx: Commit) -> ContractOut:
    """Sign for your side; never during a standstill, nor while a complaint is open."""
    basis, contract = _held(ctx, contract_id)
    service.sign(ctx.session, basis, contract, org_id=ctx.org_id, actor=ctx.actor, data=data)
    return _shown(ctx, contract)


@router.post(
    "/{contract_id}/refuse",
    response_model=ContractOut,
    responses=documented(problems.SupplierNotAsked, problems.SigningBlocked, *_CHANGED),
)
def refuse(contract_id: ContractId, data: ContractReasonIn, ctx: Commit) -> ContractOut:
    """Refuse to sign as the winner, or report as the buyer that it does not sign: the next
    bidder's turn comes, and the winner's debarment is proposed. Of an order, its seller refuses it:
    nobody is debarred for that, and the buyer can order from another quote."""
    basis, contract = _held(ctx, contract_id)
    service.refuse(
        ctx.session,
        basis,
        contract,
        org_id=ctx.org_id,
        actor=ctx.actor,
        reason=data.reason,
    )
    return _shown(ctx, contract)


@router.post("/{contract_id}/cancel", response_model=ContractOut, responses=documented(*_CHANGED))
def cancel(contract_id: ContractId, data: ContractReasonIn, ctx: Change) -> ContractOut:
    """Give up a contract of yours that is not signed; its awards can be in another one, and you can
    order from another quote."""
    _, contract = _bought(ctx, contract_id)
    return _shown(ctx, service.cancel(ctx.session, contract, actor=ctx.actor, reason=data.reason))


@router.post(
    "/{contract_id}/terminate", response_model=ContractOut, responses=documented(*_CHANGED)
)
def terminate(contract_id: ContractId, data: TerminateIn, ctx: Change) -> ContractOut:
    """End a contract of yours that is in force; `mutual` proposes it to the supplier, and the
    contract goes on until the supplier agrees."""
    _, contract = _bought(ctx, contract_id)
    return _shown(ctx, service.terminate(ctx.session, contract, actor=ctx.actor, data=data))


@router.post(
    "/{contract_id}/withdraw-termination",
    response_model=ContractOut,
    responses=documented(problems.TerminationNotProposed, *_CHANGED),
)
def withdraw_termination(contract_id: ContractId, ctx: Change) -> ContractOut:
    """Take back as the buyer that you proposed to give the contract up."""
    _, contract = _bought(ctx, contract_id)
    return _shown(ctx, service.withdraw_termination(ctx.session, contract, actor=ctx.actor))


@router.post(
    "/{contract_id}/agree-termination",
    response_model=ContractOut,
    responses=documented(problems.TerminationNotProposed, *_CHANGED),
)
def agree_termination(contract_id: ContractId, ctx: Commit) -> ContractOut:
    """Agree as the supplier to give the contract up, as its buyer proposed: it ends."""
    _, contract = _supplied(ctx, contract_id)
    return _shown(ctx, service.agree_termination(ctx.session, contract, actor=ctx.actor))


@router.post(
    "/{contract_id}/give-notice",
    response_model=ContractOut,
    responses=documented(problems.TerminationNotAllowed, CalendarYearMissing, *_CHANGED),
)
def give_notice(contract_id: ContractId, data: NoticeIn, ctx: Commit) -> ContractOut:
    """Say as the supplier that you will end a contract in force, on a ground that the policy of its
    tender or order allows; `notice_ends_at` says from when on you may."""
    basis, contract = _supplied(ctx, contract_id)
    service.give_notice(ctx.session, basis, contract, actor=ctx.actor, data=data)
    return _shown(ctx, contract)


@router.post(
    "/{contract_id}/withdraw-notice",
    response_model=ContractOut,
    responses=documented(problems.NoticeMissing, *_CHANGED),
)
def withdraw_notice(contract_id: ContractId, ctx: Commit) -> ContractOut:
    """Let the contract go on after all."""
    _, contract = _supplied(ctx, contract_id)
    service.withdraw_notice(ctx.session, contract, actor=ctx.actor)
    return _shown(ctx, contract)


@router.post(
    "/{contract_id}/rescind",
    response_model=ContractOut,
    responses=documented(problems.NoticeMissing, problems.NoticeRuns, *_CHANGED),
)
def rescind(contract_id: ContractId, ctx: Commit) -> ContractOut:
    """End a contract in force as its supplier, once the time of your notice is over."""
    _, contract = _supplied(ctx, contract_id)
    return _shown(ctx, service.rescind(ctx.session, contract, actor=ctx.actor))


@router.post(
    "/{contract_id}/changes",
    status_code=201,
    response_model=ContractOut,
    responses=documented(problems.CapExceeded, problems.ScheduleMissing, *_CHANGED),
)
def propose_change(contract_id: ContractId, data: ChangeIn, ctx: Commit) -> ContractOut:
    """Propose a change of a contract in force; the other side must agree."""
    basis, contract = _held(ctx, contract_id)
    changes.propose(ctx.session, basis, contract, org_id=ctx.org_id, actor=ctx.actor, data=data)
    return _shown(ctx, contract)


@router.post(
    "/{contract_id}/changes/{number}/agree",
    response_model=ContractOut,
    responses=documented(
        problems.CapExceeded,
        problems.OwnChange,
        problems.ScheduleOutdated,
        CeilingExceeded,
        *_CHANGED,
    ),
)
def agree_change(contract_id: ContractId, number: int, ctx: Commit) -> ContractOut:
    """Put the other side's change in force, as far as the cap of the policy allows."""
    basis, contract = _held(ctx, contract_id)
    changes.agree(ctx.session, basis, contract, number=number, org_id=ctx.org_id, actor=ctx.actor)
    return _shown(ctx, contract)


def _held(ctx: Context, contract_id: ContractId) -> tuple[Basis, Contract]:
    basis, contract = service.hold(ctx.session, org_id=ctx.org_id, contract_id=contract_id)
    ctx.check_version(contract)
    return basis, contract


def _bought(ctx: Context, contract_id: ContractId) -> tuple[Basis, Contract]:
    """The same for its buyer alone."""
    basis, contract = _held(ctx, contract_id)
    if ctx.org_id != contract.buyer_id:
        raise NotFound
    return basis, contract


def _supplied(ctx: Context, contract_id: ContractId) -> tuple[Basis, Contract]:
    """The same for its supplier alone: a buyer terminates."""
    basis, contract = _held(ctx, contract_id)
    if ctx.org_id != contract.supplier_id:
        raise NotFound
    return basis, contract


def _shown(ctx: Context, contract: Contract) -> ContractOut:
    ctx.tag(contract)
    signed = queries.signatures(ctx.session, contract)
    return ContractOut.model_validate(
        {
            **contract.model_dump(exclude={"document"}),
            "tender_id": ids.show("tender", contract.tender_id) if contract.tender_id else "",
            "ocid": contract.ocid or "",
            "value": {"amount": contract.value_amount, "currency": contract.value_currency},
            "award_ids": [award.id for award in queries.awards_of(ctx.session, contract)],
            "signatures": [SignatureOut.model_validate(row) for row in signed],
            "changes": [
                ContractChangeOut.model_validate(row)
                for row in changes.list_changes(ctx.session, contract)
            ],
        }
    )
