"""Events of tenders, from the plan to the award."""

from typing import Annotated
from uuid import UUID

from pydantic import Field

from api.rules.awards import AwardStatus
from api.rules.complaints import ComplaintStatus
from api.rules.frameworks import FrameworkStatus
from api.rules.prequalification import QualificationStatus
from api.rules.tenders import TenderStage, TenderStatus
from api.webhooks.catalogue.kinds import Data, Kind, NoData, Reference

TENDER = "019abf2e8c1d7c3fa9b04b4c6f0d2e11"
LOT = "019abf2e8c1d7c3fa9b04b4c6f0d2e12"
ORGANISATION = "019abf2e8c1d7c3fa9b04b4c6f0d2e13"
OCID = "ocds-kerben0-000042"
TenderRef = Annotated[UUID, Reference("tender")]
LotRef = Annotated[UUID, Reference("lot")]
OrganisationRef = Annotated[UUID, Reference("organisation")]


class TenderEventData(Data):
    """A tender that moved."""

    ocid: str = Field(description="The process in open data")
    buyer_id: OrganisationRef
    status: TenderStatus
    status_details: TenderStage


class OfTenderData(Data):
    """Something of a tender."""

    tender_id: TenderRef


class PlanEventData(Data):
    """An annual plan."""

    year: int


class MinutesEventData(OfTenderData):
    """Minutes of a commission."""

    number: int


class EvaluationEventData(Data):
    """The evaluation of a lot."""

    ocid: str
    lot_id: Annotated[str, Field(pattern="^lot_[0-9a-f]{32}$")]
    sha256: str = Field(description="Of the file of the evaluation")


class QualificationEventData(OfTenderData):
    """Whether a candidate is qualified."""

    status: QualificationStatus


class AwardEventData(OfTenderData):
    """Which bid gets a lot."""

    lot_id: LotRef
    status: AwardStatus


class FrameworkEventData(OfTenderData):
    """A framework agreement."""

    status: FrameworkStatus


class ComplaintEventData(OfTenderData):
    """A complaint about terms, a decision or a cancellation."""

    status: ComplaintStatus


