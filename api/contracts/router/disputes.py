"""Routes of disputes: opened and negotiated by the sides, determined by the commission."""

from typing import Annotated, Any

from api.contracts import dispute_queries as queries
from api.contracts import disputes, execution
from api.contracts import execution_problems as problems
from api.contracts.bases import Basis
from api.contracts.models import Contract, Dispute, DisputeEvidence
from api.contracts.schemas import ContractId
from api.contracts.schemas.disputes import (
    DisputeEvidenceIn,
    DisputeId,
    DisputeIn,
    DisputeOut,
    EvidenceOut,
    FreezeOut,
    OrderIn,
    OutcomeIn,
)
from api.core import ids
from api.core.errors import Conflict, PreconditionFailed
from api.core.http import documented
from api.core.pages import Page
from api.identity import access
from api.identity.access import Context, require
from api.reference.calendars import CalendarYearMissing
from api.rules.permissions import OrgRole

of_contract = access.router("/contracts", "disputes")
router = access.router("/disputes", "disputes")
Read = Annotated[Context, require("contracts:read")]
Write = Annotated[Context, require("disputes:write")]
Determine = Annotated[Context, require("disputes:determine")]
_CHANGED = (Conflict, PreconditionFailed)
_TIMED = (CalendarYearMissing, *_CHANGED)


@of_contract.post(
    "/{contract_id}/disputes",
    status_code=201,
    response_model=DisputeOut,
    responses=documented(CalendarYearMissing, Conflict),
)
def open_dispute(contract_id: ContractId, data: DisputeIn, ctx: Write) -> DisputeOut:
    """Open a dispute as either side; payments that depend on what is disputed are frozen."""
    basis, contract = execution.hold(
        ctx.session, org_id=ctx.org_id, contract_id=contract_id, in_force=False
    )
    found = disputes.open_(
        ctx.session, basis, contract, org_id=ctx.org_id, actor=ctx.actor, data=data
    )
    ctx.headers["Location"] = f"/v1/disputes/{ids.show('dispute', found.id)}"
    return _shown(ctx, found)


@of_contract.get("/{contract_id}/disputes", response_model=Page[DisputeOut])
def list(contract_id: ContractId, ctx: Read) -> Page[Any]:
    """The disputes about a contract of yours, in order."""
    contract = execution.party(ctx.session, org_id=ctx.org_id, contract_id=contract_id)
    rows = queries.list_disputes(ctx.session, contract, org_id=ctx.org_id)
    return _page(ctx, rows)


@router.get("", response_model=Page[DisputeOut])
def list_to_determine(ctx: Determine) -> Page[Any]:
    """The disputes that wait for the commission, oldest first."""
    return _page(ctx, queries.to_determine(ctx.session, ctx.org_id))


@router.get("/{dispute_id}", response_model=DisputeOut)
def get(dispute_id: DisputeId, ctx: Read) -> DisputeOut:
    """One dispute, with its evidence and what it freezes."""
    found = queries.get(
        ctx.session,
        org_id=ctx.org_id,
        dispute_id=dispute_id,
        reviewer=ctx.has_role(OrgRole.REVIEWER),
    )
    return _shown(ctx, found)


@router.post(
    "/{dispute_id}/evidence",
    status_code=201,
    response_model=EvidenceOut,
    responses=documented(*_CHANGED),
)
def add_evidence(dispute_id: DisputeId, data: DisputeEvidenceIn, ctx: Write) -> DisputeEvidence:
    """Put a document forward, as either side."""
    _, contract, found = _held(ctx, dispute_id)
    return disputes.add_evidence(
        ctx.session, contract, found, org_id=ctx.org_id, actor=ctx.actor, data=data
    )


@router.post("/{dispute_id}/escalate", response_model=DisputeOut, responses=documented(*_TIMED))
def escalate(dispute_id: DisputeId, ctx: Write) -> DisputeOut:
    """End the negotiation without an agreement, as either side."""
    basis, contract, found = _held(ctx, dispute_id)
    return _shown(ctx, disputes.escalate(ctx.session, basis, contract, found, actor=ctx.actor))


