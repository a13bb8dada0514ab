"""What sellers offer: products, offers with their tiers, certificates, and imports."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    CheckConstraint,
    Column,
    Index,
    Integer,
    LargeBinary,
    Numeric,
    UniqueConstraint,
    text,
)
from sqlmodel import Field, Relationship, SQLModel

from api.core.tables import JSON, MONEY, QUANTITY, TEXTS, TIMESTAMP, Table, state
from api.rules import incoterms
from api.rules.incoterms import Incoterm
from api.rules.offers import (
    CertificateStatus,
    LeadTimeStart,
    OfferStatus,
    SupplyPeriod,
)
from api.rules.product_texts import TextField

SHARE = Numeric(4, 3)
_LAZY = {"lazy": "raise"}
_TIERS = {**_LAZY, "cascade": "all, delete-orphan", "passive_deletes": True}


class OfferCertificate(SQLModel, table=True):
    """A certificate that the seller shows for an offer."""

    __tablename__ = "offer_certificate"

    offer_id: UUID = Field(foreign_key="offer.id", primary_key=True, ondelete="CASCADE")
    certificate_id: UUID = Field(
        foreign_key="certificate.id", primary_key=True, index=True, ondelete="RESTRICT"
    )


class Certificate(Table, table=True):
    """Evidence about an organisation or its goods; names follow schema.org Certification.

    `holder_name` is whom the issuer names: a trader shows the certificates of makers. `told` are the
    notices of its end that were given, in days left.
    """

    __tablename__ = "certificate"
    __table_args__ = (
        UniqueConstraint("org_id", "scheme", "number"),
        CheckConstraint("verified_by <> entered_by", name="four_eyes"),
        Index("ix_certificate_number", "scheme", "number"),
    )

    org_id: UUID = Field(foreign_key="organisation.id", index=True, ondelete="RESTRICT")
    scheme: str = Field(max_length=40)
    number: str = Field(max_length=100)
    issued_by: str = Field(max_length=300)
    valid_from: date | None = None
    expires_on: date | None = None
    registry_url: str | None = Field(default=None, max_length=2000)
    document_sha256: str | None = Field(default=None, max_length=64)
    holder_name: str | None = Field(default=None, max_length=300)
    accreditation_body: str | None = Field(default=None, max_length=300)
    file_id: UUID | None = Field(
        default=None, foreign_key="file.id", index=True, ondelete="RESTRICT"
    )
    file_name: str | None = Field(default=None, max_length=500)
    entered_by: str | None = Field(default=None, max_length=80)
    verified_by: str | None = Field(default=None, max_length=80)
    verified_at: datetime | None = Field(default=None, sa_type=TIMESTAMP)
    told: list[int] = Field(
        default=[], sa_column=Column(ARRAY(Integer), nullable=False, server_default="{}")
    )
    status: CertificateStatus = Field(
        default=CertificateStatus.CLAIMED, sa_type=state(CertificateStatus)
    )
    version: int = 1


class CertificateEdition(Table, table=True):
    """What a certificate said until it was renewed under its number, for good; created then."""

    __tablename__ = "certificate_edition"

    org_id: UUID = Field(foreign_key="organisation.id", ondelete="RESTRICT")
    certificate_id: UUID = Field(foreign_key="certificate.id", index=True, ondelete="RESTRICT")
    issued_by: str = Field(max_length=300)
    valid_from: date | None = None
    expires_on: date | None = None
    registry_url: str | None = Field(default=None, max_length=2000)
    document_sha256: str | None = Field(default=None, max_length=64)
    file_id: UUID | None = Field(
        default=None, foreign_key="file.id", index=True, ondelete="RESTRICT"
    )
    file_name: str | None = Field(default=None, max_length=500)
    status: CertificateStatus = Field(sa_type=state(CertificateStatus))
    entered_by: str | None = Field(default=None, max_length=80)
    verified_by: str | None = Field(default=None, max_length=80)
    verified_at: datetime | None = Field(default=None, sa_type=TIMESTAMP)
    renewed_by: str = Field(max_length=80)


class ProductGroup(Table, table=True):
    """Products that differ along axes: names of attributes, of which each has its value."""

    __tablename__ = "product_group"

    org_id: UUID = Field(foreign_key="organisation.id", index=True, ondelete="RESTRICT")
    names: dict[str, str] = Field(sa_column=Column(JSON, nullable=False))
    names_origin: dict[str, str] = Field(sa_column=Column(JSON, nullable=False))
    axes: list[str] = Field(sa_column=Column(TEXTS, nullable=False))
    version: int = 1


class Product(Table, table=True):
    """What is sold, whoever buys it. Texts are maps by language; `*_origin` says who wrote them."""

    __tablename__ = "product"
    __table_args__ = (
        Index(
            "ix_product_search_text",
            "search_text",
            postgresql_using="gin",
            postgresql_ops={"search_text": "gin_trgm_ops"},
        ),
        Index("ix_product_cpv_code", "cpv_code", postgresql_ops={"cpv_code": "text_pattern_ops"}),
        Index("ix_product_hs_code", "hs_code", postgresql_ops={"hs_code": "text_pattern_ops"}),
        Index("ix_product_mpn", "mpn", postgresql_where=text("mpn IS NOT NULL")),
        UniqueConstraint("group_id", "variant"),
        CheckConstraint("(group_id IS NULL) = (variant IS NULL)", "variant_of_a_group"),
        CheckConstraint("(un_number IS NULL) = (hazard_class IS NULL)", "hazard_whole"),
    )

    org_id: UUID = Field(foreign_key="organisation.id", index=True, ondelete="RESTRICT")
    gtin: str | None = Field(default=None, max_length=14, index=True)
    mpn: str | None = Field(default=None, max_length=100)
    brand: str | None = Field(default=None, max_length=100)
    model: str | None = Field(default=None, max_length=100)
    hs_code: str | None = Field(default=None, max_length=10)
    cpv_code: str | None = Field(default=None, max_length=10)
    country_of_origin: str = Field(max_length=2)
    names: dict[str, str] = Field(sa_column=Column(JSON, nullable=False))
    names_origin: dict[str, str] = Field(sa_column=Column(JSON, nullable=False))
    descriptions: dict[str, str] = Field(sa_column=Column(JSON, nullable=False))
    descriptions_origin: dict[str, str] = Field(sa_column=Column(JSON, nullable=False))
    attributes: dict[str, str] = Field(sa_column=Column(JSON, nullable=False))
    media: list[str] = Field(sa_column=Column(TEXTS, nullable=False))
    net_weight_kg: Decimal | None = Field(default=None, sa_type=QUANTITY)
    """Of one unit without any package; so are the measures."""
    length_mm: Decimal | None = Field(default=None, sa_type=QUANTITY)
    width_mm: Decimal | None = Field(default=None, sa_type=QUANTITY)
    height_mm: Decimal | None = Field(default=None, sa_type=QUANTITY)
    pack_levels: list[dict[str, Any]] = Field(
        default_factory=list, sa_column=Column(JSON, nullable=False, server_default="[]")
    )
    """Packages from the unit outwards: `rules.packaging.Level`, decimals as strings."""
    group_id: UUID | None = Field(default=None, foreign_key="product_group.id", ondelete="RESTRICT")
    variant: dict[str, str] | None = Field(default=None, sa_column=Column(JSON, nullable=True))
    """Its values on the axes of its group, which are attributes of it too."""
    master_product_id: UUID | None = Field(
        default=None, foreign_key="master_product.id", index=True, ondelete="RESTRICT"
    )
    """The goods that it and products of others are."""
    un_number: str | None = Field(default=None, max_length=4)
    hazard_class: str | None = Field(default=None, max_length=3)
    search_text: str
    version: int = 1


class ProductText(Table, table=True):
    """What is known of a translated text of a product: what it was made from, by which engine,
    and who has read it. It speaks of the wording whose hash it has; of another it says nothing.
    """

    __tablename__ = "product_text"
    __table_args__ = (UniqueConstraint("product_id", "field", "language"),)

    org_id: UUID = Field(foreign_key="organisation.id", index=True, ondelete="RESTRICT")
    product_id: UUID = Field(foreign_key="product.id", ondelete="CASCADE")
    field: TextField = Field(sa_type=state(TextField))
    language: str = Field(max_length=2)
    text_sha256: str = Field(max_length=64)
    source_language: str | None = Field(default=None, max_length=2)
    source_sha256: str | None = Field(default=None, max_length=64)
    engine: str | None = Field(default=None, max_length=40)
    engine_version: str | None = Field(default=None, max_length=40)
    coverage: Decimal | None = Field(default=None, sa_type=SHARE)
    reviewed_by: str | None = Field(default=None, max_length=80)
    reviewed_at: datetime | None = Field(default=None, sa_type=TIMESTAMP)

    @property
    def reviewed(self) -> bool:
        return self.reviewed_at is not None


class Offer(Table, table=True):
    """A product that a seller offers on terms; names follow schema.org Offer."""

    __tablename__ = "offer"
    __table_args__ = (
        UniqueConstraint("seller_id", "sku"),
        CheckConstraint("min_order_quantity > 0", "min_order_quantity_positive"),
        CheckConstraint("order_multiple > 0", "order_multiple_positive"),
        CheckConstraint("supply_quantity > 0", "supply_quantity_positive"),
        CheckConstraint(
            "gross_weight_kg > 0 AND volume_m3 > 0 AND packages > 0", "measures_positive"
        ),
        CheckConstraint("valid_through >= valid_from", "validity_ordered"),
    )

    seller_id: UUID = Field(foreign_key="organisation.id", ondelete="RESTRICT")
    product_id: UUID = Field(foreign_key="product.id", index=True, ondelete="RESTRICT")
    sku: str = Field(max_length=100)
    status: OfferStatus = Field(default=OfferStatus.DRAFT, sa_type=state(OfferStatus), index=True)
    markets: list[str] = Field(sa_column=Column(TEXTS, nullable=False))
    unit_code: str = Field(max_length=3)
    min_order_quantity: Decimal = Field(sa_type=QUANTITY)
    order_multiple: Decimal = Field(sa_type=QUANTITY)
    currency: str = Field(max_length=3)
    incoterm: Incoterm = Field(sa_type=state(Incoterm))
    incoterm_version: str = Field(default=incoterms.VERSION, max_length=4)
    place_code: str = Field(max_length=40)
    supply_quantity: Decimal | None = Field(default=None, sa_type=QUANTITY)
    supply_period: SupplyPeriod | None = Field(default=None, sa_type=state(SupplyPeriod))
    gross_weight_kg: Decimal | None = Field(default=None, sa_type=QUANTITY)
    """Of one `unit_code` as it is packed for transport; so are volume and packages (0.05: twenty
    to a package)."""
    volume_m3: Decimal | None = Field(default=None, sa_type=QUANTITY)
    packages: Decimal | None = Field(default=None, sa_type=QUANTITY)
    warranty_months: int | None = None
    payment_terms: str | None = Field(default=None, max_length=500)
    valid_from: date | None = None
    valid_through: date | None = None
    version: int = 1

    product: Product = Relationship(sa_relationship_kwargs=_LAZY)
    price_tiers: list["PriceTier"] = Relationship(
        sa_relationship_kwargs={**_TIERS, "order_by": "PriceTier.min_quantity"}
    )
    lead_time_tiers: list["LeadTimeTier"] = Relationship(
        sa_relationship_kwargs={**_TIERS, "order_by": "LeadTimeTier.min_quantity"}
    )
    certificates: list[Certificate] = Relationship(
        link_model=OfferCertificate,
        sa_relationship_kwargs={**_LAZY, "order_by": "Certificate.number"},
    )


class PriceTier(Table, table=True):
    """The price of one unit from `min_quantity` on, until the next tier begins."""

    __tablename__ = "price_tier"
    __table_args__ = (
        UniqueConstraint("offer_id", "min_quantity"),
        CheckConstraint("min_quantity > 0", "min_quantity_positive"),
        CheckConstraint("unit_price > 0", "unit_price_positive"),
    )

    offer_id: UUID = Field(foreign_key="offer.id", ondelete="CASCADE")
    min_quantity: Decimal = Field(sa_type=QUANTITY)
    unit_price: Decimal = Field(sa_type=MONEY)


class LeadTimeTier(Table, table=True):
    """Days until the goods are ready from `min_quantity` on, counted from `from_event`."""

    __tablename__ = "lead_time_tier"
    __table_args__ = (
        UniqueConstraint("offer_id", "min_quantity"),
        CheckConstraint("min_quantity > 0", "min_quantity_positive"),
        CheckConstraint("days >= 0", "days_not_negative"),
    )

    offer_id: UUID = Field(foreign_key="offer.id", ondelete="CASCADE")
    min_quantity: Decimal = Field(sa_type=QUANTITY)
    days: int
    from_event: LeadTimeStart = Field(default=LeadTimeStart.PO, sa_type=state(LeadTimeStart))


class ImportChunk(Table, table=True):
    """A piece of an uploaded file; all but the last have `imports.CHUNK_BYTES`."""

    __tablename__ = "import_chunk"
    __table_args__ = (UniqueConstraint("job_id", "seq"),)

    org_id: UUID = Field(foreign_key="organisation.id", ondelete="RESTRICT")
    job_id: UUID = Field(foreign_key="job.id", ondelete="CASCADE")
    seq: int
    data: bytes = Field(sa_column=Column(LargeBinary, nullable=False))


class ImportFailure(Table, table=True):
    """Why a row of an uploaded file was not taken; the other rows were."""

    __tablename__ = "import_error"
    __table_args__ = (Index("ix_import_error_place", "job_id", "row", "id"),)

    org_id: UUID = Field(foreign_key="organisation.id", ondelete="RESTRICT")
    job_id: UUID = Field(foreign_key="job.id", ondelete="CASCADE")
    row: int
    column: str = Field(max_length=200)
    code: str = Field(max_length=60)
    detail: str = Field(max_length=1000)
    value: str | None = Field(default=None, max_length=200)


class ImportRow(Table, table=True):
    """A row of an uploaded file that was not taken, as it stood there; see `ImportFailure`."""

    __tablename__ = "import_row"
    __table_args__ = (UniqueConstraint("job_id", "row"),)

    org_id: UUID = Field(foreign_key="organisation.id", ondelete="RESTRICT")
    job_id: UUID = Field(foreign_key="job.id", ondelete="CASCADE")
    row: int
    cells: list[str] = Field(sa_column=Column(TEXTS, nullable=False))


class OfferSource(SQLModel, table=True):
    """The row of a file that an offer was last made from.

    While offer and product have the versions that it gave them, the same row changes nothing.
    """

    __tablename__ = "offer_source"
    __table_args__ = (Index("ix_offer_source_digest", "org_id", "digest"),)

    offer_id: UUID = Field(foreign_key="offer.id", primary_key=True, ondelete="CASCADE")
    org_id: UUID = Field(foreign_key="organisation.id", ondelete="RESTRICT")
    digest: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    offer_version: int
    product_version: int
