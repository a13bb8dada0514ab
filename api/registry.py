"""Every table, so that metadata is whole in any process (API, worker, Alembic)."""

from sqlmodel import SQLModel

from api.audit.models import AuditHead, AuditLeaf, AuditNode
from api.catalog.models import (
    Certificate,
    ImportChunk,
    ImportFailure,
    ImportRow,
    LeadTimeTier,
    Offer,
    OfferCertificate,
    OfferSource,
    PriceTier,
    Product,
)
from api.core.audit import AuditEntry
from api.core.deadlines import Deadline
from api.core.idempotency import IdempotencyRecord
from api.core.jobs import Job
from api.core.outbox import OutboxEvent
from api.core.sandbox import ClockShift
from api.core.signing import SigningKey
from api.identity.models import ApiClient, Member, Organisation
from api.matching.models import (
    DemandItem,
    DemandVector,
    EmbeddingModel,
    Invitation,
    Match,
    MatchFeedback,
    MatchingModel,
    OfferTerms,
    OfferVector,
    TermFrequency,
)
from api.opendata.models import PublicDocument
from api.procurement.models import (
    Amendment,
    Bid,
    BidDocument,
    BidEnvelope,
    BidItem,
    BidLot,
    BidOpening,
    BidRoot,
    BidSecurity,
    BidTenderer,
    Cancellation,
    DomesticClaim,
    Enquiry,
    EnquiryAuthor,
    Item,
    Lot,
    OpenerKey,
    OpeningShare,
    PlanItem,
    ProcurementPlan,
    RequirementResponse,
    SubmissionTerms,
    Tender,
    TenderKey,
    TenderKeyHolder,
)
from api.reference.models import (
    CertificateScheme,
    Classification,
    ClassificationScheme,
    FxRate,
    Place,
    PolicySet,
    Unit,
    WorkCalendarDay,
    WorkCalendarYear,
)

REFERENCE = (
    ClassificationScheme,
    Classification,
    Unit,
    Place,
    CertificateScheme,
    WorkCalendarYear,
    WorkCalendarDay,
    PolicySet,
)
"""Tables that hold, to begin with, the same rows in every installation."""

TABLES = (
    *REFERENCE,
    ClockShift,
    OutboxEvent,
    AuditEntry,
    AuditLeaf,
    AuditNode,
    AuditHead,
    SigningKey,
    Job,
    Deadline,
    IdempotencyRecord,
    Organisation,
    Member,
    ApiClient,
    FxRate,
    Certificate,
    Product,
    Offer,
    PriceTier,
    LeadTimeTier,
    OfferCertificate,
    OfferSource,
    ImportChunk,
    ImportFailure,
    ImportRow,
    MatchingModel,
    EmbeddingModel,
    OfferVector,
    OfferTerms,
    TermFrequency,
    DemandItem,
    DemandVector,
    Match,
    MatchFeedback,
    Invitation,
    ProcurementPlan,
    PlanItem,
    Tender,
    Lot,
    Item,
    Amendment,
    Enquiry,
    EnquiryAuthor,
    Cancellation,
    SubmissionTerms,
    OpenerKey,
    TenderKey,
    TenderKeyHolder,
    Bid,
    BidTenderer,
    BidEnvelope,
    BidRoot,
    BidOpening,
    OpeningShare,
    BidLot,
    BidItem,
    RequirementResponse,
    BidDocument,
    DomesticClaim,
    BidSecurity,
    PublicDocument,
)
metadata = SQLModel.metadata
