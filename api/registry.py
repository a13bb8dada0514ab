"""Every table, so that metadata is whole in any process (API, worker, Alembic), and what is
published with an act in its own transaction, so that no process can act without it."""

from sqlmodel import SQLModel

from api.audit import models as audit
from api.catalog import (
    change_models,
    image_models,
    market_gate,
    master_models,
    price_models,
    sample_models,
    stock_models,
)
from api.catalog import models as catalog
from api.channels import models as channels
from api.channels.service import pushes, standings
from api.contracts import entry
from api.contracts import models as contracts
from api.core import metrics, outbox
from api.core.audit import AuditEntry
from api.core.deadlines import Deadline
from api.core.files.models import File
from api.core.idempotency import IdempotencyRecord
from api.core.jobs import Job
from api.core.origins import AuditOrigin
from api.core.outbox import OutboxEvent
from api.core.rate_storage import RateBucket
from api.core.resource_metadata import ResourceMetadata
from api.core.sandbox import ClockShift
from api.core.signing import SigningKey
from api.delivery import models as delivery
from api.delivery.service import comparison, markups, quote_costs, tracking_messages
from api.identity import models as identity
from api.identity import quotas
from api.identity.deprecations import DeprecatedUse
from api.intake import models as intake
from api.intake import providers
from api.matching import digest_models, duplicate_models, scoring
from api.matching import models as matching
from api.onboarding import models as onboarding
from api.opendata import models as opendata
from api.opendata.ocds import publishing
from api.payments import models as payments
from api.payments.service import (
    bank_messages,
    bid_securities,
    gates,
    milestone_payments,
    performance_securities,
    plan_quotas,
    security_chargebacks,
)
from api.payments.stripe_rail import provider as stripe_events
from api.procurement import models as procurement
from api.procurement.service import gathering, held_securities
from api.reference import models as reference
from api.rules.rails import Purpose
from api.screening import models as screening
from api.sourcing import models as sourcing
from api.sourcing.service import costing
from api.webhooks import catalogue, envelopes
from api.webhooks import models as webhooks
from api.webhooks.service import troubles

REFERENCE = (
    reference.ClassificationScheme,
    reference.Classification,
    reference.Unit,
    reference.Place,
    reference.CertificateScheme,
    reference.MarketLanguage,
    reference.WorkCalendarYear,
    reference.WorkCalendarDay,
    reference.PolicySet,
    delivery.TransitSeed,
    delivery.Crossing,
    delivery.TransportRoute,
    delivery.RateCharge,
    delivery.TariffRate,
    delivery.DestinationTariff,
    delivery.TradeRemedy,
    delivery.ExciseRate,
    delivery.ImportParameter,
    delivery.ScorecardPolicy,
    payments.SupplierPlan,
    channels.MarketRequirement,
    identity.Region,
)
"""Tables that hold, to begin with, the same rows in every installation."""

