"""Every table, so that metadata is whole in any process (API, worker, Alembic), and what is
published with an act in its own transaction, so that no process can act without it."""

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
from api.core import outbox
from api.core.audit import AuditEntry
from api.core.deadlines import Deadline
from api.core.idempotency import IdempotencyRecord
from api.core.jobs import Job
from api.core.outbox import OutboxEvent
from api.core.sandbox import ClockShift
from api.core.signing import SigningKey
from api.identity.models import ApiClient, DebarmentRecord, Member, Organisation
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
from api.opendata.models import (
    ForeignRecord,
    ForeignRelease,
    OcdsRecord,
    OcdsRelease,
    OcdsSchema,
    PublicDocument,
    RedFlag,
)
from api.opendata.ocds import publishing
from api.procurement.models import (
    Amendment,
    Award,
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
    Complaint,
    ComplaintDecision,
    ComplaintEffect,
    ComplaintPost,
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
    DebarmentRecord,
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
    Award,
    Complaint,
    ComplaintPost,
    ComplaintDecision,
    ComplaintEffect,
    PublicDocument,
    OcdsRelease,
    OcdsRecord,
    OcdsSchema,
    ForeignRelease,
    ForeignRecord,
    RedFlag,
)
metadata = SQLModel.metadata

outbox.before_commit(publishing.EVENTS.keys(), publishing.publish)
