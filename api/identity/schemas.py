"""What the identity routes take and give."""

from datetime import date, datetime
from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    field_validator,
    model_validator,
)
from stdnum.cn import uscc

from api.core.ids import PublicId
from api.core.inputs import IsoDate, IsoInstant, printable
from api.identity.models import ClientKind
from api.rules.identifiers import COUNTRY, IdentifierScheme, inn_is_valid
from api.rules.organisations import OrganisationStatus
from api.rules.permissions import SCOPES, MemberRole, OrgRole
from api.rules.policy import ProcurementRegime

OrganisationId = Annotated[UUID, PublicId("organisation")]
MemberId = Annotated[UUID, PublicId("member")]
ClientId = Annotated[UUID, PublicId("client")]
Language = Literal["ky", "ru", "en", "zh"]
ShortText = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=300),
    AfterValidator(printable),
]
Country = Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}$"), Field(examples=["KG"])]


class Input(BaseModel):
    """Base of every body: unknown fields are refused, so that a typing error is not lost."""

    model_config = ConfigDict(extra="forbid")


class IdentifierIn(Input):
    """A number in an official register; its check digit is verified where it has one."""

    scheme: IdentifierScheme = Field(examples=["CN-USCC"])
    id: str = Field(max_length=40, examples=["91110000600037341L"])

    @model_validator(mode="after")
    def _valid(self) -> Self:
        if self.scheme is IdentifierScheme.CN_USCC:
            self.id = uscc.compact(self.id)
            if not uscc.is_valid(self.id):
                raise ValueError("not a Unified Social Credit Code (18 characters, check digit)")
        elif not inn_is_valid(self.id):
            raise ValueError("not a taxpayer number (INN): 14 digits")
        return self


class OrganisationIn(Input):
    """A new party, entered by the operator."""

    roles: list[OrgRole] = Field(min_length=1, max_length=6, examples=[["supplier"]])
    legal_name: dict[Language, ShortText] = Field(
        min_length=1, examples=[{"zh": "义乌市恒达文具有限公司", "en": "Yiwu Hengda Stationery"}]
    )
    identifier: IdentifierIn
    place_code: str | None = Field(default=None, max_length=40, examples=["cn-yiwu"])
    languages: list[Language] = Field(default=["ru"], min_length=1, examples=[["zh", "en"]])
    procurement_regime: ProcurementRegime | None = Field(
        default=None,
        examples=["state"],
        description="Whose rules a buyer follows; empty: the state's",
    )

    @property
    def country(self) -> str:
        return COUNTRY[self.identifier.scheme]


class OrganisationOut(BaseModel):
    """A party as others see it."""

    model_config = ConfigDict(from_attributes=True)

    id: OrganisationId
    roles: list[OrgRole]
    country: str
    legal_name: dict[str, str]
    identifier_scheme: IdentifierScheme
    identifier_id: str
    place_code: str | None
    languages: list[str]
    status: OrganisationStatus
    verification_level: int
    procurement_regime: ProcurementRegime | None
    debarred_until: date | None
    version: int


class VerifyIn(Input):
    """The level that the evidence supports: 1 registered, 2 documents checked, 3 audited."""

    level: int = Field(ge=1, le=3, examples=[2])


class ReasonIn(Input):
    """Why; it is kept in the audit trail."""

    reason: ShortText = Field(examples=["Certificate found to be forged"])


class RegimeIn(ReasonIn):
    """Whose rules the buyer follows from now on; published tenders keep theirs."""

    procurement_regime: ProcurementRegime = Field(examples=["state_enterprise"])


class DebarIn(ReasonIn):
    """An entry in the register of unreliable suppliers."""

    until: IsoDate = Field(examples=["2027-12-31"])
    source: ShortText = Field(examples=["Decision 14 of the independent commission"])


class MemberIn(Input):
    """A person who will act for the organisation."""

    name: ShortText = Field(examples=["Айгүл Асанова"])
    email: Annotated[
        str, StringConstraints(pattern=r"^[^@\s]+@[^@\s]+\.[^@\s]+$", max_length=254, to_lower=True)
    ] = Field(examples=["aigul@example.kg"])
    role: MemberRole = Field(examples=["procurement_officer"])


class MemberOut(BaseModel):
    """A member of the caller's organisation."""

    model_config = ConfigDict(from_attributes=True)

    id: MemberId
    name: str
    email: str
    role: MemberRole
    created_at: datetime
    removed_at: datetime | None


class ClientIn(Input):
    """Credentials to be made. Scopes beyond the caller's own are refused."""

    name: ShortText = Field(examples=["ERP of the Yiwu office"])
    kind: ClientKind = Field(default=ClientKind.API_KEY, examples=["api_key"])
    scopes: list[str] = Field(min_length=1, max_length=100, examples=[["offers:read"]])
    expires_at: IsoInstant | None = Field(default=None, examples=["2027-12-31T18:00:00Z"])

    @field_validator("scopes")
    @classmethod
    def _known(cls, scopes: list[str]) -> list[str]:
        unknown = sorted(set(scopes) - SCOPES.keys())
        if unknown:
            raise ValueError(f"unknown: {', '.join(unknown)}; known: {', '.join(SCOPES)}")
        return sorted(set(scopes))


class RotateIn(Input):
    """How long the old secret stays valid beside the new one."""

    overlap_hours: int = Field(default=24, ge=0, le=168, examples=[24])


class ClientOut(BaseModel):
    """Credentials without their secret."""

    model_config = ConfigDict(from_attributes=True)

    id: ClientId
    kind: ClientKind
    name: str
    prefix: str
    scopes: list[str]
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None
    revoked_at: datetime | None
    replaced_by: ClientId | None


class ClientCreated(ClientOut):
    """The only answer that ever shows the secret."""

    secret: str = Field(examples=["kgp_live_…"])


class TokenOut(BaseModel):
    """An access token (RFC 6749 section 5.1)."""

    access_token: str
    token_type: Literal["Bearer"] = "Bearer"
    expires_in: int
    scope: str
