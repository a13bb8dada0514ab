"""What people who log in send and see."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from api.core.ids import PublicId
from api.identity.models import LoginMethod
from api.identity.schemas.base import Input, MemberId, OrganisationId, ShortText
from api.identity.schemas.members import Email
from api.rules.permissions import MemberRole

PersonId = Annotated[UUID, PublicId("person")]
SessionId = Annotated[UUID, PublicId("session")]
Password = Annotated[
    str,
    StringConstraints(min_length=1, max_length=128),
    Field(examples=["karagach-84-bulak-tash"]),
]
Token = Annotated[str, StringConstraints(max_length=100), Field(examples=["kgo_live_…"])]
Code = Annotated[str, StringConstraints(max_length=40), Field(examples=["492039"])]


class LoginIn(Input):
    """An address and a password; the organisation to act for, if it is not the first joined."""

    email: Email
    password: Password
    organisation_id: OrganisationId | None = None


class JoinIn(Input):
    """An invitation, and the password of the account that it makes."""

    token: Token
    password: Password
    name: ShortText | None = Field(default=None, examples=["Айгүл Асанова"])


class ResetIn(Input):
    """Leave to choose a new password, and the password."""

    token: Token
    password: Password


class JoinAsIn(Input):
    """An invitation of another organisation."""

    token: Token


class PasswordIn(Input):
    """One's password, and the one from now on."""

    old_password: Password
    password: Password


class CodeIn(Input):
    """A code of the authenticator app, or a recovery code."""

    code: Code


class SwitchIn(Input):
    """The organisation to act for from now on."""

    organisation_id: OrganisationId


class OfferResetIn(Input):
    """Whether the member has lost the second factors too."""

    clears_second_factors: bool = False


class OneTimeTokenOut(BaseModel):
    """A token for the member, in this answer alone: hand it over by a way that you trust."""

    token: str
    expires_at: datetime


class LoginOut(BaseModel):
    """A session. Browsers have its token as a cookie; others send it as a bearer token."""

    token: str
    csrf_token: str
    expires_at: datetime
    has_second_factor: bool


class MembershipOut(BaseModel):
    """An organisation that the person acts for."""

    model_config = ConfigDict(from_attributes=True)

    id: MemberId
    org_id: OrganisationId
    role: MemberRole


class AccountOut(BaseModel):
    """Who is logged in, for which organisation, and what they may do."""

    person_id: PersonId
    name: str
    email: str
    member_id: MemberId
    org_id: OrganisationId
    role: MemberRole
    scopes: list[str]
    memberships: list[MembershipOut]
    has_second_factor: bool
    second_factor_at: datetime | None
    csrf_token: str


class SessionOut(BaseModel):
    """A login that is not over."""

    model_config = ConfigDict(from_attributes=True)

    id: SessionId
    org_id: OrganisationId
    method: LoginMethod
    ip: str | None
    user_agent: str | None
    created_at: datetime
    last_used_at: datetime
    expires_at: datetime
    second_factor_at: datetime | None
    revoked_at: datetime | None


class TotpOut(BaseModel):
    """What an authenticator app is given, as text and as the address in a QR code."""

    secret: str
    uri: str


class RecoveryCodesOut(BaseModel):
    """Codes that are each good once when the app or the key is lost; shown only here."""

    recovery_codes: list[str]


class EndedOut(BaseModel):
    """How many sessions were ended."""

    ended: int
