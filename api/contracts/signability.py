"""What stands in the way of signing a contract. Never commits."""

from sqlmodel import Session

from api.contracts.bases import Basis
from api.contracts.models import Contract, PurchaseOrder
from api.contracts.problems import SigningBlocked
from api.contracts.queries import awards_of
from api.core import db
from api.core.errors import FieldError
from api.procurement.models import Award, Tender
from api.procurement.service import awards, complaints
from api.rules import contracts as rules
from api.rules.contracts import AwardState, SigningFault
from api.rules.orders import PurchaseOrderStatus
from api.rules.tenders import LotStatus


def require(session: Session, basis: Basis, contract: Contract) -> list[Award]:
    """The awards of a contract, locked (an order has none); SigningBlocked names what stands in the
    way. The basis is locked."""
    if isinstance(basis, PurchaseOrder):
        _refuse(_order_faults(basis))
        return []
    held = [awards.lock(session, basis, award.id) for award in awards_of(session, contract)]
    _refuse(_award_faults(session, basis, held))
    return held


def _order_faults(order: PurchaseOrder) -> list[SigningFault]:
    confirmed = order.status is PurchaseOrderStatus.CONFIRMED
    return [] if confirmed else [SigningFault.ORDER_NOT_CONFIRMED]


def _award_faults(session: Session, tender: Tender, held: list[Award]) -> list[SigningFault]:
    lots = {lot.id: lot.status for lot in tender.lots}
    return rules.signing_faults(
        [
            AwardState(
                award.status, lots.get(award.lot_id, LotStatus.CANCELLED), award.standstill_end
            )
            for award in held
        ],
        complaint_open=complaints.block_signing(session, tender.id, [one.id for one in held]),
        now=db.now(session),
    )


def _refuse(faults: list[SigningFault]) -> None:
    if faults:
        raise SigningBlocked(
            f"In the way: {', '.join(faults)}.",
            errors=[FieldError(pointer="#", code=fault, detail=fault) for fault in faults],
        )
