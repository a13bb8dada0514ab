"""Settings of machine translation."""

from decimal import Decimal
from typing import Literal, Self

from pydantic import Field, SecretStr, model_validator
from pydantic_settings import BaseSettings


class TranslationSettings(BaseSettings):
    """Which engine translates; the default needs no network."""

    translation_engine: Literal["glossary", "libretranslate", "deepl"] = "glossary"
    translation_url: str | None = Field(
        default=None,
        pattern=r"^https?://[^\s#?]+$",
        description="Of a hosted engine: https://libretranslate.com, https://api.deepl.com.",
    )
    translation_key: SecretStr | None = Field(
        default=None, description="Key of a hosted engine; never logged."
    )
    translation_min_coverage: Decimal = Field(
        default=Decimal("0.8"),
        ge=0,
        le=1,
        description="The glossary leaves out a text of which it knows a smaller share of words.",
    )

    @model_validator(mode="after")
    def _whole_engine(self) -> Self:
        if self.translation_engine != "glossary" and self.translation_url is None:
            raise ValueError("KERBEN_TRANSLATION_URL must name the server of the engine")
        if self.translation_engine == "deepl" and self.translation_key is None:
            raise ValueError("KERBEN_TRANSLATION_KEY must be set for DeepL")
        return self
