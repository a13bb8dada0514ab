"""What may be read of contracts. Never commits."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from uuid import UUID

from sqlalchemy import ColumnElement, and_, any_, or_
from sqlmodel import Session, col, select

from api.contracts.models import Contract, ContractAward, ContractChange, ContractSignature
from api.core.errors import Forbidden, NotFound
from api.procurement.models import Award
from api.rules.contracts import ChangeStatus, ContractStatus, Side

_PUBLIC = (ContractStatus.ACTIVE, ContractStatus.TERMINATED)


def get(session: Session, *, org_id: UUID, contract_id: UUID) -> Contract:
    """A contract: any of a tender that was signed, one's own before; of an order one's own alone.
    NotFound."""
    query = select(Contract).where(Contract.id == contract_id, visible(org_id))
    found = session.exec(query).one_or_none()
    if found is None:
        raise NotFound
    return found


def hold(session: Session, *, org_id: UUID, contract_id: UUID) -> Contract:
    """A contract of the caller's side, its row locked; NotFound for anybody else.

    For acts that leave its basis alone; what touches it begins with `service.hold`.
    """
    query = select(Contract).where(Contract.id == contract_id, party_to(org_id)).with_for_update()
    found = session.exec(query.execution_options(populate_existing=True)).one_or_none()
    if found is None:
        raise NotFound
    return found


def of_party(session: Session, *, org_id: UUID, contract_id: UUID) -> Contract:
    """A contract that the organisation is a party to; NotFound for anybody else."""
    query = select(Contract).where(Contract.id == contract_id, party_to(org_id))
    found = session.exec(query).one_or_none()
    if found is None:
        raise NotFound
    return found


def party_to(org_id: UUID) -> ColumnElement[bool]:
    """Condition of the contracts of an organisation: as buyer, or as one of the suppliers."""
    return or_(col(Contract.buyer_id) == org_id, any_(col(Contract.suppliers)) == org_id)


def list_contracts(session: Session, *, org_id: UUID, tender_id: UUID) -> Sequence[Contract]:
    """The contracts of a tender that the organisation may see, in the order of their making."""
    query = select(Contract).where(Contract.tender_id == tender_id, visible(org_id))
    return session.exec(query.order_by(col(Contract.id))).all()


def signed(session: Session, tender_id: UUID) -> Sequence[Contract]:
    """The contracts of a tender that both sides have signed, as they stand in the transaction."""
    session.flush()
    query = select(Contract).where(
        Contract.tender_id == tender_id, col(Contract.status).in_(_PUBLIC)
    )
    fresh = query.order_by(col(Contract.id)).execution_options(populate_existing=True)
    return session.exec(fresh).all()


def is_taken(session: Session, award_ids: Collection[UUID]) -> bool:
    """True when one of the awards is in a contract that was not given up."""
    query = select(ContractAward.id).where(
        col(ContractAward.award_id).in_(award_ids), col(ContractAward.released_at).is_(None)
    )
    return session.exec(query.limit(1)).first() is not None


def visible(org_id: UUID) -> ColumnElement[bool]:
    """Condition of the contracts that an organisation may see."""
    public = and_(col(Contract.status).in_(_PUBLIC), col(Contract.tender_id).is_not(None))
    return or_(public, party_to(org_id))


def side_of(contract: Contract, org_id: UUID) -> Side:
    """The side that an organisation binds: buyer, or the suppliers as their lead.

    Forbidden for another supplier of the contract, NotFound for anybody else.
    """
    side = performer_of(contract, org_id)
    if side is Side.SUPPLIER and org_id != contract.supplier_id:
        raise Forbidden("The lead of the suppliers binds them all: this is the lead's to do.")
    return side


def performer_of(contract: Contract, org_id: UUID) -> Side:
    """The side for which an organisation delivers or receives: any of the suppliers does what the
    contract obliges them to. NotFound for a stranger."""
    if org_id == contract.buyer_id:
        return Side.BUYER
    if org_id in contract.suppliers:
        return Side.SUPPLIER
    raise NotFound


def awards_by_contract(
    session: Session, contracts: Collection[UUID]
) -> Mapping[UUID, Sequence[Award]]:
    """The awards of several contracts, of each in order."""
    session.flush()
    found: dict[UUID, list[Award]] = defaultdict(list)
    query = (
        select(ContractAward.contract_id, Award)
        .join(Award, col(Award.id) == ContractAward.award_id)
        .where(col(ContractAward.contract_id).in_(contracts))
        .order_by(col(Award.id))
    )
    for contract_id, award in session.exec(query):
        found[contract_id].append(award)
    return found


def agreed_changes(
    session: Session, contracts: Collection[UUID]
) -> Mapping[UUID, Sequence[ContractChange]]:
    """What both sides agreed to change in several contracts, of each in order."""
    session.flush()
    found: dict[UUID, list[ContractChange]] = defaultdict(list)
    query = select(ContractChange).where(
        col(ContractChange.contract_id).in_(contracts),
        ContractChange.status == ChangeStatus.ACTIVE,
    )
    for change in session.exec(query.order_by(col(ContractChange.number))):
        found[change.contract_id].append(change)
    return found


def awards_of(session: Session, contract: Contract) -> Sequence[Award]:
    """The awards that the contract is, or was, about."""
    session.flush()
    return session.exec(
        select(Award)
        .join(ContractAward, col(ContractAward.award_id) == Award.id)
        .where(ContractAward.contract_id == contract.id)
        .order_by(col(Award.id))
    ).all()


def signatures(session: Session, contract: Contract) -> Sequence[ContractSignature]:
    """The signatures, in the order in which they were given."""
    session.flush()
    return session.exec(
        select(ContractSignature)
        .where(ContractSignature.contract_id == contract.id)
        .order_by(col(ContractSignature.id))
    ).all()
