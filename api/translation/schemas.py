"""What the routes of translation take."""

from typing import Self

from pydantic import Field, model_validator

from api.catalog.types import Country, ProductId
from api.identity.schemas import Input, Language

MOST_PRODUCTS = 500


class TranslationIn(Input):
    """Products of yours, and the languages that they shall have texts in."""

    product_ids: list[ProductId] = Field(min_length=1, max_length=MOST_PRODUCTS)
    languages: list[Language] | None = Field(default=None, min_length=1, examples=[["zh", "en"]])
    market: Country | None = Field(
        default=None, examples=["CN"], description="The languages of this market instead"
    )

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        if (self.languages is None) is (self.market is None):
            raise ValueError("give either languages or a market")
        return self
