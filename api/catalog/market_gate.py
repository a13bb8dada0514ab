"""In which markets goods may be shown, asked wherever buyers see offers; told by the feature of
selling abroad.

Catalogue, matching and delivery ask here; channels, which is above them, plugs its answers in
(api/registry.py).
"""

from collections.abc import Collection, Mapping
from datetime import date
from typing import Protocol
from uuid import UUID

from sqlalchemy import ColumnElement, true
from sqlmodel import Session


class Gate(Protocol):
    """Who knows what markets ask."""

    def shown_to(self, org_id: UUID, today: date) -> ColumnElement[bool]:
        """Condition of an offer, joined with its seller: a buyer may see it, for all that the
        buyer's country asks of such goods."""

    def barred(
        self, session: Session, offer_ids: Collection[UUID], today: date
    ) -> Mapping[UUID, Collection[str]]:
        """Of those offers that some markets may not see: which markets (ISO 3166-1)."""


_gates: list[Gate] = []


def plug(gate: Gate) -> None:
    """Let `gate` answer from now on."""
    _gates[:] = [gate]


def shown_to(org_id: UUID, today: date) -> ColumnElement[bool]:
    """Condition of an offer, joined with its seller: the organisation's country lets it in."""
    for gate in _gates:
        return gate.shown_to(org_id, today)
    return true()


def barred(
    session: Session, offer_ids: Collection[UUID], today: date
) -> Mapping[UUID, Collection[str]]:
    """The markets that each offer may not be shown in; offers that are barred nowhere are left out."""
    for gate in _gates:
        return gate.barred(session, offer_ids, today)
    return {}
