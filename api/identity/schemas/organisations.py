"""Parties as they are entered and seen."""

import re
from datetime import date
from typing import Annotated, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator
from stdnum.cn import uscc

from api.core.inputs import IsoDate
from api.identity.schemas.base import Input, Language, OrganisationId, ShortText
from api.rules.identifiers import IdentifierScheme, inn_is_valid
from api.rules.organisations import OrganisationStatus
from api.rules.permissions import OrgRole
from api.rules.policy import ProcurementRegime

_SCHEME = re.compile(r"[A-Z]{2}-[A-Z0-9]{2,20}")


def _scheme(code: str) -> str:
    if not _SCHEME.fullmatch(code):
        raise ValueError("a country and a register, as in CN-USCC")
    return code


class IdentifierIn(Input):
    """A number in an official register; its check digit is verified where it has one."""

    scheme: Annotated[str, AfterValidator(_scheme)] = Field(
        examples=["CN-USCC"],
        description="CN-USCC, KG-INN, or a register of another region that is loaded",
    )
    id: str = Field(max_length=40, examples=["91110000600037341L"])

    @model_validator(mode="after")
    def _valid(self) -> Self:
        if self.scheme == IdentifierScheme.CN_USCC:
            self.id = uscc.compact(self.id)
            if not uscc.is_valid(self.id):
                raise ValueError("not a Unified Social Credit Code (18 characters, check digit)")
        elif self.scheme == IdentifierScheme.KG_INN and not inn_is_valid(self.id):
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
    draft: bool = Field(
        default=False,
        description="Enter an applicant: it is shown and acts once it has handed in its application",
    )

    @property
    def country(self) -> str:
        return self.identifier.scheme[:2]


class OrganisationOut(BaseModel):
    """A party as others see it."""

    model_config = ConfigDict(from_attributes=True)

    id: OrganisationId
    roles: list[OrgRole]
    country: str
    legal_name: dict[str, str]
    identifier_scheme: str
    identifier_id: str
    place_code: str | None
    languages: list[str]
    status: OrganisationStatus
    verification_level: int = Field(
        description="0-3, as evidence in force supports today; it lapses by itself"
    )
    procurement_regime: ProcurementRegime | None
    debarred_until: date | None
    version: int


class VerifyIn(Input):
    """The level that the operator vouches for: 1 registered, 2 documents checked, 3 audited."""

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
