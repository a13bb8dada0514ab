"""Roots of Stripe: their rows are the locks under which anything is folded or paid back."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session, select

from api.core import bulk
from api.payments.models import StripeObject
from api.rules.ledger import AccountKey, AccountKind
from api.rules.minor_units import from_minor
from api.rules.stripe_events import StripeKind, is_forward

ACTOR = "stripe"
KEY, OF_COLLECTION, OF_ORDER = "kerben_key", "kerben_collection", "kerben_order"
"""Names in `metadata`, by which an object of Stripe says what it is of ours."""


def lock(session: Session, kind: StripeKind, external_id: str) -> StripeObject:
    """The row of a root, held until the transaction ends; made when it is first heard of."""
    row = bulk.new_row(external_id=external_id, kind=kind, amount=Decimal(0))
    session.connection().execute(insert(StripeObject).values(row).on_conflict_do_nothing())
    return session.exec(
        select(StripeObject)
        .where(StripeObject.external_id == external_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).one()


def move(session: Session, row: StripeObject, status: str) -> bool:
    """Believe a status that is not older than the known one; False when it changes nothing."""
    if not is_forward(row.kind, row.status, status):
        return False
    row.status = status
    session.add(row)
    return True


def named(told: Mapping[str, Any], name: str) -> UUID | None:
    """The id of ours that an object carries in its metadata, if it carries a sound one."""
    try:
        return UUID(hex=(told.get("metadata") or {}).get(name) or "")
    except ValueError:
        return None


def money(units: int, currency: str) -> tuple[Decimal, str]:
    """What Stripe writes as units of `usd`, as an amount and `USD`."""
    code = currency.upper()
    return from_minor(units, code), code


def clearing(currency: str) -> AccountKey:
    """What is with Stripe, in the ledger."""
    return AccountKey(AccountKind.STRIPE_CLEARING, currency)


def fees(currency: str) -> AccountKey:
    """What Stripe has charged, in the ledger."""
    return AccountKey(AccountKind.PROVIDER_FEES, currency)
