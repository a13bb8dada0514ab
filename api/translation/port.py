"""What translates: the port that every engine has, and what it answers."""

from collections.abc import Sequence
from decimal import Decimal
from enum import StrEnum
from typing import NamedTuple, Protocol

from api.matching.text.language import Language


class Reason(StrEnum):
    """Why a text was not translated."""

    LOW_COVERAGE = "low_coverage"
    NEGATED = "negated"
    PAIR_NOT_SUPPORTED = "pair_not_supported"
    ENGINE_REFUSED = "engine_refused"
    ANSWER_UNUSABLE = "answer_unusable"
    TERMS_LOST = "terms_lost"
    NO_SOURCE = "no_source"
    SOURCE_CHANGED = "source_changed"
    WRITTEN_BY_A_PERSON = "written_by_a_person"
    NOT_TAKEN = "not_taken"


class Rendering(NamedTuple):
    """A text in the other language; without one, the reason why.

    `coverage` is the share of the source's words that the engine knew (0..1), where it can tell.
    """

    text: str | None
    coverage: Decimal | None = None
    reason: Reason | None = None


class EngineUnavailable(Exception):
    """The engine does not answer, or not now: the same is asked again later."""


class Engine(Protocol):
    """Translates texts between the four languages."""

    @property
    def name(self) -> str:
        """At most 40 characters, as it stands beside what the engine made."""
        ...

    @property
    def version(self) -> str:
        """At most 40 characters: other texts come of another version."""
        ...

    def translate(
        self, texts: Sequence[str], source: Language, into: Language
    ) -> Sequence[Rendering]:
        """A rendering for each text, in their order. Raises EngineUnavailable."""
        ...
