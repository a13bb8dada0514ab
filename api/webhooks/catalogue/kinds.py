"""What an event type declares: who may read it, which resource it is about, what it tells."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from types import NoneType
from typing import Any, ClassVar, get_args
from uuid import UUID

from pydantic import BaseModel, ConfigDict, GetCoreSchemaHandler
from pydantic_core import CoreSchema, core_schema

from api.core.ids import PublicId, show


@dataclass(frozen=True, slots=True)
class Reference(PublicId):
    """An id in the payload of an event, where it is a UUID or its digits; shown with its prefix."""

    def __get_pydantic_core_schema__(self, _: Any, __: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(
            _uuid,
            serialization=core_schema.plain_serializer_function_ser_schema(
                lambda value: show(self.prefix, value), return_schema=core_schema.str_schema()
            ),
        )


def _uuid(value: Any) -> UUID:
    return value if isinstance(value, UUID) else UUID(hex=str(value))


class Data(BaseModel):
    """Base of what events tell: of the payload that a feature emits, only the fields named here."""

    model_config = ConfigDict(extra="ignore", frozen=True)
    version: ClassVar[int] = 1
    """Of the form; one that takes away what an earlier one promised has the next."""


@cache
def references(data: type[Data]) -> tuple[tuple[str, str], ...]:
    """The fields of a form that name a resource, and the prefix of each: also those that may be
    null, of which the type inside the union says it."""
    return tuple(
        (name, each.prefix)
        for name, field in data.model_fields.items()
        for each in (*field.metadata, *_if_told(field.annotation))
        if isinstance(each, Reference)
    )


def _if_told(annotation: Any) -> tuple[Any, ...]:
    """What is annotated about `X` in `Annotated[X, …] | None`."""
    arms = get_args(annotation)
    return tuple(each for arm in arms for each in get_args(arm)[1:]) if NoneType in arms else ()


class NoData(Data):
    """The resource says it all."""


@dataclass(frozen=True, slots=True)
class EventType:
    """One type of event, for example `tender.published`."""

    name: str
    description: str
    resource: str
    """The prefix of the ids of the resource that it is about."""
    scope: str
    """What a caller needs to be told of it: a key of rules/permissions.py SCOPES."""
    data: type[Data]
    example: Mapping[str, Any]
    """A payload, as a feature would emit it."""
    public: bool = False
    """It may reach every organisation, not only those that it concerns."""
    version: int = 1


@dataclass(frozen=True, slots=True)
class Kind:
    """What the event types of one noun have in common."""

    noun: str
    resource: str
    scope: str
    data: type[Data]
    example: Mapping[str, Any]
    public: bool = False

    def types(self, **described: str) -> tuple[EventType, ...]:
        """The types of the noun: what happened -> what that means."""
        return tuple(
            EventType(
                name=f"{self.noun}.{what}",
                description=description,
                resource=self.resource,
                scope=self.scope,
                data=self.data,
                example=self.example,
                public=self.public,
                version=self.data.version,
            )
            for what, description in described.items()
        )
