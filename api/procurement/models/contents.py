"""What bids say: rows that exist from the opening on, never before it."""

from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Column, Index, LargeBinary, UniqueConstraint, text
from sqlmodel import Field

from api.core.tables import JSON, MONEY, QUANTITY, TEXTS, Table, state
from api.rules.bids import SecurityKind
from api.rules.incoterms import Incoterm
from api.rules.sealing import DocumentState, EnvelopeKind


class BidLot(Table, table=True):
    """What a bid asks for one lot: for all its items together, delivered as the Incoterm says."""

    __tablename__ = "bid_lot"
    __table_args__ = (
        UniqueConstraint("bid_id", "lot_id"),
        CheckConstraint("value_amount > 0", name="value_positive"),
        CheckConstraint("lead_days BETWEEN 0 AND 3650", name="lead_days_in_bounds"),
        Index(
            "ix_bid_lot_importer_tax_id_index",
            "importer_tax_id_index",
            postgresql_where=text("importer_tax_id_index IS NOT NULL"),
        ),
    )

    bid_id: UUID = Field(foreign_key="bid.id", ondelete="CASCADE")
    tender_id: UUID = Field(foreign_key="tender.id", ondelete="RESTRICT")
    lot_id: UUID = Field(foreign_key="tender_lot.id", index=True, ondelete="RESTRICT")
    value_amount: Decimal = Field(sa_type=MONEY)
    value_currency: str = Field(max_length=3)
    vat_included: bool
    incoterm: Incoterm | None = Field(default=None, sa_type=state(Incoterm))
    named_place: str | None = Field(default=None, max_length=500)
    place_code: str | None = Field(default=None, max_length=40)
    is_seller_premises: bool | None = None
    importer_of_record: str | None = Field(default=None, max_length=500)
    importer_tax_id: str | None = Field(default=None, max_length=20)
    """As it was stored before it was encrypted; read by `importers.tax_id`, written no more."""
    importer_tax_id_encrypted: bytes | None = Field(default=None, sa_column=Column(LargeBinary))
    importer_tax_id_index: bytes | None = Field(default=None, sa_column=Column(LargeBinary))
    """By which equal numbers are found (`encryption.blind_index`)."""
    vat_recovered_by: str | None = Field(default=None, max_length=20)
    deviations: list[str] = Field(
        default=[], sa_column=Column(TEXTS, nullable=False, server_default="{}")
    )
    """Agreed changes of the Incoterm (`Deviation`)."""
    exporter_of_record_id: UUID | None = Field(
        default=None, foreign_key="organisation.id", ondelete="RESTRICT"
    )
    stated_charges: list[dict[str, Any]] = Field(
        default_factory=list, sa_column=Column(JSON, nullable=False)
    )
    """Parts of the price that the seller states separately (landed cost, `Stated`)."""
    dispatch_country: str | None = Field(default=None, max_length=2)
    lead_days: int | None = None


class BidItem(Table, table=True):
    """The unit price of one item of a lot, in the currency of its `bid_lot`."""

    __tablename__ = "bid_item"
    __table_args__ = (
        UniqueConstraint("bid_id", "item_id"),
        CheckConstraint("unit_price_amount >= 0", name="price_not_negative"),
        CheckConstraint("quantity > 0", name="quantity_positive"),
    )

    bid_id: UUID = Field(foreign_key="bid.id", ondelete="CASCADE")
    tender_id: UUID = Field(foreign_key="tender.id", ondelete="RESTRICT")
    lot_id: UUID = Field(foreign_key="tender_lot.id", ondelete="RESTRICT")
    item_id: UUID = Field(foreign_key="tender_item.id", ondelete="RESTRICT")
    quantity: Decimal = Field(sa_type=QUANTITY)
    unit_price_amount: Decimal = Field(sa_type=MONEY)
    country_of_origin: str | None = Field(default=None, max_length=2)


