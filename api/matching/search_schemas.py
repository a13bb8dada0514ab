"""What a search of offers takes and gives."""

from typing import Annotated, Literal

from pydantic import BaseModel, Field, StringConstraints

from api.catalog.schemas import OfferFilter, OfferOut
from api.catalog.types import PlainDecimal
from api.core.pages import Page
from api.matching.text.language import Language

type Facet = Literal[
    "cpv",
    "hs",
    "country_of_origin",
    "country",
    "seller",
    "certificate",
    "availability",
    "incoterm",
    "lead_days",
    "price",
]
type Relation = Literal["eq", "gte"]
Text = Annotated[str, StringConstraints(strip_whitespace=True, max_length=200)]


class OfferSearch(OfferFilter):
    """What to look for, in words and by terms; conditions that are left out do not narrow."""

    q: Text | None = Field(
        default=None,
        description="What is looked for, in Kyrgyz, Russian, English or Chinese, whatever language "
        "it is offered in; or a GTIN. The best comes first; without it the newest.",
        examples=["парта школьная"],
    )
    language: Language | None = Field(default=None, description="Of `q`; else it is recognised")
    spelling: bool = Field(
        default=True, description="Put misspelt words of `q` right; false: take them as they are"
    )
    facets: list[Facet] = Field(
        default=[],
        max_length=10,
        description="What to count the found offers by; `price` needs `currency`",
    )


class WordOut(BaseModel):
    """What of the search is said in the offer: the same concept, a stem, a number or its letters."""

    request: str = Field(examples=["парта"])
    offer: str = Field(examples=["课桌"])
    kind: Literal["concept", "exact", "stem", "letters"]


class NearestOut(BaseModel):
    """The parts of search and offer that are nearest in meaning."""

    request: str
    request_language: str
    offer: str
    offer_language: str


class FoundOut(BaseModel):
    """Why an offer was found and where it stands among all that were."""

    rank: int = Field(description="1 is the best; of pages that follow, too")
    words: list[WordOut]
    nearest: NearestOut | None = Field(
        description="Null for an offer that only its letters were found by"
    )


class OfferFoundOut(OfferOut):
    """An offer, and why it was found."""

    found: FoundOut | None = Field(default=None, description="Null without `q`")


class TotalOut(BaseModel):
    """How many offers fit. `gte`: at least so many, no more were looked at."""

    value: int = Field(examples=[42])
    relation: Relation


class BucketOut(BaseModel):
    """So many of the counted offers share a value, which the filter of that name takes."""

    value: str = Field(
        description="A code, its first digits, or a band as its ends: `50..100`, `61..`",
        examples=["KG"],
    )
    count: int
    names: dict[str, str] | None = Field(default=None, description="Of a seller, by language")
    minimum: PlainDecimal | None = Field(default=None, description="Of a band")
    maximum: PlainDecimal | None = Field(
        default=None, description="Of a band: of days in it, of prices where the next begins"
    )


class OfferPageOut(Page[OfferFoundOut]):
    """A page of offers; what is counted is counted over all pages."""

    total: TotalOut | None = Field(default=None, description="Null without `q` and `facets`")
    facets: dict[str, list[BucketOut]] = Field(
        default={}, description="By facet: its values, the most frequent first, 50 at most"
    )
    language: Language | None = Field(default=None, description="That `q` was taken to be in")
    spelling: dict[str, str] = Field(
        default={}, description="Words of `q` that were put right", examples=[{"scool": "school"}]
    )
