"""What matching keeps: the index of offers, the open requests, the matches and their answers."""

from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any
from uuid import UUID

from pgvector.sqlalchemy import HALFVEC
from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Index,
    Numeric,
    UniqueConstraint,
    literal_column,
    text,
)
from sqlmodel import Field

from api.core.tables import JSON, TEXTS, TIMESTAMP, Table, state
from api.rules.invitations import InvitationStatus
from api.rules.matching import RequestKind
from api.rules.scorecards import Act, Metric

DIMENSIONS = 512
SCORE: Any = Numeric(7, 6)
_HNSW: dict[str, Any] = {
    "postgresql_using": "hnsw",
    "postgresql_with": {"m": 16, "ef_construction": 64},
}


class Verdict(StrEnum):
    """What a buyer says of a match."""

    GOOD = "good"
    BAD = "bad"


class MatchingModel(Table, table=True):
    """Weights and parameters of the score; rows are added, never changed, so that a match replays.

    `evaluation` holds the figures that the row was accepted with.
    """

    __tablename__ = "matching_model"
    __table_args__ = (
        UniqueConstraint("name", "version"),
        Index("ix_matching_model_active", "active", unique=True, postgresql_where=text("active")),
    )

    name: str = Field(max_length=60)
    version: str = Field(max_length=30)
    weights: dict[str, str] = Field(sa_column=Column(JSON, nullable=False))
    parameters: dict[str, Any] = Field(sa_column=Column(JSON, nullable=False))
    active: bool = False
    evaluation: dict[str, Any] | None = Field(default=None, sa_column=Column(JSON))


class EmbeddingModel(Table, table=True):
    """An encoder whose vectors are stored; the current one has a vector for every offer."""

    __tablename__ = "embedding_model"
    __table_args__ = (
        UniqueConstraint("name", "version"),
        Index(
            "ix_embedding_model_current", "current", unique=True, postgresql_where=text("current")
        ),
    )

    name: str = Field(max_length=60)
    version: str = Field(max_length=30)
    dimensions: int
    current: bool = False


class OfferVector(Table, table=True):
    """One view of an active offer (noun, title, segment …) as a unit vector.

    Offers are found by the signs of the numbers of their names and titles: 350 bytes a view
    instead of 1,300. candidates.py writes the same expressions, or the index is not used.
    """

    __tablename__ = "offer_vector"
    __table_args__ = (
        UniqueConstraint("offer_id", "model_name", "model_version", "place"),
        Index(
            "ix_offer_vector_signs",
            literal_column(f"(binary_quantize(embedding)::bit({DIMENSIONS}))").label("signs"),
            postgresql_ops={"signs": "bit_hamming_ops"},
            postgresql_where=text("kind IN ('noun', 'title', 'head', 'concept')"),
            **_HNSW,
        ),
    )

    offer_id: UUID = Field(foreign_key="offer.id", ondelete="CASCADE")
    place: int
    kind: str = Field(max_length=20)
    text: str = Field(max_length=2000)
    embedding: Any = Field(sa_column=Column(HALFVEC(DIMENSIONS), nullable=False))
    model_name: str = Field(max_length=60)
    model_version: str = Field(max_length=30)


class OfferTerms(Table, table=True):
    """The words, concepts and codes of an active offer, each counted once.

    `sample_key` is uniform: the first rows by it are a random sample of the catalogue.
    `hubness` tells by language how near the offer is to requests that are none of its business.
    """

    __tablename__ = "offer_terms"
    __table_args__ = (
        Index("ix_offer_terms_terms", "terms", postgresql_using="gin"),
        *(
            Index(
                f"ix_offer_terms_{scheme}_{digits}",
                text(f'"left"({scheme}_code, {digits})'),
                "sample_key",
            )
            for scheme, digits in (("cpv", 4), ("cpv", 5), ("hs", 4), ("hs", 6))
        ),
    )

    offer_id: UUID = Field(foreign_key="offer.id", unique=True, ondelete="CASCADE")
    seller_id: UUID = Field(index=True)
    languages: list[str] = Field(sa_column=Column(TEXTS, nullable=False))
    terms: list[str] = Field(sa_column=Column(TEXTS, nullable=False))
    concepts: dict[str, float] = Field(sa_column=Column(JSON, nullable=False))
    mentions: dict[str, str] = Field(sa_column=Column(JSON, nullable=False))
    hubness: dict[str, float] = Field(sa_column=Column(JSON, nullable=False))
    cpv_code: str | None = Field(default=None, max_length=10)
    hs_code: str | None = Field(default=None, max_length=10)
    content_hash: str = Field(max_length=64)
    sample_key: int = Field(sa_column=Column(BigInteger, nullable=False, index=True))


