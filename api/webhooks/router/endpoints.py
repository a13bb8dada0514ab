"""Routes of endpoints: where events go, and the keys that sign them."""

from datetime import timedelta
from typing import Annotated, Any

from api.core import audit, ids, standard_webhooks
from api.core.errors import Invalid, PreconditionFailed
from api.core.http import PageDep, documented
from api.core.jobs import Job
from api.core.pages import Page
from api.identity import access
from api.identity.access import Context, require
from api.identity.jobs_router import JobOut
from api.rules.clock import utcnow
from api.webhooks.catalogue import UnknownEventType
from api.webhooks.models import WebhookEndpoint, WebhookSecret
from api.webhooks.problems import EndpointCoolingDown, EndpointState, ReplayRunning, UrlNotCalled
from api.webhooks.schemas.endpoints import (
    DeliveryOut,
    EndpointCreated,
    EndpointId,
    EndpointIn,
    EndpointOut,
    EndpointPatch,
    EndpointSecretOut,
    RecoverIn,
    ReplayIn,
    RotateSecretIn,
    TestIn,
    WebhookSignatureIn,
    WebhookSignatureOut,
)
from api.webhooks.service import deliveries, endpoints, replaying, retention, secrets

router = access.router("/webhook-endpoints", "webhooks")
signatures = access.router("/webhook-signatures", "webhooks")
Read = Annotated[Context, require("webhooks:read")]
Write = Annotated[Context, require("webhooks:write")]
Reveal = Annotated[Context, require("webhook_secrets:read")]


@router.post(
    "",
    status_code=201,
    response_model=EndpointCreated,
    responses=documented(UrlNotCalled, UnknownEventType),
)
def create_endpoint(data: EndpointIn, ctx: Write) -> dict[str, Any]:
    """Have events sent to an address; the key that signs them is shown in this answer."""
    endpoint = endpoints.create(
        ctx.session,
        org_id=ctx.org_id,
        actor=ctx.actor,
        scopes=ctx.caller.scopes,
        org_roles=ctx.caller.org_roles,
        data=data,
    )
    retention.ensure_armed(ctx.session)
    ctx.headers["Location"] = f"/v1/webhook-endpoints/{ids.show('endpoint', endpoint.id)}"
    ctx.tag(endpoint)
    return {**endpoint.model_dump(), **_revealed(ctx, secrets.current(ctx.session, endpoint.id))}


@router.get("", response_model=Page[EndpointOut])
def list_endpoints(ctx: Read, page: PageDep) -> Page[Any]:
    """Your endpoints."""
    rows, cursor = endpoints.list_endpoints(ctx.session, ctx.org_id, page)
    return Page(items=rows, has_more=cursor is not None, next_cursor=cursor)


@signatures.post("/verify", response_model=WebhookSignatureOut)
def verify_signature(data: WebhookSignatureIn, ctx: Read) -> WebhookSignatureOut:
    """Try whether a signature verifies, while you write your receiver. Nothing is kept."""
    try:
        good = standard_webhooks.verifies(
            data.key,
            data.webhook_signature,
            webhook_id=data.webhook_id,
            timestamp=data.webhook_timestamp,
            body=data.body.encode(),
        )
    except ValueError as error:
        raise Invalid(str(error)) from error
    late = abs(int(utcnow().timestamp()) - data.webhook_timestamp)
    return WebhookSignatureOut(verifies=good, fresh=late <= standard_webhooks.TOLERANCE_SECONDS)


@router.get("/{endpoint_id}", response_model=EndpointOut)
def get_endpoint(endpoint_id: EndpointId, ctx: Read) -> WebhookEndpoint:
    """One endpoint of yours."""
    endpoint = endpoints.get(ctx.session, org_id=ctx.org_id, endpoint_id=endpoint_id)
    ctx.tag(endpoint)
    return endpoint


@router.patch(
    "/{endpoint_id}",
    response_model=EndpointOut,
    responses=documented(UrlNotCalled, UnknownEventType, PreconditionFailed),
)
def change_endpoint(endpoint_id: EndpointId, data: EndpointPatch, ctx: Write) -> WebhookEndpoint:
    """Change where events go, which, and how fast."""
    endpoint = endpoints.change(
        ctx.session,
        _held(ctx, endpoint_id),
        actor=ctx.actor,
        scopes=ctx.caller.scopes,
        org_roles=ctx.caller.org_roles,
        data=data,
    )
    ctx.tag(endpoint)
    return endpoint


