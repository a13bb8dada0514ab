"""The goods of contracts, held against lists of controlled goods. Never commits; for the workers."""

from uuid import UUID

from sqlmodel import Session

from api.contracts import ordered_items
from api.contracts.models import Contract
from api.rules.classifications import Scheme
from api.rules.screening import SubjectKind
from api.screening.service import subjects

_CUSTOMS = (Scheme.HS, Scheme.TNVED)


def watch(session: Session, contract_id: UUID) -> bool:
    """Hold the lines of a signed contract against the lists from now on, by their HS and TN VED codes
    and their names in every language; the lead supplier is who is paid for them.

    Told again it screens anew only what has changed. False: there is no such contract in force.
    """
    contract = session.get(Contract, contract_id)
    if contract is None or contract.signed_at is None:
        return False
    items = [*ordered_items.of(session, contract).values()]
    subjects.watch(
        session,
        SubjectKind.GOODS,
        contract.id,
        organisation_id=contract.supplier_id,
        names=[text for item in items for text in item.description.values()],
        hs_codes=[code for item in items for scheme, code in item.codes if scheme in _CUSTOMS],
    )
    return True


def are_held(session: Session, contract: Contract) -> bool:
    """True while a case about the contract's goods is open or confirmed, by the lists as they are
    now."""
    watch(session, contract.id)
    return subjects.is_held(session, SubjectKind.GOODS, contract.id)