class TermFrequency(Table, table=True):
    """How many indexed offers contain a term; the term "*" counts the offers."""

    __tablename__ = "term_frequency"
    __table_args__ = (
        Index(
            "ix_term_frequency_word",
            literal_column("substr(term, 3)").label("word"),
            postgresql_ops={"word": "gin_trgm_ops"},
            postgresql_using="gin",
            postgresql_where=text("term LIKE 'w:%' AND offers > 0"),
        ),
    )

    term: str = Field(max_length=200, unique=True)
    offers: int


class DemandItem(Table, table=True):
    """One item of a published tender as matching sees it (`content` is the Demand); of another
    `kind`, `tender_id` names the request of that kind.

    `background` holds mean and deviation of each text signal over the catalogue's sample, so
    that an offer can be scored later as it would have been then.
    """

    __tablename__ = "demand_item"
    __table_args__ = (Index("ix_demand_item_terms", "terms", postgresql_using="gin"),)

    item_id: UUID = Field(unique=True)
    lot_id: UUID
    tender_id: UUID = Field(index=True)
    kind: RequestKind = Field(
        default=RequestKind.TENDER,
        sa_column=Column(state(RequestKind), nullable=False, server_default=RequestKind.TENDER),
    )
    buyer_id: UUID = Field(index=True)
    public: bool
    ordered_on: date = Field(index=True)
    closed_at: datetime | None = Field(default=None, sa_type=TIMESTAMP)
    cpv_code: str | None = Field(default=None, max_length=10)
    hs_code: str | None = Field(default=None, max_length=10)
    terms: list[str] = Field(sa_column=Column(TEXTS, nullable=False))
    content: dict[str, Any] = Field(sa_column=Column(JSON, nullable=False))
    background: dict[str, Any] = Field(sa_column=Column(JSON, nullable=False))
    candidates: int = 0
    matched_at: datetime | None = Field(default=None, sa_type=TIMESTAMP)


class DemandVector(Table, table=True):
    """One view of a request's item as a unit vector."""

    __tablename__ = "demand_vector"
    __table_args__ = (
        UniqueConstraint("item_id", "model_name", "model_version", "place"),
        Index(
            "ix_demand_vector_hnsw",
            "embedding",
            postgresql_ops={"embedding": "halfvec_cosine_ops"},
            **_HNSW,
        ),
    )

    item_id: UUID = Field(foreign_key="demand_item.item_id", ondelete="CASCADE")
    place: int
    kind: str = Field(max_length=20)
    text: str = Field(max_length=2000)
    embedding: Any = Field(sa_column=Column(HALFVEC(DIMENSIONS), nullable=False))
    model_name: str = Field(max_length=60)
    model_version: str = Field(max_length=30)


class Match(Table, table=True):
    """An offer that answers an item: rank, parts of the score, what forbids it, and why.

    `inputs` holds all that is needed to compute the score again.
    """

    __tablename__ = "match"
    __table_args__ = (
        UniqueConstraint("item_id", "offer_id"),
        Index("ix_match_item_rank", "item_id", "rank"),
        Index("ix_match_seller", "seller_id", "id"),
        Index("ix_match_tender", "tender_id", "id"),
    )

    item_id: UUID = Field(foreign_key="demand_item.item_id", ondelete="CASCADE")
    lot_id: UUID
    tender_id: UUID
    buyer_id: UUID = Field(index=True)
    offer_id: UUID = Field(index=True)
    seller_id: UUID
    public: bool
    rank: int
    score: Decimal = Field(sa_type=SCORE)
    tie_key: str = Field(max_length=64)
    parts: dict[str, str] = Field(sa_column=Column(JSON, nullable=False))
    blockers: list[dict[str, Any]] = Field(sa_column=Column(JSON, nullable=False))
    matched: dict[str, Any] = Field(sa_column=Column(JSON, nullable=False))
    inputs: dict[str, Any] = Field(sa_column=Column(JSON, nullable=False))
    algorithm_version: str = Field(max_length=30)
    model_id: UUID = Field(foreign_key="matching_model.id", ondelete="RESTRICT")
    domestic: bool
    computed_at: datetime = Field(sa_type=TIMESTAMP)


