"""What the routes of shipments take and give. Names follow UBL and UN/CEFACT."""

from datetime import datetime
from typing import Annotated, Self
from uuid import UUID

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    model_validator,
)
from stdnum import iso6346, luhn

from api.catalog.types import Country, Line, PlaceCode, PlainDecimal, Positive
from api.contracts.schemas import ContractId
from api.core.ids import PublicId
from api.core.inputs import IsoInstant, printable
from api.delivery.schemas.despatches import DespatchAdviceOut
from api.identity.schemas import Input, OrganisationId
from api.rules import transport
from api.rules.packages import PACKAGE_TYPES
from api.rules.transport import (
    DeclarationKind,
    EquipmentType,
    TransportDocumentType,
    TransportMode,
)

ShipmentId = Annotated[UUID, PublicId("shipment")]
DeclarationId = Annotated[UUID, PublicId("declaration")]
Number = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=35),
    AfterValidator(printable),
]


def _sscc(code: str) -> str:
    if not transport.sscc_is_valid(code):
        raise ValueError("not an SSCC (18 digits with a check digit)")
    return code


def _package_type(code: str) -> str:
    if code not in PACKAGE_TYPES:
        raise ValueError("not a package of UN/ECE Recommendation 21, for example PX or CT")
    return code


Sscc = Annotated[str, StringConstraints(pattern=r"^[0-9]{18}$"), AfterValidator(_sscc)]
PackageType = Annotated[
    str, StringConstraints(pattern=r"^[A-Z0-9]{2}$"), AfterValidator(_package_type)
]


class PartyIn(Input):
    """A party as it stands in the transport document."""

    name: Line = Field(examples=["Yiwu Furniture Co., Ltd"])
    address: Line | None = Field(default=None, examples=["Chouzhou North Road 1, Yiwu"])
    country: Country = Field(examples=["CN"])


class TransportDocumentIn(Input):
    """A consignment note, waybill, bill of lading or carnet; its number is checked by its kind."""

    type: TransportDocumentType = Field(examples=["CMR"])
    number: Number = Field(examples=["KG-2027-000123"])

    @model_validator(mode="after")
    def _formed(self) -> Self:
        fault = transport.document_fault(self.type, self.number)
        if fault is not None:
            raise ValueError(fault)
        return self


class EquipmentIn(Input):
    """A container (ISO 6346), trailer, wagon, swap body or unit load device, and its seals."""

    type: EquipmentType = Field(examples=["CN"])
    number: Annotated[str, StringConstraints(strip_whitespace=True, pattern=r"^[\w -]{2,20}$")] = (
        Field(examples=["CSQU3054383"])
    )
    seals: list[Number] = Field(default=[], max_length=10, examples=[["H7712345"]])

    @model_validator(mode="after")
    def _checked(self) -> Self:
        if self.type is EquipmentType.CN:
            self.number = iso6346.compact(self.number)
            if not iso6346.is_valid(self.number):
                raise ValueError("not a container number (ISO 6346, with its check digit)")
        elif self.type is EquipmentType.RR:
            plain = self.number.isascii() and self.number.isdigit()
            if not plain or len(self.number) not in (7, 8):
                raise ValueError("a wagon is numbered with 8 digits, in China with 7")
            if len(self.number) == 8 and not luhn.is_valid(self.number):
                raise ValueError("the check digit of the wagon number is wrong")
        return self


class LegIn(Input):
    """A leg of the journey; legs stand in their order."""

    mode: TransportMode = Field(examples=["ROAD"])
    from_place_code: PlaceCode = Field(examples=["cn-kashi"])
    to_place_code: PlaceCode = Field(examples=["kg-osh"])
    crossing_code: PlaceCode | None = Field(
        default=None, examples=["kg-irkeshtam"], description="A place of the kind border_crossing"
    )
    carrier: Line | None = Field(default=None, examples=["Silk Road Trucking"])
    document: TransportDocumentIn | None = None
    equipment: list[EquipmentIn] = Field(default=[], max_length=50)

    @model_validator(mode="after")
    def _document_of_mode(self) -> Self:
        if self.document and self.document.type not in transport.DOCUMENTS_OF[self.mode]:
            raise ValueError(f"a {self.document.type} is no document of carriage by {self.mode}")
        return self


