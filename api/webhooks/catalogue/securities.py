"""Events of securities and bank guarantees. Of those of a sealed bid, only its supplier is told."""

from datetime import date
from decimal import Decimal

from pydantic import Field

from api.rules.guarantees import GuaranteeKind, GuaranteeStatus
from api.rules.policy import ForfeitureGround
from api.rules.rails import RailName
from api.rules.securities import ForfeitureStatus, SecurityStatus
from api.webhooks.catalogue.kinds import Data, Kind


class SecurityEventData(Data):
    """A security that moved. It does not name the bid or contract: `GET /v1/securities/{id}` does."""

    kind: GuaranteeKind
    rail: RailName
    status: SecurityStatus


class ForfeitureEventData(Data):
    """A decision to keep a security that moved."""

    number: int
    status: ForfeitureStatus
    ground: ForfeitureGround
    sha256: str = Field(description="Of the decision's document")


class GuaranteeEventData(Data):
    """A guarantee that moved, or is about to expire."""

    kind: GuaranteeKind
    status: GuaranteeStatus
    amount: Decimal
    currency: str
    valid_until: date
    days: int | None = Field(default=None, description="To its end, of a notice")
    number: int | None = Field(default=None, description="Of the amendment")


TYPES = (
    *Kind(
        "security",
        "security",
        "securities:read",
        SecurityEventData,
        {
            "kind": GuaranteeKind.BID,
            "rail": RailName.BANK_TRANSFER,
            "status": SecurityStatus.HELD,
        },
    ).types(
        requested="A security is awaited.",
        received="What stands for a security has come.",
        held="A security is held.",
        cancelled="A security was cancelled: nothing came, or nothing good.",
        return_scheduled="It was decided by when a security goes back.",
        return_begun="A security is on its way back.",
        returned="A security has gone back.",
        return_failed="A security could not be sent back.",
        forfeited="A security was kept.",
        charged_back="The payer's bank took a security's money back: it stands for nothing now.",
    ),
    *Kind(
        "security_forfeiture",
        "security",
        "securities:read",
        ForfeitureEventData,
        {
            "number": 1,
            "status": ForfeitureStatus.APPROVED,
            "ground": ForfeitureGround.REFUSAL_TO_SIGN,
            "sha256": "ab" * 32,
        },
    ).types(
        proposed="It was proposed to keep a security.",
        approved="It was decided to keep a security; the payer can contest it.",
        contested="The payer contests the decision to keep a security.",
        upheld="The reviewers uphold the decision to keep a security.",
        annulled="The reviewers annul the decision to keep a security.",
        withdrawn="The decision to keep a security was given up.",
        executed="The decision to keep a security was executed.",
    ),
    *Kind(
        "guarantee",
        "guarantee",
        "guarantees:read",
        GuaranteeEventData,
        {
            "kind": GuaranteeKind.PERFORMANCE,
            "status": GuaranteeStatus.ACCEPTED,
            "amount": "100000",
            "currency": "KGS",
            "valid_until": "2027-06-30",
        },
    ).types(
        submitted="A guarantee was submitted.",
        accepted="A guarantee was verified.",
        refused="A guarantee was refused.",
        amendment_submitted="An amendment of a guarantee waits for its answer.",
        amendment_refused="An amendment of a guarantee was refused.",
        extended="A guarantee was extended.",
        reduced="A guarantee was reduced.",
        expiring="A guarantee expires in 30, 7 or 1 days.",
        expired="A guarantee has expired.",
        called="Payment of a guarantee was demanded.",
        demand_rejected="The guarantor has rejected the demand.",
        paid="The guarantor has paid.",
        released="A guarantee was released.",
    ),
)
INTERNAL = (
    "security.return_due",
    "security_forfeiture.contest_ended",
    "guarantee.validity_due",
)
