"""Secrets at rest under the present key, so that a former one can be thrown away."""

from sqlalchemy import select, update
from sqlmodel import Session

from api.channels.models import ChannelConnection
from api.core import encryption
from api.core.tables import Table
from api.identity.models import IdentityProvider, Person
from api.intake.models import IntakeSource
from api.payments.models import BankEntry, PayeeAccount
from api.procurement.service import importers
from api.webhooks.models import WebhookSecret

ENCRYPTED: tuple[tuple[type[Table], str], ...] = (
    (BankEntry, "counterparty_number"),
    (ChannelConnection, "credentials"),
    (IdentityProvider, "client_secret"),
    (IntakeSource, "secret"),
    (IntakeSource, "previous_secret"),
    (PayeeAccount, "number"),
    (Person, "totp_secret"),
    (WebhookSecret, "encrypted"),
)
"""What holds secrets that `encryption` has locked to the id of their row."""
IMPORTERS = "bid_lot.importer_tax_id_encrypted"
"""What has a blind index besides, and may still be in the clear."""


def renew(session: Session) -> dict[str, int]:
    """Encrypt anew what is under a former key; how many secrets there were, by column.

    All or nothing. Raises Undecipherable when one is under a key that is not configured.
    """
    changed = {}
    for model, name in ENCRYPTED:
        column = model.__table__.columns[name]  # type: ignore[attr-defined]
        id_ = model.__table__.columns["id"]  # type: ignore[attr-defined]
        rows = session.connection().execute(
            select(id_, column).where(column.is_not(None)).order_by(id_).with_for_update()
        )
        count = 0
        for row_id, stored in rows.all():
            text = stored if isinstance(stored, str) else stored.decode()
            if encryption.is_current(text):
                continue
            plain = encryption.decrypt(text, context=row_id.bytes)
            fresh = encryption.encrypt(plain, context=row_id.bytes)
            value = fresh if isinstance(stored, str) else fresh.encode()
            session.connection().execute(update(model).where(id_ == row_id).values({name: value}))
            count += 1
        changed[f"{model.__tablename__}.{name}"] = count
    changed[IMPORTERS] = importers.renew(session)
    return changed
