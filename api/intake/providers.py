"""Whose webhooks are taken in. A feature registers its providers in api/registry.py, one line."""

import json
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field

from pydantic import BaseModel
from sqlmodel import Session

from api.core.jobs import Job
from api.intake.models import IntakeMessage, IntakeSource
from api.intake.schemes import Scheme
from api.rules.permissions import EVERYBODY, OrgRole

type Work = Callable[[Session, Job, IntakeSource, IntakeMessage], bool]
"""Works a message, or the next step of it: True when nothing is left. What it raises is tried
again later (core/jobs.py), and then the message counts as failed until it is replayed."""


class NoSettings(BaseModel, extra="forbid"):
    """For providers that want to know nothing besides."""


@dataclass(frozen=True, slots=True)
class Provider:
    """A format of messages: how they may be proved, and what works them.

    `external_id` finds the sender's own id in a body that was verified; without one the bytes
    themselves tell two messages apart. `roles` are those of organisations that may connect it.
    """

    name: str
    schemes: Mapping[str, Scheme]
    work: Work
    roles: frozenset[OrgRole] = EVERYBODY
    settings: type[BaseModel] = NoSettings
    external_id: Callable[[bytes], str | None] = field(default=lambda body: None)


_providers: dict[str, Provider] = {}


def register(*providers: Provider) -> None:
    """Take in what these send; registered again under its name, a provider replaces itself."""
    _providers.update({each.name: each for each in providers})


def find(name: str) -> Provider | None:
    """The provider of that name."""
    return _providers.get(name)


def open_to(roles: Collection[OrgRole]) -> list[str]:
    """The providers that an organisation with these roles may connect."""
    return sorted(
        name
        for name, each in _providers.items()
        if each.schemes and not each.roles.isdisjoint(roles)
    )


def id_in_json(body: bytes) -> str | None:
    """The `id` of a JSON object, as Stripe's events have one."""
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        return None
    id = found.get("id") if isinstance(found, dict) else None
    return id if isinstance(id, str) and 0 < len(id) <= 200 and id.isprintable() else None
