"""Suspensions and appeals as they are made and seen."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from api.core.ids import PublicId
from api.core.inputs import printable
from api.identity.schemas.base import Input, OrganisationId
from api.rules.organisations import OrganisationStatus
from api.rules.suspensions import AppealStatus

SuspensionId = Annotated[UUID, PublicId("suspension")]
AppealId = Annotated[UUID, PublicId("appeal")]
Statement = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=5000),
    AfterValidator(printable),
]


class AppealIn(Input):
    """What the suspended organisation says."""

    statement: Statement = Field(examples=["The certificate is genuine: see the issuer's letter."])


class AppealOutcome(StrEnum):
    UPHELD = "upheld"
    DISMISSED = "dismissed"


class SuspensionDecisionIn(Input):
    """What another person than the one who suspended decides, and why."""

    outcome: AppealOutcome = Field(examples=["upheld"])
    reason: Statement = Field(examples=["The issuer has confirmed the certificate."])


class AppealOut(BaseModel):
    """An appeal, for the organisation and the operator."""

    model_config = ConfigDict(from_attributes=True)

    id: AppealId
    suspension_id: SuspensionId
    organisation_id: OrganisationId
    status: AppealStatus
    statement: str
    decision: str | None
    decided_at: datetime | None
    version: int
    created_at: datetime


class SuspensionOut(BaseModel):
    """A suspension, for the organisation and the operator."""

    model_config = ConfigDict(from_attributes=True)

    id: SuspensionId
    organisation_id: OrganisationId
    status_before: OrganisationStatus
    reason: str
    created_at: datetime
    ended_at: datetime | None
    end_reason: str | None
    version: int