_OF_TENDER = {"tender_id": TENDER}
_TENDER = Kind(
    "tender",
    "tender",
    "tenders:read",
    TenderEventData,
    {
        "ocid": OCID,
        "buyer_id": ORGANISATION,
        "status": TenderStatus.ACTIVE,
        "status_details": TenderStage.PUBLISHED,
    },
    public=True,
)
_AWARD = Kind(
    "award",
    "award",
    "tenders:read",
    AwardEventData,
    {**_OF_TENDER, "lot_id": LOT, "status": AwardStatus.ACTIVE},
    public=True,
)
TYPES = (
    *_TENDER.types(
        created="A draft was made; only its buyer is told.",
        published="Bids, offers or applications are asked for.",
        amended="Its terms or its periods changed.",
        suspended="It waits for an answer or for a decision about a complaint.",
        resumed="It goes on after a suspension.",
        prolonged="Suppliers get more time.",
        prequalification_closed="The time to apply has ended.",
        qualifications_announced="Candidates may read whether they are qualified.",
        qualification_repeated="Qualifications are decided anew.",
        invited="The qualified candidates may bid.",
        closed="The time to bid has ended.",
        bids_opened="Bids were opened; what was opened can be read.",
        first_package_opened="The technical parts of bids were opened.",
        second_package_opened="The prices of bids were opened.",
        first_package_evaluated="The technical parts of bids were evaluated.",
        evaluated="Bids were evaluated.",
        awards_pending="Awards are awaited or can be complained about.",
        awards_settled="Contracts can be signed.",
        evaluation_repeated="Bids are evaluated anew.",
        lots_changed="Lots were cancelled, failed or are complete.",
        called_off="A supplier of a framework agreement is called upon.",
        unsuccessful="It ended without an award.",
        cancelled="It was cancelled.",
        completed="It is complete.",
    ),
    *Kind("plan", "plan", "tenders:read", PlanEventData, {"year": 2027}, public=True).types(
        published="An annual plan can be read by everybody.",
        changed="A published plan changed.",
    ),
    *Kind("enquiry", "enquiry", "tenders:read", OfTenderData, _OF_TENDER).types(
        asked="Somebody asked about the buyer's tender; who it was stays unknown.",
    ),
    *Kind("enquiry", "enquiry", "tenders:read", OfTenderData, _OF_TENDER, public=True).types(
        answered="A question about a tender was answered, for everybody.",
    ),
    *Kind(
        "cancellation", "cancellation", "tenders:read", OfTenderData, _OF_TENDER, public=True
    ).types(
        requested="A buyer wishes to cancel a tender or lots of it.",
        activated="A cancellation took effect.",
        withdrawn="A buyer does not wish to cancel any more.",
        lapsed="A cancellation fell because the tender moved on or was complained about.",
    ),
    *Kind("submission", "submission", "bids:read", OfTenderData, _OF_TENDER).types(
        submitted="Your application was received.",
        replaced="Your application was replaced.",
        confirmed="Your application was confirmed after an amendment.",
        withdrawn="Your application was withdrawn.",
        lapsed="Your application was not confirmed in time.",
    ),
    *Kind(
        "qualification",
        "qualification",
        "tenders:read",
        QualificationEventData,
        {**_OF_TENDER, "status": QualificationStatus.ACTIVE},
    ).types(
        proposed="Whether a candidate is qualified was proposed; the buyer is told.",
        approved="The proposal was approved; the buyer is told.",
        rejected="The proposal was rejected; the buyer is told.",
        cancelled="The decision was cancelled; the buyer is told.",
        announced="You may read whether you are qualified.",
        invited="You are invited to bid.",
    ),
    *Kind("bid", "bid", "bids:read", OfTenderData, _OF_TENDER).types(
        submitted="Your bid was received.",
        replaced="Your bid was replaced.",
        needs_confirmation="The tender was amended: confirm, replace or withdraw your bid.",
        confirmed="Your bid was confirmed after an amendment.",
        withdrawn="Your bid was withdrawn.",
        lapsed="Your bid was not confirmed in time.",
        technical_opened="The technical part of your bid was opened.",
        opened="Your bid was opened.",
        validated="Your bid takes part in the evaluation.",
        disqualified="Your bid was disqualified.",
    ),
    *Kind("opening", "opening", "tenders:read", NoData, {}).types(
        failed="Bids could not be opened with the shares given; the buyer is told.",
    ),
    *Kind("auction", "auction", "tenders:read", OfTenderData, _OF_TENDER, public=True).types(
        planned="A reverse auction of a lot was announced.",
        ended="A reverse auction ended.",
        cancelled="A reverse auction was called off.",
    ),
    *Kind("price_justification", "justification", "tenders:read", OfTenderData, _OF_TENDER).types(
        requested="A supplier is asked about an abnormally low price.",
        answered="A supplier has answered about its price.",
        accepted="The answer was accepted.",
        rejected="The answer was rejected.",
    ),
    *Kind(
        "minutes", "minutes", "evaluations:read", MinutesEventData, {**_OF_TENDER, "number": 1}
    ).types(
        recorded="Minutes of your commission were recorded.",
        approved="Minutes of your commission were approved.",
    ),
    *Kind(
        "evaluation",
        "evaluation",
        "evaluations:read",
        EvaluationEventData,
        {"ocid": OCID, "lot_id": f"lot_{LOT}", "sha256": "ab" * 32},
    ).types(completed="The evaluation of a lot of your tender is complete."),
    *_AWARD.types(
        put_forward="A lot's next bid was put forward; the buyer is told.",
        proposed="An award was proposed; the buyer is told.",
        approved="A lot was awarded.",
        rejected="A proposed award was rejected.",
        cancelled="An award was cancelled.",
        lapsed="An award fell with its lot; the buyer is told.",
    ),
    *Kind(
        "framework",
        "framework",
        "tenders:read",
        FrameworkEventData,
        {**_OF_TENDER, "status": FrameworkStatus.ACTIVE},
        public=True,
    ).types(
        concluded="A framework agreement was concluded.",
        signed="A party signed a framework agreement.",
        terminated="A framework agreement ended.",
        supplier_suspended="A supplier of an agreement was suspended.",
        supplier_reinstated="A supplier of an agreement was reinstated.",
        supplier_terminated="A supplier left an agreement for good.",
    ),
    *Kind(
        "complaint",
        "complaint",
        "tenders:read",
        ComplaintEventData,
        {**_OF_TENDER, "status": ComplaintStatus.PENDING},
        public=True,
    ).types(
        submitted="A complaint was made.",
        accepted="The reviewers took the complaint up.",
        invalidated="The complaint does not meet the requirements.",
        declined="The complaint was declined.",
        satisfied="The complaint was satisfied.",
        stopped="The complaint was stopped.",
        resolved="The buyer has done what the decision asks.",
        posted="A party or the reviewers wrote about a complaint.",
        overdue="A complaint was not decided in time.",
    ),
)
INTERNAL = (
    "tender.period_ended",
    "tender.prequalification_ended",
    "tender.prequalification_standstill_ended",
    "award.standstill_ended",
    "auction.period_ended",
    "cancellation.window_ended",
    "complaint.window_ended",
    "complaint.review_due",
    "framework.period_ended",
    "opening.ready",
    "bid.documents_due",
)
"""What only the workers react to: deadlines that have come, steps between two acts."""
