"""Images of products and the copies of them that buyers are given."""

from uuid import UUID

from pgvector.sqlalchemy import BIT
from sqlalchemy import CheckConstraint, Column, Index, UniqueConstraint, text
from sqlmodel import Field, Relationship

from api.core.files.models import File
from api.core.tables import JSON, Table, state
from api.rules.images import ImageStatus, Refusal, Rendition

_LAZY = {"lazy": "raise"}
_OWN_FILE = {"lazy": "joined", "innerjoin": True}


class ProductImage(Table, table=True):
    """An image of a product. The first by `position` is the primary one.

    `file_id` is what was uploaded, which its owner alone reads; `picture_hash` are the 64 bits of
    `rules.images.difference_hash`, with those of the size once a worker has read it.
    """

    __tablename__ = "product_image"
    __table_args__ = (
        UniqueConstraint("product_id", "file_id"),
        Index(
            "ix_product_image_picture_hash",
            "picture_hash",
            postgresql_using="hnsw",
            postgresql_ops={"picture_hash": "bit_hamming_ops"},
            postgresql_where=text("picture_hash IS NOT NULL"),
        ),
        CheckConstraint(
            "(status = 'ready') <= (width > 0 AND height > 0 AND picture_hash IS NOT NULL)",
            "ready_is_read",
        ),
        CheckConstraint("(status = 'refused') = (refusal IS NOT NULL)", "refused_for_a_reason"),
    )

    org_id: UUID = Field(foreign_key="organisation.id", ondelete="RESTRICT")
    product_id: UUID = Field(foreign_key="product.id", ondelete="CASCADE")
    file_id: UUID = Field(foreign_key="file.id", index=True, ondelete="RESTRICT")
    name: str = Field(max_length=500)
    position: int
    status: ImageStatus = Field(default=ImageStatus.RECEIVED, sa_type=state(ImageStatus))
    refusal: Refusal | None = Field(default=None, sa_type=state(Refusal))
    width: int | None = None
    height: int | None = None
    picture_hash: str | None = Field(default=None, sa_column=Column(BIT(64), nullable=True))
    alt_texts: dict[str, str] = Field(sa_column=Column(JSON, nullable=False))
    alt_texts_origin: dict[str, str] = Field(sa_column=Column(JSON, nullable=False))
    version: int = 1

    renditions: list["ProductRendition"] = Relationship(
        sa_relationship_kwargs={
            **_LAZY,
            "cascade": "all, delete-orphan",
            "passive_deletes": True,
            "order_by": "ProductRendition.width",
        }
    )


class ProductRendition(Table, table=True):
    """A copy of an image in one size, made by a worker."""

    __tablename__ = "product_rendition"
    __table_args__ = (
        UniqueConstraint("image_id", "name"),
        CheckConstraint("width > 0 AND height > 0", "size_positive"),
    )

    image_id: UUID = Field(foreign_key="product_image.id", ondelete="CASCADE")
    file_id: UUID = Field(foreign_key="file.id", index=True, ondelete="RESTRICT")
    name: Rendition = Field(sa_type=state(Rendition))
    width: int
    height: int

    file: File = Relationship(sa_relationship_kwargs=_OWN_FILE)