TABLES = (
    *REFERENCE,
    ClockShift,
    OutboxEvent,
    AuditEntry,
    AuditOrigin,
    audit.AuditLeaf,
    audit.AuditNode,
    audit.AuditHead,
    SigningKey,
    Job,
    Deadline,
    IdempotencyRecord,
    RateBucket,
    ResourceMetadata,
    identity.Organisation,
    identity.DebarmentRecord,
    identity.Attestation,
    identity.Suspension,
    identity.SuspensionAppeal,
    identity.Person,
    identity.FederatedIdentity,
    identity.RecoveryCode,
    identity.Passkey,
    identity.Member,
    identity.OneTimeToken,
    identity.IdentityProvider,
    identity.LoginSession,
    identity.LoginThrottle,
    identity.ApiClient,
    intake.IntakeSource,
    intake.IntakeMessage,
    DeprecatedUse,
    identity.ClientAssertion,
    File,
    onboarding.Evidence,
    reference.FxRate,
    catalog.Certificate,
    catalog.CertificateEdition,
    catalog.ProductGroup,
    catalog.Product,
    image_models.ProductImage,
    image_models.ProductRendition,
    catalog.ProductText,
    catalog.Offer,
    catalog.PriceTier,
    price_models.PricePoint,
    stock_models.StockLevel,
    stock_models.StockMovement,
    stock_models.ProductionCapacity,
    stock_models.CapacityPromise,
    sample_models.Sample,
    change_models.ProductChange,
    master_models.MasterProduct,
    duplicate_models.ProductDuplicate,
    catalog.LeadTimeTier,
    catalog.OfferCertificate,
    catalog.OfferSource,
    catalog.ImportChunk,
    catalog.ImportFailure,
    catalog.ImportRow,
    matching.MatchingModel,
    matching.EmbeddingModel,
    matching.OfferVector,
    matching.OfferTerms,
    matching.TermFrequency,
    matching.DemandItem,
    matching.DemandVector,
    matching.Match,
    matching.MatchFeedback,
    matching.Invitation,
    matching.MatchAlert,
    digest_models.RequestDigest,
    matching.SupplierPerformance,
    matching.PerformanceRule,
    procurement.ProcurementPlan,
    procurement.PlanItem,
    procurement.Tender,
    procurement.Lot,
    procurement.Item,
    procurement.Amendment,
    procurement.Enquiry,
    procurement.EnquiryAuthor,
    procurement.Document,
    procurement.DocumentChunk,
    procurement.TenderDocument,
    procurement.Cancellation,
    procurement.SubmissionTerms,
    procurement.Submission,
    procurement.SubmissionTenderer,
    procurement.Qualification,
    procurement.OpenerKey,
    procurement.TenderKey,
    procurement.TenderKeyHolder,
    procurement.Bid,
    procurement.BidTenderer,
    procurement.BidEnvelope,
    procurement.SealedDocument,
    procurement.BidRoot,
    procurement.BidOpening,
    procurement.OpeningShare,
    procurement.BidLot,
    procurement.BidItem,
    procurement.RequirementResponse,
    procurement.BidDocument,
    procurement.DomesticClaim,
    procurement.BidSecurity,
    procurement.AwardTerms,
    procurement.CommissionMember,
    procurement.ScoreSheet,
    procurement.EvaluationScore,
    procurement.Disqualification,
    procurement.PreferenceDecision,
    procurement.PriceJustification,
    procurement.EvaluationMinutes,
    procurement.MinutesApproval,
    procurement.Evaluation,
    procurement.Award,
    procurement.FrameworkTerms,
    procurement.FrameworkAgreement,
    procurement.FrameworkSignature,
    procurement.FrameworkSupplier,
    procurement.FrameworkPrice,
    procurement.FrameworkCallOff,
    procurement.Complaint,
    procurement.ComplaintPost,
    procurement.ComplaintDecision,
    procurement.ComplaintEffect,
    sourcing.Rfq,
    sourcing.RfqItem,
    sourcing.RfqInvitation,
    sourcing.RfqAmendment,
    sourcing.Quote,
    sourcing.QuoteVersion,
    contracts.PurchaseOrder,
    contracts.PurchaseOrderLine,
    contracts.Contract,
    contracts.ContractAward,
    contracts.ContractSignature,
    contracts.ContractChange,
    contracts.DeliverySchedule,
    contracts.DeliveryScheduleRow,
    contracts.OrderResponse,
    contracts.OrderResponseLine,
    contracts.Performance,
    contracts.ContractPenalty,
    contracts.ContractDocument,
    contracts.DeliveryExcuse,
    contracts.DeliveryAlert,
    contracts.LdClaim,
    contracts.Acceptance,
    contracts.AcceptanceInspection,
    contracts.AcceptanceDefect,
    contracts.Dispute,
    contracts.DisputeEvidence,
    contracts.PaymentFreeze,
    delivery.Shipment,
    delivery.ShipmentLeg,
    delivery.ShipmentEquipment,
    delivery.Package,
    delivery.CustomsDeclaration,
    delivery.DespatchAdvice,
    delivery.DespatchLine,
    delivery.Receipt,
    delivery.ReceiptLine,
    delivery.TrackingEvent,
    delivery.TrackingFault,
    delivery.TransitObservation,
    delivery.LandedCostTerms,
    delivery.LandedCostEstimate,
    procurement.Auction,
    procurement.AuctionPrice,
    delivery.Scorecard,
    delivery.ScorecardFigure,
    delivery.ScorecardFact,
    delivery.ScorecardAnnotation,
    payments.LedgerAccount,
    payments.LedgerDay,
    payments.LedgerCorrection,
    payments.ProviderLine,
    payments.ProviderBalance,
    payments.ReconciliationMatch,
    payments.Reconciliation,
    payments.LedgerEntry,
    payments.LedgerHold,
    payments.LedgerHoldResolution,
    payments.LedgerTransaction,
    payments.PlatformAccount,
    payments.PayeeAccount,
    payments.Collection,
    payments.CollectionReceipt,
    payments.CollectionReversal,
    payments.PaymentOrder,
    payments.SuspenseItem,
    payments.PaymentBatch,
    payments.BankStatement,
    payments.BankEntry,
    payments.PaymentReportLine,
    payments.CommissionTariff,
    payments.ContractCommission,
    payments.FeeInvoiceSeries,
    payments.FeeInvoice,
    payments.PlanSubscription,
    payments.PlanCharge,
    payments.PlanPrice,
    payments.PlanUsage,
    payments.Guarantee,
    payments.GuaranteeAmendment,
    payments.Security,
    payments.SecurityForfeiture,
    payments.PaymentSchedule,
    payments.PaymentMilestone,
    payments.MilestonePayment,
    payments.PaymentApproval,
    payments.ContractFunding,
    payments.ContractRefund,
    payments.PaymentRecovery,
    payments.StripeObject,
    payments.StripeReturn,
    payments.PaymentDispute,
    payments.StripeCursor,
    delivery.Invoice,
    channels.ChannelConnection,
    channels.ChannelListing,
    channels.ChannelOrder,
    channels.ChannelInquiry,
    channels.ExportPermission,
    channels.ProductLabel,
    channels.Feed,
    channels.FeedBuild,
    channels.FeedOmission,
    channels.MarketStanding,
    delivery.LandedCostFollowing,
    delivery.LandedCostActual,
    screening.WatchList,
    screening.WatchListEntry,
    screening.WatchListName,
    screening.ScreeningSubject,
    screening.ScreeningCase,
    opendata.PublicDocument,
    opendata.OcdsRelease,
    opendata.OcdsRecord,
    opendata.OcdsSchema,
    opendata.ForeignRelease,
    opendata.ForeignRecord,
    opendata.RedFlag,
    webhooks.EventEnvelope,
    webhooks.EventCounter,
    webhooks.EventHorizon,
    webhooks.WebhookEndpoint,
    webhooks.WebhookSecret,
    webhooks.WebhookMessage,
    webhooks.WebhookDelivery,
    webhooks.WebhookAttempt,
)
metadata = SQLModel.metadata

held_securities.plug(bid_securities.counted)
entry.plug(performance_securities.may_come_into_force)
gathering.plug(of_lot=comparison.comparable)
costing.plug(quote_costs.costing)
scoring.plug(markups.of_day)
gates.plug(Purpose.RELEASE, milestone_payments.send_blockers)
gates.plug(Purpose.SECURITY_RETURN, security_chargebacks.return_blockers)
gates.plug(Purpose.PAYOUT, security_chargebacks.payout_blockers)
metrics.show(*troubles.FIGURES)
quotas.plug(plan_quotas.GATE)
market_gate.plug(standings.GATE)
providers.register(
    *tracking_messages.PROVIDERS,
    stripe_events.PROVIDER,
    bank_messages.PROVIDER,
    pushes.PROVIDER,
)
outbox.before_commit(publishing.EVENTS.keys(), publishing.publish)
outbox.before_commit(catalogue.TYPES.keys(), envelopes.publish)
