"""Openers' keys, keys of tenders, and openings, as the API takes and shows them."""

from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from api.core.zones import LEGAL_ZONE, TimeZone
from api.identity.schemas import ClientId, Input, MemberId, OrganisationId, ShortText
from api.procurement.schemas.ids import OpenerKeyId, OpeningId, TenderId
from api.procurement.sealing.documents import Base64, Recipient
from api.procurement.sealing.opening import Session
from api.rules.bids import OpenerRole, OpeningStatus
from api.rules.policy import SealingMode
from api.rules.sealing import EnvelopeKind

_RECIPIENT = "age1lvyvwawkr0mcnnnncaghunadrqkmuf9e6507x9y920xxpp866cnql7dp2z"

_HOLDER = {
    "number": 1,
    "name": "Асанова Гүлнара",
    "role": "opener",
    "recipient": _RECIPIENT,
    "share": "YWdlLWVuY3J5cHRpb24ub3JnL3YxCi4uLg==",
    "share_sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
}
EXAMPLE_KEY = {
    "format": "kerben-tender-key/1",
    "tender": "ocds-kerben0-000042",
    "envelope": "price",
    "opens_at": "2027-03-01T12:00:00.000000Z",
    "recipient": "age1t7rxyev2z3rw82stdlrrepyc39nvn86l5078zqkf5uasdy86jp6svpy7pa",
    "threshold": 2,
    "holders": [_HOLDER],
}


class OpenerKeyIn(Input):
    """Your own public key; who registers it, a person or credentials, releases its share."""

    name: ShortText = Field(max_length=200, examples=["Асанова Гүлнара"])
    role: OpenerRole = Field(examples=["opener"])
    recipient: Recipient = Field(examples=[_RECIPIENT], description="`kerben opener keygen`")


class OpenerKeyOut(BaseModel):
    """A registered public key."""

    model_config = ConfigDict(from_attributes=True)

    id: OpenerKeyId
    org_id: OrganisationId
    client_id: ClientId | None
    member_id: MemberId | None
    name: str
    role: OpenerRole
    recipient: str
    revoked_at: datetime | None
    version: int


class TenderKeyOut(BaseModel):
    """The key to which bids are sealed.

    Mode `client`: only the holders, together, can open; compare `fingerprint` with the document's.
    Mode `server`: this installation keeps the bids closed by access control until the opening.
    """

    model_config = ConfigDict(from_attributes=True)

    kind: EnvelopeKind
    mode: SealingMode
    recipient: str
    threshold: int
    opens_at: datetime | None
    fingerprint: str | None
    document: dict[str, Any] | None
    time_zone: TimeZone = LEGAL_ZONE


class SignedOut(BaseModel):
    """A statement of the installation (the root at the deadline, the record of an opening), with
    its Ed25519 signature over the canonical JSON of `content`."""

    model_config = ConfigDict(from_attributes=True)

    content: dict[str, Any]
    key_id: str
    signature: str


class BiddingOut(BaseModel):
    """How bids of a tender are kept secret, and what is known of them.

    `bid_count` and `bidders` are null where the rules of the tender hide them until the opening.
    """

    sealing_modes: list[SealingMode] = Field(description="Who may seal: bidder or installation")
    keys: list[TenderKeyOut]
    roots: list[SignedOut]
    bid_count: int | None
    bidders: list[OrganisationId] | None


class OpeningIn(Input):
    """Which envelopes are to be opened."""

    envelope: EnvelopeKind = Field(default=EnvelopeKind.PRICE, examples=["price"])


class ShareIn(Input):
    """The age file of `kerben opener share`, in base64; nothing where the mode is `server`."""

    released: Base64 | None = Field(default=None, max_length=16_000, examples=["YWdlLWVuY3J5cHRp"])


class ShareOut(BaseModel):
    """That a holder released its share; the share itself is shown to nobody."""

    model_config = ConfigDict(from_attributes=True)

    opener_key_id: OpenerKeyId
    received_at: datetime


class OpeningOut(BaseModel):
    """An opening. `session` is what `kerben opener share` takes; `record` is its signed protocol."""

    id: OpeningId
    tender_id: TenderId
    envelope: EnvelopeKind
    mode: SealingMode
    status: OpeningStatus
    threshold: int
    session: Session | None
    shares: list[ShareOut]
    opened_at: datetime | None
    failure: str | None
    record: dict[str, Any] | None
    version: int
