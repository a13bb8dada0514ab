"""Stripe's webhooks, snapshots and thin notifications: proved by the SDK, kept by the intake, and
worked by folding what they are about.

An event is believed in nothing but that its object may have changed. It is only kept when nobody
here knows its type, when it is not of this platform, or when its object is not there.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Any, NamedTuple

import stripe
from sqlmodel import Session
from stripe import StripeClient, WebhookSignature

from api.core.jobs import Job
from api.intake import service as intake
from api.intake.models import IntakeMessage, IntakeSource
from api.intake.providers import Provider, id_in_json
from api.intake.schemes import Headers, StripeSignature
from api.payments.models import StripeObject
from api.payments.stripe_rail import (
    client,
    incoming,
    objects,
    outgoing,
    payees,
    subscribing,
)
from api.rules.permissions import STAFF
from api.rules.stripe_events import StripeKind, kind_of, root_id

NAME = "stripe"
_THIN = "v2.core.event"
_NOT_THERE = frozenset({"resource_missing", "not_found"})
type Fold = Callable[[Session, StripeClient, StripeObject], None]
FOLDS: dict[StripeKind, Fold] = {
    StripeKind.PAYMENT: incoming.fold,
    StripeKind.TRANSFER: outgoing.fold_transfer,
    StripeKind.PAYOUT: outgoing.fold_payout,
    StripeKind.OUTBOUND_PAYMENT: outgoing.fold_outbound_payment,
    StripeKind.ACCOUNT: payees.fold,
    StripeKind.SUBSCRIPTION: subscribing.fold,
}


class SdkSignature(StripeSignature):
    """Stripe's scheme, and its SDK's word for it. The SDK takes moments to come; the scheme does not."""

    def check(self, secret: str) -> None:
        super().check(secret)
        if not secret.startswith("whsec_"):
            raise ValueError("the signing secret of the endpoint, whsec_…")

    def fits(self, secret: str, body: bytes, headers: Headers, now: datetime) -> bool:
        if not super().fits(secret, body, headers, now):
            return False
        try:
            WebhookSignature.verify_header(body, headers.get(self.header, ""), secret)
        except (stripe.SignatureVerificationError, UnicodeDecodeError):
            return False
        return True


class Told(NamedTuple):
    """What an event says: its type, the object it is about, and whose and which world's it is."""

    type: str
    object: dict[str, Any]
    account: str | None
    livemode: bool


def work(session: Session, job: Job, source: IntakeSource, message: IntakeMessage) -> bool:
    """Fold what an event is about. Raises RailUnavailable, to be tried again later."""
    told = read(client.get(), intake.content(message))
    kind = kind_of(told.type)
    if kind is None or told.livemode is not client.is_live():
        return True
    if told.account is not None:
        kind, external_id = StripeKind.ACCOUNT, told.account
        if told.type == "payout.failed":
            payees.payout_failed(session, told.account, told.object)
    elif (found := root_id(kind, told.object)) is not None:
        external_id = found
    else:
        return True
    fold(session, kind, external_id)
    return True


def fold(session: Session, kind: StripeKind, external_id: str) -> None:
    """Bring the ledger to what Stripe says of a root. Raises RailUnavailable or RailRefused."""
    with client.calls():
        try:
            with session.begin_nested():
                FOLDS[kind](session, client.get(), objects.lock(session, kind, external_id))
        except stripe.InvalidRequestError as error:
            if error.code not in _NOT_THERE:
                raise


def read(api: StripeClient, body: bytes) -> Told:
    """An event that was verified when it came, in either form."""
    if b'"' + _THIN.encode() + b'"' in body:
        notification = api.parse_event_notification_without_verification(body)
        about = getattr(notification, "related_object", None)
        named = {"id": about.id, "object": about.type.rpartition(".")[2]} if about else {}
        context = str(notification.context) if notification.context else None
        return Told(notification.type, named, context, notification.livemode)
    event = api.construct_event_without_verification(body).to_dict()
    return Told(event["type"], event["data"]["object"], event.get("account"), event["livemode"])


PROVIDER = Provider(NAME, {NAME: SdkSignature()}, work, roles=STAFF, external_id=id_in_json)
