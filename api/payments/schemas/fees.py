"""What goes in and out about tariffs, frozen commissions and invoices of the platform."""

from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Any, Self
from uuid import UUID

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    model_validator,
)

from api.catalog.types import PlainDecimal
from api.core.ids import PublicId
from api.core.inputs import IsoDate, printable
from api.identity.schemas import Input, OrganisationId, ShortText
from api.reference.schemas import CurrencyCode
from api.rules.fees import FeePurpose, InvoiceKind

FeeInvoiceId = Annotated[UUID, PublicId("feeinvoice")]
TariffId = Annotated[UUID, PublicId("commissiontariff")]
Bound = Annotated[PlainDecimal, Field(ge=0, le=Decimal(10**12), max_digits=20, decimal_places=2)]


class InvoiceLanguage(StrEnum):
    """Languages of invoices."""

    KY = "ky"
    RU = "ru"
    EN = "en"
    ZH = "zh"


class CommissionTariffIn(Input):
    """What is asked of contracts that are signed from a day on. Bounds are of a currency."""

    valid_from: IsoDate = Field(examples=["2027-01-01"])
    currency: CurrencyCode | None = Field(
        default=None, examples=["KGS"], description="Of contracts in it alone; none: in any other"
    )
    rate_bp: int = Field(ge=0, le=2000, examples=[150], description="Basis points of the value")
    minimum: Bound | None = Field(default=None, examples=["500"])
    maximum: Bound | None = Field(default=None, examples=["250000"])
    source: ShortText = Field(examples=["Tariff of the platform, order 12"])

    @model_validator(mode="after")
    def _bounded(self) -> Self:
        if self.currency is None and (self.minimum, self.maximum) != (None, None):
            raise ValueError("minimum and maximum are of a currency: give it")
        if self.minimum is not None and self.maximum is not None and self.minimum > self.maximum:
            raise ValueError("minimum must not be above maximum")
        return self


class CommissionTariffOut(BaseModel):
    """A tariff of commissions."""

    model_config = ConfigDict(from_attributes=True)

    id: TariffId
    valid_from: date
    currency: str | None
    rate_bp: int
    minimum: PlainDecimal | None
    maximum: PlainDecimal | None
    source: str


class ContractCommissionOut(BaseModel):
    """What was frozen with a contract by its signing."""

    model_config = ConfigDict(from_attributes=True)

    rate_bp: int
    minimum: PlainDecimal | None
    maximum: PlainDecimal | None
    contract_value: PlainDecimal
    currency: str
    amount: PlainDecimal = Field(description="Of the whole contract")
    tariff_id: TariffId
    frozen_at: datetime


class CreditIn(Input):
    """Why an invoice is taken back; it stands on the credit note."""

    reason: Annotated[
        str,
        StringConstraints(strip_whitespace=True, min_length=3, max_length=300),
        AfterValidator(printable),
    ] = Field(examples=["The contract was terminated before delivery"])


class FeeInvoiceOut(BaseModel):
    """An invoice of the platform, or a credit note that takes one back."""

    model_config = ConfigDict(from_attributes=True)

    id: FeeInvoiceId
    number: str = Field(examples=["K-2026-000017"])
    org_id: OrganisationId
    kind: InvoiceKind
    purpose: FeePurpose
    credits_id: FeeInvoiceId | None
    issue_date: date
    due_date: date | None
    currency: str
    net: PlainDecimal
    tax_rate_bp: int
    tax: PlainDecimal
    gross: PlainDecimal
    provider_tax: PlainDecimal | None = Field(
        description="In `gross`, as Stripe Tax computed it; null where it was not asked"
    )
    content: dict[str, Any] = Field(description="All that the PDF says")
    sha256: str = Field(description="Of `content` as canonical JSON (RFC 8785)")
    paid_at: datetime | None
    version: int