@router.post("/{dispute_id}/inspect", response_model=DisputeOut, responses=documented(*_TIMED))
def inspect(dispute_id: DisputeId, data: OrderIn, ctx: Write) -> DisputeOut:
    """Order an inspection by an agency, as either side."""
    basis, contract, found = _held(ctx, dispute_id)
    disputes.order_inspection(
        ctx.session, basis, contract, found, actor=ctx.actor, agency=data.agency
    )
    return _shown(ctx, found)


@router.post("/{dispute_id}/submit", response_model=DisputeOut, responses=documented(*_TIMED))
def submit(dispute_id: DisputeId, ctx: Write) -> DisputeOut:
    """Lay a dispute before the commission, which reads all of it from now on."""
    basis, contract, found = _held(ctx, dispute_id)
    return _shown(ctx, disputes.submit(ctx.session, basis, contract, found, actor=ctx.actor))


@router.post(
    "/{dispute_id}/offer-settlement",
    response_model=DisputeOut,
    responses=documented(*_CHANGED),
)
def offer_settlement(dispute_id: DisputeId, data: OutcomeIn, ctx: Write) -> DisputeOut:
    """Offer the other side terms to settle on, in the place of an earlier offer."""
    _, contract, found = _held(ctx, dispute_id)
    disputes.offer_settlement(
        ctx.session, contract, found, org_id=ctx.org_id, actor=ctx.actor, data=data
    )
    return _shown(ctx, found)


@router.post(
    "/{dispute_id}/settle",
    response_model=DisputeOut,
    responses=documented(problems.OwnSettlement, *_CHANGED),
)
def settle(dispute_id: DisputeId, ctx: Write) -> DisputeOut:
    """Agree to what the other side offers: the dispute is closed and payments are free again."""
    basis, contract, found = _held(ctx, dispute_id)
    disputes.settle(ctx.session, basis, contract, found, org_id=ctx.org_id, actor=ctx.actor)
    return _shown(ctx, found)


@router.post("/{dispute_id}/withdraw", response_model=DisputeOut, responses=documented(*_CHANGED))
def withdraw(dispute_id: DisputeId, ctx: Write) -> DisputeOut:
    """Give a dispute up that you have opened."""
    basis, contract, found = _held(ctx, dispute_id)
    disputes.withdraw(ctx.session, basis, contract, found, org_id=ctx.org_id, actor=ctx.actor)
    return _shown(ctx, found)


@router.post("/{dispute_id}/determine", response_model=DisputeOut, responses=documented(*_CHANGED))
def determine(dispute_id: DisputeId, data: OutcomeIn, ctx: Determine) -> DisputeOut:
    """Decide whose fault it was and what follows, as the independent commission."""
    found = queries.hold_judged(ctx.session, org_id=ctx.org_id, dispute_id=dispute_id)
    ctx.check_version(found)
    disputes.determine(ctx.session, found, org_id=ctx.org_id, actor=ctx.actor, data=data)
    return _shown(ctx, found)


def _held(ctx: Context, dispute_id: DisputeId) -> tuple[Basis, Contract, Dispute]:
    basis, contract, found = queries.hold(ctx.session, org_id=ctx.org_id, dispute_id=dispute_id)
    ctx.check_version(found)
    return basis, contract, found


def _shown(ctx: Context, dispute: Dispute) -> DisputeOut:
    ctx.tag(dispute)
    return DisputeOut.model_validate(
        {
            **dispute.model_dump(),
            "evidence": [
                EvidenceOut.model_validate(row) for row in queries.evidence(ctx.session, dispute)
            ],
            "freezes": [
                FreezeOut.model_validate(row) for row in queries.freezes(ctx.session, dispute)
            ],
        }
    )


def _page(ctx: Context, rows: Any) -> Page[Any]:
    return Page(items=[_shown(ctx, row) for row in rows], has_more=False, next_cursor=None)
