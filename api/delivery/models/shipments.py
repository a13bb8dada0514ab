"""Shipments: who sends what to whom, by which legs, in which packages, through which customs."""

from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Column, UniqueConstraint
from sqlmodel import Field

from api.core.tables import JSON, QUANTITY, TEXTS, TIMESTAMP, Table, state
from api.rules.transport import (
    DeclarationKind,
    EquipmentType,
    TransportDocumentType,
    TransportMode,
)


class Shipment(Table, table=True):
    """Goods of one contract that travel together. Where they are is told by events, not here.

    `number` is the supplier's own. Consignor, consignee and notify party are parties as they stand
    in the transport document: `{"name", "address", "country", "organisation_id"}`.
    """

    __tablename__ = "shipment"
    __table_args__ = (UniqueConstraint("supplier_id", "number"),)

    contract_id: UUID = Field(foreign_key="contract.id", index=True, ondelete="RESTRICT")
    buyer_id: UUID = Field(foreign_key="organisation.id", index=True, ondelete="RESTRICT")
    supplier_id: UUID = Field(foreign_key="organisation.id", ondelete="RESTRICT")
    number: str = Field(max_length=35)
    consignor: dict[str, Any] = Field(sa_column=Column(JSON, nullable=False))
    consignee: dict[str, Any] = Field(sa_column=Column(JSON, nullable=False))
    notify_party: dict[str, Any] | None = Field(default=None, sa_column=Column(JSON))
    version: int = 1


class ShipmentLeg(Table, table=True):
    """A part of the journey by one means of transport, under one transport document."""

    __tablename__ = "shipment_leg"
    __table_args__ = (
        UniqueConstraint("shipment_id", "seq"),
        CheckConstraint("seq > 0", name="seq_positive"),
        CheckConstraint("from_place_code <> to_place_code", name="goes_somewhere"),
        CheckConstraint(
            "(document_type IS NULL) = (document_number IS NULL)", name="document_numbered"
        ),
    )

    shipment_id: UUID = Field(foreign_key="shipment.id", ondelete="RESTRICT")
    seq: int
    mode: TransportMode = Field(sa_type=state(TransportMode))
    from_place_code: str = Field(max_length=40)
    to_place_code: str = Field(max_length=40)
    crossing_code: str | None = Field(default=None, max_length=40, index=True)
    carrier: str | None = Field(default=None, max_length=300)
    document_type: TransportDocumentType | None = Field(
        default=None, sa_type=state(TransportDocumentType)
    )
    document_number: str | None = Field(default=None, max_length=35, index=True)


class ShipmentEquipment(Table, table=True):
    """A container, trailer or wagon of a leg, and the seals on it."""

    __tablename__ = "shipment_equipment"
    __table_args__ = (UniqueConstraint("leg_id", "number"),)

    shipment_id: UUID = Field(foreign_key="shipment.id", index=True, ondelete="RESTRICT")
    leg_id: UUID = Field(foreign_key="shipment_leg.id", ondelete="RESTRICT")
    type: EquipmentType = Field(sa_type=state(EquipmentType))
    number: str = Field(max_length=20, index=True)
    seals: list[str] = Field(sa_column=Column(TEXTS, nullable=False))


class Package(Table, table=True):
    """A package by its SSCC; `type` is a code of UN/ECE Recommendation 21."""

    __tablename__ = "package"
    __table_args__ = (
        UniqueConstraint("shipment_id", "sscc"),
        CheckConstraint("gross_weight > 0", name="weight_positive"),
        CheckConstraint("net_weight > 0 AND net_weight <= gross_weight", name="net_within_gross"),
        CheckConstraint("volume > 0", name="volume_positive"),
    )

    shipment_id: UUID = Field(foreign_key="shipment.id", ondelete="RESTRICT")
    sscc: str | None = Field(default=None, max_length=18, index=True)
    type: str = Field(max_length=2)
    marks: str | None = Field(default=None, max_length=500)
    gross_weight: Decimal = Field(sa_type=QUANTITY)
    """Kilogram."""
    net_weight: Decimal | None = Field(default=None, sa_type=QUANTITY)
    volume: Decimal | None = Field(default=None, sa_type=QUANTITY)
    """Cubic metre."""


class CustomsDeclaration(Table, table=True):
    """A declaration as customs registered it; `declared_by` is the side that told of it."""

    __tablename__ = "customs_declaration"
    __table_args__ = (
        UniqueConstraint("shipment_id", "country", "number"),
        CheckConstraint("released_at >= registered_at", name="released_after_registered"),
    )

    shipment_id: UUID = Field(foreign_key="shipment.id", ondelete="RESTRICT")
    declared_by: UUID = Field(foreign_key="organisation.id", ondelete="RESTRICT")
    kind: DeclarationKind = Field(sa_type=state(DeclarationKind))
    country: str = Field(max_length=2)
    number: str = Field(max_length=40)
    procedure: str = Field(max_length=10)
    registered_at: datetime = Field(sa_type=TIMESTAMP)
    released_at: datetime | None = Field(default=None, sa_type=TIMESTAMP)
    version: int = 1
