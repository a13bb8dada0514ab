"""What goes in and out about accounts of payees, money that is expected, and money that goes out."""

from datetime import datetime
from typing import Annotated, Self
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator
from stdnum import bic, iban
from stdnum.exceptions import ValidationError as NumberWrong

from api.catalog.types import PlainDecimal
from api.core.ids import PublicId
from api.core.inputs import printable
from api.core.zones import LEGAL_ZONE, TimeZone
from api.identity.schemas.members import Email
from api.rules.payee_accounts import number_fault
from api.rules.rails import (
    CollectionStatus,
    OrderStatus,
    PayeeState,
    Purpose,
    RailName,
    SuspenseStatus,
)

PayeeAccountId = Annotated[UUID, PublicId("payeeaccount")]
CollectionId = Annotated[UUID, PublicId("collection")]
PaymentOrderId = Annotated[UUID, PublicId("paymentorder")]
SuspenseItemId = Annotated[UUID, PublicId("suspenseitem")]
PlatformAccountId = Annotated[UUID, PublicId("platformaccount")]
OrganisationId = Annotated[UUID, PublicId("organisation")]
Country = Annotated[str, Field(pattern=r"^[A-Z]{2}$", examples=["KG"])]
Currency = Annotated[str, Field(pattern=r"^[A-Z]{3}$", examples=["KGS"])]


def _bic(text: str) -> str:
    try:
        return str(bic.validate(text))
    except NumberWrong as error:
        raise ValueError(f"no BIC: {error}") from error


def _number(text: str) -> str:
    return "".join(text.split()).upper()


Name = Annotated[str, Field(min_length=1, max_length=500), AfterValidator(printable)]
BankName = Annotated[str, Field(min_length=1, max_length=200), AfterValidator(printable)]
Number = Annotated[str, Field(min_length=4, max_length=40), AfterValidator(_number)]
Reason = Annotated[str, Field(min_length=1, max_length=1000), AfterValidator(printable)]


class Input(BaseModel):
    """Base of inputs: nothing that is not known."""

    model_config = ConfigDict(extra="forbid")


class BankAccountIn(Input):
    """An account at a bank. `bic` is the bank's: for China its CNAPS code of 12 digits will do."""

    country: Country
    currency: Currency
    holder_name: Name = Field(examples=["ОсОО «Ала-Тоо Текстиль»"])
    bank_name: BankName = Field(examples=["ОАО «Бакай Банк»"])
    bic: Annotated[str, Field(min_length=8, max_length=14)] | None = Field(
        default=None, examples=["BAKAKG22"]
    )
    number: Number = Field(examples=["1240020000123456"])

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.bic is not None and not (self.country == "CN" and self.bic.isdigit()):
            self.bic = _bic(self.bic)
        if fault := number_fault(self.country, self.number, self.bic):
            raise ValueError(fault)
        if self.number[:2].isalpha():
            try:
                self.number = iban.validate(self.number)
            except NumberWrong as error:
                raise ValueError(f"no IBAN: {error}") from error
            if self.number[:2] != self.country:
                raise ValueError("the IBAN is of another country")
        return self


class PlatformAccountIn(BankAccountIn):
    """An account of the platform at a bank: payers are shown it, and payments leave it."""


class PayeeAccountIn(BankAccountIn):
    """An account at a bank where your organisation is to be paid."""

    rail: RailName = Field(default=RailName.BANK_TRANSFER)

    @model_validator(mode="after")
    def _banks_only(self) -> Self:
        if self.rail is not RailName.BANK_TRANSFER:
            raise ValueError("accounts at a provider are opened by its onboarding")
        return self


class StripePayeeIn(Input):
    """An account at Stripe, opened for your organisation."""

    country: Country = Field(examples=["DE"])
    currency: Currency = Field(examples=["EUR"])
    holder_name: Name = Field(examples=["Ala-Too Textil GmbH"])
    contact_email: Email = Field(
        description="To whom Stripe writes about the account",
        examples=["finance@ala-too.example"],
    )


class OnboardingLinkOut(BaseModel):
    """A page of Stripe on which a person of yours answers what is asked; it opens once, for some
    minutes. `url` is null while there is none that still holds."""

    url: str | None
    expires_at: datetime | None


