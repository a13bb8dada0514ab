"""What the routes of products' texts take and give."""

from datetime import date, datetime

from pydantic import BaseModel, Field

from api.catalog.types import Origin, Paragraph, PlainDecimal, ProductId
from api.identity.schemas import Input, Language
from api.rules.product_texts import LackReason, TextField, TextStatus


class TextOut(BaseModel):
    """One text of a product, and how far it can be relied on."""

    field: TextField
    language: Language
    text: str
    origin: Origin
    status: TextStatus
    made_from: Language | None = Field(description="Language of the text it was translated from")
    engine: str | None = Field(examples=["glossary"], description="Of a text made by a program")
    engine_version: str | None
    coverage: PlainDecimal | None = Field(
        examples=["0.875"], description="Share of the source's words that the engine knew"
    )
    reviewed_at: datetime | None
    reviewed_by: str | None = Field(description="Only its owner is told who")


class TextsOut(BaseModel):
    """The texts of a product, names first."""

    product_id: ProductId
    version: int = Field(description="Of the product, for If-Match; a review leaves it")
    items: list[TextOut]


class ReviewIn(Input):
    """A reader's verdict on a translation: it is good as it stands, or with this wording."""

    text: Paragraph | None = Field(
        default=None,
        examples=["可升降学生课桌椅"],
        description="A better wording, of human origin; without it the present one is approved",
    )


class MarketLanguageOut(BaseModel):
    """A text that a market wants, and where that is written."""

    field: TextField
    language: Language
    valid_from: date
    valid_to: date | None
    source: str
    reviewed: bool = Field(description="False: nobody has read it in its source yet")


class LackOut(BaseModel):
    """A text that does not serve the market, and why."""

    field: TextField
    language: Language
    reason: LackReason


class LanguagesOut(BaseModel):
    """What a product's texts are worth in a market."""

    product_id: ProductId
    market: str
    known: bool = Field(description="False: nothing is entered on the languages of this market")
    ready: bool | None = Field(description="Nothing lacks; null where the market is not known")
    required: list[MarketLanguageOut]
    lacks: list[LackOut]
