"""Notes of an organisation's own systems on a resource: up to 50 keys, seen by nobody else.

They are no part of the resource: to change them needs no right to change it, moves no version,
and publishes nothing, so both sides of a contract keep their own on it.
"""

from typing import Annotated
from uuid import UUID

from pydantic import AfterValidator, RootModel, StringConstraints
from pydantic import Field as Bounds
from sqlalchemy import Column, UniqueConstraint
from sqlmodel import Field, Session, select

from api.core.inputs import printable
from api.core.tables import JSON, Table

MAX_KEYS = 50
Key = Annotated[str, StringConstraints(min_length=1, max_length=40), AfterValidator(printable)]
Value = Annotated[str, StringConstraints(max_length=500), AfterValidator(printable)]


class Metadata(RootModel[dict[Key, Value]]):
    """Keys of at most 40 characters with texts of at most 500."""

    root: Annotated[
        dict[Key, Value],
        Bounds(max_length=MAX_KEYS, examples=[{"sap_po": "4500012345", "warehouse": "OSH-2"}]),
    ]


class ResourceMetadata(Table, table=True):
    """What one organisation has noted on one resource."""

    __tablename__ = "resource_metadata"
    __table_args__ = (UniqueConstraint("org_id", "resource", "resource_id"),)

    org_id: UUID
    resource: str = Field(max_length=20)
    resource_id: UUID
    values: dict[str, str] = Field(sa_column=Column("metadata", JSON, nullable=False))


def read(session: Session, *, org_id: UUID, resource: str, resource_id: UUID) -> dict[str, str]:
    """What the organisation has noted on a resource; nothing at first."""
    found = _find(session, org_id, resource, resource_id)
    return dict(found.values) if found is not None else {}


def replace(
    session: Session, *, org_id: UUID, resource: str, resource_id: UUID, values: dict[str, str]
) -> dict[str, str]:
    """Put `values` in the place of all that the organisation has noted on a resource."""
    found = _find(session, org_id, resource, resource_id)
    if found is None:
        found = ResourceMetadata(
            org_id=org_id, resource=resource, resource_id=resource_id, values=values
        )
    found.values = values
    session.add(found)
    return values


def _find(
    session: Session, org_id: UUID, resource: str, resource_id: UUID
) -> ResourceMetadata | None:
    query = select(ResourceMetadata).where(
        ResourceMetadata.org_id == org_id,
        ResourceMetadata.resource == resource,
        ResourceMetadata.resource_id == resource_id,
    )
    return session.exec(query.with_for_update()).one_or_none()