class PayeeReasonIn(Input):
    """Why."""

    reason: Reason = Field(examples=["The holder's name is another"])


class PayeeAccountOut(BaseModel):
    """An account where an organisation is paid; of its number the last four characters."""

    model_config = ConfigDict(from_attributes=True)

    id: PayeeAccountId
    organisation_id: OrganisationId
    rail: RailName
    country: str
    currency: str
    holder_name: str
    bank_name: str | None
    bic: str | None
    last4: str | None
    provider_status: str | None = Field(
        description="Stripe's word for the capability that lets it be paid: `active`, `pending`,"
        " `restricted`, `unsupported`; null before Stripe has said it, and at banks",
    )
    state: PayeeState
    reason: str | None
    version: int
    created_at: datetime


class PlatformAccountOut(BaseModel):
    """An account of the platform to which payers pay."""

    model_config = ConfigDict(from_attributes=True)

    id: PlatformAccountId
    country: str
    currency: str
    holder_name: str
    bank_name: str
    bic: str | None
    number: str
    closed_at: datetime | None


class PayToOut(BaseModel):
    """An account to which a payer pays."""

    model_config = ConfigDict(from_attributes=True)

    holder_name: str
    bank_name: str
    country: str
    currency: str
    bic: str | None
    number: str


class CollectionOut(BaseModel):
    """Money that is expected; `reference` is what the payer writes."""

    model_config = ConfigDict(from_attributes=True)

    id: CollectionId
    purpose: Purpose
    rail: RailName
    currency: str
    amount: PlainDecimal
    received_amount: PlainDecimal
    reference: str
    pay_url: str | None
    due_at: datetime | None
    time_zone: TimeZone = LEGAL_ZONE
    status: CollectionStatus
    version: int
    created_at: datetime


class CollectionReceiptOut(BaseModel):
    """Money that came for a collection; what was more than expected is in suspense."""

    model_config = ConfigDict(from_attributes=True)

    currency: str
    amount: PlainDecimal
    applied_amount: PlainDecimal
    created_at: datetime


class CollectionFullOut(CollectionOut):
    """A collection with what came, and where it is paid."""

    receipts: list[CollectionReceiptOut]
    pay_to: list[PayToOut] = Field(
        description="Accounts of the platform in the currency; none for another rail, or when "
        "nothing is expected any more"
    )


class PaymentOrderOut(BaseModel):
    """Money that goes out."""

    model_config = ConfigDict(from_attributes=True)

    id: PaymentOrderId
    purpose: Purpose
    beneficiary_id: OrganisationId
    payee_account_id: PayeeAccountId | None
    rail: RailName
    currency: str
    amount: PlainDecimal
    status: OrderStatus
    end_to_end_id: str
    blocked_by: list[str]
    last_error: str | None
    version: int
    created_at: datetime


class SuspenseItemOut(BaseModel):
    """Money that came and fits nothing."""

    model_config = ConfigDict(from_attributes=True)

    id: SuspenseItemId
    currency: str
    amount: PlainDecimal
    payer: str | None
    reference: str | None
    reason: str
    collection_id: CollectionId | None
    status: SuspenseStatus
    assign_to: CollectionId | None
    return_to: PayeeAccountId | None
    order_id: PaymentOrderId | None
    version: int
    created_at: datetime


class RailRefusalOut(BaseModel):
    """Why a rail does not carry a payment."""

    code: str = Field(examples=["no_bank_account"])
    detail: str


class RailOut(BaseModel):
    """A rail, and whether it carries a payment: it does when nothing refuses it."""

    rail: RailName
    fits: bool
    refusals: list[RailRefusalOut]


class RailsOut(BaseModel):
    """Every rail, and the one that is chosen when nobody says which."""

    chosen: RailName | None
    rails: list[RailOut]


class SuspenseAssignIn(Input):
    """For which collection the money is."""

    collection_id: CollectionId


class SuspenseSenderIn(Input):
    """What the statement does not say of the sender's bank; the account's number it must say."""

    country: Country | None = None
    bank_name: BankName | None = Field(default=None, examples=["ОАО «Керемет Банк»"])
    bic: Annotated[str, Field(min_length=8, max_length=14)] | None = None


class SuspenseReturnIn(Input):
    """To which verified account the money goes back."""

    payee_account_id: PayeeAccountId
