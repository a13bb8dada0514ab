"""What a contract waits for before it comes into force, told by features above. Never commits."""

from collections.abc import Callable

from sqlmodel import Session

from api.contracts.bases import Basis
from api.contracts.models import Contract
from api.contracts.problems import SecurityMissing

type MayEnter = Callable[[Session, Basis, Contract], bool]
_ports: list[MayEnter] = []


def plug(may_enter: MayEnter) -> None:
    """Ask `may_enter` from now on whether the performance security is held."""
    _ports[:] = [may_enter]


def require(session: Session, basis: Basis, contract: Contract) -> None:
    """Raise SecurityMissing while the performance security is wanted and not held."""
    if not all(may_enter(session, basis, contract) for may_enter in _ports):
        raise SecurityMissing
