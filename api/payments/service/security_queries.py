"""Who may read, and hold, which security and which guarantee. Never commits.

The security of a bid is its payer's alone until the bid is opened, and so is its guarantee, but for
the operator's treasury, which verifies guarantees and sees nothing of what they secure.
"""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import ColumnElement, and_, or_
from sqlmodel import Session, col, exists, false, select, true

from api.core import pages
from api.core.errors import NotFound
from api.core.pages import PageQuery
from api.payments.models import Guarantee, PaymentDispute, Security, SecurityForfeiture
from api.procurement.models import Bid
from api.rules.guarantees import GuaranteeKind, GuaranteeStatus
from api.rules.securities import SecurityStatus

_DISCLOSED = or_(
    col(Security.bid_id).is_(None),
    exists()
    .where(col(Bid.id) == col(Security.bid_id), col(Bid.opened_at).is_not(None))
    .correlate(Security),
)
_CONTESTED = exists().where(
    col(SecurityForfeiture.security_id) == col(Security.id),
    col(SecurityForfeiture.contested_at).is_not(None),
)


def visible(org_id: UUID, *, reviews: bool = False) -> ColumnElement[bool]:
    """Condition of the securities that an organisation may see; reviewers see contested ones."""
    return or_(
        col(Security.payer_id) == org_id,
        and_(col(Security.beneficiary_id) == org_id, _DISCLOSED),
        _CONTESTED if reviews else false(),
    )


def is_disputed(session: Session, security_id: UUID) -> bool:
    """Whether the payer's bank takes back what was paid for a security, and it is not decided yet."""
    query = (
        select(PaymentDispute.id)
        .join(Security, col(Security.collection_id) == PaymentDispute.collection_id)
        .where(Security.id == security_id, col(PaymentDispute.closed_at).is_(None))
    )
    return session.exec(query.limit(1)).first() is not None


def get(session: Session, *, org_id: UUID, security_id: UUID, reviews: bool = False) -> Security:
    """A security that the organisation may see; NotFound."""
    query = select(Security).where(Security.id == security_id, visible(org_id, reviews=reviews))
    found = session.exec(query).one_or_none()
    if found is None:
        raise NotFound
    return found


def hold(
    session: Session,
    *,
    org_id: UUID,
    security_id: UUID,
    payer: bool = False,
    beneficiary: bool = False,
    reviews: bool = False,
) -> Security:
    """A security that the organisation may see, its row locked; NotFound for who is not the payer,
    or the beneficiary, where the act is theirs."""
    query = (
        select(Security)
        .where(
            Security.id == security_id,
            visible(org_id, reviews=reviews),
            col(Security.payer_id) == org_id if payer else true(),
            col(Security.beneficiary_id) == org_id if beneficiary else true(),
        )
        .with_for_update()
    )
    found = session.exec(query.execution_options(populate_existing=True)).one_or_none()
    if found is None:
        raise NotFound
    return found


def locked(session: Session, condition: ColumnElement[bool]) -> Security | None:
    """The newest security of a condition, its row locked; for the workers."""
    query = select(Security).where(condition).order_by(col(Security.id).desc()).limit(1)
    fresh = query.with_for_update().execution_options(populate_existing=True)
    return session.exec(fresh).one_or_none()


def list_securities(
    session: Session,
    *,
    org_id: UUID,
    page: PageQuery,
    reviews: bool,
    tender_id: UUID | None,
    bid_id: UUID | None,
    contract_id: UUID | None,
) -> tuple[Sequence[Security], str | None]:
    """Securities that the organisation may see, newest first."""
    query = select(Security).where(visible(org_id, reviews=reviews))
    for column, value in (
        (Security.tender_id, tender_id),
        (Security.bid_id, bid_id),
        (Security.contract_id, contract_id),
    ):
        if value is not None:
            query = query.where(col(column) == value)
    filters = {"tender": tender_id, "bid": bid_id, "contract": contract_id}
    return pages.newest_first(
        session, query, Security, page, scope=f"securities:{org_id}", filters=filters
    )


def visible_guarantees(org_id: UUID, *, treasury: bool) -> ColumnElement[bool]:
    """Condition of the guarantees that an organisation may see."""
    shown = exists().where(
        col(Security.guarantee_id) == col(Guarantee.id),
        col(Security.beneficiary_id) == org_id,
        _DISCLOSED,
    )
    return or_(col(Guarantee.applicant_id) == org_id, shown, true() if treasury else false())


def get_guarantee(
    session: Session, *, org_id: UUID, guarantee_id: UUID, treasury: bool
) -> Guarantee:
    """A guarantee that the organisation may see; NotFound."""
    query = select(Guarantee).where(
        Guarantee.id == guarantee_id, visible_guarantees(org_id, treasury=treasury)
    )
    found = session.exec(query).one_or_none()
    if found is None:
        raise NotFound
    return found


def hold_guarantee(
    session: Session, *, org_id: UUID, guarantee_id: UUID, treasury: bool, verifies: bool
) -> Guarantee:
    """A guarantee, locked, for its applicant or (`verifies`) for who verifies it; NotFound."""
    verifier = or_(
        and_(col(Guarantee.kind) != GuaranteeKind.BID, col(Guarantee.beneficiary_id) == org_id),
        col(Guarantee.kind) == GuaranteeKind.BID if treasury else false(),
    )
    query = (
        select(Guarantee)
        .where(
            Guarantee.id == guarantee_id,
            visible_guarantees(org_id, treasury=treasury),
            verifier if verifies else col(Guarantee.applicant_id) == org_id,
        )
        .with_for_update()
    )
    found = session.exec(query.execution_options(populate_existing=True)).one_or_none()
    if found is None:
        raise NotFound
    return found


def hold_called(session: Session, guarantee_id: UUID) -> Guarantee:
    """A guarantee, locked, whose payment comes to the platform; for the operator. NotFound."""
    query = select(Guarantee).where(Guarantee.id == guarantee_id).with_for_update()
    found = session.exec(query.execution_options(populate_existing=True)).one_or_none()
    if found is None:
        raise NotFound
    return found


def hold_forfeited(session: Session, *, org_id: UUID, guarantee_id: UUID) -> Guarantee:
    """A guarantee, locked, whose security was kept, for its beneficiary; NotFound."""
    kept = exists().where(
        col(Security.guarantee_id) == col(Guarantee.id),
        col(Security.status) == SecurityStatus.FORFEITED,
    )
    query = select(Guarantee).where(
        Guarantee.id == guarantee_id, Guarantee.beneficiary_id == org_id, kept
    )
    fresh = query.with_for_update().execution_options(populate_existing=True)
    found = session.exec(fresh).one_or_none()
    if found is None:
        raise NotFound
    return found


def list_guarantees(
    session: Session,
    *,
    org_id: UUID,
    page: PageQuery,
    treasury: bool,
    status: GuaranteeStatus | None,
) -> tuple[Sequence[Guarantee], str | None]:
    """Guarantees that the organisation may see, newest first."""
    query = select(Guarantee).where(visible_guarantees(org_id, treasury=treasury))
    if status is not None:
        query = query.where(Guarantee.status == status)
    return pages.newest_first(
        session,
        query,
        Guarantee,
        page,
        scope=f"guarantees:{org_id}",
        filters={"status": status},
    )
