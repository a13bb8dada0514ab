"""What the platform keeps of a payment to a supplier."""

from collections.abc import Callable
from decimal import Decimal

from sqlmodel import Session

from api.contracts.models import Contract

type Commission = Callable[[Session, Contract, Decimal], Decimal]
"""Of a contract and of what is due before commission: what is kept of it, in the same currency."""
_COMMISSIONS: list[Commission] = []


def plug(commission: Commission) -> None:
    """Have a commission taken off the payments of contracts from now on, once."""
    if commission not in _COMMISSIONS:
        _COMMISSIONS.append(commission)


def unplug(commission: Commission) -> None:
    """Take it off no longer."""
    _COMMISSIONS.remove(commission)


def of_payment(session: Session, contract: Contract, due: Decimal) -> Decimal:
    """What is kept of `due`; nothing where no commission is agreed."""
    return sum((each(session, contract, due) for each in _COMMISSIONS), Decimal())
