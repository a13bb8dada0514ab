"""What a change leaves behind it: audit entries, events and deadlines, written together.

Whoever gathers them holds the locks of the rows that they are about, or has just made the rows:
nobody else can write to their streams meanwhile.
"""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlmodel import Session

from api.core import audit, deadlines, outbox
from api.core.audit import Change
from api.core.outbox import Event


class Trail:
    """The traces of one transaction of one organisation, in the order of its acts."""

    def __init__(self, org_id: UUID, actor: str) -> None:
        self.org_id, self.actor = org_id, actor
        self._changes: list[Change] = []
        self._events: list[Event] = []
        self._due: dict[tuple[str, UUID], datetime | None] = {}

    def record(self, stream: str, action: str, **change: Any) -> None:
        """An audit entry of `stream` ("offer:<hex id>")."""
        self._changes.append(Change(stream, action, change))

    def emit(self, type: str, resource_id: UUID, **payload: Any) -> None:
        """The fact `type` ("offer.changed") about a resource."""
        self._events.append(Event(type, resource_id, payload))

    def arm(self, kind: str, resource_id: UUID, due_at: datetime | None) -> None:
        """Set or move the deadline of a resource; None: it has none any more."""
        self._due[kind, resource_id] = due_at

    def write(self, session: Session) -> None:
        """Write what was gathered, and begin anew."""
        audit.record_all(session, self._changes, actor=self.actor, org_id=self.org_id)
        outbox.emit_all(session, self._events, org_id=self.org_id)
        deadlines.arm_all(session, self._due, org_id=self.org_id)
        self._changes, self._events, self._due = [], [], {}