class LegUpdateIn(Input):
    """What is known of a leg by now: what is given replaces what was said, equipment is added."""

    carrier: Line | None = Field(default=None, examples=["Silk Road Trucking"])
    document: TransportDocumentIn | None = None
    equipment: list[EquipmentIn] = Field(default=[], max_length=50)

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if self.carrier is None and self.document is None and not self.equipment:
            raise ValueError("say what is known now")
        return self


class PackageIn(Input):
    """A package; weights in kilogram, volume in cubic metre."""

    sscc: Sscc | None = Field(default=None, examples=["006141411234567890"])
    type: PackageType = Field(examples=["PX"], description="UN/ECE Recommendation 21")
    marks: Line | None = Field(default=None, examples=["OSH-SCHOOL 1/26"])
    gross_weight: Positive = Field(examples=["412.5"])
    net_weight: Positive | None = Field(default=None, examples=["390"])
    volume: Positive | None = Field(default=None, examples=["1.92"])

    @model_validator(mode="after")
    def _net_within_gross(self) -> Self:
        if self.net_weight is not None and self.net_weight > self.gross_weight:
            raise ValueError("the net weight is more than the gross weight")
        return self


class ShipmentIn(Input):
    """Goods of one contract that travel together. Parties that are left out are the sides."""

    contract_id: ContractId
    number: Number = Field(examples=["SH-2027-001"], description="Your own")
    consignor: PartyIn | None = None
    consignee: PartyIn | None = None
    notify_party: PartyIn | None = None
    legs: list[LegIn] = Field(min_length=1, max_length=20)
    packages: list[PackageIn] = Field(default=[], max_length=1000)


class CustomsDeclarationIn(Input):
    """A customs declaration, once customs have registered it."""

    kind: DeclarationKind = Field(examples=["import"])
    country: Country = Field(examples=["KG"], description="Whose customs registered it")
    number: Number = Field(examples=["41710010/150227/0001234"])
    procedure: Annotated[str, StringConstraints(pattern=r"^[0-9A-Z]{2,10}$")] = Field(
        examples=["40"], description="Code of the customs procedure, in the EAEU of its classifier"
    )
    registered_at: IsoInstant = Field(examples=["2027-02-15T09:30:00+06:00"])
    released_at: IsoInstant | None = Field(default=None, examples=["2027-02-15T14:00:00+06:00"])


class ReleaseIn(Input):
    """When customs released the goods."""

    released_at: IsoInstant = Field(examples=["2027-02-15T14:00:00+06:00"])


class PartyOut(BaseModel):
    """A party as it stands in the transport document."""

    name: str
    address: str | None = None
    country: str
    organisation_id: OrganisationId | None = Field(description="Where it is a side of the contract")


class EquipmentOut(BaseModel):
    """A container, trailer or wagon."""

    model_config = ConfigDict(from_attributes=True)

    type: EquipmentType
    number: str
    seals: list[str]


class TransportDocumentOut(BaseModel):
    """A transport document."""

    type: TransportDocumentType
    number: str


class LegOut(BaseModel):
    """A leg."""

    seq: int
    mode: TransportMode
    from_place_code: str
    to_place_code: str
    crossing_code: str | None
    carrier: str | None
    document: TransportDocumentOut | None
    equipment: list[EquipmentOut]


class PackageOut(BaseModel):
    """A package."""

    model_config = ConfigDict(from_attributes=True)

    sscc: str | None
    type: str
    marks: str | None
    gross_weight: PlainDecimal
    net_weight: PlainDecimal | None
    volume: PlainDecimal | None


class DeclarationOut(BaseModel):
    """A customs declaration."""

    model_config = ConfigDict(from_attributes=True)

    id: DeclarationId
    kind: DeclarationKind
    country: str
    number: str
    procedure: str
    declared_by: OrganisationId
    registered_at: datetime
    released_at: datetime | None
    version: int


class ShipmentOut(BaseModel):
    """A shipment with everything that goes with it."""

    id: ShipmentId
    contract_id: ContractId
    number: str
    buyer_id: OrganisationId
    supplier_id: OrganisationId
    consignor: PartyOut
    consignee: PartyOut
    notify_party: PartyOut | None
    legs: list[LegOut]
    packages: list[PackageOut]
    declarations: list[DeclarationOut]
    despatch_advices: list[DespatchAdviceOut]
    created_at: datetime
    version: int
