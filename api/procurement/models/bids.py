"""Bids as they are received: who, when, and sealed envelopes."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Index,
    LargeBinary,
    UniqueConstraint,
    text,
)
from sqlmodel import Field

from api.core.tables import JSON, TIMESTAMP, Table, state
from api.rules.bids import OVER, STATUS_OF, BidStage, BidStatus, TendererRole
from api.rules.policy import SealingMode
from api.rules.sealing import EnvelopeKind

_STATUS_FITS_STAGE = " OR ".join(
    f"(status = '{status}' AND status_details IN ("
    + ", ".join(f"'{stage}'" for stage, of in STATUS_OF.items() if of is status)
    + "))"
    for status in BidStatus
)
_NOT_OVER = f"status_details NOT IN ({', '.join(sorted(repr(str(s)) for s in OVER))})"


class Bid(Table, table=True):
    """A supplier's answer to a tender. Until `opened_at`, nobody but its supplier sees the row.

    `amendment` is the number of the last material amendment that it answers, 0 for the terms as
    they were published. `disqualification` lists why: [{code, pointer, detail}].
    """

    __tablename__ = "bid"
    __table_args__ = (
        Index(
            "uq_bid_live",
            "tender_id",
            "supplier_id",
            unique=True,
            postgresql_where=text(_NOT_OVER),
        ),
        CheckConstraint(_STATUS_FITS_STAGE, name="status_fits_details"),
        CheckConstraint(
            "(status = 'disqualified') = (disqualification IS NOT NULL)",
            name="disqualified_has_reasons",
        ),
        CheckConstraint(
            "(status_details IN ('technical_opened', 'opened', 'valid', 'disqualified'))"
            " = (opened_at IS NOT NULL)",
            name="opened_has_time",
        ),
    )

    tender_id: UUID = Field(foreign_key="tender.id", ondelete="RESTRICT")
    supplier_id: UUID = Field(foreign_key="organisation.id", index=True, ondelete="RESTRICT")
    status: BidStatus = Field(default=BidStatus.PENDING, sa_type=state(BidStatus))
    status_details: BidStage = Field(default=BidStage.PENDING, sa_type=state(BidStage))
    received_at: datetime = Field(sa_type=TIMESTAMP)
    amendment: int = 0
    withdrawn_at: datetime | None = Field(default=None, sa_type=TIMESTAMP)
    opened_at: datetime | None = Field(default=None, sa_type=TIMESTAMP)
    disqualification: list[dict[str, Any]] | None = Field(default=None, sa_column=Column(JSON))
    version: int = 1


class BidTenderer(Table, table=True):
    """An organisation in a bid. One that has accepted cannot be in another bid of the tender.

    `share_bp` is its part of the work in basis points, known after the opening.
    """

    __tablename__ = "bid_tenderer"
    __table_args__ = (
        UniqueConstraint("bid_id", "organisation_id"),
        Index(
            "uq_bid_tenderer_once",
            "tender_id",
            "organisation_id",
            unique=True,
            postgresql_where=text("accepted_at IS NOT NULL AND released_at IS NULL"),
        ),
        CheckConstraint("share_bp BETWEEN 1 AND 10000", name="share_in_bounds"),
    )

    bid_id: UUID = Field(foreign_key="bid.id", ondelete="CASCADE")
    tender_id: UUID = Field(foreign_key="tender.id", ondelete="RESTRICT")
    lead_id: UUID = Field(foreign_key="organisation.id", ondelete="RESTRICT")
    organisation_id: UUID = Field(foreign_key="organisation.id", index=True, ondelete="RESTRICT")
    role: TendererRole = Field(sa_type=state(TendererRole))
    share_bp: int | None = None
    accepted_at: datetime | None = Field(default=None, sa_type=TIMESTAMP)
    released_at: datetime | None = Field(default=None, sa_type=TIMESTAMP)


class BidEnvelope(Table, table=True):
    """A sealed envelope, never altered and never removed: a later one replaces it.

    `leaf` is its place in the Merkle tree of the deadline, in the order of `sequence`, a number
    drawn at random, so that it does not tell how many envelopes there are. `document` is its
    canonical text, once it has been opened.
    """

    __tablename__ = "bid_envelope"
    __table_args__ = (
        UniqueConstraint("tender_id", "sequence"),
        UniqueConstraint("tender_id", "commitment"),
        UniqueConstraint("bid_id", "kind", "envelope_version"),
        Index(
            "uq_bid_envelope_current",
            "bid_id",
            "kind",
            unique=True,
            postgresql_where=text("replaced_at IS NULL"),
        ),
    )

    bid_id: UUID = Field(foreign_key="bid.id", ondelete="CASCADE")
    tender_id: UUID = Field(foreign_key="tender.id", ondelete="RESTRICT")
    supplier_id: UUID = Field(foreign_key="organisation.id", ondelete="RESTRICT")
    kind: EnvelopeKind = Field(sa_type=state(EnvelopeKind))
    mode: SealingMode = Field(sa_type=state(SealingMode))
    envelope_id: str = Field(max_length=200)
    envelope_version: int
    size: int
    commitment: str = Field(max_length=64)
    ciphertext: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    ciphertext_sha256: str = Field(max_length=64)
    leaf: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    sequence: int = Field(sa_column=Column(BigInteger, nullable=False))
    received_at: datetime = Field(sa_type=TIMESTAMP)
    replaced_at: datetime | None = Field(default=None, sa_type=TIMESTAMP)
    document: bytes | None = Field(default=None, sa_column=Column(LargeBinary))


class SealedDocument(Table, table=True):
    """A document of a supplier in "kerben-sealed-document/1", never altered and never removed.

    An envelope names it by `name`, with its key, and only who has opened that envelope reads it. It
    stands in the tree of the envelopes of its kind, in the order of `sequence`.
    """

    __tablename__ = "sealed_document"
    __table_args__ = (
        UniqueConstraint("tender_id", "supplier_id", "kind", "name"),
        UniqueConstraint("tender_id", "sequence"),
    )

    tender_id: UUID = Field(foreign_key="tender.id", ondelete="RESTRICT")
    supplier_id: UUID = Field(foreign_key="organisation.id", index=True, ondelete="RESTRICT")
    kind: EnvelopeKind = Field(sa_type=state(EnvelopeKind))
    name: str = Field(max_length=200)
    file_id: UUID = Field(foreign_key="file.id", unique=True, ondelete="RESTRICT")
    size: int = Field(sa_column=Column(BigInteger, nullable=False))
    ciphertext_sha256: str = Field(max_length=64)
    leaf: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    sequence: int = Field(sa_column=Column(BigInteger, nullable=False))
    received_at: datetime = Field(sa_type=TIMESTAMP)
