"""Events of organisations, offers and matching."""

from typing import Annotated, Any
from uuid import UUID

from pydantic import AliasPath, Field

from api.matching.models import Verdict
from api.rules.images import Refusal
from api.webhooks.catalogue.kinds import Data, Kind, NoData, Reference
from api.webhooks.catalogue.procurement import ORGANISATION, TENDER, OfTenderData, OrganisationRef

OFFER = "019abf2e8c1d7c3fa9b04b4c6f0d2e17"
PRODUCT = "019abf2e8c1d7c3fa9b04b4c6f0d2e18"


def _content(name: str) -> Any:
    """A field of what is signed."""
    return Field(validation_alias=AliasPath("content", name))


class OrganisationEventData(Data):
    """What was done with an organisation, or with its entry in the register of debarments."""

    action: str


class OfferMovedEventData(Data):
    """An offer that moved."""

    before: str = Field(description="Status before")


class MatchingCompletedEventData(Data):
    """A tender matched as a whole."""

    items: int
    matches: int


class MatchingUpdatedEventData(Data):
    """One offer that now is, or is not any more, among the matches of a tender."""

    offer: Annotated[UUID, Reference("offer")]


class MatchingAlertedEventData(Data):
    """A tender that offers of yours answer."""

    offers: int = Field(description="How many of the best matches, in all of its items, are yours")
    best_rank: int


class MatchJudgedEventData(Data):
    """What the buyer thinks of a match."""

    verdict: Verdict


class InvitationEventData(OfTenderData):
    """A supplier asked to bid."""

    receiver_id: OrganisationRef = Field(description="The side that is told, not the one that acts")


class StockEventData(Data):
    """Goods of an offer at a place, in its units, after what was told at once."""

    place_code: str
    on_hand: str
    reserved: str
    available: str = Field(description="What nobody has reserved")


class SampleEventData(Data):
    """A sample that one side moved on; both are told."""

    offer_id: Annotated[UUID, Reference("offer")]
    receiver_id: OrganisationRef = Field(description="The side that did not act")


class ProductChangeEventData(Data):
    """A change of a product that somebody proposed or decided."""

    product_id: Annotated[UUID, Reference("product")]


class ImageReadEventData(Data):
    """An image that a worker has read, or refused for a reason."""

    refusal: Refusal | None


class AuditHeadEventData(Data):
    """A signed head of the audit log; keep it, and nothing before it can be altered unseen."""

    number: int = _content("number")
    tree_size: int = _content("tree_size")
    root_hash: str = _content("root_hash")
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
    *Kind("offer", "offer", "offers:read", OfferMovedEventData, {"before": "active"}).types(
        suspended="Your offer was suspended.",
        expired="Your offer's validity ended.",
    ),
    *Kind(
        "stock",
        "offer",
        "offers:read",
        StockEventData,
        {"place_code": "cn-linyi", "on_hand": "400", "reserved": "60", "available": "340"},
    ).types(changed="The stock of your offer at a place changed."),
    *Kind(
        "sample",
        "sample",
        "samples:read",
        SampleEventData,
        {"offer_id": OFFER, "receiver_id": ORGANISATION},
    ).types(
        requested="A buyer asks for a sample.",
        offered="A seller said on which terms it sends a sample.",
        declined="A seller sends no sample.",
        agreed="A buyer took the terms of a sample.",
        cancelled="A buyer wants a sample no more.",
        lapsed="The time of a sample was over before anybody acted.",
        shipped="A sample was sent.",
        received="A buyer has received a sample.",
        accepted="A buyer accepts a sample.",
        rejected="A buyer rejects a sample.",
        credited="The price of a sample came off an order.",
    ),
    *Kind(
        "product_change",
        "productchange",
        "offers:read",
        ProductChangeEventData,
        {"product_id": PRODUCT},
    ).types(
        proposed="A change of your product was proposed.",
        approved="A change of a product was made that was proposed.",
        rejected="A change of a product was not made that was proposed.",
        withdrawn="A change of a product was taken back, or another took its place.",
    ),
    *Kind("certificate", "certificate", "offers:read", NoData, {}).types(
        verified="Your certificate was verified.",
        withdrawn="Your certificate was withdrawn.",
        renewed="Your certificate was renewed under its number.",
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
    *Kind(
        "matching",
        "tender",
        "matches:read",
        MatchingAlertedEventData,
        {"offers": 2, "best_rank": 1},
    ).types(alerted="Offers of yours answer a new tender; as your plan allows."),
    *Kind(
        "matching",
        "rfq",
        "matches:read",
        MatchingCompletedEventData,
        {"items": 3, "matches": 41},
    ).types(rfq_completed="Your request for quotation was matched with offers."),
    *Kind("matching", "rfq", "matches:read", MatchingUpdatedEventData, {"offer": OFFER}).types(
        rfq_updated="A changed offer moved the matches of your request for quotation.",
    ),
    *Kind(
        "matching",
        "rfq",
        "matches:read",
        MatchingAlertedEventData,
        {"offers": 2, "best_rank": 1},
    ).types(rfq_alerted="Offers of yours answer a new request for quotation, as your plan allows."),
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
    *Kind("file", "file", "documents:write", NoData, {}).types(
        quarantined="A file of yours is harmful: nobody gets it.",
    ),
    *Kind(
        "product_image",
        "productimage",
        "offers:read",
        ImageReadEventData,
        {"refusal": None},
    ).types(ready="Buyers see an image of your product."),
    *Kind(
        "product_image",
        "productimage",
        "offers:read",
        ImageReadEventData,
        {"refusal": "image_unreadable"},
    ).types(refused="An image of your product is not shown."),
    *Kind(
        "audit",
        "audit_head",
        "audit:read",
        AuditHeadEventData,
        {
            "content": {"number": 7, "tree_size": 1204, "root_hash": "ab" * 32},
            "key_id": "kid-1",
            "signature": "c2lnbmF0dXJl",
        },
        public=True,
    ).types(head_published="A head of the audit log was signed."),
)
INTERNAL = (
    "sample.due",
    "offer.activated",
    "offer.changed",
    "offer.validity_ended",
    "matching.reindexed",
    "request_digest.due",
    "file.received",
    "file.cleared",
    "product_image.received",
    "file.sweep_due",
    "debarment.began",
    "debarment.ended",
)
"""What only the workers react to. An import may activate and change a million offers: its seller
is told of the job, and certificates speak for themselves."""
