"""What an organisation's plan allows, asked where the act happens; told by the feature of plans.

Catalogue, matching and procurement ask here; payments, which is above them, plugs its answers in
(api/registry.py).
"""

from collections.abc import Collection, Iterable
from typing import Protocol
from uuid import UUID

from sqlmodel import Session

from api.core.errors import Conflict
from api.rules.subscriptions import Quota


class QuotaUsedUp(Conflict):
    """The plan allows no more of this now: `errors` names the quota. Nothing was changed."""

    code, title = "quota_used_up", "The quota of your plan is used up"


class Room(Protocol):
    """How many more offers a seller may show, counted down while a batch is saved."""

    def take(self) -> None:
        """Use one; QuotaUsedUp when there is none."""


class Gate(Protocol):
    """Who knows the plans."""

    def take(self, session: Session, org_id: UUID, quota: Quota) -> None:
        """Use one of a monthly quota; QuotaUsedUp when there is none."""

    def admitted(self, session: Session, org_ids: Iterable[UUID], quota: Quota) -> Collection[UUID]:
        """Use one of a monthly quota of each; those that had one."""

    def room(self, session: Session, org_id: UUID) -> Room:
        """The room for offers; whoever asks next waits until this transaction has ended."""


_gates: list[Gate] = []


def plug(gate: Gate) -> None:
    """Let `gate` answer from now on."""
    _gates[:] = [gate]


def take(session: Session, org_id: UUID, quota: Quota) -> None:
    """Use one of a monthly quota of the organisation. Raises QuotaUsedUp."""
    for gate in _gates:
        gate.take(session, org_id, quota)


def admitted(session: Session, org_ids: Collection[UUID], quota: Quota) -> Collection[UUID]:
    """Use one of a monthly quota of each organisation; those that had one. For the workers."""
    for gate in _gates:
        org_ids = gate.admitted(session, org_ids, quota)
    return org_ids


def room(session: Session, org_id: UUID) -> Room:
    """The room that a seller has for more offers, until the transaction ends."""
    for gate in _gates:
        return gate.room(session, org_id)
    return _Endless()


class _Endless:
    def take(self) -> None:
        """There is always one more."""
