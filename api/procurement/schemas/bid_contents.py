"""What is inside the envelopes of a bid: the JSON that a supplier seals.

A bid in one envelope seals a `BidContent`; a bid in two seals a `TechnicalContent` and a
`PriceContent`. Its JSON Schema is GET /public/schemas/bid-content. Amounts are texts.
"""

from typing import Annotated, Literal

from pydantic import Field, StrictBool, StrictFloat, StrictInt, StringConstraints

from api.catalog.types import (
    CertificateId,
    CertificateScheme,
    Country,
    CurrencyCode,
    HttpsUrl,
    IncotermCode,
    Line,
    PlaceCode,
    PlainDecimal,
    Positive,
    Sha256,
    Short,
)
from api.core.inputs import DAY_SCHEMA, IsoDate
from api.identity.schemas import Input, OrganisationId
from api.procurement.schemas.ids import ItemId, LotId
from api.procurement.schemas.inputs import ValueIn
from api.procurement.sealing.documents import Name
from api.rules.bid_terms import WHOLE_BP
from api.rules.bids import SecurityKind, TendererRole
from api.rules.criteria import MAX_RESPONSES
from api.rules.incoterms import MOST_DEVIATIONS, Deviation
from api.rules.landed_cost.kinds import StatedKind
from api.rules.sealing import EnvelopeKind
from api.rules.tenders import MAX_ITEMS, MAX_LOTS

RequirementId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,59}$")]
DocumentType = Annotated[str, StringConstraints(pattern=r"^[A-Za-z]{1,60}$")]
MediaType = Annotated[str, StringConstraints(pattern=r"^[\w.+-]{1,50}/[\w.+-]{1,49}$")]
SealedKey = Annotated[str, StringConstraints(pattern=r"^AGE-SECRET-KEY-1[0-9A-Z]{58}$")]
FileName = Annotated[Line, StringConstraints(max_length=200)]
Given = StrictBool | StrictInt | StrictFloat | Line
"""A value as JSON says it: nothing is taken for what it is not."""
Price = Annotated[PlainDecimal, Field(ge=0, le=10**12, max_digits=20, decimal_places=6)]
TaxId = Annotated[str, StringConstraints(pattern=r"^[0-9]{14}$")]
VatRecoverer = Literal["buyer", "seller", "nobody"]
_SHA = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
_LOT = "lot_019abf2e8c1d7c3fa9b04b4c6f0d2e11"
_ITEM = {
    "item_id": "item_019abf2e8c1d7c3fa9b04b4c6f0d2e11",
    "quantity": "600",
    "unit_price": "9850.00",
    "country_of_origin": "KG",
}
EXAMPLE_LOT = {
    "lot_id": _LOT,
    "value": {"amount": "5910000.00", "currency": "KGS"},
    "vat_included": True,
    "incoterm": "DAP",
    "named_place": "Osh",
    "dispatch_country": "KG",
    "lead_days": 30,
    "items": [_ITEM],
}
_RESPONSE = {"requirement_id": "experience-years", "value": 5, "documents": [_SHA]}
_DOCUMENT = {
    "sha256": _SHA,
    "title": "Свидетельство о регистрации",
    "media_type": "application/pdf",
}
_CLAIM = {"certificate_scheme": "ST1", "certificate_number": "KG-2026-00417", "issued_by": "ТПП КР"}
_SECURITY = {
    "kind": "guarantee",
    "reference": "BG-2027-118",
    "value": {"amount": "134000.00", "currency": "KGS"},
    "valid_until": "2027-06-01",
}
_TENDERER = {
    "organisation_id": "organisation_019abf2e8c1d7c3fa9b04b4c6f0d2e11",
    "role": "lead",
    "share_bp": 10000,
}


class BidItemIn(Input):
    """The unit price of an item, before or with VAT as its lot says."""

    item_id: ItemId
    quantity: Positive = Field(examples=["600"])
    unit_price: Price = Field(examples=["9850.00"])
    country_of_origin: Country | None = Field(default=None, examples=["KG"])


class StatedChargeIn(Input):
    """A part of the lot's price that is stated separately; the customs value is without carriage
    after the border of the Union only when it is stated so, and documented."""

    kind: StatedKind = Field(examples=["post_border_carriage"])
    amount: Price = Field(examples=["14500.00"])
    currency: CurrencyCode = Field(examples=["CNY"])
    documented: StrictBool = Field(examples=[True])