@router.delete(
    "/{endpoint_id}",
    status_code=204,
    response_model=None,
    responses=documented(PreconditionFailed),
)
def delete_endpoint(endpoint_id: EndpointId, ctx: Write) -> None:
    """Forget an endpoint; what was on its way is cancelled."""
    endpoints.delete(ctx.session, _held(ctx, endpoint_id), actor=ctx.actor)


@router.post(
    "/{endpoint_id}/disable",
    response_model=EndpointOut,
    responses=documented(EndpointState, PreconditionFailed),
)
def disable_endpoint(endpoint_id: EndpointId, ctx: Write) -> WebhookEndpoint:
    """Send nothing more; what was on its way is cancelled and can be recovered."""
    return endpoints.disable(ctx.session, _held(ctx, endpoint_id), actor=ctx.actor)


@router.post(
    "/{endpoint_id}/enable",
    response_model=EndpointOut,
    responses=documented(EndpointState, EndpointCoolingDown, PreconditionFailed),
)
def enable_endpoint(endpoint_id: EndpointId, ctx: Write) -> WebhookEndpoint:
    """Send again from now on. `recover_since` proposes from when to `recover` what was missed."""
    return endpoints.enable(ctx.session, _held(ctx, endpoint_id), actor=ctx.actor)


@router.get("/{endpoint_id}/secret", response_model=EndpointSecretOut)
def get_secret(endpoint_id: EndpointId, ctx: Reveal) -> dict[str, Any]:
    """The key that signs for an endpoint; that you looked is in the audit log."""
    endpoint = endpoints.get(ctx.session, org_id=ctx.org_id, endpoint_id=endpoint_id)
    audit.record(
        ctx.session,
        f"webhook_endpoint:{endpoint.id.hex}",
        "reveal_secret",
        actor=ctx.actor,
        org_id=ctx.org_id,
    )
    return _revealed(ctx, secrets.current(ctx.session, endpoint.id))


@router.post(
    "/{endpoint_id}/rotate-secret",
    status_code=201,
    response_model=EndpointSecretOut,
    responses=documented(PreconditionFailed),
)
def rotate_secret(endpoint_id: EndpointId, data: RotateSecretIn, ctx: Write) -> dict[str, Any]:
    """A new key at once; the old one signs beside it for the grace."""
    secret = secrets.rotate(
        ctx.session,
        _held(ctx, endpoint_id),
        actor=ctx.actor,
        grace=timedelta(hours=data.grace_hours),
    )
    return _revealed(ctx, secret)


@router.post(
    "/{endpoint_id}/test",
    status_code=202,
    response_model=DeliveryOut,
    responses=documented(EndpointState),
)
def test_endpoint(endpoint_id: EndpointId, data: TestIn, ctx: Write) -> dict[str, Any]:
    """Send the example of a type, marked `test: true`, once."""
    endpoint = endpoints.get(ctx.session, org_id=ctx.org_id, endpoint_id=endpoint_id)
    delivery, message = deliveries.test(ctx.session, endpoint, type=data.type)
    return {**delivery.model_dump(), "webhook_id": message.webhook_id}


@router.post(
    "/{endpoint_id}/recover",
    status_code=202,
    response_model=JobOut,
    responses=documented(EndpointState, ReplayRunning, PreconditionFailed),
)
def recover_endpoint(endpoint_id: EndpointId, data: RecoverIn, ctx: Write) -> JobOut:
    """Send again what failed, was cancelled or was missed since a moment."""
    return _begun(ctx, endpoint_id, data)


@router.post(
    "/{endpoint_id}/replay",
    status_code=202,
    response_model=JobOut,
    responses=documented(EndpointState, ReplayRunning, PreconditionFailed),
)
def replay_endpoint(endpoint_id: EndpointId, data: ReplayIn, ctx: Write) -> JobOut:
    """Send everything of a time again, what succeeded too, with the same ids."""
    return _begun(ctx, endpoint_id, data)


def _begun(ctx: Context, endpoint_id: EndpointId, data: RecoverIn) -> JobOut:
    endpoint = _held(ctx, endpoint_id)
    job: Job = replaying.begin(ctx.session, endpoint, actor=ctx.actor, data=data)
    ctx.session.flush()
    return JobOut.of(job)


def _held(ctx: Context, endpoint_id: EndpointId) -> WebhookEndpoint:
    endpoint = endpoints.get(ctx.session, org_id=ctx.org_id, endpoint_id=endpoint_id, locked=True)
    ctx.check_version(endpoint)
    return endpoint


def _revealed(ctx: Context, secret: WebhookSecret) -> dict[str, Any]:
    ctx.headers["Cache-Control"] = "no-store"
    return {
        "secret": secrets.revealed(secret),
        "public_key": secret.public_key,
        "scheme": secret.scheme,
    }
