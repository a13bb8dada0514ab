"""/problems/{code}: what the `type` of a problem points at."""

import inspect

from pydantic import BaseModel

from api.core.errors import NotFound, Problem
from api.core.http import documented, public_router

router = public_router("/problems", "problems")


class ProblemDescription(BaseModel):
    """One entry of the catalogue."""

    code: str
    title: str
    status: int
    description: str


@router.get("")
async def list() -> dict[str, ProblemDescription]:
    """Every problem code there is, with its status and meaning."""
    return {code: _described(kind) for code, kind in sorted(Problem.catalogue.items())}


@router.get("/{code}", responses=documented(NotFound))
async def get(code: str) -> ProblemDescription:
    """What a problem code means."""
    kind = Problem.catalogue.get(code)
    if kind is None:
        raise NotFound
    return _described(kind)


def _described(kind: type[Problem]) -> ProblemDescription:
    return ProblemDescription(
        code=kind.code,
        title=kind.title,
        status=kind.status,
        description=inspect.getdoc(kind) or kind.title,
    )
