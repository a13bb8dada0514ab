"""What the routes of bids take and give."""

from datetime import date, datetime
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, Field, JsonValue, StrictInt, model_validator
from pydantic_core import PydanticCustomError

from api.catalog.types import PlainDecimal
from api.identity.schemas import Input, OrganisationId
from api.procurement.schemas.bid_contents import EXAMPLE_LOT
from api.procurement.schemas.ids import BidId, ItemId, LotId, TenderId
from api.procurement.schemas.outputs import ValueOut
from api.procurement.sealing.documents import Name
from api.procurement.sealing.envelopes import Sealed
from api.procurement.sealing.receipts import SignedDocumentReceipt, SignedReceipt
from api.rules.bids import BidStage, BidStatus, SecurityKind, TendererRole
from api.rules.incoterms import Deviation, Incoterm
from api.rules.sealing import MAX_DOCUMENTS, DocumentState, EnvelopeKind

_ENVELOPES = [
    {
        "kind": "price",
        "id": "019abf2e-8c1d-7c3f-a9b0-4b4c6f0d2e11",
        "version": 1,
        "content": {"lots": [EXAMPLE_LOT]},
    }
]


class EnvelopeIn(Input):
    """A sealed envelope; or its content, for the installation to seal, if the tender allows that.

    `id` and `version` are those in its context; the context's `tender` is the OCID, its `tenderer`
    your organisation's id, and its `lot` is null.
    """

    kind: EnvelopeKind = Field(examples=["price"])
    id: Name = Field(examples=["019abf2e-8c1d-7c3f-a9b0-4b4c6f0d2e11"])
    version: StrictInt = Field(default=1, ge=1, le=1_000_000, examples=[1])
    sealed: Sealed | None = Field(default=None, description="kerben-sealed-bid/1")
    content: dict[str, JsonValue] | None = Field(
        default=None, description="See the schema of bid contents", repr=False
    )
    documents: list[Name] = Field(
        default=[],
        max_length=MAX_DOCUMENTS,
        examples=[[]],
        description="Sealed documents that the envelope names: refused where one was not received",
    )

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        if (self.sealed is None) == (self.content is None):
            raise PydanticCustomError("sealed_or_content", "Give either `sealed` or `content`")
        return self


class ReplaceIn(Input):
    """New envelopes, each with the id of the one that it replaces and a higher version."""

    envelopes: list[EnvelopeIn] = Field(min_length=1, max_length=2, examples=[_ENVELOPES])


class BidIn(ReplaceIn):
    """A bid: its envelopes, and the other members of a consortium, who must join it."""

    tenderers: list[OrganisationId] = Field(
        default=[], max_length=19, examples=[["organisation_019abf2e8c1d7c3fa9b04b4c6f0d2e11"]]
    )


class _Row(BaseModel):
    model_config = ConfigDict(from_attributes=True)


class SealedDocumentOut(_Row):
    """A document that you have handed in sealed; name it in an envelope by `name`."""

    name: str
    envelope: EnvelopeKind
    size: int = Field(description="Bytes of the padded document: a power of two from 4096")
    received_at: datetime
    receipt: SignedDocumentReceipt


class TendererOut(_Row):
    """An organisation of the bid; it has joined once `accepted_at` is set."""

    organisation_id: OrganisationId
    role: TendererRole
    share_bp: int | None
    accepted_at: datetime | None


class BidItemOut(_Row):
    """The price of an item."""

    item_id: ItemId
    quantity: PlainDecimal
    unit_price_amount: PlainDecimal
    country_of_origin: str | None


class BidLotOut(_Row):
    """What is asked for a lot."""

    lot_id: LotId
    value: ValueOut
    vat_included: bool
    incoterm: Incoterm | None
    named_place: str | None
    place_code: str | None
    is_seller_premises: bool | None
    importer_of_record: str | None
    importer_tax_id: str | None
    vat_recovered_by: str | None
    deviations: list[Deviation]
    exporter_of_record_id: OrganisationId | None
    stated_charges: list[dict[str, Any]]
    dispatch_country: str | None
    lead_days: int | None
    items: list[BidItemOut]


class ResponseOut(_Row):
    """An answer to a requirement."""

    requirement_id: str
    lot_id: LotId | None
    item_id: ItemId | None
    value: Any
    documents: list[str]


class BidDocumentOut(_Row):
    """A document by its hash."""

    envelope: EnvelopeKind
    sha256: str
    title: str
    document_type: str | None
    media_type: str | None
    url: str | None
    state: DocumentState = Field(
        description="`opened`: the bytes are at /v1/bids/{id}/documents/{sha256}; `failed`: they"
        " cannot be read, see `failure`; `named`: the bid names the document alone"
    )
    failure: str | None


class DomesticClaimOut(_Row):
    """That goods are made at home, and what is to show it."""

    lot_id: LotId | None
    certificate_scheme: str
    certificate_number: str
    issued_by: str | None
    valid_until: date | None
    document_sha256: str | None


class SecurityOut(_Row):
    """The bid security."""

    kind: SecurityKind
    reference: str | None
    issuer: str | None
    value: ValueOut | None
    valid_until: date | None
    document_sha256: str | None


class ReasonOut(BaseModel):
    """Why a bid was disqualified; the pointer is into its content."""

    code: str
    pointer: str
    detail: str


class BidSummary(_Row):
    """A bid in a list."""

    id: BidId
    tender_id: TenderId
    supplier_id: OrganisationId
    status: BidStatus
    status_details: BidStage
    received_at: datetime
    amendment: int = Field(description="The last material amendment that it answers; 0: none")
    withdrawn_at: datetime | None
    opened_at: datetime | None
    disqualification: list[ReasonOut] | None
    version: int


class OpenedEnvelopeOut(_Row):
    """The canonical text that was sealed, in base64: its commitment can be computed again."""

    kind: EnvelopeKind
    document: str
    commitment: str
    sequence: int


class BidContents(BaseModel):
    """What an opened bid says."""

    envelopes: list[OpenedEnvelopeOut]
    lots: list[BidLotOut]
    requirement_responses: list[ResponseOut]
    documents: list[BidDocumentOut]
    domestic_claims: list[DomesticClaimOut]
    bid_security: SecurityOut | None


class LapsedCertificateOut(_Row):
    """A scheme that a lot asks for, of which the tenderers have nothing left that is in force."""

    lot_id: LotId
    scheme: str
    number: str = Field(description="Of the certificate that lasted longest")
    expired_on: date


class BidOut(BidSummary):
    """A bid. `receipts` are for its supplier alone; `contents` are null until it is opened."""

    tenderers: list[TendererOut]
    receipts: list[SignedReceipt]
    contents: BidContents | None
    lapsed_certificates: list[LapsedCertificateOut] = Field(
        description="Once opened, for the buyer and the supplier: as certificates stand today"
    )
