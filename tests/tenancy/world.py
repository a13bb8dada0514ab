"""Who acts in the story of the matrix, and what it has made."""

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any
from uuid import UUID

import psycopg
from psycopg import sql
from psycopg.types.json import Jsonb

from api.core import ids

type AsOrg = Callable[..., Any]


@dataclass
class Story:
    """Who acts, and the ids of what is theirs: by parameter, and where a path begins so."""

    actors: dict[str, Any]
    stranger: Any
    other_person: Any = None
    """A person of the stranger's, with a second factor just shown."""
    ids: dict[str, Any] = field(default_factory=dict)
    under: dict[str, dict[str, Any]] = field(default_factory=dict)
    draft: dict[str, Any] = field(default_factory=dict)
    foreign: dict[str, str] = field(default_factory=dict)
    """By prefix: what is the stranger's."""
    bodies: dict[str, Any] = field(default_factory=dict)
    """By operation: bodies with what only the story knows."""
    org_ids: set[UUID] = field(default_factory=set)

    def of(self, path: str) -> dict[str, Any]:
        """The parameters of a path: those of the longest beginning that has its own."""
        found = dict(self.ids)
        for start in sorted((p for p in self.under if path.startswith(p)), key=len):
            found |= self.under[start]
        return found


def ok(answer: Any) -> Any:
    """The body of an answer that must be a success."""
    assert answer.status_code < 300, f"{answer.request.url}: {answer.text}"
    return answer.json()


def shown(actor: Any) -> str:
    """The id of an actor's organisation as the API shows it."""
    return ids.show("organisation", actor.org_id)


def written(superuser: psycopg.Connection[Any], row: Any) -> None:
    """Write a row that only the workers or the passing of time make."""
    values = {
        name: Jsonb(value) if isinstance(value, dict | list) else value
        for name, value in row.model_dump().items()
    }
    names = [sql.Identifier(name) for name in values]
    superuser.execute(
        sql.SQL("INSERT INTO {} ({}) VALUES ({})").format(
            sql.Identifier(row.__tablename__),
            sql.SQL(", ").join(names),
            sql.SQL(", ").join([sql.Placeholder()] * len(names)),
        ),
        [str(v) if isinstance(v, StrEnum) else v for v in values.values()],
    )