class MatchFeedback(Table, table=True):
    """A buyer's verdict with what it judged: a label to learn from, which outlives the match."""

    __tablename__ = "match_feedback"
    __table_args__ = (UniqueConstraint("match_id", "org_id"),)

    match_id: UUID
    org_id: UUID = Field(index=True)
    item_id: UUID
    offer_id: UUID
    seller_id: UUID
    verdict: Verdict = Field(sa_type=state(Verdict))
    reason: str | None = Field(default=None, max_length=1000)
    rank: int
    score: Decimal = Field(sa_type=SCORE)
    parts: dict[str, str] = Field(sa_column=Column(JSON, nullable=False))
    model_id: UUID
    algorithm_version: str = Field(max_length=30)


class Invitation(Table, table=True):
    """A buyer asks a seller to take part in a tender, or in one lot of it."""

    __tablename__ = "invitation"
    __table_args__ = (
        UniqueConstraint("tender_id", "lot_id", "seller_id", postgresql_nulls_not_distinct=True),
    )

    tender_id: UUID
    lot_id: UUID | None = None
    buyer_id: UUID = Field(foreign_key="organisation.id", index=True, ondelete="RESTRICT")
    seller_id: UUID = Field(foreign_key="organisation.id", index=True, ondelete="RESTRICT")
    message: str | None = Field(default=None, max_length=2000)
    status: InvitationStatus = Field(
        default=InvitationStatus.INVITED, sa_type=state(InvitationStatus)
    )
    reason: str | None = Field(default=None, max_length=1000)
    answered_at: datetime | None = Field(default=None, sa_type=TIMESTAMP)
    version: int = 1


class MatchAlert(Table, table=True):
    """A seller was told that offers of its answer a request; once for each request. At
    `digested_at` a mail named it too."""

    __tablename__ = "match_alert"
    __table_args__ = (UniqueConstraint("seller_id", "tender_id"),)

    seller_id: UUID = Field(foreign_key="organisation.id", ondelete="RESTRICT")
    tender_id: UUID = Field(index=True)
    offers: int
    best_rank: int
    digested_at: datetime | None = Field(default=None, sa_type=TIMESTAMP)


class SupplierPerformance(Table, table=True):
    """What the scorecard of a seller says, for matching and for buyers' rules.

    `overall` is None, and a metric is not in `metrics`, while there is not enough data.
    """

    __tablename__ = "supplier_performance"

    seller_id: UUID = Field(unique=True, foreign_key="organisation.id", ondelete="RESTRICT")
    overall: Decimal | None = Field(default=None, sa_type=SCORE)
    metrics: dict[str, str] = Field(sa_column=Column(JSON, nullable=False))
    computed_at: datetime = Field(sa_type=TIMESTAMP)


class PerformanceRule(Table, table=True):
    """From which value of a scorecard on a buyer is warned, or prevents itself, at an act.

    `metric` is None for the overall value.
    """

    __tablename__ = "performance_rule"
    __table_args__ = (
        UniqueConstraint("buyer_id", "act", "metric", postgresql_nulls_not_distinct=True),
        CheckConstraint(
            "warn_below BETWEEN 0 AND 1 AND prevent_below BETWEEN 0 AND 1", name="shares"
        ),
        CheckConstraint(
            "warn_below IS NOT NULL OR prevent_below IS NOT NULL", name="says_something"
        ),
        CheckConstraint("prevent_below <= warn_below", name="warns_before_it_prevents"),
        CheckConstraint("metric <> 'days_late'", name="of_a_share"),
    )

    buyer_id: UUID = Field(foreign_key="organisation.id", ondelete="RESTRICT")
    act: Act = Field(sa_type=state(Act))
    metric: Metric | None = Field(default=None, sa_type=state(Metric))
    warn_below: Decimal | None = Field(default=None, sa_type=SCORE)
    prevent_below: Decimal | None = Field(default=None, sa_type=SCORE)
