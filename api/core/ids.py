"""Ids as the API shows them: a type prefix and a UUIDv7, `tender_0193…`."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import CoreSchema, core_schema

_EXAMPLE = "019abf2e8c1d7c3fa9b04b4c6f0d2e11"


def show(prefix: str, value: UUID) -> str:
    """`tender`, UUID -> `tender_019abf…` (32 hexadecimal digits)."""
    return f"{prefix}_{value.hex}"


def parse(prefix: str, value: Any) -> UUID:
    """The UUID of a shown id; ValueError when the prefix or the digits are wrong."""
    if isinstance(value, UUID):
        return value
    head, _, digits = str(value).rpartition("_")
    if head == prefix and len(digits) == 32 and digits.isascii() and digits == digits.lower():
        try:
            return UUID(hex=digits)
        except ValueError:
            pass
    raise ValueError(f"must look like {prefix}_{_EXAMPLE}")


@dataclass(frozen=True, slots=True)
class PublicId:
    """Marks a UUID field or path parameter: `TenderId = Annotated[UUID, PublicId("tender")]`."""

    prefix: str

    def __get_pydantic_core_schema__(self, _: Any, __: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(
            lambda value: parse(self.prefix, value),
            serialization=core_schema.plain_serializer_function_ser_schema(
                lambda value: show(self.prefix, value), return_schema=core_schema.str_schema()
            ),
        )

    def __get_pydantic_json_schema__(self, _: CoreSchema, __: GetJsonSchemaHandler) -> Any:
        return {
            "type": "string",
            "pattern": f"^{self.prefix}_[0-9a-f]{{32}}$",
            "examples": [f"{self.prefix}_{_EXAMPLE}"],
        }
