"""Types of the fields that the catalogue takes: texts, codes, quantities, links."""

from decimal import Decimal
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    HttpUrl,
    PlainSerializer,
    StringConstraints,
    TypeAdapter,
    UrlConstraints,
)
from pydantic_core import PydanticCustomError

from api.core.ids import PublicId
from api.core.inputs import printable
from api.rules import incoterms
from api.rules.incoterms import Incoterm
from api.rules.offers import gtin14, plain

ProductId = Annotated[UUID, PublicId("product")]
MasterProductId = Annotated[UUID, PublicId("masterproduct")]
GroupId = Annotated[UUID, PublicId("productgroup")]
OfferId = Annotated[UUID, PublicId("offer")]
CertificateId = Annotated[UUID, PublicId("certificate")]
Origin = Literal["source", "machine", "human"]
MAX_NUMBER = Decimal(10**12)
_HTTPS: TypeAdapter[HttpUrl] = TypeAdapter(
    Annotated[HttpUrl, UrlConstraints(allowed_schemes=["https"], max_length=2000)]
)


def _https(url: str) -> str:
    return str(_HTTPS.validate_python(url))


def _gtin(number: str) -> str:
    key = gtin14(number)
    if key is None:
        raise ValueError("not a GTIN (8, 12, 13 or 14 digits with a check digit)")
    return key


def _rule(term: Any) -> Any:
    """Refuse a rule of an earlier edition, saying what took its place."""
    if isinstance(term, str) and term.strip().upper() in incoterms.WITHDRAWN:
        finding = incoterms.withdrawn(term)
        assert finding is not None
        raise PydanticCustomError("incoterm_withdrawn", "{detail}", {"detail": finding.detail})
    return term


def _text(max_length: int) -> StringConstraints:
    return StringConstraints(strip_whitespace=True, min_length=1, max_length=max_length)


Short = Annotated[str, _text(100), AfterValidator(printable)]
Line = Annotated[str, _text(500), AfterValidator(printable)]
Paragraph = Annotated[str, _text(5000), AfterValidator(printable)]
AttributeName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,59}$")]
Country = Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}$")]
CurrencyCode = Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")]
UnitCode = Annotated[str, StringConstraints(pattern=r"^[A-Z0-9]{1,3}$")]
PlaceCode = Annotated[str, StringConstraints(pattern=r"^[a-z0-9-]{2,40}$")]
IncotermCode = Annotated[Incoterm, BeforeValidator(_rule)]
HsCode = Annotated[str, StringConstraints(pattern=r"^[0-9]{6}$")]
CpvCode = Annotated[str, StringConstraints(pattern=r"^[0-9]{8}-[0-9]$")]
CertificateScheme = Annotated[str, StringConstraints(pattern=r"^[A-Z0-9][A-Z0-9_-]{1,39}$")]
PackageType = Annotated[str, StringConstraints(pattern=r"^[A-Z0-9]{2}$")]
UnNumber = Annotated[str, StringConstraints(pattern=r"^[0-9]{4}$")]
HazardClass = Annotated[str, StringConstraints(pattern=r"^[1-9](\.[1-6])?$")]
Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
HttpsUrl = Annotated[str, AfterValidator(_https)]
Gtin = Annotated[str, AfterValidator(_gtin)]
PlainDecimal = Annotated[Decimal, PlainSerializer(plain, return_type=str, when_used="json")]
Positive = Annotated[PlainDecimal, Field(gt=0, le=MAX_NUMBER, max_digits=20, decimal_places=6)]
"""A quantity or a price: more than zero, at most 10^12, six decimals."""