class RequirementResponse(Table, table=True):
    """OCDS `requirementResponse`: a bid's answer to a requirement, and its evidence.

    `lot_id` or `item_id` say for which lot or item it answers; neither: for the whole bid.
    """

    __tablename__ = "requirement_response"
    __table_args__ = (
        UniqueConstraint(
            "bid_id", "requirement_id", "lot_id", "item_id", postgresql_nulls_not_distinct=True
        ),
        CheckConstraint("lot_id IS NULL OR item_id IS NULL", name="of_one_thing"),
    )

    bid_id: UUID = Field(foreign_key="bid.id", ondelete="CASCADE")
    tender_id: UUID = Field(foreign_key="tender.id", ondelete="RESTRICT")
    requirement_id: str = Field(max_length=60)
    lot_id: UUID | None = Field(default=None, foreign_key="tender_lot.id", ondelete="RESTRICT")
    item_id: UUID | None = Field(default=None, foreign_key="tender_item.id", ondelete="RESTRICT")
    value: dict[str, Any] = Field(sa_column=Column(JSON, nullable=False))
    """`{"value": …}`: a string, number (as text) or boolean, as the requirement's data type."""
    documents: list[str] = Field(sa_column=Column(JSON, nullable=False))


class BidDocument(Table, table=True):
    """A document that a bid names by its SHA-256.

    The bytes are elsewhere, unless the bid names a sealed document, with its key and the name of
    the file; workers make it a `document`, or say in `failure` why it cannot be read.
    """

    __tablename__ = "bid_document"
    __table_args__ = (UniqueConstraint("bid_id", "sha256"),)

    bid_id: UUID = Field(foreign_key="bid.id", ondelete="CASCADE")
    tender_id: UUID = Field(foreign_key="tender.id", ondelete="RESTRICT")
    envelope: EnvelopeKind = Field(sa_type=state(EnvelopeKind))
    sha256: str = Field(max_length=64)
    title: str = Field(max_length=500)
    document_type: str | None = Field(default=None, max_length=60)
    media_type: str | None = Field(default=None, max_length=100)
    url: str | None = Field(default=None, max_length=2000)
    sealed_document_id: UUID | None = Field(
        default=None, foreign_key="sealed_document.id", ondelete="RESTRICT"
    )
    sealed_key: str | None = Field(default=None, max_length=100, repr=False)
    file_name: str | None = Field(default=None, max_length=500)
    document_id: UUID | None = Field(
        default=None, foreign_key="document.id", index=True, ondelete="RESTRICT"
    )
    failure: str | None = Field(default=None, max_length=60)

    @property
    def state(self) -> DocumentState:
        """Whether the bytes can be had here."""
        if self.document_id is not None:
            return DocumentState.OPENED
        if self.failure is not None:
            return DocumentState.FAILED
        return DocumentState.NAMED if self.sealed_document_id is None else DocumentState.OPENING


class DomesticClaim(Table, table=True):
    """That a lot's goods are made at home, with the certificate that is to show it.

    `lot_id` is None when it is claimed of every lot of the bid.
    """

    __tablename__ = "domestic_claim"
    __table_args__ = (UniqueConstraint("bid_id", "lot_id", postgresql_nulls_not_distinct=True),)

    bid_id: UUID = Field(foreign_key="bid.id", ondelete="CASCADE")
    tender_id: UUID = Field(foreign_key="tender.id", ondelete="RESTRICT")
    lot_id: UUID | None = Field(default=None, foreign_key="tender_lot.id", ondelete="RESTRICT")
    certificate_scheme: str = Field(max_length=40)
    certificate_number: str = Field(max_length=100)
    certificate_id: UUID | None = Field(default=None)
    issued_by: str | None = Field(default=None, max_length=500)
    valid_until: date | None = None
    document_sha256: str | None = Field(default=None, max_length=64)


class BidSecurity(Table, table=True):
    """What a bid gives as its security: a guarantee by reference, or a declaration."""

    __tablename__ = "bid_security"

    bid_id: UUID = Field(foreign_key="bid.id", unique=True, ondelete="CASCADE")
    tender_id: UUID = Field(foreign_key="tender.id", ondelete="RESTRICT")
    kind: SecurityKind = Field(sa_type=state(SecurityKind))
    reference: str | None = Field(default=None, max_length=200)
    issuer: str | None = Field(default=None, max_length=500)
    value_amount: Decimal | None = Field(default=None, sa_type=MONEY)
    value_currency: str | None = Field(default=None, max_length=3)
    valid_until: date | None = None
    document_sha256: str | None = Field(default=None, max_length=64)
