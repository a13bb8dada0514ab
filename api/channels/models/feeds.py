"""Feeds of offers for marketplaces of others, and their builds."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, UniqueConstraint, text
from sqlmodel import Field

from api.core.tables import TIMESTAMP, Table, state
from api.rules.feeds import FeedFormat


class Feed(Table, table=True):
    """The offers of a seller (of everybody, for the operator) for a market, in a language.

    `secret_hash` is of the secret in its address; who knows that reads the newest build.
    """

    __tablename__ = "feed"
    __table_args__ = (
        Index(
            "uq_feed_open",
            "org_id",
            "format",
            "market",
            "language",
            "everybody",
            unique=True,
            postgresql_where=text("closed_at IS NULL"),
        ),
        CheckConstraint("market ~ '^[A-Z]{2}$'", name="market_is_country"),
    )

    org_id: UUID = Field(foreign_key="organisation.id", index=True, ondelete="RESTRICT")
    format: FeedFormat = Field(sa_type=state(FeedFormat))
    market: str = Field(max_length=2)
    language: str = Field(max_length=2)
    everybody: bool = False
    link_template: str | None = Field(default=None, max_length=2000)
    secret_hash: str = Field(max_length=64, unique=True)
    closed_at: datetime | None = Field(default=None, sa_type=TIMESTAMP)
    version: int = 1


class FeedBuild(Table, table=True):
    """A document of a feed, and how it differs from the one before. Until `finished_at` it is none.

    `catalogue_version` counts the builds that changed something; `manifest_id` is the file of the
    digests by which the next one is compared. From `expunged_at` on its bytes are not kept for it.
    """

    __tablename__ = "feed_build"
    __table_args__ = (
        UniqueConstraint("feed_id", "number"),
        Index(
            "ix_feed_build_kept",
            "feed_id",
            "number",
            postgresql_where=text("finished_at IS NOT NULL AND expunged_at IS NULL"),
        ),
        CheckConstraint(
            "finished_at IS NULL OR (file_id IS NOT NULL AND delta_id IS NOT NULL"
            " AND manifest_id IS NOT NULL)",
            name="finished_whole",
        ),
    )

    org_id: UUID = Field(foreign_key="organisation.id", index=True, ondelete="RESTRICT")
    feed_id: UUID = Field(foreign_key="feed.id", ondelete="RESTRICT")
    number: int
    job_id: UUID | None = Field(default=None)
    catalogue_version: int = 0
    file_id: UUID | None = Field(
        default=None, foreign_key="file.id", index=True, ondelete="RESTRICT"
    )
    delta_id: UUID | None = Field(
        default=None, foreign_key="file.id", index=True, ondelete="RESTRICT"
    )
    manifest_id: UUID | None = Field(
        default=None, foreign_key="file.id", index=True, ondelete="RESTRICT"
    )
    items: int = 0
    left_out: int = 0
    added: int = 0
    changed: int = 0
    removed: int = 0
    unchanged: int = 0
    finished_at: datetime | None = Field(default=None, sa_type=TIMESTAMP)
    expunged_at: datetime | None = Field(default=None, sa_type=TIMESTAMP)

    @property
    def content_kept(self) -> bool:
        """False once its documents were let go."""
        return self.expunged_at is None


class FeedOmission(Table, table=True):
    """Why an offer is not in a build (`dropped`), or what of it was shortened.

    `requirement` is the code of what the market asks; None where the format does.
    """

    __tablename__ = "feed_omission"
    __table_args__ = (Index("ix_feed_omission_build", "build_id", "id"),)

    org_id: UUID = Field(foreign_key="organisation.id", ondelete="RESTRICT")
    build_id: UUID = Field(foreign_key="feed_build.id", ondelete="CASCADE")
    offer_id: UUID
    sku: str = Field(max_length=100)
    field: str = Field(max_length=60)
    code: str = Field(max_length=60)
    requirement: str | None = Field(default=None, max_length=60)
    detail: str = Field(max_length=1000)
    dropped: bool
