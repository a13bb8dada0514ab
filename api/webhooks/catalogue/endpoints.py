"""Events of webhooks themselves: what happens to an endpoint of yours."""

from pydantic import Field

from api.rules.webhooks import DisabledReason
from api.webhooks.catalogue.kinds import Data, Kind, NoData


class EndpointDisabledEventData(Data):
    """An endpoint that gets nothing any more, and why."""

    reason: DisabledReason


class SecretRotatedEventData(Data):
    """An endpoint whose key is another one."""

    grace_seconds: int = Field(description="How long the old key goes on signing")


TYPES = (
    *Kind("endpoint", "endpoint", "webhooks:read", NoData, {}).types(
        enabled="An endpoint of yours gets events again.",
        deleted="An endpoint of yours was deleted.",
    ),
    *Kind(
        "endpoint",
        "endpoint",
        "webhooks:read",
        EndpointDisabledEventData,
        {"reason": "failing"},
    ).types(disabled="An endpoint of yours gets nothing any more."),
    *Kind(
        "endpoint",
        "endpoint",
        "webhooks:read",
        SecretRotatedEventData,
        {"grace_seconds": 86400},
    ).types(secret_rotated="The key of an endpoint of yours was replaced."),
)
INTERNAL = ("webhook.retention_due",)
