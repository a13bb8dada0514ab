"""What webhooks missed: Stripe's events and balance transactions, read since where it was left.

The housekeeper asks every few minutes; a job reads. Stripe lists the newest first, so that a list
is read to its end before the cursor moves, and a little is read twice.
"""

import json
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session, col, select
from stripe import StripeClient

from api.core import bulk, db, jobs
from api.core.jobs import Job
from api.intake import service as intake
from api.intake.models import IntakeMessage, IntakeSource, Proof
from api.payments.models import ProviderLine, StripeCursor
from api.payments.service import reconciling
from api.payments.stripe_rail import client, provider
from api.payments.stripe_rail.objects import ACTOR, money
from api.rules.clock import local_date
from api.rules.ledger import AccountKind
from api.rules.minor_units import from_minor

EVENTS, LINES = "payments.poll_stripe_events", "payments.fetch_stripe_lines"
EVERY = {EVENTS: timedelta(minutes=10), LINES: timedelta(hours=1)}
ACCOUNT = "platform"
"""The one balance that the platform has at Stripe."""
_OVERLAP = timedelta(minutes=10)
_LONGEST = timedelta(days=29)
"""Stripe lists events of the last 30 days."""


def ask_if_due(session: Session) -> None:
    """Ask for the jobs whose time has come; several may ask at once, one succeeds."""
    if not client.is_on():
        return
    now = db.now(session)
    for name, pause in EVERY.items():
        cursor = _cursor(session, name, now)
        if cursor is not None and cursor.asked_at + pause <= now:
            cursor.asked_at = now
            session.add(cursor)
            jobs.enqueue(session, name, {})


def poll_events(session: Session, job: Job) -> bool:
    """Take in events that no webhook brought. Raises RailUnavailable."""
    cursor, now = _held(session, EVENTS), db.now(session)
    source = _source(session)
    if source is not None:
        since = max(cursor.read_until - _OVERLAP, now - _LONGEST)
        with client.calls():
            for event in _events(client.get(), since):
                _keep(session, source, event)
    cursor.read_until = now
    return True


def fetch_lines(session: Session, job: Job) -> bool:
    """Keep the balance transactions that are new. Raises RailUnavailable."""
    cursor, now = _held(session, LINES), db.now(session)
    since = int((cursor.read_until - _OVERLAP).timestamp())
    with client.calls():
        listed = client.get().v1.balance_transactions.list(
            {"created": {"gte": since}, "limit": 100}
        )
        lines = [_line(each.to_dict()) for each in listed.auto_paging_iter()]
    if lines:
        reconciling.add_lines(session, lines)
    cursor.read_until = now
    return True


def _events(api: StripeClient, since: datetime) -> Iterable[dict[str, Any]]:
    """Snapshots of /v1 and notifications of /v2, of which there are two lists."""
    snapshots = api.v1.events.list({"created": {"gte": int(since.timestamp())}, "limit": 100})
    for each in snapshots.auto_paging_iter():
        yield each.to_dict(for_json=True)
    moment = since.astimezone(UTC).isoformat().replace("+00:00", "Z")
    thin = api.v2.core.events.list({"created": {"gte": moment}, "limit": 100})
    for other in thin.auto_paging_iter():
        yield other.to_dict(for_json=True)


def _keep(session: Session, source: IntakeSource, event: dict[str, Any]) -> None:
    of_stripe = select(IntakeSource.id).where(IntakeSource.provider == provider.NAME)
    known = select(IntakeMessage.id).where(
        IntakeMessage.external_id == event["id"], col(IntakeMessage.source_id).in_(of_stripe)
    )
    if session.exec(known).first() is None:
        intake.keep(
            session,
            source,
            json.dumps(event).encode(),
            media_type="application/json",
            verified_by=Proof.CREDENTIALS,
            actor=ACTOR,
            external_id=event["id"],
        )


def _source(session: Session) -> IntakeSource | None:
    """The endpoint under which polled events are kept; without any, webhooks are not set up yet."""
    return session.exec(
        select(IntakeSource)
        .where(IntakeSource.provider == provider.NAME, col(IntakeSource.disabled_at).is_(None))
        .order_by(col(IntakeSource.id))
        .limit(1)
    ).one_or_none()


def _line(told: dict[str, Any]) -> ProviderLine:
    """A balance transaction; what Stripe takes for itself is a fee alone."""
    gross, currency = money(told["amount"], told["currency"])
    fee = from_minor(told["fee"], currency)
    if told["reporting_category"] == "fee":
        gross, fee = Decimal(0), fee - gross
    occurred = datetime.fromtimestamp(told["created"], UTC)
    return ProviderLine(
        provider=provider.NAME,
        account=ACCOUNT,
        clearing=AccountKind.STRIPE_CLEARING,
        external_id=told["id"],
        currency=currency,
        amount=gross,
        fee=fee,
        occurred_at=occurred,
        booked_on=local_date(occurred),
        reference=told.get("source"),
        source="balance_transactions",
    )


def _cursor(session: Session, name: str, now: datetime) -> StripeCursor | None:
    """The cursor of a list, made when it is first asked for; None while another holds it."""
    first = bulk.new_row(name=name, read_until=now - timedelta(days=1), asked_at=now - EVERY[name])
    session.connection().execute(insert(StripeCursor).values(first).on_conflict_do_nothing())
    query = select(StripeCursor).where(StripeCursor.name == name)
    return session.exec(query.with_for_update(skip_locked=True)).one_or_none()


def _held(session: Session, name: str) -> StripeCursor:
    return session.exec(
        select(StripeCursor).where(StripeCursor.name == name).with_for_update()
    ).one()
