"""Events of organisations, offers and matching."""

from typing import Annotated
from uuid import UUID

from pydantic import Field

from api.matching.models import Verdict
from api.webhooks.catalogue.kinds import Data, Kind, NoData, Reference
from api.webhooks.catalogue.procurement import ORGANISATION, TENDER, OfTenderData, OrganisationRef

OFFER = "019abf2e8c1d7c3fa9b04b4c6f0d2e17"


class OrganisationEventData(Data):
    """What was done with an organisation, or with its entry in the register of debarments."""

    action: str


class OfferMovedEventData(Data):
    """An offer that moved."""

    before: str = Field(description="Status before")


class OfferChangedEventData(Data):
    """An offer with new values."""

    fields: list[str] = Field(description="Names of the fields that changed")


class MatchingCompletedEventData(Data):
    """A tender matched as a whole."""

    items: int
    matches: int


class MatchingUpdatedEventData(Data):
    """One offer that now is, or is not any more, among the matches of a tender."""

    offer: Annotated[UUID, Reference("offer")]


class MatchJudgedEventData(Data):
    """What the buyer thinks of a match."""

    verdict: Verdict


class InvitationEventData(OfTenderData):
    """A supplier asked to bid."""

    receiver_id: OrganisationRef = Field(description="The side that is told, not the one that acts")


class AuditHeadEventData(Data):
    """A signed head of the audit log; keep it, and nothing before it can be altered unseen."""

    number: int
    tree_size: int
    root_hash: str
    key_id: str
    signature: str


TYPES = (
    *Kind(
        "organisation",
        "organisation",
        "organisation:read",
        OrganisationEventData,
        {"action": "verify"},
    ).types(changed="Your organisation, or its entry in the register of debarments, changed."),
    *Kind("offer", "offer", "offers:read", OfferMovedEventData, {"before": "draft"}).types(
        activated="Your offer can be found.",
        suspended="Your offer was suspended.",
        expired="Your offer's validity ended.",
    ),
    *Kind(
        "offer", "offer", "offers:read", OfferChangedEventData, {"fields": ["price_tiers"]}
    ).types(changed="Your offer, its product or its certificates changed."),
    *Kind("certificate", "certificate", "offers:read", NoData, {}).types(
        verified="Your certificate was verified.",
        withdrawn="Your certificate was withdrawn.",
        expired="Your certificate's validity ended.",
    ),
    *Kind(
        "matching",
        "tender",
        "matches:read",
        MatchingCompletedEventData,
        {"items": 3, "matches": 41},
    ).types(completed="Your tender was matched with offers."),
    *Kind("matching", "tender", "matches:read", MatchingUpdatedEventData, {"offer": OFFER}).types(
        updated="A changed offer moved the matches of your tender.",
    ),
    *Kind("match", "match", "matches:read", MatchJudgedEventData, {"verdict": Verdict.GOOD}).types(
        judged="A match was judged.",
    ),
    *Kind(
        "invitation",
        "invitation",
        "invitations:read",
        InvitationEventData,
        {"tender_id": TENDER, "receiver_id": ORGANISATION},
    ).types(
        sent="A buyer asks a supplier to bid.",
        accepted="A supplier will bid.",
        declined="A supplier will not bid.",
        withdrawn="A buyer withdrew an invitation.",
    ),
    *Kind(
        "audit",
        "audit_head",
        "audit:read",
        AuditHeadEventData,
        {
            "number": 7,
            "tree_size": 1204,
            "root_hash": "ab" * 32,
            "key_id": "kid-1",
            "signature": "c2lnbmF0dXJl",
        },
        public=True,
    ).types(head_published="A head of the audit log was signed."),
)
INTERNAL = (
    "offer.validity_ended",
    "matching.reindexed",
    "debarment.began",
    "debarment.ended",
)
