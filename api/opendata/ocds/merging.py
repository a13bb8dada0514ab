"""Records: what the releases of a process come to, by OCP's own reference implementation."""

import json
from collections.abc import Iterable, Mapping
from copy import deepcopy
from functools import cache
from typing import Any

from ocdsmerge.merge import CompiledRelease
from ocdsmerge.rules import get_merge_rules

from api.opendata.ocds import schemas
from api.opendata.ocds.values import Json

WHOLE = frozenset({"criteria"})
"""Lists of named objects that the `kerben` extension merges as a whole: what an amendment has
withdrawn is asked of nobody any more."""
type Rules = Mapping[tuple[str, ...], str]


@cache
def own_rules() -> Rules:
    """How lists of this publisher's releases merge, as its schema says."""
    return rules_of(schemas.own_release())


def rules_of(schema: Mapping[str, Any]) -> Rules:
    """How lists merge under a release schema."""
    found: Rules = get_merge_rules(deepcopy(dict(schema)))
    return found


def merged(before: Json | None, release: Json, rules: Rules | None = None) -> Json:
    """The compiled release after one more release, the newest of its process."""
    record = CompiledRelease(before, merge_rules=rules or own_rules())
    record.append(release)
    compiled: Json = record.asdict()
    return compiled


def compiled(releases: Iterable[Json], rules: Rules | None = None) -> Json:
    """The compiled release of all releases of a process, in any order."""
    record = CompiledRelease(merge_rules=rules or own_rules())
    record.extend([*releases])
    whole: Json = record.asdict()
    return whole


def with_removals(before: Any, now: Any) -> Any:
    """`now`, saying null (a list: empty) where `before` had something that is gone.

    A merge keeps what a release does not mention. Objects of a list are told by `id`, and are
    never removed: OCDS has no way to, except for lists that are replaced as a whole (WHOLE).
    """
    if isinstance(before, dict) and isinstance(now, dict):
        gone = {
            name: _nothing(value)
            for name, value in before.items()
            if name not in now and (name in WHOLE or not _are_named(value))
        }
        kept = {
            name: with_removals(before[name], value)
            if name in before and name not in WHOLE
            else value
            for name, value in now.items()
        }
        return kept | gone
    if _are_named(before) and _are_named(now):
        known = {each["id"]: each for each in before}
        return [with_removals(known.get(each["id"]), each) for each in now]
    return now


def _nothing(value: Any) -> Any:
    """What says that a value is gone."""
    if isinstance(value, dict):
        return {name: _nothing(inner) for name, inner in value.items()}
    return [] if isinstance(value, list) else None


def _are_named(values: Any) -> bool:
    return isinstance(values, list) and all(
        isinstance(each, dict) and "id" in each for each in values
    )


def encoded(document: Any) -> bytes:
    """The JSON text of a document as it is stored and sent."""
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()