class BidLotIn(Input):
    """What is asked for one lot, and on which terms it is delivered."""

    lot_id: LotId
    value: ValueIn
    vat_included: StrictBool = Field(examples=[True])
    incoterm: IncotermCode | None = Field(default=None, examples=["DAP"])
    named_place: Line | None = Field(default=None, examples=["Osh"])
    place_code: PlaceCode | None = Field(
        default=None, examples=["kg-osh"], description="The named place, by its code."
    )
    is_seller_premises: StrictBool | None = Field(
        default=None, examples=[None], description="FCA: is the place the seller's premises?"
    )
    importer_of_record: Line | None = Field(
        default=None, examples=[None], description="DDP: who imports."
    )
    importer_tax_id: TaxId | None = Field(
        default=None, examples=[None], description="DDP: its taxpayer number."
    )
    vat_recovered_by: VatRecoverer | None = Field(
        default=None, examples=[None], description="DDP: who recovers the VAT paid at import."
    )
    deviations: list[Deviation] = Field(
        default=[],
        max_length=MOST_DEVIATIONS,
        examples=[[]],
        description='What is agreed otherwise than by the Incoterm: "EXW loaded", "DDP VAT unpaid".',
    )
    exporter_of_record_id: OrganisationId | None = Field(
        default=None,
        examples=[None],
        description="Which organisation of the bid declares the export; the supplier if left out.",
    )
    stated_charges: list[StatedChargeIn] = Field(default=[], max_length=10, examples=[[]])
    dispatch_country: Country | None = Field(default=None, examples=["CN"])
    lead_days: int | None = Field(default=None, strict=True, ge=0, le=3650, examples=[30])
    items: list[BidItemIn] = Field(min_length=1, max_length=MAX_ITEMS, examples=[[_ITEM]])


class RequirementResponseIn(Input):
    """An answer to a requirement of a criterion; numbers may be written as text."""

    requirement_id: RequirementId = Field(examples=["experience-years"])
    value: Given = Field(examples=[5])
    lot_id: LotId | None = Field(
        default=None, description="Of a criterion that relates to lots: for which one"
    )
    item_id: ItemId | None = Field(
        default=None, description="Of a criterion that relates to items: for which one"
    )
    documents: list[Sha256] = Field(default=[], max_length=20, examples=[[_SHA]])


class TendererIn(Input):
    """An organisation of the bid; `share_bp` is its part of the work, in basis points."""

    organisation_id: OrganisationId
    role: TendererRole = Field(examples=["lead"])
    share_bp: int | None = Field(default=None, strict=True, ge=1, le=WHOLE_BP, examples=[10000])


class SealedPartIn(Input):
    """A document that was handed in sealed: the id that you gave it, its own key, and what the
    file is called (`kerben bid seal-document` writes all three)."""

    id: Name = Field(examples=["019abf2e-8c1d-7c3f-a9b0-4b4c6f0d2e12"])
    key: SealedKey = Field(examples=["AGE-SECRET-KEY-1" + "Q" * 58], repr=False)
    name: FileName = Field(examples=["registration.pdf"])


class DocumentIn(Input):
    """A document by the SHA-256 of its bytes; `sealed` if the bytes are handed in here."""

    sha256: Sha256 = Field(examples=[_SHA])
    title: Line = Field(examples=["Свидетельство о регистрации"])
    document_type: DocumentType | None = Field(default=None, examples=["eligibilityDocuments"])
    media_type: MediaType | None = Field(default=None, examples=["application/pdf"])
    url: HttpsUrl | None = Field(default=None, examples=["https://example.kg/registration.pdf"])
    sealed: SealedPartIn | None = None


class DomesticClaimIn(Input):
    """That the goods are made at home, and the certificate that shows it; without `lot_id`, of
    every lot."""

    lot_id: LotId | None = None
    certificate_scheme: CertificateScheme = Field(examples=["ST1"])
    certificate_number: Short = Field(examples=["KG-2026-00417"])
    certificate_id: CertificateId | None = None
    issued_by: Line | None = Field(default=None, examples=["ТПП КР"])
    valid_until: Annotated[IsoDate, DAY_SCHEMA] | None = Field(
        default=None, examples=["2027-12-31"]
    )
    document_sha256: Sha256 | None = Field(default=None, examples=[_SHA])


class SecurityIn(Input):
    """The bid security: a guarantee by its reference, or a declaration."""

    kind: SecurityKind = Field(examples=["guarantee"])
    reference: Short | None = Field(default=None, examples=["BG-2027-118"])
    issuer: Line | None = Field(default=None, examples=["Айыл Банк"])
    value: ValueIn | None = None
    valid_until: Annotated[IsoDate, DAY_SCHEMA] | None = Field(
        default=None, examples=["2027-06-01"]
    )
    document_sha256: Sha256 | None = Field(default=None, examples=[_SHA])


class _Content(Input):
    documents: list[DocumentIn] = Field(default=[], max_length=200, examples=[[_DOCUMENT]])


class TechnicalContent(_Content):
    """The technical envelope: who bids, and how the criteria are met."""

    requirement_responses: list[RequirementResponseIn] = Field(
        default=[], max_length=MAX_RESPONSES, examples=[[_RESPONSE]]
    )
    tenderers: list[TendererIn] = Field(default=[], max_length=20, examples=[[_TENDERER]])
    domestic_claims: list[DomesticClaimIn] = Field(
        default=[], max_length=MAX_LOTS, examples=[[_CLAIM]]
    )
    bid_security: SecurityIn | None = Field(default=None, examples=[_SECURITY])


class PriceContent(_Content):
    """The price envelope: what every lot costs."""

    lots: list[BidLotIn] = Field(min_length=1, max_length=MAX_LOTS, examples=[[EXAMPLE_LOT]])


class BidContent(TechnicalContent, PriceContent):
    """A bid in one envelope."""


def content_type(kind: EnvelopeKind, *, two_envelopes: bool) -> type[_Content]:
    """Which content an envelope of a kind has."""
    if not two_envelopes:
        return BidContent
    return TechnicalContent if kind is EnvelopeKind.TECHNICAL else PriceContent
