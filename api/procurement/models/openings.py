"""Who can open bids, with which keys, and the openings themselves."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    LargeBinary,
    UniqueConstraint,
    text,
)
from sqlmodel import Field

from api.core.tables import JSON, TIMESTAMP, Table, state
from api.rules.bids import OpenerRole, OpeningStatus
from api.rules.policy import SealingMode
from api.rules.sealing import EnvelopeKind


class OpenerKey(Table, table=True):
    """The public key of one who may hold a share: a member, or the credentials of a program.

    `person_id` is whose membership it is: a person who is a member of two organisations is one
    holder of a tender's key, never two.
    """

    __tablename__ = "opener_key"
    __table_args__ = (
        Index(
            "uq_opener_key_live",
            "client_id",
            unique=True,
            postgresql_where=text("revoked_at IS NULL"),
        ),
        Index(
            "uq_opener_key_live_of_member",
            "member_id",
            unique=True,
            postgresql_where=text("revoked_at IS NULL"),
        ),
        CheckConstraint("num_nonnulls(client_id, member_id) = 1", name="held_by_one"),
    )

    org_id: UUID = Field(foreign_key="organisation.id", index=True, ondelete="RESTRICT")
    client_id: UUID | None = Field(default=None, foreign_key="api_client.id", ondelete="RESTRICT")
    member_id: UUID | None = Field(default=None, foreign_key="member.id", ondelete="RESTRICT")
    person_id: UUID | None = Field(
        default=None, foreign_key="person.id", index=True, ondelete="RESTRICT"
    )
    name: str = Field(max_length=200)
    role: OpenerRole = Field(sa_type=state(OpenerRole))
    recipient: str = Field(max_length=100, unique=True)
    revoked_at: datetime | None = Field(default=None, sa_type=TIMESTAMP)
    version: int = 1


class TenderKey(Table, table=True):
    """The key to which the envelopes of one kind are sealed.

    Mode `client`: `document` is what the ceremony left. Mode `server`: there was none; the key is
    the installation's own, and access control alone keeps the bids until the opening.
    """

    __tablename__ = "tender_key"
    __table_args__ = (
        UniqueConstraint("tender_id", "kind"),
        CheckConstraint(
            "(mode = 'client') = (document IS NOT NULL AND fingerprint IS NOT NULL"
            " AND opens_at IS NOT NULL)",
            name="client_has_document",
        ),
    )

    tender_id: UUID = Field(foreign_key="tender.id", ondelete="CASCADE")
    kind: EnvelopeKind = Field(sa_type=state(EnvelopeKind))
    mode: SealingMode = Field(sa_type=state(SealingMode))
    recipient: str = Field(max_length=100)
    threshold: int
    opens_at: datetime | None = Field(default=None, sa_type=TIMESTAMP)
    fingerprint: str | None = Field(default=None, max_length=64)
    document: dict[str, Any] | None = Field(default=None, sa_column=Column(JSON))


class TenderKeyHolder(Table, table=True):
    """One who holds a share of a tender's key, by its number in the ceremony's document."""

    __tablename__ = "tender_key_holder"
    __table_args__ = (
        UniqueConstraint("tender_key_id", "number"),
        UniqueConstraint("tender_key_id", "opener_key_id"),
    )

    tender_key_id: UUID = Field(foreign_key="tender_key.id", ondelete="CASCADE")
    tender_id: UUID = Field(foreign_key="tender.id", index=True, ondelete="CASCADE")
    opener_key_id: UUID = Field(foreign_key="opener_key.id", index=True, ondelete="RESTRICT")
    org_id: UUID = Field(foreign_key="organisation.id", index=True, ondelete="RESTRICT")
    number: int


class BidRoot(Table, table=True):
    """The signed Merkle root over every envelope of a kind, published at the deadline."""

    __tablename__ = "bid_root"
    __table_args__ = (UniqueConstraint("tender_id", "kind"),)

    tender_id: UUID = Field(foreign_key="tender.id", ondelete="CASCADE")
    kind: EnvelopeKind = Field(sa_type=state(EnvelopeKind))
    root: str = Field(max_length=64)
    published_at: datetime = Field(sa_type=TIMESTAMP)
    content: dict[str, Any] = Field(sa_column=Column(JSON, nullable=False))
    key_id: str = Field(max_length=40)
    signature: str = Field(max_length=88)


class BidOpening(Table, table=True):
    """One opening of one kind of envelopes.

    `identity` is the private key of the session, encrypted to the installation's own key, which
    is not in the database; it is erased when the opening is over, and the shares are of no use.
    `record` is what is published then.
    """

    __tablename__ = "bid_opening"
    __table_args__ = (
        Index(
            "uq_bid_opening_live",
            "tender_id",
            "kind",
            unique=True,
            postgresql_where=text("status <> 'failed'"),
        ),
        CheckConstraint(
            "(status = 'opened') = (opened_at IS NOT NULL AND record IS NOT NULL)",
            name="opened_has_record",
        ),
        CheckConstraint(
            "status IN ('collecting', 'ready') OR identity IS NULL", name="identity_is_erased"
        ),
    )

    tender_id: UUID = Field(foreign_key="tender.id", ondelete="CASCADE")
    kind: EnvelopeKind = Field(sa_type=state(EnvelopeKind))
    mode: SealingMode = Field(sa_type=state(SealingMode))
    status: OpeningStatus = Field(default=OpeningStatus.COLLECTING, sa_type=state(OpeningStatus))
    threshold: int
    root: str = Field(max_length=64)
    recipient: str | None = Field(default=None, max_length=100)
    identity: bytes | None = Field(default=None, sa_column=Column(LargeBinary))
    opened_at: datetime | None = Field(default=None, sa_type=TIMESTAMP)
    failure: str | None = Field(default=None, max_length=500)
    record: dict[str, Any] | None = Field(default=None, sa_column=Column(JSON))
    version: int = 1


class OpeningShare(Table, table=True):
    """What one holder released to an opening: encrypted to its session, or in mode `server`,
    where there is no share, its consent."""

    __tablename__ = "opening_share"
    __table_args__ = (UniqueConstraint("opening_id", "opener_key_id"),)

    opening_id: UUID = Field(
        sa_column=Column(ForeignKey("bid_opening.id", ondelete="CASCADE"), nullable=False)
    )
    tender_id: UUID = Field(foreign_key="tender.id", index=True, ondelete="CASCADE")
    opener_key_id: UUID = Field(foreign_key="opener_key.id", index=True, ondelete="RESTRICT")
    org_id: UUID = Field(foreign_key="organisation.id", index=True, ondelete="RESTRICT")
    released: bytes | None = Field(default=None, sa_column=Column(LargeBinary))
    received_at: datetime = Field(sa_type=TIMESTAMP)
