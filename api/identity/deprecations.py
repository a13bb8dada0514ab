"""Operations on their way out: what their answers say, and who still calls them.

One decorator on a route does all of it: `@deprecated(since=..., sunset=..., successor=...)`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from email.utils import format_datetime
from typing import Any
from uuid import UUID

from sqlalchemy import UniqueConstraint
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Field, Session, col, select

from api.core import db
from api.core.tables import TIMESTAMP, Table

STEP = timedelta(minutes=1)
"""A use is noted again only after so long: one write a minute and key at most."""


class DeprecatedUse(Table, table=True):
    """On this day a key called an operation that will go."""

    __tablename__ = "deprecated_use"
    __table_args__ = (UniqueConstraint("client_id", "operation", "day"),)

    org_id: UUID = Field(foreign_key="organisation.id", index=True, ondelete="RESTRICT")
    client_id: UUID = Field(foreign_key="api_client.id", ondelete="RESTRICT")
    operation: str = Field(max_length=200)
    day: date
    last_used_at: datetime = Field(sa_type=TIMESTAMP, index=True)


@dataclass(frozen=True, slots=True)
class Deprecation:
    """Since when an operation is deprecated, when it ends, and what takes its place."""

    since: datetime
    sunset: datetime
    successor: str

    def headers(self) -> Mapping[str, str]:
        """`Deprecation` (RFC 9745), `Sunset` (RFC 8594), `Link` (RFC 8288)."""
        return {
            "Deprecation": f"@{int(self.since.timestamp())}",
            "Sunset": format_datetime(self.sunset, usegmt=True),
            "Link": f'<{self.successor}>; rel="successor-version"',
        }


def deprecated[F: Callable[..., Any]](
    *, since: datetime, sunset: datetime, successor: str
) -> Callable[[F], F]:
    """Mark a route as deprecated; `since` and `sunset` in UTC, `successor` a path of the API.

    Put it under the router's decorator. RFC 8594: an operation ends no earlier than it is
    deprecated (ValueError).
    """
    if sunset < since:
        raise ValueError("an operation cannot end before it is deprecated")

    def mark(endpoint: F) -> F:
        endpoint.deprecation = Deprecation(since, sunset, successor)  # type: ignore[attr-defined]
        return endpoint

    return mark


def of(endpoint: Callable[..., Any]) -> Deprecation | None:
    """The deprecation that a route is marked with."""
    found: Deprecation | None = getattr(endpoint, "deprecation", None)
    return found


def note(session: Session, *, org_id: UUID, client_id: UUID, operation: str) -> None:
    """Remember that the key called the operation today, coarsely."""
    now = db.now(session)
    row = insert(DeprecatedUse).values(
        **DeprecatedUse(
            org_id=org_id,
            client_id=client_id,
            operation=operation,
            day=now.date(),
            last_used_at=now,
        ).model_dump()
    )
    row = row.on_conflict_do_update(
        index_elements=["client_id", "operation", "day"],
        set_={"last_used_at": now},
        where=col(DeprecatedUse.last_used_at) < now - STEP,
    )
    session.connection().execute(row)


def list_uses(session: Session, org_id: UUID) -> list[DeprecatedUse]:
    """The days on which the organisation's keys called something deprecated, newest first."""
    query = select(DeprecatedUse).where(DeprecatedUse.org_id == org_id)
    newest = query.order_by(col(DeprecatedUse.day).desc(), col(DeprecatedUse.id).desc())
    return list(session.exec(newest.limit(500)).all())
