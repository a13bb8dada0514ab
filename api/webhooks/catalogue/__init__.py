"""Every type of event that an organisation can be told of, and what each tells."""

from collections.abc import Collection, Iterable

from api.core.errors import FieldError, Invalid
from api.rules import permissions
from api.rules.permissions import OrgRole
from api.webhooks.catalogue import (
    channels,
    contracts,
    delivery,
    endpoints,
    fees,
    ledger,
    market,
    milestones,
    onboarding,
    payments,
    plans,
    procurement,
    screening,
    securities,
    sourcing,
    stripe,
)
from api.webhooks.catalogue.kinds import EventType

_AREAS = (
    market,
    procurement,
    contracts,
    delivery,
    payments,
    channels,
    milestones,
    securities,
    fees,
    ledger,
    plans,
    stripe,
    endpoints,
    screening,
    onboarding,
    sourcing,
)
TYPES: dict[str, EventType] = {each.name: each for area in _AREAS for each in area.TYPES}
"""By name; whatever a feature emits is here or in INTERNAL."""
INTERNAL = frozenset(name for area in _AREAS for name in area.INTERNAL)
"""What only the workers react to."""


class UnknownEventType(Invalid):
    """A filter names no event type that the caller may be told of; `detail` lists those there are."""

    code, title = "unknown_event_type", "There is no such event type"


def matches(pattern: str, name: str) -> bool:
    """Is the type meant by a filter: its own name, or `prefix.*` for all that begin with it?"""
    return name.startswith(pattern[:-1]) if pattern.endswith(".*") else name == pattern


def visible_types(scopes: Collection[str], org_roles: Collection[OrgRole]) -> dict[str, EventType]:
    """The types that a caller with these scopes, of an organisation with these roles, may read."""
    held = {
        scope
        for scope in {each.scope for each in TYPES.values()}
        if permissions.allowed(scope, granted=scopes, org_roles=org_roles)
    }
    return {name: each for name, each in TYPES.items() if each.scope in held}


def chosen(patterns: Iterable[str], visible: Collection[str], *, pointer: str) -> frozenset[str]:
    """The visible types that filters mean; all, without a filter.

    Raises UnknownEventType for one that means none; `pointer` says where the filters were given.
    """
    given = [*patterns]
    if not given:
        return frozenset(visible)
    unknown = [pattern for pattern in given if not any(matches(pattern, name) for name in visible)]
    if unknown:
        known = ", ".join(sorted(visible))
        raise UnknownEventType(
            f"Known to you are: {known}.",
            errors=[
                FieldError(
                    pointer=f"{pointer}/{given.index(each)}",
                    code="unknown_event_type",
                    detail=f"{each} means no event type that you may read",
                )
                for each in unknown
            ],
        )
    return frozenset(name for name in visible if any(matches(pattern, name) for pattern in given))
